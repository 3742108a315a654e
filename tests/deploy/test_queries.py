"""The saved queries by the model of Logs Insights, over lines that the real program wrote.

The fleets: three tasks and 150, one of them silent, one never identified, one stopped in order, restarts, duplicates, a lost
batch. Each answer holds for everything that the guide leaves open (insights.SEMANTICS). That the model finds something is shown on the
queries of version 0.1.0: over the same lines it finds each of their known defects.
"""

import json
import math
from dataclasses import replace
from pathlib import Path

import pytest
from cfn import Deployment
from fleet import BASE, INGESTION_MS, as_task, events_of, generated, recorded, stopped, stream
from insights import SEMANTICS, Event, Moment, run
from references import filled
from scenarios import SCENARIOS

DATA = Path(__file__).parent / "data"
OLD = json.loads((DATA / "queries-0.1.0.json").read_text())
MINUTE = 60_000
# All that follows is asked in the 20th minute.
ASKED = 20
NOW = BASE + ASKED * MINUTE

HEALTHY, SILENT, UNIDENTIFIED, UNSYNCHRONIZED, STOPPED, RESTARTED, MISCONFIGURED, GATE = range(1, 9)
MANY = range(100, 245)


@pytest.fixture(scope="module", params=SEMANTICS, ids=str)
def semantics(request):
    return request.param


def at(number, minute, text):
    moment = BASE + minute * MINUTE
    return Event(stream(number), moment, moment + INGESTION_MS, text)


@pytest.fixture(scope="module")
def tasks(runs):
    """Each task's events by its number."""
    until = {"until": ASKED}
    healthy = events_of(runs["healthy"], HEALTHY, **until)
    dead = runs["sidecar dead"]
    restarted = events_of(dead, RESTARTED)
    # The second start in minute 12 instead of 27, so that both are seen.
    starts = sorted({json.loads(event.message)["StartedAt"] for event in restarted if "StartedAt" in event.message})
    assert len(starts) == 2
    shifted = [
        replace(event, timestamp=event.timestamp - 15 * MINUTE, ingestion=event.ingestion - 15 * MINUTE) if starts[1] in event.message else event
        for event in restarted
        if "StartedAt" in event.message
    ]
    return {
        HEALTHY: healthy,
        SILENT: events_of(dead, SILENT, until=9),
        UNIDENTIFIED: events_of(runs["endpoint down from the start"], UNIDENTIFIED, until=14, identified=False),
        UNSYNCHRONIZED: events_of(runs["losing synchronization"], UNSYNCHRONIZED, **until),
        STOPPED: stopped(events_of(runs["healthy"], STOPPED), 8),
        RESTARTED: [event for event in shifted if event.timestamp < NOW],
        MISCONFIGURED: [at(MISCONFIGURED, 6, '{"timestamp":"2027-01-15T12:06:00Z","level":"ERROR","message":"emit-interval must divide 60s"}')],
        GATE: [at(GATE, 1, '{"verdict":"good","reasons":[],"source":"ecs"}')],
    }


@pytest.fixture(scope="module")
def three(tasks):
    """Three tasks: a healthy one, a silent one, and one that was never identified, which continues to fail."""
    failing = tasks[UNIDENTIFIED]
    more = [replace(event, timestamp=event.timestamp + 6 * MINUTE, ingestion=event.ingestion + 6 * MINUTE) for event in failing if event.timestamp >= BASE + 8 * MINUTE]
    return tasks[HEALTHY] + tasks[SILENT] + [event for event in failing + more if event.timestamp < NOW]


@pytest.fixture(scope="module")
def fleet(tasks):
    """150 tasks that run or should, and the streams of a stopped one, a misconfigured one and a gate."""
    many = [event for number in MANY for event in as_task(tasks[HEALTHY], number)]
    return many + [event for events in tasks.values() for event in events]


def streams(rows):
    return [row["@logStream"] for row in rows]


def test_every_query_answers_over_every_fleet(new, three, fleet, semantics):
    for name, query in new.items():
        for events in (three, fleet, []):
            rows = run(query, events, NOW, semantics)
            assert all(value is None or value == value for row in rows for value in row.values()), name


# ---------------------------------------------------------------------------- the silent task


