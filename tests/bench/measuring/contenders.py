"""The programs that are compared, each with the command that starts it."""

from dataclasses import dataclass

ENDLESS = 1_000_000_000
MINUTE_MS = 60_000
INTERVALS_MS = {100: "100 ms", 1_000: "1 s", 10_000: "10 s"}


@dataclass(frozen=True)
class Contender:
    """A program at an interval."""

    name: str
    interval_ms: int
    command: tuple
    binary: object

    @property
    def what(self):
        return f"{self.name}, {INTERVALS_MS[self.interval_ms]}"


def readings(interval_ms):
    """Readings per line: a minute's, but no more than the format allows."""
    return min(MINUTE_MS // interval_ms, 100)


def sidecar(tools, interval_ms, *more, emit="60s"):
    return (tools.sidecar, "run", f"--sample-interval={interval_ms}ms", f"--emit-interval={emit}", "--emit-jitter=0s", *more)


def bare(tools, connection, interval_ms, samples=ENDLESS):
    return (tools.program("bare-loop"), connection, interval_ms, samples)


def reqwest(tools, interval_ms, samples=ENDLESS):
    return (tools.program("reqwest-loop"), interval_ms, samples)


def metrique(tools, interval_ms, samples=ENDLESS, a_line=None):
    return (tools.program("metrique-sidecar"), interval_ms, samples, a_line or readings(interval_ms))


def python(tools, interval_ms):
    return (tools.python, tools.python_sidecar, interval_ms, readings(interval_ms))


def contenders(tools, segment_folder):
    """All that are measured at the same time. The endpoint closes a connection after 5 s, so none is kept at 10 s."""
    found = []
    for interval in INTERVALS_MS:
        kinds = {"sidecar": sidecar(tools, interval)}
        if interval == 10_000:
            kinds["sidecar with listen and segment"] = sidecar(
                tools, interval, "--listen=127.27.80.2:2780", f"--clockbound-directory={segment_folder}"
            )
        kinds |= {
            "bare loop": bare(tools, "new" if interval == 10_000 else "kept", interval),
            "reqwest loop": reqwest(tools, interval),
            "metrique sidecar": metrique(tools, interval),
            "Python sidecar": python(tools, interval),
        }
        found += [Contender(name, interval, command, command[0]) for name, command in kinds.items()]
    return found
