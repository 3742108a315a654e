"""What it costs to answer: `/clock`, for one client and for many, and the segment."""

import random
import signal
import socket
import statistics
import subprocess
import time
from contextlib import ExitStack, contextmanager

from . import callgrind, process
from . import contenders as kinds
from .endpoint import Endpoint
from .row import FAILED, GOOD_A_SECOND, INSTRUCTIONS, PROCESSOR_TIME, RESIDENT, Row
from .together import environment

ADDRESS = ("127.27.80.3", 2780)
REQUEST = b"GET /clock HTTP/1.1\r\nhost: localhost\r\n\r\n"
CLIENTS = (65, 200, 1_000)
CLIENTS_SECTION = "clients of /clock on kept connections"


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
def running(arguments, base):
    """A program whose output nobody reads."""
    child = subprocess.Popen(
        [str(part) for part in arguments],
        env=environment(base), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        yield child
    finally:
        child.kill()
        child.wait()


@contextmanager
def listening(tools, endpoint, interval_ms, wrap=list):
    """A sidecar that answers."""
    with running(wrap(kinds.sidecar(tools, interval_ms, f"--listen={ADDRESS[0]}:{ADDRESS[1]}")), endpoint.base) as child:
        deadline = time.monotonic() + 60
        while True:
            try:
                ask_on_one(1)
                break
            except (OSError, RuntimeError):
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.05)
        yield child
        child.send_signal(signal.SIGTERM)
        child.wait(60)


def one_client(tools, folder, count):
    """The sidecar takes no further sample for up to a minute."""
    rows = []
    for what, work in {"/clock, kept connection": ask_on_one, "/clock, new connection": ask_on_new}.items():
        counts = []
        for number in (100, 300):
            profile = folder / f"clock-{number}.callgrind"
            with Endpoint(tools.endpoint) as endpoint:
                with listening(tools, endpoint, 60_000, lambda command, to=profile: callgrind.command(to, command)):
                    work(number)
            counts.append((number, callgrind.total(profile.read_text())))
        with Endpoint(tools.endpoint) as endpoint, listening(tools, endpoint, 60_000) as child:
            before = process.cost(child.pid)
            work(count)
            used = process.cost(child.pid) - before
        rows.append(Row("a request", what, {
            INSTRUCTIONS: callgrind.per_unit(*counts), PROCESSOR_TIME: used.processor_ns / 1000 / count,
        }))  # fmt: skip
    return rows


def many_clients(tools, seconds):
    """Clients that keep their connections and ask again as soon as they are answered, all driven by one thread."""
    rows = []
    for clients in CLIENTS:
        with Endpoint(tools.endpoint) as endpoint, listening(tools, endpoint, 10_000) as child:
            asking = subprocess.Popen(
                [tools.program("ask-clock"), f"{ADDRESS[0]}:{ADDRESS[1]}", str(clients), str(seconds)],
                stdout=subprocess.PIPE, text=True,
            )  # fmt: skip
            # Their first second is not counted.
            time.sleep(1 + seconds / 2)
            resident = process.held(child.pid).resident_kb
            good, failed = asking.communicate(timeout=seconds + 60)[0].split()
        rows.append(Row(CLIENTS_SECTION, f"{clients:,}", {
            GOOD_A_SECOND: float(good), FAILED: int(failed), RESIDENT: resident,
        }))  # fmt: skip
    return rows


def segment(tools, folder, rounds, seconds):
    """The cost of publishing the segment after each sample: in each round a sidecar that does and one that does not run side
    by side. They start anew each time, at a random distance and in turns, so that neither always finds the caches as the other
    left them. Only the time: callgrind 3.19 fails an internal assertion in a sidecar with a segment."""
    target = folder / "published"
    target.mkdir()
    commands = {
        "not published": kinds.sidecar(tools, 100),
        "published at each sample": kinds.sidecar(tools, 100, f"--clockbound-directory={target}"),
    }
    costs = {name: [] for name in commands}
    for number in range(rounds):
        names = list(commands)[:: -1 if number % 2 else 1]
        for name, cost in side_by_side(tools, {name: commands[name] for name in names}, seconds).items():
            costs[name].append(cost)
    without, published = costs.values()
    costs["the difference in a round"] = [more - less for less, more in zip(without, published)]
    return [Row(f"the segment, {rounds} rounds of {seconds} s", what, middle(values)) for what, values in costs.items()]


def side_by_side(tools, commands, seconds):
    """Microseconds of processor time for a sample of each."""
    with ExitStack() as stack:
        started = {}
        for name, command in commands.items():
            endpoint = stack.enter_context(Endpoint(tools.endpoint))
            started[name] = endpoint, stack.enter_context(running(command, endpoint.base))
            time.sleep(random.uniform(0, 0.1))
        time.sleep(2)
        before = {name: (process.cost(child.pid), endpoint.samples()) for name, (endpoint, child) in started.items()}
        time.sleep(seconds)
        costs = {}
        for name, (endpoint, child) in started.items():
            used = process.cost(child.pid) - before[name][0]
            costs[name] = used.processor_ns / 1000 / (endpoint.samples() - before[name][1])
        return costs


def middle(values):
    lower, median, upper = statistics.quantiles(values, n=4, method="inclusive")
    return {PROCESSOR_TIME: median, "lower quartile": lower, "upper quartile": upper}
