"""The managed daemon is accepted by ECS, differs from a task's sidecar as documented, and emits what alarms read."""

import json
import subprocess
import sys
from pathlib import Path

import botocore.session
import pytest
from botocore.validate import ParamValidator
from cfn import REGION as CFN_REGION
from cfn import SAM, Stack, parse
from definition import CLUSTER, CONTAINER, as_ecs_spells_it, differences, environment
from program import binaries
from references import metrics_used
from test_contract import REGULAR, emitted_with

DAEMON = "ecs-clock-emf"


@pytest.fixture(scope="module")
def stack():
    parameters = {
        "ClusterName": CLUSTER, "CapacityProviderArns": "arn:aws:ecs:eu-west-1:123456789012:capacity-provider/hosts",
        "SidecarImage": "repository@sha256:" + "0" * 64, "RepositoryArn": "arn:aws:ecr:eu-west-1:123456789012:repository/r",
    }  # fmt: skip
    return Stack(parse((CONTAINER / "daemon.yaml").read_text()), parameters)


@pytest.fixture(scope="module")
def sidecar(stack):
    container, = stack.properties("DaemonTaskDefinition")["ContainerDefinitions"]
    return as_ecs_spells_it(container)


def faults(operation, parameters):
    shape = botocore.session.get_session().get_service_model("ecs").operation_model(operation).input_shape
    return ParamValidator().validate(parameters, shape).generate_report()


def test_cfn_lint_finds_nothing():
    done = subprocess.run(
        [Path(sys.executable).parent / "cfn-lint", CONTAINER / "daemon.yaml"], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (0, "")


def test_ecs_accepts_it(stack):
    task, daemon = (as_ecs_spells_it(stack.properties(name)) for name in ("DaemonTaskDefinition", "Daemon"))
    assert faults("RegisterDaemonTaskDefinition", task) == ""
    assert faults("CreateDaemon", {key: value for key, value in daemon.items() if key != "enableECSManagedTags"}) == ""


def test_a_dead_daemon_does_not_drain_its_host(stack):
    assert stack.properties("Daemon")["Critical"] is False


def test_it_differs_from_the_sidecar_as_documented(sidecar):
    changed = {difference.partition(" ")[0] for difference in differences(sidecar)}
    assert changed == {"environment", "essential", "image", "logConfiguration", "mountPoints", "user"}
    assert sidecar["linuxParameters"]["capabilities"]["drop"] == ["ALL"] and sidecar["readonlyRootFilesystem"]


def test_tasks_mount_the_path_that_it_writes_to(stack, sidecar):
    volume, = stack.properties("DaemonTaskDefinition")["Volumes"]
    mount, = sidecar["mountPoints"]
    assert mount["sourceVolume"] == volume["Name"] and mount["containerPath"] == environment(sidecar)["CLOCK_EMF_CLOCKBOUND_DIRECTORY"]
    page = (CONTAINER / "README.md").read_text()
    assert json.dumps({"name": volume["Name"], "host": {"sourcePath": volume["Host"]["SourcePath"]}}) in page


def test_the_role_reaches_the_log_group_and_nothing_else(stack):
    statements = stack.properties("ExecutionRole")["Policies"][0]["PolicyDocument"]["Statement"]
    group = stack.properties("DaemonTaskDefinition")["ContainerDefinitions"][0]["LogConfiguration"]["Options"]["awslogs-group"]
    assert statements[2]["Resource"] == f"arn:aws:logs:{CFN_REGION}:123456789012:log-group:{group}:log-stream:*"


def test_alarms_read_what_it_emits(sidecar):
    parameters = {"ClusterName": CLUSTER, "ServiceName": DAEMON, "NameDimension": "TaskDefinitionFamily", "LaunchType": "MANAGED-INSTANCES"}
    alarms = Stack(parse((SAM / "observability.yaml").read_text()), parameters)
    alarmed = {metric for _, metric in metrics_used(alarms) if metric[1] in REGULAR}
    variables = {key: value for key, value in environment(sidecar).items() if key != "CLOCK_EMF_CLOCKBOUND_DIRECTORY"}
    emitted = emitted_with(binaries(), variables, "no-service", lines=2)
    # The example endpoint reports another family, which counts once it has answered.
    families = {dict(dimensions)["TaskDefinitionFamily"] for _, _, dimensions in emitted.metrics}
    named = {(namespace, name, frozenset({("ClusterName", CLUSTER), ("TaskDefinitionFamily", DAEMON)})) for namespace, name, _ in emitted.metrics}
    assert len(families) == 1 and alarmed <= named
    group, = alarms.resources("AWS::Logs::LogGroup").values()
    assert group["LogGroupName"] == sidecar["logConfiguration"]["options"]["awslogs-group"]
