"""The alarms for single tasks: their queries by the model of Logs Insights, looked at as often as their schedule says."""

import re
from dataclasses import replace

import pytest
from alarm_evaluator import ALARM, COMPARISONS, OK
from cfn import Deployment
from checks_watching import aggregated
from fleet import BASE, as_task, events_of, stopped, stream
from insights import SEMANTICS, run

MINUTE = 60_000
HEALTHY, SILENT, LOSING, STOPPED, UNIDENTIFIED = range(1, 6)


@pytest.fixture(scope="module", params=SEMANTICS, ids=str)
def semantics(request):
    return request.param


@pytest.fixture(scope="module")
def alarms():
    return Deployment().task_alarms.resources("AWS::CloudWatch::LogAlarm")


@pytest.fixture(scope="module")
def events(runs):
    dead = runs["sidecar dead"]
    return {
        HEALTHY: _forever(events_of(runs["healthy"], HEALTHY, until=20)),
        SILENT: events_of(dead, SILENT, until=9),
        LOSING: _forever(events_of(runs["losing synchronization"], LOSING, until=28)),
        STOPPED: stopped(events_of(runs["healthy"], STOPPED), 8),
        UNIDENTIFIED: _forever(events_of(runs["endpoint down from the start"], UNIDENTIFIED, until=14, identified=False)),
    }


def _forever(events):
    """Goes on as in its last five minutes."""
    last = events[-1].timestamp
    tail = [event for event in events if event.timestamp > last - 5 * MINUTE and "ClockSource" in event.message]
    later = [
        replace(event, timestamp=event.timestamp + n * 5 * MINUTE, ingestion=event.ingestion + n * 5 * MINUTE)
        for n in range(1, 20)
        for event in tail
    ]
    return events + later


def looks(alarm, events, until, semantics):
    """`{minute: {stream: state}}` of each look up to a minute. A stream that is not in an answer is missing: not breaching."""
    scheduled = alarm["ScheduledQueryConfiguration"]
    schedule = scheduled["ScheduleConfiguration"]
    every = int(re.search(r"\d+", schedule["ScheduleExpression"])[0])
    column = scheduled["AggregationExpression"].split(" by ")[0]
    column = {"count(*)": "count(*)"}.get(column, column)
    states = {}
    for minute in range(every, until + 1, every):
        now = BASE + minute * MINUTE
        seen = [e for e in events if now - schedule["StartTimeOffset"] * 1000 <= e.timestamp < now and e.ingestion <= now]
        rows = run(aggregated(scheduled), seen, now, semantics)
        states[minute] = {
            row["@logStream"]: ALARM if COMPARISONS[alarm["ComparisonOperator"]](row[column], float(alarm["Threshold"])) else OK
            for row in rows
        }
    return states


def in_alarm(states):
    return {minute: {name for name, state in found.items() if state == ALARM} for minute, found in states.items()}


def test_the_silent_task_alone_is_told(alarms, events, semantics):
    everything = [event for each in events.values() for event in each]
    told = in_alarm(looks(alarms["TaskSilentAlarm"], everything, 90, semantics))
    # Its last line is of the ninth minute, five minutes of silence are over in the 15th.
    assert {minute for minute, found in told.items() if found} == set(range(15, 66, 5))
    assert set().union(*told.values()) == {stream(SILENT)}


def test_the_silent_one_of_150_is_told(alarms, events, semantics):
    fleet = events[SILENT] + [event for number in range(100, 249) for event in as_task(events[HEALTHY], number)]
    fleet = [event for event in fleet if event.timestamp < BASE + 20 * MINUTE]
    told = in_alarm(looks(alarms["TaskSilentAlarm"], fleet, 20, semantics))
    assert told[20] == {stream(SILENT)}


def test_the_unsynchronized_task_alone_is_told(alarms, events, semantics):
    everything = [event for each in events.values() for event in each]
    told = in_alarm(looks(alarms["TaskNotSynchronizedAlarm"], everything, 60, semantics))
    assert set().union(*told.values()) == {stream(LOSING)}
    # Not synchronized from the sixth to the 16th minute.
    assert told[5] == set() and told[10] == told[15] == {stream(LOSING)} and told[25] == set()


def test_two_bad_minutes_are_not_told(alarms, events, semantics):
    short = [event for event in events[LOSING] if not BASE + 8 * MINUTE <= event.timestamp < BASE + 17 * MINUTE]
    told = in_alarm(looks(alarms["TaskNotSynchronizedAlarm"], short, 60, semantics))
    assert set().union(*told.values()) == set()


def test_without_tasks_nothing_is_told(alarms, semantics):
    for alarm in alarms.values():
        assert set().union(*in_alarm(looks(alarm, [], 30, semantics)).values()) == set()


def test_the_silent_tasks_are_those_of_the_saved_query(alarms):
    saved = Deployment().observability.properties("SilentTasksQuery")["QueryString"]
    alarm = alarms["TaskSilentAlarm"]["ScheduledQueryConfiguration"]["QueryString"]
    first, *_ = saved.split("| fields fromMillis")
    assert alarm.startswith(first) and "filter SilentSeconds > 300" in saved and "filter SilentSeconds > 300" in alarm
