"""Screenshots of the page, light and dark, wide and narrow.

If `CLOCK_DEMO_SCREENSHOTS` names a folder, they are kept there. The run then takes some minutes, so that the plot has
something to show, and the README's picture beside this file is replaced.
"""

import os
import struct
import time
from pathlib import Path

import pytest

README_PICTURE = Path(__file__).resolve().parent / "page.png"
# To the end of the plot.
README_SIZE = (1000, 998)
README_LIMIT = 150_000
PNG = b"\x89PNG\r\n\x1a\n"

# Scenario, the sign that the page has seen it, and its seconds in a quick and in a slow run.
RUN = [
    ("wandering", "#verdict .good", 0, 130),
    ("drifting", "#verdict .verdict", 0, 40),
    ("unsynchronized", "#plot rect.lost", 1, 30),
    ("down", "#plot rect.silent", 1, 20),
    ("wandering", "#verdict .good", 1, 65),
]
# Colours that the picture must contain, and the plot by itself, whose legend has the same ones: selector and property.
PAGE_COLOURS = [
    ("body", "backgroundColor"),
    ("section", "backgroundColor"),
    ("#verdict .good", "backgroundColor"),
    ("button", "backgroundColor"),
]
PLOT_COLOURS = [
    ("#plot svg", "backgroundColor"),
    ("#plot path.band", "fill"),
    (".hatch-lost", "fill"),
    (".hatch-silent", "fill"),
]


@pytest.fixture
def kept():
    """The folder for the screenshots, if any."""
    name = os.environ.get("CLOCK_DEMO_SCREENSHOTS")
    if not name:
        return None
    folder = Path(name)
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def computed(browser, colours):
    """The expected colours by name."""
    script = "return getComputedStyle(document.querySelector(arguments[0]))[arguments[1]]"
    return {" ".join(colour): browser.run(script, *colour) for colour in colours}


def plot_area(browser):
    """The plot's rectangle on the page, without axes and legend."""
    return browser.run(
        "const area = document.querySelector('#plot svg').getBoundingClientRect();"
        "return [area.x + scrollX, area.y + scrollY, area.width, area.height]"
    )


def test_screenshots_show_everything_in_light_and_dark_wide_and_narrow(browser, start_endpoint, start_demo, kept, tmp_path):
    # The drift crosses the limit of 5 ms within the slow run.
    endpoint = start_endpoint("good", "--drift-rate", "0.15")
    demo = start_demo(endpoint)
    browser.open(demo)
    for scenario, sign, quick_s, slow_s in RUN:
        endpoint.play(scenario)
        browser.until(lambda: browser.count(sign), f"{sign} while {scenario}")
        time.sleep(slow_s if kept else quick_s)
    # Without its pattern, a mark would be two lines in the same colour.
    patterns = browser.run(
        "return [...document.querySelectorAll('#plot rect.lost, #plot rect.silent')].map("
        "(rect) => document.querySelector('pattern' + rect.getAttribute('fill').slice('url('.length, -1))?.id)"
    )
    assert patterns == ["lost-hatch", "silent-hatch"]

    pictures = {}
    for scheme in ("light", "dark"):
        for name, width in (("wide", 1280), ("narrow", 390)):
            browser.set_scheme(scheme)
            browser.set_size(width)
            browser.open(demo)
            pictures[f"{scheme}-{name}"] = browser.screenshot(), computed(browser, PAGE_COLOURS)
            # Large, since the narrow marks of a quick run are blended with the background.
            plot = browser.screenshot(plot_area(browser), scale=4)
            pictures[f"{scheme}-{name}-plot"] = plot, computed(browser, PLOT_COLOURS)
            if kept and (scheme, name) == ("light", "wide"):
                left = (width - README_SIZE[0]) // 2
                README_PICTURE.write_bytes(browser.screenshot(clip=(left, 0, *README_SIZE)))

    browser.driver.get("about:blank")
    for name, (png, expected) in pictures.items():
        ((kept or tmp_path) / f"{name}.png").write_bytes(png)
        colours = browser.colours(png)
        assert len(colours) > 20, f"{name} is blank"
        missing = {what: colour for what, colour in expected.items() if colour not in colours}
        assert not missing, f"{name} does not show them"
        assert max(colours, key=colours.get) in expected.values(), f"{name} has another ground"


def test_the_readmes_picture_is_a_small_png():
    data = README_PICTURE.read_bytes()
    assert data.startswith(PNG) and len(data) < README_LIMIT
    # The first chunk, IHDR, begins with width and height.
    assert struct.unpack(">II", data[16:24]) == README_SIZE
