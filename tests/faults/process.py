"""A running program as the kernel reports it, and the promises that are checked on every line."""

import json
import os
import subprocess
import time
from pathlib import Path

# Longer than any step on a busy machine; only a failure waits so long.
PATIENCE_S = 60
# More processor time than any reading takes: an unoptimized program takes a tenth of it.
# A busy loop takes all that it gets.
MOST_MS_A_READING = 40
TICK_MS = 1000 / os.sysconf("SC_CLK_TCK")
# Short intervals, so that tests take seconds.
QUICK = {
    "CLOCK_EMF_SOURCE": "ecs", "CLOCK_EMF_SAMPLE_INTERVAL": "100ms", "CLOCK_EMF_EMIT_INTERVAL": "1s",
    "CLOCK_EMF_EMIT_JITTER": "0s", "CLOCK_EMF_REQUEST_TIMEOUT": "500ms",
}  # fmt: skip
# A clock that is years off yields timestamps that CloudWatch rejects; that is expected and ignored here.
STAMPS = {"timestamp-too-old", "timestamp-ahead"}


def until(what, is_so):
    """Waits for a condition and returns its value."""
    deadline = time.monotonic() + PATIENCE_S
    while not (value := is_so()):
        assert time.monotonic() < deadline, f"after {PATIENCE_S} s still not so: {what}"
        time.sleep(0.02)
    return value


def descriptors(pid):
    return len(os.listdir(f"/proc/{pid}/fd"))


def threads(pid):
    return len(os.listdir(f"/proc/{pid}/task"))


def resident_kb(pid):
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.partition("VmRSS:")[2].split()[0])


def processor_ms(pid):
    """The processor time used so far."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) * TICK_MS


class Frugal:
    """Checks the processor time per attempt to read the clock, counted by `attempts`."""

    def __init__(self, pid, attempts):
        self._pid, self._attempts = pid, attempts
        self._before = processor_ms(pid), attempts()

    def check(self):
        time_ms, attempts = self._before
        until("another reading", lambda: self._attempts() > attempts)
        taken, made = processor_ms(self._pid) - time_ms, self._attempts() - attempts
        assert taken <= MOST_MS_A_READING * (made + 2), f"{taken} ms for {made} readings"


def attempts_in(documents):
    """How often the sidecar read the clock or tried to, by its lines."""
    return sum(document["Samples"] + document.get("ClockReadErrors", 0) for document in documents)


def total(documents, member):
    return sum(document.get(member, 0) for document in documents)


def values(documents, metric):
    return [value for document in documents for value in document.get(metric, [])]


def assert_in_sequence(documents):
    assert [document["Sequence"] for document in documents] == list(range(1, len(documents) + 1))


def assert_valid(binary, lines):
    """CloudWatch accepts every line by `explain`, except for timestamps of a wrong clock."""
    text = "".join(f"{line}\n" for line in lines)
    done = subprocess.run(
        [binary, "explain", "--json", "--input", "stdout"], input=text, capture_output=True, text=True, env={}, check=False
    )
    assert done.returncode in (0, 1), done.stderr
    told = [json.loads(line) for line in done.stdout.splitlines()]
    wrong = [each for each in told if "fault" in each and each["rule"] not in STAMPS]
    assert not wrong, wrong[:3]
    assert {each["line"] for each in told} == set(range(1, len(lines) + 1)), "each line makes a point, or is named"
