"""The contract between program and stacks: what alarms, widgets and queries name is what the real program emits.

The program runs with exactly the environment of the template's container definition, the address of the metadata endpoint
that ECS adds, and intervals shortened so that the test ends. Every metric that is sparse is provoked: read errors, a step of
the wall clock, dropped lines.
"""

import copy
import re
import time

import pytest
from cfn import Deployment
from program import Endpoint, Sidecar, SteppedClock, binaries, container_environment, endpoint_names
from references import Emitted, contract_faults, members_used, metrics_used, selects_used
from scenario_lines import UNITS, taken
from scenarios import SCENARIOS, START

# These change only when lines are written, not their content.
QUICK = {"CLOCK_EMF_SAMPLE_INTERVAL": "100ms", "CLOCK_EMF_EMIT_INTERVAL": "1s", "CLOCK_EMF_EMIT_JITTER": "0s"}
PATIENCE_S = 120
# Enough to overflow the sidecar's queue (256 lines) and the pipe behind it (a page).
QUEUE_LINES, PIPE_LINES = 256, 64


@pytest.fixture(scope="module")
def deployment():
    return Deployment()


@pytest.fixture(scope="module")
def demonstration_alarms(deployment):
    """The stack whose alarms watch the demonstration's service."""
    return deployment.demonstration.child("Observability")


def until(condition):
    deadline = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < deadline, f"not seen within {PATIENCE_S} s"
        time.sleep(0.05)


@pytest.fixture(scope="module")
def lines(deployment):
    sidecar_binary, endpoint_binary = binaries()
    environment = container_environment(deployment) | QUICK
    names = endpoint_names(environment)
    # One endpoint each, since `flipping` alternates between requests of all clients.
    endpoint, flipping = Endpoint(endpoint_binary, "good", *names), Endpoint(endpoint_binary, "flipping", *names)
    clock = SteppedClock()
    running = []
    try:
        # A reader that stays away for a while. Every reading is a line here, so the sidecar's queue fills up.
        stalled = Sidecar(sidecar_binary, environment | {"CLOCK_EMF_STORAGE_RESOLUTION": "1"} | flipping.environment, reading=False)
        running.append(stalled)
        sidecar = Sidecar(sidecar_binary, environment | endpoint.environment | clock.environment)
        running.append(sidecar)
        until(lambda: len(sidecar.lines) >= 2)
        clock.step_to(0.5)
        until(lambda: any('"ClockStep"' in line for _, line in sidecar.lines))
        endpoint.play("error-500")
        until(lambda: any('"ClockReadErrors"' in line for _, line in sidecar.lines))
        endpoint.play("unsynchronized")
        until(lambda: any("NOT_SYNCHRONIZED" in line for _, line in sidecar.lines))

        until(lambda: flipping.requests() > QUEUE_LINES + PIPE_LINES)
        stalled.read()
        until(lambda: any('"LinesDropped"' in line for _, line in stalled.lines))
    finally:
        for program in running:
            program.stop()
        endpoint.close()
        flipping.close()
        clock.close()
    return [line for program in running for _, line in program.lines]


