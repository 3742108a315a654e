"""Screenshots of the page, light and dark, wide and on a phone.

If `EMF_PAGE_SCREENSHOTS` names a folder, they are kept there.
"""

import json
import os
from pathlib import Path

import pytest

NOW = "2026-11-22T12:00:00Z"
# Colours that the picture must contain: selector and property.
COLOURS = [
    ("body", "backgroundColor"),
    ("form", "backgroundColor"),
    (".verdict", "backgroundColor"),
    (".severity", "backgroundColor"),
    (".finding", "borderLeftColor"),
    ("mark", "backgroundColor"),
    ("#points th", "color"),
]
DIRECTIVE = {"Namespace": "Shop", "Dimensions": [["Service"]], "Metrics": [{"Name": "Latency"}, {"Name": "Orders"}]}
DOCUMENT = {"_aws": {"Timestamp": 1795348790500, "CloudWatchMetrics": [DIRECTIVE]}, "Service": "checkout", "Latency": 12.5}
LINES = json.dumps(DOCUMENT) + "\nstarted\n  " + json.dumps(DOCUMENT | {"Orders": 3}) + "\n"


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(("name", "width"), [("wide", 1280), ("phone", 390)])
def test_screenshots_show_everything(page, tmp_path, scheme, name, width):
    browser = page.browser
    browser.set_scheme(scheme)
    browser.set_size(width)
    page.set(now=NOW)
    page.write(LINES)
    page.until(lambda: page.findings and page.points, "findings and points")
    page.ended()
    browser.run("document.getElementById('settings').open = false")
    browser.run("document.querySelector('.finding details').open = true")
    script = "return getComputedStyle(document.querySelector(arguments[0]))[arguments[1]]"
    expected = {" ".join(colour): browser.run(script, *colour) for colour in COLOURS}
    png = browser.screenshot()
    kept = Path(os.environ.get("EMF_PAGE_SCREENSHOTS") or tmp_path)
    kept.mkdir(parents=True, exist_ok=True)
    (kept / f"{scheme}-{name}.png").write_bytes(png)
    browser.driver.get("about:blank")
    colours = browser.colours(png)
    assert len(colours) > 20, "blank"
    missing = {what: colour for what, colour in expected.items() if colour not in colours}
    assert not missing
    grounds = {expected["body backgroundColor"], expected["form backgroundColor"]}
    assert max(colours, key=colours.get) in grounds
