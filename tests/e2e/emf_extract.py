"""What CloudWatch makes of one log line in the embedded metric format (EMF).

Written from the specification in the CloudWatch user guide and from what CloudWatch is known to enforce beyond it, and
independent of the program under test, so that their agreement is evidence. Where those
sources are silent, tests/data/explain/README.md documents the reading of both. tests/deploy/test_explain_agrees.py compares them.

`read(line, now_ms)` returns `(points, problems)`; `extract(line, now_ms)` the points and the sentences of the faults alone.
A point is one metric under one dimension set:

    {"namespace": str, "metric": str, "unit": str, "resolution": 1 | 60, "dimensions": {name: value},
     "timestamp": milliseconds, "values": [float, …]}

with "counts" for a distribution, "statistics" in place of "values" for a statistic set, and "certain": False where it may not
exist. A problem is `(rule, sentence)`; RULES holds the severity and confidence of each. A fault discards:

    the line         not one JSON object; too long; no UTF-8; metadata that breaks the schema; a timestamp out of range;
                     a distribution of more than 100 values
    the directive    an unusable namespace
    the set          a dimension without a value, or one that cannot be; one that is empty or not a string strips the point of
                     all dimensions, if it leaves it at all
    the metric       no usable value; a resolution that does not exist, or two of them

A line is EMF if it has `_aws` at its root, or `CloudWatchMetrics` (version 0); all others have no points and no problems,
unless they are not UTF-8. Text before the document is an additional fault. Bytes that are not UTF-8 are
surrogates here, as `decode(errors="surrogateescape")` makes them.
"""

import json
import math
import re

AWSLOGS_BYTES = 262_118  # a longer line is cut by the log driver, and the pieces are not put together again
EVENT_BYTES = 1024 * 1024
MAX_AGE_MS = 14 * 24 * 3600 * 1000
MAX_AHEAD_MS = 2 * 3600 * 1000
MAX_METRICS = 100
MAX_VALUES = 100
MAX_DIMENSIONS = 30
MAX_MAGNITUDE = 2.0**360
MAX_DEPTH = 127

FAULT, WARNING = "fault", "warning"
DOCUMENTED, REPORTED, UNKNOWN = "documented", "reported", "unknown"
# A certain loss is a fault, even where sources differ on its extent; the rest are warnings.
RULES = {
    "not-utf-8": (FAULT, DOCUMENTED),
    "event-too-large": (FAULT, DOCUMENTED),
    "over-awslogs-limit": (WARNING, DOCUMENTED),
    "prefix": (FAULT, DOCUMENTED),
    "several-documents": (FAULT, DOCUMENTED),
    "document": (FAULT, DOCUMENTED),  # anything that makes the whole line yield nothing
    "version-0": (WARNING, REPORTED),
    "no-metric": (WARNING, DOCUMENTED),
    "duplicate-member": (WARNING, UNKNOWN),
    "duplicate-directive": (WARNING, REPORTED),
    "duplicate-set": (WARNING, REPORTED),
    "duplicate-metric": (WARNING, REPORTED),
    "duplicate-key": (WARNING, UNKNOWN),
    "dimensions-missing": (WARNING, UNKNOWN),
    "unit-unknown": (WARNING, UNKNOWN),
    "namespace-too-long": (FAULT, REPORTED),
    "namespace-invalid": (FAULT, DOCUMENTED),
    "namespace-reserved": (FAULT, DOCUMENTED),
    "dimension-missing": (FAULT, DOCUMENTED),
    "dimension-not-string": (FAULT, REPORTED),
    "dimension-empty": (FAULT, REPORTED),
    "dimension-invalid": (FAULT, DOCUMENTED),
    "dimension-value-too-long": (FAULT, DOCUMENTED),
    "dimension-not-ascii": (WARNING, UNKNOWN),
    "metric-is-dimension": (WARNING, REPORTED),
    "metric-missing": (FAULT, DOCUMENTED),
    "metric-not-number": (FAULT, DOCUMENTED),
    "metric-no-values": (FAULT, DOCUMENTED),
    "metric-out-of-range": (FAULT, DOCUMENTED),
    "metric-name-too-long": (FAULT, REPORTED),
    "too-many-values": (FAULT, REPORTED),
    "resolution-invalid": (FAULT, DOCUMENTED),
    "two-resolutions": (FAULT, DOCUMENTED),
    "metric-name-unusual": (WARNING, UNKNOWN),
    "counts-missing": (WARNING, UNKNOWN),
    "statistics-impossible": (WARNING, UNKNOWN),
    "metadata-misnamed": (FAULT, DOCUMENTED),
    "value-distribution": (WARNING, REPORTED),
    "distribution-invalid": (FAULT, REPORTED),
}

