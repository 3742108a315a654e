"""The page and the program give the same findings and data points."""

import collections
import json
import re
import subprocess
import unicodedata

import pytest
from cfn import TOP

DATA = TOP / "tests/data/explain"
# Each input with the time that it is to be judged at: see the README beside the inputs.
INPUTS = [
    *((path, "2026-11-22T12:00:00Z") for path in sorted(DATA.iterdir()) if path.suffix in (".jsonl", ".log")),
    *(
        (path, "2027-01-15T08:00:00Z" if path.name[0].isdigit() else "2026-11-25T12:00:00Z")
        for path in sorted((DATA / "field").iterdir())
    ),
]
CERTAINTY = {
    "documented": "Documented or measured.",
    "reported": "Reported by users or maintainers.",
    "unknown": "Not known: sources disagree or are silent.",
}
ESCAPES = {"\0": "\\0", "\t": "\\t", "\n": "\\n", "\r": "\\r"}
# More values than this are summed up.
SHOWN_VALUES = 5


def program(emf_explain, path, form, now, *options):
    command = [emf_explain, "--input", form, "--now", now, *options, path]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True)
    assert done.returncode in (0, 1) and not done.stderr, done
    return done.stdout


def records(emf_explain, path, form, now):
    """What the program prints, with numbers as they are written."""
    lines = program(emf_explain, path, form, now, "--json").splitlines()
    return [json.loads(line, parse_float=str, parse_int=str) for line in lines]


def printable(text):
    """As the page and the program show characters that are not seen."""
    hidden = [letter for letter in set(text) if unicodedata.category(letter) in ("Cc", "Cf", "Zl", "Zp")]
    for letter in hidden:
        text = text.replace(letter, ESCAPES.get(letter, f"\\u{{{ord(letter):x}}}"))
    return text


def place(record):
    return f"{record['line']}, event {record['event']}" if "event" in record else record["line"]


def expected_finding(record):
    severity = "fault" if "fault" in record else "warning"
    counter = record["counter"]
    certainty = CERTAINTY[record["confidence"]]
    if counter:
        certainty += f" The metric {counter} in the namespace AWS/Logs rises."
    return f"Line {place(record)}", severity, printable(record[severity]), record["rule"], certainty


def listed(values):
    if len(values) <= SHOWN_VALUES:
        return " ".join(values)
    return f"{len(values)} values, {min(values, key=float)} to {max(values, key=float)}"


def expected_values(record):
    if "statistics" in record:
        return " ".join(f"{name} {value}" for name, value in record["statistics"].items())
    values = record["values"]
    if "counts" not in record:
        return listed(values)
    if len(values) <= SHOWN_VALUES:
        return " ".join(f"{value}×{count}" for value, count in zip(values, record["counts"], strict=True))
    return f"a distribution of {listed(values)}"


def expected_point(record):
    return (
        place(record),
        printable(record["metric"]) + ("" if record.get("certain", True) else "not certain"),
        expected_values(record),
        record["unit"] + (", high resolution" if record["resolution"] == "1" else ""),
        " ".join(printable(f"{name}={value}") for name, value in record["dimensions"].items()).strip(),
        printable(record["namespace"]),
    )


def shown_findings(page):
    names = ("place", "severity", "sentence", "rule", "certainty")
    return [tuple(finding[name] for name in names) for finding in page.findings]


@pytest.mark.parametrize("form", ["auto", "export", "stdout"])
def test_page_and_program_agree_on_every_input(page, emf_explain, form):
    seen = collections.Counter()
    for path, now in INPUTS:
        expected = records(emf_explain, path, form, now)
        findings = [expected_finding(record) for record in expected if "rule" in record]
        points = [expected_point(record) for record in expected if "metric" in record]
        summary = program(emf_explain, path, form, now).splitlines()[-1]
        assert "not-listed" not in {record.get("rule") for record in expected}

        page.explain(path, form, now)
        shown = shown_findings(page)
        # The program has the findings in the order of the lines, the page has faults first.
        assert collections.Counter(shown) == collections.Counter(findings), path.name
        assert [tuple(row[:-1]) for row in page.points] == points, path.name
        counts = page.browser.text("#counts")
        faults, warnings = (sum(severity == one for _, severity, *_ in findings) for one in ("fault", "warning"))
        assert summary == f"{counts}, {counted(faults, 'fault')}, {counted(warnings, 'warning')}", path.name
        verdict = counted(faults, "fault") if faults else "No fault"
        if warnings:
            verdict += f", {counted(warnings, 'warning')}"
        assert page.browser.text("#verdict") == verdict, path.name
        seen += {"faults": faults, "warnings": warnings, "points": len(points)}
    assert len(INPUTS) > 30 and min(seen.values()) > 50, seen


