"""The reader's own tools: Docker, and the program whose predictions are compared."""

import json
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from kit.errors import KitError

TOP = Path(__file__).resolve().parents[3]


class Tools:
    """Runs Docker without changing the user's Docker configuration."""

    def __init__(self, arch, explain=None):
        """`explain` is a program that has the command `explain`; without it the image is run."""
        self._arch, self._explain = arch, explain

    def missing(self):
        """What is not installed, in words."""
        if not shutil.which("docker"):
            return "docker is not on the PATH: it builds and pushes the images"
        done = subprocess.run(["docker", "version"], capture_output=True, text=True, check=False)
        return "the Docker engine does not answer: start it" if done.returncode else None

    @staticmethod
    def commit():
        """The commit of this checkout, marked if files have changed since; nothing if git does not know."""
        done = subprocess.run(["git", "-C", str(TOP), "describe", "--always", "--dirty", "--abbrev=12"], capture_output=True, text=True, check=False)
        return {"commit": done.stdout.strip()} if done.returncode == 0 else {}

    def build(self, target, tag):
        self._run(
            ["docker", "build", "--file", str(TOP / "container" / "Dockerfile"), "--target", target, "--platform", f"linux/{self._arch}",
             "--tag", tag, str(TOP)]
        )  # fmt: skip

    def push(self, tag, remote, password):
        """Pushes with a separate configuration, so that no password stays in the user's."""
        with tempfile.TemporaryDirectory() as folder:
            self._run(["docker", "--config", folder, "login", "--username", "AWS", "--password-stdin", remote.split("/")[0]], password)
            self._run(["docker", "tag", tag, remote])
            self._run(["docker", "--config", folder, "push", remote])

    def forget(self, tags):
        """Removes tags from the user's engine, if they are still there."""
        if shutil.which("docker"):
            subprocess.run(["docker", "image", "rm", *tags], capture_output=True, check=False)

    def explain(self, lines, now_ms, image=None):
        """What the program predicts of each line: its data points and findings, as mappings."""
        command = [self._explain] if self._explain else ["docker", "run", "--rm", "--interactive", "--network", "none", image]
        command += ["explain", "--json", "--input", "stdout", "--now", str(now_ms)]
        done = subprocess.run(command, input="\n".join(lines) + "\n", capture_output=True, text=True, check=False)
        # Exit code 1: a line has a fault, which is an expected answer.
        if done.returncode not in (0, 1):
            raise KitError(f"explain failed with {done.returncode}: {done.stderr.strip()[:500]}")
        return [json.loads(line) for line in done.stdout.splitlines()]

    @staticmethod
    def _run(command, text=None):
        done = subprocess.run(command, input=text, capture_output=True, text=True, check=False, env={**os.environ, "DOCKER_BUILDKIT": "1"})
        if done.returncode:
            raise KitError(f"{' '.join(command[:4])} failed: {done.stderr.strip()[-500:]}")
