"""The page in a browser shows the endpoint's values, follows them, and its buttons work, with and without JavaScript."""

import json
import re
import time
from datetime import datetime

import pytest
from browser import statuses
from selenium.webdriver.common.keys import Keys

TASK = {
    "cluster": "shopcluster",
    "service": "checkout",
    "family": "checkout-task",
    "revision": "17",
    "task-id": "0123456789abcdef0123456789abcdef",
    "zone": "us-east-1c",
    "launch-type": "FARGATE",
}
TASK_OPTIONS = [
    "--cluster", "arn:aws:ecs:us-east-1:123456789012:cluster/shopcluster",
    "--task-arn", "arn:aws:ecs:us-east-1:123456789012:task/shopcluster/0123456789abcdef0123456789abcdef",
    "--service", "checkout", "--family", "checkout-task", "--revision", "17", "--availability-zone", "us-east-1c",
]  # fmt: skip


def instant(text):
    """A time to the second and its fraction to the microsecond, for any zone and number of digits."""
    moment = datetime.fromisoformat(re.sub(r"\.\d+", "", text)).timestamp()
    fraction = re.search(r"\.(\d+)", text)
    return moment, fraction[1][:6].rstrip("0") if fraction else ""


def pause(browser):
    """Stops the page's own updates, so that only the test changes it."""
    browser.click("#live")
    assert not browser.element("#live").is_selected()


def verdict(browser):
    """Title, verdict and reasons, read at one moment."""
    return browser.run(
        """
        const texts = (selector) => [...document.querySelectorAll(selector)].map((element) => element.textContent);
        return [document.title, texts("#verdict .verdict"), texts("#reasons li")];
        """
    )


def until_verdict(browser, good, reason=""):
    def as_expected():
        title, words, reasons = verdict(browser)
        sign, word = ("✓", "Good") if good else ("✗", "Not good")
        told = title.startswith(f"{word} ·") and words == [sign + word]
        return told and (not reasons if good else reason in " | ".join(reasons))

    browser.until(as_expected, f"verdict {'good' if good else 'not good'} {reason}")


def plot(browser):
    """The plot at one moment: outlines of bands, marked spans as (kind, from, to), and the height of each limit line."""
    outlines, spans, limits = browser.run(
        """
        const all = (selector) => [...document.querySelectorAll("#plot svg > " + selector)];
        const number = (element, name) => Number(element.getAttribute(name));
        return [
          all("path.band").map((path) => path.getAttribute("d")),
          all("rect").map((rect) => [rect.className.baseVal, number(rect, "x"), number(rect, "x") + number(rect, "width")]),
          all("line.limit").map((line) => number(line, "y1")),
        ];
        """
    )
    bands = [[tuple(map(float, corner.split())) for corner in re.split("[ML]", outline.rstrip("Z"))[1:]] for outline in outlines]
    return bands, [tuple(span) for span in spans], limits


def at(x):
    """A place on the plot, which is a thousand wide; places are written to the tenth."""
    return pytest.approx(x, abs=0.2)


def half_heights(band):
    """The distance of each corner of a band from zero."""
    return [abs(y - 150) for _, y in band]


# ---- what it shows --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("scenario", ["good", "fraction", "unsynchronized"])
def test_the_values_are_the_endpoints(browser, start_endpoint, start_demo, scenario):
    endpoint = start_endpoint(scenario, "--error-bound", "1.234567", *TASK_OPTIONS)
    demo = start_demo(endpoint)
    browser.open(demo)
    values = browser.values()
    reference = browser.run("return document.getElementById('reference-time').dateTime")
    assert instant(values["reference-time"].replace(" UTC", "+00:00")) == instant(reference)

    served = [json.loads(drift) for drift in endpoint.served()]
    served = [(drift["ClockErrorBound"], drift["ClockSynchronizationStatus"], instant(drift["ReferenceTimestamp"])) for drift in served]
    shown = (float(values["error-bound"].removesuffix(" ms")), values["status"], instant(reference))
    assert shown in served
    assert shown[0] == 1.234567
    assert {name: values[name] for name in TASK} == TASK
    assert values["source"] == "ecs"

    age = float(values["reference-age"].removesuffix(" s"))
    assert age >= 9, "the endpoint's reference time is at least ten seconds old, less what was cut off the seconds"
    assert float(values["age-adjusted-bound"].removesuffix(" ms")) > 1.234567
    if scenario == "unsynchronized":
        assert (values["earliest"], values["latest"]) == ("unknown",) * 2, "nothing bounds the error"
        return
    earliest, latest, read_at = (instant(values[name].replace(" UTC", "+00:00")) for name in ("earliest", "latest", "read-at"))
    assert earliest < latest and read_at < latest


