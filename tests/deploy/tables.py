"""The tables of sam/README.md that the templates generate, each between markers such as `<!-- alarms -->` and `<!-- /alarms -->`."""

import re

import costs
from cfn import SAM, Deployment
from metrics_insights import parse_select

README = SAM / "README.md"
COMPARISONS = {
    "GreaterThanThreshold": ">",
    "GreaterThanOrEqualToThreshold": ">=",
    "LessThanThreshold": "<",
    "LessThanOrEqualToThreshold": "<=",
}


def table(head, rows):
    """A Markdown table."""
    lines = [head, ["---"] * len(head), *rows]
    return "".join("| " + " | ".join(cells) + " |\n" if set(cells) != {"---"} else "|---" * len(head) + "|\n" for cells in lines)


def code(text):
    return f"`{text}`" if text else ""


def parameters(name):
    declared = Deployment().templates[name]["Parameters"]
    rows = [[code(key), code(str(spec.get("Default", ""))), spec["Description"].strip()] for key, spec in declared.items()]
    return table(["parameter", "default", "meaning"], rows)


def short(name):
    return "…-clock" + name.rpartition("-clock")[2]


def condition(alarm, elsewhere=None):
    threshold = f"{float(alarm['Threshold']):g}"
    other = f"{float(elsewhere['Threshold']):g}" if elsewhere else threshold
    return f"{COMPARISONS[alarm['ComparisonOperator']]} {threshold}" + (f" (on EC2 {other})" if other != threshold else "")


def m_of_n(alarm):
    return f"{alarm['DatapointsToAlarm']} of {alarm['EvaluationPeriods']}"


def alarms():
    stack = Deployment().observability
    on_ec2 = stack.with_parameters(LaunchType="EC2").resources("AWS::CloudWatch::Alarm")
    rows = []
    for logical, alarm in stack.resources("AWS::CloudWatch::Alarm").items():
        metrics = [query["MetricStat"]["Metric"]["MetricName"] for query in alarm.get("Metrics", []) if "MetricStat" in query]
        judged = ", ".join(code(name) for name in metrics or [alarm["MetricName"]])
        statistic = alarm.get("Statistic") or code(next(query["Expression"] for query in alarm["Metrics"] if "Expression" in query))
        rows.append([code(short(alarm["AlarmName"])), judged, statistic, condition(alarm, on_ec2[logical]), m_of_n(alarm), alarm["TreatMissingData"]])
    return table(["alarm", "metric", "statistic", "condition", "M of N", "missing data"], rows)


def fleet_alarms():
    rows = []
    for alarm in Deployment().fleet.resources("AWS::CloudWatch::Alarm").values():
        select = parse_select(alarm["Metrics"][0]["Expression"])
        severity = "page" if "PageTopic" in alarm["AlarmActions"][0] else "ticket"
        name = "…" + alarm["AlarmName"].removeprefix("clock")
        rows.append([code(name), severity, code(f"{select.function}({select.metric})"), condition(alarm), m_of_n(alarm), alarm["TreatMissingData"]])
    return table(["alarm", "severity", "query", "condition", "M of N", "missing data"], rows)


def bill():
    bytes_a_line = int(re.search(r"every 10 s \(default\) \| (\d+) \|", README.read_text())[1])
    head = ["services", "tasks", "metrics", "lines", "alarms", "dashboards", "their queries", "**total**"]
    head += ["fleet: alarms", "dashboard", "its queries", "**total**", "task alarms (opt-in)"]
    return table(head, costs.rows(Deployment(), bytes_a_line))


def generated(marker):
    kind, _, name = marker.partition(" ")
    if kind == "parameters":
        return parameters(name)
    return {"alarms": alarms, "fleet alarms": fleet_alarms, "bill": bill}[marker]()


MARKED = re.compile(r"(<!-- ((?:parameters|alarms|fleet alarms|bill)[^>]*?) -->\n)(.*?)(<!-- /[a-z ]+ -->)", re.DOTALL)


def rewritten(text):
    """The document's text with its generated tables as the templates have them."""
    return MARKED.sub(lambda found: found[1] + generated(found[2]) + found[4], text)
