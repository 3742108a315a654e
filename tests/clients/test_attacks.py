"""Attacks on every client: nothing makes it accept a bad clock, and nothing lets it lose a caller on a good one."""

import itertools
import threading
import time

import pytest
from languages import BY_NAME, LANGUAGES
from scripted import good, not_good, response
from test_clients import ALL, LONG_MS, accepted, each, each_with_cache, refused

SIMULTANEOUS = [language.name for language in LANGUAGES if language.caches and language.has_simultaneous_callers]
INTERRUPTED = [language.name for language in LANGUAGES if language.has_interruption]
TWO_HUNDRED_YEARS_MS = 200 * 365 * 86_400_000

with_simultaneous_callers = pytest.mark.parametrize("name", SIMULTANEOUS)


def callers(name):
    """As many as a test asks at once: a process for each costs more than a thread."""
    return 500 if BY_NAME[name].caches else 50


# ---- sidecars that end --------------------------------------------------------------------------------------------------


@each
def test_no_caller_is_lost_when_the_kept_connection_was_closed(drivers, scripted, name):
    driver = drivers[name].open(scripted.url)
    accepted(driver.ask("now"))
    scripted.drop_connections()
    assert driver.ask("many", callers(name)) == ["many", str(callers(name)), "0"]


@each
def test_no_caller_is_lost_to_a_sidecar_that_closes_each_connection(drivers, scripted, name):
    scripted.play = lambda: response(good(), headers="connection: close\r\n")
    driver = drivers[name].open(scripted.url)
    assert driver.ask("many", callers(name)) == ["many", str(callers(name)), "0"]


def test_a_sidecar_killed_during_a_request_is_refused_and_its_successor_used(drivers, sidecar):
    running = sidecar("good")
    for name in ALL:
        accepted(drivers[name].open(running.address, max_error_ms=50).ask("now"))
    running.pause()
    replies = {}
    asking = [threading.Thread(target=lambda name=name: replies.update({name: drivers[name].ask("now")})) for name in ALL]
    for each_of_them in asking:
        each_of_them.start()
    time.sleep(1)
    assert not replies
    running.close()
    for each_of_them in asking:
        each_of_them.join()
    assert {name: reply[:2] for name, reply in replies.items()} == {name: ["refused", "no_answer"] for name in ALL}
    sidecar("good", listen=running.address.removeprefix("http://"))
    for name in ALL:
        count = str(callers(name))
        assert drivers[name].ask("many", count) == ["many", count, "0"], name


@with_simultaneous_callers
def test_nobody_waits_for_ever_when_the_sidecar_ends_during_the_request(drivers, scripted, name):
    driver = drivers[name].open(scripted.url)
    accepted(driver.ask("now"))
    scripted.play = lambda: [0.3, response(good())[:-5], None]
    threading.Timer(0.6, scripted.close).start()
    assert driver.ask("many", 500) == ["many", "0", "500"]


@with_simultaneous_callers
def test_callers_of_a_sidecar_that_hangs_do_not_queue(drivers, scripted, name):
    scripted.play = lambda: b""
    driver = drivers[name].open(scripted.url, timeout_ms=500)
    began = time.monotonic()
    assert driver.ask("many", 500) == ["many", "0", "500"]
    # One after the other they would take four minutes.
    assert time.monotonic() - began < 60


# ---- answers ------------------------------------------------------------------------------------------------------------


MALFORMED = {
    "only the status": b"HTTP/1.1 200 OK\r\n",
    "a head without an end": b"HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\n" + good().encode(),
    "an empty head": b"\r\n\r\n" + good().encode(),
    "no status": b"HTTP/1.1\r\n\r\n" + good().encode(),
    "a status of letters": b"HTTP/1.1 OK 200\r\n\r\n" + good().encode(),
    "the answer in the head": b"HTTP/1.1 200 OK\r\nx: " + good().encode() + b"\r\n\r\n",
    "a status without content": b"HTTP/1.1 204 No Content\r\n\r\n",
    "zeros": b"\0" * 1000,
    "noise": bytes(byte for byte in itertools.islice(itertools.cycle(range(256)), 5000)),
    "a line without end": b"HTTP/1.1 200 OK\r\ncontent-length: 100000\r\n\r\n" + b"good " * 20_000,
    "a head of a megabyte": b"HTTP/1.1 200 OK\r\n" + b"x-filler: 0123456789\r\n" * 50_000 + b"\r\n" + good().encode(),
}