SURROGATE = re.compile("[\ud800-\udfff]")
BASE_UNITS = ["Bytes", "Kilobytes", "Megabytes", "Gigabytes", "Terabytes", "Bits", "Kilobits", "Megabits", "Gigabits",
              "Terabits", "Count"]
UNITS = {"Seconds", "Microseconds", "Milliseconds", "Percent", "None", *BASE_UNITS, *(u + "/Second" for u in BASE_UNITS)}


class Broken(Exception):
    """The line yields nothing."""


class Members(dict):
    """A JSON object and its duplicate names."""

    def __init__(self, pairs):
        super().__init__(pairs)
        # Includes values that are overridden later: an error in them is an error in the line.
        self.pairs = pairs
        names = [name for name, _ in pairs]
        self.repeated = sorted({name for name in names if names.count(name) > 1}) if len(self) < len(pairs) else []


def extract(line, now_ms):
    """The data points in `line` and the faults found in it; `now_ms` is the time at which CloudWatch receives it."""
    points, problems = read(line, now_ms)
    return points, [text for rule, text in problems if RULES[rule][0] == FAULT]


def read(line, now_ms):
    """The data points in `line` and everything found in it."""
    line = line.removesuffix("\n")
    if SURROGATE.search(line):
        return [], [("not-utf-8", "the line is not UTF-8")]
    problems = []
    if not line.startswith("{"):
        at = _document_behind_text(line)
        if at is None:
            return [], []
        points, problems = _judge(line[at:], now_ms)
        if not problems and not points:
            return [], []
        # A record that holds the document, or text of a logger.
        rule = "document" if line[:at].rstrip() == "[" else "prefix"
        return _uncertain(points), [(rule, f"{line[:at]!r} precedes the document"), *problems]
    points, problems = _judge(line, now_ms)
    size = len(line.encode())
    if size > EVENT_BYTES and (points or problems):
        return [], [*problems, ("event-too-large", f"the line has {size} bytes")]
    if size > AWSLOGS_BYTES and (points or problems):
        return _uncertain(points), [*problems, ("over-awslogs-limit", f"the line has {size} bytes")]
    return points, problems


def _document_behind_text(line):
    """The offset of a document that does not begin its line."""
    if "_aws" not in line and "CloudWatchMetrics" not in line:
        return None
    found = re.search(r'\{\s*"', line)
    return found.start() if found else None


def _uncertain(points):
    return [{**point, "certain": False} for point in points]


def _judge(text, now_ms):
    """Points and problems of a text that begins with a brace."""
    try:
        root, end = _parse(text)
    except Broken as broken:
        # Invalid JSON that contains the member was meant as a document.
        meant = re.search(r'"(_aws|CloudWatchMetrics)"\s*:', text) or _is_cut(text) and ("_aws" in text or "CloudWatchMetrics" in text)
        return [], [("document", str(broken))] if meant else []
    rest = text[end:].strip(" \t\r\n")
    if rest.startswith("{") and ("_aws" in text or "CloudWatchMetrics" in text):
        found = [_judge(part, now_ms) for part in (text[:end], rest)]
        points = _uncertain([point for points, _ in found for point in points])
        problems = [problem for _, problems in found for problem in problems]
        said = any(points or problems for points, problems in found[:1])
        return points, [*([("several-documents", "several documents on a line")] if said else []), *problems]
    version_0 = "_aws" not in root and isinstance(root.get("CloudWatchMetrics"), list)
    if "_aws" not in root and not version_0:
        inner = _wrapped(root) if not rest else None
        return ([], [("document", f"the document is in {inner!r}")]) if inner else ([], [])
    if rest:
        return [], [("document", "text follows the object")]
    problems = []
    try:
        return _points(root, version_0, now_ms, problems), problems
    except Broken as broken:
        return [], [*problems, ("document", str(broken))]


def _wrapped(root):
    """The member of an object that holds a document."""
    for name, value in root.items():
        if isinstance(value, Members) and ("_aws" in value or isinstance(value.get("CloudWatchMetrics"), list) or _wrapped(value)):
            return name
    return None


def _is_cut(text):
    """Whether a text ends before its object does."""
    depth, quoted = 0, False
    for match in re.finditer(r'\\.|["{}\[\]]', text, re.S):
        token = match.group()
        if token == '"':
            quoted = not quoted
        elif not quoted and token in "{[":
            depth += 1
        elif not quoted and token in "}]":
            depth -= 1
    return depth > 0


