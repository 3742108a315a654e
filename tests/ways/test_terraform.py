"""The Terraform modules, by real Terraform: format, validation and results. See terraform.py for the stand-in for AWS."""

import json

import pytest
import terraform
from cfn import SAM, Stack, parse
from definition import CLUSTER, CONTAINER, REGION, SERVICE, differences, environment
from ecs_shape import faults
from test_ways import SEEDS

pytestmark = pytest.mark.skipif(terraform.BINARY is None, reason="Terraform is not installed")

VARIANTS = {
    "plain": {},
    "full": {"cpu": None},
    "asking": {"listen": "127.0.0.1:2780", "environment": {"CLOCK_EMF_CROSS_CHECK": "ntp"}},
    "segment": {"clockbound": True},
    "renamed": {"namespace": "My/Clocks", "log_group_name": "/mine"},
}


@pytest.fixture(scope="module")
def sidecars():
    return terraform.sidecar(VARIANTS)


def test_every_file_has_terraforms_format():
    assert terraform.run(terraform.SOURCE, "fmt", "-check", "-recursive", "-diff") == ""


def test_the_sidecar_is_the_shipped_definition(sidecars):
    assert differences(sidecars["plain"]["container_definition"]) == []


def test_ecs_accepts_every_variant(sidecars):
    for name, sidecar in sidecars.items():
        assert faults({"family": "f", "containerDefinitions": [sidecar["container_definition"]]}) == [], name


def test_variants_differ_in_their_own_settings_only(sidecars):
    def found(name):
        return [difference.partition(" ")[0] for difference in differences(sidecars[name]["container_definition"])]

    assert found("full") == ["cpu"] and "cpu" not in sidecars["full"]["container_definition"]
    assert found("asking") == ["environment"] and found("segment") == ["environment", "mountPoints"]
    assert found("renamed") == ["environment", "logConfiguration"]
    own = {name: environment(sidecar["container_definition"]) for name, sidecar in sidecars.items()}
    assert own["asking"] == own["plain"] | {"CLOCK_EMF_LISTEN": "127.0.0.1:2780", "CLOCK_EMF_CROSS_CHECK": "ntp"}
    assert own["renamed"] == own["plain"] | {"CLOCK_EMF_NAMESPACE": "My/Clocks"}


def test_the_segment_is_that_of_the_shipped_task(sidecars):
    task = json.loads((CONTAINER / "clockbound-task-definition.json").read_text())
    application, sidecar = task["containerDefinitions"]
    module = sidecars["segment"]
    assert module["container_definition"]["mountPoints"] == sidecar["mountPoints"]
    assert module["clockbound_mount_point"] == application["mountPoints"] and module["clockbound_volume"] == task["volumes"][0]["name"]
    assert environment(module["container_definition"]) == environment(sidecar)
    assert sidecars["plain"]["clockbound_volume"] is None


def test_a_sidecar_changed_alone_is_found():
    """All at once, since each Terraform run takes a second: every change must be reported."""
    # The cpu is the default of a variable.
    seeds = SEEDS | {"cpu": (r"(default\s*=\s*)16\b", r"\g<1>17")}
    changed = terraform.sidecar({"plain": {}}, list(seeds.values()))["plain"]["container_definition"]
    assert sorted(each.partition(" ")[0] for each in differences(changed)) == sorted(SEEDS)


# ---- the service's module, by the example


@pytest.fixture(scope="module")
def example(tmp_path_factory):
    modules = terraform.copied(tmp_path_factory.mktemp("terraform"))
    variables = {"sidecar_image": terraform.DIGEST, "execution_role_arn": "arn:aws:iam::111122223333:role/execution"}
    return terraform.applied(modules / "example", **variables)


def test_the_example_makes_a_stack_and_a_task_for_each_service(example):
    _, resources = example
    assert set(resources) == {
        "module.clock_fleet.terraform_data.fleet", *(f'module.clock["{s}"].terraform_data.observability' for s in ("ledger", "orders")),
        *(f'terraform_data.service["{s}"]' for s in ("ledger", "orders")),
    }  # fmt: skip


