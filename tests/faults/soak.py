"""Runs the real sidecar under random faults and accounts for every reading.

    python -m pytest tests/faults/test_soak.py --soak-seconds 900

Each calm phase serves a distinct bound: each of its readings must be on one line, in order.
Between them the endpoint misbehaves, the reader of stdout stalls, and the process is stopped. Clients ask all the
time, some of them misbehaving. In the second half the wall clock steps too, which enlarges the bounds so that they no longer
identify their phase.
"""

import json
import random
import signal
import socket
import statistics
import time
import urllib.error
import urllib.request
from dataclasses import dataclass, field

from process import QUICK, descriptors, processor_ms, resident_kb, threads, until
from program import Endpoint, Sidecar, SteppedClock

# Scenarios that end soon. Hanging ones are played in long soaks only.
QUICK_TROUBLES = [
    "unsynchronized", "flipping", "no-bound", "no-reference", "no-clock-drift", "null-members", "unknown-status-word",
    "endless", "huge", "tiny-chunks", "endless-error", "empty-reply", "reset", "truncated", "truncated-chunks", "garbage",
    "throttled", "error-500", "redirect", "gzip", "not-json", "empty-object", "cut-json", "deep-nesting", "bad-utf8",
    "duplicate-keys", "overflow", "negative", "string-bound", "future-reference", "wrong-identity", "down", "mixed",
]  # fmt: skip
SLOW_TROUBLES = ["hang", "slow", "slow-body"]
# The minimum length of a soak that plays them.
LONG_S = 300
ENVIRONMENT = QUICK | {
    "CLOCK_EMF_REQUEST_TIMEOUT": "10s", "CLOCK_EMF_LISTEN": "127.0.0.1:0", "CLOCK_EMF_EMIT_JITTER": "500ms",
}  # fmt: skip


