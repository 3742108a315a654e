#!/usr/bin/env python3
"""Writes the lines of many sidecars over some time, for `ecs-clock-emf report`; as a library, the cases that its page is tested with.

  tests/bench/lines.py --tasks 700                                     a million lines
  tests/bench/lines.py --tasks 10000 | ecs-clock-emf report -          a day of 10,000 tasks, 13 GB

A line a minute of each task, minute after minute, as an export has them. Nothing is random: the same arguments write the
same bytes.
"""

import argparse
import hashlib
import itertools
import os
import sys
from datetime import UTC, datetime, timedelta

DAY = datetime(2026, 11, 28, tzinfo=UTC)
ZONES = "abc"

METRICS = (
    '{"Namespace":"ECS/ClockAccuracy","Dimensions":[["ClusterName","ServiceName"]],"Metrics":['
    '{"Name":"ClockErrorBound","Unit":"Milliseconds"},{"Name":"ClockSynchronized","Unit":"Count"},'
    '{"Name":"ClockReferenceAge","Unit":"Seconds"}]}'
)


class Task:
    """One task. `number` makes its name, its start and its zone."""

    def __init__(self, number, service="ledger"):
        self.name = hashlib.md5(str(number).encode(), usedforsecurity=False).hexdigest()
        self.zone = ZONES[number % len(ZONES)]
        self._first = int(DAY.timestamp() * 1000) + number * 7919 % 60_000
        self._labels = (
            f',"CloudWatchMetrics":[{METRICS}]}},"ClusterName":"production","ServiceName":"{service}",'
            f'"TaskDefinitionFamily":"{service}-task","TaskDefinitionRevision":"7","TaskId":"{self.name}",'
            f'"AvailabilityZone":"us-east-1{self.zone}","LaunchType":"FARGATE",'
        )
        started = DAY - timedelta(seconds=1)
        self._process = f'"StartedAt":"{started:%Y-%m-%dT%H:%M:%S}.{number:09}Z","Version":"0.3.0",'

    def line(self, minute, window):
        """The line of a minute with the members of a window: before and after those of the process."""
        before, after = window
        return f'{{"_aws":{{"Timestamp":{self._first + minute * 60_000}{self._labels}{before}{self._process}{after}'


def window(minute, bounds, status="SYNCHRONIZED", extra=""):
    """The members of a window: its bounds in milliseconds, its status, and further members, each with a comma after it."""
    good = int(status == "SYNCHRONIZED")
    before = (
        f'"ClockSynchronized":{good},"ClockReferenceAge":{2 + minute % 16}.25,'
        f'"MaxClockErrorBound":{max(bounds)},"MeanClockErrorBound":{bounds[0]},"Samples":{len(bounds)},'
        f'"ClockSource":"ecs","ClockSynchronizationStatus":"{status}",{extra}"Sequence":{minute + 1},'
    )
    return before, f'"ClockErrorBound":[{",".join(map(str, bounds))}]}}\n'


def bounds(task_number, minute):
    """Six bounds of a healthy clock, between 0.25 and 0.55 ms, that rise and fall over hours."""
    wave = abs((minute + 37 * task_number) % 240 - 120) / 120
    return [round(0.25 + 0.2 * wave + 0.1 * (seed % 101) / 101, 6) for seed in range(7 * minute, 7 * minute + 6)]


def healthy(tasks, minutes):
    """All lines of healthy tasks, minute after minute."""
    fleet = [Task(number) for number in range(tasks)]
    for minute in range(minutes):
        # One for all tasks, since this writes gigabytes.
        members = window(minute, bounds(0, minute))
        yield from (task.line(minute, members) for task in fleet)


# ---- the cases of the page --------------------------------------------------------------------------------------------


def quiet():
    return healthy(12, 1441)


def one_task():
    return healthy(1, 1441)


def lost_region():
    """Every task loses synchronization for 40 minutes in the afternoon; those of one zone write nothing afterwards."""
    for number, minute in itertools.product(range(30), range(1441)):
        task = Task(number)
        is_lost = 14 * 60 + 5 <= minute < 14 * 60 + 45
        if task.zone == "b" and minute >= 14 * 60 + 45:
            continue
        status = "NOT_SYNCHRONIZED" if is_lost else "SYNCHRONIZED"
        yield task.line(minute, window(minute, bounds(number, minute), status))


def one_bad_of_1000():
    """An hour of 1,000 tasks. One was stepped, was over the limit for a while, and lost a line."""
    for number in range(1000):
        task = Task(number)
        for minute in range(61):
            figures, extra = bounds(number, minute), ""
            if number == 617:
                if minute == 20:
                    extra = '"ClockSteps":1,"ClockStep":[1250.5],"LastClockStep":1250.5,'
                if 40 <= minute < 48:
                    figures = [10 + minute, 10 + minute]
                if minute == 55:
                    continue
            yield task.line(minute, window(minute, figures, extra=extra))


# Each case with its lines and the arguments of `report`.
DAY_ARGUMENTS = ["--from", "2026-11-28T00:02:00Z", "--to", "2026-11-29"]
CASES = {
    "quiet": (quiet, ["--max-error", "2ms", *DAY_ARGUMENTS]),
    "lost-region": (lost_region, ["--max-error", "2ms", *DAY_ARGUMENTS]),
    "one-bad-of-1000": (one_bad_of_1000, ["--max-error", "5ms"]),
    "one-task": (one_task, ["--max-error", "2ms", *DAY_ARGUMENTS]),
    "no-data": (one_task, ["--max-error", "2ms", "--from", "2026-12-24", "--to", "2026-12-25"]),
    "limit-nobody-meets": (quiet, ["--max-error", "100us", *DAY_ARGUMENTS]),
}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tasks", type=int, default=700)
    parser.add_argument("--minutes", type=int, default=1440)
    parser.add_argument("--case", choices=CASES, help="the lines of a case of the page instead")
    arguments = parser.parse_args()
    lines = CASES[arguments.case][0]() if arguments.case else healthy(arguments.tasks, arguments.minutes)
    try:
        sys.stdout.writelines(lines)
        sys.stdout.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
