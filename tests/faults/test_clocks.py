"""A wall clock that jumps, stops, or starts decades off; a machine that is paused."""

import http.client
import json
import signal
import time

import pytest
from process import Frugal, assert_in_sequence, assert_valid, attempts_in, total, until, values

HOUR = 3600
# The precision of a step is the time between reading two clocks, here on a busy machine.
NEARLY_MS = 50


def test_jumps_of_hours_in_both_directions_are_reported_in_the_new_time(endpoint, sidecar, clock, programs):
    played = endpoint("no-reference")
    running = sidecar(played, environment=clock.environment, emit_interval="60s")
    until("a line", lambda: running.lines)
    offset, steps = 0, []
    for ahead in (3 * HOUR, -5 * HOUR, 0.25):
        steps.append(1000 * (ahead - offset))
        offset = ahead
        begin = time.time()
        clock.step_to(ahead)
        [document] = until(f"step {len(steps)}", lambda: [d for d in running.documents() if "ClockStep" in d][len(steps) - 1 :])
        assert document["ClockStep"] == [pytest.approx(steps[-1], abs=NEARLY_MS)]
        assert document["Samples"] == 0, "a separate line"
        # Stamped in the new time.
        assert begin - 1 <= document["_aws"]["Timestamp"] / 1000 - ahead <= time.time() + 1
    frugal = Frugal(running.pid, played.requests)
    before = played.requests()
    until("ten more readings", lambda: played.requests() >= before + 10)
    frugal.check()
    assert running.stop() == 0
    documents = running.documents()
    assert_in_sequence(documents)
    # The read in progress at the end may not have been sent, or not be on a line.
    assert abs(attempts_in(documents) - played.requests()) <= 1
    # The bound covers the step until the endpoint has certainly seen it: no small bound from before is reported.
    at = next(i for i, document in enumerate(documents) if "ClockStep" in document)
    [after] = [document for document in documents[at + 1 :] if document["Samples"]][:1]
    assert min(after.get("ClockErrorBound", [3 * HOUR * 1000])) >= 3 * HOUR * 1000 - NEARLY_MS
    assert_valid(programs[0], [line for _, line in running.lines])


def ask(running):
    """The reply of the sidecar's `listen` to a request for `/clock`."""
    listening = [json.loads(line) for line in running.diagnostics() if '"listening"' in line]
    host, port = listening[0]["address"].split(":")
    connection = http.client.HTTPConnection(host, int(port), timeout=60)
    connection.request("GET", "/clock", headers={"Connection": "close"})
    return connection.getresponse()


@pytest.mark.parametrize("start", [10, -HOUR * 24 * 365], ids=["1970", "before 1970"])
def test_a_clock_that_starts_in_1970_is_not_good_until_it_is_set(endpoint, sidecar, clock, programs, start):
    played = endpoint("good")
    clock.step_to(start - time.time())
    running = sidecar(played, environment=clock.environment, listen="127.0.0.1:0")
    until("three lines", lambda: len(running.lines) >= 3)
    # Regression: the HTTP library renders a date for each connection, and panics for one before 1970.
    answer = ask(running)
    assert answer.status == 503 and answer.getheader("Date") is None
    assert json.loads(answer.read())
    for document in running.documents():
        assert abs(document["_aws"]["Timestamp"] / 1000 - start) < 1000, "what the clock says is what is said"
        # The reference is decades ahead, so the clock is off by more than its bound.
        assert document["ClockSynchronizationStatus"] == "UNKNOWN" and document["ClockSynchronized"] == 0
        assert "ClockErrorBound" not in document and document["ReadErrorKind"] == "invalid_member"
    clock.step_to(0)
    good = until("a good line", lambda: [d for d in running.documents() if d.get("ClockSynchronized") == 1])[0]
    assert abs(good["_aws"]["Timestamp"] / 1000 - time.time()) < 100
    assert running.stop() == 0
    documents = running.documents()
    assert_in_sequence(documents)
    assert sum(values(documents, "ClockStep")) == pytest.approx(1000 * (time.time() - start), abs=100_000)
    assert total(documents, "AnswerErrors") == 0
    assert_valid(programs[0], [line for _, line in running.lines])


def test_a_clock_after_9999_is_not_good_until_it_is_set(endpoint, sidecar, clock):
    """The HTTP library panics for such a date as well."""
    played = endpoint("good")
    # 2^38 s, in the year 10680.
    clock.step_to(2**38 - time.time())
    running = sidecar(played, environment=clock.environment, listen="127.0.0.1:0")
    until("three lines", lambda: len(running.lines) >= 3)
    assert ask(running).status == 503
    clock.step_to(0)
    until("a good answer", lambda: ask(running).status == 200)
    assert running.stop() == 0


def test_a_wall_clock_that_stands_still_is_reported_without_a_flood_of_lines(endpoint, sidecar, clock, programs):
    played = endpoint("good")
    running = sidecar(played, environment=clock.environment)
    until("two lines", lambda: len(running.lines) >= 2)
    begin = time.monotonic()
    clock.stop()
    before, lines = played.requests(), len(running.lines)
    frugal = Frugal(running.pid, played.requests)
    until("forty readings on a clock that has stopped", lambda: played.requests() >= before + 40)
    frugal.check()
    documents = running.documents()[lines:]
    assert total(documents, "ClockSteps") > 0
    # One per emit interval and eight more.
    assert len(documents) <= (time.monotonic() - begin + 2) * 9
    assert running.stop() == 0
    assert_in_sequence(running.documents())
    assert_valid(programs[0], [line for _, line in running.lines])


def test_a_machine_that_stands_still_skips_samples_and_continues(endpoint, sidecar, programs, request):
    pause = request.config.option.pause_seconds
    played = endpoint("good")
    running = sidecar(played, listen="127.0.0.1:0")
    until("two lines", lambda: len(running.lines) >= 2)
    running.signal(signal.SIGSTOP)
    time.sleep(0.2)
    before = played.requests()
    time.sleep(pause)
    assert played.requests() == before
    frugal = Frugal(running.pid, played.requests)
    resumed = time.time()
    running.signal(signal.SIGCONT)
    until("ten more readings", lambda: played.requests() >= before + 10)
    frugal.check()
    assert running.stop() == 0
    documents = running.documents()
    assert_in_sequence(documents)
    assert not values(documents, "ClockStep"), "both clocks went on"
    # The read in progress when it stopped may have ended before its request was sent, or its answer after the last line.
    assert abs(attempts_in(documents) - played.requests()) <= 1, "nothing is made up for what was missed"
    # The window that was open when it stopped has the earlier timestamp.
    stamps = [document["_aws"]["Timestamp"] / 1000 for document in documents]
    assert not [stamp for stamp in stamps if resumed - pause + 0.2 < stamp < resumed - 0.2]
    assert_valid(programs[0], [line for _, line in running.lines])
