"""The alarms for single tasks: their queries by the model of Logs Insights, looked at as often as their schedule says."""

import json
import re
from dataclasses import replace

import pytest
from alarm_evaluator import ALARM, COMPARISONS, OK
from cfn import LOG_GROUP_ARN, Deployment
from fleet import BASE, as_task, events_of, stopped, stream
from insights import SEMANTICS, Event, aggregated, run
from insights_parser import parse_query

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
    """Continues as in its last five minutes."""
    last = events[-1].timestamp
    tail = [event for event in events if event.timestamp > last - 5 * MINUTE and "ClockSource" in event.message]
    later = [
        replace(event, timestamp=event.timestamp + n * 5 * MINUTE, ingestion=event.ingestion + n * 5 * MINUTE)
        for n in range(1, 20)
        for event in tail
    ]
    return events + later


def looks(alarm, events, until, semantics):
    """`{minute: {contributor: state}}` of each look up to a minute."""
    every = int(re.search(r"\d+", alarm["ScheduledQueryConfiguration"]["ScheduleConfiguration"]["ScheduleExpression"])[0])
    return {minute: look(alarm, events, BASE + minute * MINUTE, semantics) for minute in range(every, until + 1, every)}


def look(alarm, events, now, semantics):
    """`{contributor: state}`. What is not in an answer is missing: not breaching."""
    scheduled = alarm["ScheduledQueryConfiguration"]
    schedule = scheduled["ScheduleConfiguration"]
    begin, end = now - schedule["StartTimeOffset"] * 1000, now - schedule.get("EndTimeOffset", 0) * 1000
    seen = [e for e in events if begin <= e.timestamp < end and e.ingestion <= now]
    rows = run(scheduled["QueryString"], seen, now, semantics)
    breaches, threshold = COMPARISONS[alarm["ComparisonOperator"]], float(alarm["Threshold"])
    found = aggregated(scheduled["AggregationExpression"], rows, now, semantics)
    return {contributor: ALARM if breaches(value, threshold) else OK for contributor, value in found.items()}


def in_alarm(states):
    return {minute: {name[-1] for name, state in found.items() if state == ALARM} for minute, found in states.items()}


def test_only_the_silent_task_is_reported(alarms, events, semantics):
    everything = [event for each in events.values() for event in each]
    told = in_alarm(looks(alarms["TaskSilentAlarm"], everything, 90, semantics))
    # Its last line is of the ninth minute, five minutes of silence are over in the 15th.
    assert {minute for minute, found in told.items() if found} == set(range(15, 66, 5))
    assert set().union(*told.values()) == {stream(SILENT)}


def test_the_silent_one_of_150_is_reported(alarms, events, semantics):
    fleet = events[SILENT] + [event for number in range(100, 249) for event in as_task(events[HEALTHY], number)]
    fleet = [event for event in fleet if event.timestamp < BASE + 20 * MINUTE]
    told = in_alarm(looks(alarms["TaskSilentAlarm"], fleet, 20, semantics))
    assert told[20] == {stream(SILENT)}


def test_only_the_unsynchronized_task_is_reported(alarms, events, semantics):
    everything = [event for each in events.values() for event in each]
    told = in_alarm(looks(alarms["TaskNotSynchronizedAlarm"], everything, 60, semantics))
    assert set().union(*told.values()) == {stream(LOSING)}
    # Not synchronized from the sixth to the 16th minute.
    assert told[6] == set() and told[12] == told[18] == {stream(LOSING)} and told[30] == set()


def test_two_bad_minutes_are_not_reported(alarms, events, semantics):
    short = [event for event in events[LOSING] if not BASE + 8 * MINUTE <= event.timestamp < BASE + 17 * MINUTE]
    told = in_alarm(looks(alarms["TaskNotSynchronizedAlarm"], short, 60, semantics))
    assert set().union(*told.values()) == set()


def test_without_tasks_nothing_is_reported(alarms, semantics):
    for alarm in alarms.values():
        assert set().union(*in_alarm(looks(alarm, [], 30, semantics)).values()) == set()


