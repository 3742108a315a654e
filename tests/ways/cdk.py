"""Synthesizes the CDK example with the packages that its lock file pins."""

import hashlib
import json
import os
import shutil
import subprocess
from pathlib import Path

from definition import CONTAINER, TOP

SOURCE = CONTAINER / "cdk"
# Not in container/, which people copy.
PACKAGES = TOP / "target" / "cdk"
# Types are checked by a test of their own, which saves each synthesis some seconds.
ENVIRONMENT = os.environ | {"CDK_DISABLE_CLI_TELEMETRY": "true", "TS_NODE_TRANSPILE_ONLY": "true"}


def installed():
    """The folder with the installed packages; installs them where the lock file has changed."""
    lock = hashlib.sha256((SOURCE / "package-lock.json").read_bytes()).hexdigest()
    stamp = PACKAGES / "stamp"
    if not stamp.exists() or stamp.read_text() != lock:
        PACKAGES.mkdir(parents=True, exist_ok=True)
        for name in ("package.json", "package-lock.json"):
            shutil.copy2(SOURCE / name, PACKAGES / name)
        run(["npm", "ci", "--no-audit", "--no-fund", "--ignore-scripts"], PACKAGES)
        stamp.write_text(lock)
    return PACKAGES / "node_modules"


def copied(folder, changes=()):
    """A copy of the example, ready to run, with pieces of `clock-sidecar.ts` replaced."""
    folder = Path(folder)
    for path in SOURCE.iterdir():
        if path.is_file():
            shutil.copy2(path, folder / path.name)
    (folder / "node_modules").symlink_to(installed())
    sidecar = folder / "clock-sidecar.ts"
    text = sidecar.read_text()
    for old, new in changes:
        if old not in text:
            raise ValueError(f"clock-sidecar.ts does not have {old!r}")
        text = text.replace(old, new, 1)
    sidecar.write_text(text)
    return folder


def synthesized(folder):
    """The template that `cdk synth` makes of the copy in a folder."""
    run(["node_modules/.bin/cdk", "synth", "--quiet", "--no-notices", "--no-lookups", "--strict", "--output", "out"], folder)
    template, = (Path(folder) / "out").glob("*.template.json")
    return json.loads(template.read_text())


def run(command, folder):
    done = subprocess.run(
        command, cwd=folder, env=ENVIRONMENT, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(command)}: exit {done.returncode}\n{done.stdout}\n{done.stderr}")