def test_an_unknown_value_is_shown_as_unknown(browser, start_endpoint, start_demo):
    browser.open(start_demo(start_endpoint("no-clock-drift", "--no-service")))
    values = browser.values()
    assert (values["error-bound"], values["reference-time"], values["service"]) == ("unknown",) * 3
    assert values["launch-type"] == "EC2"
    until_verdict(browser, good=False, reason="the error bound is unknown")


# ---- Refresh --------------------------------------------------------------------------------------------------------


def with_the_mouse(browser):
    browser.click("#limit-form button")


def with_the_keyboard(browser):
    browser.run("document.querySelector('#limit-form button').focus()")
    browser.press(Keys.ENTER)


def in_the_field(browser):
    browser.run("document.getElementById('max-error').focus()")
    browser.press(Keys.ENTER)


@pytest.mark.parametrize("refresh", [with_the_mouse, with_the_keyboard, in_the_field])
def test_refresh_brings_the_next_reading_without_a_reload(browser, endpoint, demo, refresh):
    browser.open(demo)
    pause(browser)
    browser.run("window.sameDocument = true")
    endpoint.set_error_bound(1.5)
    browser.until(lambda: demo.clock()["error_bound_ms"] == 1.5, "new reading of the application")
    refresh(browser)
    browser.until(lambda: browser.text("#error-bound") == "1.5 ms", "new error bound")
    assert browser.run("return window.sameDocument")


def test_renewal_can_be_paused(browser, endpoint, demo):
    browser.open(demo)
    assert browser.element("#live").is_selected()
    browser.run("window.asked = 0; const real = fetch; fetch = (...all) => { window.asked += 1; return real(...all); }")
    browser.until(lambda: browser.run("return window.asked") > 0, "renewal by script")
    pause(browser)
    before, asked = browser.values(), browser.run("return window.asked")
    endpoint.set_error_bound(2.5)
    browser.until(lambda: demo.clock()["error_bound_ms"] == 2.5, "new reading of the application")
    # More than two refresh periods. A slow machine can only hide a failure here, not cause one.
    time.sleep(5)
    assert browser.run("return window.asked") == asked
    assert browser.values()["error-bound"] == before["error-bound"]
    browser.click("#live")
    browser.until(lambda: browser.text("#error-bound") == "2.5 ms", "new error bound after the pause")


# ---- following the clock --------------------------------------------------------------------------------------------


def test_verdict_and_plot_follow_the_clock_by_themselves(browser, start_endpoint, start_demo):
    endpoint = start_endpoint("good", "--drift-rate", "2")
    browser.open(start_demo(endpoint))
    browser.run("window.sameDocument = true")

    until_verdict(browser, good=True)
    browser.until(lambda: len(plot(browser)[0]) == 1, "band")
    (band,), spans, limits = plot(browser)
    assert not spans and not limits, "a limit so far above the bound would flatten the band"
    assert max(half_heights(band)) > 50, "the scale follows the bound"
    assert "limit ±5 ms" in browser.text("#plot .legend")

    endpoint.play("drifting")
    until_verdict(browser, good=False, reason="is over the limit of 5 ms")
    def crosses():
        bands, _, limits = plot(browser)
        return len(limits) == 2 and max(half_heights(bands[0])) > abs(limits[0] - 150)

    browser.until(crosses, "band over the limit")
    (band,), spans, _ = plot(browser)
    assert not spans
    assert len(set(half_heights(band))) > 2, "it has grown step by step"

    endpoint.play("unsynchronized")
    until_verdict(browser, good=False, reason="its status is NOT_SYNCHRONIZED")
    browser.until(lambda: [kind for kind, *_ in plot(browser)[1]] == ["lost"], "mark of lost synchronization")
    bands, ((_, _, end),), _ = plot(browser)
    assert end >= 1000 and max(x for x, _ in bands[0]) == 1000, "mark and band reach to now"

    endpoint.play("down")
    until_verdict(browser, good=False, reason="no reading: ")
    # The last reading stays with its age, but without a current time range.
    browser.until(lambda: re.fullmatch(r"No reading now. The last one was \d+ s ago.", browser.text("#values-age")), "age of it")
    values = browser.values()
    assert values["error-bound"].endswith(" ms") and values["status"] == "NOT_SYNCHRONIZED"
    assert values["earliest"] == values["latest"] == "unknown"
    browser.until(lambda: [kind for kind, *_ in plot(browser)[1]] == ["lost", "silent"], "mark of silence")
    (band,), (lost, silent), _ = plot(browser)
    assert lost[2] == at(silent[1]) and silent[2] >= 1000
    assert max(x for x, _ in band) == at(silent[1]), "the band ends where the silence begins"

    endpoint.play("good")
    until_verdict(browser, good=True)
    browser.until(lambda: len(plot(browser)[0]) == 2, "second band")
    (first, second), spans, _ = plot(browser)
    assert [kind for kind, *_ in spans] == ["lost", "silent"]
    _, (_, silent_from, silent_to) = spans
    assert (max(x for x, _ in first), min(x for x, _ in second)) == (at(silent_from), at(silent_to)), "the silence is a gap"
    assert browser.values()["status"] == "SYNCHRONIZED" and browser.text("#values-age") == ""
    caption = browser.text("#plot figcaption")
    assert re.search(r"; \d+ s not synchronized; \d+ s without a reading\.$", caption), caption

    assert browser.run("return window.sameDocument"), "the page was reloaded"