@pytest.fixture(scope="module")
def emitted(lines):
    return Emitted.of(lines, time.time_ns() // 1_000_000)


# Scenarios in whose lines there is what the program does not write in the troubles above.
GENERATED = ["the endpoint lies", "cross-check that stops being answered", "bound unknown for 5 minutes", "paused", "endpoint down"]


@pytest.fixture(scope="module")
def emitted_by_a_fleet(emitted):
    """The series of any service, by the program's lines and, for what needs an NTP server or a frozen process, by generated ones."""
    texts = [text for name in GENERATED for _, text in taken(SCENARIOS[name]().tasks)]
    generated = Emitted.of(texts, START + 3_600_000)
    return Emitted(emitted.metrics | generated.metrics, emitted.members | generated.members)


def test_everything_named_is_emitted(demonstration_alarms, emitted_by_a_fleet):
    assert contract_faults(demonstration_alarms, emitted_by_a_fleet) == []


def test_the_cross_check_is_named_as_it_is_emitted(deployment, emitted_by_a_fleet):
    named = {metric for _, metric in metrics_used(deployment.observability) if "CrossCheck" in metric[1]}
    assert {name for _, name, _ in named} == {"CrossCheckOffset", "CrossCheckErrorBound", "CrossCheckDisagreement", "CrossCheckErrors"}
    assert named <= emitted_by_a_fleet.metrics


def test_everything_that_a_fleet_names_is_emitted(deployment, emitted_by_a_fleet):
    # The graphs of one service are those of the generated lines' service.
    renamed = Emitted(
        {(n, m, frozenset({("ClusterName", "production"), ("ServiceName", "ledger")})) for n, m, _ in emitted_by_a_fleet.metrics},
        emitted_by_a_fleet.members,
    )
    assert contract_faults(deployment.fleet, renamed) == []
    selects = {select.metric for _, select in selects_used(deployment.fleet)}
    assert selects == {
        "ClockErrorBound", "ClockSynchronized", "ClockReferenceAge", "ClockReadErrors", "ClockStep", "ClockBoundUnknown",
        "CrossCheckDisagreement", "CrossCheckErrors",
    }  # fmt: skip


@pytest.mark.parametrize("name", ["ClockBoundUnknown", "CrossCheckErrors", "ClockErrorBound"])
def test_a_metric_renamed_by_the_program_is_found_by_a_fleet(deployment, emitted_by_a_fleet, name):
    without = Emitted({metric for metric in emitted_by_a_fleet.metrics if metric[1] != name}, emitted_by_a_fleet.members)
    assert any(name in fault for fault in contract_faults(deployment.fleet, without))


def test_the_stack_names_enough_to_be_compared(demonstration_alarms):
    assert len({metric[1] for _, metric in metrics_used(demonstration_alarms)}) >= 6
    assert len(set().union(*(members for _, members in members_used(demonstration_alarms)))) >= 15


# What no trouble above makes the program write.
UNPROVOKED = {"ClockBoundUnknown", "CrossCheckOffset", "CrossCheckErrorBound", "CrossCheckDisagreement", "CrossCheckErrors"}


def test_alarms_compare_in_the_unit_that_is_emitted(lines):
    units = dict(re.findall(r'\{"Name":"(\w+)","Unit":"(\w+)"[,}]', "\n".join(lines)))
    assert units == {name: unit for name, unit in UNITS.items() if name not in UNPROVOKED} | {"LinesDropped": "Count"}
    assert units == {
        "ClockErrorBound": "Milliseconds", "ClockSynchronized": "Count", "ClockReferenceAge": "Seconds",
        "ClockStep": "Milliseconds", "ClockReadErrors": "Count", "LinesDropped": "Count",
    }  # fmt: skip


@pytest.mark.parametrize("name", ["ClockErrorBound", "ClockSynchronized", "ClockReferenceAge", "ClockReadErrors", "ClockStep", "LinesDropped"])
def test_a_metric_renamed_by_the_program_is_found(demonstration_alarms, lines, name):
    renamed = [re.sub(rf'"{name}"', f'"{name}2"', line) for line in lines]
    faults = contract_faults(demonstration_alarms, Emitted.of(renamed, time.time_ns() // 1_000_000))
    assert any(name in fault for fault in faults)


def test_every_member_renamed_by_the_program_is_found(demonstration_alarms, emitted_by_a_fleet):
    for member in set().union(*(members for _, members in members_used(demonstration_alarms))):
        without = Emitted(emitted_by_a_fleet.metrics, emitted_by_a_fleet.members - {member})
        assert any(member in fault for fault in contract_faults(demonstration_alarms, without)), member


@pytest.mark.parametrize("old, new", [
    ("MetricName: ClockErrorBound", "MetricName: ErrorBound"),
    ("MetricName: ClockReadErrors", "MetricName: ReadErrors"),
    ("MetricName: ClockStep", "MetricName: Step"),
    ("Default: ECS/ClockAccuracy", "Default: ECS/Clock"),
    ("{Name: !Ref NameDimension, Value: !Ref ServiceName}", "{Name: Service, Value: !Ref ServiceName}"),
    ('"ClockReferenceAge", "ClusterName"', '"ReferenceAge", "ClusterName"'),
    ('[".", "LinesDropped"', '[".", "DroppedLines"'),
    ("unnest Line.ClockErrorBound", "unnest Line.ErrorBound"),
    ("Line.StartedAt", "Line.Started"),
    ("`_aws.Timestamp`", "`_aws.Time`"),
    ("coalesce(LastClockStep, ClockStep, ClockStep.0)", "coalesce(LastClockStep, ClockStep, Step.0)"),
    ("latest(ReadErrorMessage)", "latest(ReadError)"),
    ('"Keys": ["$.TaskId"]', '"Keys": ["$.Task"]'),
    ("              MetricName: ClockErrorBound", "              MetricName: ErrorBound"),
])  # fmt: skip
def test_a_name_changed_in_the_stack_is_found(deployment, emitted_by_a_fleet, old, new):
    from cfn import SAM

    text = (SAM / "observability.yaml").read_text()
    assert old in text
    changed = Deployment({"observability.yaml": text.replace(old, new, 1)})
    assert contract_faults(changed.demonstration.child("Observability"), emitted_by_a_fleet) != []


def test_a_service_renamed_in_the_container_only_is_found(deployment, demonstration_alarms, emitted):
    other = copy.deepcopy(emitted)
    other.metrics = {(n, m, frozenset({("ClusterName", "ecs-clock-emf"), ("ServiceName", "x")})) for n, m, _ in other.metrics}
    assert contract_faults(demonstration_alarms, other) != []
