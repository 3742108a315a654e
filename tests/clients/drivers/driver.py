"""Drives ecs_clock.py, or with the argument `asyncio` ecs_clock_asyncio.py, by the protocol of languages.py."""

import asyncio
import inspect
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta, timezone
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[3] / "src" / "answer" / "clients"))

import ecs_clock
import ecs_clock_asyncio

EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
IS_ASYNC = sys.argv[1:] == ["asyncio"]


async def value(result):
    return await result if inspect.isawaitable(result) else result


def nanoseconds(moment):
    return (moment - EPOCH) // timedelta(microseconds=1) * 1000


def refused(error):
    return f"refused {','.join(error.codes)} {error}"


async def now(clock):
    before = time.time_ns()
    try:
        range_ = await value(clock.now())
    except ecs_clock.ClockNotGood as error:
        return refused(error)
    return f"good {nanoseconds(range_.earliest)} {nanoseconds(range_.latest)} {before} {time.time_ns()}"


async def many(clock, count):
    if IS_ASYNC:
        outcomes = await asyncio.gather(*(now(clock) for _ in range(count)))
    else:
        with ThreadPoolExecutor(count) as pool:
            outcomes = list(pool.map(lambda _: asyncio.run(now(clock)), range(count)))
    good = sum(outcome.startswith("good ") for outcome in outcomes)
    return f"many {good} {count - good}"


async def past(clock, later_ms, patience_ms):
    ticks = 0

    async def tick():
        nonlocal ticks
        while True:
            ticks += 1
            await asyncio.sleep(0.001)

    try:
        timestamp = (await value(clock.now())).latest + timedelta(milliseconds=later_ms)
        ticker = asyncio.create_task(tick())
        await value(clock.wait_until_past(timestamp, patience_ms / 1000))
        ticker.cancel()
        return f"past {nanoseconds(timestamp)} {time.time_ns()} {ticks if IS_ASYNC else '-'}"
    except ecs_clock.ClockNotGood as error:
        return refused(error)


async def interrupted(clock, after_ms):
    try:
        await asyncio.wait_for(clock.now(), after_ms / 1000)
    except asyncio.TimeoutError:
        return "interrupted"
    return "good"


async def fake():
    clock = ecs_clock_asyncio.FakeAsyncClock(0.5) if IS_ASYNC else ecs_clock.FakeClock(0.5)
    first = await now(clock)
    await value(clock.wait_until_past((await value(clock.now())).latest))
    clock.codes = ["not_synchronized"]
    return f"fake {first.split()[0]} {(await now(clock)).split()[1]}"


async def main():
    clock = None
    while line := await asyncio.to_thread(sys.stdin.readline):
        match line.split():
            case ["open", url, max_error_ms, cache_ms, timeout_ms]:
                client = ecs_clock_asyncio.AsyncClock if IS_ASYNC else ecs_clock.Clock
                clock = client(float(max_error_ms), url, float(cache_ms) / 1000, float(timeout_ms) / 1000)
                reply = "opened"
            case ["now"]:
                reply = await now(clock)
            case ["many", count]:
                reply = await many(clock, int(count))
            case ["past", later_ms, patience_ms]:
                reply = await past(clock, float(later_ms), float(patience_ms))
            case ["interrupted", after_ms]:
                reply = await interrupted(clock, float(after_ms))
            case ["fake"]:
                reply = await fake()
        print(reply, flush=True)


asyncio.run(main())
