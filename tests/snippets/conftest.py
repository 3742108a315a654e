"""What the tests of the snippets share: the built programs, endpoints, and sidecars that can be asked."""

import json
import subprocess
import sys
import threading
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
# The endpoint is started as in the tests of the deployment.
sys.path[:0] = [str(HERE), str(HERE.parent / "deploy")]

from program import Endpoint, binaries  # noqa: E402


class Sidecar:
    """A running sidecar that listens on loopback and writes a segment."""

    def __init__(self, binary, endpoint, directory):
        self._process = subprocess.Popen(
            [binary, "--listen", "127.0.0.1:0", "--clockbound-directory", directory, "--sample-interval", "1s"],
            env={"ECS_CONTAINER_METADATA_URI_V4": endpoint}, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        self.segment = directory / "shm0"
        self.address = self._listening()
        # An unread pipe would stop it once it is full.
        self._drain = threading.Thread(target=self._process.stderr.read, daemon=True)
        self._drain.start()
        # The first line comes with the first reading.
        assert self._process.stdout.readline()

    def _listening(self):
        for line in self._process.stderr:
            event = json.loads(line)
            if event["message"] == "listening":
                return f"http://{event['address']}"
        raise AssertionError("the sidecar ended at once")

    def close(self):
        self._process.kill()
        self._process.wait()
        self._drain.join(timeout=30)
        self._process.stdout.close()
        self._process.stderr.close()


@pytest.fixture(scope="session")
def programs():
    return binaries()


@pytest.fixture
def sidecar(programs, tmp_path):
    """A function that starts a sidecar on an endpoint that plays a scenario."""
    binary, endpoint = programs
    started = []

    def start(scenario, *options):
        started.append(Endpoint(endpoint, scenario, *options))
        started.append(Sidecar(binary, started[-1].uri, tmp_path))
        return started[-1]

    yield start
    for each in reversed(started):
        each.close()
