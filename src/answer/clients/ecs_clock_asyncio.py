"""The asyncio client of ecs_clock.py, which must be beside it. A thousand simultaneous tasks make one request.

Keep one client for the whole event loop:

    clock = AsyncClock(max_error_ms=5)
    timestamp = (await clock.now()).latest    # raises ClockNotGood: refuse the step
    await write(timestamp)
    await clock.wait_until_past(timestamp)    # does not block the event loop
"""

import asyncio
import os
import re
import time
from datetime import datetime
from urllib.parse import urlsplit

from ecs_clock import LARGEST_ANSWER, Answer, ClockNotGood, FakeClock, Now, clocks, path


class AsyncClock:
    """A client for one event loop."""

    def __init__(
        self, max_error_ms: float, url: str | None = None, cache_ms: float = 100, timeout_s: float = 1, **query: str
    ) -> None:
        """`query` has more parameters of /clock, such as `max_age="30m"` and `for_="cockroachdb"`."""
        self._address = urlsplit(url or os.environ.get("CLOCK_SIDECAR", "http://127.0.0.1:2780"))
        target = path(max_error_ms, query)
        self._request = f"GET {target} HTTP/1.1\r\nHost: {self._address.netloc}\r\n\r\n".encode()
        self._limit_ms, self._cache_ns, self._timeout_s = max_error_ms, cache_ms * 1e6, timeout_s
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None
        self._flight: asyncio.Task[Answer | ClockNotGood] | None = None
        self._answer: Answer | None = None

    async def now(self) -> Now:
        """The range that contains true time. Raises ClockNotGood if the clock is not good or nothing is known."""
        if self._answer and self._answer.is_fresh(self._cache_ns):
            return self._answer.now()
        if self._flight is None:
            self._flight = asyncio.create_task(self._fly())
        # A caller that is cancelled must not cancel the request of the others.
        outcome = await asyncio.shield(self._flight)
        if isinstance(outcome, ClockNotGood):
            raise ClockNotGood(outcome.codes, outcome.reasons)
        return outcome.now()

    async def _fly(self) -> Answer | ClockNotGood:
        self._answer = None
        try:
            self._answer = await asyncio.wait_for(self._ask(), self._timeout_s)
            return self._answer
        except ClockNotGood as error:
            return error
        except (OSError, EOFError, asyncio.TimeoutError, asyncio.LimitOverrunError) as error:
            self.close()
            return ClockNotGood(["no_answer"], [f"the sidecar gives no answer: {error!r}"])
        finally:
            self._flight = None

    async def _ask(self) -> Answer:
        while True:
            is_reused = self._streams is not None
            asked = clocks()
            try:
                self._streams = self._streams or await asyncio.open_connection(
                    self._address.hostname, self._address.port or 80, limit=LARGEST_ANSWER
                )
                status, body = await self._exchange(*self._streams)
                return Answer(status, body, asked, self._limit_ms)
            except (OSError, EOFError):
                self.close()
                # The sidecar may close a connection that was idle: then ask again on a new one.
                if not is_reused:
                    raise

    async def _exchange(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> tuple[int, bytes]:
        writer.write(self._request)
        await writer.drain()
        head = await reader.readuntil(b"\r\n\r\n")
        status = re.match(rb"HTTP/1\.1 (\d{3}) ", head)
        length = re.search(rb"(?i)\r\ncontent-length: *(\d{1,5})\r\n", head)
        if not status or not length:
            raise ConnectionError("not the sidecar's HTTP")
        body = await reader.readexactly(int(length[1]))
        if re.search(rb"(?i)\r\nconnection: *close\r\n", head):
            self.close()
        return int(status[1]), body

    def close(self) -> None:
        """Closes the connection. A later request opens a new one."""
        if self._streams:
            self._streams[1].close()
            self._streams = None

    async def wait_until_past(self, timestamp: datetime, patience_s: float = 10) -> None:
        """Returns once true time is certainly past `timestamp`. Raises ClockNotGood after `patience_s`."""
        end, codes = time.monotonic() + patience_s, []
        while (patience := end - time.monotonic()) > 0:
            try:
                left = (timestamp - (await self.now()).earliest).total_seconds()
                if left < 0:
                    return
            except ClockNotGood as error:  # it may become good again
                left, codes = 0.05, error.codes
            await asyncio.sleep(min(max(left, 0.0005), 1, patience))
        raise ClockNotGood(["not_past", *codes], [f"{timestamp} is not certainly past"])


class FakeAsyncClock(AsyncClock):
    """The FakeClock of ecs_clock.py with `await`."""

    def __init__(self, bound_ms: float = 0.5) -> None:
        self._fake = FakeClock(bound_ms)
        self.fail = self._fake.fail

    async def now(self) -> Now:
        return self._fake.now()
