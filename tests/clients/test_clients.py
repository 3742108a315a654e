"""Every client, in its own language: it accepts good clocks, refuses everything else, and asks no more than it must."""

import re
import socket
import threading
import time
from urllib.parse import parse_qs, urlsplit

import pytest
from languages import BY_NAME, LANGUAGES, Driver
from program import SteppedClock
from scripted import Scripted, good, not_good, response

ALL = [language.name for language in LANGUAGES]
CACHING = [language.name for language in LANGUAGES if language.caches]
MINUTE_MS = 60_000
# An answer may be asked to hold for a minute.
LONG_MS = 30_000
MILLISECOND = 10**6

each = pytest.mark.parametrize("name", ALL)
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
    # A limit far above the bound, which grows while the sidecar of a busy machine waits for a processor.
    driver = drivers[name].open(sidecars("good", "--error-bound", "4").address, max_error_ms=50)
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


ACCEPTED = {
    "good": lambda: response(good()),
    "closes": lambda: response(good(), headers="connection: close\r\n"),
    "keeps": lambda: response(good(), headers="Keep-Alive: timeout=75\r\n"),
    "in pieces": lambda: [response(good())[:20], 0.02, response(good())[20:-9], 0.02, response(good())[-9:]],
    "at the limit": lambda: response(good(5)),
}


@each
def test_what_is_good_is_accepted(drivers, scripted, name):
    driver = drivers[name].open(scripted.url)
    for case, play in ACCEPTED.items():
        scripted.play = play
        assert driver.ask("now")[0] == "good" or pytest.fail(case)


def with_numbers(earliest, latest):
    return lambda: response(f"good {earliest} {latest}\n")


def edited(*changes):
    """A good answer in which each text is replaced by another one."""

    def play():
        line = good()
        for old, new in zip(changes[::2], changes[1::2]):
            line = line.replace(old, new)
        return response(line)

    return play


def scaled(scale, shift_s=0):
    """A good answer with its times in another unit, or of another moment."""

    def play():
        times = (int((int(time) + shift_s * 1_000_000) * scale) for time in good().split()[1:])
        return response("good {} {}\n".format(*times))

    return play