@dataclass
class Soak:
    """The results of a soak."""

    seed: int
    seconds: int
    code: int = None
    lines: list = field(default_factory=list)
    diagnostics: list = field(default_factory=list)
    # The bounds of the calm phases in order, each with its number of readings.
    served: list = field(default_factory=list)
    requests: int = 0
    ahead_s: float = 0.0
    answers: int = 0
    resident_kb: list = field(default_factory=list)
    # Descriptors and threads after the first calm phase and at the end.
    at_first: tuple = None
    at_last: tuple = None
    # Processor time in the calm phases, and the readings there.
    processor_ms: float = 0.0
    calm_readings: int = 0

    def growth_kb(self):
        """The growth of memory from the first third to the last."""
        third = max(len(self.resident_kb) // 3, 1)
        return statistics.median(self.resident_kb[-third:]) - statistics.median(self.resident_kb[:third])


class World:
    """A sidecar and what surrounds it."""

    def __init__(self, programs, folder, seconds, seed):
        self.random = random.Random(seed)
        self.soak = Soak(seed, seconds)
        # Slow, but within the deadline.
        self.endpoint, self.clock = Endpoint(programs[1], "good", "--delay", "2s"), SteppedClock()
        environment = ENVIRONMENT | self.endpoint.environment | self.clock.environment
        self.sidecar = Sidecar(programs[0], environment | {"CLOCK_EMF_CLOCKBOUND_DIRECTORY": str(folder)}, reading=False)
        self.sidecar.read()
        listening = until("an address", lambda: [d for d in self._said() if d.get("message") == "listening"])
        self.address = listening[0]["address"]
        self.troubles = QUICK_TROUBLES
        self.calm_phases = 0
        self.has_stepped = False

    def _said(self):
        return [json.loads(line) for line in self.sidecar.diagnostics()]

    def close(self):
        if self.sidecar.is_running:
            self.sidecar.kill()
        self.endpoint.close()
        self.clock.close()

    # -- phases --------------------------------------------------------------------------------------------------------

    def calm(self, readings):
        """Serves this many readings with a bound that no other phase has."""
        self.calm_phases += 1
        bound = f"{1000 + self.calm_phases}.5"
        self.endpoint.play("good")
        # After the next request, no answer of the fault is in progress, which could carry the bound and fail.
        before = self.endpoint.requests()
        until("a request", lambda: self.endpoint.requests() > before)
        processor = processor_ms(self.sidecar.pid)
        self.endpoint.set_error_bound(bound)
        until("calm readings", lambda: self._count(bound) >= readings)
        # Once the next one is served, the last of these has been received.
        self.endpoint.set_error_bound("0.25")
        until("a reading after them", lambda: "0.25" in self.endpoint.served()[-1])
        self.soak.processor_ms += processor_ms(self.sidecar.pid) - processor
        self.soak.calm_readings += self._count(bound)
        if not self.has_stepped:
            self.soak.served.append((float(bound), self._count(bound)))
        self._measure()

    def _count(self, bound):
        return sum(f'"ClockErrorBound":{bound}' in text for text in self.endpoint.served())

    def trouble(self, may_step):
        """A random fault for a random time."""
        kinds = [self._misbehave] * 3 + [self._stall, self._stop, self._ask, self._ask_badly] + [self._step] * may_step
        self.random.choice(kinds)()
        self._measure()

    def _misbehave(self):
        self.endpoint.play(self.random.choice(self.troubles))
        time.sleep(self.random.uniform(0.2, 1.0))

    def _step(self):
        # Large enough to be detected even on a busy machine.
        self.has_stepped = True
        self.soak.ahead_s = self.random.choice([0, 0.3, -0.7, 40, -3600, 3 * 3600, -7 * 3600]) + self.random.random() / 100
        self.clock.step_to(self.soak.ahead_s)

    def _stall(self):
        self.sidecar.flow.clear()
        time.sleep(self.random.uniform(0.2, 3.0))
        self.sidecar.flow.set()

    def _stop(self):
        self.sidecar.signal(signal.SIGSTOP)
        time.sleep(self.random.uniform(0.1, 1.0))
        self.sidecar.signal(signal.SIGCONT)
        self.sidecar.signal(signal.SIGWINCH)

    def _ask(self):
        self.soak.answers += until("an answer", self._answer)

    def _answer(self):
        try:
            with urllib.request.urlopen(f"http://{self.address}/clock", timeout=30) as answer:
                assert json.load(answer)["verdict"] == "good"
        except urllib.error.HTTPError as refused:
            assert refused.code == 503 and json.load(refused)["verdict"] == "not_good"
        except OSError:
            return 0  # all places are taken by misbehaving clients
        return 1

    def _ask_badly(self):
        host, port = self.address.split(":")
        connections = []
        for _ in range(80):
            connections.append(socket.create_connection((host, int(port)), timeout=30))
            try:
                connections[-1].sendall(self.random.choice([b"", b"GET /clock HTTP/1.1\r\nHo", b"\0\xff" * 9000, b"GET / HTTP/1.0\r\n\r\n"]))
            except OSError:
                pass  # closed already: there are 64 places
        for connection in connections:
            connection.close()

    def _measure(self):
        self.soak.resident_kb.append(resident_kb(self.sidecar.pid))

    def counts(self):
        """Descriptors and threads after all clients' connections are closed."""
        return descriptors(self.sidecar.pid), threads(self.sidecar.pid)


def play(programs, folder, seconds, seed=None):
    """Runs a soak of this many seconds."""
    seed = random.randrange(2**32) if seed is None else seed
    print(f"--soak-seed {seed}", flush=True)
    world = World(programs, folder, seconds, seed)
    try:
        return _play(world, seconds)
    finally:
        world.close()


def _play(world, seconds):
    soak = world.soak
    if seconds >= LONG_S:
        world.troubles = QUICK_TROUBLES + SLOW_TROUBLES
    world.calm(10)
    soak.at_first = world.counts()
    begin = time.monotonic()
    while (passed := time.monotonic() - begin) < seconds:
        for _ in range(world.random.randrange(1, 6)):
            world.trouble(may_step=passed > seconds / 2)
        world.calm(world.random.randrange(3, 15))
    until("no more descriptors and threads than at first", lambda: _at_rest(world))
    soak.code = world.sidecar.stop()
    soak.requests = world.endpoint.requests()
    soak.lines = [line for _, line in world.sidecar.lines]
    soak.diagnostics = world._said()
    return soak


def _at_rest(world):
    world.soak.at_last = world.counts()
    return all(last <= first for last, first in zip(world.soak.at_last, world.soak.at_first, strict=True))
