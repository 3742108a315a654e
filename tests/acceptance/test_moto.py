"""The kit's calls against moto: an independent check of the stand-ins where both know an operation."""

import json

import boto3
import pytest
from kit.aws import Aws, CallFailed
from kit.clock import Clock
from kit.experiments.alarms import Drill, slim
from kit.experiments.deployment import describe_alarms
from kit.inventory import Inventory
from kit.run import Options, Run
from kit.state import TAG, State
from moto import mock_aws

REGION, ACCOUNT, ID = "eu-west-1", "123456789012", "0123abcd"
PREFIX = f"ecs-clock-verify-{ID}"


@pytest.fixture
def run(tmp_path):
    """A run that begins in moto's account."""
    with mock_aws():
        clock = Clock()
        keys = {"aws_access_key_id": "AKIDEXAMPLE", "aws_secret_access_key": "secret"}
        aws = Aws(lambda: boto3.Session(region_name=REGION, **keys), clock)
        run = Run(Options(ACCOUNT, REGION, folder=tmp_path), aws, clock, None, say=lambda text: None)
        run.state = State.new(tmp_path, ACCOUNT, REGION, ID)
        run.state.content["attempt"] = 1
        yield run


def test_lines_go_in_and_come_out(run):
    group = f"/{PREFIX}/odd"
    run.aws.client("logs").create_log_group(logGroupName=group)
    run.create_stream(group, "a/b")
    run.create_stream(group, "a/b")  # once more is no error
    now = run.clock.now_ms()
    for number in range(3):
        run.put_events(group, "a/b", [{"timestamp": now + number, "message": f"line {number}"}])
    events = run.events(group, now)
    assert [(e["stream"], e["message"]) for e in events] == [("a/b", f"line {n}") for n in range(3)]
    assert all(isinstance(e["ingestion"], int) for e in events) and run.events(group, now + 2) == events[2:]


def test_the_error_of_a_call_names_it(run):
    with pytest.raises(CallFailed, match=r"logs:PutLogEvents: ResourceNotFoundException"):
        run.put_events("/nowhere", "s", [{"timestamp": run.clock.now_ms(), "message": "x"}])


def test_alarms_are_listed_as_the_evaluator_reads_them(run):
    cloudwatch = run.aws.client("cloudwatch")
    cloudwatch.put_metric_alarm(
        AlarmName=f"{PREFIX}-drill-1-bad-clock-x", Namespace="n", MetricName="m", Statistic="Sum", Period=60, EvaluationPeriods=3,
        DatapointsToAlarm=2, Threshold=1, ComparisonOperator="GreaterThanThreshold", Dimensions=[{"Name": "a", "Value": "b"}],
        TreatMissingData="notBreaching",
    )  # fmt: skip
    found = describe_alarms(run, f"{PREFIX}-drill-1-bad-")
    assert [alarm["AlarmName"].rpartition("-")[2] for alarm in found] == ["x"]
    from kit import model

    assert set(model.timelines([slim(found[0])], [], 0, 600_000, 2)[found[0]["AlarmName"]].values()) == {"OK"}


def test_messages_of_alarms_are_received_and_deleted(run):
    topic = run.aws.client("sns").create_topic(Name=f"{PREFIX}-topic")["TopicArn"]
    queue = run.aws.client("sqs").create_queue(QueueName=f"{PREFIX}-messages")["QueueUrl"]
    arn = f"arn:aws:sqs:{REGION}:{ACCOUNT}:{PREFIX}-messages"
    run.kit = {"QueueUrl": queue, "QueueArn": arn}
    run.aws.call("sns", "Subscribe", TopicArn=topic, Protocol="sqs", Endpoint=arn)
    for state in ("ALARM", "OK"):
        run.aws.client("sns").publish(TopicArn=topic, Message=json.dumps({"AlarmName": "a", "NewStateValue": state}))
    run.aws.client("sns").publish(TopicArn=topic, Message="words that are no alarm")
    assert [message[1:] for message in Drill._receive(run)] == [["a", "ALARM"], ["a", "OK"]]
    assert Drill._receive(run) == []


def test_down_deletes_what_carries_the_name_and_nothing_else(run):
    """Only the kinds that moto knows; the rest answers that nothing is there."""
    s3, logs, ecr, ecs = (run.aws.client(name) for name in ("s3", "logs", "ecr", "ecs"))
    where = {"CreateBucketConfiguration": {"LocationConstraint": REGION}}
    for name in (f"{PREFIX}-{ACCOUNT}", "mine"):
        s3.create_bucket(Bucket=name, **where)
        s3.put_object(Bucket=name, Key="a.yaml", Body=b"x")
        logs.create_log_group(logGroupName=f"/{name}/probe")
        ecr.create_repository(repositoryName=name)
        ecs.register_task_definition(family=f"{name}-probe", containerDefinitions=[{"name": "c", "image": "i", "memory": 64}])
    run.aws.client("cloudwatch").put_dashboard(DashboardName=f"{PREFIX}-x", DashboardBody='{"widgets": []}')
    tags = [{"Key": TAG, "Value": ID}]
    body = json.dumps({"Resources": {"Queue": {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": f"{PREFIX}-messages"}}}})
    run.aws.client("cloudformation").create_stack(StackName=f"{PREFIX}-kit", TemplateBody=body, Tags=tags)
    run.aws.client("cloudformation").create_stack(StackName="mine", TemplateBody=body.replace(PREFIX, "mine"))
    inventory = Inventory(run, PREFIX, ID)
    unknown = {"scheduled query", "mute rule", "insight rule", "saved query", "alarm", "network interface", "tagged resource"}
    inventory.kinds = {kind: ways for kind, ways in inventory.kinds.items() if kind not in unknown}
    # moto keeps task definitions that were deleted.
    inventory.kinds.pop("task definition")
    assert inventory.down() == {} and inventory.failures == []
    assert [bucket["Name"] for bucket in s3.list_buckets()["Buckets"]] == ["mine"]
    assert [g["logGroupName"] for g in logs.describe_log_groups()["logGroups"]] == ["/mine/probe"]
    assert [r["repositoryName"] for r in ecr.describe_repositories()["repositories"]] == ["mine"]
    assert [s["StackName"] for s in run.aws.client("cloudformation").describe_stacks()["Stacks"]] == ["mine"]
