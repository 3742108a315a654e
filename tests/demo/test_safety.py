"""Security of the page: it trusts neither the endpoint's names, nor its own address, nor any other host."""

import collections

import pytest
from browser import hosts

HOSTILE_LIMIT = "%3Cscript%3Ewindow.harm%3D1%3C%2Fscript%3E%22%20onfocus%3D%22window.harm%3D1%22%20autofocus%20x%3D%22"


def elements(browser):
    """The number of elements of each kind, without the plot, which grows, and the values, which are one element each."""
    tags = "return [...document.querySelectorAll('*')].filter((one) => !one.closest('#plot, dd > *')).map((one) => one.tagName)"
    return collections.Counter(browser.run(tags))


def renewed(browser):
    """Waits until the script has renewed the page."""
    read_at = browser.text("#read-at")
    browser.until(lambda: browser.text("#read-at") != read_at, "next reading")


def test_normal_use_writes_nothing_to_the_console_and_contacts_no_other_host(browser, endpoint, demo):
    browser.open(demo)
    renewed(browser)
    browser.enter_limit("100us")
    browser.click("#limit-form button")
    browser.until(lambda: browser.title.startswith("Not good"), "verdict not good")
    browser.enter_limit("5ms")
    browser.click("#limit-form button")
    browser.until(lambda: browser.title.startswith("Good"), "verdict good")
    for scenario in ("unsynchronized", "down", "good"):
        endpoint.play(scenario)
        good = scenario == "good"
        browser.until(lambda: browser.title.startswith("Good") == good, f"verdict while {scenario}")
    browser.click("#transaction-form button")
    browser.until(lambda: browser.count("#transaction .good"), "commit")
    renewed(browser)
    browser.click("footer a")
    browser.until(lambda: browser.driver.current_url == f"{demo.address}/clock", "answer for programs")

    assert browser.console() == []
    events = browser.network()
    assert hosts(events) == {demo.host}
    kinds = {parameters["type"] for method, parameters in events if method == "Network.requestWillBeSent"}
    assert {"Document", "Script", "Stylesheet", "Fetch"} <= kinds, "the test has seen the page's requests"


def test_hostile_names_do_no_harm(browser, endpoint, demo, start_endpoint, start_demo):
    browser.open(demo)
    usual = elements(browser)

    browser.set_size(390)
    browser.open(start_demo(start_endpoint("hostile-names")))
    renewed(browser)  # an alert would have failed this
    withheld = collections.Counter(P=1, BDI=1)  # the warning about the name that was left out
    assert elements(browser) == usual + withheld, "names brought markup in"
    values = browser.values()
    assert "<script>alert(1)</script>\"'&\\" in values["service"]
    assert values["cluster"] == "unknown", "five thousand letters are no name"
    assert "ylimaf" in values["family"]
    assert browser.count("dd > *") == len(values) and browser.count("dd > * *") == 0

    # Isolated: a name's effect on text direction ends with the name.
    for name in ("service", "family", "revision"):
        assert browser.element(f"#{name}").tag_name == "bdi"
        assert browser.run("return getComputedStyle(document.getElementById(arguments[0])).unicodeBidi", name) == "isolate"
    lefts = browser.run("return [...document.querySelectorAll('#task dt')].map((label) => label.getBoundingClientRect().left)")
    assert len(set(lefts)) == 1, "a label has moved"
    assert browser.overflow(390) <= 0
    assert browser.console() == []


@pytest.mark.parametrize("path", ["/?max_error=", "/transaction?max_error="])
def test_a_hostile_limit_in_the_address_does_no_harm(browser, demo, path):
    browser.open(demo)
    scripts = browser.count("script")
    # A page of the same origin, from which a form can be sent.
    browser.run(
        """
        const form = document.createElement("form");
        const address = new URL(arguments[0], location.href);
        form.action = address.pathname + address.search;
        form.method = address.pathname === "/" ? "get" : "post";
        for (const [name, value] of address.searchParams) {
          const field = form.appendChild(document.createElement("input"));
          [field.name, field.value] = [name, value];
        }
        document.body.append(form);
        form.submit();
        """,
        path + HOSTILE_LIMIT,
    )
    browser.until(lambda: browser.count("#max-error") and "<script>" in browser.element("#max-error").get_attribute("value"), "answer")
    assert "<script>" in browser.text("#limit-fault")
    assert browser.run("return [...document.getElementById('max-error').attributes].map((one) => one.name)") == [
        "id", "name", "value", "autocomplete", "spellcheck", "aria-describedby", "aria-invalid",
    ]  # fmt: skip
    assert browser.count("script") == scripts and browser.run("return window.harm") is None


def test_an_injected_script_is_not_run(browser, demo):
    browser.open(demo)
    browser.console()
    browser.run(
        """
        const script = document.createElement("script");
        script.textContent = "window.harm = 1";
        document.body.append(script);
        const picture = document.createElement("img");
        picture.setAttribute("onerror", "window.harm = 1");
        picture.src = "/none";
        document.body.append(picture);
        """
    )
    refused = browser.until(lambda: [entry["message"] for entry in browser.console()], "refusal by the policy")
    assert any("Content Security Policy" in message for message in refused), refused
    assert browser.run("return window.harm") is None
