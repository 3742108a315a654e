"""Instructions in user space, counted by Valgrind's callgrind, without the kernel's."""

import subprocess


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


def per_unit(few, many):
    """Instructions for each unit of work, from two runs given as (units, instructions): the start and the end of the
    program, which both have, fall out."""
    units = many[0] - few[0]
    if units <= 0:
        raise ValueError(f"expected more than {few[0]} units of work, got {many[0]}")
    return (many[1] - few[1]) / units


def command(profile, arguments):
    """The command line that leaves its profile in the file `profile`."""
    return ["valgrind", "--tool=callgrind", f"--callgrind-out-file={profile}", "--quiet", *map(str, arguments)]


def count(profile, arguments, codes=(0,), **options):
    """The instructions of a program that ends by itself."""
    options = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "stderr": subprocess.PIPE} | options
    done = subprocess.run(command(profile, arguments), check=False, timeout=300, **options)
    if done.returncode not in codes:
        raise RuntimeError(f"{arguments} ended with {done.returncode}: {(done.stderr or b'')[-500:]!r}")
    return total(profile.read_text())
