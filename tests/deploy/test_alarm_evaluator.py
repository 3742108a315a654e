"""The evaluator against the worked examples of the CloudWatch user guide, and its statistics over arrays."""

import json

import pytest
from alarm_evaluator import (
    ALARM,
    INSUFFICIENT_DATA,
    OK,
    Metrics,
    alarm_timeline,
    composite_state,
    next_state,
    statistic,
)

# "Configuring how CloudWatch alarms treat missing data": points from old to new (0 good, X breaching, - missing), then the
# state with missing data treated as missing, breaching and notBreaching.
THREE_OF_THREE = [
    ("0 - X - X", OK, OK, OK),
    ("0 - - - -", OK, OK, OK),
    ("- - - - -", INSUFFICIENT_DATA, ALARM, OK),
    ("0 X X - X", ALARM, ALARM, ALARM),
    ("- - X - -", ALARM, ALARM, OK),
]
TWO_OF_THREE = [
    ("0 - X - X", ALARM, ALARM, ALARM),
    ("0 0 X 0 X", ALARM, ALARM, ALARM),
    ("0 - X - -", OK, ALARM, OK),
    ("- - - - 0", OK, ALARM, OK),
    ("- - - X -", ALARM, ALARM, OK),
]


@pytest.mark.parametrize("treatment", ["missing", "breaching", "notBreaching"])
@pytest.mark.parametrize("m, row", [(3, row) for row in THREE_OF_THREE] + [(2, row) for row in TWO_OF_THREE])
def test_the_guides_tables(m, row, treatment):
    points = [{"0": False, "X": True, "-": None}[mark] for mark in row[0].split()]
    alarm = {"DatapointsToAlarm": m, "EvaluationPeriods": 3, "TreatMissingData": treatment}
    expected = dict(zip(["missing", "breaching", "notBreaching"], row[1:], strict=True))[treatment]
    assert next_state(alarm, points, OK) == expected


@pytest.mark.parametrize("state", [OK, INSUFFICIENT_DATA])
@pytest.mark.parametrize("points", ["- - - - X", "- - - X -"])
def test_a_young_breach_alone_is_no_alarm_yet(points, state):
    alarm = {"DatapointsToAlarm": 3, "EvaluationPeriods": 3, "TreatMissingData": "missing"}
    assert next_state(alarm, [{"X": True, "-": None}[mark] for mark in points.split()], state) == state


def test_an_unknown_treatment_is_an_error():
    with pytest.raises(ValueError, match="maybe"):
        next_state({"DatapointsToAlarm": 1, "EvaluationPeriods": 1, "TreatMissingData": "maybe"}, [None], OK)


@pytest.mark.parametrize("name, expected", [
    ("SampleCount", 4), ("Minimum", 1), ("Maximum", 9), ("Sum", 15), ("Average", 3.75), ("p50", 2), ("p99", 9), ("p0", 1),
])  # fmt: skip
def test_statistics(name, expected):
    assert statistic(name, [9.0, 2.0, 3.0, 1.0]) == expected


@pytest.mark.parametrize("rule, states, expected", [
    ('ALARM("a") OR ALARM("b")', {"a": OK, "b": ALARM}, ALARM),
    ('ALARM("a") OR ALARM("b")', {"a": OK, "b": INSUFFICIENT_DATA}, OK),
    ('ALARM("a") AND ALARM("b") OR ALARM("c")', {"a": ALARM, "b": OK, "c": OK}, OK),
    ('ALARM("a") AND ALARM("b") OR ALARM("c")', {"a": ALARM, "b": ALARM, "c": OK}, ALARM),
    ('ALARM("a") AND ALARM("b") OR ALARM("c")', {"a": OK, "b": OK, "c": ALARM}, ALARM),
])  # fmt: skip
def test_composite(rule, states, expected):
    assert composite_state(rule, states) == expected


def line(timestamp, values):
    return json.dumps({
        "_aws": {"Timestamp": timestamp, "CloudWatchMetrics": [{"Namespace": "N", "Dimensions": [["A"]], "Metrics": [{"Name": "M"}]}]},
        "A": "a", "M": values,
    })  # fmt: skip


MINUTE = 60_000
HIGH = {
    "Namespace": "N", "MetricName": "M", "Dimensions": [{"Name": "A", "Value": "a"}], "Statistic": "Maximum", "Threshold": 5,
    "ComparisonOperator": "GreaterThanThreshold", "EvaluationPeriods": 3, "DatapointsToAlarm": 2, "TreatMissingData": "missing",
}  # fmt: skip


def timeline(lines, last, alarm=HIGH):
    return list(alarm_timeline(alarm, Metrics(lines), 0, last, period_ms=MINUTE, delay_ms=30_000, extra_range=2).values())


def test_lines_become_states():
    highs = [1, 6, 1, 6, 1, 1, 1]
    lines = [((minute + 1) * MINUTE, line(minute * MINUTE + 59_000, [0, high])) for minute, high in enumerate(highs)]
    assert timeline(lines, 11) == [OK, OK, OK, ALARM, OK, OK, OK, OK, OK, OK, OK, INSUFFICIENT_DATA]


def test_all_tasks_of_a_minute_count_together():
    lines = [(MINUTE, line(1000, [1])), (MINUTE, line(2000, [7])), (2 * MINUTE, line(MINUTE, [8]))]
    assert timeline(lines, 1) == [INSUFFICIENT_DATA, ALARM]


def test_a_late_point_counts_once_it_is_there():
    lines = [(MINUTE, line(0, [6])), (5 * MINUTE, line(MINUTE, [6])), (3 * MINUTE, line(2 * MINUTE, [1]))]
    assert timeline(lines, 4) == [INSUFFICIENT_DATA, ALARM, OK, OK, ALARM]


def test_other_dimensions_are_other_metrics():
    other = HIGH | {"Dimensions": [{"Name": "A", "Value": "b"}]}
    assert timeline([(MINUTE, line(0, [9]))], 0, other) == [INSUFFICIENT_DATA]
