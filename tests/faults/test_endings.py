"""SIGTERM during each fault, and a sidecar that is killed."""

import json
import resource
import signal
import time

import pytest
from process import assert_in_sequence, assert_valid, attempts_in, until, values

# The program allows itself 2 s; the rest is for a busy machine.
SOON_S = 20
TROUBLES = ["slow", "slow-body", "endless", "hang", "garbage", "huge", "tiny-chunks", "reset", "down", "refused", "mixed"]


def stopped_soon(sidecar):
    begin = time.monotonic()
    code = sidecar.stop()
    assert time.monotonic() - begin < SOON_S
    assert json.loads(sidecar.diagnostics()[-1])["message"] == "stopped"
    return code


@pytest.mark.parametrize("trouble", TROUBLES)
def test_sigterm_while_the_endpoint_misbehaves(endpoint, sidecar, programs, tmp_path, trouble):
    played = endpoint("good")
    running = sidecar(
        played, request_timeout="60s", emit_interval="60s", listen="127.0.0.1:0", clockbound_directory=str(tmp_path)
    )
    until("five readings", lambda: played.requests() >= 5)
    before = played.requests()
    played.play(trouble)
    if trouble not in ("down", "refused"):
        until("a request", lambda: played.requests() > before)
    assert stopped_soon(running) == 0
    documents = running.documents()
    assert_in_sequence(documents)
    assert len(values(documents, "ClockErrorBound")) >= before - 1, "the open window is on a line"
    assert_valid(programs[0], [line for _, line in running.lines])


def test_sigterm_while_stdout_stalls(endpoint, sidecar):
    played = endpoint("good")
    running = sidecar(played, reading=False, storage_resolution="1")
    until("fifteen readings", lambda: played.requests() >= 15)
    assert stopped_soon(running) == 4
    lost, stopped = (json.loads(line) for line in running.diagnostics()[-2:])
    assert lost["message"] == "some lines were lost and never reported"
    assert stopped["accepted"] == stopped["written"] + stopped["failed"] + stopped["dropped"]
    assert lost["lines"] == stopped["accepted"] - stopped["written"]


def test_sigterm_while_no_descriptor_is_left(endpoint, sidecar, tmp_path):
    played = endpoint("good")
    running = sidecar(played, listen="127.0.0.1:0", clockbound_directory=str(tmp_path))
    until("two lines", lambda: len(running.lines) >= 2)
    _, hard = resource.prlimit(running.pid, resource.RLIMIT_NOFILE)
    resource.prlimit(running.pid, resource.RLIMIT_NOFILE, (3, hard))
    played.play("reset")
    until("a refusal", lambda: any("Too many open files" in line for _, line in list(running.lines)))
    assert stopped_soon(running) == 0
    assert_in_sequence(running.documents())


def test_sigterm_after_a_step_of_the_clock(endpoint, sidecar, clock, programs):
    played = endpoint("good")
    running = sidecar(played, environment=clock.environment, emit_interval="60s", sample_interval="10s")
    until("a line", lambda: running.lines)
    # It is detected at the end or by the next sample.
    clock.step_to(-7200)
    assert stopped_soon(running) == 0
    assert sum(values(running.documents(), "ClockStep")) == pytest.approx(-7_200_000, abs=100)
    assert_valid(programs[0], [line for _, line in running.lines])


def test_sigterm_while_the_process_is_stopped_ends_it_when_it_continues(endpoint, sidecar):
    played = endpoint("good")
    running = sidecar(played)
    until("five readings", lambda: played.requests() >= 5)
    running.signal(signal.SIGSTOP)
    running.signal(signal.SIGTERM)
    running.signal(signal.SIGCONT)
    assert stopped_soon(running) == 0
    assert attempts_in(running.documents()) >= played.requests() - 1


def test_a_killed_sidecar_loses_one_window_and_the_next_starts_afresh(endpoint, sidecar, programs, tmp_path):
    played = endpoint("good")
    environment = {"clockbound_directory": str(tmp_path), "listen": "127.0.0.1:0"}
    first = sidecar(played, **environment)
    until("three lines", lambda: len(first.lines) >= 3)
    first.kill()
    served = played.requests()
    lost = served - attempts_in(first.documents())
    second = sidecar(played, **environment)
    until("a line", lambda: second.lines)
    assert second.documents()[0]["Samples"] == 1, "the first reading is said at once"
    until("three lines", lambda: len(second.lines) >= 3)
    assert second.stop() == 0
    before, after = first.documents(), second.documents()
    assert_in_sequence(before)
    assert_in_sequence(after)
    assert {document["StartedAt"] for document in before}.isdisjoint(document["StartedAt"] for document in after)
    # One reading each 0.1 s for a second; fewer on a busy machine.
    assert 0 <= lost <= 12
    assert_valid(programs[0], [line for _, line in first.lines + second.lines])
