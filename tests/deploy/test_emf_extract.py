"""The EMF extraction that other tests rely on, rule by rule."""

import json

import pytest
from emf_extract import RULES, extract, read

NOW = 1_700_000_000_000


def document(**changes):
    root = {
        "_aws": {
            "Timestamp": NOW,
            "CloudWatchMetrics": [{
                "Namespace": "N/s",
                "Dimensions": [["A"], []],
                "Metrics": [{"Name": "M", "Unit": "Milliseconds"}],
            }],
        },
        "A": "a",
        "M": [1, 2.5],
    }
    root.update(changes)
    return root


def nested(depth):
    """An array in an array and so on."""
    value = []
    for _ in range(depth - 1):
        value = [value]
    return value


def directive(**changes):
    root = document()
    root["_aws"]["CloudWatchMetrics"][0].update(changes)
    return root


def metadata(**changes):
    root = document()
    root["_aws"].update(changes)
    return root


def metric(**changes):
    return directive(Metrics=[{"Name": "M", **changes}])


def run(root):
    return extract(root if isinstance(root, str) else json.dumps(root), NOW)


def test_a_good_line_yields_one_point_for_each_dimension_set():
    points, faults = run(document())
    assert faults == []
    assert points == [
        {"namespace": "N/s", "metric": "M", "unit": "Milliseconds", "resolution": 60, "dimensions": dimensions,
         "timestamp": NOW, "values": [1.0, 2.5]}
        for dimensions in ({"A": "a"}, {})
    ]


def test_unit_and_resolution_have_defaults():
    points, _ = run(metric())
    assert {(p["unit"], p["resolution"]) for p in points} == {("None", 60)}


@pytest.mark.parametrize("line", ["", "plain text", '["_aws"]', '{"level":"info"}', '{"member":"_aws"}'])
def test_other_lines_are_no_emf(line):
    assert run(line) == ([], [])


@pytest.mark.parametrize("root", [
    metadata(CloudWatchMetrics=[]),
    directive(Metrics=[]),
    metadata(Timestamp=NOW - 14 * 86_400_000),
    metadata(Timestamp=NOW + 2 * 3_600_000),
    document(M=[0] * 100),
    document(M=2**360),
    metric(StorageResolution=1),
    directive(Namespace="n" * 255),
    directive(Namespace="a b"),
    document(Deep=nested(500)),
    document(Pair="\U0001f600"),
    document(Half="\ud83d"),
    metadata(Deep=nested(126)),
    document(A="a" * 1024),
])
def test_at_the_limit_there_is_no_fault(root):
    assert run(root)[1] == []


@pytest.mark.parametrize("root", [
    pytest.param(json.dumps(document()) + "x", id="text after the object"),
    pytest.param(json.dumps(document())[:-1], id="cut"),
    pytest.param(json.dumps(document(M=float("nan"))), id="NaN"),
    pytest.param(document(Pad="x" * 1_048_576), id="too long"),
    pytest.param({"a": {"_aws": {}}}, id="_aws is nested"),
    pytest.param(document(_aws=1), id="_aws is a number"),
    pytest.param(metadata(Timestamp=str(NOW)), id="timestamp is a string"),
    pytest.param(metadata(Timestamp=True), id="timestamp is true"),
    pytest.param(metadata(Timestamp=float(NOW)), id="timestamp is written with a fraction"),
    pytest.param(metadata(Timestamp=NOW + 0.5), id="timestamp has a fraction"),
    pytest.param(metadata(Timestamp=NOW - 14 * 86_400_000 - 1), id="too old"),
    pytest.param(metadata(Timestamp=NOW + 2 * 3_600_000 + 1), id="too far ahead"),
    pytest.param(metadata(CloudWatchMetrics={}), id="directives are an object"),
    pytest.param(metadata(Deep=nested(127)), id="metadata nested 128 deep"),
    pytest.param(metadata(Other="\ud83d"), id="half of a surrogate pair in the metadata"),
    pytest.param(document(M={"Values": [0] * 101, "Counts": [1] * 101}), id="a distribution of 101 values"),
    pytest.param(document(M={"Counts": [1]}), id="half a distribution"),
    pytest.param(document(M={"Min": 1, "Max": 2}), id="half a statistic set"),
    pytest.param(directive(Namespace=None), id="namespace is null"),
    pytest.param(directive(Namespace=""), id="namespace is empty"),
    pytest.param(directive(Namespace="n" * 256), id="namespace is too long"),
    pytest.param(directive(Namespace="AWS/ECS"), id="reserved namespace"),
    pytest.param(directive(Namespace=":n"), id="namespace begins with a colon"),
    pytest.param(directive(Namespace=" "), id="blank namespace"),
    pytest.param(directive(Namespace="a(b)"), id="namespace with brackets"),
    pytest.param(directive(Dimensions=["A"]), id="a set is a string"),
    pytest.param(directive(Dimensions=[["A"] * 31]), id="31 dimensions"),
    pytest.param(directive(Dimensions=[["d" * 251]]), id="a dimension name is too long"),
    pytest.param(directive(Metrics=[{"Name": "M"}] * 101), id="101 metrics"),
    pytest.param(directive(Metrics=[{"Unit": "Count"}]), id="metric without a name"),
    pytest.param(metric(StorageResolution="1"), id="resolution is a string"),
    pytest.param(metric(StorageResolution=10), id="resolution 10"),
    pytest.param(metric(StorageResolution=60.0), id="resolution is written with a fraction"),
    pytest.param(metric(StorageResolution=2**64), id="resolution beyond 64 bits"),
    pytest.param(directive(Metrics=[{"Name": "M"}, {"Name": "M", "StorageResolution": 1}]), id="two resolutions"),
    pytest.param(directive(Metrics=[{"Name": "Missing"}]), id="metric without a value"),
    pytest.param(document(M="1"), id="value is a string"),
    pytest.param(document(M=True), id="value is true"),
    pytest.param(document(M=None), id="value is null"),
    pytest.param(document(M=[1, "2"]), id="one value is a string"),
    pytest.param(document(M=[[1]]), id="a nested array"),
    pytest.param(document(M=[]), id="no values"),
    pytest.param(document(M=[0] * 101), id="101 values"),
    pytest.param(document(M=2**361), id="value too large"),
    pytest.param(document(M=-(2**361)), id="value too small"),
    pytest.param(document(M=10**400), id="value too large for a float"),
    pytest.param(json.dumps(document()).replace("2.5", "1e999"), id="value infinite"),
    pytest.param('{"\udcff":1,' + json.dumps(document())[1:], id="a byte that is no UTF-8"),
    pytest.param("{" * 100_000 + '"_aws"', id="nested without end"),
])
def test_a_fault_that_leaves_no_point(root):
    points, faults = run(root)
    assert points == []
    assert len(faults) >= 1


