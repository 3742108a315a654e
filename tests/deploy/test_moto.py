"""The stacks on moto's CloudFormation, as far as it goes.

`CREATE_COMPLETE` proves little there: moto silently skips what it does not support. So what it skipped is compared
with a list, and what it made is looked at.
"""

import json
import os
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

import boto3
import pytest
from cfn import ACCOUNT, IMAGE, OBSERVABILITY_PARAMETERS, REGION, SAM, Deployment, Stack
from moto.server import ThreadedMotoServer
from samtranslator.parser.parser import Parser
from samtranslator.translator.translator import Translator

CREDENTIALS = {"aws_access_key_id": "test", "aws_secret_access_key": "test"}

DROPPED_OF_OBSERVABILITY = {
    "AWS::CloudWatch::Alarm": 9,
    "AWS::CloudWatch::CompositeAlarm": 2,
    "AWS::CloudWatch::InsightRule": 1,
    "AWS::Logs::QueryDefinition": 18,
    "AWS::SNS::Subscription": 2,
}
DROPPED_OF_DEMONSTRATION = {}
DEMONSTRATION_PARAMETERS = {"SidecarImage": IMAGE, "DemoImage": IMAGE, "AllowedCidr": "203.0.113.7/32"}


@pytest.fixture(scope="module")
def endpoint():
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture(scope="module")
def client(endpoint):
    return lambda service: boto3.client(service, endpoint_url=endpoint, region_name=REGION, **CREDENTIALS)


def create(client, name, template, parameters):
    """Creates a stack; returns its outputs and the logical ids that were made."""
    cloudformation = client("cloudformation")
    cloudformation.create_stack(
        StackName=name, TemplateBody=template, Capabilities=["CAPABILITY_IAM"],
        Parameters=[{"ParameterKey": key, "ParameterValue": str(value)} for key, value in parameters.items()],
    )  # fmt: skip
    stack = cloudformation.describe_stacks(StackName=name)["Stacks"][0]
    assert stack["StackStatus"] == "CREATE_COMPLETE"
    made = {r["LogicalResourceId"] for r in cloudformation.describe_stack_resources(StackName=name)["StackResources"] if r.get("PhysicalResourceId")}
    return {output["OutputKey"]: output.get("OutputValue") for output in stack.get("Outputs", [])}, made


def dropped(template, made, parameters):
    """How many resources of which type should have been made and were not."""
    stack = Stack(template, parameters)
    return dict(Counter(r["Type"] for logical, r in template["Resources"].items() if logical not in made and stack.exists(logical)))


def translated(observability_url):
    """The demonstration's template after the SAM transform, for moto.

    moto cannot read an output of a nested stack, so those take the values that the nested template gives them.
    """
    deployment = Deployment()
    template = deployment.templates["template.yaml"]
    template["Resources"]["Observability"]["Properties"]["Location"] = observability_url
    os.environ.setdefault("AWS_DEFAULT_REGION", REGION)
    template = Translator({}, Parser()).translate(template, {})
    outputs = Deployment().demonstration.child("Observability").outputs()

    def substitute(value):
        if isinstance(value, dict):
            target = value.get("Fn::GetAtt")
            if target and target[0] == "Observability":
                return outputs[target[1].removeprefix("Outputs.")]
            return {key: substitute(item) for key, item in value.items()}
        if isinstance(value, list):
            return [substitute(item) for item in value]
        return value

    return substitute(template)


@pytest.fixture(scope="module")
def observability(client):
    template = (SAM / "observability.yaml").read_text()
    return create(client, "clock-ledger", template, OBSERVABILITY_PARAMETERS)


@pytest.fixture(scope="module")
def demonstration(client):
    location = {"LocationConstraint": REGION}
    client("s3").create_bucket(Bucket="artifacts", CreateBucketConfiguration=location)
    client("s3").put_object(Bucket="artifacts", Key="observability.yaml", Body=(SAM / "observability.yaml").read_bytes())
    template = translated("https://s3.amazonaws.com/artifacts/observability.yaml")
    outputs, made = create(client, "ecs-clock-emf", json.dumps(template), DEMONSTRATION_PARAMETERS)
    return template, outputs, made


def test_observability_is_created_except_for_what_moto_lacks(observability):
    _, made = observability
    assert dropped(Deployment().templates["observability.yaml"], made, OBSERVABILITY_PARAMETERS) == DROPPED_OF_OBSERVABILITY


def test_the_log_group_keeps_its_lines_as_long_as_asked(observability, client):
    outputs, _ = observability
    groups = client("logs").describe_log_groups(logGroupNamePrefix=outputs["LogGroupName"])["logGroups"]
    assert [(g["logGroupName"], g["retentionInDays"]) for g in groups] == [("/ecs/clock/production/ledger", 30)]