def _parse(text):
    """The JSON object that a text begins with, and where it ends."""

    def constant(name):
        raise Broken(f"{name} is no JSON number")

    def number(text):
        # A number written with a fraction or an exponent is not an integer here, even if its value is whole.
        return float(text) if re.search("[.eE]", text) or len(text) > 400 else int(text)

    decoder = json.JSONDecoder(object_pairs_hook=Members, parse_int=number, parse_float=number, parse_constant=constant)
    try:
        root, end = decoder.raw_decode(text)
    except (ValueError, RecursionError) as error:
        raise Broken(f"not one JSON object: {error}") from None
    for name, _ in root.pairs:
        _require(not SURROGATE.search(name), "half of a surrogate pair in a name")
    return root, end


def _look_through(value, depth):
    """Rejects what Python accepts as JSON and other parsers do not, in the parts that matter."""
    if isinstance(value, str):
        _require(not SURROGATE.search(value), "half of a surrogate pair")
    elif isinstance(value, float):
        _require(math.isfinite(value), "no double holds a number")
    elif isinstance(value, int) and not isinstance(value, bool):
        _require(abs(value) < 10**308 or math.isfinite(_as_float(value)), "no double holds a number")
    elif isinstance(value, (Members, list)):
        _require(depth <= MAX_DEPTH, f"nested more than {MAX_DEPTH} deep")
        for item in [item for pair in value.pairs for item in pair] if isinstance(value, Members) else value:
            _look_through(item, depth + 1)


def _as_float(value):
    try:
        return float(value)
    except OverflowError:
        return math.inf


def _require(condition, text):
    if not condition:
        raise Broken(text)


def _points(root, version_0, now_ms, problems):
    metadata = root if version_0 else root["_aws"]
    if version_0:
        problems.append(("version-0", "CloudWatchMetrics at the root"))
        _look_through(metadata.get("CloudWatchMetrics"), 1)
    else:
        if "_aws" in root.repeated:
            problems.append(("duplicate-member", "_aws is named more than once"))
        _look_through(metadata, 1)
    timestamp, directives = _metadata(metadata, version_0, problems)
    _require(-MAX_AGE_MS <= timestamp - now_ms <= MAX_AHEAD_MS, f"Timestamp {timestamp} is more than 14 days past or 2 hours ahead")
    definitions = [definition for directive in directives for definition in directive["Metrics"]]
    used = {name for directive in directives for names in directive["Dimensions"] for name in names} | {d["Name"] for d in definitions}
    repeated = [name for name in root.repeated if name in used and name != "_aws"]
    for members in (*([] if version_0 else [metadata]), *directives, *definitions):
        repeated += members.repeated
    problems += [("duplicate-member", f"{name!r} is named more than once") for name in repeated]
    points, distributions = [], []
    two_resolutions = _names_with_two_resolutions(directives)
    problems += [("two-resolutions", f"metric {name!r} has two resolutions") for name in sorted(two_resolutions)]
    seen = []
    for directive in directives:
        found = _directive(root, directive, timestamp, two_resolutions, distributions, problems)
        same = (directive["Namespace"], directive["Dimensions"], [_definition(d) for d in directive["Metrics"]])
        if same in seen:
            problems.append(("duplicate-directive", "a directive occurs more than once"))
            found = _uncertain(found)
        seen.append(same)
        points += found
    if distributions:
        problems.append(("value-distribution", f"distributions in {distributions}"))
    rules = {rule for rule, _ in problems}
    if not any(directive["Metrics"] and directive["Dimensions"] for directive in directives) and not any(RULES[r][0] == FAULT for r in rules):
        problems.append(("no-metric", "no metric is named"))
    # Each of these may cost the whole event.
    if rules & {"duplicate-member", "dimensions-missing", "unit-unknown", "too-many-values"}:
        points = _uncertain(points)
    return points


def _definition(definition):
    unit = definition.get("Unit", "None")
    return definition["Name"], unit if unit in UNITS else "None", definition.get("StorageResolution", 60)


def _is_integer(value):
    # True and false are not numbers, and neither is anything outside 64 bits.
    return isinstance(value, int) and not isinstance(value, bool) and -(2**63) <= value < 2**64


def _is_string(value, longest):
    # The schema's pattern "^(.*)$" also refuses line breaks.
    return isinstance(value, str) and 1 <= len(value) <= longest and not re.search(r"[\n\r\u2028\u2029]", value)


