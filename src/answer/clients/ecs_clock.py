"""Asks the ecs-clock-emf sidecar whether this task's clock is good, and for the range that contains true time.

Copy this file. It needs Python 3.10 or later and no packages; asyncio also needs ecs_clock_asyncio.py. Keep one client
for the whole process:

    clock = Clock(max_error_ms=5)
    timestamp = clock.now().latest    # raises ClockNotGood: refuse the step, also if the sidecar does not respond
    write(timestamp)
    clock.wait_until_past(timestamp)  # before anybody sees the write
"""

import http.client
import json
import os
import threading
import time
from concurrent.futures import Future
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Any
from urllib.parse import urlencode, urlsplit

LARGEST_ANSWER = 65_536
SMALLEST_STEP_NS = 5_000_000


class ClockNotGood(Exception):
    """Refuse the step. `codes` has the sidecar's codes, or `no_answer` (nothing usable), or `not_past`."""

    def __init__(self, codes: list[str], reasons: list[str]) -> None:
        super().__init__("; ".join(reasons))
        self.codes, self.reasons = codes, reasons


@dataclass(frozen=True)
class Now:
    """True time was in this range when `now` returned."""

    earliest: datetime
    latest: datetime
    answer: dict[str, Any]  # what the sidecar answered: error_bound_ms, warnings, and more


def path(max_error_ms: float, query: dict[str, str]) -> str:
    parameters = {"max_error": f"{round(max_error_ms * 1e6)}ns", **query}
    return "/clock?" + urlencode({name.rstrip("_"): value for name, value in parameters.items()})


def clocks() -> tuple[int, int]:
    """The monotonic clock and the wall clock at the same moment, in nanoseconds."""
    while True:
        before, wall = time.monotonic_ns(), time.time_ns()
        if time.monotonic_ns() - before < 1_000_000:  # otherwise something else ran in between
            return before, wall


