"""The page of `ecs-clock-emf report` in a browser: six cases, from a quiet day to a limit that nobody meets.

If `CLOCK_REPORT_SCREENSHOTS` names a folder, pictures and PDFs of every case are kept there.
"""

import base64
import os
import re
import subprocess
import sys
import zlib
from pathlib import Path

import pytest
from browser import contrast
from program import built

sys.path.append(str(Path(__file__).resolve().parent.parent / "bench"))
from lines import CASES  # noqa: E402

SCHEMES = ["light", "dark"]
# WCAG 2.2, success criteria 1.4.3 (text) and 1.4.11 (non-text contrast).
TEXT_CONTRAST = 4.5
OTHER_CONTRAST = 3
# What the first screen of each case answers.
ANSWERS = {
    "quiet": ["Yes. Every clock was within 2 ms of UTC for the whole time."],
    "lost-region": ["No. 30 of 30 tasks", "not synchronized, 2026-11-28T14:04", "30 tasks", "unknown: after the last line", "10 tasks"],
    "one-bad-of-1000": ["No. 1 of 1000 tasks", "over the limit, 2026-11-28T00:39", "stepped, 2026-11-28T00:19", "unknown: lost line"],
    "one-task": ["Yes. Every clock was within 2 ms of UTC for the whole time."],
    "no-data": ["Not known: the lines show nothing about any clock in this time."],
    "limit-nobody-meets": ["No. 12 of 12 tasks", "over the limit, 2026-11-28T00:02"],
}
PROVEN = {"quiet", "one-task"}
MOST_BYTES = 100_000


@pytest.fixture(scope="session")
def pages(tmp_path_factory):
    """The page of each case, as a file."""
    program = built("ecs-clock-emf")
    folder = tmp_path_factory.mktemp("report")
    for name, (lines, arguments) in CASES.items():
        with open(folder / f"{name}.json", "w") as file:
            file.writelines(lines())
        command = [program, "report", *arguments, "--html", folder / f"{name}.html", folder / f"{name}.json"]
        finished = subprocess.run(command, capture_output=True, text=True, timeout=600)
        assert finished.returncode == int(name not in PROVEN), finished
        assert finished.stderr == ""
    return folder


@pytest.fixture(params=CASES)
def case(request, browser, pages):
    """A case whose page is open."""
    browser.driver.get((pages / f"{request.param}.html").as_uri())
    return request.param


def test_the_first_screen_answers_whether_when_and_what_is_not_known(browser, case):
    for width, height in ((1280, 800), (390, 844)):
        browser.set_size(width, height)
        shown = browser.run(
            "return [...document.querySelectorAll('section:first-of-type :is(p, li)')]"
            ".filter((one) => one.getBoundingClientRect().bottom <= innerHeight).map((one) => one.innerText).join('\\n')"
        )
        for answer in ANSWERS[case]:
            assert answer in shown.replace("\n", " "), (width, answer, shown)


def test_the_page_is_small_and_runs_and_loads_nothing(browser, case, pages):
    path = pages / f"{case}.html"
    assert path.stat().st_size < MOST_BYTES
    assert browser.count("script, link, img, iframe, object, embed, [src], [href], [onclick]") == 0
    requests = [parameters["request"]["url"] for method, parameters in browser.network() if method == "Network.requestWillBeSent"]
    assert requests == [path.as_uri()]
    assert browser.console() == []


def test_headings_landmarks_and_text_alternatives(browser, case):
    levels = browser.run("return [...document.querySelectorAll('h1, h2, h3')].map((one) => Number(one.tagName[1]))")
    assert levels[0] == 1 and levels.count(1) == 1
    assert all(after - before <= 1 for before, after in zip(levels, levels[1:])), levels
    assert browser.count("main") == 1 and browser.run("return document.documentElement.lang") == "en"
    # Everything is inside of the landmark.
    assert browser.count("body > :not(main)") == 0
    tables = browser.run(
        "return [...document.querySelectorAll('table')].map((one) => [!!one.caption, one.querySelectorAll('thead th[scope=col]').length])"
    )
    assert tables and all(caption and columns >= 3 for caption, columns in tables)
    images = [node["name"] for node in browser.accessible() if node["role"] == "image"]
    strips = [name for name in images if re.fullmatch(r"Task [0-9a-f]{32}: .+", name)]
    assert len(strips) == browser.count("svg.strip") > 0
    assert len(images) == browser.count("svg"), "each picture has a text"
    for name in strips:
        assert re.search(r"% within|not synchronized|over the limit|unknown", name), name


