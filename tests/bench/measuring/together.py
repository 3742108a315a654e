"""Runs all contenders at the same time, so that other load on the machine affects all of them."""

import os
import subprocess
import time
from contextlib import ExitStack
from dataclasses import dataclass

from . import contenders as kinds
from . import process
from .endpoint import VARIABLE, Endpoint
from .row import CACHE_LINES, INSTRUCTIONS, PAGES, PROCESSOR_TIME, RESIDENT, SAMPLE, WAKE_UPS, Row
from .tools import python_size

TIMES_BARE = "times the bare loop"
# After the start, whose work is done only once.
WARM_UP_S = 12


def environment(base):
    """Only the variables of this process that locate programs."""
    return {"PATH": os.environ["PATH"], VARIABLE: base}


class Running:
    """A contender, its endpoint, and where its lines go."""

    def __init__(self, contender, endpoint_binary, folder, stack):
        self.contender = contender
        self.endpoint = stack.enter_context(Endpoint(endpoint_binary))
        self.output = stack.enter_context(open(folder / f"{contender.what}.log", "wb"))
        self.process = subprocess.Popen(
            [str(part) for part in contender.command],
            env=environment(self.endpoint.base), stdin=subprocess.DEVNULL, stdout=self.output, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        stack.callback(self.end)

    def end(self):
        self.process.kill()
        self.process.wait()

    def snapshot(self):
        if self.process.poll() is not None:
            raise RuntimeError(f"{self.contender.what} has ended with {self.process.returncode}")
        size = os.fstat(self.output.fileno()).st_size
        return Snapshot(process.cost(self.process.pid), self.endpoint.samples(), size)


@dataclass(frozen=True)
class Snapshot:
    """Its cost, its number of samples, and its bytes written."""

    cost: process.Cost
    samples: int
    written: int


def measure(tools, folder, seconds, counts):
    """A row for each contender, with its counted figures."""
    segments = folder / "segment"
    segments.mkdir()
    with ExitStack() as stack:
        chosen = kinds.contenders(tools, segments)
        running = [Running(contender, tools.endpoint, folder, stack) for contender in chosen]
        time.sleep(WARM_UP_S)
        before = [each.snapshot() for each in running]
        time.sleep(seconds)
        after = [each.snapshot() for each in running]
        held = [process.held(each.process.pid) for each in running]
    rows = [
        Row(SAMPLE, contender.what, figures(tools, contender, *of_one, seconds) | counted(contender, counts))
        for contender, *of_one in zip(chosen, before, after, held)
    ]
    compare(chosen, rows)
    return rows


def figures(tools, contender, before, after, held, seconds):
    samples = after.samples - before.samples
    cost = after.cost - before.cost
    disk = python_size(tools.python) if contender.binary == tools.python else contender.binary.stat().st_size
    return {
        "samples": samples,
        PROCESSOR_TIME: cost.processor_ns / 1000 / samples if samples else None,
        TIMES_BARE: None,
        INSTRUCTIONS: None,
        PAGES: None,
        CACHE_LINES: None,
        WAKE_UPS: cost.wakeups / samples if samples else None,
        RESIDENT: held.resident_kb,
        "anonymous, kB": held.anonymous_kb,
        "on disk, MB": disk / 1e6,
        "log, bytes a minute": (after.written - before.written) * 60 / seconds,
    }


def counted(contender, counts):
    """What was counted of it at its interval, or at another one at which it keeps its connection as well."""
    if contender.what in counts or contender.interval_ms == 10_000:
        return counts.get(contender.what, {})
    return counts.get(contender.name, {})


def compare(chosen, rows):
    """Fills in the ratio of each to the bare loop of its interval."""
    times = {(of.name, of.interval_ms): row.figures[PROCESSOR_TIME] for of, row in zip(chosen, rows)}
    for contender, row in zip(chosen, rows):
        own = row.figures[PROCESSOR_TIME]
        base = times["bare loop", contender.interval_ms]
        row.figures[TIMES_BARE] = own / base if own and base else None
