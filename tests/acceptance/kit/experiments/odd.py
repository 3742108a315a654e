"""K2: what CloudWatch does where the sources disagree, one line for each rule of `explain` that is not certain."""

import json

from kit.experiments.base import MEASURED, NOT_MEASURED, Experiment, Verdict, plural
from kit.player import task_id

STATISTICS = ["SampleCount", "Sum", "Minimum", "Maximum"]
PATIENCE_S = 420




def document(namespace, now_ms, *, metrics=None, dimensions=(("Case",),), values=None, directives=1, **root):
    """An EMF document; parts that are not given are valid."""
    metrics = metrics or [{"Name": "M", "Unit": "Count"}]
    directive = {"Namespace": namespace, "Dimensions": [list(names) for names in dimensions], "Metrics": metrics}
    return {"_aws": {"Timestamp": now_ms, "CloudWatchMetrics": [directive] * directives}, "Case": "odd", **(values or {"M": 3}), **root}


def cases(namespace, now_ms):
    """`[(rule, question, line, names of metrics)]`; each case has its own namespace, which shows what it made."""
    made = []

    def add(rule, question, build, names=("M",)):
        space = f"{namespace}/{len(made)}"
        line = build(space)
        made.append({"rule": rule, "question": question, "namespace": space, "names": list(names),
                     "line": line if isinstance(line, str) else json.dumps(line, separators=(",", ":"))})  # fmt: skip

    def doc(**changes):
        return lambda space: document(space, now_ms, **changes)

    def repeated_member(space):
        text = json.dumps(document(space, now_ms), separators=(",", ":"))
        return text[:-1] + ',"M":5}'

    def version_0(space):
        root = document(space, now_ms)
        inner = root.pop("_aws")
        return {"Version": "0", "Timestamp": str(inner["Timestamp"]), "CloudWatchMetrics": inner["CloudWatchMetrics"], **root}

    add("percentiles", "Which p50 and p99 does an array of 1 to 100 have?", doc(values={"M": list(range(1, 101))}))
    add("value-distribution", "Are Values and Counts extracted?", doc(values={"M": {"Values": [1, 2], "Counts": [3, 4]}}))
    add("value-distribution", "Is a statistic set extracted?", doc(values={"M": {"Min": 1, "Max": 4, "Sum": 10, "Count": 4}}))
    add("counts-missing", "What becomes of Values without Counts?", doc(values={"M": {"Values": [1, 2]}}))
    add("statistics-impossible", "Is a statistic set whose minimum is above its maximum extracted?",
        doc(values={"M": {"Min": 9, "Max": 4, "Sum": 10, "Count": 4}}))
    add("metric-name-unusual", "Is a name that is not ASCII extracted?", doc(metrics=[{"Name": "Größe"}], values={"Größe": 3}), ("Größe",))
    add("distribution-invalid", "What becomes of Values and Counts of different lengths?", doc(values={"M": {"Values": [1, 2], "Counts": [3]}}))
    add("too-many-values", "What becomes of 101 values, and of the metric beside them?",
        doc(metrics=[{"Name": "M"}, {"Name": "N"}], values={"M": [1] * 101, "N": 1}), ("M", "N"))  # fmt: skip
    add("dimensions-missing", "Does `Dimensions: []` make a metric without dimensions?", doc(dimensions=()))
    add("dimensions-missing", "Does a directive without Dimensions make a metric?", _without_dimensions(now_ms))
    add("dimension-not-string", "What becomes of a dimension that is a number?", doc(Case=7))
    add("dimension-empty", "What becomes of a dimension that is empty?", doc(Case=""))
    add("dimension-not-ascii", "What becomes of a dimension that is not ASCII?", doc(Case="Zürich"))
    add("unit-unknown", "Which unit does an unknown unit become?", doc(metrics=[{"Name": "M", "Unit": "Foo"}]))
    add("duplicate-set", "Is a set that appears twice counted twice?", doc(dimensions=(("Case",), ("Case",))))
    add("duplicate-key", "What becomes of a set that has a name twice?", doc(dimensions=(("Case", "Case"),)))
    add("duplicate-metric", "Is a metric that is defined twice counted twice?", doc(metrics=[{"Name": "M"}, {"Name": "M"}]))
    add("duplicate-directive", "Is a directive that appears twice counted twice?", doc(directives=2))
    add("duplicate-member", "Which of two members of one name counts?", repeated_member)
    add("metric-is-dimension", "Can one name be a metric and a dimension?", doc(dimensions=(("M",),), values={"M": "3"}))
    add("namespace-too-long", "What becomes of a namespace of 256 characters?", lambda space: document(space + "x" * (256 - len(space)), now_ms))
    add("metric-name-too-long", "What becomes of a name of 256 characters?",
        doc(metrics=[{"Name": "M" * 256}], values={"M" * 256: 3}), ("M" * 255,))  # fmt: skip
    add("version-0", "Is a line of version 0 extracted?", version_0)
    add("prefix", "Is a document behind text extracted?", lambda space: "hello " + json.dumps(document(space, now_ms)))
    add("lambda-prefix", "Is a document behind Lambda's prefix extracted?",
        lambda space: "[INFO]\t2026-01-01T00:00:00.000Z\t8f507cfc-xmpl-4697-b07a-ac58fc914c95\t" + json.dumps(document(space, now_ms)))
    add("metric-names", "Are names with spaces, slashes and dots extracted?",
        doc(metrics=[{"Name": "a b"}, {"Name": "a/b"}, {"Name": "a.b"}], values={"a b": 1, "a/b": 2, "a.b": 3}), ("a b", "a/b", "a.b"))
    return made  # fmt: skip


