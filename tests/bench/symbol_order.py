#!/usr/bin/env python3
"""Writes .cargo/order-x86_64.txt, the order in which the linker lays out the static binary's functions.

    tests/bench/symbol_order.py      needs qemu-user-static; about five minutes

A sample runs through little code, but the linker scatters it over many pages: each is a page of memory that stays
resident, and a miss of the instruction TLB. Here the functions that run at every sample come first, then those that run
besides for a publication of the segment or a request of `/clock`, then what runs once at the start, then what `check`
needs besides. A name in the list that no longer exists has no effect, so the list may be older than the code. But a name
ends in a hash of its crate's version, the profile and the compiler, so a change of any of these makes most of the list
useless: make it anew before a release.

QEMU's user mode logs each block of code that it runs, with the name of its function. The functions of every sample are
those that a long run runs much more often than a short one. There is no list for arm64: its default linker, GNU ld,
takes none.
"""

import collections
import contextlib
import os
import signal
import subprocess
import sys
import tempfile
import urllib.request
from pathlib import Path

TOP = Path(__file__).resolve().parents[2]
PROGRAM = "ecs-clock-emf"
ADDRESS = "127.27.80.4:2780"
ENDPOINT = "ECS_CONTAINER_METADATA_URI_V4"
SAMPLES = 40
# A run of SAMPLES runs a function of every sample at least this much more often than a run of one sample does.
OF_EVERY_SAMPLE = SAMPLES // 2
DEADLINE = 300
TARGET = "x86_64-unknown-linux-gnu"
FOLDER = TOP / "target" / "symbol-order"
LIST = TOP / ".cargo" / "order-x86_64.txt"


def build() -> tuple[Path, Path]:
    """The static release binary with its symbols, and the example endpoint, in a separate folder."""
    cargo = ["cargo", "build", "--release", "--locked", "--target-dir", FOLDER]
    # Not by the profile, which is a part of the names of all functions.
    symbols = f'target.{TARGET}.rustflags = ["-C", "strip=none"]'
    static = ["--config", ".cargo/static.toml", "--config", symbols, "--target", TARGET]
    subprocess.run([*cargo, *static, "--package", PROGRAM, "--bin", PROGRAM], cwd=TOP, check=True)
    subprocess.run([*cargo, "--example", "task-metadata-endpoint"], cwd=TOP, check=True)
    return FOLDER / TARGET / "release" / PROGRAM, FOLDER / "release" / "examples" / "task-metadata-endpoint"


class Endpoint:
    """The example endpoint on a free port."""

    def __init__(self, program: Path):
        self.process = subprocess.Popen([program], stdout=subprocess.PIPE, text=True)
        # It prints the variable that the program reads.
        self.base = self.process.stdout.readline().strip().removeprefix(f"{ENDPOINT}=")

    def __enter__(self) -> str:
        return self.base

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()


def functions(log: Path) -> list[str]:
    """The function of each block that ran, in order: the last word of QEMU's lines `Trace 0: … [pc] NAME`."""
    with log.open(errors="replace") as lines:
        names = (line.rsplit("] ", 1) for line in lines if line.startswith("Trace "))
        return [name[1].strip() for name in names if len(name) == 2 and name[1].strip()]


def ask():
    """Requests `/clock`, if anything listens yet."""
    with contextlib.suppress(OSError):
        urllib.request.urlopen(f"http://{ADDRESS}/clock", timeout=10).close()


def profile(binary: Path, arguments: list[str], base: str, lines: int, after_line=lambda: None) -> list[str]:
    """Runs the program until it has printed this many lines, or to its end."""
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "log"
        # `timeout` passes SIGTERM on, and ends a run that hangs.
        command = ["timeout", str(DEADLINE), "qemu-x86_64-static", "-d", "exec,nochain", "-D", log, binary, *arguments]
        environment = {"PATH": os.environ["PATH"], ENDPOINT: base}
        process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)
        for _ in range(lines):
            process.stdout.readline()
            after_line()
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=DEADLINE)
        return functions(log)


def order(binary: Path, endpoint: Path) -> list[str]:
    run = ["run", "--sample-interval=100ms", "--emit-jitter=0s", "--storage-resolution=1"]
    with Endpoint(endpoint) as base, tempfile.TemporaryDirectory() as segment:
        both = [f"--listen={ADDRESS}", f"--clockbound-directory={segment}"]
        short = collections.Counter(profile(binary, run, base, 1))
        long = profile(binary, run, base, SAMPLES)
        answering = profile(binary, [*run, *both], base, SAMPLES, ask)
        check = profile(binary, ["check"], base, 1)

    def hot(names: list[str]) -> list[str]:
        counts = collections.Counter(names)
        return [name for name in dict.fromkeys(names) if counts[name] - short[name] >= OF_EVERY_SAMPLE]

    return list(dict.fromkeys([*hot(long), *hot(answering), *long, *answering, *check]))


def main():
    names = order(*build())
    LIST.write_text("".join(f"{name}\n" for name in names))
    # Cargo does not know that the linker reads the list.
    (TOP / "src" / "bin" / f"{PROGRAM}.rs").touch()
    print(f"{LIST.relative_to(TOP)}: {len(names)} functions", file=sys.stderr)


if __name__ == "__main__":
    main()
