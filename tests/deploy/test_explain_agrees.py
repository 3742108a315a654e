"""`explain` of the real program and the extraction that the tests use make the same of every line.

Both follow the same sources independently, so each catches the other's slips. Compared are, for each line, the data points with
their certainty, and the faults and warnings by rule and confidence; the sentences are each one's own. Of a document that yields
nothing as a whole only that is compared, since it may have many reasons. Lines are the recorded ones of tests/data/explain,
generated ones, good and then spoilt, and some that aws-embedded-metrics writes here.
"""

import json
import os
import subprocess
from collections import Counter
from datetime import datetime

import pytest
from aws_embedded_metrics.logger.metrics_context import MetricsContext
from aws_embedded_metrics.serializers.log_serializer import LogSerializer
from cfn import TOP
from emf_extract import FAULT, RULES, read
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from program import SIDECAR, cargo_build

NOW = "2026-11-22T12:00:00Z"
NOW_MS = int(datetime.fromisoformat(NOW).timestamp() * 1000)
DATA = TOP / "tests" / "data" / "explain"

# Accepted differences: the line (N is the current time) and the reason. Everything else is compared.
ACCEPTED = {
    "an object cut off before any \"_aws\"": (
        b'{"level":"info","message":"the line ends he',
        "it is not EMF as it is. explain knows that the input ends here without a line feed and suspects a cut",
    ),
    "a resolution of -0": (
        b'{"_aws":{"Timestamp":N,"CloudWatchMetrics":[{"Namespace":"S","Dimensions":[[]],"Metrics":[{"Name":"A","StorageResolution":-0},'
        b'{"Name":"B"}]}]},"A":1,"B":1}\n',
        "an integer that is neither 1 nor 60 costs its metric. explain keeps the sign, which no integer has, and refuses the event",
    ),
}  # fmt: skip


@pytest.fixture(scope="module")
def binary():
    return os.environ.get("CLOCK_EMF_BIN") or cargo_build("--bin", SIDECAR)


class Verdict:
    """The verdict of one reader on a line."""

    def __init__(self):
        self.points = Counter()
        self.problems = set()

    def add_point(self, point):
        point = {key: value for key, value in point.items() if key not in ("line", "event")}
        for member in "values", "counts":
            if member in point:
                point[member] = [float(value) for value in point[member]]
        if "statistics" in point:
            point["statistics"] = {name: float(value) for name, value in point["statistics"].items()}
        self.points[json.dumps(point, sort_keys=True)] += 1

    def add_problem(self, severity, rule, confidence):
        # The readers may differ in why a document yields nothing as a whole.
        known = rule in RULES and rule != "document"
        self.problems.add((severity, rule, confidence) if known else (FAULT, "document", None))

    @property
    def faulty(self):
        return any(severity == FAULT for severity, _, _ in self.problems)

    @property
    def certain(self):
        return bool(self.points) and not any('"certain": false' in point for point in self.points)

    def compared(self):
        if (FAULT, "document", None) in self.problems:
            return self.points, "document"
        return self.points, self.problems

    def __eq__(self, other):
        return self.compared() == other.compared()

    def __repr__(self):
        return f"{sorted(map(str, self.problems))} and the points {sorted(self.points.elements())}"


