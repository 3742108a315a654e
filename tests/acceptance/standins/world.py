"""Puts the stand-ins together: one world with its seeded faults, and the kit set up to run in it."""

import hashlib
import json
from dataclasses import dataclass, field

import boto3  # noqa: F401 (loaded before the clock starts)
from emf_extract import RULES, read
from kit.aws import Aws
from kit.errors import KitError
from kit.run import Options, Run
from standins.cloud import ACCOUNT, REGION, Cloud, FakeClock
from standins.formation import CloudFormation
from standins.logs import Logs
from standins.metrics import CloudWatch, Store
from standins.rest import Ec2, Ecr, Iam, Quotas, S3, Sns, Sqs, Sts, Tagging
from standins.tasks import Ecs


@dataclass
class Faults:
    """The faults of this AWS. By default there are none, and everything takes its usual time."""

    lost: str = ""  # a metric of which one line is lost
    late: str = ""  # … of which one line lands in the next minute
    twice: str = ""  # … of which one line is delivered twice
    slow: str = ""  # … that appears after four minutes
    extraction_ms: int = 4000
    listed_ms: int = 180_000
    unlisted_s: float = 5.0  # for so long a new log group is not listed
    latest_keeps_nulls: str = ""  # of queries that contain this text
    stuck: str = ""  # an alarm that never leaves ALARM
    growth_ppm: float = 0.0
    root_volume: bool = False
    silent_ntp: bool = False
    ntp_offset_s: float = 0.0001
    idle_close_s: float = 5.0
    drift: str = ""  # a stack that has drifted
    failing_stack: str = ""
    unknown_type: str = ""  # a type that CloudFormation does not know here
    scheduled_status: str = "Complete"
    lost_line: bool = False
    no_last_words: bool = False
    no_rollback: bool = False
    _done: set = field(default_factory=set)

    def once(self, name):
        """Whether it is the third time: in the middle of things."""
        self._done.add((name, len([n for n, _ in self._done if n == name])))
        return len([n for n, _ in self._done if n == name]) == 3


class FakeTools:
    """A Docker that builds at once, and `explain` by the tests' own implementation of the specification."""

    def __init__(self, world):
        self._world, self.real, self.fails = world, None, False

    def missing(self):
        return None

    def commit(self):
        return {"commit": "0123456789ab"}

    def build(self, target, tag):
        if self.fails:
            raise KitError(f"docker build --target {target} failed: seeded")

    def push(self, tag, remote, password):
        repository, _, name = remote.rpartition("/")[2].partition(":")
        self._world.ecr.repositories[repository][name] = "sha256:" + hashlib.sha256(name.encode()).hexdigest()

    def forget(self, tags):
        pass

    def explain(self, lines, now_ms, image=None):
        if self.real:
            return self.real.explain(lines, now_ms)
        found = []
        for number, line in enumerate(lines, 1):
            points, problems = read(line, now_ms)
            found += [{"line": number, **point} for point in points]
            found += [{"line": number, RULES[rule][0]: text, "rule": rule} for rule, text in problems]
        return found


