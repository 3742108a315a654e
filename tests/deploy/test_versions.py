"""Nothing changes for existing users: a fleet of every version, as recorded in tests/data/fleet, in queries and alarms.

Each version has the same tasks, each in one trouble of its clock in the same minutes (tests/data/README.md). The figures here
were read off the recordings.
"""

import json
from pathlib import Path

import pytest
from alarm_evaluator import ALARM, stack_timelines
from cfn import Deployment
from emf_extract import extract
from fleet import VERSIONS, version_recorded
from insights import SEMANTICS, run
from program import binaries
from record_lines import record
from references import Emitted, members_of_query
from test_task_alarms import look

OLD = json.loads((Path(__file__).parent / "data" / "queries-0.1.0.json").read_text())
MINUTE = 60_000
# Minute 0 of all recordings, 05:43 UTC. The queries are asked in minute 10.
START = 1_796_017_380_000
NOW = START + 10 * MINUTE


@pytest.fixture(scope="module")
def recorded():
    """`{version: {task: events}}`"""
    return {version: version_recorded(version) for version in VERSIONS}


@pytest.fixture(scope="module")
def mixed(recorded):
    """A fleet in the middle of its upgrades: the tasks of all versions."""
    return [event for tasks in recorded.values() for events in tasks.values() for event in events]


@pytest.fixture(scope="module", params=SEMANTICS, ids=str)
def answer(request, new, mixed):
    """What a query answers: for each stream the columns asked for."""

    def rows(name, *columns):
        found = run(new[name], mixed, NOW, request.param)
        by_stream = {row["@logStream"]: tuple(row[column] for column in columns) for row in found}
        assert len(by_stream) == len(found)
        return by_stream

    return rows


def minute(moment):
    return (moment.ms - START) // MINUTE


def lines_of(events):
    return [event for event in events if '"_aws"' in event.message]


# ---------------------------------------------------------------------------- saved queries


def test_current_state(answer):
    rows = answer("current-state", "Sidecar", "Status", "ReadingsInLastLine", "BoundMs")
    assert {stream: row[0] for stream, row in rows.items()} == {stream: stream.split()[0] for stream in rows}
    # By its last line every task was synchronized. Not every last line has a minute's readings.
    assert len(rows) == 7 + 8 + 8 and {row[1] for row in rows.values()} == {"SYNCHRONIZED"}
    assert {stream: row[2] for stream, row in rows.items() if row[2] != 6} == {
        "0.1.0 unsynchronized": 5, "0.2.0 unsynchronized": 5, "0.3.0 unsynchronized": 1,
    }  # fmt: skip
    assert [rows[f"{version} drifting"][3] for version in VERSIONS] == [29.706433, 29.791684, 30.40919]


def test_silent_tasks(answer):
    # All other tasks ended in order.
    assert answer("silent-tasks").keys() == {f"{version} healthy" for version in VERSIONS}


def test_worst_tasks(answer):
    rows = answer("worst-tasks", "MaximumMs", "Readings")
    # From 0.2.0 on, the bound includes a step until the source has compared the clock again.
    assert list(rows.items())[:5] == [
        ("0.3.0 step", (250.451938, 43)), ("0.2.0 step", (250.428164, 43)),
        ("0.3.0 drifting", (30.40919, 37)), ("0.2.0 drifting", (29.791684, 37)), ("0.1.0 drifting", (29.706433, 37)),
    ]  # fmt: skip
    assert len(rows) == 23 and {row[0] for row in list(rows.values())[5:]} == {0.446931, 0.4}


def test_unsynchronized(answer):
    rows = answer("unsynchronized", "FirstSeen", "LastSeen", "Lines", "Changes")
    # 0.1.0 counts no changes. One reading of 0.3.0 was taken at the turn of the minute, and has a line of its own.
    assert {stream: (minute(first), minute(last), lines, changes) for stream, (first, last, lines, changes) in rows.items()} == {
        "0.1.0 unsynchronized": (1, 5, 5, None), "0.2.0 unsynchronized": (1, 5, 5, 2), "0.3.0 unsynchronized": (1, 5, 6, 2),
    }  # fmt: skip


def test_bound_unknown(answer):
    # The endpoint gives no reason.
    assert answer("bound-unknown", "Lines", "Source", "Reason") == {f"{version} bound-unknown": (7, "ecs", None) for version in VERSIONS}


def test_by_availability_zone(new, mixed):
    rows = run(new["by-availability-zone"], mixed, NOW)
    # The three with the old reference are in another zone. Of the 20 others, 9 wrote a line from minute 7 on.
    assert [(minute(row["Period"]), row["AvailabilityZone"][:2], row["Tasks"], row["AllSynchronized"]) for row in rows] == [
        (7, "eu", 9, 1), (2, "eu", 20, 0), (2, "us", 3, 1), (-3, "eu", 20, 0), (-3, "us", 3, 1),
    ]  # fmt: skip


