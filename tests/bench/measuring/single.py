"""What is measured one after the other: a line, `explain`, start and stop, `check`, `/clock`, the segment, the AWS sample."""

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
from .row import Row
from .together import environment
from .tools import python_size

INSTRUCTIONS = "instructions"
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
    return Row("a sample", "AWS sample's way: curl, jq, AWS CLI", {
        "samples": samples,
        "processor time, µs": statistics.mean(run.processor_s for run in runs) * 1e6,
        "wake-ups": statistics.mean(run.wakeups for run in runs),
        "resident, kB": max(run.largest_kb for run in runs),
        "threads": None,
        "on disk, MB": (python_size(tools.aws.parent / "python") + commands) / 1e6,
    })  # fmt: skip


# ---- one line ---------------------------------------------------------------------------------------------------------


def lines(tools, folder, counted):
    """Ours from the counted samples; the others' by rendering into memory, and metrique's also in its program."""
    rows = []
    each, minute = counted.get("sidecar, 1 s, a line each"), counted.get("sidecar, 1 s")
    ours = (each - minute) / (1 - 1 / 60) if each and minute else None
    rows.append(Row("one line of 20 members, one reading", "sidecar: closed, rendered, queued, written", {INSTRUCTIONS: ours}))
    each, minute = counted["metrique, 1 a line"], counted["metrique, 60 a line"]
    theirs = (each - minute) / (1 - 1 / 60)
    rows.append(Row(rows[0].section, "metrique: rendered, queued, written", {INSTRUCTIONS: theirs}))
    for writer in ("metrique", "metrics_cloudwatch_embedded"):
        counts = [
            (n, callgrind.count(folder / "lines.callgrind", [tools.program("write-lines"), writer, 1, n])) for n in (200, 600)
        ]
        rows.append(Row(rows[0].section, f"{writer}: rendered", {INSTRUCTIONS: callgrind.per_unit(*counts)}))
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
    return [
        *lines_read(tools, folder, f"{count:,} EMF lines read", example_lines(tools, count)),
        *lines_read(tools, folder, f"{count:,} JSON lines read that are not EMF", other_lines(count)),
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
            "instructions a line": callgrind.per_unit(*counts),
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


# ---- asking -----------------------------------------------------------------------------------------------------------

ADDRESS = ("127.27.80.3", 2780)
REQUEST = b"GET /clock HTTP/1.1\r\nhost: localhost\r\n\r\n"


def ask(connection):
    """One request on a connection; its whole answer."""
    connection.sendall(REQUEST)
    answer = b""
    while not answer.endswith(b"}\n"):
        more = connection.recv(65536)
        if not more:
            raise RuntimeError(f"the connection ended after {answer!r}")
        answer += more
    if not answer.startswith(b"HTTP/1.1 200 "):
        raise RuntimeError(f"expected status 200, got {answer!r}")


def ask_on_one(count):
    with socket.create_connection(ADDRESS, 10) as connection:
        for _ in range(count):
            ask(connection)


def ask_on_new(count):
    for _ in range(count):
        with socket.create_connection(ADDRESS, 10) as connection:
            ask(connection)


@contextmanager
def listening(tools, endpoint, wrap):
    """A sidecar that listens, and takes no further sample for up to a minute."""
    command = kinds.sidecar(tools, 60_000, f"--listen={ADDRESS[0]}:{ADDRESS[1]}")
    child = subprocess.Popen(
        wrap([str(part) for part in command]),
        env=environment(endpoint.base), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        child.stdout.readline()
        deadline = time.monotonic() + 60
        while True:
            try:
                with socket.create_connection(ADDRESS, 10) as connection:
                    ask(connection)
                break
            except (OSError, RuntimeError):
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.05)
        yield child
        child.send_signal(signal.SIGTERM)
        child.wait(60)
    finally:
        child.kill()
        child.wait()
        child.stdout.close()


def clock_requests(tools, folder, count):
    rows = []
    for what, work in {"/clock, kept connection": ask_on_one, "/clock, new connection": ask_on_new}.items():
        counts = []
        for number in (100, 300):
            profile = folder / f"clock-{number}.callgrind"
            with Endpoint(tools.endpoint) as endpoint:
                with listening(tools, endpoint, lambda command, to=profile: callgrind.command(to, command)):
                    work(number)
            counts.append((number, callgrind.total(profile.read_text())))
        with Endpoint(tools.endpoint) as endpoint, listening(tools, endpoint, list) as child:
            before = process.cost(child.pid)
            work(count)
            used = process.cost(child.pid) - before
        rows.append(Row("asking", what, {
            "instructions": callgrind.per_unit(*counts), "processor time, µs": used.processor_ns / 1000 / count,
        }))  # fmt: skip
    return rows


def segment(tools, folder, seconds):
    """The cost of publishing the segment, once for each sample at 100 ms, as the difference of two sidecars.
    Only its time: callgrind 3.19 fails an internal assertion in a sidecar with a segment."""
    costs = {}
    target = folder / "published"
    target.mkdir()
    commands = {"without": kinds.sidecar(tools, 100), "with": kinds.sidecar(tools, 100, f"--clockbound-directory={target}")}
    with Endpoint(tools.endpoint) as first, Endpoint(tools.endpoint) as second:
        children = {
            name: (endpoint, subprocess.Popen(
                [str(part) for part in command], env=environment(endpoint.base),
                stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            ))
            for (name, command), endpoint in zip(commands.items(), (first, second))
        }  # fmt: skip
        try:
            time.sleep(3)
            before = {name: (process.cost(child.pid), endpoint.samples()) for name, (endpoint, child) in children.items()}
            time.sleep(seconds)
            for name, (endpoint, child) in children.items():
                used = process.cost(child.pid) - before[name][0]
                costs[name] = used.processor_ns / 1000 / (endpoint.samples() - before[name][1])
        finally:
            for _, child in children.values():
                child.kill()
                child.wait()
    return [Row("asking", "the segment, one publication", {"processor time, µs": costs["with"] - costs["without"]})]