def test_what_harms_any_line_is_a_fault_in_any_line():
    points, faults = run("plain \udcff text")
    assert points == []
    assert len(faults) == 1


@pytest.mark.parametrize("value", ["a" * 1025, "\t", " ", "missing"])
def test_a_set_without_a_usable_value_is_dropped_alone(value):
    root = document(A=value)
    if value == "missing":
        del root["A"]
    points, faults = run(root)
    assert [p["dimensions"] for p in points] == [{}]
    assert len(faults) == 1


@pytest.mark.parametrize("key", [":k", " ", "\t"])
def test_a_set_with_an_unusable_key_is_dropped_alone(key):
    points, faults = run(directive(Dimensions=[["A", key], []]) | {key: "v"})
    assert [p["dimensions"] for p in points] == [{}]
    assert len(faults) == 1


def test_an_empty_value_beside_a_missing_one_drops_the_set():
    points, faults = run(directive(Dimensions=[["A", "B"]]) | {"A": ""})
    assert points == []
    assert len(faults) == 2


@pytest.mark.parametrize("old, new", [
    ('"M": [1, 2.5]', '"M": 3, "M": [1, 2.5]'),
    ('"Timestamp":', '"Timestamp": 1, "Timestamp":'),
    ('"Namespace":', '"Namespace": "", "Namespace":'),
    ('"Unit":', '"Unit": 1, "Unit":'),
    ('{"_aws":', '{"_aws": 1, "_aws":'),
])  # fmt: skip
def test_of_a_member_named_twice_the_last_one_counts_and_it_is_a_warning(old, new):
    text = json.dumps(document())
    assert old in text
    points, problems = read(text.replace(old, new, 1), NOW)
    assert points == [{**point, "certain": False} for point in run(document())[0]]
    assert [rule for rule, _ in problems] == ["duplicate-member"]


def test_too_many_metrics_in_one_directive_refuse_the_event():
    root = document()
    first = root["_aws"]["CloudWatchMetrics"][0]
    root["_aws"]["CloudWatchMetrics"].append({**first, "Metrics": [{"Name": "M"}] * 101})
    points, faults = run(root)
    assert points == []
    assert len(faults) == 1


@pytest.mark.parametrize("value", ["", 1, None, ["a"]])
def test_a_dimension_value_that_is_empty_or_no_string_strips_the_point_of_its_dimensions(value):
    points, faults = run(directive(Dimensions=[["A", "B"]]) | {"B": value})
    assert [(p["dimensions"], p["certain"]) for p in points] == [({}, False)]
    assert len(faults) == 1


@pytest.mark.parametrize("root, rule", [
    (directive(Dimensions=[]), "dimensions-missing"),
    (document(A="é"), "dimension-not-ascii"),
    (metric(Unit="ms"), "unit-unknown"),
    (directive(Metrics=[{"Name": "M"}, {"Name": "M"}]), "duplicate-metric"),
    (directive(Dimensions=[["A"], ["A"]]), "duplicate-set"),
    (directive(Dimensions=[["A", "A"]]), "duplicate-key"),
    (document(Pad="x" * 262_118), "over-awslogs-limit"),
])  # fmt: skip
def test_what_may_lose_nothing_is_a_warning_with_points_that_are_not_certain(root, rule):
    points, problems = read(json.dumps(root, ensure_ascii=False), NOW)
    assert [(found, RULES[found][0]) for found, _ in problems] == [(rule, "warning")]
    assert any(point.get("certain") is False for point in points)


def test_distributions_and_statistic_sets_yield_points():
    points, faults = run(document(M={"Values": [1, 2], "Counts": [3, 4]}))
    assert (points[0]["values"], points[0]["counts"], faults) == ([1.0, 2.0], [3.0, 4.0], [])
    points, faults = run(document(M={"Min": 1, "Max": 2, "Sum": 3, "Count": 2}))
    assert (points[0]["statistics"], faults) == ({"min": 1.0, "max": 2.0, "sum": 3.0, "count": 2.0}, [])


def test_one_bad_metric_leaves_the_other():
    root = directive(Metrics=[{"Name": "Missing"}, {"Name": "M"}])
    points, faults = run(root)
    assert {p["metric"] for p in points} == {"M"}
    assert len(faults) == 1


def test_one_bad_directive_leaves_the_other():
    root = document()
    first = root["_aws"]["CloudWatchMetrics"][0]
    root["_aws"]["CloudWatchMetrics"].append({**first, "Namespace": "AWS/X"})
    points, faults = run(root)
    assert {p["namespace"] for p in points} == {"N/s"}
    assert len(faults) == 1
