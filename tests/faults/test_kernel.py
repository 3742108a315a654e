"""`check` on the answers of real hosts' kernels, which strace injects."""

import json
import struct
import subprocess

import pytest

MEMBERS = ("modes", "offset", "freq", "maxerror", "esterror", "status", "constant", "precision", "tolerance", "sec", "usec", "tick")
UNSYNC, NANO = 0x40, 0x2000


def answer(**given):
    """The bytes of a `struct timex` on x86-64."""
    values = dict.fromkeys(MEMBERS, 0) | {"tick": 10_000} | given
    return struct.pack("=i4xqqqqi4xqqqqqq", *(values[name] for name in MEMBERS)) + bytes(112)


def check(program, state, **members):
    """The answer of `check` when the kernel answers so. Every second call reads the rest of a slew and is not changed."""
    poke = f"retval={state}:poke_exit=@arg{{}}={answer(**members).hex()}:when=1+2"
    injections = [("clock_adjtime", 2), ("adjtimex", 1)]
    inject = [argument for call, place in injections for argument in ("-e", f"inject={call}:{poke.format(place)}")]
    command = ["strace", "-f", "-qq", "-e", "trace=adjtimex,clock_adjtime", "-o", "/dev/null", *inject]
    finished = subprocess.run(
        [*command, program, "check", "--source=kernel", "--json", "--max-error=250ms"], capture_output=True, timeout=60
    )
    return finished.returncode, json.loads(finished.stdout)


def test_an_estimate_of_chrony_is_good(programs):
    code, checked = check(programs[0], 5, maxerror=1_098, esterror=564, status=UNSYNC)
    assert (code, checked["verdict"], checked["warnings"]) == (0, "good", [])


@pytest.mark.parametrize(
    ("members", "cause"),
    [
        # systemd-timesyncd, the default of Ubuntu, Debian and Flatcar, 60 ms off.
        ({"maxerror": 12_000, "offset": 60_000_000, "status": NANO | 1}, "writes no estimate"),
        ({"maxerror": 1_507, "esterror": 103, "tick": 10_100}, "is being corrected by over 500 ppm"),
        ({"maxerror": 1_507, "esterror": 16_000_000}, "maximum of 16 s"),
        # phc2sys and openntpd reset the one and never write the other.
        ({"maxerror": 7_500, "esterror": 16_000_000, "status": NANO}, "writes no estimate"),
        # 2^32 ns: how some kernels report a negative offset. It was once misread as 5.7 s.
        ({"maxerror": 1_507, "esterror": 103, "offset": 1 << 32, "status": NANO | 1}, "cannot be right"),
    ],
)
def test_an_unknown_bound_has_a_cause(programs, members, cause):
    code, checked = check(programs[0], 0, **members)
    assert (code, checked["status"], checked["codes"]) == (1, "SYNCHRONIZED", ["bound_unknown"])
    [warning] = checked["warnings"]
    assert warning.startswith("the error bound is unknown: ") and cause in warning


@pytest.mark.parametrize(
    ("state", "members", "cause"),
    [
        # A host or a virtual machine without a time daemon, as WSL2.
        (5, {"maxerror": 16_000_000, "esterror": 16_000_000, "status": UNSYNC}, "no time daemon has synchronized the clock"),
        (3, {"maxerror": 1_507, "esterror": 103, "status": 0x11}, "a leap second is in progress"),
        (5, {"maxerror": 907, "esterror": 1, "status": 0x07}, "the pulse per second"),
        (5, {"maxerror": 907, "esterror": 1, "status": 0x1001}, "a fault of the clock"),
    ],
)
def test_a_clock_that_is_not_synchronized_has_a_cause(programs, state, members, cause):
    code, checked = check(programs[0], state, **members)
    assert (code, checked["status"], checked["codes"]) == (1, "NOT_SYNCHRONIZED", ["not_synchronized", "bound_unknown"])
    [warning] = checked["warnings"]
    assert cause in warning
