"""The measurement's tools: installed or built if possible, otherwise reported as missing."""

import hashlib
import os
import shutil
import subprocess
import sys
import sysconfig
import time
from dataclasses import dataclass
from pathlib import Path

TOP = Path(__file__).resolve().parents[3]
BENCH = TOP / "tests" / "bench"
# Ignored by git.
WORK = Path(os.environ.get("CARGO_TARGET_DIR", TOP / "target")) / "bench"
COMMANDS = {"valgrind": "valgrind", "jq": "jq", "curl": "curl", "readelf": "binutils"}


class Missing(Exception):
    """Something that is not there and could not be installed."""


@dataclass(frozen=True)
class Tools:
    """Paths of everything that is run."""

    sidecar: Path
    endpoint: Path
    programs: Path
    python: Path
    aws: Path
    moto: Path

    @property
    def python_sidecar(self):
        return BENCH / "programs" / "python_sidecar.py"

    @property
    def sample_script(self):
        return BENCH / "programs" / "sample.sh"

    def program(self, name):
        return self.programs / name


def provide():
    """Installs and builds; the first time that takes minutes."""
    install_commands()
    python = virtual_environment("python-sidecar", ["--requirement", BENCH / "requirements" / "python-sidecar.txt"])
    cli = virtual_environment("aws-cli", ["--requirement", BENCH / "requirements" / "aws-cli.txt"])
    moto = virtual_environment("moto", ["--constraint", constraints(), requirement("moto[server]")])
    target = host()
    static = ["--release", "--locked", "--target", target]
    sidecar = os.environ.get("CLOCK_EMF_BIN") or built(
        TOP / "target" / "static" / target / "release" / "ecs-clock-emf",
        ["--package", "ecs-clock-emf", "--bin", "ecs-clock-emf", *static, "--target-dir", TOP / "target" / "static"],
    )
    # Another workspace, from which the paths in .cargo/static.toml lead nowhere.
    built(
        WORK / "build" / target / "release" / "bare-loop",
        ["--manifest-path", BENCH / "programs" / "Cargo.toml", *static, "--target-dir", WORK / "build"],
        static=False, flags="-C target-feature=+crt-static -C link-arg=-Wl,-z,pack-relative-relocs",
    )  # fmt: skip
    endpoint = os.environ.get("CLOCK_EMF_ENDPOINT_BIN") or built(
        WORK.parent / "debug" / "examples" / "task-metadata-endpoint",
        ["--locked", "--example", "task-metadata-endpoint", "--target-dir", WORK.parent],
        static=False,
    )
    return Tools(
        Path(sidecar), Path(endpoint), WORK / "build" / target / "release",
        python / "bin" / "python", cli / "bin" / "aws", moto / "bin" / "moto_server",
    )  # fmt: skip


def install_commands():
    missing = [name for name in COMMANDS if not shutil.which(name)]
    if missing and os.geteuid() == 0 and shutil.which("apt-get"):
        packages = [COMMANDS[name] for name in missing]
        say(f"installing {' '.join(packages)}")
        subprocess.run(["apt-get", "update", "-qq"], check=False)
        subprocess.run(["apt-get", "install", "-y", "-qq", "--no-install-recommends", *packages], check=False)
        missing = [name for name in COMMANDS if not shutil.which(name)]
    if not shutil.which("cargo"):
        missing.append("cargo (Rust)")
    if missing:
        raise Missing(", ".join(missing))


def requirement(name):
    """The line of the tests' requirements that pins `name`."""
    lines = (TOP / "tests" / "requirements.txt").read_text().splitlines()
    return next(line for line in lines if line.startswith(f"{name}=="))


def constraints():
    """The tests' requirements in the form that pip takes as constraints: without extras."""
    lines = (TOP / "tests" / "requirements.txt").read_text().splitlines()
    file = WORK / "constraints.txt"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("\n".join(line.replace("[server]", "") for line in lines) + "\n")
    return file


def virtual_environment(name, arguments):
    """A virtual environment with these packages, made again when they or the interpreter have changed."""
    folder = WORK / "venv" / name
    texts = [Path(part).read_text() if isinstance(part, Path) else part for part in arguments]
    stamp = hashlib.sha256("\0".join([sys.version, *texts]).encode()).hexdigest()
    if (folder / "stamp").exists() and (folder / "stamp").read_text() == stamp:
        return folder
    say(f"installing the Python packages of {name}")
    subprocess.run([sys.executable, "-m", "venv", "--clear", folder], check=True)
    pip = [folder / "bin" / "python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*pip, *arguments], check=True)
    (folder / "stamp").write_text(stamp)
    return folder


def host():
    text = subprocess.run(["rustc", "-vV"], check=True, capture_output=True, text=True).stdout
    return next(line.split()[1] for line in text.splitlines() if line.startswith("host:"))


def built(binary, arguments, static=True, flags=None):
    """`binary`, brought up to date by cargo, with no other flags than the project's."""
    config = ["--config", ".cargo/static.toml"] if static else []
    others = ("RUSTFLAGS", "CARGO_PROFILE_")
    variables = {name: value for name, value in os.environ.items() if not any(other in name for other in others)}
    variables |= {"RUSTFLAGS": flags} if flags else {}
    subprocess.run(["cargo", "build", "--quiet", *config, *map(str, arguments)], cwd=TOP, env=variables, check=True)
    return binary


# ---- sizes ------------------------------------------------------------------------------------------------------------


def python_size(python):
    """Bytes of a virtual environment's packages and of the Python they run on, without what neither needs."""
    packages = next(python.parents[1].glob("lib/python*/site-packages"))
    library = Path(sysconfig.get_path("stdlib"))
    interpreter = Path(sys.executable).resolve().stat().st_size
    skip_packages = ("pip", "setuptools", "pkg_resources", "_distutils_hack", "wheel")
    skip_library = ("site-packages", "dist-packages", "test", "idlelib", "ensurepip", "turtledemo", "tkinter")
    return size(packages, skip_packages) + size(library, skip_library) + interpreter


def size(folder, skipped=()):
    """Bytes of the files below `folder`, caches of bytecode left out."""
    total = 0
    for path, folders, files in os.walk(folder):
        top = Path(path) == Path(folder)
        folders[:] = [name for name in folders if name != "__pycache__" and not (top and name.startswith(skipped))]
        total += sum((Path(path) / name).lstat().st_size for name in files)
    return total


def say(text):
    print(f"tests/bench/run: {time.strftime('%T')} {text}", file=sys.stderr, flush=True)