@pytest.mark.parametrize("scheme", SCHEMES)
def test_contrast(browser, case, scheme):
    browser.set_scheme(scheme)
    texts = browser.written_texts()
    assert {"h1", "h2", "caption", "th", "td"} <= {text["name"].split(".")[0] for text in texts}
    faint = {text["name"]: ratio for text in texts if (ratio := contrast(text["colour"], text["ground"])) < TEXT_CONTRAST}
    assert faint == {}
    marks = browser.run(
        """
        const style = (one) => getComputedStyle(one);
        return [...document.querySelectorAll("svg.strip rect, svg.curve .limit")].map((one) =>
          [one.getAttribute("class"), style(one)[one.matches(".limit") ? "stroke" : "fill"], style(one.closest("svg")).backgroundColor]);
        """
    )
    # Within the limit as reported is light on purpose: it is hardly more than unknown.
    faint = {name for name, colour, ground in marks if contrast(colour, ground) < OTHER_CONTRAST and name != "reported_within"}
    assert marks and faint == set()


@pytest.mark.parametrize("width", [360, 390, 1280])
def test_nothing_is_wider_than_the_screen(browser, case, width):
    browser.set_size(width)
    assert browser.run("return innerWidth") == width
    assert browser.overflow(width) <= 0


def test_what_is_not_within_the_limit_is_seen_without_colours(browser, case):
    heights = browser.run(
        "return [...document.querySelectorAll('svg.strip rect')].map((one) => [one.getAttribute('class'), one.getAttribute('height')])"
    )
    expected = {"within": "6", "reported_within": "6", "unknown": "3", "over": "10", "stepped": "10", "not_synchronized": "10"}
    assert heights and all(expected[state] == height for state, height in heights)


def test_on_paper_no_task_is_cut_and_dark_is_light(browser, case):
    browser.set_scheme("dark")
    printed = browser.devtools("Page.printToPDF", preferCSSPageSize=True)
    data = base64.b64decode(printed["data"])
    sizes = re.findall(rb"/MediaBox\s*\[\s*0\s+0\s+([\d.]+)\s+([\d.]+)\s*\]", data)
    assert sizes and all(abs(float(width) - 595) < 2 and abs(float(height) - 842) < 2 for width, height in sizes), sizes
    assert len(sizes) <= 20
    # The text is not the light one of the dark scheme.
    streams = re.findall(rb"stream\r?\n(.*?)\r?\nendstream", data, re.DOTALL)
    drawn = b"\n".join(inflated for stream in streams if (inflated := inflate(stream)))
    light = re.findall(rb"\.925\d* \.925\d* \.949\d* rg", drawn)
    assert b" rg" in drawn and light == []
    rules = browser.run(
        "return [...document.styleSheets[0].cssRules].filter((rule) => rule.media?.mediaText === 'print')"
        ".flatMap((rule) => [...rule.cssRules]).map((rule) => rule.cssText)"
    )
    kept = [rule for rule in rules if "break-inside: avoid" in rule]
    assert any(".task" in rule and "tr" in rule and ".whole" in rule for rule in kept), rules


def inflate(stream):
    try:
        return zlib.decompress(stream)
    except zlib.error:
        return None


def test_pictures(browser, case, tmp_path):
    folder = Path(os.environ.get("CLOCK_REPORT_SCREENSHOTS") or tmp_path)
    folder.mkdir(parents=True, exist_ok=True)
    pictures = []
    for scheme in SCHEMES:
        for name, width in (("wide", 1280), ("narrow", 390)):
            browser.set_scheme(scheme)
            browser.set_size(width)
            strip = browser.run("return getComputedStyle(document.querySelector('svg.strip rect')).fill")
            pictures.append((browser.screenshot(), strip))
            (folder / f"{case}-{scheme}-{name}.png").write_bytes(pictures[-1][0])
    (folder / f"{case}.pdf").write_bytes(base64.b64decode(browser.devtools("Page.printToPDF", preferCSSPageSize=True)["data"]))
    browser.driver.get("about:blank")
    for png, strip in pictures:
        colours = browser.colours(png)
        assert len(colours) > 20 and strip in colours
