"""Installs Node packages as a lock file pins them."""

import hashlib
import os
import shutil
import subprocess

ENVIRONMENT = os.environ | {"CDK_DISABLE_CLI_TELEMETRY": "true"}


def installed(source, packages):
    """The folder `node_modules` in `packages`, reinstalled if the lock file in `source` has changed."""
    lock = hashlib.sha256((source / "package-lock.json").read_bytes()).hexdigest()
    stamp = packages / "stamp"
    if not stamp.exists() or stamp.read_text() != lock:
        packages.mkdir(parents=True, exist_ok=True)
        for name in ("package.json", "package-lock.json"):
            shutil.copy2(source / name, packages / name)
        run(["npm", "ci", "--no-audit", "--no-fund", "--ignore-scripts"], packages)
        stamp.write_text(lock)
    return packages / "node_modules"


def run(command, folder, environment=ENVIRONMENT):
    """Runs a command in a folder, and raises its output if it fails."""
    done = subprocess.run(
        command, cwd=folder, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(command)}: exit {done.returncode}\n{done.stdout}\n{done.stderr}")