def test_the_silent_task_is_the_first_of_the_current_states(new, three, fleet, semantics):
    rows = run(new["current-state"], three, NOW, semantics)
    assert streams(rows)[0] == stream(SILENT) and set(streams(rows)) == {stream(n) for n in (HEALTHY, SILENT, UNIDENTIFIED)}
    rows = run(new["current-state"], fleet, NOW, semantics)
    # Of 150: before it only what was stopped earlier.
    assert streams(rows)[:2] == [stream(STOPPED), stream(SILENT)]
    assert len(rows) == len(set(streams(rows))) == len(MANY) + 6


def test_current_state_says_when_a_line_had_no_reading(new, three, semantics):
    rows = {row["@logStream"]: row for row in run(new["current-state"], three, NOW, semantics)}
    assert rows[stream(UNIDENTIFIED)]["ReadingsInLastLine"] == 0
    assert rows[stream(UNIDENTIFIED)]["Status"] is None
    assert rows[stream(HEALTHY)]["ReadingsInLastLine"] >= 1
    assert rows[stream(HEALTHY)]["Status"] == "SYNCHRONIZED"


def test_silent_tasks_names_them_and_no_others(new, three, fleet, semantics):
    rows = run(new["silent-tasks"], three, NOW, semantics)
    # The unidentified one writes, if only errors.
    assert streams(rows) == [stream(SILENT)]
    assert 10 * 60 <= rows[0]["SilentSeconds"] <= 12 * 60
    assert rows[0]["LastLine"] < Moment(BASE + 9 * MINUTE)
    rows = run(new["silent-tasks"], fleet, NOW, semantics)
    # Neither the stopped one nor the gate; but the one that never wrote a line, and the one whose lines ended in minute 14.
    assert set(streams(rows)) == {stream(n) for n in (SILENT, MISCONFIGURED, UNIDENTIFIED)}
    assert [row["SilentSeconds"] for row in rows] == sorted((row["SilentSeconds"] for row in rows), reverse=True)


@pytest.mark.parametrize("batch", [0, 3])
def test_a_task_that_stopped_and_started_again_can_be_silent(new, tasks, semantics, batch):
    late = [replace(event, stream=stream(STOPPED), timestamp=event.timestamp + 9 * MINUTE) for event in tasks[HEALTHY][: batch * 2]]
    rows = run(new["silent-tasks"], tasks[STOPPED] + late, BASE + 40 * MINUTE, semantics)
    assert streams(rows) == ([stream(STOPPED)] if batch else [])


def test_the_program_says_stopped_when_it_is_stopped(runs):
    assert '"message":"stopped"' in runs["healthy"].diagnostics[-1]


def test_old_current_state_hides_the_silent_task(fleet, three):
    """Newest first, cut at 100: of 150 tasks it is not there. A task without identity fills the table before it."""
    assert len(run(OLD["current-state"], fleet, NOW)) == 100
    silent = stream(SILENT).rpartition("/")[2]
    assert silent not in [row["TaskId"] for row in run(OLD["current-state"], fleet, NOW)]
    # Its lines as they come in a longer time range.
    unidentified = [event for event in three if "TaskId" not in event.message and "ClockSource" in event.message]
    longer = three + [replace(event, timestamp=event.timestamp + 1 + n) for n in range(12) for event in unidentified]
    rows = run(OLD["current-state"], longer, NOW)
    assert sum(row["TaskId"] is None for row in rows) >= 95 and silent not in [row["TaskId"] for row in rows]


# ---------------------------------------------------------------------------- which task


def test_worst_tasks_ranks_by_the_bound_with_true_percentiles(new, runs, fleet, semantics):
    drifting = events_of(runs["drifting"], 9)
    rows = run(new["worst-tasks"], fleet + drifting, BASE + 40 * MINUTE, semantics)
    assert streams(rows)[0] == stream(9) and len(rows) == 100
    readings = sorted(v for e in drifting if "ClockErrorBound" in e.message for v in json.loads(e.message).get("ClockErrorBound", []))
    assert rows[0]["Readings"] == len(readings)
    assert rows[0]["MaximumMs"] == readings[-1]
    assert rows[0]["P99Ms"] == readings[math.ceil(0.99 * len(readings)) - 1]
    assert rows[0]["MeanMs"] == pytest.approx(sum(readings) / len(readings))


