"""Evaluates CloudWatch alarms over EMF lines, which no offline tool does.

Lines become data points (`emf_extract`), data points become one value per period (over every value in their arrays, whichever
task wrote them), and the values become states as "Configuring how CloudWatch alarms treat missing data" in the CloudWatch user
guide describes it:

- An alarm looks at its *evaluation range*, which is longer than its evaluation periods N. The guide shows a range of 5 for
  N = 3 and gives no formula, so the range is an argument here.
- With N or more points in the range, the N newest count, however old. With fewer, all count, and what is missing to N is
  filled in as TreatMissingData says. M breaching ones make an ALARM.
- In its warm-up an alarm stays INSUFFICIENT_DATA. It ends after its time, or as soon as the range holds N points.
- With `missing`, a range without any point is INSUFFICIENT_DATA; and where every point in the range breaches, and the oldest is
  at least M periods old, that is an ALARM although they are fewer than M.

An alarm over a Metrics Insights query has a state for each series, a *contributor*: OK or ALARM, since a series exists only while
it has data. A series that vanishes is OK.

Of metric math only what the shipped alarm uses is known: `IF`, `FILL(metric, number)`, AND, OR, comparisons and numbers. An
expression over a metric that is missing is missing.

Time may be compressed: `period_ms` is how long one alarm period lasts in the time stamps of the lines.
"""

import ast
import json
import math
import operator
import re
from bisect import bisect_left

from emf_extract import MAX_AGE_MS, MAX_AHEAD_MS, extract
from metrics_insights import parse_select

OK, ALARM, INSUFFICIENT_DATA = "OK", "ALARM", "INSUFFICIENT_DATA"
COMPARISONS = {
    "GreaterThanThreshold": operator.gt,
    "GreaterThanOrEqualToThreshold": operator.ge,
    "LessThanThreshold": operator.lt,
    "LessThanOrEqualToThreshold": operator.le,
}


def statistic(name, values):
    """A CloudWatch statistic over the raw values of one period."""
    if name == "SampleCount":
        return float(len(values))
    if name == "Minimum":
        return min(values)
    if name == "Maximum":
        return max(values)
    if name == "Sum":
        return math.fsum(values)
    if name == "Average":
        return math.fsum(values) / len(values)
    if percentile := re.fullmatch(r"p(\d+(?:\.\d+)?)", name):
        # The value of the nearest rank: this percentage of all values is at most as large.
        rank = math.ceil(float(percentile[1]) / 100 * len(values))
        return sorted(values)[max(rank, 1) - 1]
    raise ValueError(f"unknown statistic {name}")


def next_state(alarm, points, state):
    """The state after looking at `points`: breaching (True), not breaching (False) or missing (None), oldest first."""
    m, n = alarm["DatapointsToAlarm"], alarm["EvaluationPeriods"]
    real = [point for point in points if point is not None]
    if len(real) >= n:
        return ALARM if sum(real[-n:]) >= m else OK
    treatment = alarm["TreatMissingData"]
    if treatment == "breaching":
        return ALARM if sum(real) + n - len(real) >= m else OK
    if treatment == "notBreaching" or sum(real) >= m:
        return ALARM if sum(real) >= m else OK
    if treatment != "missing":
        raise ValueError(f"unknown treatment of missing data: {treatment}")
    if not real:
        return INSUFFICIENT_DATA
    if not all(real):
        return OK
    oldest = next(i for i, point in enumerate(points) if point is not None)
    # Breaching, but too few and too young to decide: the guide says only that it is no ALARM yet.
    return ALARM if len(points) - oldest >= m else state


def accepted(lines):
    """The lines `(arrival in ms, text)` whose time stamp CloudWatch accepts: at most two hours ahead and 14 days old."""
    return [(arrival, line) for arrival, line in lines if -MAX_AGE_MS <= json.loads(line)["_aws"]["Timestamp"] - arrival <= MAX_AHEAD_MS]


