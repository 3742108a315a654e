"""Every client, in its own language: it accepts good clocks, refuses everything else, and asks no more than it must."""

import datetime
import json
import socket
import threading
import time

import pytest
from languages import BY_NAME, LANGUAGES, Driver
from program import SteppedClock
from scripted import Scripted, good, not_good, response

ALL = [language.name for language in LANGUAGES]
CACHING = [language.name for language in LANGUAGES if language.caches]
COMPUTING = [language.name for language in LANGUAGES if language.computes]
MINUTE_MS = 60_000
MILLISECOND = 10**6

each = pytest.mark.parametrize("name", ALL)
each_that_computes = pytest.mark.parametrize("name", COMPUTING)
each_with_cache = pytest.mark.parametrize("name", CACHING)


def accepted(reply):
    """The range of a good reply, which true time (here the wall clock) was in during the call."""
    assert reply[0] == "good", reply
    earliest, latest, before, after = map(int, reply[1:])
    assert earliest <= after and before <= latest and earliest <= latest, reply
    return earliest, latest


def refused(reply):
    """The codes of a reply that refuses."""
    assert reply[0] == "refused", reply
    return reply[1].split(",")


@pytest.mark.skipif("csharp" not in BY_NAME, reason="no .NET runtime for this processor, or no mcs")
def test_the_client_in_c_sharp_is_run(drivers):
    assert drivers["csharp"].ask("fake")[0] == "fake"


# ---- real sidecars ------------------------------------------------------------------------------------------------------


@each
def test_a_good_clock_is_accepted(drivers, sidecars, name):
    driver = drivers[name].open(sidecars("good", "--error-bound", "4").address)
    for _ in range(3):
        earliest, latest = accepted(driver.ask("now"))
        assert 8 * MILLISECOND <= latest - earliest
    if BY_NAME[name].caches:
        assert driver.ask("many", 500) == ["many", "500", "0"]
    reply = driver.ask("past", 0, MINUTE_MS)
    assert reply[0] == "past" and int(reply[2]) - int(reply[1]) >= 4 * MILLISECOND, reply


BAD_CLOCKS = [
    (("unsynchronized",), ["not_synchronized"]),
    (("no-bound",), ["bound_unknown"]),
    (("good", "--error-bound", "5.1"), ["bound_over_limit"]),
    (("down",), ["no_reading"]),
]


@each
@pytest.mark.parametrize("scenario, codes", BAD_CLOCKS)
def test_a_bad_clock_is_refused(drivers, sidecars, name, scenario, codes):
    driver = drivers[name].open(sidecars(*scenario).address)
    assert refused(driver.ask("now")) == codes
    assert refused(driver.ask("past", 0, 100))[-1] == codes[0]


def test_a_sidecar_that_restarts_is_used_again(drivers, sidecar, programs):
    running = sidecar("good")
    for name in ALL:
        accepted(drivers[name].open(running.address).ask("now"))
    running.close()
    for name in ALL:
        assert refused(drivers[name].ask("now")) == ["no_answer"], name
    sidecar("good", listen=running.address.removeprefix("http://"))
    for name in ALL:
        accepted(drivers[name].ask("now"))


# ---- scripted sidecars --------------------------------------------------------------------------------------------------


def whole_seconds():
    now = datetime.datetime.now(datetime.timezone.utc)
    return f"{now - datetime.timedelta(seconds=1):%Y-%m-%dT%H:%M:%SZ}", f"{now + datetime.timedelta(seconds=1):%Y-%m-%dT%H:%M:%SZ}"


ACCEPTED = {
    "good": lambda: response(good()),
    "limits": lambda: response(good(limits={"max_error_ms": 5.0, "max_age_s": None, "age_adjusted": False, "for": None})),
    "warnings": lambda: response(good(warnings=["more \u00b5s \"quoted\" \\ {"])),
    "nulls": lambda: response(good(source=None, limits=None, max_drift_ppm=None, error_bound_ms=None)),
    "ntp": lambda: response(good(source="ntp", offset_ms=-0.1)),
    "closes": lambda: response(good(), headers="connection: close\r\n"),
    "keeps": lambda: response(good(), headers="Keep-Alive: timeout=75\r\n"),
    "indented": lambda: response(json.dumps(good(), indent=2)),
}