def counted(count, noun):
    return f"{count} {noun}{'' if count == 1 else 's'}"


def test_faults_come_first_beside_their_lines(page, tmp_path):
    path = tmp_path / "both.log"
    path.write_text((DATA / "unsure.jsonl").read_text() + (DATA / "bad.jsonl").read_text())
    page.explain(path, "auto", "2026-11-22T12:00:00Z")
    lines = path.read_text().split("\n")
    findings = page.findings
    severities = [finding["severity"] for finding in findings]
    assert severities.index("warning") > severities.index("fault")
    faulty = page.browser.count("#faults .event")
    assert page.browser.count("#warnings .event") > 0
    assert page.browser.count("#warnings .fault") == 0 and page.browser.count("#faults .event:not(:has(.fault))") == 0
    assert faulty > 50
    compared = 0
    for finding in findings:
        number = re.fullmatch(r"Line (\d+)", finding["place"])
        line = lines[int(number[1]) - 1] if number else ""
        if number and len(line) < 1000 and line.isprintable():
            assert finding["text"] == line
            compared += 1
    assert compared > 50


def test_a_rule_expands_in_place_to_its_explanation_and_fix(page):
    page.write('{"_aws":{"CloudWatchMetrics":[]}}')
    page.ended()
    details = page.browser.element("#faults details")
    assert details.get_attribute("open") is None
    details.find_element("css selector", "summary").click()
    assert details.get_attribute("open") is not None
    assert "The timestamp is missing." in details.text
    assert "Fix: Add _aws.Timestamp: milliseconds since 1970 as an integer." in details.text


def test_each_example_shows_what_its_name_promises(page):
    rules = {
        "Everything is right": [],
        "A dimension that is a number": ["dimension-not-string"],
        "A metric without a value": ["metric-missing"],
        "Seconds as the timestamp": ["timestamp-too-old"],
        "A logger's prefix": ["prefix"],
        "FireLens": ["firelens"],
        "docker compose logs": ["viewer-prefix"],
        "An export of the AWS CLI": ["metric-not-number"],
    }
    buttons = {button.text: button for button in page.browser.driver.find_elements("css selector", ".examples button")}
    assert list(buttons) == list(rules)
    for name, expected in rules.items():
        buttons[name].click()
        page.ended()
        assert [finding["rule"] for finding in page.findings] == expected, name
        assert page.points or name == "Seconds as the timestamp", name


def test_a_time_that_is_none_is_refused_with_the_programs_words(page, emf_explain):
    page.write("{}")
    page.ended()
    page.set(now="yesterday")
    fault = page.until(lambda: page.browser.text("#now-fault"), "word on the time")
    done = subprocess.run([emf_explain, "--now", "yesterday"], stdin=subprocess.DEVNULL, capture_output=True, text=True)
    assert done.returncode == 2 and fault in done.stderr
    assert page.browser.element("#now").get_attribute("aria-invalid") == "true"
    assert not page.browser.element("#result").is_displayed()
    page.set(now="2026-11-22T12:00:00Z")
    page.ended()
    assert page.browser.text("#now-fault") == "" and page.browser.element("#now").get_attribute("aria-invalid") is None


def test_names_from_the_lines_do_no_harm(page):
    hostile = "<img src=x onerror=alert(1)>\u202e"
    directive = {"Namespace": "N", "Dimensions": [[hostile]], "Metrics": [{"Name": hostile}, {"Name": "Missing" + hostile}]}
    document = {"_aws": {"Timestamp": 1795348790500, "CloudWatchMetrics": [directive]}, hostile: hostile, hostile + "x": 1}
    document[hostile] = "v"
    page.set(now="2026-11-22T12:00:00Z")
    page.write(json.dumps(document, ensure_ascii=False))
    page.ended()
    assert page.browser.count("#result img") == 0
    assert "<img" in page.browser.text("#result") and "\u202e" not in page.browser.text("#result")
    assert "\\u{202e}" in page.browser.text("#result")
