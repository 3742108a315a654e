"""A model of Logs Insights: runs a query over log events by the CloudWatch Logs user guide.

There is no local engine, and the emulators answer *Complete* to nonsense. Only what the shipped queries use is modelled:

- Fields are discovered in messages that are a JSON object: members with dots, items of arrays as `.0`, the first 200.
- What is absent is null. Arithmetic takes numbers alone, so that with a null or a timestamp it is null; a comparison with null
  holds for no row. Aggregates leave nulls out, `count(*)` counts rows. Rows whose `by` fields are null make a group.
- `dedup` keeps every row whose field is null, and only `limit` may follow it. `stats` may occur twice; sort and limit follow the last.
- `count_distinct` is approximate where there are many values; here that is made visible.

Where the guide leaves the behaviour open, a query must not depend on it: `Semantics` has the options, and tests run each.
"""

import json
import math
from dataclasses import dataclass
from functools import cache
from itertools import chain, count

from insights_language import AGGREGATES, DISCOVERED_FIELDS, MOST_ROWS, MOST_STATS, QueryFault, period_ms
from insights_parser import parse_query

MOST_CONTRIBUTORS = 500
# The default log group of an event. (Not from cfn.py: the acceptance kit uses this model with Python alone.)
ACCOUNT, LOG_GROUP = "123456789012", "/ecs/clock/production/ledger"
# The count from which the model's count_distinct is off, and by how much; neither figure is documented.
DISTINCT_EXACTLY, DISTINCT_ERROR = 100, 0.02


@dataclass(frozen=True, order=True)
class Moment:
    """A timestamp, which is not a number."""

    ms: float


@dataclass(frozen=True)
class Event:
    """A log event: its stream, the driver's stamp and the moment of its arrival in ms, its text, and its log group."""

    stream: str
    timestamp: int
    ingestion: int
    message: str
    group: str = LOG_GROUP


@dataclass(frozen=True)
class Semantics:
    """Behaviour that the guide leaves open."""

    # Of a field that the newest event lacks: the value of the newest that has it, or null.
    latest_skips_null: bool = True
    # The position of rows with null in a sort.
    nulls_first: bool = False


SEMANTICS = [Semantics(skips, first) for skips in (True, False) for first in (True, False)]


@cache
def discovered(event):
    """The fields that Logs Insights finds in an event."""
    fields = {
        "@timestamp": Moment(event.timestamp), "@ingestionTime": Moment(event.ingestion), "@logStream": event.stream,
        "@message": event.message, "@log": f"{ACCOUNT}:{event.group}",
    }  # fmt: skip
    try:
        root = json.loads(event.message)
    except ValueError:
        return fields
    if isinstance(root, dict):
        for _, (name, value) in zip(range(DISCOVERED_FIELDS), _flattened(root, ""), strict=False):
            fields[name] = value
    return fields


def _flattened(value, prefix):
    items = value.items() if isinstance(value, dict) else enumerate(value)
    for key, item in items:
        name = f"{prefix}{key}"
        if isinstance(item, dict | list):
            yield from _flattened(item, f"{name}.")
        elif item is not None:
            yield name, item


def run(query, events, now_ms, semantics=Semantics()):
    """The rows of a query's answer, each a mapping from column to value (None for null)."""
    rows = [discovered(event) for event in events]
    rows.sort(key=lambda row: row["@timestamp"], reverse=True)
    columns, done, defined = [], [], None
    for command, arguments in parse_query(query):
        _check_order(command, done)
        done.append(command)
        step = _Step(now_ms, semantics, defined)
        if command == "filter":
            rows = [row for row in rows if step.truth(arguments, row)]
        elif command in ("fields", "display"):
            rows = [row | {name: step.value(expression, row) for name, expression in arguments} for row in rows]
            names = [name for name, _ in arguments]
            columns = names if command == "display" else list(dict.fromkeys(columns + names))
            defined = defined and defined | set(names)
        elif command == "unnest":
            rows = step.unnest(arguments, rows)
        elif command == "stats":
            rows, columns = step.stats(arguments, rows)
            defined = set(columns)
        elif command == "sort":
            rows = step.sort(arguments, rows)
        elif command == "dedup":
            rows = _dedup(arguments, rows)
        elif command == "limit":
            rows = rows[:arguments]
    if not columns:
        columns = ["@timestamp", "@message"]
    return [{name: row.get(name) for name in columns} for row in rows[:MOST_ROWS]]


