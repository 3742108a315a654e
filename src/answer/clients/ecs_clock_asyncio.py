"""The asyncio client of ecs_clock.py, which must be beside it. Nothing blocks the event loop.

Keep one client for each event loop:

    clock = AsyncClock(max_error_ms=5)
    timestamp = (await clock.now()).latest  # raises ClockNotGood: refuse the step
    await write(timestamp)
    await clock.wait_until_past(timestamp)  # before anybody sees the write
"""

import asyncio
import time
from datetime import datetime

from ecs_clock import LARGEST_RESPONSE, RESPONSE, Answer, Clock, ClockNotGood, FakeClock, Now
from ecs_clock import no_answer


class AsyncClock:
    """A client that takes what Clock takes. A thousand simultaneous tasks make one request."""

    def __init__(self, *settings, **more) -> None:
        self._settings = Clock(*settings, **more)
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None
        self._flight: asyncio.Task[Answer] | None = None
        self._last = Answer()

    async def now(self) -> Now:
        """The range of true time. Raises ClockNotGood if the clock is not good, or unknown."""
        if now := self._last.at_present(self._settings.cache_s * 1e9):
            return now
        if self._flight is None or self._flight.done():
            self._flight = asyncio.create_task(self._fly())
        # A caller that is cancelled must not cancel the request of the others.
        answer = await asyncio.shield(self._flight)
        if now := answer.at_present(self._settings.valid_for_ms * 1e6):
            return now
        raise ClockNotGood(*answer.refusal)

    async def _fly(self) -> Answer:
        self._last = Answer()
        try:
            self._last = await asyncio.wait_for(self._ask(), self._settings.timeout_s)
        except asyncio.TimeoutError:
            self._last.refusal = no_answer("timed out")
        return self._last

    async def _ask(self) -> Answer:
        answer, received = Answer(), b""
        kept, self._streams = self._streams, None
        streams = kept
        try:
            streams = kept or await asyncio.open_connection(*self._settings.address)
            reader, writer = streams
            writer.write(self._settings.request)
            while not (response := RESPONSE.fullmatch(received.decode(errors="replace"))):
                piece = await reader.read(LARGEST_RESPONSE)
                received += piece
                if not piece or len(received) > LARGEST_RESPONSE:
                    raise ConnectionError(f"not the sidecar: {received[:200]!r}")
            answer.read(response[1], response[2], self._settings.max_error_ms)
            # Kept after a whole response only, so that a late one is never read as the next.
            self._streams = streams
        except OSError as error:
            if kept:  # it may have been closed
                return await self._ask()
            answer.got, answer.refusal = 0, no_answer(error)
        finally:
            if streams and streams is not self._streams:
                streams[1].close()
        return answer

    async def wait_until_past(self, timestamp: datetime, patience_s: float = 10) -> None:
        """Returns once true time is certainly past. Raises ClockNotGood after `patience_s`."""
        end, codes = time.monotonic() + patience_s, []
        while (patience := end - time.monotonic()) > 0:
            try:
                left = (timestamp - (await self.now()).earliest).total_seconds()
                if left < 0:
                    return
            except ClockNotGood as error:  # it may become good again
                left, codes = 0.05, error.codes
            await asyncio.sleep(min(max(left, 0.0005), patience))
        raise ClockNotGood(["not_past", *codes], [f"{timestamp} is not certainly past"])


class FakeAsyncClock(AsyncClock):
    """A clock for your tests: good with the bound `max_error_ms`, not good while it has `codes`."""

    codes: list[str] = []

    async def now(self) -> Now:
        fake = FakeClock(self._settings.max_error_ms)
        fake.codes = self.codes
        return fake.now()