class World:
    """An account without anything in it."""

    def __init__(self, faults=None):
        self.faults, self.said = faults or Faults(), []
        cloud = self.cloud = Cloud()
        self.s3, self.ecr, self.sqs = S3(), Ecr(), Sqs(cloud)
        self.sns = Sns(cloud, self.sqs)
        self.store = Store(self.faults)
        self.logs = Logs(cloud, self.store, self.faults)
        self.cloudwatch = CloudWatch(cloud, self.store, self.faults, self.sns)
        self.ecs = Ecs(cloud, self.logs, self.faults, self.ecr)
        self.cloudwatch.logs, self.ecs.cloudwatch = self.logs, self.cloudwatch
        self.cloudformation = CloudFormation(cloud, self, self.faults)
        for service, handler in {
            "sts": Sts(), "iam": Iam(cloud), "s3": self.s3, "ecr": self.ecr, "sns": self.sns, "sqs": self.sqs, "logs": self.logs,
            "cloudformation": self.cloudformation, "service-quotas": Quotas(), "resourcegroupstaggingapi": Tagging(cloud), "ec2": Ec2(cloud),
        }.items():  # fmt: skip
            cloud.add(service, handler)
        cloud.add("ecs", self.ecs, ticks=True)
        cloud.add("cloudwatch", self.cloudwatch, ticks=True)

    def objects_by_url(self):
        return self.s3.by_url()

    def makers(self):
        """How resources of a type are made and unmade."""
        watch, logs = self.cloudwatch, self.logs

        def alarm(kind):
            return (lambda physical, properties, tags: watch.create_alarm(kind, properties), lambda name: watch.alarms.pop(name, None) and None)

        def query(physical, properties, tags):
            logs.definitions[physical] = properties
            return physical

        def rule(physical, properties, tags):
            watch.rules[properties["RuleName"]] = properties["RuleBody"]
            return f"arn:aws:cloudwatch:{REGION}:{ACCOUNT}:insight-rule/{properties['RuleName']}"

        def dashboard(physical, properties, tags):
            body = properties["DashboardBody"]
            watch.dashboards[properties["DashboardName"]] = body if isinstance(body, str) else json.dumps(body)

        def forget(table):
            return lambda name: table.pop(name, None) and None

        return {
            "AWS::Logs::LogGroup": (lambda physical, p, tags: logs.create_group(p["LogGroupName"], p, tags), forget(logs.groups)),
            "AWS::Logs::QueryDefinition": (query, forget(logs.definitions)),
            "AWS::CloudWatch::Alarm": alarm("MetricAlarm"), "AWS::CloudWatch::CompositeAlarm": alarm("CompositeAlarm"),
            "AWS::CloudWatch::LogAlarm": alarm("LogAlarm"),
            "AWS::CloudWatch::Dashboard": (dashboard, forget(watch.dashboards)),
            "AWS::CloudWatch::InsightRule": (rule, lambda arn: watch.rules.pop(arn.rpartition("/")[2], None) and None),
            "AWS::SNS::Topic": (self.sns.make, self.sns.unmake), "AWS::SQS::Queue": (self.sqs.make, self.sqs.unmake),
            "AWS::S3::Bucket": (self.s3.make, self.s3.unmake), "AWS::ECR::Repository": (self.ecr.make, self.ecr.unmake),
            "AWS::ECS::Cluster": (self.ecs.make_cluster, self.ecs.unmake_cluster),
            "AWS::ECS::Service": (self.ecs.make_service, self.ecs.unmake_service),
            "AWS::ECS::TaskDefinition": (self.ecs.make_definition, self.ecs.unmake_definition),
        }  # fmt: skip

    def run(self, folder, ahead=0.0, **options):
        """The kit, set up to run in this world."""
        clock = FakeClock(self.cloud, ahead)
        aws = Aws(self.cloud.session, clock, self.said.append)
        run = Run(Options(ACCOUNT, REGION, yes=True, folder=folder, **options), aws, clock, FakeTools(self), say=self.said.append)
        run.rehearsal = True
        self.cloud.aws = aws
        return run

    def left(self):
        """Everything that exists in this world."""
        found = {
            "stacks": list(self.cloudformation.stacks), "groups": list(self.logs.groups), "queries": list(self.logs.definitions),
            "alarms": list(self.cloudwatch.alarms), "dashboards": list(self.cloudwatch.dashboards), "rules": list(self.cloudwatch.rules),
            "buckets": list(self.s3.buckets), "repositories": list(self.ecr.repositories), "topics": list(self.sns.topics),
            "queues": list(self.sqs.queues), "clusters": list(self.ecs.clusters), "services": list(self.ecs.services),
            "definitions": list(self.ecs.definitions), "tasks": [arn for arn, task in self.ecs.tasks.items() if task.stopped is None],
        }  # fmt: skip
        return {kind: items for kind, items in found.items() if items}