def aggregated(expression, rows, now_ms, semantics=Semantics()):
    """A log alarm's view of a query's rows: `{contributor: value}`, at most 500 by the documents.

    With `| sort desc` those with the largest values, otherwise the first by name. A value of null is no result.
    """
    text, _, order = expression.partition(" | ")
    if order not in ("", "sort desc"):
        raise QueryFault(f"not known of an aggregation: {order}")
    (_, (aggregates, groups)), = parse_query(f"stats {text}")
    if len(aggregates) != 1:
        raise QueryFault(f"an aggregation makes one value: {text}")
    names = [name for name, _ in groups]
    made, _ = _Step(now_ms, semantics, None).stats((aggregates, groups), rows)
    found = {tuple(row[name] for name in names): row[aggregates[0][0]] for row in made}
    found = {contributor: value for contributor, value in found.items() if value is not None}
    worst_first = sorted(found.items(), key=lambda pair: -pair[1]) if order else sorted(found.items())
    return dict(worst_first[:MOST_CONTRIBUTORS])


def _check_order(command, done):
    if "dedup" in done and command != "limit":
        raise QueryFault(f"{command} behind dedup: only limit may follow it")
    if command == "stats" and done.count("stats") == MOST_STATS:
        raise QueryFault(f"more than {MOST_STATS} stats")
    if command == "stats" and {"sort", "limit"} & set(done) and "stats" in done:
        raise QueryFault("sort and limit belong behind the last stats")


def _dedup(names, rows):
    seen, kept = set(), []
    for row in rows:
        key = tuple(row.get(name) for name in names)
        if None in key or key not in seen:
            kept.append(row)
        seen.add(key)
    return kept


def _fields_in(expression, where, called=False):
    """The fields that an expression reads in the arguments of calls, or beside them."""
    if isinstance(expression, list):
        for part in expression:
            yield from _fields_in(part, where, called)
    elif expression[0] == "field":
        if called == (where == "in calls"):
            yield expression[1]
    elif expression[0] not in ("number", "text", "pattern", "period"):
        for part in expression[1:]:
            if isinstance(part, list | tuple):
                yield from _fields_in(part, where, called or expression[0] == "call")