def test_an_unreachable_application_is_reported_once(browser, start_demo, endpoint):
    demo = start_demo(endpoint)
    browser.open(demo)
    until_verdict(browser, good=True)
    assert browser.text("#offline") == ""

    good = browser.run("return getComputedStyle(document.querySelector('#verdict .verdict')).color")
    # The application hangs: no answer is a failure too.
    demo.freeze()
    browser.until(lambda: browser.text("#offline"), "word that the application does not answer")
    # The last answer must not appear as current.
    struck = "return getComputedStyle(document.querySelector('#verdict .verdict')).textDecorationLine"
    colour = "return getComputedStyle(document.querySelector('#verdict .verdict')).color"
    assert browser.title.startswith("No answer") and browser.run(struck) == "line-through"
    assert browser.run(colour) != good, "a verdict that is struck through is not green"
    demo.thaw()
    browser.until(lambda: not browser.text("#offline"), "end of that word")
    assert browser.title.startswith("Good") and browser.run(struck) == "none" and browser.run(colour) == good

    # It is gone.
    demo.close()
    browser.network()
    said = browser.until(lambda: browser.text("#offline"), "word that the application does not answer")
    assert "does not answer" in said
    failures = 0
    while failures < 2:
        failures += sum(method == "Network.loadingFailed" for method, _ in browser.network())
        time.sleep(0.1)
    assert browser.text("#offline") == said, "it has not been updated since the first failure, not the last"

    start_demo(endpoint, listen=demo.host)
    browser.until(lambda: not browser.text("#offline"), "end of that word")


# ---- the limit ------------------------------------------------------------------------------------------------------


def test_the_verdict_uses_the_limit_in_the_field(browser, demo):
    browser.open(demo)
    until_verdict(browser, good=True)
    browser.enter_limit("100us")
    browser.click("#limit-form button")
    until_verdict(browser, good=False, reason="is over the limit of 0.1 ms")
    assert browser.driver.current_url.endswith("/?max_error=100us"), "the address can be kept and sent"
    # The script keeps using it.
    read_at = browser.text("#read-at")
    browser.until(lambda: browser.text("#read-at") != read_at, "next reading")
    until_verdict(browser, good=False, reason="is over the limit of 0.1 ms")
    browser.enter_limit("1s")
    browser.press(Keys.ENTER)
    until_verdict(browser, good=True)


def test_an_invalid_limit_is_reported_beside_the_field(browser, demo):
    browser.open(demo)
    field = browser.element("#max-error")
    assert field.get_attribute("aria-invalid") is None
    browser.enter_limit("5")
    browser.click("#limit-form button")
    browser.until(lambda: field.get_attribute("aria-invalid") == "true", "mark on the field")
    assert browser.element("#limit-fault").is_displayed()
    assert browser.text("#limit-fault") == 'Largest acceptable error: expected a number and one of ns, us, ms and s, such as 5ms, or off, got "5"'
    assert field.get_attribute("value") == "5", "what was typed stays"

    browser.enter_limit("5ms")
    browser.click("#limit-form button")
    browser.until(lambda: field.get_attribute("aria-invalid") is None, "end of the mark")
    assert browser.text("#limit-fault") == "" and not browser.element("#limit-fault").is_displayed()
    until_verdict(browser, good=True)


