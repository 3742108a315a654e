"""Large inputs: the page stays usable, shows its progress, can be stopped, and shows a bounded part of what is found."""

import json
import re
import subprocess

import pytest
from selenium.webdriver.common.keys import Keys

NOW = "2026-11-22T12:00:00Z"
MEGABYTE = 1_000_000


def document(index, **changes):
    metadata = {
        "Timestamp": 1795348790500,
        "CloudWatchMetrics": [
            {"Namespace": "Shop", "Dimensions": [["Service"]], "Metrics": [{"Name": "Latency", "Unit": "Milliseconds"}]}
        ],
    }
    return json.dumps({"_aws": metadata, "Service": "api", "Latency": index, **changes}) + "\n"


@pytest.fixture(scope="module")
def hundred_megabytes(tmp_path_factory):
    """Documents without a fault."""
    path = tmp_path_factory.mktemp("large") / "large.log"
    block = "".join(document(index, Note="x" * 600) for index in range(1000))
    with path.open("w") as file:
        while file.tell() < 100 * MEGABYTE:
            file.write(block)
    return path


def progress(page):
    return page.browser.run("return document.getElementById('progress').value")


def is_running(page):
    return page.browser.element("#running").is_displayed()


def test_while_a_large_file_is_read_the_page_can_be_used_and_stopped(page, hundred_megabytes):
    browser = page.browser
    page.set(now=NOW)
    page.choose(hundred_megabytes)
    page.until(lambda: is_running(page), "progress")
    values = [page.until(lambda: progress(page) > 0 and progress(page), "progress above 0")]
    # What the user does in the meantime has an effect at once.
    browser.click("#settings summary")
    assert browser.element("#settings").get_attribute("open") is None
    values.append(page.until(lambda: progress(page) > values[-1] and progress(page), "more progress"))
    assert 0 < values[0] < values[1] < 1 and is_running(page)
    assert re.fullmatch(r"[\d.]+ [kM]B of 100\.\d MB, 0 faults so far", browser.text("#progress-text"))
    assert browser.text("#verdict") == "", "no verdict before the end"
    assert page.points, "what was found so far is shown"

    browser.element("#stop").send_keys(Keys.ENTER)
    verdict = page.ended()
    assert re.fullmatch(r"Stopped after [\d.]+ MB of 100\.\d MB: no fault", verdict)
    assert not is_running(page)
    assert "open" in browser.element("#verdict").get_attribute("class"), "half a file is not without fault"
    counts = browser.text("#counts")
    assert int(re.match(r"([\d,]+) lines", counts)[1].replace(",", "")) > 1000
    # Nothing continues.
    assert browser.text("#counts") == counts
    # The page is as good as new.
    page.set(now=NOW)
    page.write(document(1))
    assert page.until(lambda: browser.text("#verdict") == "No fault" and page.ended(), "verdict") == "No fault"
    assert browser.text("#counts") == "1 line: 1 EMF, 0 others; 1 data point"


def test_a_new_input_replaces_one_that_is_being_read(page, hundred_megabytes):
    page.set(now=NOW)
    page.choose(hundred_megabytes)
    page.until(lambda: is_running(page), "progress")
    page.write("plain")
    assert page.until(lambda: page.browser.text("#verdict") == "1 fault" and page.ended(), "verdict") == "1 fault"
    assert page.browser.text("#counts") == "1 line: 0 EMF, 1 other; 0 data points" and not is_running(page)


def test_a_large_file_is_read_to_its_end_and_counted_as_the_program_counts(page, emf_explain, hundred_megabytes):
    page.explain(hundred_megabytes, now=NOW)
    assert page.browser.text("#verdict") == "No fault"
    counts = page.browser.text("#counts").replace(",", "")
    done = subprocess.run([emf_explain, "--now", NOW, "--json", hundred_megabytes], stdout=subprocess.PIPE, text=True, check=True)
    points = done.stdout.count("\n")
    assert counts == f"{points} lines: {points} EMF 0 others; {points} data points"
    assert len(page.points) == 500
    assert page.browser.text("#hidden-points") == f"{points - 500:,} more data points not shown."


def test_of_many_findings_some_are_shown_and_all_are_counted(page, tmp_path):
    path = tmp_path / "faulty.log"
    count = 20_000
    with path.open("w") as file:
        for index in range(count):
            file.write(document(index, Service=7))
        # The first fault of its kind is shown, however many others there are.
        file.write(document(1).replace("Timestamp", "Timestamps"))
    page.explain(path, now=NOW)
    assert page.browser.text("#verdict").startswith(f"{count + 1:,} faults")
    findings = page.findings
    assert 100 < len(findings) < 400
    assert f"Line {count + 1}" in {finding["place"] for finding in findings if finding["rule"] == "timestamp-missing"}
    assert page.browser.text("#hidden-text").startswith(f"{count + 1 - sum(one['severity'] == 'fault' for one in findings):,} faults")
    assert f"dimension-not-string {count:,}" in page.browser.texts("#rules li")
    # Beside each is its own line, also far into the file.
    last = next(finding for finding in findings if finding["rule"] == "timestamp-missing")
    assert '"Timestamps": 1795348790500' in last["text"]


def test_lines_of_many_megabytes_are_judged_and_shown_cut(page, tmp_path):
    path = tmp_path / "long.log"
    path.write_text("x" * 3 * MEGABYTE + "\n" + document(1, Note="y" * 1_200_000) + '{"_aws":' + "[" * 2 * MEGABYTE)
    page.explain(path, now=NOW)
    rules = {finding["place"]: finding for finding in page.findings}
    assert rules["Line 2"]["rule"] == "event-too-large"
    assert all(len(finding["text"]) < 1500 for finding in page.findings)
    assert rules["Line 2"]["text"].endswith(" …")


def test_a_long_paste_does_not_go_into_the_text_field(page):
    page.browser.run(
        """
        const data = new DataTransfer();
        data.setData("text/plain", "plain line\\n".repeat(200000));
        const field = document.getElementById("lines");
        field.dispatchEvent(new ClipboardEvent("paste", { clipboardData: data, bubbles: true, cancelable: true }));
        """
    )
    assert page.ended() == "1 fault"
    assert page.browser.text("#counts") == "200,000 lines: 0 EMF, 200,000 others; 0 data points"
    field = page.browser.element("#lines")
    assert field.get_attribute("value") == "" and field.get_attribute("placeholder") == "Pasted text, 2.2 MB"


DROP = """
const data = new DataTransfer();
for (const [name, text] of arguments[0]) data.items.add(new File([text], name));
document.querySelector("footer").dispatchEvent(new DragEvent("drop", { dataTransfer: data, bubbles: true, cancelable: true }));
"""


def test_a_file_is_dropped_anywhere(page):
    page.browser.run(DROP, [["dropped.log", "plain\n"]])
    assert page.ended() == "1 fault"
    assert page.browser.element("#lines").get_attribute("placeholder") == "dropped.log, 6 bytes"
    assert not page.browser.element("#alert").is_displayed()
    page.browser.run(DROP, [["one.log", "plain\n"], ["two.log", "plain\n"]])
    assert page.browser.text("#alert") == "One file at a time: this is one.log."


def test_a_file_that_is_gone_is_reported(page, tmp_path):
    path = tmp_path / "gone.log"
    path.write_text("plain\n")
    page.explain(path)
    path.unlink()
    page.set(now=NOW)
    verdict = page.until(lambda: "Cannot be read" in page.ended() and page.ended(), "report")
    assert verdict.startswith("Cannot be read to its end: ") and len(verdict) > 40