def test_old_worst_tasks_takes_the_percentile_of_maxima():
    bounds = [[1.0] * 9 + [50.0]] * 5
    events = [at(1, n, json.dumps({"ClockSource": "ecs", "TaskId": "a", "MaxClockErrorBound": max(b), "MeanClockErrorBound": 5.9, "Samples": 10, "ClockErrorBound": b})) for n, b in enumerate(bounds)]
    old = OLD["worst-tasks"].replace("99)", "50)")
    assert run(old, events, NOW)[0]["P99Ms"] == 50


def test_unsynchronized_names_each_task_and_since_when(new, tasks, fleet, semantics):
    rows = run(new["unsynchronized"], fleet, NOW, semantics)
    assert streams(rows) == [stream(UNSYNCHRONIZED)]
    assert Moment(BASE + 5 * MINUTE) <= rows[0]["FirstSeen"] <= Moment(BASE + 8 * MINUTE)
    nameless = [replace(event, stream=stream(n)) for n in (20, 21) for event in _without_identity(tasks[UNSYNCHRONIZED])]
    assert set(streams(run(new["unsynchronized"], nameless, NOW, semantics))) == {stream(20), stream(21)}
    # The old query merges both into one nameless row.
    rows, = [run(OLD["unsynchronized"], nameless, NOW)]
    assert [row["TaskId"] for row in rows] == [None]


def _without_identity(events):
    return [replace(e, message=json.dumps({k: v for k, v in json.loads(e.message).items() if k not in ("TaskId", "AvailabilityZone")})) for e in events]


def test_read_errors_names_a_task_whose_endpoint_never_answered(new, tasks, semantics):
    two = tasks[UNIDENTIFIED] + [replace(event, stream=stream(30)) for event in tasks[UNIDENTIFIED]]
    rows = run(new["read-errors"], two, NOW, semantics)
    assert set(streams(rows)) == {stream(UNIDENTIFIED), stream(30)}
    errors = sum(json.loads(e.message).get("ClockReadErrors", 0) for e in tasks[UNIDENTIFIED])
    assert [row["Errors"] for row in rows] == [errors, errors] and errors > 10
    assert all(row["LastMessage"] for row in rows)
    old = run(OLD["read-errors"], two, NOW)
    assert [(row["TaskId"], row["Errors"]) for row in old] == [(None, 2 * errors)]


def test_recorded_lines_of_a_task_whose_endpoint_never_answered(new, semantics):
    events = recorded(DATA / "endpoint-down.jsonl", "f" * 32)
    now = events[-1].timestamp + 1000
    for name in ("current-state", "read-errors"):
        assert streams(run(new[name], events, now, semantics)) == [f"clock/ecs-clock-emf/{'f' * 32}"]
    assert run(new["silent-tasks"], events, now, semantics) == []


def test_bound_unknown_names_the_tasks(new, runs, semantics):
    one = events_of(runs["bound unknown"], 40)
    rows = run(new["bound-unknown"], one + events_of(runs["healthy"], 41), BASE + 40 * MINUTE, semantics)
    assert streams(rows) == [stream(40)] and rows[0]["Source"] == "ecs" and rows[0]["Lines"] >= 10


def test_by_availability_zone_counts_tasks_exactly(new, fleet, semantics):
    rows = run(new["by-availability-zone"], fleet, NOW, semantics)
    full = [row for row in rows if row["Period"] == Moment(BASE + 5 * MINUTE) and row["AvailabilityZone"]]
    assert [row["Tasks"] for row in full] == [len(MANY) + len([HEALTHY, SILENT, UNSYNCHRONIZED, STOPPED, RESTARTED])]
    assert full[0]["AllSynchronized"] == 0
    old = [row for row in run(OLD["by-availability-zone"], fleet, NOW) if row["bin(5m)"] == Moment(BASE + 5 * MINUTE)]
    assert full[0]["Tasks"] not in [row["Tasks"] for row in old]


def test_reference_age_names_the_oldest(new, runs, fleet, semantics):
    rows = run(new["reference-age"], fleet + events_of(runs["time source lost"], 50), BASE + 40 * MINUTE, semantics)
    assert streams(rows)[0] == stream(50) and rows[0]["OldestSeconds"] > 3600 and rows[1]["OldestSeconds"] < 3600
    assert len(rows) == len(MANY) + 6


