"""The shipped container and task definitions: accepted by ECS, sound in themselves, and in step with one another."""

import copy
import json
import re

import pytest
from build import ROOT
import windows_rules
from cfn import Deployment, Stack
from ecs_shape import faults

CONTAINER = ROOT / "container"
SIDECAR = "ecs-clock-emf"
CONTAINER_DEFINITIONS = ["container-definition.json", "container-definition-windows.json"]
GATES = [f"gate-{kind}{where}.json" for kind in ("init-container", "health-check") for where in ("", "-ec2")]
# The task's application asks the sidecar.
ASKED = ["listen-task-definition.json", "clockbound-task-definition.json", "guard-health-check.json"]
WINDOWS_FAMILIES = [
    "WINDOWS_SERVER_2019_CORE", "WINDOWS_SERVER_2019_FULL", "WINDOWS_SERVER_2022_CORE", "WINDOWS_SERVER_2022_FULL",
]  # fmt: skip
TASKS = ["task-definition.json", "task-definition-firelens.json"]


def load(name):
    return json.loads((CONTAINER / name).read_text())


def task(name):
    """A task definition from a file that holds one container, a list of them, or a whole task."""
    content = load(name)
    if isinstance(content, dict) and "containerDefinitions" in content:
        return content
    return {"family": "any", "containerDefinitions": content if isinstance(content, list) else [content]}


def container(name, container_name):
    return next(each for each in task(name)["containerDefinitions"] if each["name"] == container_name)


def every_file():
    return sorted(path.name for path in CONTAINER.glob("*.json"))


def test_each_file_is_tested():
    assert every_file() == sorted([*TASKS, *CONTAINER_DEFINITIONS, *GATES, *ASKED])


@pytest.mark.parametrize("name", every_file())
def test_ecs_accepts(name):
    assert faults(task(name)) == []


@pytest.mark.parametrize("seed, complaint", [
    (lambda sidecar: sidecar.update(readOnlyRootFilesystem=True), 'Unknown parameter in containerDefinitions[0]: "readOnlyRootFilesystem"'),
    (lambda sidecar: sidecar["restartPolicy"].update(attempts=1), 'Unknown parameter in containerDefinitions[0].restartPolicy: "attempts"'),
    (lambda sidecar: sidecar["restartPolicy"].pop("enabled"), 'Missing required parameter in containerDefinitions[0].restartPolicy: "enabled"'),
    (lambda sidecar: sidecar.update(memory="32"), "Invalid type for parameter containerDefinitions[0].memory"),
    (lambda sidecar: sidecar["logConfiguration"].update(logDriver="awslog"), "containerDefinitions[0].logConfiguration.logDriver is 'awslog'"),
])  # fmt: skip
def test_a_seeded_fault_is_found(seed, complaint):
    definition = task("container-definition.json")
    seed(definition["containerDefinitions"][0])
    found = faults(definition)
    assert len(found) >= 1 and any(complaint in each for each in found), found


def test_the_sidecar_is_the_same_everywhere():
    sidecar = load("container-definition.json")
    for name in TASKS:
        assert container(name, SIDECAR) == sidecar
    assert container("gate-init-container.json", SIDECAR) == sidecar
    checked = copy.deepcopy(container("gate-health-check.json", SIDECAR))
    del checked["healthCheck"], checked["startTimeout"]
    assert checked == sidecar


def test_the_stack_runs_the_same_sidecar():
    definitions, = (each["ContainerDefinitions"] for each in demonstration().values())
    [in_stack] = [each for each in definitions if each["Name"] == SIDECAR]
    assert settled(as_ecs_spells_it(in_stack)) == settled(load("container-definition.json"))


def as_ecs_spells_it(value):
    """A CloudFormation value with the ECS API's keys in lower camel case, except for a map of options."""
    if isinstance(value, list):
        return [as_ecs_spells_it(each) for each in value]
    if not isinstance(value, dict):
        return value
    return {
        key[0].lower() + key[1:]: each if key == "Options" else as_ecs_spells_it(each) for key, each in value.items()
    }


def settled(definition):
    """Removes the values that differ between services."""
    definition = copy.deepcopy(definition)
    definition["image"] = ""
    definition["environment"] = [variable["name"] for variable in definition["environment"]]
    definition["logConfiguration"]["options"] |= {"awslogs-group": "", "awslogs-region": ""}
    return definition


# ---- Windows ----------------------------------------------------------------------------------------------------------


def test_windows_takes_the_definition():
    assert windows_rules.faults(load("container-definition-windows.json")) == []


def test_windows_refuses_the_definition_for_linux():
    found = windows_rules.faults(load("container-definition.json"))
    named = ["user", "readonlyRootFilesystem", "linuxParameters", "restartPolicy", "memoryReservation", "memory", "cpu"]
    assert [each.partition(" ")[0] for each in found] == named


@pytest.mark.parametrize("key", ["user", "readonlyRootFilesystem", "linuxParameters", "restartPolicy", "memoryReservation", "memory", "cpu"])
def test_each_member_for_linux_is_refused_by_windows(key):
    definition = load("container-definition-windows.json")
    definition[key] = load("container-definition.json")[key]
    assert len(windows_rules.faults(definition)) == 1


