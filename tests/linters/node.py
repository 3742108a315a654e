"""The Node packages of this part, as its lock file pins them: rules of Control Tower for cfn-guard, CDK and cdk-nag."""

import hashlib
import shutil
import subprocess
from pathlib import Path

TOP = Path(__file__).resolve().parents[2]
SOURCE = Path(__file__).resolve().parent / "node"
PACKAGES = TOP / "target" / "linters"


def installed():
    """The folder `node_modules`, reinstalled if the lock file has changed."""
    lock = hashlib.sha256((SOURCE / "package-lock.json").read_bytes()).hexdigest()
    stamp = PACKAGES / "stamp"
    if not stamp.exists() or stamp.read_text() != lock:
        PACKAGES.mkdir(parents=True, exist_ok=True)
        for name in ("package.json", "package-lock.json"):
            shutil.copy2(SOURCE / name, PACKAGES / name)
        subprocess.run(["npm", "ci", "--no-audit", "--no-fund", "--ignore-scripts"], cwd=PACKAGES, check=True, capture_output=True)
        stamp.write_text(lock)
    return PACKAGES / "node_modules"
