"""Instructions of programs that take samples, and the code that they run through: two runs of each, stopped at different
counts, and their difference."""

import signal
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from . import callgrind
from . import contenders as kinds
from .endpoint import Endpoint
from .row import CACHE_LINES, INSTRUCTIONS, PAGES
from .together import environment

PATIENCE_S = 300


@dataclass(frozen=True)
class Pair:
    """A program, and the number of samples after which its two runs end. `ends`: it ends by itself."""

    what: str
    command: object
    few: int
    many: int
    ends: bool = False


@dataclass(frozen=True)
class Run:
    """How many samples there were, the instructions in all, and how often that of each address ran."""

    samples: int
    instructions: int
    by_address: dict


def pairs(tools, quick):
    """The counts are such that the longer run has whole minutes, or whole lines, more. Without an interval in its name, a
    pair stands for each interval at which a connection is kept."""
    found = [
        Pair("sidecar, 100 ms", lambda _: kinds.sidecar(tools, 100), 51, 151),
        Pair("bare loop", lambda count: kinds.bare(tools, "kept", 20, count), 20, 60, True),
        Pair("bare loop, 10 s", lambda count: kinds.bare(tools, "new", 20, count), 20, 60, True),
        Pair("reqwest loop", lambda count: kinds.reqwest(tools, 20, count), 20, 60, True),
        Pair("metrique sidecar", lambda count: kinds.metrique(tools, 20, count, 60), 60, 180, True),
        Pair("metrique sidecar, a line each", lambda count: kinds.metrique(tools, 20, count, 1), 60, 180, True),
    ]
    if not quick:
        found += [
            Pair("sidecar, 1 s", lambda _: kinds.sidecar(tools, 1_000), 31, 91),
            Pair("sidecar, 1 s, a line each", lambda _: kinds.sidecar(tools, 1_000, emit="1s"), 31, 91),
            Pair("sidecar, 10 s", lambda _: kinds.sidecar(tools, 10_000), 7, 13),
            Pair("reqwest loop, 10 s", lambda count: kinds.reqwest(tools, 10_000, count), 6, 12, True),
            Pair("metrique sidecar, 10 s", lambda count: kinds.metrique(tools, 10_000, count), 6, 12, True),
        ]
    return found


def is_good_start(second):
    """Whether the runs of each pair, begun at this second of a minute, cross as many full minutes as their counts say:
    the shorter run at 10 s ends 50 to 60 s later, the one at 1 s after 30 s, the ones at 100 ms within 20 s."""
    return 10 <= second < 22 or 35 <= second < 38


def await_good_start():
    while not is_good_start(time.time() % 60):
        time.sleep(0.2)


def measure(tools, folder, quick):
    """The figures of a sample, by what it is of."""
    chosen = pairs(tools, quick)
    if not quick:
        await_good_start()
    with ThreadPoolExecutor(2 * len(chosen)) as pool:
        started = [
            (pair, *(pool.submit(run, tools, folder, pair, samples) for samples in (pair.few, pair.many))) for pair in chosen
        ]
        return {pair.what: figures(few.result(), many.result()) for pair, few, many in started}


def figures(few, many):
    addresses = (few.samples, few.by_address), (many.samples, many.by_address)
    return {
        INSTRUCTIONS: callgrind.per_unit((few.samples, few.instructions), (many.samples, many.instructions)),
        PAGES: callgrind.touched(*addresses, callgrind.PAGE),
        CACHE_LINES: callgrind.touched(*addresses, callgrind.CACHE_LINE),
    }


def run(tools, folder, pair, samples):
    profile = folder / f"{pair.what}-{samples}.callgrind"
    with Endpoint(tools.endpoint) as endpoint:
        process = subprocess.Popen(
            callgrind.command(profile, pair.command(samples), by_address=True),
            env=environment(endpoint.base), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        try:
            if not pair.ends:
                endpoint.await_samples(samples, PATIENCE_S, process)
                # The answer is on its way, and the next request is not due yet.
                time.sleep(0.05)
                process.send_signal(signal.SIGTERM)
            process.wait(PATIENCE_S)
        finally:
            process.kill()
            process.wait()
        text = profile.read_text()
        return Run(endpoint.samples(), callgrind.total(text), callgrind.executed(text))
