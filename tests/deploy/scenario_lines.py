"""Writes a sidecar's lines for given readings of a clock, so that minutes of faults take no time.

For faults that the program itself cannot be put through here (an EC2 host's kernel, hours, a cross-check). It follows the windows, steps
and damping as the README describes them, and nothing of the program: where the program can play a scenario too, runs.py has it,
and both have to raise the same alarms. Once the program does all of this, a scenario can be moved there.
"""

import json
from dataclasses import dataclass, field

NAMESPACE = "ECS/ClockAccuracy"
MINUTE_MS = 60_000
SAMPLE_MS = 10_000
JITTER_MS = 10_000
DRIVER_MS = 5_000  # the log driver sends this often
# AWS rejects requests from a clock that is further off.
SIGNATURE_MS = 5 * MINUTE_MS
MOST_EARLY_CLOSINGS = 3

UNITS = {
    "ClockErrorBound": "Milliseconds", "ClockSynchronized": "Count", "ClockReferenceAge": "Seconds", "ClockStep": "Milliseconds",
    "ClockReadErrors": "Count", "CrossCheckOffset": "Milliseconds", "CrossCheckErrorBound": "Milliseconds",
    "CrossCheckDisagreement": "Count", "CrossCheckErrors": "Count", "ClockBoundUnknown": "Count",
}  # fmt: skip


@dataclass
class Reading:
    """One sample. `at` is true time in ms, `ahead` the wall clock's lead over it."""

    at: int
    bound: float | None = 0.4
    synchronized: bool = True
    age: float | None = 100.0
    ahead: int = 0
    error: str | None = None
    # Offset, distance and whether the two disagree, of a cross-check right after this sample.
    cross: tuple | None = None
    # The kind of error with which a cross-check failed.
    cross_error: str | None = None
    # How late the loop woke up, in ms.
    pause: int | None = None

    @property
    def wall(self):
        return self.at + self.ahead


@dataclass(frozen=True)
class Written:
    """A line with its stream, the driver's stamp, and the true moment at which it arrives."""

    stream: str
    stamp: int
    arrival: int
    text: str

    @property
    def is_taken(self):
        return abs(self.stamp + DRIVER_MS - self.arrival) <= SIGNATURE_MS


