"""Builds of the program and its image, as a user would make them."""

import json
import os
import platform
import shutil
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

# The machine's processor, as Docker and as Rust call it.
ARCHITECTURE, RUST_TARGET = {
    "x86_64": ("amd64", "x86_64-unknown-linux-gnu"),
    "aarch64": ("arm64", "aarch64-unknown-linux-gnu"),
}[platform.machine()]

# As container/Dockerfile builds it.
STATIC = ("--config", ROOT / ".cargo" / "static.toml")


def cargo_build(*arguments, environment=None):
    """Runs `cargo build` and returns the path of the executable that it made."""
    done = subprocess.run(
        ["cargo", "build", "--locked", "--message-format=json-render-diagnostics", *arguments],
        cwd=ROOT, env=os.environ | (environment or {}), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True,
        check=True,
    )  # fmt: skip
    messages = [json.loads(line) for line in done.stdout.splitlines()]
    executables = [message["executable"] for message in messages if message.get("executable")]
    assert len(executables) == 1, f"cargo build {arguments}: {executables}"
    return Path(executables[0])


def target_folder():
    """Cargo's target folder, which users can move."""
    metadata = subprocess.run(
        ["cargo", "metadata", "--format-version=1", "--no-deps", "--locked"],
        cwd=ROOT, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, check=True,
    )  # fmt: skip
    return Path(json.loads(metadata.stdout)["target_directory"])


def static_binary(name):
    """Builds a static binary, copies it to where the Dockerfile's prebuilt stages expect it, and returns its path."""
    return placed(static(["--release", "--package", name, "--bin", name]), name)


# The companions of the sidecar are not optimized, which would take minutes and show nothing more.


def static_demo():
    """The demonstration, as `static_binary`."""
    return placed(static(["--package", "clock-demo", "--bin", "clock-demo"]), "clock-demo")


def static_endpoint():
    """The example endpoint, as `static_binary`."""
    return placed(static(["--package", "endpoint", "--example", "task-metadata-endpoint"]), "task-metadata-endpoint")


def static(what):
    return cargo_build(
        # A separate folder: other flags in the common one would invalidate every build.
        *STATIC, *what, "--target", RUST_TARGET, "--target-dir", target_folder() / "static",
    )  # fmt: skip


def placed(built, name, architecture=ARCHITECTURE):
    """Copies a binary to where the Dockerfile expects it, atomically: an image build may be reading it."""
    place = ROOT / "target" / "prebuilt" / architecture / name
    place.parent.mkdir(parents=True, exist_ok=True)
    new = place.with_suffix(f".{os.getpid()}")
    shutil.copy2(built, new)
    new.replace(place)
    return place


def image(engine, stage, tag):
    """Builds a stage of the Dockerfile from prebuilt binaries, without network."""
    engine.run(
        "build", "--file", ROOT / "container" / "Dockerfile", "--target", stage, "--tag", tag,
        "--build-arg", "BINARIES=prebuilt", "--network", "none", ROOT,
        environment={"DOCKER_BUILDKIT": "1"},
    )  # fmt: skip
    return tag
