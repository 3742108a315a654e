"""A process's resource usage, as the kernel counts it."""

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Cost:
    """What a process has used since its start."""

    processor_ns: int
    wakeups: int

    def __sub__(self, other):
        return Cost(self.processor_ns - other.processor_ns, self.wakeups - other.wakeups)


@dataclass(frozen=True)
class Held:
    """What a process holds at the moment."""

    resident_kb: int
    anonymous_kb: int
    threads: int


def run_time(schedstat):
    """The first of the three numbers of a `schedstat`: nanoseconds on a processor."""
    return int(schedstat.split()[0])


def member(text, name):
    """The number behind `name:` in a file such as `/proc/PID/status`."""
    for line in text.splitlines():
        key, _, value = line.partition(":")
        if key == name:
            return int(value.split()[0])
    raise ValueError(f"no {name} in {text!r}")


def cost(process):
    """Of all threads that live. Ticks of 10 ms would be too coarse for a program that sleeps."""
    threads = list(Path(f"/proc/{process}/task").iterdir())
    return Cost(
        sum(run_time((thread / "schedstat").read_text()) for thread in threads),
        sum(member((thread / "status").read_text(), "voluntary_ctxt_switches") for thread in threads),
    )


def held(process):
    folder = Path(f"/proc/{process}")
    status = (folder / "status").read_text()
    return Held(
        member(status, "VmRSS"),
        member((folder / "smaps_rollup").read_text(), "Pss_Anon"),
        member(status, "Threads"),
    )


@dataclass(frozen=True)
class Finished:
    """What a process and the children it waited for have used from start to end."""

    code: int
    processor_s: float
    wakeups: int
    largest_kb: int


def run_to_end(command, **options):
    """Runs `command` and waits for it."""
    process = subprocess.Popen([str(part) for part in command], **options)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    return Finished(process.returncode, usage.ru_utime + usage.ru_stime, usage.ru_nvcsw, usage.ru_maxrss)
