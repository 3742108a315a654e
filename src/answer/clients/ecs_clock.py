"""Asks the ecs-clock-emf sidecar whether this task's clock is good, and for the range of true time.

Copy this file. It needs Python 3.10 or later and no packages. Keep one client for the process:

    clock = Clock(max_error_ms=5)
    timestamp = clock.now().latest    # raises ClockNotGood: refuse the step, also without an answer
    write(timestamp)
    clock.wait_until_past(timestamp)  # before anybody sees the write
"""

import os
import re
import socket
import threading
import time
from datetime import datetime, timedelta, timezone
from typing import NamedTuple
from urllib.parse import urlencode, urlsplit

EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
LARGEST_RESPONSE = 65_536
# A whole response, since the body is one line.
RESPONSE = re.compile(r"HTTP/1\.1 ([0-9]{3}) .*?\r\n\r\n(.*)\n", re.DOTALL)


class ClockNotGood(Exception):
    """Refuse the step. `codes` are the sidecar's, or `no_answer`, or `not_past`."""

    def __init__(self, codes: list[str], reasons: list[str]) -> None:
        super().__init__("; ".join(reasons))
        self.codes, self.reasons = codes, reasons


def no_answer(why: object) -> tuple[list[str], list[str]]:
    return ["no_answer"], [f"the sidecar gives no answer: {why}"]


class Now(NamedTuple):
    """True time was in this range when `now` returned."""

    earliest: datetime
    latest: datetime


class Answer:
    """What came of a request. The range of a good answer was true between `asked` and `got`."""

    def __init__(self) -> None:
        self.asked = time.monotonic_ns()
        self.got = 0  # only with a range
        self.refusal = no_answer("it has not been asked")

    # Raises an error unless it is an answer about this machine's clock.
    def read(self, status: str, line: str, max_error_ms: float) -> None:
        good = re.fullmatch(r"good ([0-9]{16}) ([0-9]{16})", line)
        not_good = re.fullmatch(r"not_good ([a-z0-9_,]+)\t(.+)", line)
        if not_good:
            self.refusal = not_good[1].split(","), not_good[2].split("\t")
        elif good and status == "200":
            self.earliest, self.latest = int(good[1]), int(good[2])
            if 0 <= self.latest - self.earliest <= 2 * (max_error_ms * 1000 + 1):
                self.got = time.monotonic_ns()
        if not not_good and not self.at_present(float("inf")):
            raise ConnectionError(f"HTTP {status}: {line[:200]!r}")

    def at_present(self, longest_ns: float) -> Now | None:
        """The range, moved to the present. None if it is missing or too old, and if it does not
        contain this machine's clock: after a step or a suspension, or if it is of another clock."""
        before, wall, after = time.monotonic_ns(), time.time_ns() // 1000, time.monotonic_ns()
        if not self.got or after - self.asked > longest_ns:
            return None
        earliest = self.earliest + (before - self.got) // 1000
        latest = self.latest - (self.asked - after) // 1000
        if not earliest <= wall <= latest:
            return None
        microsecond = timedelta(microseconds=1)
        return Now(EPOCH + earliest * microsecond, EPOCH + latest * microsecond)


class Clock:
    """A client for threads. A thousand simultaneous callers make one request.

    `more` are parameters of /clock, such as `max_age="30m"` and `for_="etcd"`.
    """

    def __init__(
        self, max_error_ms: float, url: str = "", cache_s: float = 0.1, timeout_s: float = 1, **more
    ) -> None:
        address = urlsplit(url or os.environ.get("CLOCK_SIDECAR", "http://127.0.0.1:2780"))
        self.address = (address.hostname, address.port or 80)
        self.max_error_ms, self.cache_s, self.timeout_s = max_error_ms, cache_s, timeout_s
        # The sidecar judges the clock as it may be at the end of this time.
        self.valid_for_ms = 1 + int((cache_s + timeout_s) * 1000)
        more |= {"max_error": f"{max_error_ms * 1e6:.0f}ns", "valid_for": f"{self.valid_for_ms}ms"}
        path = "/clock.txt?" + urlencode({name.rstrip("_"): more[name] for name in more})
        self.request = f"GET {path} HTTP/1.1\r\nHost: {address.netloc}\r\n\r\n".encode()
        self._reset()

    def _reset(self) -> None:
        self._pid = os.getpid()
        self._lock = threading.Lock()
        self._socket: socket.socket | None = None
        self._last = Answer()

    def now(self) -> Now:
        """The range of true time. Raises ClockNotGood if the clock is not good, or unknown."""
        if self._pid != os.getpid():  # after a fork: two processes must not share a connection
            self._reset()
        answer = self._last
        if now := answer.at_present(self.cache_s * 1e9):
            return now
        with self._lock:
            if self._last is answer:  # otherwise somebody has asked meanwhile
                self._last = self._ask()
            answer = self._last
        if now := answer.at_present(self.valid_for_ms * 1e6):
            return now
        raise ClockNotGood(*answer.refusal)

    def _ask(self) -> Answer:
        answer, received = Answer(), b""
        deadline = time.monotonic() + self.timeout_s
        kept, self._socket = self._socket, None
        connection = kept
        try:
            connection = kept or socket.create_connection(self.address, self.timeout_s)
            connection.sendall(self.request)
            while not (response := RESPONSE.fullmatch(received.decode(errors="replace"))):
                connection.settimeout(max(deadline - time.monotonic(), 0.001))
                received += (piece := connection.recv(LARGEST_RESPONSE))
                if not piece or len(received) > LARGEST_RESPONSE:
                    raise ConnectionError(f"not the sidecar: {received[:200]!r}")
            answer.read(response[1], response[2], self.max_error_ms)
            # Kept after a whole response only, so that a late one is never read as the next.
            self._socket = connection
        except OSError as error:
            if connection:
                connection.close()
            if kept and not isinstance(error, TimeoutError):  # it may have been closed
                return self._ask()
            answer.got, answer.refusal = 0, no_answer(error)
        return answer

    def wait_until_past(self, timestamp: datetime, patience_s: float = 10) -> None:
        """Returns once true time is certainly past. Raises ClockNotGood after `patience_s`."""
        end, codes = time.monotonic() + patience_s, []
        while (patience := end - time.monotonic()) > 0:
            try:
                left = (timestamp - self.now().earliest).total_seconds()
                if left < 0:
                    return
            except ClockNotGood as error:  # it may become good again
                left, codes = 0.05, error.codes
            time.sleep(min(max(left, 0.0005), patience))
        raise ClockNotGood(["not_past", *codes], [f"{timestamp} is not certainly past"])


class FakeClock(Clock):
    """A clock for your tests: good with the bound `max_error_ms`, not good while it has `codes`."""

    codes: list[str] = []

    def now(self) -> Now:
        if self.codes:
            raise ClockNotGood(self.codes, ["fake"])
        now = datetime.now(timezone.utc)
        bound = timedelta(milliseconds=self.max_error_ms)
        return Now(now - bound, now + bound)