@each
def test_what_is_good_is_accepted(drivers, scripted, name):
    driver = drivers[name].open(scripted.url)
    for case, play in ACCEPTED.items():
        if case == "indented" and not BY_NAME[name].computes:
            continue
        scripted.play = play
        assert driver.ask("now")[0] == "good" or pytest.fail(case)
    if BY_NAME[name].computes:
        scripted.play = lambda: response(good(**dict(zip(("earliest", "latest"), whole_seconds()))))
        accepted(driver.open(scripted.url, max_error_ms=2000).ask("now"))


def cut(count):
    return lambda: response(good())[:-count]


REFUSED = {
    "not synchronized": (lambda: response(not_good("not_synchronized"), 503), "not_synchronized"),
    "a later code": (lambda: response(not_good("cross_check_disagrees"), 503), "cross_check_disagrees"),
    "not good though 200": (lambda: response(not_good("bound_unknown")), "bound_unknown"),
    "good though 503": (lambda: response(good(), 503), "no_answer"),
    "an invalid request": (lambda: response({"error": "unknown parameter"}, 400), "no_answer"),
    "another server": (lambda: response("<html>", 404), "no_answer"),
    "over the limit": (lambda: response(good(5.1)), "bound_over_limit"),
    "a redirect": (lambda: response("{}", 302, "location: /good\r\n"), "no_answer"),
    "no verdict": (lambda: response(good(verdict=None)), "no_answer"),
    "no range": (lambda: response(good(earliest=None)), "no_answer"),
    "half a range": (lambda: response({"verdict": "good", "latest": good()["latest"]}), "no_answer"),
    "no time": (lambda: response(good(earliest="now")), "no_answer"),
    "no such day": (lambda: response(good(earliest="2026-02-31T12:00:00.000000Z")), "no_answer"),
    "more than a time": (lambda: response(good(earliest=good()["earliest"] + "x")), "no_answer"),
    "a number as time": (lambda: response(good(earliest=5)), "no_answer"),
    "backwards": (lambda: response(good(latest="2026-01-01T00:00:00.000000Z")), "no_answer"),
    "nothing": (lambda: response(""), "no_answer"),
    "null": (lambda: response("null"), "no_answer"),
    "a string": (lambda: response('"verdict"'), "no_answer"),
    "an array": (lambda: response("[]"), "no_answer"),
    "more than an object": (lambda: response(response(good()).split(b"\r\n\r\n")[1].decode() + "}"), "no_answer"),
    "half an object": (lambda: response(response(good()).split(b"\r\n\r\n")[1].decode()[:-2]), "no_answer"),
    "good inside": (lambda: response({"answer": good(), "verdict": "not_good"}), "no_answer"),
    "deep": (lambda: response("[" * 60_000), "no_answer"),
    "large": (lambda: response(" " * 1_000_000 + "{}"), "no_answer"),
    "not HTTP": (lambda: b"SSH-2.0-OpenSSH\r\n\r\n", "no_answer"),
    "cut short": (lambda: response(good())[:-50] + b"", "no_answer"),
}


@each
def test_everything_else_is_refused(drivers, scripted, name):
    driver = drivers[name].open(scripted.url, timeout_ms=400)
    for case, (play, code) in REFUSED.items():
        if case in BY_NAME[name].overlooks:
            continue
        scripted.play = play
        reply = driver.ask("now")
        assert reply[0] == "refused" and reply[1] == code, (case, reply)
    assert not [head for head in scripted.requests if "/good" in head]
    # None of them is left behind.
    scripted.play = ACCEPTED["good"]
    accepted(driver.open(scripted.url).ask("now"))


@each
def test_what_was_refused_is_asked_again(drivers, scripted, name):
    driver = drivers[name].open(scripted.url, cache_ms=MINUTE_MS)
    for play, word in [(REFUSED["deep"][0], "refused"), (REFUSED["not synchronized"][0], "refused"), (ACCEPTED["good"], "good")]:
        scripted.play = play
        assert driver.ask("now")[0] == word


@each
def test_reasons_are_given(drivers, scripted, name):
    driver = drivers[name].open(scripted.url)
    scripted.play = lambda: response(not_good("age_unknown", "clock_stepping"), 503)
    assert driver.ask("now") == ["refused", "age_unknown,clock_stepping", "for", "age_unknown;", "for", "clock_stepping"]
    scripted.play = REFUSED["an invalid request"][0]
    assert "unknown parameter" in " ".join(driver.ask("now"))