def test_a_refresh_does_not_change_what_is_being_typed(browser, demo):
    browser.open(demo)
    browser.enter_limit("100u")
    for _ in range(2):
        read_at = browser.text("#read-at")
        browser.until(lambda: browser.text("#read-at") != read_at, "next reading")
    assert browser.element("#max-error").get_attribute("value") == "100u"
    assert browser.run("return document.activeElement.id") == "max-error"
    until_verdict(browser, good=True)


# ---- without JavaScript ---------------------------------------------------------------------------------------------


def test_without_javascript_the_page_informs_and_its_forms_work(browser, start_endpoint, start_demo):
    endpoint = start_endpoint("good", "--error-bound", "1.25", *TASK_OPTIONS)
    demo = start_demo(endpoint)
    browser.disable_script()
    browser.open(demo)
    values = browser.values()
    assert (values["error-bound"], values["status"]) == ("1.25 ms", "SYNCHRONIZED")
    assert {name: values[name] for name in TASK} == TASK
    assert "unknown" not in values.values()
    until_verdict(browser, good=True)
    assert not browser.element("#live-label").is_displayed(), "nothing renews the page"
    assert browser.element("noscript p").is_displayed()

    # Nothing below is done by the script.
    endpoint.set_error_bound(1.5)
    browser.until(lambda: demo.clock()["error_bound_ms"] == 1.5, "new reading of the application")
    time.sleep(3)
    assert browser.text("#error-bound") == "1.25 ms"
    browser.enter_limit("1ms")
    browser.click("#limit-form button")
    browser.until(lambda: browser.driver.current_url.endswith("/?max_error=1ms"), "form sent")
    browser.until(lambda: browser.text("#error-bound") == "1.5 ms", "new error bound")
    until_verdict(browser, good=False, reason="is over the limit of 1 ms")
    assert browser.element("#max-error").get_attribute("value") == "1ms"
    assert plot(browser)[0] and browser.element("#plot svg").is_displayed()

    browser.enter_limit("1")
    browser.press(Keys.ENTER)
    browser.until(lambda: "expected a number" in browser.text("#limit-fault"), "word on the limit")
    assert browser.element("#max-error").get_attribute("aria-invalid") == "true"

    browser.enter_limit("2ms")
    browser.press(Keys.ENTER)
    until_verdict(browser, good=True)
    browser.click("#transaction-form button")
    browser.until(lambda: browser.texts("#transaction .verdict") == ["✓Committed"], "commit")
    assert browser.element("#max-error").get_attribute("value") == "2ms"
    browser.click("#limit-form button")
    browser.until(lambda: browser.driver.current_url.endswith("/?max_error=2ms"), "way back")


# ---- the critical step ----------------------------------------------------------------------------------------------


def test_a_transaction_commits_only_while_the_clock_is_good(browser, endpoint, demo):
    browser.open(demo)
    until_verdict(browser, good=True)
    browser.network()
    browser.click("#transaction-form button")
    browser.until(lambda: browser.texts("#transaction .verdict") == ["✓Committed"], "commit")
    assert instant(browser.run("return document.getElementById('commit-timestamp').dateTime"))[0] > 0
    assert statuses(browser.network(), "/transaction") == [200]
    # The script continues and keeps the result of the transaction.
    read_at = browser.text("#read-at")
    browser.until(lambda: browser.text("#read-at") != read_at, "next reading")
    assert browser.texts("#transaction .verdict") == ["✓Committed"]

    endpoint.play("unsynchronized")
    until_verdict(browser, good=False, reason="NOT_SYNCHRONIZED")
    browser.click("#transaction-form button")
    browser.until(lambda: browser.texts("#transaction .verdict") == ["✗Refused"], "refusal")
    assert "its status is NOT_SYNCHRONIZED" in browser.text("#transaction li")
    assert statuses(browser.network(), "/transaction") == [503]

    endpoint.play("down")
    until_verdict(browser, good=False, reason="no reading: ")
    browser.click("#transaction-form button")
    browser.until(lambda: "no reading: " in browser.text("#transaction"), "refusal")
    assert statuses(browser.network(), "/transaction") == [503]


def test_a_transaction_uses_the_chosen_limit(browser, demo):
    browser.open(demo)
    browser.enter_limit("100us")
    browser.click("#limit-form button")
    until_verdict(browser, good=False, reason="0.1 ms")
    browser.click("#transaction-form button")
    browser.until(lambda: browser.texts("#transaction .verdict") == ["✗Refused"], "refusal")
    assert "is over the limit of 0.1 ms" in browser.text("#transaction li")
