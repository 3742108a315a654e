"""Which metrics and members of a line the alarms, widgets, queries and rules of a stack refer to."""

import json
import re
from dataclasses import dataclass, field

from emf_extract import extract

KEYWORDS = {"fields", "display", "filter", "stats", "sort", "dedup", "limit", "by", "as", "and", "or", "not", "asc", "desc", "like", "in"}


@dataclass
class Emitted:
    """What lines contain: metrics as `(namespace, name, dimensions)`, and the names of root members."""

    metrics: set = field(default_factory=set)
    members: set = field(default_factory=set)

    @classmethod
    def of(cls, lines, now_ms):
        emitted = cls()
        for line in lines:
            points, faults = extract(line, now_ms)
            if faults:
                raise ValueError(f"{faults} in {line}")
            emitted.metrics |= {(p["namespace"], p["metric"], frozenset(p["dimensions"].items())) for p in points}
            root = json.loads(line)
            emitted.members |= {key for key in root if key != "_aws"} | {f"_aws.{key}" for key in root.get("_aws", {})}
        return emitted


def contract_faults(stack, emitted):
    """Each metric and each member that the stack refers to and the program does not emit."""
    faults = []
    for where, metric in metrics_used(stack):
        if metric not in emitted.metrics:
            namespace, name, dimensions = metric
            faults.append(f"{where}: nothing emits {name} in {namespace} with {dict(sorted(dimensions))}")
    for where, members in members_used(stack):
        faults += [f"{where}: no line has {member}" for member in sorted(members - emitted.members)]
    return faults


def metrics_used(stack):
    """`(where, (namespace, metric, dimensions))` for every alarm and every line of every metric widget."""
    for logical, alarm in stack.resources("AWS::CloudWatch::Alarm").items():
        dimensions = frozenset((d["Name"], d["Value"]) for d in alarm["Dimensions"])
        yield logical, (alarm["Namespace"], alarm["MetricName"], dimensions)
    for where, widget in widgets(stack):
        previous = []
        for metric in widget["properties"].get("metrics", []):
            names = [part for part in metric if isinstance(part, str)]
            if names[:1] == ["..."]:
                names = previous[: len(previous) - len(names) + 1] + names[1:]
            names = [previous[i] if part == "." else part for i, part in enumerate(names)]
            yield where, (names[0], names[1], frozenset(zip(names[2::2], names[3::2], strict=True)))
            previous = names


def members_used(stack):
    """`(where, members)` for every saved query, log widget and Contributor Insights rule."""
    for logical, text in queries(stack).items():
        yield logical, members_of_query(text)
    for where, _, text in log_widgets(stack):
        yield where, members_of_query(text)
    for logical, rule in stack.resources("AWS::CloudWatch::InsightRule").items():
        yield logical, set(re.findall(r'"\$\.([^"]+)"', rule["RuleBody"]))


def members_of_query(text):
    """The members of a line that a Logs Insights query reads: no keywords, functions, own aliases or @fields."""
    text = re.sub(r"'[^']*'|\"[^\"]*\"|bin\([^)]*\)", " ", text)
    quoted = set(re.findall(r"`([^`]+)`", text))
    text = re.sub(r"`[^`]*`", " ", text)
    aliases = set(re.findall(r"\bas\s+([A-Za-z_]\w*)", text))
    names = set(re.findall(r"(?<![\w.@])[A-Za-z_][\w.]*(?!\w*\s*\()", text))
    return (names - aliases - KEYWORDS) | {name for name in quoted if not name.startswith("@")}


def widgets(stack):
    """`(title, widget)` for every widget of every dashboard."""
    for logical, dashboard in stack.resources("AWS::CloudWatch::Dashboard").items():
        for widget in json.loads(dashboard["DashboardBody"])["widgets"]:
            yield f"{logical} widget {widget['properties'].get('title')!r}", widget


def log_widgets(stack):
    """`(where, log group, query)` for every log table of every dashboard."""
    for where, widget in widgets(stack):
        if widget["type"] == "log":
            source, query = widget["properties"]["query"].split("|", 1)
            yield where, re.fullmatch(r"SOURCE '([^']+)'\s*", source)[1], query


def queries(stack):
    """Saved queries by logical id."""
    return {logical: q["QueryString"] for logical, q in stack.resources("AWS::Logs::QueryDefinition").items()}


def normalized(query):
    """A query with all its white space made alike, to compare one written in lines with one written in a row."""
    return " ".join(query.replace("|", " | ").split())