def test_the_stacks_are_the_templates_with_known_parameters(example):
    _, resources = example
    for service in ("ledger", "orders"):
        stack = resources[f'module.clock["{service}"].terraform_data.observability']
        assert stack["template_body"] == (SAM / "observability.yaml").read_text()
        assert stack["name"] == f"clock-my-cluster-{service}" and stack["tags"]["team"]
        deployed = Stack(parse(stack["template_body"]), stack["parameters"])
        assert deployed.rule_faults() == []
        assert set(deployed.resources()) == {"LogGroup", "NoDataAlarm"}
        assert deployed.properties("NoDataAlarm")["AlarmActions"] == ["arn:aws:sns:us-east-1:111122223333:page"]
    fleet = resources["module.clock_fleet.terraform_data.fleet"]
    assert fleet["template_body"] == (SAM / "fleet.yaml").read_text()
    assert Stack(parse(fleet["template_body"]), fleet["parameters"]).rule_faults() == []


def test_each_task_logs_to_the_group_that_its_stack_makes(example):
    outputs, resources = example
    for service in ("ledger", "orders"):
        task = resources[f'terraform_data.service["{service}"]']
        application, sidecar = json.loads(task["container_definitions"])
        stack = resources[f'module.clock["{service}"].terraform_data.observability']
        group, = Stack(parse(stack["template_body"]), stack["parameters"]).resources("AWS::Logs::LogGroup").values()
        assert sidecar["logConfiguration"]["options"]["awslogs-group"] == group["LogGroupName"]
        assert environment(sidecar)["CLOCK_EMF_PROPERTIES"] == f"ClusterName=my-cluster,ServiceName={service}"
        assert sidecar["image"] == terraform.DIGEST and application["essential"]
    assert all(statement["Resource"].endswith(":log-stream:*") for statement in outputs["execution_role_statements"])


def test_the_log_group_exists_before_the_task_that_names_it():
    """Terraform orders by the reference to the stack's output."""
    text = (terraform.SOURCE / "main.tf").read_text()
    assert 'log_group_name = aws_cloudformation_stack.observability.outputs["LogGroupName"]' in text


@pytest.mark.parametrize("variables, rollback", [
    ({}, 2), ({"fleet": True, "page_topic_arn": "arn:aws:sns:us-east-1:111122223333:page"}, 0),
    ({"fleet": True, "deployment_alarms": True, "page_topic_arn": "arn:aws:sns:us-east-1:111122223333:page"}, 2),
    ({"namespace": "My/Clocks", "alarm_parameters": {"ErrorBoundThreshold": "1", "CrossCheck": "ntp"}}, 2),
])  # fmt: skip
def test_the_stubs_outputs_are_those_of_the_template(tmp_path, variables, rollback):
    modules = terraform.copied(tmp_path)
    given = {"image": terraform.DIGEST, "region": REGION, "cluster_name": CLUSTER, "service_name": SERVICE} | variables
    outputs, resources = terraform.applied(modules, **given)
    stack = Stack(parse((SAM / "observability.yaml").read_text()), resources["terraform_data.observability"]["parameters"])
    assert stack.rule_faults() == []
    real = stack.outputs()
    assert outputs["deployment_alarm_names"] == [real[key] for key in ("ErrorBoundAlarmName", "NotSynchronizedAlarmName") if key in real]
    assert len(outputs["deployment_alarm_names"]) == rollback
    assert outputs["log_group_arn"].rpartition(":")[2] == real["LogGroupName"]
    assert environment(outputs["container_definition"]).get("CLOCK_EMF_NAMESPACE", "ECS/ClockAccuracy") == stack.parameters["MetricNamespace"]


def test_an_image_by_tag_is_refused(tmp_path):
    modules = terraform.copied(tmp_path)
    given = {"image": "ecs-clock-emf:0.3.0", "region": REGION, "cluster_name": CLUSTER, "service_name": SERVICE}
    with pytest.raises(RuntimeError, match="Give the image by digest"):
        terraform.applied(modules, **given)


def test_a_parameter_that_the_template_does_not_have_would_be_found(example):
    _, resources = example
    stack = resources['module.clock["ledger"].terraform_data.observability']
    with pytest.raises(ValueError, match="no such parameters"):
        Stack(parse(stack["template_body"]), stack["parameters"] | {"PageTopic": "x"})
