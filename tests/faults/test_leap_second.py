"""The day after a leap second, with source `ntp`: a clock that smears it differs from a server that does not."""

import signal

import pytest
from ntp_server import NtpServer
from process import assert_in_sequence, assert_valid, until
from program import SteppedClock

HOUR = 3600
# A smeared clock is up to half a second away from one that is not.
OFFSET_S = 0.3


class Day:
    """A sidecar that reads a server, and a clock that both follow."""

    def __init__(self, running, server, clock):
        self.running, self.server, self._clock = running, server, clock
        self._passed = 0

    def pass_hours(self, hours):
        """Lets that time pass for the sidecar, on both of its clocks, and for the server. An exchange that is under way
        becomes that long, so its error covers everything, or it times out."""
        self.running.signal(signal.SIGSTOP)
        self._passed += hours * HOUR
        self._clock.step_to(self._passed)
        self.server.ahead = self._passed + OFFSET_S
        self.running.signal(signal.SIGCONT)

    def judged(self):
        """The documents of readings that began after this call: at least two."""
        # An exchange may be under way, and its line not written.
        answered, lines = self.server.answered, len(self.running.lines)
        until("four more answers", lambda: self.server.answered >= answered + 4)
        until("two more lines", lambda: len(self._readings(lines)) >= 3)
        return self._readings(lines)[1:]

    def _readings(self, after):
        return [document for document in self.running.documents()[after:] if document["Samples"]]


@pytest.fixture
def day(endpoint, sidecar, closing):
    server, clock = NtpServer(), SteppedClock(with_monotonic=True)
    closing.extend([server, clock])
    server.leap, server.ahead = 1, OFFSET_S
    # An emit interval of a second: each line has one reading.
    running = sidecar(
        endpoint("good"), environment=clock.environment, source="ntp", ntp_server=server.address, ntp_interval="1s",
        sample_interval="1s", request_timeout="60s",
    )  # fmt: skip
    return Day(running, server, clock)


def test_an_offset_is_tolerated_for_a_day_after_the_server_announced_a_leap_second(day, programs):
    def assert_tolerated(documents):
        for document in documents:
            assert (document["ClockSynchronized"], document["ClockSynchronizationStatus"]) == (1, "SYNCHRONIZED"), document

    first = day.judged()
    assert_tolerated(first)
    # Half of the round trip is its error, which is small unless the machine is busy.
    assert abs(first[-1]["ClockOffset"] - 1000 * OFFSET_S) <= first[-1]["ClockOffsetErrorBound"] + 1
    assert "ReadErrorKind" not in first[-1], "an offset is not a read error"
    day.server.leap = 0
    assert_tolerated(day.judged())
    day.pass_hours(23)
    after = day.judged()
    assert_tolerated(after)
    assert max(after[-1]["ClockErrorBound"]) >= 1000 * OFFSET_S - after[-1]["ClockOffsetErrorBound"] - 1
    day.pass_hours(2)
    lost = until("a reading that is not synchronized", lambda: [d for d in day.running.documents() if d.get("ClockSynchronized") == 0])
    assert lost[0]["ClockSynchronizationStatus"] == "NOT_SYNCHRONIZED"
    assert abs(lost[0]["ClockOffset"] - 1000 * OFFSET_S) <= lost[0]["ClockOffsetErrorBound"] + 1
    assert day.running.stop() == 0
    said = " ".join(day.running.diagnostics())
    assert "a leap second is near" in said and "behind the reference clock" in said
    documents = day.running.documents()
    assert not [document for document in documents if "ClockStep" in document], "both clocks went on"
    assert_in_sequence(documents)
    assert_valid(programs[0], [line for _, line in day.running.lines])