def _number(value):
    """A value as a number, null unless it is one. Discovered fields that look like numbers are."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int | float):
        return float(value)
    try:
        return float(value) if isinstance(value, str) else None
    except ValueError:
        return None


class _Step:
    def __init__(self, now_ms, semantics, defined):
        self._now_ms, self._semantics, self._defined = now_ms, semantics, defined

    def truth(self, expression, row):
        return self.value(expression, row) is True

    def value(self, expression, row):
        kind = expression[0]
        if kind in ("number", "text", "pattern", "period"):
            return expression[1]
        if kind == "field":
            return self._field(expression[1], row)
        if kind == "call":
            return self._call(expression[1], expression[2], row)
        if kind == "not":
            return not self.truth(expression[1], row)
        if kind in ("and", "or"):
            left, right = self.truth(expression[1], row), self.truth(expression[2], row)
            return (left and right) if kind == "and" else (left or right)
        left, right = self.value(expression[1], row), self.value(expression[2], row)
        return self._arithmetic(kind, left, right) if kind in "+-*/%" else self._compare(kind, left, right)

    def _field(self, name, row):
        if self._defined is not None and name not in self._defined:
            raise QueryFault(f"{name} is not there behind stats")
        if name in row:
            return row[name]
        # A member of a structure that jsonParse made.
        head, _, rest = name.partition(".")
        value = row.get(head)
        for key in rest.split(".") if rest else []:
            if isinstance(value, dict):
                value = value.get(key)
            elif isinstance(value, list) and key.isdigit() and int(key) < len(value):
                value = value[int(key)]
            else:
                return None
        return value if rest else None

    @staticmethod
    def _arithmetic(operator, left, right):
        left, right = _number(left), _number(right)
        if left is None or right is None or (operator in "/%" and right == 0):
            return None
        return {
            "+": left + right, "-": left - right, "*": left * right,
            "/": left / right if right else None, "%": math.fmod(left, right) if right else None,
        }[operator]  # fmt: skip

    @staticmethod
    def _compare(operator, left, right):
        if left is None or right is None:
            return False
        if operator.endswith("like"):
            found = bool(right.search(str(left)) if hasattr(right, "search") else right in str(left))
            return found != (operator == "not like")
        if not isinstance(left, Moment) and _number(left) is not None and _number(right) is not None:
            left, right = _number(left), _number(right)
        elif type(left) is not type(right):
            return False
        return {
            "=": left == right, "!=": left != right, "<": left < right, ">": left > right, "<=": left <= right, ">=": left >= right,
        }[operator]  # fmt: skip

    def _call(self, name, arguments, row):
        if name in AGGREGATES:
            raise QueryFault(f"{name} belongs into stats")
        if name.lower() == "ispresent":
            return self.value(arguments[0], row) is not None
        if name == "now":
            return self._now_ms // 1000
        if name == "bin":
            return self._floored(row["@timestamp"], arguments[0][1])
        values = [self.value(argument, row) for argument in arguments]
        if name == "coalesce":
            return next((value for value in values if value is not None), None)
        if values[0] is None:
            return None
        if name == "datefloor":
            return self._floored(values[0], values[1])
        if name == "toMillis":
            return values[0].ms if isinstance(values[0], Moment) else None
        if name == "fromMillis":
            return None if _number(values[0]) is None else Moment(_number(values[0]))
        if name == "strcontains":
            return 1 if str(values[1]) in str(values[0]) else 0
        if name == "jsonParse":
            try:
                return json.loads(values[0])
            except ValueError:
                return None
        numbers = [_number(value) for value in values]
        if name == "abs":
            return None if numbers[0] is None else abs(numbers[0])
        if name in ("greatest", "least"):
            return None if None in numbers else (max if name == "greatest" else min)(numbers)
        raise QueryFault(f"{name} is not in the model")

    @staticmethod
    def _floored(moment, period):
        if not isinstance(moment, Moment):
            return None
        length = period_ms(period)
        return Moment(moment.ms // length * length)

    def unnest(self, arguments, rows):
        field, into = arguments
        made = []
        for row in rows:
            value = self._field(field, row)
            made += [row | {into: item} for item in (value if isinstance(value, list) else [value])]
        return made

    def sort(self, keys, rows):
        for name, order in reversed(keys):
            if self._defined is not None and name not in self._defined:
                raise QueryFault(f"sort by {name}, which is not there")
            absent = [row for row in rows if row.get(name) is None]
            present = [row for row in rows if row.get(name) is not None]
            try:
                present.sort(key=lambda row: row[name], reverse=order == "desc")
            except TypeError:
                present.sort(key=lambda row: str(row[name]), reverse=order == "desc")
            rows = absent + present if self._semantics.nulls_first else present + absent
        return rows

    # ------------------------------------------------------------------------------------------------ stats

    def stats(self, arguments, rows):
        aggregates, groups = arguments
        expressions = [expression for _, expression in aggregates]
        if ambiguous := set(_fields_in(expressions, "beside calls")) & set(_fields_in(expressions, "in calls")):
            raise QueryFault(f"{sorted(ambiguous)} name both a field that is read and a column that is made")
        grouped = {}
        for row in rows:
            key = tuple(self.value(expression, row) for _, expression in groups)
            grouped.setdefault(key, []).append(row)
        made = []
        for key, members in grouped.items():
            row = dict(zip((name for name, _ in groups), key, strict=True))
            # An aggregate may name those before it.
            for name, expression in aggregates:
                row[name] = self._aggregate(expression, members, row)
            made.append(row)
        names = [name for name, _ in chain(groups, aggregates)]
        if len(set(names)) < len(names):
            raise QueryFault(f"two columns of one name: {names}")
        return made, names

    def _aggregate(self, expression, rows, before):
        kind = expression[0]
        if kind == "number":
            return expression[1]
        if kind == "field":
            if expression[1] not in before:
                raise QueryFault(f"{expression[1]} is neither an aggregate nor a column before")
            return before[expression[1]]
        if kind in ("+", "-", "*", "/", "%"):
            return self._arithmetic(kind, *(self._aggregate(part, rows, before) for part in expression[1:]))
        if kind != "call" or expression[1] not in AGGREGATES:
            raise QueryFault(f"not an aggregate: {expression}")
        name, arguments = expression[1], expression[2]
        if name == "count" and not arguments:
            return len(rows)
        if name in ("latest", "earliest"):
            return self._outermost(name, arguments[0], rows)
        values = [value for row in rows if (value := self.value(arguments[0], row)) is not None]
        return self._combined(name, values, arguments)

    def _outermost(self, name, argument, rows):
        # Rows of the same instant in either order: the later of two lines of one millisecond is not known.
        ordered = sorted(zip(rows, count(), strict=False), key=lambda pair: (pair[0]["@timestamp"].ms, -pair[1]))
        ordered = [row for row, _ in ordered]
        if name == "latest":
            ordered.reverse()
        values = [self.value(argument, row) for row in ordered]
        if self._semantics.latest_skips_null:
            values = [value for value in values if value is not None]
        return values[0] if values else None

    @staticmethod
    def _combined(name, values, arguments):
        if name == "count":
            return len(values)
        if name == "count_distinct":
            distinct = len(set(values))
            return distinct if distinct <= DISTINCT_EXACTLY else round(distinct * (1 - DISTINCT_ERROR))
        if name in ("max", "min") and values and all(isinstance(value, Moment) for value in values):
            return max(values) if name == "max" else min(values)
        numbers = [number for value in values if (number := _number(value)) is not None]
        if not numbers:
            return None
        if name == "pct":
            return sorted(numbers)[max(math.ceil(arguments[1][1] / 100 * len(numbers)), 1) - 1]
        return {"max": max, "min": min, "sum": math.fsum, "avg": lambda all: math.fsum(all) / len(all)}[name](numbers)
