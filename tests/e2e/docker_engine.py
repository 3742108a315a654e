"""A Docker engine for the tests, separate from any other on the machine and removed completely afterwards."""

import os
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path

STARTUP_SECONDS = 60
STOP_SECONDS = 60


class DockerEngine:
    """A `dockerd` on a socket in a separate folder, without a bridge or firewall rules."""

    def __init__(self):
        # Directly below the system's temporary folder: the path of a Unix socket has at most 107 bytes.
        self.folder = Path(tempfile.mkdtemp(prefix="clock-e2e-"))
        self.host = f"unix://{self.folder}/docker.sock"
        self.client = find_client()
        self.daemon = None

    def start(self):
        """Starts the daemon and waits until it answers. Its awslogs driver signs with these credentials."""
        environment = os.environ | {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}
        folder = self.folder
        with open(folder / "log", "wb") as log:
            self.daemon = subprocess.Popen(
                # If the tests are killed, the kernel stops the engine, which stops its containers.
                ["setpriv", "--pdeathsig", "TERM", "dockerd", "--host", self.host]
                + ["--data-root", folder / "data", "--exec-root", folder / "exec", "--pidfile", folder / "pid"]
                + ["--bridge", "none", "--iptables=false"],
                env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
            )  # fmt: skip
        deadline = time.monotonic() + STARTUP_SECONDS
        while self.run("version", check=False).returncode != 0:
            if self.daemon.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"the Docker engine did not start; its log:\n{self.log()}")
            time.sleep(0.1)

    def run(self, *arguments, check=True, environment=None, timeout=120):
        """Runs the Docker client against this engine and returns the completed process, output as text."""
        done = subprocess.run(
            self.command(*arguments), env=os.environ | (environment or {}), stdin=subprocess.DEVNULL,
            capture_output=True, text=True, timeout=timeout,
        )  # fmt: skip
        if check and done.returncode != 0:
            raise RuntimeError(f"docker {' '.join(map(str, arguments))}: exit {done.returncode}\n{done.stderr}")
        return done

    def command(self, *arguments):
        """The command line of the Docker client against this engine."""
        return [self.client, "--host", self.host, *map(str, arguments)]

    def log(self):
        """The daemon's log."""
        return (self.folder / "log").read_text(errors="replace")

    def stop(self):
        """Removes the containers, stops the daemon by its own process id, and deletes its folder."""
        if self.daemon is not None and self.daemon.poll() is None:
            containers = self.run("ps", "--all", "--quiet", check=False).stdout.split()
            if containers:
                self.run("rm", "--force", *containers, check=False)
            self.daemon.send_signal(signal.SIGTERM)
            try:
                self.daemon.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                self.daemon.kill()
                self.daemon.wait()
        for mount in mounts_below(self.folder):
            subprocess.run(["umount", "--lazy", mount], check=False)
        shutil.rmtree(self.folder, ignore_errors=True)


def find_client():
    """The Docker client. Debian's is preferred: it builds with BuildKit without a plug-in."""
    debian = "/usr/bin/docker"
    client = debian if os.access(debian, os.X_OK) else shutil.which("docker")
    if client is None:
        raise RuntimeError("no Docker client: install the package docker.io")
    return client


def mounts_below(folder):
    """Mount points below a folder, the innermost first."""
    points = [line.split()[1] for line in Path("/proc/self/mounts").read_text().splitlines()]
    return sorted((point for point in points if point.startswith(f"{folder}/")), key=len, reverse=True)
