"""Each snippet of the guide, run in its own language: on a good clock, on bad ones, and without a sidecar."""

import datetime
import os
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
# Longer than a compiler takes on the busiest machine.
PATIENCE = 120


@pytest.fixture(scope="session")
def commands(tmp_path_factory):
    """How each snippet that asks by HTTP is run; what has to be compiled is compiled once."""
    folder = tmp_path_factory.mktemp("compiled")
    go = folder / "critical_step"
    subprocess.run(
        ["go", "build", "-o", go, HERE / "critical_step.go"], check=True, stdin=subprocess.DEVNULL, timeout=PATIENCE,
        env=os.environ | {"GOCACHE": str(folder / "cache"), "GOPROXY": "off", "GO111MODULE": "off"},
    )  # fmt: skip
    subprocess.run(
        ["javac", "-d", folder, HERE / "CriticalStep.java"], check=True, stdin=subprocess.DEVNULL, timeout=PATIENCE
    )
    return {
        "python": [sys.executable, HERE / "critical_step.py"],
        "node": ["node", HERE / "critical_step.mjs"],
        "java": ["java", "-cp", folder, "CriticalStep"],
        "go": [go],
        "shell": ["sh", HERE / "critical_step.sh"],
    }


LANGUAGES = ["python", "node", "java", "go", "shell"]


def run(command, **variables):
    return subprocess.run(
        command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=PATIENCE,
        # A proxy that does not exist: none of them may ask it.
        env={"PATH": os.environ["PATH"], "http_proxy": "http://127.0.0.1:9", "HTTP_PROXY": "http://127.0.0.1:9"} | variables,
    )  # fmt: skip


def written_and_committed(done):
    """The timestamp that a snippet has written and then reported."""
    assert done.returncode == 0, done
    (writing, written), (committed, reported) = [line.split() for line in done.stdout.splitlines()]
    assert (writing, committed) == ("writing", "committed") and written == reported, done
    return written


def assert_refused(done):
    assert done.returncode not in (0, 2), done
    assert done.stdout == "" and "refused: " in done.stderr, done


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_good_clock_takes_the_step_and_waits_it_out(sidecar, commands, language):
    done = run(commands[language], CLOCK_SIDECAR=sidecar("good", "--error-bound", "4").address)
    after = datetime.datetime.now(datetime.timezone.utc)
    assert datetime.datetime.fromisoformat(written_and_committed(done)) < after


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("scenario, options", [("unsynchronized", []), ("no-bound", []), ("good", ["--error-bound", "5.1"]), ("down", [])])
def test_a_clock_that_is_not_good_is_refused(sidecar, commands, language, scenario, options):
    assert_refused(run(commands[language], CLOCK_SIDECAR=sidecar(scenario, *options).address))


@pytest.mark.parametrize("language", LANGUAGES)
def test_without_a_sidecar_it_is_refused(commands, language):
    with socket.socket() as taken:
        # Bound, but nobody listens.
        taken.bind(("127.0.0.1", 0))
        host, port = taken.getsockname()
        assert_refused(run(commands[language], CLOCK_SIDECAR=f"http://{host}:{port}"))


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_sidecar_that_hangs_is_refused(commands, language):
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        host, port = silent.getsockname()
        assert_refused(run(commands[language], CLOCK_SIDECAR=f"http://{host}:{port}"))


def segment_command():
    return [sys.executable, HERE / "critical_step_clockbound.py"]


def test_the_client_of_pypi_takes_the_step_on_a_good_clock(sidecar):
    done = run(segment_command(), CLOCK_SEGMENT=str(sidecar("good").segment))
    seconds = int(written_and_committed(done)) / 1e9
    assert seconds < datetime.datetime.now(datetime.timezone.utc).timestamp()


@pytest.mark.parametrize("scenario, options", [("unsynchronized", []), ("good", ["--error-bound", "5.1"]), ("down", [])])
def test_the_client_of_pypi_refuses(sidecar, scenario, options):
    assert_refused(run(segment_command(), CLOCK_SEGMENT=str(sidecar(scenario, *options).segment)))


def test_the_client_of_pypi_refuses_without_a_segment(tmp_path):
    assert_refused(run(segment_command(), CLOCK_SEGMENT=str(tmp_path / "shm0")))


def test_every_snippet_is_run():
    tested = {"critical_step.py", "critical_step.mjs", "CriticalStep.java", "critical_step.go", "critical_step.sh"}
    # The Rust one is run by tests/clockbound.
    tested |= {"critical_step_clockbound.py", "critical_step.rs"}
    found = {path.name for path in HERE.iterdir() if "ritical" in path.name}
    assert found == tested and all(shutil.which(program) for program in ["node", "java", "go", "curl"])