def test_reference_age(answer):
    rows = answer("reference-age", "OldestSeconds")
    assert len(rows) == 23
    assert {stream for stream, (age,) in rows.items() if age > 7200} == {f"{version} old-reference" for version in VERSIONS}


def test_read_errors(answer):
    rows = answer("read-errors", "ReadErrorKind", "Errors", "LastMessage")
    assert {stream: row[:2] for stream, row in rows.items()} == {f"{version} read-errors": ("http_status", 30) for version in VERSIONS}
    assert all(message.startswith("status 500 Internal Server Error: Unable to generate") for _, _, message in rows.values())


def test_clock_steps(answer, mixed):
    # A number in 0.1.0, an array from 0.2.0 on.
    rows = answer("clock-steps", "StepMs", "Steps")
    assert rows == {"0.1.0 step": (250.003, 1), "0.2.0 step": (249.945982, 1), "0.3.0 step": (249.951471, 1)}
    # The query of 0.1.0 reads no array.
    assert [row["ClockStep"] for row in run(OLD["clock-steps"], mixed, NOW)] == [250.003]


def test_missed_lines(answer, recorded):
    rows = answer("missed-lines", "Arrived", "Missed", "Duplicates")
    assert rows == {
        f"{version} {task}": (len(lines_of(events)), 0, 0) for version, tasks in recorded.items() for task, events in tasks.items()
    }


def test_delivery_lag(new, mixed):
    rows = run(new["delivery-lag"], mixed, NOW)
    assert sum(row["Lines"] for row in rows) == len(lines_of(mixed))
    # A line is written up to half a minute after the end of its minute.
    assert all(0 < row["MedianSeconds"] <= row["MaximumSeconds"] < 60 for row in rows)


def test_audit(new, mixed, answer):
    row, = run(new["audit"], mixed, NOW)
    assert (row["MinutesNotSynchronized"], row["MinutesWithReadings"], row["WorstBoundMs"]) == (5, 8, 250.454994)
    rows = answer("audit-by-task", "MinutesWithReadings", "MinutesNotSynchronized", "MinutesWithoutReadings")
    tasks = {
        "healthy": (4, 0, 0), "unsynchronized": (6, 4, 0), "bound-unknown": (8, 0, 0), "read-errors": (2, 0, 5), "drifting": (6, 0, 0),
        "old-reference": (5, 0, 0), "step": (7, 0, 0), "disagreement": (4, 0, 0),
    }  # fmt: skip
    # With the readings at the turns of its minutes.
    turned = {"0.3.0 unsynchronized": (7, 5, 0)}
    assert rows == {stream: tasks[stream.split()[1]] for stream in rows} | turned and len(rows) == 23


def test_versions(new, mixed):
    rows = run(new["versions"], mixed, NOW)
    assert {row["Version"]: row["Tasks"] for row in rows} == {"0.1.0": 7, "0.2.0": 8, "0.3.0": 8} and len(rows) == 3


def test_cross_check(answer):
    rows = answer("cross-check", "Disagreements", "Comparisons", "Failed")
    assert rows == {
        f"{version} {task}": row
        for version in ("0.2.0", "0.3.0")
        for task, row in (("disagreement", (4, 4, None)), ("healthy", (0, 4, None)))
    }


def test_task_pairs(answer):
    assert answer("task-pairs").keys() == {"0.2.0 step", "0.3.0 step"}


def test_pauses(answer):
    assert answer("pauses") == {}


def test_diagnostics(new, mixed):
    rows = run(new["diagnostics"], mixed, NOW)
    assert {row["@message"] for row in rows} == {event.message for event in mixed if event not in lines_of(mixed)}
    assert len(rows) == 57 and sum('"message":"stopped"' in row["@message"] for row in rows) == 23 - len(VERSIONS)


def test_every_query_is_here(new):
    tested = {name.removeprefix("test_").replace("_", "-") for name in globals() if name.startswith("test_")}
    assert set(new) - tested == {"audit-by-task"}


# ---------------------------------------------------------------------------- the queries of 0.1.0


@pytest.mark.parametrize("name", sorted(OLD))
def test_a_query_of_0_1_0_finds_its_members(recorded, name):
    emitted = Emitted.of([event.message for events in recorded["0.3.0"].values() for event in lines_of(events)], NOW)
    # The recordings lack LinesDropped, since no line was dropped. test_contract.py has it.
    assert members_of_query(OLD[name]) - emitted.members <= {"LinesDropped"}


@pytest.mark.parametrize("name", ["current-state", "unsynchronized", "read-errors", "reference-age", "worst-tasks", "missed-lines"])
def test_a_query_of_0_1_0_answers_over_each_version_alike(recorded, name):
    tasks = {}
    for version, events_of in recorded.items():
        # The second digit of the ID is the task's number.
        events = [event for task, events in events_of.items() if task != "disagreement" for event in events]
        tasks[version] = sorted(row["TaskId"][1] for row in run(OLD[name], events, NOW))
    assert tasks["0.1.0"] and tasks["0.1.0"] == tasks["0.2.0"] == tasks["0.3.0"]


