"""What is measured one after the other: the AWS sample, a line, `explain`, start, stop and `check`."""

import json
import os
import signal
import socket
import statistics
import subprocess
import time
from contextlib import contextmanager

from . import callgrind, process
from . import contenders as kinds
from .endpoint import Endpoint
from .row import AWS_SAMPLE, INSTRUCTIONS, INSTRUCTIONS_A_LINE, PROCESSOR_TIME, SAMPLE, Row
from .together import environment
from .tools import python_size

WALL = "time, ms"
PROCESSOR = "processor time, ms"


# ---- the AWS sample's way ---------------------------------------------------------------------------------------------


@contextmanager
def moto(tools):
    """A server that takes PutMetricData, on loopback."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [tools.moto, "-H", "127.0.0.1", "-p", str(port)]
    server = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + 60
        while True:
            try:
                socket.create_connection(("127.0.0.1", port), 1).close()
                break
            except OSError:
                if time.monotonic() > deadline or server.poll() is not None:
                    raise
                time.sleep(0.1)
        yield f"http://127.0.0.1:{port}"
    finally:
        server.kill()
        server.wait()


def aws_sample(tools, samples):
    with moto(tools) as url, Endpoint(tools.endpoint) as endpoint:
        variables = environment(endpoint.base) | {
            "PATH": f"{tools.aws.parent}:{os.environ['PATH']}",
            "AWS_ENDPOINT_URL": url,
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_CONFIG_FILE": "/dev/null",
            "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
        }
        runs = [process.run_to_end([tools.sample_script], env=variables) for _ in range(samples + 1)]
    if any(run.code for run in runs):
        raise RuntimeError(f"{tools.sample_script} ended with {[run.code for run in runs]}")
    # The first run warms the caches.
    runs = runs[1:]
    commands = sum(os.path.getsize(os.path.realpath(f"/usr/bin/{name}")) for name in ("curl", "jq"))
    return Row(SAMPLE, AWS_SAMPLE, {
        "samples": samples,
        PROCESSOR_TIME: statistics.mean(run.processor_s for run in runs) * 1e6,
        "wake-ups": statistics.mean(run.wakeups for run in runs),
        "resident, kB": max(run.largest_kb for run in runs),
        "on disk, MB": (python_size(tools.aws.parent / "python") + commands) / 1e6,
    })  # fmt: skip


# ---- one line ---------------------------------------------------------------------------------------------------------


def lines(tools, folder, counted):
    """Ours from the counted samples; the others' by rendering into memory, and metrique's also in its program."""
    section = "one line of 20 members, one reading"

    def difference(each, minute):
        if each not in counted:
            return None
        return (counted[each][INSTRUCTIONS] - counted[minute][INSTRUCTIONS]) / (1 - 1 / 60)

    ours = difference("sidecar, 1 s, a line each", "sidecar, 1 s")
    theirs = difference("metrique sidecar, a line each", "metrique sidecar")
    rows = [
        Row(section, "sidecar: closed, rendered, queued, written", {INSTRUCTIONS: ours}),
        Row(section, "metrique: rendered, queued, written", {INSTRUCTIONS: theirs}),
    ]
    for writer in ("metrique", "metrics_cloudwatch_embedded"):
        counts = [
            (n, callgrind.count(folder / "lines.callgrind", [tools.program("write-lines"), writer, 1, n])) for n in (200, 600)
        ]
        rows.append(Row(section, f"{writer}: rendered", {INSTRUCTIONS: callgrind.per_unit(*counts)}))
    return rows


# ---- explain ----------------------------------------------------------------------------------------------------------


def example_lines(tools, count):
    """Lines of the sidecar itself, of the present."""
    with Endpoint(tools.endpoint) as endpoint:
        done = subprocess.run(
            [tools.sidecar, "run", "--once"], env=environment(endpoint.base), capture_output=True, check=True, timeout=60
        )
    document = json.loads(done.stdout)
    document["ClockErrorBound"] = [round(0.446931 + 0.04 * at, 6) for at in range(6)]
    text = json.dumps(document, separators=(",", ":"))
    return [text.replace('"Sequence":1,', f'"Sequence":{number},') + "\n" for number in range(1, count + 1)]


def other_lines(count):
    """Lines as most of a real log is: JSON of an application's logger, which is not EMF."""
    levels = ("debug", "info", "info", "warn")
    return [
        json.dumps({
            "timestamp": f"2026-11-29T12:{number // 60 % 60:02}:{number % 60:02}.123Z",
            "level": levels[number % len(levels)],
            "logger": "com.example.orders.OrderService",
            "message": f"order {number} of customer {number * 7919 % 100_003} was \"accepted\"",
            "trace": {"id": f"{number:032x}", "span": f"{number * 31:016x}", "sampled": number % 10 == 0},
            "duration_ms": number % 997 / 10,
        }, separators=(",", ":")) + "\n"
        for number in range(1, count + 1)
    ]  # fmt: skip


