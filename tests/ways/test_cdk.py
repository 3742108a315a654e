"""The CDK constructs and the aspect, tested through `cdk synth` of the example."""

import json

import cdk
import pytest
from cfn import SAM, Stack, parse
from definition import SIDECAR, as_ecs_spells_it, differences, environment

SERVICES = ["ledger", "orders"]
PAGES = "arn:aws:sns:us-east-1:111122223333:clock-fleet-page"


def sidecars(template):
    """Each sidecar by the family of its task."""
    tasks = [resource["Properties"] for resource in template["Resources"].values() if resource["Type"] == "AWS::ECS::TaskDefinition"]
    return {
        task["Family"]: as_ecs_spells_it(container)
        for task in tasks for container in task["ContainerDefinitions"] if container["Name"] == SIDECAR
    }  # fmt: skip


def test_the_aspect_finds_every_service(cdk_stacks):
    found = sidecars(cdk_stacks["clock-fleet-example"].template)
    assert set(found) == set(SERVICES)
    for service, sidecar in found.items():
        assert environment(sidecar) == {"CLOCK_EMF_PROPERTIES": f"ClusterName=my-cluster,ServiceName={service}"}
        others = {key: value for key, value in sidecar.items() if key not in ("environment", "image", "logConfiguration")}
        assert [each for each in differences(others) if each.partition(" ")[0] not in ("environment", "image", "logConfiguration")] == []
        assert sidecar["logConfiguration"]["options"]["awslogs-group"] == f"/ecs/clock/my-cluster/{service}"


@pytest.mark.parametrize("path, file", [
    ("clock-example/Clock", "observability.yaml"), ("clock-fleet", "fleet.yaml"),
    *((f"clock-fleet-example/{service}/Clock", "observability.yaml") for service in SERVICES),
])  # fmt: skip
def test_a_construct_is_the_template(cdk_stacks, path, file):
    """Resource by resource, after parameters and conditions are resolved."""
    made = Stack(cdk_stacks[path].template)
    given = {
        "clock-fleet": {"AlarmEmail": "on-call@example.com"}, "clock-example/Clock": {"ClusterName": "my-cluster", "ServiceName": "my-service"},
    }.get(path) or {"ClusterName": "my-cluster", "ServiceName": path.split("/")[1], "Fleet": "true", "PageTopicArn": PAGES}  # fmt: skip
    wanted = Stack(parse((SAM / file).read_text()), given)
    assert wanted.rule_faults() == []
    assert _plain(made.resources()) == _plain(wanted.resources())
    policies = [{key: r.get(key) for key in ("DeletionPolicy", "UpdateReplacePolicy")} for r in (
        made.template["Resources"].get("LogGroup", {}), wanted.template["Resources"].get("LogGroup", {}))]  # fmt: skip
    assert policies[0] == policies[1]


def _plain(value):
    """Compares numbers and texts alike, since CDK keeps a parameter's type."""
    if isinstance(value, dict):
        return {key: _plain(each) for key, each in value.items() if key != "Metadata"}
    return [_plain(each) for each in value] if isinstance(value, list) else str(value)


def test_log_groups_and_topics_exist_before_what_names_them(cdk_stacks):
    assert cdk_stacks["clock-example"].waits_for == {"clock-example/Clock"}
    assert cdk_stacks["clock-fleet-example"].waits_for == {f"clock-fleet-example/{service}/Clock" for service in SERVICES}
    for service in SERVICES:
        stack = cdk_stacks[f"clock-fleet-example/{service}/Clock"]
        assert stack.waits_for == {"clock-fleet"}
        assert Stack(stack.template).properties("NoDataAlarm")["AlarmActions"] == [PAGES]
        # CloudFormation takes no import in a condition.
        assert "Fn::ImportValue" not in json.dumps(stack.template)


def test_the_role_may_write_to_the_log_group(cdk_template):
    text = json.dumps(cdk_template)
    assert "/ecs/clock/my-cluster/my-service:*" in text and "logs:CreateLogStream" in text and "logs:CreateLogGroup" not in text


NAMELESS = """
import { App, Aspects, Stack, aws_ec2 as ec2, aws_ecs as ecs } from "aws-cdk-lib";
import { WatchClocks } from "./clock-aspect";
const app = new App();
const stack = new Stack(app, "nameless", { env: { account: "111122223333", region: "us-east-1" } });
const vpc = ec2.Vpc.fromVpcAttributes(stack, "Vpc", { vpcId: "vpc-1", availabilityZones: ["a"], privateSubnetIds: ["subnet-1"] });
const cluster = new ecs.Cluster(stack, "Cluster", { vpc, clusterName: "c" });
const taskDefinition = new ecs.FargateTaskDefinition(stack, "Task");
taskDefinition.addContainer("a", { image: ecs.ContainerImage.fromRegistry("a") });
new ecs.FargateService(stack, "Service", { cluster, taskDefinition, minHealthyPercent: 100 });
Aspects.of(app).add(new WatchClocks({ image: ecs.ContainerImage.fromRegistry("s") }));
"""


def test_a_service_without_a_name_is_an_error(tmp_path):
    with pytest.raises(RuntimeError, match="WatchClocks needs a serviceName"):
        cdk.synthesized(cdk.copied(tmp_path, app=NAMELESS))