class Answer:
    """A good answer. It was true at some moment between request and response. Its range grows from there."""

    def __init__(self, status: int, body: bytes, asked: tuple[int, int], limit_ms: float) -> None:
        (self.asked, self.wall), self.got = asked, time.monotonic_ns()
        try:
            self.members = members = json.loads(body)
            if members.get("codes"):
                raise ClockNotGood(list(members["codes"]), list(members["reasons"]))
            if status != 200 or members["verdict"] != "good":
                raise ValueError(members.get("error"))
            self.earliest, self.latest = self._time("earliest"), self._time("latest")
            # With the parameter `for`, the sidecar may have applied a smaller limit.
            applied_ms = (members.get("limits") or {}).get("max_error_ms")
            self.limit_ns = 1e6 * (limit_ms if applied_ms is None else min(limit_ms, applied_ms))
            # Nothing is known to correct a clock whose source is an NTP server.
            usual_ppm = 100 if members.get("source") == "ntp" else 15
            given_ppm = members.get("max_drift_ppm")
            self.drift = (usual_ppm if given_ppm is None else given_ppm) / 1e6
            if self.earliest > self.latest or not 0 <= self.drift < 1:
                raise ValueError("impossible range or drift")
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
            why = f"HTTP {status}: {type(error).__name__}: {error}"
            raise ClockNotGood(["no_answer"], [f"the sidecar gives no answer: {why}"]) from error

    def _time(self, member: str) -> datetime:
        text = self.members[member]
        utc = datetime.strptime(text, "%Y-%m-%dT%H:%M:%S.%fZ" if "." in text else "%Y-%m-%dT%H:%M:%SZ")
        return utc.replace(tzinfo=timezone.utc)

    def is_good(self, now: int) -> bool:
        bound_ns = (self.latest - self.earliest) / timedelta(microseconds=2) * 1e3 + (now - self.asked) * self.drift
        return bound_ns <= self.limit_ns

    def is_fresh(self, cache_ns: float) -> bool:
        now, wall = clocks()
        step_ns = abs((wall - self.wall) - (now - self.asked))
        return now - self.asked < cache_ns and step_ns < SMALLEST_STEP_NS and self.is_good(now)

    def now(self) -> Now:
        now = time.monotonic_ns()
        if not self.is_good(now):
            raise ClockNotGood(["bound_over_limit"], ["the error bound has grown over the limit since the answer"])
        # In whole microseconds, the least rounded down and the most rounded up.
        least = timedelta(microseconds=(now - self.got) * (1 - self.drift) // 1e3)
        most = timedelta(microseconds=-((now - self.asked) * (1 + self.drift) // -1e3))
        return Now(self.earliest + least, self.latest + most, self.members)


class Clock:
    """A client for threads. A thousand simultaneous callers make one request."""

    def __init__(
        self, max_error_ms: float, url: str | None = None, cache_ms: float = 100, timeout_s: float = 1, **query: str
    ) -> None:
        """`query` has more parameters of /clock, such as `max_age="30m"` and `for_="cockroachdb"`."""
        address = urlsplit(url or os.environ.get("CLOCK_SIDECAR", "http://127.0.0.1:2780"))
        self._http = http.client.HTTPConnection(address.hostname or "", address.port, timeout_s)  # never a proxy
        self._path = path(max_error_ms, query)
        self._limit_ms, self._cache_ns = max_error_ms, cache_ms * 1e6
        self._reset()

    def _reset(self) -> None:
        self._http.close()
        self._pid = os.getpid()
        self._lock = threading.Lock()
        self._flight: Future[Answer | ClockNotGood] | None = None
        self._answer: Answer | None = None

    def now(self) -> Now:
        """The range that contains true time. Raises ClockNotGood if the clock is not good or nothing is known."""
        if self._pid != os.getpid():  # after a fork: two processes must not share a connection
            self._reset()
        with self._lock:
            if self._answer and self._answer.is_fresh(self._cache_ns):
                return self._answer.now()
            flight, leads = self._flight or Future(), self._flight is None
            self._flight = flight
        if leads:
            outcome: Answer | ClockNotGood = ClockNotGood(["no_answer"], ["the request was interrupted"])
            try:
                outcome = self._ask()
            except ClockNotGood as error:
                outcome = error
            finally:  # the others wait for this in any case
                with self._lock:
                    self._answer, self._flight = (outcome if isinstance(outcome, Answer) else None), None
                flight.set_result(outcome)
        outcome = flight.result()
        if isinstance(outcome, ClockNotGood):
            raise ClockNotGood(outcome.codes, outcome.reasons)
        return outcome.now()

    def _ask(self) -> Answer:
        while True:
            asked, is_reused = clocks(), self._http.sock is not None
            try:
                self._http.request("GET", self._path)
                response = self._http.getresponse()
                body = response.read(LARGEST_ANSWER)
                if not response.isclosed():
                    self._http.close()
                return Answer(response.status, body, asked, self._limit_ms)
            except (OSError, http.client.HTTPException) as error:
                self._http.close()
                # The sidecar may close a connection that was idle: then ask again on a new one.
                if isinstance(error, TimeoutError) or not is_reused:
                    raise ClockNotGood(["no_answer"], [f"the sidecar gives no answer: {error!r}"]) from error

    def wait_until_past(self, timestamp: datetime, patience_s: float = 10) -> None:
        """Returns once true time is certainly past `timestamp`. Raises ClockNotGood after `patience_s`."""
        end, codes = time.monotonic() + patience_s, []
        while (patience := end - time.monotonic()) > 0:
            try:
                left = (timestamp - self.now().earliest).total_seconds()
                if left < 0:
                    return
            except ClockNotGood as error:  # it may become good again
                left, codes = 0.05, error.codes
            time.sleep(min(max(left, 0.0005), 1, patience))
        raise ClockNotGood(["not_past", *codes], [f"{timestamp} is not certainly past"])


class FakeClock(Clock):
    """A clock for your tests: good with this error bound, until `fail("not_synchronized")`; `fail()` ends it."""

    def __init__(self, bound_ms: float = 0.5) -> None:
        self.bound = timedelta(milliseconds=bound_ms)
        self.codes: tuple[str, ...] = ()

    def fail(self, *codes: str) -> None:
        self.codes = codes

    def now(self) -> Now:
        if self.codes:
            raise ClockNotGood(list(self.codes), ["fake"])
        now = datetime.now(timezone.utc)
        return Now(now - self.bound, now + self.bound, {"error_bound_ms": self.bound / timedelta(milliseconds=1)})