@each
def test_no_sidecar_is_refused(drivers, name):
    with socket.socket() as taken:
        # Bound, but nothing listens.
        taken.bind(("127.0.0.1", 0))
        driver = drivers[name].open(f"http://127.0.0.1:{taken.getsockname()[1]}")
        assert refused(driver.ask("now")) == ["no_answer"]
        assert refused(driver.ask("past", 0, 50))[-1] == "no_answer"


@each
def test_a_sidecar_that_hangs_is_refused(drivers, scripted, name):
    scripted.play = lambda: b""
    assert refused(drivers[name].open(scripted.url, timeout_ms=300).ask("now")) == ["no_answer"]
    assert len(scripted.requests) == 1


@each
def test_the_limit_is_sent(drivers, scripted, name):
    accepted(drivers[name].open(scripted.url, max_error_ms=1.5).ask("now"))
    assert scripted.requests[0].split("\r\n")[0] in {
        f"GET /clock?max_error={limit} HTTP/1.1" for limit in ("1500000ns", "1.5ms", "1500us")
    }  # fmt: skip


# ---- connections --------------------------------------------------------------------------------------------------------


@each_with_cache
def test_one_connection_is_kept(drivers, scripted, name):
    driver = drivers[name].open(scripted.url)
    for _ in range(3):
        accepted(driver.ask("now"))
    scripted.play = REFUSED["not synchronized"][0]
    for _ in range(3):
        refused(driver.ask("now"))
    assert (len(scripted.requests), len(scripted.connections)) == (6, 1)


@each
def test_a_kept_connection_that_was_closed_is_replaced(drivers, scripted, name):
    driver = drivers[name].open(scripted.url)
    for _ in range(3):
        accepted(driver.ask("now"))
        scripted.drop_connections()


@each_with_cache
def test_a_connection_that_closes_on_a_request_is_replaced_once(drivers, scripted, name):
    driver = drivers[name].open(scripted.url)
    accepted(driver.ask("now"))
    plays = iter([lambda: None])
    scripted.play = lambda: next(plays, ACCEPTED["good"])()
    accepted(driver.ask("now"))
    assert len(scripted.requests) == 3
    scripted.play = lambda: None
    assert refused(driver.ask("now")) == ["no_answer"]
    assert len(scripted.requests) <= 6


# ---- one flight, one cache ----------------------------------------------------------------------------------------------


@each
def test_many_callers_are_all_answered(drivers, scripted, name):
    # A process for each costs more than a thread.
    count = 500 if BY_NAME[name].caches else 100
    assert drivers[name].open(scripted.url).ask("many", count) == ["many", str(count), "0"]


@each_with_cache
def test_five_hundred_callers_make_one_request(drivers, scripted, name):
    driver = drivers[name].open(scripted.url, cache_ms=MINUTE_MS)
    assert driver.ask("many", 500) == ["many", "500", "0"]
    assert (len(scripted.requests), len(scripted.connections)) == (1, 1)


@pytest.mark.parametrize("name", [language.name for language in LANGUAGES if language.caches and language.has_simultaneous_callers])
def test_five_hundred_callers_share_a_refusal(drivers, scripted, name):
    driver = drivers[name].open(scripted.url, cache_ms=MINUTE_MS)
    may_answer = threading.Event()
    timer = threading.Timer(0.5, may_answer.set)
    timer.start()

    def play():
        may_answer.wait(60)
        return response(not_good("not_synchronized"), 503)

    scripted.play = play
    assert driver.ask("many", 500) == ["many", "0", "500"]
    # Those who come after the first refusal ask again.
    assert len(scripted.requests) <= 250
    timer.join()


@each_with_cache
def test_an_answer_that_is_kept_grows(drivers, scripted, name):
    driver = drivers[name].open(scripted.url, max_error_ms=100, cache_ms=MINUTE_MS)
    scripted.play = lambda: response(good(max_drift_ppm=10_000))
    first, since = accepted(driver.ask("now")), time.monotonic_ns()
    time.sleep(0.2)
    waited = time.monotonic_ns() - since
    second = accepted(driver.ask("now"))
    assert len(scripted.requests) == 1
    growth = (second[1] - second[0]) - (first[1] - first[0])
    # One percent at each end; times are rounded to a microsecond at most.
    assert growth >= 0.02 * waited - 4_000
    assert second[0] > first[0] + 0.9 * waited


