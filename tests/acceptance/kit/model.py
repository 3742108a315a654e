"""The models of CloudWatch that the project's own tests use: metrics, alarms and Logs Insights. They need nothing but Python."""

import json
import sys
from pathlib import Path

TESTS = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(TESTS / "deploy"), str(TESTS / "e2e")]

import alarm_evaluator as evaluator  # noqa: E402
import insights  # noqa: E402
from insights_language import QueryFault  # noqa: E402

__all__ = ["QueryFault", "SEMANTICS", "composite_timeline", "contributors", "emf_lines", "insights", "log_events", "timelines", "transitions"]

MINUTE_MS = 60_000
SEMANTICS = insights.SEMANTICS
# The guide does not say how long after a minute CloudWatch evaluates an alarm, nor how far it looks back. It has one example of
# the latter: two minutes more than the evaluation periods.
TIMING = {"period_ms": MINUTE_MS, "delay_ms": 30_000}
EXTRA_RANGES = (2, 0)


def log_events(events):
    """The kit's events as those of the model of Logs Insights."""
    return [insights.Event(e["stream"], e["timestamp"], e["ingestion"], e["message"]) for e in events]


def emf_lines(events):
    """`(arrival in ms, text)` of the events that are EMF, in the order of their arrival."""
    found = []
    for event in events:
        try:
            root = json.loads(event["message"])
        except ValueError:
            continue
        if isinstance(root, dict) and "_aws" in root:
            found.append((event["ingestion"], event["message"]))
    return sorted(found)


def timelines(alarms, lines, first_ms, last_ms, extra_range):
    """`{alarm name: {minute: state}}` of metric alarms over lines, as the evaluator predicts them."""
    metrics = evaluator.Metrics(lines)
    first, last = first_ms // MINUTE_MS, last_ms // MINUTE_MS
    return {alarm["AlarmName"]: evaluator.alarm_timeline(alarm, metrics, first, last, extra_range=extra_range, **TIMING) for alarm in alarms}


def composite_timeline(rule, states):
    """`{minute: state}` of a composite alarm; None where its rule is not of the known form."""
    minutes = next(iter(states.values())) if states else {}
    try:
        return {m: evaluator.composite_state(rule, {name: found[m] for name, found in states.items()}) for m in minutes}
    except (ValueError, KeyError):
        return None


def transitions(timeline):
    """The minutes at which a timeline enters ALARM, and at which it leaves it again."""
    entered, left, before = [], [], None
    for minute, state in sorted(timeline.items()):
        if state == evaluator.ALARM and before != evaluator.ALARM:
            entered.append(minute)
        if before == evaluator.ALARM and state != evaluator.ALARM:
            left.append(minute)
        before = state
    return entered, left


def contributors(alarm, events, now_ms):
    """Which streams breach in a log alarm at a moment: its query by the model, then its aggregation over the rows."""
    query = alarm["ScheduledQueryConfiguration"]
    schedule = query["ScheduleConfiguration"]
    begin, end = (now_ms - schedule.get(name, 0) * 1000 for name in ("StartTimeOffset", "EndTimeOffset"))
    seen = [event for event in log_events(events) if begin <= event.timestamp <= end]
    rows = insights.run(query["QueryString"], seen, now_ms)
    breaches, threshold = evaluator.COMPARISONS[alarm["ComparisonOperator"]], float(alarm["Threshold"])
    found = insights.aggregated(query["AggregationExpression"], rows, now_ms)
    return {contributor[-1] for contributor, value in found.items() if breaches(float(value), threshold)}