@each
def test_malformed_responses_are_refused(drivers, scripted, name):
    driver = drivers[name].open(scripted.url, timeout_ms=1000)
    wrong = []
    for case, answer in MALFORMED.items():
        scripted.play = lambda answer=answer: [answer, None]
        reply = driver.ask("now")
        if reply[:2] != ["refused", "no_answer"]:
            wrong.append((case, reply))
    assert not wrong
    scripted.play = lambda: response(good())
    accepted(driver.open(scripted.url).ask("now"))


@each
def test_a_sidecar_that_does_not_know_the_parameters_is_refused(drivers, scripted, name):
    """One that is older than `valid_for` rejects it, and is not asked without it."""
    scripted.play = lambda: response('{"error":"unknown parameter \\"valid_for\\""}\n', 400)
    assert refused(drivers[name].open(scripted.url).ask("now")) == ["no_answer"]
    requests = [head.split(" ")[1] for head in scripted.requests]
    assert len(requests) == 1
    assert not BY_NAME[name].caches or "valid_for=" in requests[0]


@each
def test_good_and_bad_answers_in_turn_are_told_apart(drivers, scripted, name):
    plays = itertools.cycle([response(not_good("not_synchronized"), 503), None, response("<html>\n", 200), "good"])
    driver = drivers[name].open(scripted.url)
    for _ in range(3):
        for code in ("not_synchronized", "no_answer", "no_answer", None):
            answer = next(plays)
            scripted.play = lambda answer=answer: response(good()) if answer == "good" else answer
            reply = driver.ask("now")
            assert reply[0] == ("refused" if code else "good"), reply
            assert not code or reply[1] == code


@each_with_cache
def test_a_good_answer_is_forgotten_after_a_bad_one(drivers, scripted, name):
    driver = drivers[name].open(scripted.url, cache_ms=100)
    accepted(driver.ask("now"))
    scripted.play = lambda: response(not_good("not_synchronized"), 503)
    time.sleep(0.15)
    for _ in range(3):
        assert refused(driver.ask("now")) == ["not_synchronized"]


@pytest.mark.parametrize("name", INTERRUPTED)
def test_the_answer_to_an_interrupted_caller_is_not_read_as_the_next(drivers, scripted, name):
    driver = drivers[name].open(scripted.url, max_error_ms=5_000)
    accepted(driver.ask("now"))
    scripted.play = lambda: [0.5, response(good(4_000))]
    assert driver.ask("interrupted", 100) == ["interrupted"]
    time.sleep(1)
    scripted.play = lambda: response(not_good("not_synchronized"), 503)
    # What came for the first caller may still be used by those who wait for the same request.
    if BY_NAME[name].has_event_loop:
        driver.ask("now")
    assert refused(driver.ask("now")) == ["not_synchronized"]


# ---- addresses and times ------------------------------------------------------------------------------------------------


@each
def test_a_host_name_is_asked(drivers, scripted, name):
    """On many machines it has an address of IPv6 too, and the sidecar listens at one of the two."""
    accepted(drivers[name].open(scripted.url.replace("127.0.0.1", "localhost")).ask("now"))


@each
def test_waiting_for_a_far_time_ends_with_the_patience(drivers, scripted, name):
    assert refused(drivers[name].open(scripted.url).ask("past", TWO_HUNDRED_YEARS_MS, 200)) == ["not_past"]


@each_with_cache
def test_callers_use_an_answer_that_took_nearly_all_the_time(drivers, scripted, name):
    """The sidecar is asked to judge until the answer is no longer used, so it may be old when it comes."""
    scripted.play = lambda: [1.5, response(good(2_500))]
    driver = drivers[name].open(scripted.url, max_error_ms=3_000, cache_ms=LONG_MS, timeout_ms=20_000)
    count = 500 if name in SIMULTANEOUS else 1
    assert driver.ask("many", count) == ["many", str(count), "0"]
    assert len(scripted.requests) == 1
