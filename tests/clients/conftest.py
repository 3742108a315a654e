"""What the tests of the clients share: the built programs, endpoints, sidecars, and a driver for each language."""

import json
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
# The endpoint is started as in the tests of the deployment.
sys.path[:0] = [str(HERE), str(HERE.parent / "deploy")]

from languages import LANGUAGES, Driver, compiled  # noqa: E402
from program import Endpoint, binaries  # noqa: E402
from scripted import Scripted  # noqa: E402


class Sidecar:
    """A running sidecar that listens on loopback and, with a directory, writes a segment."""

    def __init__(self, binary, endpoint, directory=None, listen="127.0.0.1:0"):
        options = ["--clockbound-directory", directory] if directory else []
        self._process = subprocess.Popen(
            [binary, "--listen", listen, "--sample-interval", "1s", *options],
            env={"ECS_CONTAINER_METADATA_URI_V4": endpoint}, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        self.segment = directory and directory / "shm0"
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

    def pause(self):
        self._process.send_signal(signal.SIGSTOP)

    def close(self):
        self._process.kill()
        self._process.wait()
        self._drain.join(timeout=30)
        self._process.stdout.close()
        self._process.stderr.close()


@pytest.fixture(scope="session")
def programs():
    return binaries()


@pytest.fixture(scope="session")
def sidecars(programs):
    """A function that returns a sidecar on an endpoint that plays a scenario. Tests share them."""
    binary, endpoint = programs
    started = {}

    def sidecar(scenario, *options):
        key = (scenario, *options)
        if key not in started:
            source = Endpoint(endpoint, scenario, *options)
            started[key] = Sidecar(binary, source.uri), source
        return started[key][0]

    yield sidecar
    for running, source in started.values():
        running.close()
        source.close()


@pytest.fixture
def sidecar(programs, tmp_path):
    """A function that starts a sidecar with a segment on an endpoint that plays a scenario."""
    binary, endpoint = programs
    started = []

    def start(scenario, *options, **named):
        started.append(Endpoint(endpoint, scenario, *options))
        started.append(Sidecar(binary, started[-1].uri, tmp_path, **named))
        return started[-1]

    yield start
    for each in reversed(started):
        each.close()


@pytest.fixture
def scripted():
    server = Scripted()
    yield server
    server.close()


@pytest.fixture(scope="session")
def folder(tmp_path_factory):
    """The folder of the compiled drivers."""
    folder = tmp_path_factory.mktemp("compiled")
    compiled(folder)
    return folder


@pytest.fixture(scope="session")
def drivers(folder):
    """A running driver for each language, by its name."""
    running = {language.name: Driver(language, folder / language.name) for language in LANGUAGES}
    yield running
    for driver in running.values():
        driver.close()
