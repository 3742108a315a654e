"""The model of Logs Insights against what the user guide says, rule by rule, and the language check against inventions."""

import json

import pytest
from cfn import Deployment
from insights import SEMANTICS, Event, Moment, Semantics, discovered, run
from insights_language import COMMANDS, PERIOD_MS, QueryFault, period_ms
from insights_parser import parse_query
from references import queries

NOW = 1_800_000_000_000


def event(ms, text, stream="s"):
    return Event(stream, NOW + ms, NOW + ms + 1000, text if isinstance(text, str) else json.dumps(text))


def answer(query, *roots, semantics=Semantics()):
    return run(query, [event(n, root) for n, root in enumerate(roots)], NOW, semantics)


@pytest.mark.parametrize("query, complaint", [
    ("fields max_bound(a)", "no such function: max_bound"),
    ("stats median(a)", "no such function: median"),
    ("filter ispresent(a, b)", "takes 1 to 1"),
    ("stats pct(a)", "pct takes 2 to 2"),
    ("stats total(a) as b by c", "no such function: total"),
    ("order a", "no such command: order"),
    ("where a = 1", "no such command: where"),
    ("pattern @message", "pattern is not in the model"),
    ("stats count(*) by bin(300s)", "300s is not a period"),
    ("stats count(*) by bin(60m)", "60m is not a period"),
    ("limit 10001", "limit takes 1 to 10000"),
    ("limit 0", "limit takes 1 to 10000"),
    ("filter a == 1", "expected a value"),
    ("fields a b", "left over: 'b'"),
    ("unnest a", "expected 'into'"),
    ("filter (a = 1", "expected '\\)'"),
])  # fmt: skip
def test_what_the_language_does_not_have_is_refused(query, complaint):
    with pytest.raises(QueryFault, match=complaint):
        parse_query(query)


@pytest.mark.parametrize("query, complaint", [
    ("stats count(*) as n | filter a = 1", "a is not there behind stats"),
    ("stats count(*) as n | sort a", "sort by a, which is not there"),
    ("dedup a | sort b", "sort behind dedup"),
    ("stats count(*) as a by b | stats count(*) as c by a | stats count(*) as d", "more than 2 stats"),
    ("stats count(*) as a by b | sort a | stats count(*) as c", "belong behind the last stats"),
    ("stats a + 1", "a is neither an aggregate nor a column before"),
    ("stats count(*) as a, sum(b) as a", "two columns of one name"),
    ("stats sum(a) as a, a + 1 as b", "name both a field"),
    ("fields sum(a)", "sum belongs into stats"),
])  # fmt: skip
def test_an_order_that_is_not_taken_is_refused(query, complaint):
    with pytest.raises(QueryFault, match=complaint):
        answer(query, {"a": 1, "b": 2})


def test_every_name_in_every_shipped_query_is_documented():
    for stack in Deployment().stacks.values():
        for text in queries(stack).values():
            assert {command for command, _ in parse_query(text)} <= COMMANDS


def test_fields_are_discovered_with_dots_and_indices_and_no_more_than_200():
    fields = discovered(event(0, {"a": {"b": [1, {"c": 2}]}, "n": None}))
    assert {name: value for name, value in fields.items() if not name.startswith("@")} == {"a.b.0": 1, "a.b.1.c": 2}
    assert "f199" in discovered(event(0, {f"f{n}": n for n in range(210)}))
    assert "f200" not in discovered(event(0, {f"f{n}": n for n in range(210)}))
    assert set(discovered(event(0, "plain"))) == set(discovered(event(0, "[1]"))) == {"@timestamp", "@ingestionTime", "@logStream", "@message", "@log"}


def test_arithmetic_takes_numbers():
    row, = answer("fields @ingestionTime - 1 as a, toMillis(@ingestionTime) - 1 as b, missing + 1 as c, '2' * 3 as d, a.x - 1 as e", {"x": "y"})
    assert row == {"a": None, "b": NOW + 999, "c": None, "d": 6, "e": None}


