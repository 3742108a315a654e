"""The page as its users have it: its fields, and what it shows."""

from selenium.webdriver.support.ui import WebDriverWait

# For a busy machine; nothing takes so long on an idle one.
PATIENCE_S = 120

# What is shown of each finding.
FINDINGS = """
return [...document.querySelectorAll("#result .event")].flatMap((event) =>
  [...event.querySelectorAll(".finding")].map((finding) => ({
    place: event.querySelector(".place").firstElementChild.textContent,
    text: event.querySelector("pre")?.textContent ?? "",
    severity: finding.querySelector(".severity").textContent,
    sentence: finding.querySelector(".sentence").textContent,
    rule: finding.querySelector("summary code").textContent,
    certainty: finding.querySelector(".hint").textContent,
  })));
"""
POINTS = """
return [...document.querySelectorAll("#points tbody tr")].map((row) =>
  [...row.cells].map((cell) => cell.textContent.trim()));
"""


class Page:
    """The page in a tab."""

    def __init__(self, browser, address):
        self.browser = browser
        self.address = address
        browser.driver.get(address)
        self.until(lambda: browser.text("#version").startswith("Version "), "start of the module")

    def until(self, condition, what):
        return WebDriverWait(self.browser.driver, PATIENCE_S, poll_frequency=0.05).until(lambda _: condition(), f"still no {what}")

    # ---- doing ------------------------------------------------------------------------------------------------------

    def choose(self, path):
        """Chooses a file with the field for files."""
        self.browser.element("#file").send_keys(str(path))

    def explain(self, path, form="auto", now=""):
        """Explains a file and waits for the end."""
        self.set(form, now)
        self.choose(path)
        self.ended()

    def set(self, form="auto", now=""):
        """Sets the form of the input and the time to judge as of."""
        self.browser.run(
            """
            const [form, now] = arguments;
            const code = [...document.querySelectorAll("fieldset code")].find((code) => code.textContent === form);
            document.getElementById("settings").open = true;
            code.closest("label").querySelector("input").click();
            const field = document.getElementById("now");
            field.value = now;
            field.dispatchEvent(new Event("change"));
            """,
            form, now,
        )  # fmt: skip

    def write(self, text):
        """Sets the text at once, as a paste does."""
        self.browser.run(
            "const field = document.getElementById('lines'); field.value = arguments[0]; field.dispatchEvent(new Event('input'));",
            text,
        )

    # ---- looking ----------------------------------------------------------------------------------------------------

    def ended(self):
        """Waits until the newest input is explained, and returns the verdict."""
        # The result belongs to the newest input once it is no longer new and nothing runs.
        done = "return !timer && !results.isNew && !document.getElementById('result').hidden && document.getElementById('verdict').textContent"
        return self.until(lambda: self.browser.run(done), "end")

    @property
    def findings(self):
        return self.browser.run(FINDINGS)

    @property
    def points(self):
        return self.browser.run(POINTS)
