"""Accessibility of the page: keyboard only, screen readers, contrast, small screens."""

import pytest
from browser import contrast
from cfn import TOP
from selenium.webdriver.common.keys import Keys

DATA = TOP / "tests/data/explain"
NOW = "2026-11-22T12:00:00Z"
SCHEMES = ["light", "dark"]
# WCAG 2.2, success criteria 1.4.3 (text) and 1.4.11 (non-text contrast).
TEXT_CONTRAST = 4.5
OTHER_CONTRAST = 3
# A prefix before one line only, and a document after it.
LINES = 'started\nINFO {"_aws":{"Timestamp":1795348790500,"CloudWatchMetrics":[]}}\n'


def focused(browser):
    """The id, or else the text, of the element with the focus."""
    return browser.run("const at = document.activeElement; return at.id || at.textContent.trim()")


def tab_to(browser, condition, what, keys=(Keys.TAB,)):
    """Presses Tab until the focus is where it is wanted."""
    seen = []
    for _ in range(60):
        browser.press(*keys)
        seen.append(focused(browser))
        if condition(seen[-1]):
            return
    raise AssertionError(f"no way to {what}: {seen}")


def test_everything_is_reached_and_used_with_the_keyboard(page):
    browser = page.browser
    tab_to(browser, lambda at: at == "lines", "the text field")
    browser.press("x")
    assert page.ended() == "1 fault"
    assert [finding["rule"] for finding in page.findings] == ["no-emf"]

    tab_to(browser, lambda at: at == "file", "the field for files")
    tab_to(browser, lambda at: at == "A logger's prefix", "the example")
    browser.press(Keys.ENTER)
    page.until(lambda: [finding["rule"] for finding in page.findings] == ["prefix"], "example")

    tab_to(browser, lambda at: at == "How the lines are read", "the settings")
    browser.press(Keys.ENTER)
    tab_to(browser, lambda _: browser.run("return document.activeElement.type") == "radio", "the form")
    browser.press(Keys.ARROW_DOWN, Keys.ARROW_DOWN)
    assert browser.run("return form.elements.form.value") == "2"
    tab_to(browser, lambda at: at == "now", "the time")
    browser.press("2020-01-01T00:00:00Z", Keys.TAB)
    page.until(lambda: "timestamp-ahead" in [finding["rule"] for finding in page.findings], "judgment as of another time")

    tab_to(browser, lambda at: at.startswith("prefix"), "the rule")
    browser.press(Keys.ENTER)
    assert browser.element("#faults details").get_attribute("open") is not None

    tab_to(browser, lambda at: at == "Line 2", "the line", keys=(Keys.SHIFT, Keys.TAB, Keys.NULL))
    browser.press(Keys.ENTER)
    selected = browser.run("const at = document.activeElement; return at.value.slice(at.selectionStart, at.selectionEnd)")
    assert focused(browser) == "lines" and selected.startswith("INFO shop {")

    tab_to(browser, lambda at: at == "clear", "the button that clears", keys=(Keys.SHIFT, Keys.TAB, Keys.NULL))
    browser.press(Keys.SPACE)
    page.until(lambda: not browser.element("#result").is_displayed(), "clear page")
    assert focused(browser) == "lines" and browser.run("return document.activeElement.value") == ""


def test_what_has_the_focus_is_outlined(page):
    page.write(LINES)
    page.ended()
    tab_to(page.browser, lambda at: at == "lines", "the text field")
    unseen = set()
    for _ in range(25):
        page.browser.press(Keys.TAB)
        if page.browser.run("return document.activeElement === document.body"):
            continue  # past the last one
        style = page.browser.run("const s = getComputedStyle(document.activeElement); return [s.outlineStyle, parseInt(s.outlineWidth)]")
        if style[0] == "none" or style[1] < 2:
            unseen.add(focused(page.browser))
    assert not unseen