@pytest.mark.parametrize("condition, kept", [
    ("a = 1", [1]), ("a != 1", [2]), ("not ispresent(a)", [None]), ("a < 2 or a > 1", [2, 1]), ("isPresent(a) and a >= 2", [2]),
    ("a like /1/", [1]), ("a not like /1/", [2]), ("(a = 1 or a = 2) and not a = 2", [1]),
])  # fmt: skip
def test_a_comparison_with_null_holds_for_no_row(condition, kept):
    assert [row["a"] for row in answer(f"fields a | filter {condition}", {"a": 1}, {"a": 2}, {"b": 0})] == kept


def test_dedup_keeps_every_row_with_null():
    rows = answer("fields a, b | sort @timestamp desc | dedup a", {"a": 1, "b": 1}, {"a": 1, "b": 2}, {"b": 3}, {"b": 4})
    assert [row["b"] for row in rows] == [4, 3, 2]


def test_stats_leave_nulls_out_and_group_them():
    rows = answer("stats count(*) as n, count(a) as with, sum(a) as sum, avg(a) as mean, min(a) as least by g", {"a": 1, "g": "x"}, {"g": "x"}, {"a": 4}, {"a": 6})
    assert sorted(rows, key=str) == sorted([
        {"g": "x", "n": 2, "with": 1, "sum": 1, "mean": 1, "least": 1}, {"g": None, "n": 2, "with": 2, "sum": 10, "mean": 5, "least": 4},
    ], key=str)  # fmt: skip
    assert answer("stats sum(a) as s by g", {"g": 1}) == [{"g": 1, "s": None}]


def test_aggregates_may_name_those_before_them():
    assert answer("stats max(a) as high, min(a) as low, high - low + 1 as span", {"a": 3}, {"a": 7}) == [{"high": 7, "low": 3, "span": 5}]


@pytest.mark.parametrize("semantics", SEMANTICS, ids=str)
def test_latest_where_the_newest_lacks_the_field(semantics):
    row, = answer("stats latest(a) as a, earliest(a) as first", {"a": 1}, {"a": 2}, {"b": 0}, semantics=semantics)
    assert row == {"a": 2 if semantics.latest_skips_null else None, "first": 1}


def test_count_distinct_is_exact_for_few_alone():
    assert answer("stats count_distinct(a) as n", *({"a": n % 90} for n in range(300))) == [{"n": 90}]
    assert answer("stats count_distinct(a) as n", *({"a": n} for n in range(300)))[0]["n"] != 300


def test_arrays_are_unnested():
    rows = answer("fields jsonParse(@message) as m | unnest m.v into x | stats pct(x, 50) as half, count(x) as n by m.k", {"k": "a", "v": [3, 1, 2]}, {"k": "b", "v": 9}, {"k": "c"})
    # A value that is not a list counts as a list of one item.
    assert {row["m.k"]: (row["half"], row["n"]) for row in rows} == {"a": (2, 3), "b": (9, 1), "c": (None, 0)}


def test_time_functions():
    row, = answer("fields datefloor(@timestamp, 1h) as hour, fromMillis(toMillis(@timestamp)) as same, now() as seconds, bin(5m) as bin", {})
    assert row == {"hour": Moment(NOW // 3_600_000 * 3_600_000), "same": Moment(NOW), "seconds": NOW // 1000, "bin": Moment(NOW // 300_000 * 300_000)}


def test_strings_and_choices():
    row, = answer("fields strcontains(@message, '\"x\":1') as yes, strcontains(@message, 'z') as no, coalesce(a, b, x) as first, greatest(2, x) as big, abs(0 - 3) as abs", {"x": 1})
    assert row == {"yes": 0, "no": 0, "first": 1, "big": 2, "abs": 3}
    assert run("fields strcontains(@message, '\"x\":1') as yes", [event(0, '{"x":1}')], NOW) == [{"yes": 1}]


def test_a_pipe_in_quotes_does_not_separate_commands():
    assert answer("filter a = 'x|y' | fields a", {"a": "x|y"}, {"a": "x"}) == [{"a": "x|y"}]


@pytest.mark.parametrize("unit", PERIOD_MS)
def test_periods(unit):
    assert period_ms(f"1{unit}") == PERIOD_MS[unit]


def test_no_more_than_10_000_rows():
    events = [event(n, {"a": n}) for n in range(10_050)]
    assert len(run("fields a", events, NOW)) == 10_000
