"""Log events of fleets, made of lines that the real program wrote: stretched to full minutes, multiplied to many tasks."""

import json
import re
from dataclasses import replace
from datetime import datetime

from cfn import TOP
from insights import Event
from runs import MINUTE_MS

STRETCH = 60_000 // MINUTE_MS  # runs.py compresses a minute
BASE = 1_800_000_000_000 // 86_400_000 * 86_400_000 + 12 * 3_600_000  # noon
INGESTION_MS = 4_000

VERSIONS = ["0.1.0", "0.2.0", "0.3.0"]


def task_id(number):
    return f"{number:032x}"


def stream(number):
    return f"clock/ecs-clock-emf/{task_id(number)}"


def events_of(run, number, *, until=None, identified=True):
    """The events of a run as those of task `number`, up to minute `until`; without identity as if the endpoint never answered."""
    if run.error:
        raise run.error
    start = run.steps[0]
    events = []
    for arrival, text in run.lines:
        stamp = json.loads(text)["_aws"]["Timestamp"]
        text = text.replace(f'"Timestamp":{stamp}', f'"Timestamp":{_stretched(stamp, start)}', 1)
        if identified:
            text = re.sub(r'"TaskId":"[^"]*"', f'"TaskId":"{task_id(number)}"', text)
        else:
            text = re.sub(r'"(TaskId|TaskDefinition\w+|AvailabilityZone|LaunchType)":"[^"]*",', "", text)
        at = _stretched(arrival, start)
        events.append(Event(stream(number), at, at + INGESTION_MS, text))
    for text in run.diagnostics:
        at = _stretched(round(datetime.fromisoformat(json.loads(text)["timestamp"]).timestamp() * 1000), start)
        events.append(Event(stream(number), at, at + INGESTION_MS, text))
    end = BASE + (until if until is not None else 10**6) * 60_000
    return sorted((event for event in events if event.timestamp < end), key=lambda event: event.timestamp)


def _stretched(moment, start):
    return BASE + (moment - start) * STRETCH


def stopped(events, at_minute):
    """The events up to a minute, followed by the program's message of an orderly stop."""
    last_word, = [event for event in events if '"message":"stopped"' in event.message]
    at = BASE + at_minute * 60_000
    kept = [event for event in events if event.timestamp < at]
    return [*kept, replace(last_word, timestamp=at, ingestion=at + INGESTION_MS)]


def as_task(events, number):
    """The same events as those of another task."""
    return [
        replace(event, stream=stream(number), message=re.sub(r'"TaskId":"[^"]*"', f'"TaskId":"{task_id(number)}"', event.message))
        for event in events
    ]


def generated(scenario):
    """The events of a scenario of scenarios.py whose lines the log service accepts."""
    lines = [line for task in scenario.tasks for line in task.lines if line.is_taken]
    return [Event(line.stream, line.stamp, line.arrival, line.text) for line in lines]


def recorded(path, name):
    """Recorded lines of version 0.1.0 as the events of one stream."""
    events = []
    for text in path.read_text().splitlines():
        at = json.loads(text)["_aws"]["Timestamp"] + 200
        events.append(Event(f"clock/ecs-clock-emf/{name}", at, at + INGESTION_MS, text))
    return events


def version_recorded(version):
    """The events of each task in the recording of a version. A stream is named after version and task, for the tests to be readable."""
    tasks = {}
    for path in sorted((TOP / "tests" / "data" / "fleet" / version).glob("*.log")):
        stream = f"{version} {path.stem}"
        tasks[path.stem] = [Event(stream, at, at + INGESTION_MS, text) for at, text in map(_exported, path.read_text().splitlines())]
    return tasks


def _exported(line):
    stamp, _, text = line.partition(" ")
    return round(datetime.fromisoformat(stamp).timestamp() * 1000), text
