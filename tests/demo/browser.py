"""Chromium or Chrome, driven by the installed chromedriver, with helpers to inspect a page."""

import base64
import json
import re
import shutil
from urllib.parse import urlsplit

from selenium import webdriver
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import WebDriverWait

FLAGS = [
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--no-proxy-server",
]  # fmt: skip
# For a busy machine; nothing takes so long on an idle one.
PATIENCE_S = 30

# Every visible element with its own text, with the colours of the text and of the nearest background.
TEXTS = """
const ground = (element) => {
  for (let at = element; at; at = at.parentElement) {
    const colour = getComputedStyle(at).backgroundColor;
    if (colour !== "rgba(0, 0, 0, 0)") return colour;
  }
  return getComputedStyle(document.documentElement).backgroundColor;
};
return [...document.body.querySelectorAll("*")].flatMap((element) => {
  const own = [...element.childNodes].filter((node) => node.nodeType === Node.TEXT_NODE).map((node) => node.data).join("");
  const text = (element.matches("input:not([type])") ? element.value : own).trim();
  if (!text || element.closest("noscript") || !element.checkVisibility({ visibilityProperty: true, opacityProperty: true })) return [];
  const name = element.tagName.toLowerCase() + [...element.classList].map((word) => "." + word).join("");
  return [{ name, text, colour: getComputedStyle(element).color, ground: ground(element) }];
});
"""