def explained(binary, lines):
    """The program's verdicts on these lines, given as one input with a plain line after each, so that none continues in the next."""
    text = b"".join(line + b"-\n" * line.endswith(b"\n") for line in lines)
    done = subprocess.run([binary, "explain", "--json", "--input", "stdout", "--now", NOW], input=text, capture_output=True, check=False)
    assert done.returncode in (0, 1) and not done.stderr, done.stderr
    verdicts = [Verdict() for _ in lines]
    for record in map(json.loads, done.stdout.decode().splitlines()):
        verdict = verdicts[(record["line"] - 1) // 2]
        if record.get("rule") == "no-emf":
            continue
        if "rule" in record:
            verdict.add_problem("fault" if "fault" in record else "warning", record["rule"], record["confidence"])
        else:
            verdict.add_point(record)
    return verdicts


def extracted(line):
    """The extraction's verdict on a line."""
    verdict = Verdict()
    points, problems = read(line.decode("utf-8", "surrogateescape"), NOW_MS)
    for point in points:
        verdict.add_point(point)
    for rule, _ in problems:
        verdict.add_problem(RULES[rule][0], rule, RULES[rule][1])
    return verdict


def assert_agreement(binary, lines):
    """Both give the same verdict on every line. Returns the verdicts."""
    verdicts = explained(binary, lines)
    differing = [
        f"{line[:2000]!r}\n  explain:    {verdict}\n  extraction: {other}"
        for line, verdict in zip(lines, verdicts, strict=True)
        if verdict != (other := extracted(line))
    ]
    assert not differing, f"{len(differing)} of {len(lines)} lines, the first of them:\n" + "\n".join(differing[:3])
    return verdicts


# tests/explain/forms.rs tests other forms than bare lines.
RECORDED = sorted(path.name for path in DATA.iterdir() if path.suffix == ".jsonl")


@pytest.mark.parametrize("name", RECORDED)
def test_on_the_recorded_lines(binary, name):
    *lines, rest = (DATA / name).read_bytes().split(b"\n")
    assert lines and rest == b""
    assert_agreement(binary, [line + b"\n" for line in lines])


def test_on_lines_that_harm_the_driver(binary):
    driver, service = 262_118, 1024 * 1024
    document = to_text(good(NOW_MS)).encode()
    padded = [document + b" " * (size - len(document)) + b"\n" for size in (driver, driver + 1, service, service + 1)]
    verdicts = assert_agreement(binary, [*padded, b"x" * (driver + 1) + b"\n", b"\xff\n", document[:-1] + b',"\xff":1}\n'])
    assert [verdict.faulty for verdict in verdicts] == [False, False, False, True, False, True, True]


@pytest.mark.parametrize("name", ACCEPTED)
def test_an_accepted_difference_is_still_one(binary, name):
    line = ACCEPTED[name][0].replace(b"N,", b"%d," % NOW_MS)
    assert explained(binary, [line]) != [extracted(line)], "they agree by now: take it off the list"


# ---- generated lines ---------------------------------------------------------------------------------------------------


class Raw(str):
    """JSON text that goes into a document as it is."""


class Pairs(list):
    """A JSON object as a list of names and values: names may repeat."""


def to_text(value):
    if isinstance(value, Raw):
        return str(value)
    if isinstance(value, Pairs):
        return "{" + ",".join(f"{to_text(name)}:{to_text(item)}" for name, item in value) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(to_text, value)) + "]"
    return json.dumps(value)


def good(timestamp, directives=None, members=()):
    """A document; by default one with two sets and three metrics."""
    definitions = [[("Name", "Latency"), ("Unit", "Milliseconds")], [("Name", "Hits")], [("Name", "Load"), ("StorageResolution", 1)]]
    metrics = list(map(Pairs, definitions))
    directive = Pairs([("Namespace", "Shop"), ("Dimensions", [["Service"], ["Service", "Stage"]]), ("Metrics", metrics)])
    metadata = Pairs([("Timestamp", timestamp), ("CloudWatchMetrics", [directive] if directives is None else directives)])
    members = members or [("Service", "api"), ("Stage", "prod"), ("Latency", [1.5, 2]), ("Hits", 3), ("Load", -0.25)]
    return Pairs([("_aws", metadata), *members])


def nested(depth):
    return Raw("[" * depth + "]" * depth)


UNITS = ["Seconds", "Milliseconds", "Terabytes/Second", "Bits", "Percent", "None"]
KEYS = ["Service", "Stage", "Zone", "k" * 250, "a b"]
NAMES = ["Latency", "Hits", "m" * 255, "Größe", "\U0001f600"]
TEXTS = ["v", " v ", "~", "a:b", "v" * 1024]
NUMBERS = st.one_of(
    st.integers(-(2**63), 2**64 - 1), st.floats(allow_nan=False, allow_infinity=False), st.sampled_from([2.0**360, -(2.0**360), 0, Raw("-0.0"), Raw("1E+2")])
)  # fmt: skip
# Replacements for any part of a document: at, within and beyond every limit that either reader knows.
ODD = [
    None, True, False, 0, -1, 1, 59, 60, Raw("60.0"), Raw("6e1"), Raw("1.0"), Raw("-0.0"), Raw("1e999"), Raw("-1e999"), Raw("1" + "0" * 400),
    Raw("1e-999"), Raw("18446744073709551615"), 2**360, 2.0**361, -(2.0**361), Raw("NaN"), Raw("Infinity"), Raw("01"), Raw("+1"), Raw(".5"),
    "", " ", "x", ":x", "x:", "é", "\x7f", "\t", "a\nb", "a\u2028b", "AWS/ECS", "AWS", "a b", "a(b)", "_aws", "count", "Count", "Nanoseconds",
    *("x" * length for length in (250, 251, 255, 256, 1024, 1025)), "é" * 250, "é" * 251, "\U0001f600" * 250,
    Raw('"\\ud800"'), Raw('"\\udc00\\ud800"'), Raw('"\\ud83d\\ude00"'), Raw('"a\tb"'), Raw('"\\x"'), Raw("'x'"),
    [], [[]], ["Service"], [["Service"]], [["Service", "Service"]], [["Missing"]], [["_aws"]], [[""]], [[":k"]], [1, "2"], [1, None], [[1]],
    [0] * 100, [0] * 101, [[f"K{i}" for i in range(30)]], [[f"K{i}" for i in range(31)]],
    [Pairs([("Name", f"M{i}")]) for i in range(100)], [Pairs([("Name", f"M{i}")]) for i in range(101)],
    Pairs([]), Pairs([("Values", [1]), ("Counts", [1])]), Pairs([("Values", [1, 2]), ("Counts", [1])]), Pairs([("Values", [1]), ("Counts", ["1"])]),
    Pairs([("Values", [0] * 101), ("Counts", [1] * 101)]), Pairs([("Values", [1])]), Pairs([("Min", 1), ("Max", 2)]), Pairs([("Sum", 1)]), Pairs([("Min", 1), ("Max", 2), ("Sum", 3), ("Count", 2)]), Pairs([("a", 1), ("a", 2)]),
    Pairs([("Name", "Hits"), ("StorageResolution", 1)]), Pairs([("Name", "Hits"), ("StorageResolution", 60)]),
    *map(nested, (100, 120, 124, 125, 126, 127, 128, 129)),
    *(NOW_MS + offset for offset in (-14 * 86_400_000, -14 * 86_400_000 - 1, 7_200_000, 7_200_001)), NOW_MS // 1000, NOW_MS * 1000, float(NOW_MS),
]  # fmt: skip