class Metrics:
    """Data points with the time at which CloudWatch received them."""

    def __init__(self, lines):
        """`lines`: `(arrival in ms, text)`. A line with a fault is an error: the program under test writes none."""
        self._points = {}
        for arrival, line in lines:
            points, faults = extract(line, arrival)
            if faults:
                raise ValueError(f"{faults} in {line}")
            for point in points:
                key = (point["namespace"], point["metric"], frozenset(point["dimensions"].items()))
                self._points.setdefault(key, []).append((point["timestamp"], arrival, point["values"]))
        for points in self._points.values():
            points.sort(key=lambda point: point[0])

    def keys(self):
        return self._points.keys()

    def values(self, key, begin, end, known_at):
        """All values of a metric with time stamps in [begin, end) that had arrived by `known_at`."""
        points = self._points.get(key, [])
        first, last = (bisect_left(points, moment, key=lambda point: point[0]) for moment in (begin, end))
        return [value for _, arrival, values in points[first:last] if arrival <= known_at for value in values]


def metric_key(metric):
    return (metric["Namespace"], metric["MetricName"], frozenset((d["Name"], d["Value"]) for d in metric["Dimensions"]))


def alarm_value(alarm, metrics, begin, end, known_at):
    """What an alarm compares with its threshold in one period: a statistic of its metric, or its expression; None if missing."""
    if "Metrics" not in alarm:
        values = metrics.values(metric_key(alarm), begin, end, known_at)
        return statistic(alarm.get("Statistic") or alarm["ExtendedStatistic"], values) if values else None
    names, expressions = {}, []
    for query in alarm["Metrics"]:
        if "Expression" in query:
            expressions.append(query)
        else:
            stat = query["MetricStat"]
            values = metrics.values(metric_key(stat["Metric"]), begin, end, known_at)
            names[query["Id"]] = statistic(stat["Stat"], values) if values else None
    returned, = [query["Expression"] for query in expressions if query["ReturnData"]]
    return metric_math(returned, names)


def metric_math(expression, names):
    """The value of a metric math expression in one period. `names`: each metric's value, None if it is missing."""
    source = re.sub(r"\bAND\b", "and", re.sub(r"\bOR\b", "or", expression))
    value = _math(ast.parse(source, mode="eval").body, names)
    return None if value is None else float(value)


_MATH = {ast.Gt: operator.gt, ast.GtE: operator.ge, ast.Lt: operator.lt, ast.LtE: operator.le}


def _math(node, names):
    if isinstance(node, ast.Constant):
        return float(node.value)
    if isinstance(node, ast.Name):
        return names[node.id]
    if isinstance(node, ast.Call) and node.func.id == "FILL":
        value, filler = (_math(argument, names) for argument in node.args)
        return filler if value is None else value
    if isinstance(node, ast.Call) and node.func.id == "IF":
        condition, then, otherwise = (_math(argument, names) for argument in node.args)
        return None if condition is None else then if condition else otherwise
    if isinstance(node, ast.BoolOp):
        values = [_math(value, names) for value in node.values]
        return None if None in values else (all if isinstance(node.op, ast.And) else any)(values)
    if isinstance(node, ast.Compare) and len(node.ops) == 1:
        left, right = _math(node.left, names), _math(node.comparators[0], names)
        return None if left is None or right is None else _MATH[type(node.ops[0])](left, right)
    raise ValueError(f"not known of metric math: {ast.unparse(node)}")


def alarm_points(alarm, metrics, period, *, period_ms, delay_ms, extra_range):
    """What the alarm sees when it looks at a period: for each of its evaluation range the value or None, oldest first."""
    known_at = (period + 1) * period_ms + delay_ms
    seen_from = period - alarm["EvaluationPeriods"] - extra_range + 1
    return [
        alarm_value(alarm, metrics, looked_at * period_ms, (looked_at + 1) * period_ms, known_at)
        for looked_at in range(seen_from, period + 1)
    ]


def warm_up_periods(alarm):
    """The number of periods after its creation for which the alarm may be in its warm-up."""
    return int(alarm.get("WarmUpConfiguration", {}).get("WarmUpPeriodDurationInMinutes", 0))