NOW = 1_764_427_445_093_351
REFUSED = {
    "not synchronized": (lambda: response(not_good("not_synchronized"), 503), "not_synchronized"),
    "a later code": (lambda: response(not_good("not_thought_of_2"), 503), "not_thought_of_2"),
    "not good though 200": (lambda: response(not_good("bound_unknown")), "bound_unknown"),
    "good though 503": (lambda: response(good(), 503), "no_answer"),
    "good though 206": (lambda: response(good(), 206), "no_answer"),
    "an invalid request": (lambda: response('{"error":"unknown parameter"}\n', 400), "no_answer"),
    "another server": (lambda: response("<html>\n</html>\n", 404), "no_answer"),
    "a proxy's page": (lambda: response("<html>\n<p>good 1 2</p>\n</html>\n"), "no_answer"),
    "JSON": (lambda: response('{"verdict":"good","earliest":"2026-11-25T14:47:25.093351Z"}\n'), "no_answer"),
    "over the limit": (lambda: response(good(5.01)), "no_answer"),
    "a redirect": (lambda: response("\n", 302, "location: /good\r\n"), "no_answer"),
    "no range": (lambda: response("good\n"), "no_answer"),
    "half a range": (lambda: response(good().rpartition(" ")[0] + "\n"), "no_answer"),
    "three times": (lambda: response(good()[:-1] + f" {NOW}\n"), "no_answer"),
    "backwards": (lambda: response("good {2} {1}\n".format(*good().split())), "no_answer"),
    "NaN": (with_numbers("NaN", "NaN"), "no_answer"),
    "infinity": (with_numbers("-inf", "inf"), "no_answer"),
    "negative": (edited(" ", " -"), "no_answer"),
    "negative, as long": (edited(" 1", " -"), "no_answer"),
    "with a plus sign": (edited(" ", " +"), "no_answer"),
    "with a plus sign, as long": (edited(" 1", " +"), "no_answer"),
    "a zero before": (edited(" ", " 0"), "no_answer"),
    "seconds": (scaled(1e-6), "no_answer"),
    "milliseconds": (scaled(1e-3), "no_answer"),
    "nanoseconds": (scaled(1000), "no_answer"),
    "of an hour ago": (scaled(1, -3600), "no_answer"),
    "of a moment ago": (scaled(1, -1), "no_answer"),
    "of an hour later": (scaled(1, 3600), "no_answer"),
    "in a zone": (scaled(1, 12.75 * 3600), "no_answer"),
    "of 32 bits": (scaled(1, -(2**32)), "no_answer"),
    "beyond 64 bits": (with_numbers("9" * 24, "9" * 24), "no_answer"),
    "around 2^64": (lambda: response("good {} {}\n".format(*(int(time) + 2**64 for time in good().split()[1:]))), "no_answer"),
    "a fraction": (edited(" ", " .", "\n", ".0\n"), "no_answer"),
    "an exponent": (lambda: response("good {0[0]}.{0[1]}e15 9e15\n".format(good().split()[1:])), "no_answer"),
    "hexadecimal": (lambda: response("good {:#x} {:#x}\n".format(*map(int, good().split()[1:]))), "no_answer"),
    "underscores": (lambda: response("good {:_} {:_}\n".format(*map(int, good().split()[1:]))), "no_answer"),
    "other digits": (with_numbers("\u0661" * 16, "\u0669" * 16), "no_answer"),
    "RFC 3339": (with_numbers("2026-11-25T14:47:25.093351Z", "2026-11-25T14:47:25.094257Z"), "no_answer"),
    "a space before": (edited("good", " good"), "no_answer"),
    "a space after": (edited("\n", " \n"), "no_answer"),
    "two spaces": (edited(" ", "  "), "no_answer"),
    "tabs": (edited(" ", "\t"), "no_answer"),
    "other spaces": (edited(" ", "\u00a0"), "no_answer"),
    "upper case": (edited("good", "GOOD"), "no_answer"),
    "a longer word": (edited("good", "goodish"), "no_answer"),
    "a carriage return": (edited("\n", "\r\n"), "no_answer"),
    "two lines": (lambda: response(good() + good()), "no_answer"),
    "good, then not": (lambda: response(good() + not_good("not_synchronized")), "no_answer"),
    "not good, then good": (lambda: response(not_good("not_synchronized") + good()), "no_answer"),
    "an empty line before": (edited("good", "\ngood"), "no_answer"),
    "an empty line after": (edited("\n", "\n\n"), "no_answer"),
    "no end of the line": (edited("\n", ""), "no_answer"),
    "NUL before": (edited("good", "\0good"), "no_answer"),
    "NUL after": (edited("\n", "\n\0x"), "no_answer"),
    "NUL in place of the line's end": (edited("\n", "\0"), "no_answer"),
    "a byte order mark": (edited("good", "\ufeffgood"), "no_answer"),
    "no UTF-8": (lambda: response(b"good \xff\xfe\n"), "no_answer"),
    "no codes": (lambda: response("not_good \tfor nothing\n", 503), "no_answer"),
    "no reasons": (lambda: response("not_good not_synchronized\n", 503), "no_answer"),
    "nothing": (lambda: response(""), "no_answer"),
    "an empty line": (lambda: response("\n"), "no_answer"),
    "large": (lambda: response(" " * 1_000_000 + "\n"), "no_answer"),
    "not HTTP": (lambda: b"SSH-2.0-OpenSSH\r\n\r\n", "no_answer"),
    "HTTP 0.9": (lambda: good().encode(), "no_answer"),
    "cut short": (lambda: response(good())[:-9], "no_answer"),
    "cut short and closed": (lambda: response(good(), headers="connection: close\r\n")[:-9], "no_answer"),
    "cut between its numbers": (lambda: response(good(), headers="connection: close\r\n")[:-18], "no_answer"),
}


@each
def test_everything_else_is_refused(drivers, scripted, name):
    driver = drivers[name].open(scripted.url, timeout_ms=400)
    wrong = []
    for case, (play, code) in REFUSED.items():
        if case in BY_NAME[name].overlooks:
            continue
        scripted.play = play
        reply = driver.ask("now")
        if reply[0] != "refused" or reply[1] != code:
            wrong.append((case, reply))
    assert not wrong
    assert not [head for head in scripted.requests if "/good" in head]
    # None of them is left behind.
    scripted.play = ACCEPTED["good"]
    accepted(driver.open(scripted.url).ask("now"))


@each
def test_what_was_refused_is_asked_again(drivers, scripted, name):
    driver = drivers[name].open(scripted.url, cache_ms=LONG_MS)
    for play, word in [(REFUSED["no range"][0], "refused"), (REFUSED["not synchronized"][0], "refused"), (ACCEPTED["good"], "good")]:
        scripted.play = play
        assert driver.ask("now")[0] == word


@each
def test_reasons_are_given(drivers, scripted, name):
    driver = drivers[name].open(scripted.url)
    scripted.play = lambda: response(not_good("age_unknown", "clock_stepping"), 503)
    word, codes, *reasons = driver.ask("now")
    assert (word, codes) == ("refused", "age_unknown,clock_stepping")
    assert re.fullmatch("for age_unknown[; ] *for clock_stepping", " ".join(reasons)), reasons
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
    # On a busy machine this process sees the request later than the client gives up.
    time.sleep(0.3)
    assert len(scripted.requests) <= 1


