"""Faults of a clock in the sidecar's lines, minute by minute, each with its launch type."""

from dataclasses import dataclass, field

from scenario_lines import MINUTE_MS, Task, every_sample, taken

# A full minute, in this century.
START = 1_800_000_000_000
THREE_HOURS_MS = 3 * 3600 * 1000


@dataclass
class Scenario:
    """Lines from minute 0 to `minutes`, and how the stack is deployed."""

    tasks: list
    minutes: int
    parameters: dict = field(default_factory=lambda: {"LaunchType": "FARGATE"})

    @property
    def lines(self):
        return taken(self.tasks)


def _fargate(minutes, reading, **task):
    return Scenario([Task(**task).play(every_sample(START, minutes, reading))], minutes)


def _ec2(minutes, reading):
    task = Task(launch_type="EC2", source="kernel").play(every_sample(START, minutes, lambda at: {"age": None, **reading(at)}))
    return Scenario([task], minutes, {"LaunchType": "EC2"})


def _between(first, end, trouble):
    """A reading that is in trouble from minute `first` until `end`."""
    return lambda at: trouble(at) if first * 60 <= at < end * 60 else {}


def _kernel_bound(poll, lost_at=None):
    """The bound of adjtimex with a daemon that polls at this interval: 0.5 ms a second since the last poll, up to the cap."""

    def reading(at):
        since = at % poll if lost_at is None or at < lost_at else at - lost_at
        bound = 0.4 + 0.5 * since
        return {"bound": bound} if bound < 16_000 else {"bound": None, "synchronized": False}

    return reading


def _corrected():
    healthy = Task(id="a" * 32).play(every_sample(START, 10, lambda at: {}))
    # The replacement starts three hours ahead, and is set right in minute 30.
    wrong = every_sample(START + 10 * MINUTE_MS, 35, lambda at: {"ahead": THREE_HOURS_MS if at < 20 * 60 else 0})
    return Scenario([healthy, Task(id="b" * 32).play(wrong)], 45)


def _cross(offset, disagree, bound=0.4, distance=1.0):
    def reading(at):
        # Once a minute, beside the main source.
        return {"bound": bound, **({"cross": (offset, distance, int(disagree))} if at % 60 == 10 else {})}

    return lambda at: reading(at) if at >= 5 * 60 else {"cross": (0.1, distance, 0)} if at % 60 == 10 else {}


def _with_cross_check(reading, minutes=30):
    scenario = _fargate(minutes, reading)
    scenario.parameters["CrossCheck"] = "ntp"
    return scenario


def _answered_until(minute):
    """A cross-check once a minute that gets no answer from a minute on."""

    def reading(at):
        if at % 60 != 10:
            return {}
        return {"cross": (0.1, 1.0, 0)} if at < minute * 60 else {"cross_error": "timeout"}

    return reading


SCENARIOS = {
    "healthy": lambda: _fargate(30, lambda at: {}),
    "healthy EC2, polls of 16 s": lambda: _ec2(30, _kernel_bound(16)),
    "healthy EC2, polls of 64 s": lambda: _ec2(30, _kernel_bound(64)),
    # The daemon loses its source in minute 10; the kernel's bound grows up to its cap, nine hours later.
    "lost time source on EC2": lambda: _ec2(30, _kernel_bound(16, lost_at=600)),
    "lost time source on EC2, for nine hours": lambda: _ec2(560, _kernel_bound(16, lost_at=600)),
    # The endpoint continues to report SYNCHRONIZED with a small bound; the reference was 20 minutes old at the start.
    "lost time source on Fargate": lambda: _fargate(60, lambda at: {"age": 1200.0 + at}),
    "reference of 59 minutes": lambda: _fargate(30, lambda at: {"age": 59 * 60.0}),
    "reference of 61 minutes": lambda: _fargate(30, lambda at: {"age": 61 * 60.0}),
    "corrected by 3 h": _corrected,
    "flapping": lambda: _fargate(40, lambda at: {"synchronized": not 600 <= at < 1200 or at % 20 == 0}),
    "one flap": lambda: _fargate(30, lambda at: {"synchronized": at != 630}),
    "bound unknown for 4 minutes": lambda: _fargate(30, _between(10, 14, lambda at: {"bound": None})),
    "bound unknown for 5 minutes": lambda: _fargate(30, _between(10, 15, lambda at: {"bound": None})),
    "bound unknown of one task of two": lambda: Scenario(
        [Task(id=id * 32).play(every_sample(START, 30, lambda at, id=id: {"bound": None} if id == "b" else {})) for id in "ab"], 30
    ),
    "not synchronized and no bound": lambda: _fargate(30, _between(10, 20, lambda at: {"bound": None, "synchronized": False})),
    "endpoint down": lambda: _fargate(40, _between(10, 20, lambda at: {"error": "timeout"})),
    # Off by 500 ms, unknown to the endpoint.
    "the endpoint lies": lambda: _with_cross_check(_cross(500.0, True, bound=0.1)),
    "the NTP server lies": lambda: _with_cross_check(_cross(-250.0, True)),
    "both are right, their ranges just touch": lambda: _with_cross_check(_cross(1.39, False)),
    # A paused process: no step, no read error, only a late reading.
    "paused": lambda: _fargate(30, lambda at: {"pause": 4200} if at == 610 else {}),
    "one disagreement": lambda: _with_cross_check(
        lambda at: {"cross": (9.0 if at == 610 else 0.1, 1.0, int(at == 610))} if at % 60 == 10 else {}
    ),
    "cross-check that stops being answered": lambda: _with_cross_check(_answered_until(20), 50),
    # No alarm while the stack is new: it waits for an hour.
    "cross-check that never gets an answer": lambda: _with_cross_check(_answered_until(0), 70),
}
