"""Faults that need an engine: a container with little memory, and a log service that is down."""

import json
import os
import time

import pytest
from cfn import Deployment
from insights import SEMANTICS, Event, run
from logs_gate import LogsGate
from program import Endpoint
from references import queries
from sidecar import QUICK, Sidecar, messages, wait_until
from test_awslogs_driver import BLOCKING, NON_BLOCKING, documents

# The container's memory limit; the engine accepts none below 6 MiB.
MEMORY = "8m"
# Longer than the driver keeps and retries a batch (5 s plus less than 1 s). A minute, tried by hand, shows the same.
DOWN_S = float(os.environ.get("CLOCK_EMF_DOWN_SECONDS", "7"))


@pytest.fixture
def containers(engine):
    """A list of containers, which are removed afterwards."""
    made = []
    yield made
    for container in made:
        engine.run("rm", "--force", container)


@pytest.fixture
def played(endpoint_program):
    """The endpoint, without a proxy in front of it."""
    endpoint = Endpoint(endpoint_program, "good")
    yield endpoint
    endpoint.close()


@pytest.fixture
def gate(logs_endpoint):
    gate = LogsGate(logs_endpoint)
    yield gate
    gate.close()


@pytest.fixture(scope="module")
def missed_lines():
    """The shipped saved query."""
    stack = Deployment().observability
    saved = stack.resources("AWS::Logs::QueryDefinition")
    [text] = [text for logical, text in queries(stack).items() if saved[logical]["Name"].endswith("/missed-lines")]
    return text


@pytest.mark.parametrize("scenario", ["huge", "tiny-chunks", "endless", "mixed"])
def test_eight_megabytes_are_enough(engine, image, logs_endpoint, played, containers, scenario):
    running = Sidecar(engine, image, logs_endpoint, played.uri, environment=QUICK | {"CLOCK_EMF_LISTEN": "127.0.0.1:0"})
    # The last occurrence of an option counts.
    running.options += ["--memory", MEMORY, "--memory-swap", MEMORY, "--memory-reservation", MEMORY]
    running.start()
    containers.append(running.container)
    played.play(scenario)
    before = played.requests()
    wait_until(lambda: played.requests() >= before + 10, "ten requests")
    state = json.loads(engine.run("inspect", "--format", "{{json .State}}", running.container).stdout)
    assert state["Running"] and not state["OOMKilled"] and state["StartedAt"], state
    assert running.stop() == 0


def test_lines_that_a_log_service_refused_are_what_the_query_misses(
    engine, image, logs, gate, endpoint, containers, missed_lines
):
    """A service that is down for some time, behind the real driver in both modes at once."""
    proxies, runs = [], []
    for log_options in (BLOCKING, NON_BLOCKING):
        proxies.append(endpoint("wandering"))
        runs.append(Sidecar(engine, image, gate.base, proxies[-1].base, log_options=log_options).start())
        containers.append(runs[-1].container)
    groups = [running.group for running in runs]
    for group in groups:
        wait_until(lambda: documents(messages(logs, group)), "line that arrived")
    gate.is_open.clear()
    wait_until(lambda: all(gate.refused[group] for group in groups), "batch refused of each")
    time.sleep(DOWN_S)
    gate.is_open.set()
    for running, proxy, group in zip(runs, proxies, groups, strict=True):
        lost_until = max(documents(gate.refused[group]), key=number)["Sequence"]
        wait_until(lambda: number(documents(messages(logs, group))[-1]) > lost_until, "line after the trouble")
        served = len(proxy.served())
        assert running.stop() == 0
        lines = wait_until(lambda: whole(messages(logs, group), gate.refused[group], served), "last line")
        check_what_is_missing(lines, gate.refused[group], missed_lines)


def number(document):
    return document["Sequence"]


def check_what_is_missing(lines, refused, missed_lines):
    """The missing lines are those that the service refused and the driver dropped; the sidecar lost none."""
    emf = documents(lines)
    arrived = {number(document) for document in emf}
    missing = set(range(1, max(arrived) + 1)) - arrived
    assert missing and missing == {number(document) for document in documents(refused)} - arrived
    assert not any("LinesDropped" in document for document in emf)
    now = int(time.time() * 1000)
    events = [Event("clock/ecs-clock-emf/task", now, now, line) for line in lines]
    for semantics in SEMANTICS:
        [row] = run(missed_lines, events, now, semantics)
        assert (row["Missed"], row["Duplicates"]) == (len(missing), 0)


def whole(lines, refused, served):
    """Waits until each line was delivered or refused, and with them each reading served; returns the lines.

    The only exception is a reading that was in progress when the signal arrived.
    """
    both = {number(document): document for document in [*documents(refused), *documents(lines)]}
    samples = sum(document["Samples"] for document in both.values())
    return lines if set(both) == set(range(1, len(both) + 1)) and samples >= served - 1 else None