@each
def test_the_limit_and_the_time_to_hold_are_sent(drivers, scripted, name):
    accepted(drivers[name].open(scripted.url, max_error_ms=1.5, cache_ms=250, timeout_ms=20_000).ask("now"))
    target = urlsplit(scripted.requests[0].split(" ")[1])
    query = parse_qs(target.query, strict_parsing=True)
    assert target.path == "/clock.txt" and query["max_error"][0] in ("1500000ns", "1.5ms", "1500us")
    if BY_NAME[name].caches:
        number, unit = re.fullmatch(r"([0-9]+)(ms|ns)", query["valid_for"][0]).groups()
        # As long as the answer may take, and then may be kept.
        assert 20_250 <= int(number) / {"ms": 1, "ns": MILLISECOND}[unit] <= 20_251


@each
def test_a_sidecar_on_ipv6_is_asked(drivers, name):
    server = Scripted("::1")
    try:
        accepted(drivers[name].open(server.url).ask("now"))
        hosts = re.findall(r"(?im)^host: *(\[::1\]:[0-9]+|localhost)\r?$", server.requests[0])
        assert len(hosts) == 1, server.requests
    finally:
        server.close()


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


@each
def test_a_late_answer_is_not_read_as_the_next(drivers, scripted, name):
    driver = drivers[name].open(scripted.url, timeout_ms=800)
    accepted(driver.ask("now"))
    scripted.play = lambda: [1.4, response(good())]
    assert refused(driver.ask("now")) == ["no_answer"]
    time.sleep(1)
    scripted.play = REFUSED["not synchronized"][0]
    assert refused(driver.ask("now")) == ["not_synchronized"]


@each
@pytest.mark.parametrize("pause", [None, 0.1])
def test_a_surplus_answer_is_not_read_as_the_next(drivers, scripted, name, pause):
    driver = drivers[name].open(scripted.url)
    for headers in ("", "content-length: 3\r\n"):
        surplus = response(good(), headers=headers)
        scripted.play = lambda surplus=surplus: [response(good()), *([pause] if pause else []), surplus]
        driver.ask("now")
        time.sleep(0.3)
        scripted.play = REFUSED["not synchronized"][0]
        refused(driver.ask("now"))
        # It does not stay one answer behind.
        scripted.play = ACCEPTED["good"]
        replies = [driver.ask("now")[0] for _ in range(3)]
        assert "good" in replies, replies


@each
def test_chunks_are_read_or_refused(drivers, scripted, name):
    head = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n"
    driver = drivers[name].open(scripted.url, timeout_ms=400)
    for is_whole in (True, False):

        def play(is_whole=is_whole):
            line = good() if is_whole else good()[:-9]
            return head + f"{len(line):x}\r\n{line}\r\n".encode() + (b"0\r\n\r\n" if is_whole else b"")

        scripted.play = play
        reply = driver.ask("now")
        if reply[0] == "good":
            assert is_whole
            accepted(reply)
        else:
            assert refused(reply) == ["no_answer"]
        scripted.play = REFUSED["not synchronized"][0]
        assert refused(driver.ask("now")) == ["not_synchronized"]


@each
def test_an_answer_that_trickles_is_refused(drivers, scripted, name):
    scripted.play = lambda: [part for byte in response(good()) for part in (bytes([byte]), 0.05)]
    driver = drivers[name].open(scripted.url, timeout_ms=300)
    assert refused(driver.ask("now")) == ["no_answer"]
    # At a byte per time-out, the answer would take hours; this one would come within seconds.
    scripted.play = ACCEPTED["good"]
    accepted(driver.ask("now"))


# ---- one flight, one cache ----------------------------------------------------------------------------------------------


@each
def test_many_callers_are_all_answered(drivers, scripted, name):
    # A process for each costs more than a thread.
    count = 500 if BY_NAME[name].caches else 100
    assert drivers[name].open(scripted.url).ask("many", count) == ["many", str(count), "0"]


@each_with_cache
def test_five_hundred_callers_make_one_request(drivers, scripted, name):
    driver = drivers[name].open(scripted.url, cache_ms=LONG_MS)
    assert driver.ask("many", 500) == ["many", "500", "0"]
    assert (len(scripted.requests), len(scripted.connections)) == (1, 1)


@pytest.mark.parametrize("name", [language.name for language in LANGUAGES if language.caches and language.has_simultaneous_callers])
def test_five_hundred_callers_share_a_refusal(drivers, scripted, name):
    driver = drivers[name].open(scripted.url, cache_ms=LONG_MS)
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
def test_a_range_that_is_kept_moves_with_the_time(drivers, scripted, name):
    driver = drivers[name].open(scripted.url, cache_ms=LONG_MS)
    first, since = accepted(driver.ask("now")), time.monotonic_ns()
    time.sleep(0.2)
    waited = time.monotonic_ns() - since
    second = accepted(driver.ask("now"))
    assert len(scripted.requests) == 1
    # Times are rounded to a microsecond at most.
    assert second[0] >= first[0] + waited - 2_000 and second[1] >= first[1] + waited - 2_000