@dataclass
class Task:
    """A task whose sidecar writes. `lines` holds all that it has written."""

    id: str = "0" * 31 + "1"
    launch_type: str = "FARGATE"
    source: str = "ecs"
    cluster: str = "production"
    service: str = "ledger"
    version: str = "0.3.0"
    lines: list = field(default_factory=list)

    def play(self, readings):
        """Reads the clock as often as there are readings, and writes what follows from them."""
        window, early, lost_said, previous = _Window(), 0, False, None
        self._started = readings[0].wall
        for reading in readings:
            if previous is not None and reading.wall // MINUTE_MS != previous.wall // MINUTE_MS and reading.ahead == previous.ahead:
                self._close(window, previous.at // MINUTE_MS * MINUTE_MS + MINUTE_MS + JITTER_MS)
                window, early, lost_said = _Window(), 0, False
            if previous is not None and reading.ahead != previous.ahead:
                step = reading.ahead - previous.ahead
                if early < MOST_EARLY_CLOSINGS:
                    self._close(window, reading.at)
                    self._write(reading.wall, reading.at, {"ClockStep": [float(step)]}, {"Samples": 0, "ClockSteps": 1, "LastClockStep": step})
                    window, early = _Window(), early + 1
                else:
                    window.steps.append(step)
            elif previous is not None and reading.synchronized != previous.synchronized and not reading.error:
                first_loss = not reading.synchronized and not lost_said
                if early < MOST_EARLY_CLOSINGS or first_loss:
                    self._close(window, reading.at)
                    early, lost_said = early + 1, lost_said or not reading.synchronized
                    self._close(_Window([reading], changes=1), reading.at)
                    window, previous = _Window(), reading
                    continue
                window.changes += 1
            window.readings.append(reading)
            if previous is None:
                self._close(window, reading.at)
                window = _Window()
            previous = reading
        self._close(window, previous.at)
        return self

    def _close(self, window, now):
        if not window.readings:
            return
        metrics, members = window.content()
        last = window.readings[-1]
        self._write(last.wall, now, metrics, members)

    def _write(self, timestamp, now, metrics, members):
        ahead = timestamp - now if timestamp - now > MINUTE_MS else 0
        self._sequence = getattr(self, "_sequence", 0) + 1
        directive = {
            "Namespace": NAMESPACE, "Dimensions": [["ClusterName", "ServiceName"]],
            "Metrics": [{"Name": name, "Unit": UNITS[name]} for name in metrics],
        }  # fmt: skip
        arrays = {name: value for name, value in metrics.items() if isinstance(value, list)}
        root = {
            "_aws": {"Timestamp": timestamp, "CloudWatchMetrics": [directive]}, "ClusterName": self.cluster,
            "ServiceName": self.service, "TaskId": self.id, "AvailabilityZone": "eu-west-1a", "LaunchType": self.launch_type,
            **{name: value for name, value in metrics.items() if name not in arrays}, **members, "ClockSource": self.source,
            "Sequence": self._sequence, "StartedAt": str(self._started), "Version": self.version, **arrays,
        }  # fmt: skip
        text = json.dumps(root, separators=(",", ":"))
        self.lines.append(Written(f"clock/ecs-clock-emf/{self.id}", now + ahead, now + DRIVER_MS, text))


@dataclass
class _Window:
    readings: list = field(default_factory=list)
    changes: int = 0
    steps: list = field(default_factory=list)

    def content(self):
        """Metrics and plain members of the window's line."""
        good = [reading for reading in self.readings if not reading.error]
        failed = [reading for reading in self.readings if reading.error]
        bounds = [reading.bound for reading in good if reading.bound is not None]
        ages = [reading.age for reading in good if reading.age is not None]
        crossed = [reading.cross for reading in good if reading.cross]
        metrics, members = {}, {"Samples": len(good)}
        if bounds:
            metrics["ClockErrorBound"] = bounds
            members |= {"MaxClockErrorBound": max(bounds), "MeanClockErrorBound": sum(bounds) / len(bounds)}
        if good:
            metrics["ClockSynchronized"] = int(all(reading.synchronized for reading in good))
            members["ClockSynchronizationStatus"] = "SYNCHRONIZED" if good[-1].synchronized else "NOT_SYNCHRONIZED"
        if ages:
            metrics["ClockReferenceAge"] = max(ages)
        if crossed:
            metrics["CrossCheckOffset"], metrics["CrossCheckErrorBound"] = crossed[-1][:2]
            if disagreements := sum(disagree for _, _, disagree in crossed):
                metrics["CrossCheckDisagreement"] = disagreements
        if unknown := sum(reading.synchronized and reading.bound is None for reading in good):
            metrics["ClockBoundUnknown"] = unknown
            members["BoundUnknownReason"] = "no_estimate"
        if uncrossed := [reading.cross_error for reading in good if reading.cross_error]:
            metrics["CrossCheckErrors"] = len(uncrossed)
            members["CrossCheckErrorKind"] = uncrossed[-1]
        if pauses := [reading.pause for reading in self.readings if reading.pause]:
            members["LongestPause"] = max(pauses)
        if failed:
            metrics["ClockReadErrors"] = len(failed)
            members |= {"ReadErrorKind": failed[-1].error, "ReadErrorMessage": "no answer within 2s"}
        if self.changes:
            members["StatusChanges"] = self.changes
        if self.steps:
            metrics["ClockStep"] = [float(step) for step in self.steps]
            members |= {"ClockSteps": len(self.steps), "LastClockStep": self.steps[-1]}
        return metrics, members


def every_sample(start, minutes, reading):
    """A reading every 10 s; `reading(seconds since the start)` returns its differences from a good one."""
    return [Reading(start + at * 1000, **reading(at)) for at in range(0, minutes * 60, SAMPLE_MS // 1000)]


def taken(tasks):
    """`(arrival, text)` of the lines that the log service accepts, in order of arrival."""
    lines = [(line.arrival, line.text) for task in tasks for line in task.lines if line.is_taken]
    return sorted(lines, key=lambda line: line[0])
