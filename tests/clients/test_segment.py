"""The critical step with the client from PyPI, on a segment that a real sidecar writes."""

import datetime
import subprocess
import sys

import pytest
from languages import CLIENTS, PATIENCE


def run(segment):
    command = [sys.executable, CLIENTS / "clockbound_segment.py"]
    return subprocess.run(
        command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=PATIENCE, env={"CLOCK_SEGMENT": str(segment)}
    )


def assert_refused(done):
    assert done.returncode == 1 and done.stdout == "" and "refused: " in done.stderr, done


def test_a_good_clock_takes_the_step(sidecar):
    done = run(sidecar("good").segment)
    assert done.returncode == 0, done
    (writing, written), (committed, reported) = [line.split() for line in done.stdout.splitlines()]
    assert (writing, committed) == ("writing", "committed") and written == reported, done
    assert int(written) / 1e9 < datetime.datetime.now(datetime.timezone.utc).timestamp()


@pytest.mark.parametrize("scenario, options", [("unsynchronized", []), ("good", ["--error-bound", "5.1"]), ("down", [])])
def test_a_bad_clock_is_refused(sidecar, scenario, options):
    assert_refused(run(sidecar(scenario, *options).segment))


def test_no_segment_is_refused(tmp_path):
    assert_refused(run(tmp_path / "shm0"))
