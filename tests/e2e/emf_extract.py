"""What CloudWatch makes of one log line in the embedded metric format (EMF).

Written from the specification in the CloudWatch user guide and from what CloudWatch is known to enforce beyond it, and
independent of the program under test: both reading the same text is what makes their agreement worth something. Where those
sources are silent, tests/data/explain/README.md says how both read it. tests/deploy/test_explain_agrees.py compares the two.

`extract(line, now_ms)` returns `(points, faults)`. A point is one metric under one dimension set:

    {"namespace": str, "metric": str, "unit": str, "resolution": 1 | 60, "dimensions": {name: value},
     "timestamp": milliseconds, "values": [float, …]}

A fault is a sentence. What a fault takes with it:

    the line         not one JSON object; too long; no UTF-8; metadata that breaks the schema; a timestamp out of range
    the directive    an unusable namespace
    the set          a dimension without a usable value; an *empty* value alone strips the point of all dimensions
    the metric       no usable value; a resolution that does not exist, or two of them
    nothing          a member named twice: the last one counts

A line that does not begin with `{` or does not mention `"_aws"` is no EMF: no points and no fault, unless it is too long or no
UTF-8, which harms whatever it is. Bytes that are no UTF-8 are surrogates here, as `decode(errors="surrogateescape")` makes them.
"""

import json
import math
import re

MAX_LINE_BYTES = 262_118  # a longer one is cut by the log driver, and the pieces are not put together again
MAX_AGE_MS = 14 * 24 * 3600 * 1000
MAX_AHEAD_MS = 2 * 3600 * 1000
MAX_METRICS = 100
MAX_VALUES = 100
MAX_DIMENSIONS = 30
MAX_MAGNITUDE = 2.0**360
MAX_DEPTH = 127

SURROGATE = re.compile("[\ud800-\udfff]")
NAMESPACE = re.compile(r"[A-Za-z0-9._#:/ -]{1,255}")
BASE_UNITS = ["Bytes", "Kilobytes", "Megabytes", "Gigabytes", "Terabytes", "Bits", "Kilobits", "Megabits", "Gigabits",
              "Terabits", "Count"]
UNITS = {"Seconds", "Microseconds", "Milliseconds", "Percent", "None", *BASE_UNITS, *(u + "/Second" for u in BASE_UNITS)}


class Broken(Exception):
    """The line breaks the schema or is no JSON, so that nothing of it counts."""


class Members(dict):
    """A JSON object, and the names that it has more than once."""

    def __init__(self, pairs):
        super().__init__(pairs)
        # Also of values that are overridden later: what is broken in them is broken in the line.
        self.pairs = pairs
        names = [name for name, _ in pairs]
        self.repeated = sorted({name for name in names if names.count(name) > 1}) if len(self) < len(pairs) else []


def extract(line, now_ms):
    """The data points in `line` and the faults found in it; `now_ms` is the time at which CloudWatch receives it."""
    line = line.removesuffix("\n")
    if SURROGATE.search(line):
        return [], ["the line is not UTF-8"]
    if len(line.encode()) > MAX_LINE_BYTES:
        return [], [f"the line has more than {MAX_LINE_BYTES} bytes"]
    if not line.startswith("{") or '"_aws"' not in line:
        return [], []
    try:
        root = _parse(line)
        _require("_aws" in root, "_aws is not a member of the root")
        timestamp, directives = _metadata(root["_aws"])
    except Broken as broken:
        return [], [str(broken)]
    if not -MAX_AGE_MS <= timestamp - now_ms <= MAX_AHEAD_MS:
        return [], [f"Timestamp {timestamp} is more than 14 days past or 2 hours ahead"]

    points, faults = [], []
    definitions = [definition for directive in directives for definition in directive["Metrics"]]
    for members in (root, root["_aws"], *directives, *definitions):
        faults += [f"{name!r} is named more than once" for name in members.repeated]
    two_resolutions = _names_with_two_resolutions(directives)
    faults += [f"metric {name!r} has two resolutions" for name in sorted(two_resolutions)]
    for directive in directives:
        fault = _directive_fault(directive)
        if fault:
            faults.append(fault)
            continue
        sets = _dimension_sets(root, directive["Dimensions"], faults)
        for definition in directive["Metrics"]:
            if definition["Name"] in two_resolutions:
                continue
            values, fault = _values(root, definition)
            if fault:
                faults.append(fault)
                continue
            points += [
                {
                    "namespace": directive["Namespace"],
                    "metric": definition["Name"],
                    "unit": definition.get("Unit", "None"),
                    "resolution": definition.get("StorageResolution", 60),
                    "dimensions": dict(dimensions),
                    "timestamp": timestamp,
                    "values": list(values),
                }
                for dimensions in sets
            ]
    return points, faults