@each_with_cache
def test_the_time_of_the_request_is_in_the_range(drivers, scripted, name):
    """The answer may be from its beginning or from its end."""
    scripted.play = lambda: [0.1, response(good()), 0.0]
    earliest, latest = accepted(drivers[name].open(scripted.url, max_error_ms=5).ask("now"))
    scripted.play = lambda: [response(good())[:-1], 0.1, b"\n"]
    earliest_2, latest_2 = accepted(drivers[name].open(scripted.url, max_error_ms=5).ask("now"))
    for width in (latest - earliest, latest_2 - earliest_2):
        assert width >= 100 * MILLISECOND


def test_an_answer_from_before_a_step_is_not_used(drivers, folder):
    clock, running = SteppedClock(), {}
    # The sanitizers want to be the first library.
    environment = clock.environment | {"ASAN_OPTIONS": "verify_asan_link_order=0"}
    try:
        for name in CACHING:
            driver = drivers[name] if BY_NAME[name].has_step else Driver(BY_NAME[name], folder / name, **environment)
            running[name] = driver, Scripted()
        for driver, server in running.values():
            driver.open(server.url, cache_ms=LONG_MS)
        # The last one is after 2^31 seconds, and before the second 2^32.
        for step in (0, -3_000, 3_000, 20 * 365 * 86_400):
            clock.step_to(step)
            for name, (driver, server) in running.items():
                if BY_NAME[name].has_step:
                    driver.ask("step")
                    server.play = ACCEPTED["good"]
                else:
                    server.play = lambda step=step: response(good(now=time.time_ns() // 1000 + int(step * 10**6)))
                count = len(server.requests)
                for _ in range(3):
                    reply = driver.ask("now")
                    assert reply[0] == "good", (name, step, reply)
                    assert BY_NAME[name].has_step or abs(int(reply[1]) - time.time_ns() - step * 10**9) < 10**11
                assert len(server.requests) == count + 1, name
    finally:
        clock.close()
        for name, (driver, server) in running.items():
            server.close()
            if not BY_NAME[name].has_step:
                driver.close()


def test_a_step_during_the_request_is_refused(folder):
    for name in [name for name in CACHING if not BY_NAME[name].has_step]:
        clock = SteppedClock()
        environment = clock.environment | {"ASAN_OPTIONS": "verify_asan_link_order=0"}
        driver, server = Driver(BY_NAME[name], folder / name, **environment), Scripted()

        def play(clock=clock):
            answer = response(good())
            clock.step_to(3_000)
            return answer

        try:
            clock.step_to(0)
            server.play = ACCEPTED["good"]
            assert driver.open(server.url).ask("now")[0] == "good", name
            server.play = play
            assert driver.ask("now")[:2] == ["refused", "no_answer"], name
        finally:
            clock.close()
            driver.close()
            server.close()


@each_with_cache
def test_an_answer_expires(drivers, scripted, name):
    driver = drivers[name].open(scripted.url, cache_ms=50)
    for _ in range(2):
        accepted(driver.ask("now"))
        time.sleep(0.06)
    assert len(scripted.requests) == 2


# ---- waiting and faking -------------------------------------------------------------------------------------------------


@each
def test_waiting_ends_when_the_time_is_certainly_past(drivers, scripted, name):
    driver = drivers[name].open(scripted.url, cache_ms=10)
    word, timestamp, after, ticks = driver.ask("past", 40, MINUTE_MS)
    assert word == "past" and int(after) - int(timestamp) >= 0.5 * MILLISECOND
    if BY_NAME[name].has_event_loop:
        assert int(ticks) >= 3


@each
def test_waiting_outlasts_a_clock_that_is_not_good(drivers, scripted, name):
    driver = drivers[name].open(scripted.url)
    plays = iter([ACCEPTED["good"], *[REFUSED["not synchronized"][0]] * 3])
    scripted.play = lambda: next(plays, ACCEPTED["good"])()
    assert driver.ask("past", 0, MINUTE_MS)[0] == "past"


@each
def test_waiting_ends_without_patience(drivers, scripted, name):
    driver = drivers[name].open(scripted.url)
    assert refused(driver.ask("past", MINUTE_MS, 100)) == ["not_past"]
    plays = iter([ACCEPTED["good"]])
    scripted.play = lambda: next(plays, REFUSED["not synchronized"][0])()
    assert refused(driver.ask("past", 0, 400)) == ["not_past", "not_synchronized"]


@each
def test_the_fake_is_good_and_fails(drivers, name):
    assert drivers[name].ask("fake") == ["fake", "good", "not_synchronized"]