@each_with_cache
@pytest.mark.parametrize("members, ppm", [({}, 15), ({"source": "ntp"}, 100), ({"max_drift_ppm": None}, 15)])
def test_the_growth_without_a_given_rate(drivers, scripted, name, members, ppm):
    driver = drivers[name].open(scripted.url, cache_ms=MINUTE_MS)
    scripted.play = lambda: response(good(**members))
    first, since = accepted(driver.ask("now")), time.monotonic_ns()
    time.sleep(0.2)
    waited = time.monotonic_ns() - since
    second = accepted(driver.ask("now"))
    growth = (second[1] - second[0]) - (first[1] - first[0])
    assert growth >= 2e-6 * ppm * waited - 4_000


@each_with_cache
@pytest.mark.parametrize("own_limit, members", [(5, {}), (5, {"limits": {"max_error_ms": None}}), (50, {"limits": {"max_error_ms": 5.0}})])
def test_an_answer_that_grew_over_the_limit_is_not_used(drivers, scripted, name, own_limit, members):
    driver = drivers[name].open(scripted.url, max_error_ms=own_limit, cache_ms=MINUTE_MS)
    plays = iter([lambda: response(good(4, max_drift_ppm=10_000, **members))])
    scripted.play = lambda: next(plays, REFUSED["not synchronized"][0])()
    accepted(driver.ask("now"))
    time.sleep(0.12)
    assert refused(driver.ask("now")) == ["not_synchronized"]
    assert len(scripted.requests) == 2


def requests_of(driver, server, questions):
    """How many requests that many questions make."""
    count = len(server.requests)
    for _ in range(questions):
        assert driver.ask("now")[0] == "good"
    return len(server.requests) - count


def test_an_answer_from_before_a_step_is_not_used(drivers, folder):
    clock, running = SteppedClock(), {}
    # The sanitizers want to be the first library.
    environment = clock.environment | {"ASAN_OPTIONS": "verify_asan_link_order=0"}
    try:
        for name in CACHING:
            driver = drivers[name] if BY_NAME[name].has_step else Driver(BY_NAME[name], folder / name, **environment)
            running[name] = driver, Scripted()
        for driver, server in running.values():
            driver.open(server.url, max_error_ms=2000, cache_ms=MINUTE_MS)
            assert requests_of(driver, server, 3) == 1
        for step in (-0.5, 0.5):
            clock.step_to(step)
            for name, (driver, server) in running.items():
                if BY_NAME[name].has_step:
                    driver.ask("step")
                assert requests_of(driver, server, 3) == 1, name
    finally:
        clock.close()
        for name, (driver, server) in running.items():
            server.close()
            if not BY_NAME[name].has_step:
                driver.close()


@each_with_cache
def test_an_answer_expires(drivers, scripted, name):
    driver = drivers[name].open(scripted.url, cache_ms=50)
    for _ in range(2):
        accepted(driver.ask("now"))
        time.sleep(0.06)
    assert len(scripted.requests) == 2


# ---- waiting and faking -------------------------------------------------------------------------------------------------


@each_that_computes
def test_waiting_ends_when_the_time_is_certainly_past(drivers, scripted, name):
    driver = drivers[name].open(scripted.url, cache_ms=10)
    word, timestamp, after, ticks = driver.ask("past", 40, MINUTE_MS)
    assert word == "past" and int(after) - int(timestamp) >= 0.5 * MILLISECOND
    if BY_NAME[name].has_event_loop:
        assert int(ticks) >= 3


@each_that_computes
def test_waiting_outlasts_a_clock_that_is_not_good(drivers, scripted, name):
    driver = drivers[name].open(scripted.url)
    plays = iter([ACCEPTED["good"], *[REFUSED["not synchronized"][0]] * 3])
    scripted.play = lambda: next(plays, ACCEPTED["good"])()
    assert driver.ask("past", 0, MINUTE_MS)[0] == "past"


@each_that_computes
def test_waiting_ends_without_patience(drivers, scripted, name):
    driver = drivers[name].open(scripted.url)
    assert refused(driver.ask("past", MINUTE_MS, 100)) == ["not_past"]
    plays = iter([ACCEPTED["good"]])
    scripted.play = lambda: next(plays, REFUSED["not synchronized"][0])()
    assert refused(driver.ask("past", 0, 400)) == ["not_past", "not_synchronized"]


@each
def test_the_fake_is_good_and_fails(drivers, name):
    assert drivers[name].ask("fake") == ["fake", "good", "not_synchronized"]
