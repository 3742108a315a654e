"""The real program, with the environment that each deployment tool yields, emits what the service's alarms read."""

import time

import pytest
import ways
from cfn import SAM, Stack, parse
from definition import CLUSTER, SERVICE, environment, shipped
from program import Endpoint, Sidecar, binaries
from references import Emitted, metrics_used

# These change only when lines are written, not their content.
QUICK = {"CLOCK_EMF_SAMPLE_INTERVAL": "100ms", "CLOCK_EMF_EMIT_INTERVAL": "1s", "CLOCK_EMF_EMIT_JITTER": "0s"}
REGULAR = {"ClockErrorBound", "ClockSynchronized", "ClockReferenceAge"}
PATIENCE_S = 120


@pytest.fixture(scope="module")
def programs():
    return binaries()


@pytest.fixture(scope="module")
def alarmed():
    """The regular metrics that alarms and widgets of the service's stack read."""
    stack = Stack(parse((SAM / "observability.yaml").read_text()), {"ClusterName": CLUSTER, "ServiceName": SERVICE})
    return {metric for _, metric in metrics_used(stack) if metric[1] in REGULAR}


@pytest.fixture(scope="module")
def environments(cdk_template):
    """The environment that each deployment tool yields, by tool."""
    found = {way: environment(render()) for way, (render, _) in ways.OF_TEXT.items()}
    found["shipped"] = environment(shipped())
    found["cdk"] = environment(ways.of_cdk(cdk_template))
    found["compose"] = environment(ways.of_compose())
    return found


def emitted_with(programs, variables, scenario, lines):
    sidecar_binary, endpoint_binary = programs
    endpoint = Endpoint(endpoint_binary, scenario, "--cluster", CLUSTER, "--service", SERVICE)
    try:
        sidecar = Sidecar(sidecar_binary, variables | QUICK | endpoint.environment)
        try:
            deadline = time.monotonic() + PATIENCE_S
            while len(sidecar.lines) < lines:
                assert time.monotonic() < deadline, f"not seen within {PATIENCE_S} s: {lines} lines"
                time.sleep(0.05)
        finally:
            sidecar.stop()
    finally:
        endpoint.close()
    return Emitted.of([line for _, line in sidecar.lines], time.time_ns() // 1_000_000)


@pytest.mark.parametrize("way", ["shipped", *ways.OF_TEXT, "cdk", "compose"])
def test_the_alarms_read_what_a_way_makes_the_program_emit(programs, alarmed, environments, way):
    emitted = emitted_with(programs, environments[way], "good", lines=2)
    assert {metric for metric in emitted.metrics if metric[1] in REGULAR} == alarmed
    assert {metric[1] for metric in alarmed} == REGULAR


def test_a_task_whose_endpoint_never_answers_is_seen_too(programs, environments):
    emitted = emitted_with(programs, environments["shipped"], "error-500", lines=1)
    dimensions = frozenset({("ClusterName", CLUSTER), ("ServiceName", SERVICE)})
    assert ("ECS/ClockAccuracy", "ClockReadErrors", dimensions) in emitted.metrics


def test_a_task_outside_a_service_is_named_by_its_family(programs):
    """Neither the definition nor the endpoint names a service."""
    emitted = emitted_with(programs, {"CLOCK_EMF_PROPERTIES": f"ClusterName={CLUSTER}"}, "no-service", lines=2)
    names = {frozenset(name for name, _ in dimensions) for _, _, dimensions in emitted.metrics}
    assert names == {frozenset({"ClusterName", "TaskDefinitionFamily"})}


def test_a_task_outside_a_service_can_be_given_a_name(programs):
    """By a separate property: a copied service name must not add it to that service's metrics."""
    variables = {
        "CLOCK_EMF_PROPERTIES": f"ClusterName={CLUSTER},ServiceName={SERVICE},Job=nightly-report",
        "CLOCK_EMF_DIMENSIONS": "ClusterName,Job;ClusterName,ServiceName",
    }
    emitted = emitted_with(programs, variables, "no-service", lines=2)
    assert {dimensions for _, _, dimensions in emitted.metrics} >= {frozenset({("ClusterName", CLUSTER), ("Job", "nightly-report")})}