def test_the_dashboard_arrives_whole(observability, client):
    body = json.loads(client("cloudwatch").get_dashboard(DashboardName="production-ledger-clock")["DashboardBody"])
    expected = Deployment().observability.resources("AWS::CloudWatch::Dashboard")["ServiceDashboard"]["DashboardBody"]
    # moto has no such alarms, so their ARNs lack a name.
    assert [w for w in body["widgets"] if w["type"] != "alarm"] == [w for w in json.loads(expected)["widgets"] if w["type"] != "alarm"]


def test_the_demonstration_is_created_except_for_what_moto_lacks(demonstration):
    template, _, made = demonstration
    assert dropped(template, made, DEMONSTRATION_PARAMETERS) == DROPPED_OF_DEMONSTRATION


def test_the_demonstration_makes_the_nested_stack(demonstration, client):
    groups = {g["logGroupName"] for g in client("logs").describe_log_groups()["logGroups"]}
    assert {"/ecs/clock/ecs-clock-emf/clock-demo", "/ecs/ecs-clock-emf/clock-demo"} <= groups


def test_the_task_arrives_as_written(demonstration, client):
    ecs = client("ecs")
    arn, = ecs.list_task_definitions(familyPrefix="ecs-clock-emf-clock-demo")["taskDefinitionArns"]
    task = ecs.describe_task_definition(taskDefinition=arn)["taskDefinition"]
    assert "taskRoleArn" not in task
    containers = {container["name"]: container for container in task["containerDefinitions"]}
    assert set(containers) == {"clock-demo", "ecs-clock-emf"}
    sidecar = containers["ecs-clock-emf"]
    assert sidecar["essential"] is False
    assert sidecar["environment"] == [{"name": "CLOCK_EMF_PROPERTIES", "value": "ClusterName=ecs-clock-emf,ServiceName=clock-demo"}]
    assert sidecar["logConfiguration"]["options"]["awslogs-group"] == "/ecs/clock/ecs-clock-emf/clock-demo"


def test_the_service_runs_the_task(demonstration, client):
    ecs = client("ecs")
    service, = ecs.describe_services(cluster="ecs-clock-emf", services=["clock-demo"])["services"]
    assert (service["status"], service["desiredCount"]) == ("ACTIVE", 1)


def test_the_execution_role_arrives_as_written(demonstration, client):
    iam = client("iam")
    role, = [role for role in iam.list_roles()["Roles"] if "ExecutionRole" in role["RoleName"]]
    condition = role["AssumeRolePolicyDocument"]["Statement"][0]["Condition"]
    assert condition == {
        "StringEquals": {"aws:SourceAccount": ACCOUNT},
        "ArnLike": {"aws:SourceArn": f"arn:aws:ecs:{REGION}:{ACCOUNT}:*"},
    }
    assert iam.list_role_policies(RoleName=role["RoleName"])["PolicyNames"] == ["pull-and-log"]


@pytest.fixture(scope="module")
def sam(endpoint):
    """Runs the real sam against moto."""
    environment = os.environ | {
        "AWS_ENDPOINT_URL": endpoint, "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "SAM_CLI_TELEMETRY": "0",
    }  # fmt: skip

    def run(*arguments):
        command = [Path(sys.executable).parent / "sam", *arguments, "--region", REGION]
        done = subprocess.run(command, cwd=SAM, env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr

    return run


def test_sam_deploys_and_updates_the_registry(sam, client):
    sam("deploy", "--config-env", "registry")
    assert len(client("ecr").describe_repositories(repositoryNames=["ecs-clock-emf"])["repositories"]) == 1
    # moto refuses a change that changes nothing, where CloudFormation makes an empty one; so something changes here.
    sam("deploy", "--config-env", "registry", "--parameter-overrides", "RepositoryName=another")


def test_sam_uploads_nested_templates_licence_and_readme(sam, client, tmp_path):
    client("s3").create_bucket(Bucket="packages", CreateBucketConfiguration={"LocationConstraint": REGION})
    packaged = tmp_path / "packaged.yaml"
    sam("package", "--s3-bucket", "packages", "--no-resolve-s3", "--template-file", "template.yaml", "--output-template-file", packaged)
    uploaded = {item["Key"] for item in client("s3").list_objects_v2(Bucket="packages")["Contents"]}
    text = packaged.read_text()
    for local in ("./observability.yaml", "./task-alarms.yaml", "../LICENSE", "ReadmeUrl: README.md"):
        assert local not in text
    named = set(re.findall(r"packages/([0-9a-f]{32}\S*)", text))
    assert len(named) == 4 and named <= uploaded


def test_cloudformation_takes_the_template_without_a_bucket():
    # As README.md deploys it: `aws cloudformation deploy` sends a template of up to 51,200 bytes along.
    for name in ("fleet.yaml", "observability.yaml", "task-alarms.yaml"):
        assert (SAM / name).stat().st_size <= 51_200, name