def _metadata(metadata, version_0, problems):
    """Timestamp and directives, by the published JSON schema and its maximum of metrics."""
    _require(isinstance(metadata, dict), "_aws is no object")
    timestamp = metadata.get("Timestamp")
    if version_0 and isinstance(timestamp, str) and re.fullmatch(r"[+-]?[0-9]{1,18}", timestamp):
        timestamp = int(timestamp)
    _require(_is_integer(timestamp), "Timestamp is no integer")
    directives = metadata.get("CloudWatchMetrics")
    _require(isinstance(directives, list), "CloudWatchMetrics is no array")
    for directive in directives:
        _require(isinstance(directive, dict), "a directive is no object")
        _require(_is_string(directive.get("Namespace"), 1024), "Namespace is no string of 1 to 1024 characters")
        sets = directive.get("Dimensions", [])
        _require(isinstance(sets, list), "Dimensions is no array")
        if not sets:
            problems.append(("dimensions-missing", "no dimension set"))
            directive["Dimensions"] = sets = [[]]
        for names in sets:
            _require(isinstance(names, list), "a dimension set is no array")
            _require(len(names) <= MAX_DIMENSIONS, f"a dimension set has more than {MAX_DIMENSIONS} dimensions")
            for name in names:
                _require(_is_string(name, 250), "a dimension's name is no string of 1 to 250 characters")
        metrics = directive.get("Metrics")
        _require(isinstance(metrics, list), "Metrics is no array")
        _require(len(metrics) <= MAX_METRICS, f"a directive has more than {MAX_METRICS} metrics")
        for definition in metrics:
            _require(isinstance(definition, dict), "a metric definition is no object")
            _require(_is_string(definition.get("Name"), 1024), "a metric's Name is no string of 1 to 1024 characters")
            _require(isinstance(definition.get("Unit", ""), str), "Unit is no string")
            if definition.get("Unit", "None") not in UNITS:
                problems.append(("unit-unknown", f"Unit {definition['Unit']!r} does not exist"))
            if "StorageResolution" in definition:
                _require(_is_integer(definition["StorageResolution"]), "StorageResolution is no integer")
    return timestamp, directives


def _names_with_two_resolutions(directives):
    resolutions = {}
    for directive in directives:
        for definition in directive["Metrics"]:
            resolutions.setdefault(definition["Name"], set()).add(definition.get("StorageResolution", 60))
    return {name for name, found in resolutions.items() if len(found) > 1}


def _directive(root, directive, timestamp, two_resolutions, distributions, problems):
    namespace = directive["Namespace"]
    namespace_rule = _namespace_rule(namespace)
    if namespace_rule:
        problems.append((namespace_rule, f"namespace {namespace!r} is not usable"))
    metrics, names = [], set()
    for definition in directive["Metrics"]:
        name = definition["Name"]
        if name in names:
            problems.append(("duplicate-metric", f"{name!r} is defined more than once"))
        certain = name not in names
        names.add(name)
        if name in two_resolutions:
            continue
        values, rule = _values(root, definition)
        if rule:
            problems.append((rule, f"metric {name!r} has no usable value"))
            continue
        if set(values) != {"values"}:
            distributions.append(name)
        doubts = _doubts(root, name, values)
        problems += [(rule, f"metric {name!r} is doubtful") for rule in doubts]
        metrics.append((*_definition(definition), values, certain and not doubts))
    keys = {key for names in directive["Dimensions"] for key in names}
    problems += [("metric-is-dimension", f"{name!r} is also a dimension") for name in names & keys]
    points, seen, has_empty = [], [], False
    for keys in directive["Dimensions"]:
        certain = len(set(keys)) == len(keys)
        if not certain:
            problems.append(("duplicate-key", f"a name more than once in {keys}"))
        if set(keys) in seen:
            problems.append(("duplicate-set", f"{keys} more than once"))
            certain = False
        seen.append(set(keys))
        rules = [rule for key in keys for rule in _dimension_rules(root, key)]
        problems += [(rule, f"dimension set {keys}") for rule in rules]
        if set(rules) - {"dimension-not-string", "dimension-empty", "dimension-not-ascii"}:
            continue
        stripped = {"dimension-not-string", "dimension-empty"} & set(rules)
        dimensions = {} if stripped else {key: root[key] for key in keys}
        if not dimensions:
            if has_empty and certain:
                problems.append(("duplicate-set", f"{keys} has no dimensions left, as an earlier set"))
            certain, has_empty = certain and not has_empty, True
        for name, unit, resolution, values, metric_certain in metrics:
            point = {"namespace": namespace, "metric": name, "unit": unit, "resolution": resolution, "dimensions": dict(dimensions),
                     "timestamp": timestamp, **values}
            points.append(point if certain and metric_certain and not rules else {**point, "certain": False})
    return [] if namespace_rule else points