def explain(tools, folder, count):
    emf = example_lines(tools, count)
    # Lines without any EMF line would be a fault.
    other = emf[:1] + other_lines(count)
    return [
        *lines_read(tools, folder, f"{count:,} EMF lines read", emf),
        *lines_read(tools, folder, f"{count:,} JSON lines read that are not EMF", other),
    ]


def lines_read(tools, folder, section, text):
    whole = folder / "lines.jsonl"
    whole.write_text("".join(text))
    commands = {
        "parsing alone (serde_json)": [tools.program("parse-lines")],
        "explain --json": [tools.sidecar, "explain", "--json"],
        "explain": [tools.sidecar, "explain"],
        "jq -c .": ["jq", "-c", "."],
    }
    rows = []
    for what, command in commands.items():
        with whole.open("rb") as lines:
            done = process.run_to_end(command, stdin=lines, stdout=subprocess.DEVNULL)
        if done.code:
            raise RuntimeError(f"{what} ended with {done.code}")
        counts = []
        for part in (200, 600):
            some = folder / "some.jsonl"
            some.write_text("".join(text[:part]))
            with some.open("rb") as lines:
                counts.append((part, callgrind.count(folder / "explain.callgrind", command, stdin=lines)))
        rows.append(Row(section, what, {
            "processor time, s": done.processor_s,
            "times parsing alone": done.processor_s / rows[0].figures["processor time, s"] if rows else 1,
            INSTRUCTIONS_A_LINE: callgrind.per_unit(*counts),
        }))  # fmt: skip
    return rows


# ---- start, stop, check -----------------------------------------------------------------------------------------------


def start_and_stop(tools, folder, times):
    section = "start, stop, check"
    with Endpoint(tools.endpoint) as endpoint:
        options = {"env": environment(endpoint.base), "stdin": subprocess.DEVNULL}
        quiet = options | {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        first, ends = zip(*(one_life(tools, options) for _ in range(times)))
        rows = [
            Row(section, "start: from exec to the first line read", {WALL: statistics.median(first)}),
            Row(section, "stop: from SIGTERM to the end", {WALL: statistics.median(ends)}),
        ]
        for what, command in {
            "run --once: start, sample, line, end": [tools.sidecar, "run", "--once"],
            "check": [tools.sidecar, "check"],
            "check --json": [tools.sidecar, "check", "--json"],
        }.items():
            walls, costs = [], []
            for _ in range(times):
                began = time.monotonic()
                done = process.run_to_end(command, **quiet)
                walls.append((time.monotonic() - began) * 1000)
                costs.append(done.processor_s * 1000)
            count = callgrind.count(folder / "check.callgrind", command, env=environment(endpoint.base))
            rows.append(Row(section, what, {
                WALL: statistics.median(walls), PROCESSOR: statistics.median(costs), INSTRUCTIONS: count,
            }))  # fmt: skip
    return rows


def one_life(tools, options):
    """Milliseconds from exec to the first line, and from SIGTERM to the end."""
    began = time.monotonic()
    child = subprocess.Popen([tools.sidecar], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, **options)
    line = child.stdout.readline()
    first = time.monotonic()
    child.send_signal(signal.SIGTERM)
    child.stdout.read()
    child.wait()
    if not line or child.returncode:
        raise RuntimeError(f"the sidecar wrote {line!r} and ended with {child.returncode}")
    return (first - began) * 1000, (time.monotonic() - first) * 1000
