"""Fixtures of the fault tests: built programs, endpoints, sidecars, and long runs beside the other tests."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
# Endpoint, sidecar and stepped clock come from tests/deploy.
sys.path[:0] = [str(HERE), str(HERE.parent / "deploy")]

from process import QUICK  # noqa: E402
from program import Endpoint, Sidecar, SteppedClock, binaries  # noqa: E402


def pytest_addoption(parser):
    parser.addoption("--soak-seconds", type=int, default=20, help="how long the soak lasts")
    parser.addoption("--soak-seed", type=int, default=None, help="the seed of a soak that is to be played again")
    parser.addoption("--pause-seconds", type=int, default=3, help="how long a machine is paused")


@pytest.fixture(scope="session")
def programs():
    return binaries()


@pytest.fixture
def closing():
    """A list of things that are closed after the test, the last first."""
    things = []
    yield things
    for thing in reversed(things):
        thing.close()


@pytest.fixture
def endpoint(programs, closing):
    """A function that starts an endpoint with a scenario."""

    def start(scenario, *options):
        closing.append(Endpoint(programs[1], scenario, *options))
        return closing[-1]

    return start


@pytest.fixture
def clock(closing):
    """A wall clock that a test can step."""
    closing.append(SteppedClock())
    return closing[-1]


@pytest.fixture
def sidecar(programs, closing):
    """A function that starts a sidecar on an endpoint; `variables` go without `CLOCK_EMF_`."""

    def start(endpoint, environment=None, reading=True, options=None, **variables):
        named = {f"CLOCK_EMF_{name.upper()}": value for name, value in variables.items()}
        variables = QUICK | endpoint.environment | named | (environment or {})
        closing.append(Closing(Sidecar(programs[0], variables, reading=reading, **(options or {}))))
        return closing[-1].sidecar

    return start


class Closing:
    """A sidecar that is killed if the test has not ended it."""

    def __init__(self, sidecar):
        self.sidecar = sidecar

    def close(self):
        if self.sidecar.is_running:
            self.sidecar.kill()


@pytest.fixture
def small_disk(tmp_path, closing):
    """A file system of 64 KiB."""
    closing.append(SmallDisk(tmp_path / "disk"))
    return closing[-1]


class SmallDisk:
    """A small in-memory file system."""

    def __init__(self, path):
        self.path = path
        path.mkdir()
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k,mode=755", "tmpfs", path], check=True)

    def fill(self):
        """Fills all free space."""
        with open(self.path / "filler", "wb", buffering=0) as filler:
            while True:
                try:
                    filler.write(b"\0" * 4096)
                except OSError:
                    return

    def free(self):
        (self.path / "filler").unlink()

    def set_read_only(self):
        subprocess.run(["mount", "-o", "remount,ro", self.path], check=True)

    def close(self):
        subprocess.run(["umount", "--lazy", self.path], check=True)


# ---- long runs, in parallel to the other tests ----------------------------------------------------------------


@pytest.fixture(scope="session", autouse=True)
def background(request, programs, tmp_path_factory):
    """Starts the long runs that selected tests need."""
    import soak
    import stall

    config = request.config.option
    plays = {
        "soaked": lambda folder: soak.play(programs, folder, config.soak_seconds, config.soak_seed),
        "stalled": lambda folder: stall.play(programs),
    }
    wanted = {name for item in request.session.items for name in item.fixturenames}
    with ThreadPoolExecutor() as pool:
        yield {name: pool.submit(play, tmp_path_factory.mktemp(name)) for name, play in plays.items() if name in wanted}


@pytest.fixture
def soaked(background):
    return background["soaked"].result()


@pytest.fixture
def stalled(background):
    return background["stalled"].result()