@st.composite
def documents(draw):
    """A good document."""
    values = st.one_of(NUMBERS, st.lists(NUMBERS, min_size=1, max_size=3)).filter(small)
    members = {name: draw(values) for name in draw(st.sets(st.sampled_from(NAMES), min_size=1))}
    definitions = {}
    for name in members:
        optional = [("Unit", draw(st.sampled_from([*UNITS, None]))), ("StorageResolution", draw(st.sampled_from([1, 60, None])))]
        definitions[name] = Pairs([("Name", name), *((key, value) for key, value in optional if value is not None)])
    dimensions = {key: draw(st.sampled_from(TEXTS)) for key in draw(st.sets(st.sampled_from(KEYS)))}
    keys = st.lists(st.sampled_from(sorted(dimensions)), max_size=3) if dimensions else st.just([])
    directives = draw(st.lists(
        st.builds(
            lambda namespace, sets, names: Pairs([("Namespace", namespace), ("Dimensions", sets), ("Metrics", [definitions[n] for n in names])]),
            st.sampled_from(["Shop", "My App", "a.b_c#d:e/f-g", "n" * 255]),
            st.lists(keys, min_size=1, max_size=3),
            st.lists(st.sampled_from(sorted(members)), min_size=1, max_size=3),
        ),
        min_size=1, max_size=2,
    ))  # fmt: skip
    timestamp = NOW_MS + draw(st.integers(-14 * 86_400_000, 7_200_000))
    return good(timestamp, directives, draw(st.permutations([*members.items(), *dimensions.items(), ("Other", Pairs([("a", [None])]))])))


def small(value):
    return all(isinstance(v, str) or abs(v) <= 2.0**360 for v in (value if isinstance(value, list) else [value]))


def places(value):
    """Every container of a document with every index in it."""
    if isinstance(value, list):
        for index, item in enumerate(value):
            yield value, index
            yield from places(item[1] if isinstance(value, Pairs) else item)


def copied(value):
    if isinstance(value, Pairs):
        return Pairs((name, copied(item)) for name, item in value)
    return [copied(item) for item in value] if isinstance(value, list) else value


def spoil(draw, document):
    """Changes one place in one way."""
    container, index = draw(st.sampled_from(list(places(document))))
    odd = draw(st.sampled_from(ODD))
    ways = ["replace", "remove", "repeat"]
    if isinstance(container, Pairs):
        ways += ["rename", "precede"]
    way = draw(st.sampled_from(ways))
    if way == "remove":
        del container[index]
    elif way == "repeat":
        container.append(container[index])
    elif isinstance(container, list) and not isinstance(container, Pairs):
        container[index] = odd
    elif way == "replace":
        container[index] = (container[index][0], odd)
    elif way == "precede":
        # The same name with another value before it.
        container.insert(index, (container[index][0], odd))
    else:
        container[index] = (odd if isinstance(odd, str) else "x", container[index][1])