def alarm_timeline(alarm, metrics, first, last, *, period_ms, delay_ms, extra_range):
    """The alarm's state after each of the periods `first` to `last`, from INSUFFICIENT_DATA and its creation on.

    Periods are numbered by time stamp divided by `period_ms`. Each is looked at `delay_ms` after its end; the evaluation range
    is the alarm's evaluation periods and `extra_range` more.
    """
    breaches, threshold = COMPARISONS[alarm["ComparisonOperator"]], float(alarm["Threshold"])
    states, state, warming = {}, INSUFFICIENT_DATA, warm_up_periods(alarm)
    for period in range(first, last + 1):
        seen = alarm_points(alarm, metrics, period, period_ms=period_ms, delay_ms=delay_ms, extra_range=extra_range)
        points = [None if value is None else breaches(value, threshold) for value in seen]
        if period - first >= warming or len(points) - points.count(None) >= alarm["EvaluationPeriods"]:
            warming = 0
        state = INSUFFICIENT_DATA if warming else next_state(alarm, points, state)
        states[period] = state
    return states


def is_grouped(alarm):
    """Whether the alarm has contributors: it watches a Metrics Insights query."""
    return any(query.get("Expression", "").startswith("SELECT") for query in alarm.get("Metrics", []))


def contributor_alarms(alarm, metrics, only=None):
    """`{dimensions: alarm}`: each contributor of a grouped alarm, or `only` some, as the metric alarm that takes the same states."""
    query, = alarm["Metrics"]
    select = parse_select(query["Expression"])
    settings = {key: value for key, value in alarm.items() if key != "Metrics"} | {
        "Namespace": select.namespace, "MetricName": select.metric, "Statistic": select.statistic, "Period": query["Period"],
    }  # fmt: skip
    return {
        dimensions: settings | {"Dimensions": [{"Name": name, "Value": value} for name, value in sorted(dimensions)]}
        for _, _, dimensions in select.series(metrics.keys())
        if only is None or dimensions in only
    }


def contributor_timelines(alarm, metrics, first, last, *, only=None, **timing):
    """`{dimensions: {period: state}}` of a grouped alarm."""
    return {
        dimensions: {
            period: OK if state == INSUFFICIENT_DATA else state
            for period, state in alarm_timeline(single, metrics, first, last, **timing).items()
        }
        for dimensions, single in contributor_alarms(alarm, metrics, only).items()
    }


def composite_state(rule, states):
    """The state of a composite alarm whose rule joins `ALARM("name")` by AND and OR, given each alarm's state."""
    if not re.fullmatch(r'ALARM\("[^"]+"\)(\s+(AND|OR)\s+ALARM\("[^"]+"\))*', rule):
        raise ValueError(f"a rule of another form: {rule}")
    alternatives = [re.findall(r'ALARM\("([^"]+)"\)', part) for part in re.split(r"\s+OR\s+", rule)]
    return ALARM if any(all(states[name] == ALARM for name in part) for part in alternatives) else OK


def stack_timelines(stack, lines, first, last, **timing):
    """`{logical id: {period: state}}` for every alarm of a stack that has one state, the composite ones included."""
    return timelines_over(stack, Metrics(lines), first, last, **timing)


def timelines_over(stack, metrics, first, last, **timing):
    """The same over data points that several stacks share."""
    alarms = {logical: alarm for logical, alarm in stack.resources("AWS::CloudWatch::Alarm").items() if not is_grouped(alarm)}
    timelines = {logical: alarm_timeline(alarm, metrics, first, last, **timing) for logical, alarm in alarms.items()}
    names = {alarm["AlarmName"]: timelines[logical] for logical, alarm in alarms.items()}
    for logical, composite in stack.resources("AWS::CloudWatch::CompositeAlarm").items():
        timelines[logical] = {
            period: composite_state(composite["AlarmRule"], {name: states[period] for name, states in names.items()})
            for period in range(first, last + 1)
        }
    return timelines
