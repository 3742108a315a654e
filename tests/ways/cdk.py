"""Synthesizes the CDK example with the packages pinned by its lock file, in a folder beside the templates that it reads."""

import hashlib
import json
import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from definition import CONTAINER, TOP

SOURCE = CONTAINER / "cdk"
# Not in container/, which users copy.
PACKAGES = TOP / "target" / "cdk"
# A separate test checks the types, which saves each synthesis some seconds.
ENVIRONMENT = os.environ | {"CDK_DISABLE_CLI_TELEMETRY": "true", "TS_NODE_TRANSPILE_ONLY": "true"}


@dataclass
class Synthesized:
    """A stack's template, and the stacks that are deployed before it."""

    template: dict
    waits_for: set


def installed():
    """The folder with the installed packages, reinstalled if the lock file has changed."""
    lock = hashlib.sha256((SOURCE / "package-lock.json").read_bytes()).hexdigest()
    stamp = PACKAGES / "stamp"
    if not stamp.exists() or stamp.read_text() != lock:
        PACKAGES.mkdir(parents=True, exist_ok=True)
        for name in ("package.json", "package-lock.json"):
            shutil.copy2(SOURCE / name, PACKAGES / name)
        run(["npm", "ci", "--no-audit", "--no-fund", "--ignore-scripts"], PACKAGES)
        stamp.write_text(lock)
    return PACKAGES / "node_modules"


def copied(folder, changes=(), app=None):
    """A copy of the example, ready to run, with pieces of `clock-sidecar.ts` replaced, or another `app.ts`."""
    copy = Path(folder) / "container" / "cdk"
    copy.mkdir(parents=True)
    (Path(folder) / "sam").symlink_to(TOP / "sam")
    for path in SOURCE.iterdir():
        if path.is_file():
            shutil.copy2(path, copy / path.name)
    (copy / "node_modules").symlink_to(installed())
    sidecar = copy / "clock-sidecar.ts"
    text = sidecar.read_text()
    for old, new in changes:
        if old not in text:
            raise ValueError(f"clock-sidecar.ts does not have {old!r}")
        text = text.replace(old, new, 1)
    sidecar.write_text(text)
    if app:
        (copy / "app.ts").write_text(app)
    return copy


def synthesized(folder):
    """The templates that `cdk synth` makes in a folder, by the path of their stack, each with the stacks that it depends on."""
    run(["node_modules/.bin/cdk", "synth", "--quiet", "--no-notices", "--no-lookups", "--strict", "--output", "out"], folder)
    out = Path(folder) / "out"
    stacks = {
        key: artifact for key, artifact in json.loads((out / "manifest.json").read_text())["artifacts"].items()
        if artifact["type"] == "aws:cloudformation:stack"
    }  # fmt: skip
    return {
        artifact["displayName"].partition(" ")[0]: Synthesized(
            json.loads((out / artifact["properties"]["templateFile"]).read_text()),
            {stacks[other]["displayName"].partition(" ")[0] for other in artifact.get("dependencies", []) if other in stacks},
        )
        for artifact in stacks.values()
    }


def run(command, folder):
    done = subprocess.run(
        command, cwd=folder, env=ENVIRONMENT, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(command)}: exit {done.returncode}\n{done.stdout}\n{done.stderr}")