@st.composite
def lines(draw):
    """A line of a document, good or spoilt once or twice, in its parts or as a text."""
    document = copied(draw(documents()))
    for _ in range(draw(st.sampled_from([0, 1, 1, 1, 2]))):
        spoil(draw, document)
    text = to_text(document)
    way = draw(st.sampled_from(["whole"] * 12 + ["cut", "followed", "preceded", "a character less", "a character more"]))
    at = draw(st.integers(1, len(text) - 1))
    if way == "cut":
        text = text[:at]
    elif way == "followed":
        text += draw(st.sampled_from(["\r", " \t", "x", "{}", ",", "\ufeff", "\x00"]))
    elif way == "preceded":
        text = draw(st.sampled_from(["x", "\ufeff", "[", "{", "INFO:root:"])) + text
    elif way == "a character less":
        text = text[:at] + text[at + 1 :]
    elif way == "a character more":
        text = text[:at] + draw(st.sampled_from(list('{}[],:"\\01-.e \t\x01é'))) + text[at:]
    return text.encode() + b"\n"


def generated(strategy, count):
    """So many lines, the same at every run of the same tests. They are compared together, since a run of the program costs more than a line."""
    made = []

    @settings(max_examples=count, derandomize=True, database=None, deadline=None, phases=[Phase.generate], suppress_health_check=list(HealthCheck))
    @given(strategy)
    def make(line):
        made.append(line)

    make()
    return made


def test_on_generated_lines(binary):
    verdicts = assert_agreement(binary, generated(lines(), 500))
    # Otherwise the agreement would be empty. (The number of each kind depends on which modules are loaded, since
    # Hypothesis takes constants from them: 14 of the rarest in one run, over 25 in others.)
    kinds = Counter((bool(verdict.points), verdict.faulty) for verdict in verdicts)
    assert min(kinds[True, False], kinds[True, True], kinds[False, True]) >= 5, kinds


def test_generated_good_lines_have_no_fault(binary):
    texts = [to_text(document).encode() + b"\n" for document in generated(documents(), 100)]
    assert not any(verdict.faulty for verdict in assert_agreement(binary, texts))


def test_with_every_odd_value_in_every_place(binary):
    texts = []
    for place in range(len(list(places(good(NOW_MS))))):
        for odd in ODD:
            document = good(NOW_MS)
            container, index = list(places(document))[place]
            container[index] = (container[index][0], odd) if isinstance(container, Pairs) else odd
            texts.append(to_text(document).encode() + b"\n")
    assert_agreement(binary, texts)


def test_with_every_odd_name(binary):
    texts = []
    for odd in (odd for odd in ODD if isinstance(odd, str)):
        for keys, name, members in ([odd], "Hits", [(odd, "v"), ("Hits", 1)]), (["Service"], odd, [("Service", "api"), (odd, 1)]):
            directive = Pairs([("Namespace", "Shop"), ("Dimensions", [keys, []]), ("Metrics", [Pairs([("Name", name)])])])
            texts.append(to_text(good(NOW_MS, [directive], members)).encode() + b"\n")
    assert_agreement(binary, texts)


# ---- written by another library -----------------------------------------------------------------------------------------


def context(*sets, namespace="Shop", **metrics):
    written = MetricsContext.empty()
    written.namespace = namespace
    written.set_timestamp(datetime.fromisoformat("2026-11-22T11:59:50+00:00"))
    written.should_use_default_dimensions = False
    for dimensions in sets:
        written.put_dimensions(dimensions)
    for name, (values, unit) in metrics.items():
        for value in values:
            written.put_metric(name, value, unit)
    return written


def library_contexts():
    service, both = {"Service": "api"}, {"Service": "api", "Stage": "prod"}
    yield "one metric", context(service, Latency=([1.5], "Milliseconds")), True
    yield "several sets", context(service, both, Latency=([1.5, 2], "Milliseconds"), Hits=([3], None)), True
    yield "250 values become three lines", context(service, Latency=(list(range(250)), "Count")), True
    yield "130 metrics become two lines", context(service, **{f"M{i}": ([i], "Count") for i in range(130)}), True
    yield "30 dimensions", context({f"K{i}": "v" for i in range(30)}, Hits=([1], "Count")), True
    yield "a namespace with a space", context(service, namespace="My App", Hits=([1], "Count")), True
    yield "extreme values", context(service, Hits=([1e-300, -1e100, 0], "Count")), True
    # The library writes no set, but the specification requires one: sources disagree on the result.
    yield "no dimensions", context(Hits=([1], "Count")), False
    properties = context(service, Hits=([1], "Count"))
    properties.set_property("Request", {"path": "/", "headers": ["a", None, True]})
    yield "properties", properties, True
    overridden = context(service, Hits=([1], "Count"))
    overridden.set_property("Service", 1)
    yield "a dimension and a property of one name", overridden, False


@pytest.mark.parametrize("written, good", [pytest.param(written, good, id=name) for name, written, good in library_contexts()])
def test_on_lines_of_aws_embedded_metrics(binary, written, good):
    texts = [text.encode() + b"\n" for text in LogSerializer.serialize(written)]
    verdicts = assert_agreement(binary, texts)
    assert verdicts
    assert all(verdict.certain == good for verdict in verdicts)
