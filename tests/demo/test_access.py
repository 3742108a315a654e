"""Accessibility of the page: small screens, light and dark, keyboard only, screen readers, and contrast."""

import pytest
from browser import contrast
from selenium.webdriver.common.keys import Keys

SCHEMES = ["light", "dark"]
# WCAG 2.2, success criteria 1.4.3 (text) and 1.4.11 (non-text contrast).
TEXT_CONTRAST = 4.5
OTHER_CONTRAST = 3

# Visible parts other than text: a selector, the property with its colour, the selector of the background.
MARKS = [
    ("#plot path.band", "stroke", "#plot svg"),
    ("#plot line.zero", "stroke", "#plot svg"),
    ("#plot line.limit", "stroke", "#plot svg"),
    (".hatch-lost", "fill", "#plot svg"),
    (".hatch-silent", "fill", "#plot svg"),
    ("#max-error", "borderTopColor", "#limit-form"),
]


def overflows(browser, width):
    """How much wider than the screen the page is, in light and in dark."""
    found = []
    for scheme in SCHEMES:
        browser.set_scheme(scheme)
        found.append(browser.overflow(width))
    return found


@pytest.mark.parametrize("width", [320, 390, 1280])
def test_nothing_is_wider_than_the_screen(browser, start_endpoint, start_demo, width):
    # Names of the maximum length.
    endpoint = start_endpoint("good", "--cluster", "c" * 255, "--service", "s" * 255)
    demo = start_demo(endpoint)
    browser.set_size(width)
    browser.open(demo)
    assert browser.run("return innerWidth") == width
    assert "c" * 255 in browser.values()["cluster"]
    assert max(overflows(browser, width)) <= 0
    # The other long texts: reasons, a message about the limit, a rejection.
    endpoint.play("down")
    browser.until(lambda: browser.title.startswith("Not good"), "verdict not good")
    browser.click("#transaction-form button")
    browser.until(lambda: browser.count("#transaction .not-good"), "refusal")
    browser.enter_limit("x" * 200)
    browser.click("#limit-form button")
    browser.until(lambda: "x" * 200 in browser.text("#limit-fault"), "word on the limit")
    assert max(overflows(browser, width)) <= 0


def written(browser):
    """Name and contrast of every visible text."""
    return {(text["name"], text["text"]): contrast(text["colour"], text["ground"]) for text in browser.written_texts()}


@pytest.mark.parametrize("scheme", SCHEMES)
def test_every_text_has_enough_contrast(browser, endpoint, demo, scheme):
    browser.set_scheme(scheme)
    browser.open(demo)
    seen = written(browser)
    browser.click("#transaction-form button")
    browser.until(lambda: browser.count("#transaction .good"), "commit")
    seen |= written(browser)
    endpoint.play("down")
    browser.until(lambda: browser.title.startswith("Not good"), "verdict not good")
    browser.enter_limit("5")
    browser.click("#limit-form button")
    browser.until(lambda: browser.text("#limit-fault"), "word on the limit")
    seen |= written(browser)

    names = {name for name, _ in seen}
    assert {
        "h1", "p", "p.hint", "p.fault", "p.verdict.good", "p.verdict.not-good", "button", "input", "label", "a", "dt", "bdi",
        "time", "span.unknown", "figcaption", "li",
    } <= names  # fmt: skip
    faint = {text: round(ratio, 2) for text, ratio in seen.items() if ratio < TEXT_CONTRAST}
    assert not faint


def test_band_marks_and_field_have_enough_contrast(browser, demo):
    browser.open(demo)
    # Close enough to the bound to be in the plot.
    browser.enter_limit("1ms")
    browser.click("#limit-form button")
    browser.until(lambda: browser.count("#plot path.band") and browser.count("#plot line.limit"), "band and limit")
    faint = {}
    for scheme in SCHEMES:
        browser.set_scheme(scheme)
        for mark, property, ground in MARKS:
            colours = browser.run(
                "const [mark, property, ground] = arguments;"
                "const style = (selector) => getComputedStyle(document.querySelector(selector));"
                "return [style(mark)[property], style(ground).backgroundColor];",
                mark, property, ground,
            )  # fmt: skip
            if contrast(*colours) < OTHER_CONTRAST:
                faint[scheme, mark] = colours
    assert not faint


def test_light_and_dark_differ(browser, demo):
    grounds = []
    for scheme in SCHEMES:
        browser.set_scheme(scheme)
        browser.open(demo)
        grounds.append(browser.run("return getComputedStyle(document.body).backgroundColor"))
    assert contrast(*grounds) > 10