@pytest.mark.parametrize("logical", ["TaskSilentAlarm", "TaskNotSynchronizedAlarm"])
def test_the_alarm_means_the_same_however_its_two_texts_are_joined(alarms, logical):
    """Logs Insights takes both as one query as well: no aggregation behind a second stats, and nothing that counts rows or lines."""
    scheduled = alarms[logical]["ScheduledQueryConfiguration"]
    aggregation = scheduled["AggregationExpression"].removesuffix(" | sort desc")
    commands = [command for command, _ in parse_query(f"{scheduled['QueryString']}\n| stats {aggregation}")]
    assert commands.count("stats") == 2 and not {"sort", "limit"} & set(commands)


def test_the_worst_500_contributors_count(alarms, semantics):
    """Of more silent tasks those that have been silent longest, not those whose names come first."""
    scheduled = alarms["TaskSilentAlarm"]["ScheduledQueryConfiguration"]
    rows = [{"SilentSeconds": float(number), "@log": "g", "@logStream": f"{number:04d}"} for number in range(300, 900)]
    kept = aggregated(scheduled["AggregationExpression"], rows, BASE, semantics)
    assert len(kept) == 500 and min(kept.values()) == 400.0


def test_one_alarm_watches_several_services(alarms, events, semantics):
    moved = [replace(event, group="/ecs/clock/production/other") for event in as_task(events[SILENT], 50)]
    told = looks(alarms["TaskSilentAlarm"], events[SILENT] + events[HEALTHY] + moved, 20, semantics)[20]
    assert {name for name, state in told.items() if state == ALARM} == {
        ("123456789012:/ecs/clock/production/ledger", stream(SILENT)), ("123456789012:/ecs/clock/production/other", stream(50)),
    }  # fmt: skip


def line(number, minute, bound, seconds=30):
    at = BASE + minute * MINUTE + seconds * 1000
    return Event(stream(number), at, at + 4000, json.dumps({"ClockSource": "ecs", "MaxClockErrorBound": bound}))


def test_two_tasks_that_may_be_too_far_apart(alarms, semantics):
    """The two largest bounds of a minute: 4.9 + 4.8 is within 10 ms, 5.3 + 4.8 is not; two of one task are not two tasks."""
    alarm = alarms["TaskPairsAlarm"]
    bounds = {1: 4.8, 2: 0.3, 3: 4.9}
    events = [line(number, minute, bound) for minute in range(30) for number, bound in bounds.items()]
    events += [line(3, minute, 4.9, seconds=40) for minute in range(30)]
    assert set().union(*(set(found.values()) for found in looks(alarm, events, 29, semantics).values())) == {OK}
    events += [line(3, minute, 5.3, seconds=50) for minute in range(10, 20)]
    bad = [minute for minute, found in looks(alarm, events, 29, semantics).items() if ALARM in found.values()]
    # Each minute is looked at when it ended two minutes ago.
    assert bad == list(range(13, 23))
    assert (alarm["QueryResultsToAlarm"], alarm["QueryResultsToEvaluate"]) == (3, 5)


def test_the_alarm_for_pairs_is_opt_in():
    assert "TaskPairsAlarm" not in Deployment().task_alarms.with_parameters(PairDistanceMs="").resources()


def test_the_role_queries_the_log_groups_that_are_watched():
    arns = f"{LOG_GROUP_ARN},{LOG_GROUP_ARN}-2"
    stack = Deployment().task_alarms.with_parameters(LogGroupArns=arns)
    statements = stack.properties("QueryRole")["Policies"][0]["PolicyDocument"]["Statement"]
    assert [statement["Resource"] for statement in statements] == [arns.split(","), [f"{arn}:*" for arn in arns.split(",")], "*"]
    for alarm in stack.resources("AWS::CloudWatch::LogAlarm").values():
        assert alarm["ScheduledQueryConfiguration"]["LogGroupIdentifiers"] == arns.split(",")


def test_the_silent_tasks_are_those_of_the_saved_query(alarms):
    saved = Deployment().fleet.properties("SilentTasksQuery")["QueryString"]
    alarm = alarms["TaskSilentAlarm"]["ScheduledQueryConfiguration"]["QueryString"]
    first, *_ = saved.partition("| ")[2].split("| fields fromMillis")
    assert alarm.startswith(first) and "filter SilentSeconds > 300" in saved and "filter SilentSeconds > 300" in alarm