# ---------------------------------------------------------------------------- lines lost, doubled, late


def lines_of(events):
    return [event for event in events if '"ClockSource"' in event.message]


def test_missed_lines_counts_a_lost_batch_exactly(new, tasks, semantics):
    lines = lines_of(tasks[HEALTHY])
    lost = lines[:5] + lines[8:]
    doubled = as_task(lines, 60) + as_task(lines[3:7], 60)
    rows = {(row["@logStream"], row["Start"]): row for row in run(new["missed-lines"], lost + doubled + lines_of(tasks[RESTARTED]), NOW, semantics)}
    by_stream = {}
    for (name, _), row in rows.items():
        by_stream.setdefault(name, []).append(row)
    assert [(row["Missed"], row["Duplicates"]) for row in by_stream[stream(HEALTHY)]] == [(3, 0)]
    assert [(row["Missed"], row["Duplicates"]) for row in by_stream[stream(60)]] == [(0, 4)]
    # A restart begins a new sequence.
    assert [row["Missed"] for row in by_stream[stream(RESTARTED)]] == [0, 0]
    assert next(iter(rows.values()))["@logStream"] == stream(HEALTHY)


def test_old_missed_lines_is_neither_exact_nor_safe_from_duplicates(tasks):
    line = json.loads(lines_of(tasks[HEALTHY])[0].message)
    sequence = [at(1, n, json.dumps(line | {"Sequence": n + 1} | ({"LinesDropped": 7} if n == 3 else {}))) for n in range(400)]
    row, = run(OLD["missed-lines"], [*sequence, sequence[3]], NOW)
    assert row["Missed"] > 0 and row["DroppedBySidecar"] == 14


def test_missed_lines_is_exact_over_many_lines_with_duplicates(new, tasks, semantics):
    line = json.loads(lines_of(tasks[HEALTHY])[0].message)
    sequence = [at(1, n, json.dumps(line | {"Sequence": n + 1} | ({"LinesDropped": 7} if n == 3 else {}))) for n in range(400)]
    row, = run(new["missed-lines"], [*sequence, sequence[3]], NOW, semantics)
    assert (row["Missed"], row["DroppedBySidecar"], row["Duplicates"]) == (0, 7, 1)


def test_delivery_lag_is_a_number(new, tasks, semantics):
    rows = run(new["delivery-lag"], tasks[HEALTHY], NOW, semantics)
    assert rows and all(INGESTION_MS / 1000 <= row["MedianSeconds"] <= row["MaximumSeconds"] < 120 for row in rows)
    # A timestamp is not a number, so the old query shows nothing.
    assert all(row["MedianSeconds"] is None and row["Lines"] for row in run(OLD["delivery-lag"], tasks[HEALTHY], NOW))


# ---------------------------------------------------------------------------- audits and the rest