def _namespace_rule(namespace):
    if len(namespace) > 255:
        return "namespace-too-long"
    if not re.fullmatch(r"[A-Za-z0-9._#:/ -]+", namespace) or not namespace.strip() or namespace.startswith(":"):
        return "namespace-invalid"
    return "namespace-reserved" if namespace.startswith("AWS/") else None


def _dimension_rules(root, name):
    """Faults of a dimension's name and value."""
    rules = []
    if name.startswith(":") or _is_blank_or_control(name):
        rules.append("dimension-invalid")
    elif not name.isascii():
        rules.append("dimension-not-ascii")
    if name not in root:
        return [*rules, "dimension-missing"]
    value = root[name]
    # A string with half of a surrogate pair is not valid Unicode.
    if not isinstance(value, str) or SURROGATE.search(value):
        return [*rules, "dimension-not-string"]
    if not value:
        return [*rules, "dimension-empty"]
    if len(value) > 1024:
        return [*rules, "dimension-value-too-long"]
    if _is_blank_or_control(value):
        return [*rules, "dimension-invalid"]
    return rules if value.isascii() else [*rules, "dimension-not-ascii"]


def _is_blank_or_control(text):
    return bool(re.search(r"[\x00-\x1f\x7f]", text)) or not text.strip()


def _doubts(root, name, values):
    """Why CloudWatch may reject a metric that has values."""
    rules = []
    if name.startswith(":") or name != name.strip() or not re.fullmatch("[ -~]*", name):
        rules.append("metric-name-unusual")
    if isinstance(root[name], Members) and "Values" in root[name] and "Counts" not in root[name]:
        rules.append("counts-missing")
    if "counts" in values and min(values["counts"]) <= 0:
        rules.append("statistics-impossible")
    if "statistics" in values:
        low, high, total, count = (values["statistics"][member] for member in ("min", "max", "sum", "count"))
        room = (abs(total) + abs(high) + abs(low)) * 1e-6
        if low > high or count < 1 or not low * count - room <= total <= high * count + room:
            rules.append("statistics-impossible")
    return rules


def _values(root, definition):
    """The values of a metric, or the rule that they violate."""
    name = definition["Name"]
    if len(name) > 255:
        return None, "metric-name-too-long"
    if definition.get("StorageResolution", 60) not in (1, 60):
        return None, "resolution-invalid"
    if name not in root:
        return None, "metric-missing"
    value = root[name]
    if isinstance(value, Members):
        return _distribution(value)
    values = value if isinstance(value, list) else [value]
    if not values:
        return None, "metric-no-values"
    if len(values) > MAX_VALUES:
        return None, "too-many-values"
    rule = _numbers_rule(values)
    return (None, rule) if rule else ({"values": [float(value) for value in values]}, None)


def _numbers_rule(values):
    for value in values:
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            return "metric-not-number"
        if abs(_as_float(value)) > MAX_MAGNITUDE:
            return "metric-out-of-range"
    return None


def _distribution(value):
    """A distribution or a statistic set."""
    has = [name in value for name in ("Values", "Counts", "Min", "Max", "Sum", "Count")]
    if has[0] and (has[1] or isinstance(value["Values"], list)):
        # Each value may simply count once.
        values, counts = value["Values"], value["Counts"] if has[1] else [1] * len(value["Values"])
        if not isinstance(values, list) or not isinstance(counts, list):
            return None, "distribution-invalid"
        for numbers in (values, counts):
            if len(numbers) <= MAX_VALUES and (rule := _numbers_rule(numbers)):
                return None, rule
        _require(max(len(values), len(counts)) <= MAX_VALUES, "a distribution has more than 100 values")
        if len(values) != len(counts):
            return None, "distribution-invalid"
        if not values:
            return None, "metric-no-values"
        return {"values": list(map(float, values)), "counts": list(map(float, counts))}, None
    statistics = {name.lower(): value[name] for name in ("Min", "Max", "Sum", "Count") if name in value}
    if not has[0] and not has[1] and len(statistics) == 4:
        rule = _numbers_rule(statistics.values())
        return (None, rule) if rule else ({"statistics": {name: float(number) for name, number in statistics.items()}}, None)
    return None, "distribution-invalid" if any(has[:4]) else "metric-not-number"