FOCUSED = """
const element = document.activeElement;
const style = getComputedStyle(element);
const panel = getComputedStyle(element.closest("form, section, body")).backgroundColor;
const page = getComputedStyle(document.body).backgroundColor;
return {
  name: element.id || element.textContent,
  style: style.outlineStyle,
  width: parseFloat(style.outlineWidth),
  colour: style.outlineColor,
  ground: panel === "rgba(0, 0, 0, 0)" ? page : panel,
};
"""


@pytest.mark.parametrize("scheme", SCHEMES)
def test_the_keyboard_reaches_everything_and_shows_where_it_is(browser, demo, scheme):
    browser.set_scheme(scheme)
    browser.open(demo)
    names = []
    for _ in range(5):
        browser.press(Keys.TAB)
        focused = browser.run(FOCUSED)
        names.append(focused["name"])
        assert focused["style"] == "solid" and focused["width"] >= 2, focused
        assert contrast(focused["colour"], focused["ground"]) >= OTHER_CONTRAST, focused
    assert names == ["max-error", "Refresh", "live", "Commit a transaction", "/clock"]


def test_everything_works_with_the_keyboard_only(browser, demo):
    browser.open(demo)
    browser.press(Keys.TAB, "x", Keys.ENTER)
    browser.until(lambda: browser.text("#limit-fault"), "word on the limit")
    browser.press(Keys.BACKSPACE, "1s", Keys.TAB, Keys.SPACE)
    browser.until(lambda: not browser.text("#limit-fault"), "end of it")
    browser.press(Keys.TAB, Keys.SPACE)
    assert not browser.element("#live").is_selected()
    browser.press(Keys.TAB, Keys.ENTER)
    browser.until(lambda: browser.count("#transaction .good"), "commit")


def test_a_screen_reader_gets_a_name_for_everything(browser, demo):
    browser.open(demo)
    browser.until(lambda: browser.count("#plot path.band"), "band")
    nodes = browser.accessible()
    named = {(node["role"], node["name"]) for node in nodes}
    assert {
        ("textbox", "Largest acceptable error"),
        ("button", "Refresh"),
        ("checkbox", "every 2 seconds"),
        ("button", "Commit a transaction"),
        ("link", "/clock"),
        ("image", "Error bound of the last 5m"),
        ("heading", "Clock of this task"),
        ("region", "Verdict"),
        ("region", "Reading"),
        ("region", "The last minutes"),
        ("region", "A critical step"),
        ("region", "Task"),
    } <= named
    (field,) = (node for node in nodes if node["role"] == "textbox")
    assert field["description"] == "A number with a unit, such as 500us or 5ms."
    assert field.get("invalid") in (None, "false")
    (status,) = (node for node in nodes if node["role"] == "status")
    assert status["live"] == "polite"
    # The plot has a text alternative, and nothing is read twice.
    words = [node["name"] for node in nodes if node["role"] == "StaticText"]
    assert any(text.startswith("In the last 5m the error bound was between") for text in words)
    assert "limit" not in words and "now" not in words
    # Symbols that only repeat a word.
    assert "Good" in words and "✓" not in words


def test_a_screen_reader_announces_an_invalid_limit(browser, demo):
    browser.open(demo)
    browser.enter_limit("5")
    browser.click("#limit-form button")
    browser.until(lambda: browser.text("#limit-fault"), "word on the limit")
    (field,) = (node for node in browser.accessible() if node["role"] == "textbox")
    assert field["invalid"] == "true"
    assert "expected a number and one of ns, us, ms and s" in field["description"]


def test_a_screen_reader_announces_a_verdict_once(browser, endpoint, demo):
    browser.open(demo)
    browser.until(lambda: browser.title.startswith("Good"), "verdict good")
    browser.run(
        """
        window.said = [];
        const status = document.querySelector("[role=status]");
        const options = { childList: true, characterData: true, subtree: true };
        new MutationObserver(() => window.said.push(status.textContent.trim())).observe(status, options);
        """
    )
    # Over the limit, where the number in the reason changes with each reading.
    endpoint.set_error_bound(7.5)
    browser.until(lambda: browser.title.startswith("Not good"), "verdict not good")
    for _ in range(2):
        read_at = browser.text("#read-at")
        browser.until(lambda: browser.text("#read-at") != read_at, "next reading")
    endpoint.set_error_bound(0.4)
    browser.until(lambda: browser.title.startswith("Good"), "verdict good")
    said = browser.run("return window.said")
    assert said == ["✗Not good", "✓Good"]