class Browser:
    """One chromium; each test uses a separate tab."""

    def __init__(self, folder):
        options = webdriver.ChromeOptions()
        options.binary_location = found("chromium", "google-chrome")
        for flag in [*FLAGS, f"--user-data-dir={folder / 'profile'}"]:
            options.add_argument(flag)
        options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
        # Given the driver's path, selenium neither searches for nor downloads one.
        service = Service(found("chromedriver"), log_output=str(folder / "chromedriver.log"))
        self.driver = webdriver.Chrome(options=options, service=service)
        self._base = self.driver.current_window_handle

    def quit(self):
        self.driver.quit()

    def open_tab(self):
        self.driver.switch_to.new_window("tab")
        self.console()
        self.network()

    def close_tab(self):
        self.driver.close()
        self.driver.switch_to.window(self._base)

    # ---- doing ------------------------------------------------------------------------------------------------------

    def open(self, demo, path="/"):
        self.driver.get(demo.address + path)

    def devtools(self, command, **parameters):
        return self.driver.execute_cdp_cmd(command, parameters)

    def disable_script(self):
        """Takes effect from the next page on. Scripts that the tests run in the page still work."""
        self.devtools("Emulation.setScriptExecutionDisabled", value=True)

    def set_scheme(self, scheme):
        """`light` or `dark`."""
        self.devtools("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])

    def set_size(self, width, height=900):
        """Emulates a phone's screen if narrow, otherwise a window, without a scroll bar."""
        self.devtools("Emulation.setScrollbarsHidden", hidden=True)
        self.devtools(
            "Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=width < 600
        )

    def element(self, selector):
        return self.driver.find_element(By.CSS_SELECTOR, selector)

    def click(self, selector):
        self.element(selector).click()

    def press(self, *keys):
        """Sends keys to the focused element."""
        ActionChains(self.driver).send_keys(*keys).perform()

    def enter_limit(self, text):
        field = self.element("#max-error")
        field.clear()
        field.send_keys(text)

    # ---- looking ----------------------------------------------------------------------------------------------------

    def run(self, script, *arguments):
        return self.driver.execute_script(script, *arguments)

    def until(self, condition, what):
        """Waits for a condition and returns its value; a failure names the condition."""
        return WebDriverWait(self.driver, PATIENCE_S, poll_frequency=0.1).until(lambda _: condition(), f"still no {what}")

    @property
    def title(self):
        return self.driver.title

    def text(self, selector):
        """The text as rendered in the page."""
        return self.run("return document.querySelector(arguments[0]).textContent", selector)

    def texts(self, selector):
        return self.run("return [...document.querySelectorAll(arguments[0])].map((element) => element.textContent)", selector)

    def count(self, selector):
        return self.run("return document.querySelectorAll(arguments[0]).length", selector)

    def values(self):
        """Every value of the page by its id, read at one moment."""
        return self.run(
            "return Object.fromEntries([...document.querySelectorAll('dd [id]')].map((value) => [value.id, value.textContent]))"
        )

    def written_texts(self):
        """Every visible text with its colour and its background."""
        return self.run(TEXTS)

    def overflow(self, width):
        """How much wider the page is than the screen."""
        return self.run("return document.documentElement.scrollWidth") - width

    def accessible(self):
        """What a screen reader reads out: every exposed node of the accessibility tree."""
        nodes = self.devtools("Accessibility.getFullAXTree")["nodes"]
        return [
            {
                "role": node["role"]["value"],
                "name": node.get("name", {}).get("value", ""),
                "description": node.get("description", {}).get("value", ""),
                **{property["name"]: property["value"].get("value") for property in node.get("properties", [])},
            }
            for node in nodes
            if not node["ignored"]
        ]

    def console(self):
        """What was written to the console since the last call."""
        return self.driver.get_log("browser")

    def network(self):
        """The events of the network since the last call: (method, parameters)."""
        messages = [json.loads(entry["message"])["message"] for entry in self.driver.get_log("performance")]
        return [(message["method"], message["params"]) for message in messages if message["method"].startswith("Network.")]

    # ---- pictures ---------------------------------------------------------------------------------------------------

    def screenshot(self, clip=None, scale=1):
        """A PNG of the whole page, or of x, y, width and height of it."""
        if clip is None:
            size = self.devtools("Page.getLayoutMetrics")["cssContentSize"]
            clip = (0, 0, size["width"], size["height"])
        area = dict(zip(("x", "y", "width", "height"), clip), scale=scale)
        picture = self.devtools("Page.captureScreenshot", format="png", captureBeyondViewport=True, clip=area)
        return base64.b64decode(picture["data"])

    def colours(self, png):
        """How often each colour occurs in a PNG. Needs a tab without a page, whose policy would block the picture."""
        return self.driver.execute_async_script(
            """
            const [source, done] = arguments;
            const picture = new Image();
            picture.onload = () => {
              const canvas = document.createElement("canvas");
              [canvas.width, canvas.height] = [picture.width, picture.height];
              const context = canvas.getContext("2d");
              context.drawImage(picture, 0, 0);
              const data = context.getImageData(0, 0, picture.width, picture.height).data;
              const counts = {};
              for (let at = 0; at < data.length; at += 4) {
                const colour = `rgb(${data[at]}, ${data[at + 1]}, ${data[at + 2]})`;
                counts[colour] = (counts[colour] ?? 0) + 1;
              }
              done(counts);
            };
            picture.src = source;
            """,
            "data:image/png;base64," + base64.b64encode(png).decode("ascii"),
        )


def found(*programs):
    """The path of the first of these programs that exists."""
    paths = [path for program in programs if (path := shutil.which(program))]
    assert paths, f"none of these programs is installed: {', '.join(programs)}"
    return paths[0]


def hosts(events):
    """The hosts to which requests were sent."""
    addresses = [parameters["request"]["url"] for method, parameters in events if method == "Network.requestWillBeSent"]
    return {urlsplit(address).netloc or address for address in addresses}


def statuses(events, path):
    """The statuses of the answers to requests for a path."""
    responses = [parameters["response"] for method, parameters in events if method == "Network.responseReceived"]
    return [response["status"] for response in responses if urlsplit(response["url"]).path == path]


def contrast(one, other):
    """The contrast ratio of two colours as a style has them (WCAG 2.2, "contrast ratio" and "relative luminance")."""
    lighter, darker = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(colour):
    match = re.fullmatch(r"rgb\((\d+), (\d+), (\d+)\)", colour)
    assert match, f"{colour} is not opaque"
    shares = [int(part) / 255 for part in match.groups()]
    red, green, blue = (share / 12.92 if share <= 0.04045 else ((share + 0.055) / 1.055) ** 2.4 for share in shares)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