def minutes_of(events, wanted):
    return {json.loads(e.message)["_aws"]["Timestamp"] // MINUTE for e in lines_of(events) if wanted(json.loads(e.message))}


def test_audit_counts_minutes_of_a_day(new, tasks, semantics):
    events = tasks[UNSYNCHRONIZED] + tasks[HEALTHY]
    row, = run(new["audit"], events, NOW, semantics)
    bad = minutes_of(events, lambda root: root.get("ClockSynchronized") == 0)
    read = minutes_of(events, lambda root: "ClockSynchronized" in root)
    worst = max(v for e in lines_of(events) for v in json.loads(e.message).get("ClockErrorBound", []))
    assert (row["MinutesNotSynchronized"], row["MinutesWithReadings"], row["MinutesWithoutReadings"]) == (len(bad), len(read), 1440 - len(read))
    assert row["WorstBoundMs"] == worst and bad


def test_audit_by_task_counts_the_holes_of_each(new, tasks, semantics):
    lines = lines_of(tasks[HEALTHY])
    holed = [event for event in lines if not BASE + 8 * MINUTE <= json.loads(event.message)["_aws"]["Timestamp"] < BASE + 11 * MINUTE]
    rows = {row["@logStream"]: row for row in run(new["audit-by-task"], holed + as_task(lines, 70), NOW, semantics)}
    assert rows[stream(HEALTHY)]["MinutesWithoutReadings"] == 3
    assert rows[stream(70)]["MinutesWithoutReadings"] == 0
    assert rows[stream(70)]["MinutesNotSynchronized"] == 0


def test_unsynchronized_counts_the_changes(new, semantics):
    row, = run(new["unsynchronized"], generated(SCENARIOS["flapping"]()), NOW, semantics)
    assert 55 <= row["Changes"] <= 60 and row["Lines"] >= 10


def test_a_line_with_too_many_fields_is_not_a_diagnostic(new, semantics):
    events = recorded(DATA / "line-230-fields.jsonl", "wide")
    assert run(OLD["diagnostics"], events, NOW) != []
    assert run(new["diagnostics"], events, NOW, semantics) == []
    assert streams(run(new["current-state"], events, NOW, semantics)) == ["clock/ecs-clock-emf/wide"]
    assert run(new["missed-lines"], events, NOW, semantics)[0]["Missed"] == 0


def test_diagnostics_shows_what_is_not_emf(new, tasks, semantics):
    rows = run(new["diagnostics"], [e for events in tasks.values() for e in events], NOW, semantics)
    assert rows and not any('"_aws"' in row["@message"] for row in rows)
    assert any("emit-interval" in row["@message"] for row in rows)


def test_cross_check_names_the_task_that_disagrees(new, semantics):
    lying, right = generated(SCENARIOS["the endpoint lies"]()), generated(SCENARIOS["both are right, their ranges just touch"]())
    events = lying + [replace(event, stream="clock/ecs-clock-emf/right") for event in right]
    stream_of_lying = lying[0].stream
    rows = run(new["cross-check"], events, NOW, semantics)
    assert streams(rows) == [stream_of_lying, "clock/ecs-clock-emf/right"]
    assert [row["Disagreements"] for row in rows] == [25, 0] and rows[0]["LargestOffsetMs"] == 500


def test_cross_check_says_why_no_comparison_was_made(new, semantics):
    events = generated(SCENARIOS["cross-check that stops being answered"]())
    row, = run(new["cross-check"], events, NOW, semantics)
    assert (row["Comparisons"], row["Failed"], row["LastError"], row["Disagreements"]) == (20, 30, "timeout", 0)


def test_bound_unknown_says_why(new, semantics):
    row, = run(new["bound-unknown"], generated(SCENARIOS["bound unknown for 5 minutes"]()), NOW, semantics)
    assert (row["Reason"], row["Lines"]) == ("no_estimate", 5)


def test_pauses_tells_a_frozen_process_from_a_stepped_clock(new, semantics):
    events = generated(SCENARIOS["paused"]())
    row, = run(new["pauses"], events, NOW, semantics)
    assert (row["LongestPauseMs"], row["Lines"]) == (4200, 1)
    assert run(new["clock-steps"], events, NOW, semantics) == []


def test_task_pairs_names_the_two_whose_clocks_may_be_furthest_apart(new, runs, fleet, semantics):
    drifting, other = events_of(runs["drifting"], 9), as_task(events_of(runs["drifting"], 9), 10)
    rows = run(new["task-pairs"], fleet + drifting + other, BASE + 40 * MINUTE, semantics)
    assert {row["@logStream"] for row in rows} == {stream(9), stream(10)} and len(rows) == 2
    bounds = [max(v for e in lines_of(events) for v in json.loads(e.message).get("ClockErrorBound", [])) for events in (drifting, other)]
    assert [row["LargestBoundMs"] for row in rows] == sorted(bounds, reverse=True)


def test_a_fleets_queries_answer_as_those_of_each_service(new, three, semantics):
    """Over the lines of two services: narrowed down to one by its parameters, and over both with the log group in each row."""
    saved = Deployment().fleet.resources("AWS::Logs::QueryDefinition").values()
    both = three + [replace(event, group="/ecs/clock/production/other", stream=event.stream + "-2") for event in three]
    for query in saved:
        name = query["Name"].rpartition("/")[2]
        one = [{key: value for key, value in row.items() if key != "@log"} for row in run(filled(query, service="ledger"), both, NOW, semantics)]
        assert one == run(new[name], three, NOW, semantics), name
        rows = run(filled(query), both, NOW, semantics)
        if one and "@log" in rows[0] and name not in ("worst-tasks", "task-pairs"):
            assert len({row["@log"] for row in rows}) == 2 and len(rows) == 2 * len(one), name