def test_windows_has_everything_else_as_linux_has_it():
    linux, windows = load("container-definition.json"), load("container-definition-windows.json")
    refused = {each.partition(" ")[0] for each in windows_rules.faults(linux)} | {"image"}
    assert {key: value for key, value in windows.items() if key not in refused} == {
        key: value for key, value in linux.items() if key not in refused
    }
    # The base image of another version of Windows does not start.
    assert windows["image"].startswith(linux["image"] + "-windows-ltsc")


@pytest.mark.parametrize("family", WINDOWS_FAMILIES)
def test_the_stack_runs_on_windows(family):
    """The demonstration's task for a Windows family omits what Windows rejects and has a size that Fargate offers."""
    definition, = demonstration({"OperatingSystem": family}).values()
    assert definition["RuntimePlatform"] == {"CpuArchitecture": "X86_64", "OperatingSystemFamily": family}
    assert (definition["Cpu"], definition["Memory"]) == ("1024", "2048"), "the smallest for Windows"
    containers = as_ecs_spells_it(definition["ContainerDefinitions"])
    assert [fault for each in containers for fault in windows_rules.faults(each)] == []
    assert sum(each["memory"] for each in containers) <= 2048
    assert sum(each["cpu"] for each in containers) <= 1024
    [in_stack] = [each for each in containers if each["name"] == SIDECAR]
    assert settled(in_stack) == settled(load("container-definition-windows.json"))


def demonstration(parameters=None):
    """The task definitions of the demonstration, by logical id."""
    shipped = Deployment().demonstration
    stack = Stack(shipped.template, shipped.parameters | (parameters or {}), shipped.name, shipped.nested)
    return stack.resources("AWS::ECS::TaskDefinition")


# ---- what a definition must not do -------------------------------------------------------------------------------------


def test_the_sidecar_cannot_harm_its_task():
    sidecar = load("container-definition.json")
    assert sidecar["essential"] is False
    assert "healthCheck" not in sidecar and "dependsOn" not in sidecar
    assert sidecar["logConfiguration"]["options"]["mode"] == "non-blocking"


@pytest.mark.parametrize("name", every_file())
def test_no_log_option_glues_lines(name):
    for each in task(name)["containerDefinitions"]:
        options = each["logConfiguration"]["options"]
        assert not {"awslogs-multiline-pattern", "awslogs-datetime-format"} & set(options)


@pytest.mark.parametrize("name", every_file())
def test_no_task_role(name):
    assert "taskRoleArn" not in task(name)


def test_containers_fit_their_task():
    definition = load("task-definition.json")
    containers = definition["containerDefinitions"]
    assert sum(each.get("memory", 0) for each in containers) <= int(definition["memory"])
    assert sum(each.get("cpu", 0) for each in containers) <= int(definition["cpu"])


@pytest.mark.parametrize("name", every_file())
def test_dependencies_exist_and_can_be_met(name):
    containers = {each["name"]: each for each in task(name)["containerDefinitions"]}
    for each in containers.values():
        for dependency in each.get("dependsOn", []):
            target = containers[dependency["containerName"]]
            if dependency["condition"] == "SUCCESS":
                assert target["essential"] is False, "ECS refuses SUCCESS on an essential container"
            if dependency["condition"] == "HEALTHY":
                assert "healthCheck" in target
            assert target["startTimeout"] <= 120, "Fargate's maximum"


@pytest.mark.parametrize("name", ASKED)
def test_where_it_is_asked_the_sidecar_differs_by_what_that_takes(name):
    plain = load("container-definition.json")
    asked = copy.deepcopy(container(name, SIDECAR))
    added = {pair["name"]: pair["value"] for pair in asked["environment"]}
    for pair in plain["environment"]:
        assert added.pop(pair["name"]) == pair["value"]
    if name.startswith("clockbound"):
        assert added == {"CLOCK_EMF_CLOCKBOUND_DIRECTORY": "/var/run/clockbound"}
        assert asked.pop("image") == plain["image"] + "-clockbound"
        del asked["healthCheck"], asked["startTimeout"], asked["mountPoints"]
    else:
        assert added == {"CLOCK_EMF_LISTEN": "127.0.0.1:2780"}
    assert {**asked, "image": plain["image"], "environment": plain["environment"]} == plain


def test_the_application_only_reads_the_segment():
    definition = load("clockbound-task-definition.json")
    mounts = {each["name"]: each["mountPoints"] for each in definition["containerDefinitions"]}
    [volume] = definition["volumes"]
    assert volume == {"name": "clockbound"}
    for name, [mount] in mounts.items():
        assert mount["sourceVolume"] == volume["name"] and mount["containerPath"] == "/var/run/clockbound"
        assert mount["readOnly"] is (name != SIDECAR)


def test_the_guard_does_not_act_on_a_moment():
    guard = container("guard-health-check.json", "application")["healthCheck"]
    assert guard["retries"] * guard["interval"] >= 60
    assert "healthCheck" not in container("guard-health-check.json", SIDECAR)


def test_the_init_gate_gives_up_before_ecs_does():
    gate = container("gate-init-container.json", "clock-gate")
    command = gate["command"]
    wait = re.fullmatch(r"(\d+)s", command[command.index("--wait") + 1])
    assert int(wait[1]) < gate["startTimeout"]


def test_the_health_check_has_time_to_become_healthy():
    sidecar = container("gate-health-check.json", SIDECAR)
    check = sidecar["healthCheck"]
    assert check["command"][:2] == ["CMD", "/ecs-clock-emf"], "an empty image has no shell"
    assert check["startPeriod"] + check["interval"] * check["retries"] <= sidecar["startTimeout"]