def _parse(line):
    """The JSON object that the line is."""

    def number(text):
        value = float(text)
        _require(math.isfinite(value), f"no double holds {text}")
        # A number written with a fraction or an exponent is not an integer here, whatever its value.
        return value if re.search("[.eE]", text) else int(text)

    def constant(name):
        raise Broken(f"{name} is no JSON number")

    try:
        root = json.loads(line, object_pairs_hook=Members, parse_int=number, parse_float=number, parse_constant=constant)
    except (ValueError, RecursionError) as error:
        raise Broken(f"not one JSON object: {error}") from None
    _look_through(root, 1)
    return root


def _look_through(value, depth):
    """Refuses what Python takes for JSON and others do not."""
    if isinstance(value, str):
        _require(not SURROGATE.search(value), "half of a surrogate pair")
    elif isinstance(value, (Members, list)):
        _require(depth <= MAX_DEPTH, f"nested more than {MAX_DEPTH} deep")
        for item in [item for pair in value.pairs for item in pair] if isinstance(value, Members) else value:
            _look_through(item, depth + 1)


def _require(condition, text):
    if not condition:
        raise Broken(text)


def _is_integer(value):
    # True and false are none, and neither is what 64 bits cannot hold.
    return isinstance(value, int) and not isinstance(value, bool) and -(2**63) <= value < 2**64


def _is_string(value, longest):
    # The schema's pattern "^(.*)$" also refuses line breaks.
    return isinstance(value, str) and 1 <= len(value) <= longest and not re.search(r"[\n\r\u2028\u2029]", value)


def _metadata(metadata):
    """Timestamp and directives of a valid `_aws`; the rules are those of the published JSON schema, and its most metrics."""
    _require(isinstance(metadata, dict), "_aws is no object")
    _require(_is_integer(metadata.get("Timestamp")), "_aws.Timestamp is no integer")
    directives = metadata.get("CloudWatchMetrics")
    _require(isinstance(directives, list), "_aws.CloudWatchMetrics is no array")
    for directive in directives:
        _require(isinstance(directive, dict), "a directive is no object")
        _require(_is_string(directive.get("Namespace"), 1024), "Namespace is no string of 1 to 1024 characters")
        sets = directive.get("Dimensions")
        _require(isinstance(sets, list) and sets, "Dimensions is no array of at least one set")
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
            if "Unit" in definition:
                unit = definition["Unit"]
                _require(isinstance(unit, str) and unit in UNITS, f"Unit {unit!r} does not exist")
            if "StorageResolution" in definition:
                _require(_is_integer(definition["StorageResolution"]), "StorageResolution is no integer")
    return metadata["Timestamp"], directives


def _directive_fault(directive):
    namespace = directive["Namespace"]
    if not NAMESPACE.fullmatch(namespace) or not namespace.strip() or namespace.startswith(("AWS/", ":")):
        return f"namespace {namespace!r} is not usable"
    return None


def _names_with_two_resolutions(directives):
    resolutions = {}
    for directive in directives:
        for definition in directive["Metrics"]:
            resolutions.setdefault(definition["Name"], set()).add(definition.get("StorageResolution", 60))
    return {name for name, found in resolutions.items() if len(found) > 1}


def _dimension_sets(root, sets, faults):
    usable = []
    for names in sets:
        fault = next((fault for name in names if (fault := _dimension_fault(root, name))), None)
        if fault:
            faults.append(f"dimension set {names} is dropped: {fault}")
            continue
        empty = [name for name in names if root[name] == ""]
        if empty:
            faults.append(f"dimension {empty[0]!r} is empty: its metrics have no dimensions at all")
            usable.append({})
        else:
            usable.append({name: root[name] for name in names})
    return usable


def _dimension_fault(root, name):
    if name.startswith(":"):
        return f"the name {name!r} begins with a colon"
    if fault := _text_fault(name):
        return f"the name {name!r} {fault}"
    if name not in root or name == "_aws":
        return f"{name!r} is not a member of the root"
    value = root[name]
    if not isinstance(value, str):
        return f"the value of {name!r} is no string"
    if len(value) > 1024:
        return f"the value of {name!r} has more than 1024 characters"
    if value and (fault := _text_fault(value)):  # the empty one is another matter
        return f"the value of {name!r} {fault}"
    return None


def _text_fault(text):
    if any(not " " <= character <= "~" for character in text):
        return "has characters other than printable ASCII"
    return None if text.strip() else "is blank"


def _values(root, definition):
    name = definition["Name"]
    if len(name) > 255:
        return None, f"the name of metric {name[:40]!r}… has more than 255 characters"
    if definition.get("StorageResolution", 60) not in (1, 60):
        return None, f"metric {name!r} has a StorageResolution other than 1 and 60"
    if name not in root or name == "_aws":
        return None, f"metric {name!r} is not a member of the root"
    values = root[name] if isinstance(root[name], list) else [root[name]]
    if not 1 <= len(values) <= MAX_VALUES:
        return None, f"metric {name!r} has {len(values)} values"
    for value in values:
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            return None, f"metric {name!r} has a value that is no number"
        if abs(float(value)) > MAX_MAGNITUDE:
            return None, f"metric {name!r} has a value beyond 2^360"
    return [float(value) for value in values], None
