"""The gates for EC2 are those for Fargate with the limit that fits the kernel's bound, the same as the alarm's."""

import json

import pytest
from cfn import TOP, Deployment


def definitions(name):
    return json.loads((TOP / "container" / name).read_text())


def limits(value):
    """Each value behind a `--max-error`."""
    if isinstance(value, dict):
        return [limit for item in value.values() for limit in limits(item)]
    if isinstance(value, list):
        here = [after for before, after in zip(value, value[1:], strict=False) if before == "--max-error"]
        return here + [limit for item in value for limit in limits(item)]
    return []


@pytest.mark.parametrize("gate", ["gate-init-container", "gate-health-check"])
def test_the_gate_for_ec2_differs_by_its_limit_alone(gate):
    fargate, ec2 = definitions(f"{gate}.json"), definitions(f"{gate}-ec2.json")
    assert limits(fargate) == ["5ms"] and limits(ec2) == ["50ms"]
    assert json.loads(json.dumps(ec2).replace('"50ms"', '"5ms"')) == fargate


@pytest.mark.parametrize("gate, launch_type", [("gate-init-container.json", "FARGATE"), ("gate-init-container-ec2.json", "EC2")])
def test_gate_and_alarm_have_one_limit(gate, launch_type):
    alarm = Deployment().observability.with_parameters(LaunchType=launch_type).properties("ErrorBoundAlarm")
    assert limits(definitions(gate)) == [f"{alarm['Threshold']}ms"]