def _without_dimensions(now_ms):
    def build(space):
        root = document(space, now_ms)
        del root["_aws"]["CloudWatchMetrics"][0]["Dimensions"]
        return root

    return build


class OddLines(Experiment):
    id = "K2"
    question = "What does CloudWatch do where the sources disagree?"
    rule = "Each rule of `explain` whose confidence is `unknown` or `reported` gets one answer."
    phase = "drill"

    def collect(self, run):
        stream = f"odd/{task_id('odd')}"
        run.create_stream(run.kit["OddGroup"], stream)
        # The first seconds of a minute, so that every line is in the same.
        yield 60 - run.clock.now() % 60 + 5
        now_ms = run.clock.now_ms()
        found = cases(run.namespace + "/odd", now_ms)
        for entry in found:
            run.put_events(run.kit["OddGroup"], stream, [{"timestamp": now_ms, "message": entry["line"]}])
        deadline = run.clock.now() + PATIENCE_S
        # Some lines make no metric, so it waits as long as new metrics take to be listed.
        while run.clock.now() < deadline:
            yield 60
        for entry in found:
            space = entry["namespace"][:255]
            listed = run.aws.pages("cloudwatch", "ListMetrics", "Metrics", Namespace=space)
            entry["found"] = [self._statistics(run, metric, entry["rule"], now_ms) for metric in listed]
        return {"cases": found}

    @staticmethod
    def _statistics(run, metric, rule, now_ms):
        about = {
            "Namespace": metric["Namespace"], "MetricName": metric["MetricName"], "Dimensions": metric["Dimensions"], "Period": 60,
            "StartTime": now_ms // 60_000 * 60, "EndTime": now_ms // 60_000 * 60 + 120,
        }  # fmt: skip
        points = run.aws.call("cloudwatch", "GetMetricStatistics", Statistics=STATISTICS, **about)["Datapoints"]
        found = {
            "metric": metric["MetricName"], "dimensions": {d["Name"]: d["Value"] for d in metric["Dimensions"]},
            "count": sum(p["SampleCount"] for p in points), "sum": sum(p["Sum"] for p in points),
            "unit": points[0].get("Unit") if points else None,
        }  # fmt: skip
        if rule == "percentiles":
            points = run.aws.call("cloudwatch", "GetMetricStatistics", ExtendedStatistics=["p50", "p99"], **about)["Datapoints"]
            found["percentiles"] = points[0]["ExtendedStatistics"] if points else {}
        return found

    def judge(self, evidence):
        rows = [[entry["rule"], entry["question"], answer(entry)] for entry in evidence["cases"]]
        answered = [row for row in rows if row[2]]
        if not any(entry["found"] for entry in evidence["cases"]):
            return Verdict(NOT_MEASURED, "no line made a metric, not even the ones that are valid", [], [["rule", "question", "answer"], *rows])
        return Verdict(MEASURED, f"{plural(len(answered), 'answer')} to {plural(len(rows), 'question')}", [], [["rule", "question", "answer"], *rows])


def answer(entry):
    """What CloudWatch made of a line, in words."""
    if not entry["found"]:
        return "no metric"
    parts = []
    for found in sorted(entry["found"], key=lambda found: (found["metric"], sorted(found["dimensions"].items()))):
        name = found["metric"] if len(found["metric"]) < 20 else f"a name of {len(found['metric'])} characters"
        where = ", ".join(f"{key}={value}" for key, value in found["dimensions"].items()) or "no dimensions"
        text = f"{name} ({where}): {found['count']:g} samples, sum {found['sum']:g}, unit {found['unit']}"
        if found.get("percentiles"):
            text += ", " + ", ".join(f"{key} {value:g}" for key, value in sorted(found["percentiles"].items()))
        parts.append(text)
    return "; ".join(parts)
