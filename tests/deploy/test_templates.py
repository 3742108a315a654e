"""The templates as shipped: linters and own checks find nothing."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from cfn import SAM, TOP, Deployment
from template_checks import CHECKS

TEMPLATES = ["observability.yaml", "registry.yaml", "task-alarms.yaml", "template.yaml"]
TOOLS = Path(sys.executable).parent


@pytest.fixture(scope="module")
def deployment():
    return Deployment()


def test_every_template_is_checked():
    assert sorted(path.name for path in SAM.glob("*.y*ml")) == TEMPLATES


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_own_check(deployment, check):
    assert check(deployment) == []


def test_cfn_lint_finds_nothing():
    done = subprocess.run([TOOLS / "cfn-lint", *TEMPLATES], cwd=SAM, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "")


@pytest.mark.parametrize("template", TEMPLATES)
def test_sam_validate_finds_nothing(template):
    done = subprocess.run(
        [TOOLS / "sam", "validate", "--lint", "--template-file", template],
        cwd=SAM, capture_output=True, text=True, check=False,
        env=os.environ | {"AWS_DEFAULT_REGION": "eu-west-1", "SAM_CLI_TELEMETRY": "0"},
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert "is a valid SAM Template" in done.stdout


def test_at_least_seven_saved_queries(deployment):
    assert len(deployment.observability.resources("AWS::Logs::QueryDefinition")) >= 7


def test_nothing_optional_is_created_unasked():
    parameters = {"ClusterName": "c", "ServiceName": "s"}
    stack = type(Deployment().observability)(Deployment().templates["observability.yaml"], parameters)
    assert stack.resources("AWS::SNS::Subscription") == {}
    assert stack.resources("AWS::CloudWatch::InsightRule") == {}


def test_parameters_are_described_and_constrained(deployment):
    for name, template in deployment.templates.items():
        for parameter, spec in template["Parameters"].items():
            constraints = {"AllowedValues", "AllowedPattern", "MinValue"} & set(spec)
            assert spec.get("Description") and constraints, f"{name}: {parameter}"


def test_the_sidecar_is_the_one_to_paste(deployment):
    """The demonstration runs the container definition that users paste, but for what differs from service to service."""

    def comparable(container):
        own = {"image", "environment", "awslogs-group", "awslogs-region"}
        if isinstance(container, dict):
            # The console's names begin with a small letter, CloudFormation's with a capital.
            pairs = ((key[0].lower() + key[1:], value) for key, value in container.items())
            return {key: comparable(value) for key, value in pairs if key not in own}
        return container

    task, = deployment.demonstration.resources("AWS::ECS::TaskDefinition").values()
    sidecar, = [c for c in task["ContainerDefinitions"] if c["Name"] == "ecs-clock-emf"]
    pasted = json.loads((TOP / "container" / "container-definition.json").read_text())
    assert comparable(sidecar) == comparable(pasted)
    assert [v["Name"] for v in sidecar["Environment"]] == [v["name"] for v in pasted["environment"]]