def test_a_screen_reader_gets_roles_and_names(page, tmp_path):
    path = tmp_path / "both.log"
    path.write_text((DATA / "bad.jsonl").read_text() + (DATA / "unsure.jsonl").read_text())
    page.explain(path, now=NOW)
    nodes = page.browser.accessible()
    names = {(node["role"], node["name"]) for node in nodes}
    assert {
        ("heading", "Why is there no metric?"), ("heading", "Result"), ("heading", "Faults"), ("heading", "Warnings"),
        ("heading", "Data points"), ("textbox", "Log lines"), ("button", "Clear"),
        ("textbox", "Judge timestamps as of --now"), ("columnheader", "Metric"), ("region", "Result"),
        ("region", "Faults"), ("region", "Text of line 1"), ("button", "Everything is right"), ("group", "Examples"),
    } <= names  # fmt: skip
    assert any(role == "radio" and name.startswith("not known auto") for role, name in names)
    assert any(role == "group" and name.startswith("The lines are") for role, name in names)
    roles = {node["role"] for node in nodes}
    assert {"main", "banner", "contentinfo", "status", "table", "list", "listitem", "form", "mark"} <= roles
    for node in nodes:
        if node["role"] in ("button", "textbox", "radio", "link", "region", "table", "progressbar", "heading"):
            assert node["name"] or node["role"] == "table", node
    # Read out at the end, not each time that a file has been read a little further.
    assert page.browser.run("return document.getElementById('verdict').closest('[role=status]') !== null")
    assert page.browser.run("return document.getElementById('progress-text').closest('[role=status]') === null")
    assert page.browser.run("return document.documentElement.lang") == "en"


def states(page):
    """The states of the page with other texts in them."""
    page.set(now=NOW)
    yield
    page.explain(DATA / "bad.jsonl", now=NOW)
    page.browser.run("for (const details of document.querySelectorAll('details')) details.open = true")
    yield
    page.explain(DATA / "unsure.jsonl", now=NOW)
    page.browser.run("for (const details of document.querySelectorAll('details')) details.open = true")
    yield
    page.explain(DATA / "metrique.jsonl", now=NOW)
    yield
    page.set(now="never")
    page.until(lambda: page.browser.text("#now-fault"), "word on the time")
    page.browser.run("fail('It fails')")
    yield


@pytest.mark.parametrize("scheme", SCHEMES)
def test_every_text_has_enough_contrast(page, scheme):
    page.browser.set_scheme(scheme)
    seen = {}
    for _ in states(page):
        for text in page.browser.written_texts():
            seen[text["name"], text["text"]] = contrast(text["colour"], text["ground"])
    names = {name for name, _ in seen}
    assert {
        "h1", "h2", "h3", "p.privacy", "p.hint", "button.quiet", "label", "summary", "code", "b.severity", "mark",
        "bdi.where", "span.effect", "p.verdict.not-good", "p.verdict.good", "td", "th", "pre", "p.alert", "p.fault-text", "a",
        "span.tag",
    } <= names  # fmt: skip
    faint = {text: round(ratio, 2) for text, ratio in seen.items() if ratio < TEXT_CONTRAST}
    assert not faint


@pytest.mark.parametrize("scheme", SCHEMES)
def test_the_borders_of_fields_have_enough_contrast(page, scheme):
    page.browser.set_scheme(scheme)
    script = "return [getComputedStyle(document.querySelector(arguments[0])).borderTopColor, getComputedStyle(form).backgroundColor]"
    for field in ("#lines", "#now", ".examples button"):
        assert contrast(*page.browser.run(script, field)) >= OTHER_CONTRAST, field


@pytest.mark.parametrize("width", [320, 390, 1280])
def test_nothing_is_wider_than_the_screen(page, width):
    page.browser.set_size(width)
    for _ in states(page):
        assert page.browser.overflow(width) <= 0
    page.set(now="")
    page.write("x" * 5000 + '{"_aws":{"Timestamp":1795348790500}}')
    page.ended()
    assert page.browser.overflow(width) <= 0
    assert page.browser.element("#faults pre").is_displayed()


def test_without_javascript_the_page_names_the_program(browser, server):
    browser.disable_script()
    browser.driver.get(f"http://127.0.0.1:{server.server_port}/index.html")
    assert "cargo install --path src/explain" in browser.element("noscript").text
