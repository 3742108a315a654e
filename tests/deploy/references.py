"""Which metrics and members of a line the alarms, widgets, queries and rules of a stack refer to."""

import json
import re
from dataclasses import dataclass, field

from emf_extract import extract
from insights_parser import parse_query
from metrics_insights import parse_select

# The values of a dashboard's variables in these tests.
CHOSEN = {"CLUSTER_NAME": "production", "SERVICE_NAME": "ledger"}


@dataclass
class Emitted:
    """The content of lines: metrics as `(namespace, name, dimensions)`, and the names of root members."""

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
    emitted_series = {(namespace, name, frozenset(dict(dimensions))) for namespace, name, dimensions in emitted.metrics}
    for where, select in selects_used(stack):
        if (select.namespace, select.metric, frozenset(select.dimensions)) not in emitted_series:
            faults.append(f"{where}: nothing emits {select.metric} in {select.namespace} with {sorted(select.dimensions)}")
    for where, members in members_used(stack):
        faults += [f"{where}: no line has {member}" for member in sorted(members - emitted.members)]
    return faults


def metrics_used(stack):
    """`(where, (namespace, metric, dimensions))` for every alarm and every line of every metric widget."""
    for logical, alarm in stack.resources("AWS::CloudWatch::Alarm").items():
        metrics = [m["MetricStat"]["Metric"] for m in alarm["Metrics"] if "MetricStat" in m] if "Metrics" in alarm else [alarm]
        for metric in metrics:
            dimensions = frozenset((d["Name"], d["Value"]) for d in metric["Dimensions"])
            yield logical, (metric["Namespace"], metric["MetricName"], dimensions)
    for where, widget in widgets(stack):
        previous = []
        for metric in widget["properties"].get("metrics", []):
            names = [part for part in metric if isinstance(part, str)]
            if not names:
                continue  # an expression
            if names[:1] == ["..."]:
                names = previous[: len(previous) - len(names) + 1] + names[1:]
            names = [previous[i] if part == "." else part for i, part in enumerate(names)]
            yield where, (names[0], names[1], frozenset(zip(names[2::2], names[3::2], strict=True)))
            previous = names


def selects_used(stack):
    """`(where, select)` for every Metrics Insights query of an alarm or a widget."""
    for logical, alarm in stack.resources("AWS::CloudWatch::Alarm").items():
        for query in alarm.get("Metrics", []):
            if query.get("Expression", "").startswith("SELECT"):
                yield logical, parse_select(query["Expression"])
    for where, widget in widgets(stack):
        for metric in widget["properties"].get("metrics", []):
            if isinstance(metric[0], dict):
                yield where, parse_select(metric[0]["expression"])


def members_used(stack):
    """`(where, members)` for every saved query, log widget and Contributor Insights rule."""
    for logical, text in queries(stack).items():
        yield logical, members_of_query(text)
    for where, _, text in log_widgets(stack):
        yield where, members_of_query(text)
    for logical, rule in stack.resources("AWS::CloudWatch::InsightRule").items():
        yield logical, set(re.findall(r'"\$\.([^"]+)"', rule["RuleBody"]))


def members_of_query(text):
    """The members of a line that a Logs Insights query reads: not its own columns, @fields or items of arrays."""
    members, own, parsed = set(), set(), set()

    def read(expression):
        if isinstance(expression, list):
            for part in expression:
                read(part)
        elif expression[0] == "field":
            head, _, rest = expression[1].partition(".")
            if head in parsed and rest:
                members.add(rest.split(".")[0])
            elif expression[1] not in own and not head.startswith("@"):
                # `_aws.Timestamp` is a member of a member, `ClockStep.0` an item.
                members.add(head if rest.isdigit() else expression[1])
        elif expression[0] not in ("number", "text", "pattern", "period"):
            for part in expression[1:]:
                if isinstance(part, list | tuple):
                    read(part)

    for command, arguments in parse_query(text):
        if command == "filter":
            read(arguments)
        elif command in ("fields", "display", "stats"):
            aggregates, groups = arguments if command == "stats" else (arguments, [])
            for name, expression in [*groups, *aggregates]:
                read(expression)
                if expression != ("field", name):
                    own.add(name)
                if expression[:2] == ("call", "jsonParse"):
                    parsed.add(name)
        elif command == "unnest":
            read(("field", arguments[0]))
            own.add(arguments[1])
    return members


def widgets(stack):
    """`(title, widget)` for every widget of every dashboard."""
    for logical, dashboard in stack.resources("AWS::CloudWatch::Dashboard").items():
        text = dashboard["DashboardBody"]
        for variable in json.loads(text).get("variables", []):
            text = re.sub(variable["pattern"], CHOSEN[variable["pattern"]], text)
        for widget in json.loads(text)["widgets"]:
            yield f"{logical} widget {widget['properties'].get('title')!r}", widget


def log_widgets(stack):
    """`(where, log group, query)` for every log table of every dashboard."""
    for where, widget in widgets(stack):
        if widget["type"] == "log":
            source, query = widget["properties"]["query"].split("|", 1)
            yield where, re.fullmatch(r"SOURCE '([^']+)'\s*", source)[1], query


def queries(stack):
    """Saved queries by logical id, their parameters set to their defaults."""
    return {logical: filled(q) for logical, q in stack.resources("AWS::Logs::QueryDefinition").items()}


def filled(query, **values):
    """The text of a saved query with its parameters set to values or their defaults."""
    text = query["QueryString"]
    for parameter in query.get("Parameters", []):
        text = text.replace("{{%s}}" % parameter["Name"], values.get(parameter["Name"], parameter["DefaultValue"]))
    return text


def normalized(query):
    """A query with normalized white space, to compare queries that are wrapped differently."""
    return " ".join(query.replace("|", " | ").split())
