"""Instructions in user space, counted by Valgrind's callgrind, without the kernel's."""

import subprocess
from collections import Counter

PAGE = 4096
CACHE_LINE = 64


class NoTotal(ValueError):
    """A run left no total."""


def total(profile):
    """The instructions of a whole profile. callgrind writes them in `totals:`, older versions in `summary:`."""
    found = {}
    for line in profile.splitlines():
        key, colon, value = line.partition(":")
        if colon and key in ("totals", "summary"):
            found[key] = int(value.split()[0])
    if not found:
        raise NoTotal(f"neither totals nor summary in {len(profile)} characters that end in {profile[-200:]!r}")
    return found.get("totals", found.get("summary"))


def executed(profile):
    """How often the instruction at each address ran, of a profile by address."""
    counts = Counter()
    is_of_callee = False
    for line in profile.splitlines():
        if line.startswith("0x") and not is_of_callee:
            address, count = line.split()
            counts[int(address, 16)] += int(count)
        # The line after it has what the called function cost.
        is_of_callee = line.startswith("calls=")
    return counts


def per_unit(few, many):
    """Instructions for each unit of work, from two runs given as (units, instructions): the start and the end of the
    program, which both have, fall out."""
    units = many[0] - few[0]
    if units <= 0:
        raise ValueError(f"expected more than {few[0]} units of work, got {many[0]}")
    return (many[1] - few[1]) / units


def touched(few, many, size):
    """How many blocks of `size` bytes hold an instruction that runs for at least every second unit of work, from two runs
    given as (units, counts by address)."""
    enough = (many[0] - few[0]) / 2
    return len({address // size for address, count in many[1].items() if count - few[1][address] >= enough})


def command(profile, arguments, by_address=False):
    """The command line that leaves its profile in the file `profile`."""
    addresses = ["--dump-instr=yes", "--dump-line=no", "--compress-pos=no"] if by_address else []
    return ["valgrind", "--tool=callgrind", f"--callgrind-out-file={profile}", "--quiet", *addresses, *map(str, arguments)]


def count(profile, arguments, codes=(0,), **options):
    """The instructions of a program that ends by itself."""
    options = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "stderr": subprocess.PIPE} | options
    done = subprocess.run(command(profile, arguments), check=False, timeout=300, **options)
    if done.returncode not in codes:
        raise RuntimeError(f"{arguments} ended with {done.returncode}: {(done.stderr or b'')[-500:]!r}")
    return total(profile.read_text())