# ---------------------------------------------------------------------------- metrics and alarms


@pytest.fixture(scope="module")
def written_now(runs, tmp_path_factory):
    """Lines of the present program in all these troubles."""
    if error := next((run.error for run in runs.values() if run.error), None):
        raise error
    lines = [text for run in runs.values() for _, text in run.lines]
    return [*lines, record("disagreement", binaries(), tmp_path_factory.mktemp("compared"))]


def metrics_of(lines):
    points = [point for line in lines for point in extract(line, json.loads(line)["_aws"]["Timestamp"])[0]]
    return {(p["namespace"], p["metric"], p["unit"], p["resolution"], frozenset(p["dimensions"])) for p in points}


def members_of(lines):
    """Each member with the kind of its value."""
    members = [member for line in lines for member in json.loads(line).items()]
    return {(name, float if type(value) is int else type(value)) for name, value in members}


@pytest.mark.parametrize("version", VERSIONS)
def test_the_program_still_writes_every_metric(recorded, written_now, version):
    metrics = metrics_of(event.message for events in recorded[version].values() for event in lines_of(events))
    assert len(metrics) >= 5 and metrics <= metrics_of(written_now)


@pytest.mark.parametrize("version", VERSIONS)
def test_the_program_still_writes_every_member(recorded, written_now, version):
    members = members_of(event.message for events in recorded[version].values() for event in lines_of(events))
    # The step is an array since 0.2.0.
    assert members - members_of(written_now) == ({("ClockStep", float)} if version == "0.1.0" else set())


# The minute after which each alarm goes off in a service that has this task alone. The trouble begins with minute 1, or with 2 in
# `step` and 0 in `old-reference` and `disagreement`. Three bad minutes make most alarms, five that of the unknown bound, two that of
# the cross-check, one that of the step.
ALARMS = {
    "healthy": {},
    "unsynchronized": {"NotSynchronizedAlarm": 3, "PageAlarm": 3},
    "bound-unknown": {"BoundUnknownAlarm": 5, "TicketAlarm": 5},
    "read-errors": {"ReadErrorsAlarm": 3, "TicketAlarm": 3},
    "drifting": {"ErrorBoundAlarm": 3, "PageAlarm": 3},
    "old-reference": {"ReferenceAgeAlarm": 2, "TicketAlarm": 2},
    "step": {"ClockStepAlarm": 2, "TicketAlarm": 2},
    "disagreement": {"CrossCheckAlarm": 1, "TicketAlarm": 1},
}


def alarms_over(events, extra_range):
    """The first minute in ALARM of each alarm that goes off. Each whole minute is evaluated a minute after its end."""
    lines = [(event.timestamp, event.message) for event in lines_of(events)]
    first, last = START // MINUTE, max(arrival for arrival, _ in lines) // MINUTE - 1
    timelines = stack_timelines(Deployment().observability, lines, first, last, period_ms=MINUTE, delay_ms=MINUTE, extra_range=extra_range)
    return {
        alarm: next(period - first for period, state in states.items() if state == ALARM)
        for alarm, states in timelines.items()
        if ALARM in states.values()
    }


@pytest.fixture(params=[2, 5], ids=["range N+2", "range 2N"])
def extra_range(request):
    return request.param


@pytest.mark.parametrize("version", VERSIONS)
def test_each_trouble_sets_off_its_alarm_and_no_other(recorded, version, extra_range):
    found = {task: alarms_over(events, extra_range) for task, events in recorded[version].items()}
    assert found == {task: ALARMS[task] for task in found}


def test_the_mixed_fleet_sets_off_the_alarms_of_its_tasks(mixed, extra_range):
    # All but that of the unknown bound, since other tasks of the service have one.
    assert alarms_over(mixed, extra_range) == {
        "ErrorBoundAlarm": 3, "NotSynchronizedAlarm": 3, "ReferenceAgeAlarm": 2, "ReadErrorsAlarm": 3, "ClockStepAlarm": 2,
        "CrossCheckAlarm": 1, "PageAlarm": 3, "TicketAlarm": 1,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("alarm", "asked", "task"), [("TaskSilentAlarm", 10, "healthy"), ("TaskNotSynchronizedAlarm", 6, "unsynchronized")]
)
@pytest.mark.parametrize("semantics", SEMANTICS, ids=str)
def test_an_alarm_for_single_tasks_names_those_of_every_version(mixed, alarm, asked, task, semantics):
    watching = Deployment().task_alarms.resources("AWS::CloudWatch::LogAlarm")[alarm]
    states = look(watching, mixed, START + asked * MINUTE, semantics)
    assert {stream for (*_, stream), state in states.items() if state == ALARM} == {f"{version} {task}" for version in VERSIONS}
