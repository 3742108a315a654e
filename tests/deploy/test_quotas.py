"""Every quota at 200 services: what an account and region holds, counted from the templates.

The quotas are those of AWS's pages "CloudWatch service quotas", "CloudWatch Logs quotas", "Metrics Insights quotas" and "Log
alarms". `raisable` ones have the value that an account begins with.
"""

from dataclasses import dataclass

import pytest
from cfn import ACCOUNT, REGION, Deployment, Stack
from metrics_insights import MOST_SERIES, parse_select

SERVICES = 200
# The services that one stack of task-alarms.yaml watches.
WATCHED_TOGETHER = 50
LONGEST_NAME = "x" * 110
LONGEST_DESCRIPTION, LONGEST_ALARM_NAME, LONGEST_QUERY_NAME, LONGEST_QUERY = 1024, 255, 255, 10_000
MOST_RESOURCES, MOST_PARAMETERS, MOST_OUTPUTS = 500, 200, 200
MOST_QUERY_PARAMETERS = 20
# Regions and partitions with the longest links.
PARTITIONS = {"aws": "ap-southeast-3", "aws-us-gov": "us-gov-west-1", "aws-iso-f": "us-isof-south-1", "aws-eusc": "eusc-de-east-1"}

QUOTAS = {
    "saved queries": 1_000,  # cannot be raised
    "alarms": 5_000,
    "Metrics Insights alarms": 200,
    "dashboards": 5_000,
    "topics": 100_000,
    "log groups": 1_000_000,
    "queries at a time": 100,
}


@dataclass
class Region:
    """An account and region with these stacks."""

    stacks: list

    def count(self, *kinds):
        return sum(len(stack.resources(kind)) for stack in self.stacks for kind in kinds)

    def uses(self):
        """What is used of each quota."""
        grouped = [alarm for stack in self.stacks for alarm in stack.resources("AWS::CloudWatch::Alarm").values() if is_select(alarm)]
        return {
            "saved queries": self.count("AWS::Logs::QueryDefinition"),
            "alarms": self.count("AWS::CloudWatch::Alarm", "AWS::CloudWatch::CompositeAlarm", "AWS::CloudWatch::LogAlarm"),
            "Metrics Insights alarms": len(grouped),
            "dashboards": self.count("AWS::CloudWatch::Dashboard"),
            "topics": self.count("AWS::SNS::Topic"),
            "log groups": self.count("AWS::Logs::LogGroup"),
            "queries at a time": self.count("AWS::CloudWatch::LogAlarm") + max(map(log_tables, self.stacks)),
        }

    def broken(self):
        return {quota: used for quota, used in self.uses().items() if used > QUOTAS[quota]}


def is_select(alarm):
    return any(query.get("Expression", "").startswith("SELECT") for query in alarm.get("Metrics", []))


def log_tables(stack):
    """How many queries opening a stack's dashboard starts."""
    return sum(d["DashboardBody"].count('"type": "log"') for d in stack.resources("AWS::CloudWatch::Dashboard").values())


@pytest.fixture(scope="module")
def deployment():
    return Deployment()


def task_alarms(deployment, services):
    stacks = []
    for first in range(0, services, WATCHED_TOGETHER):
        arns = [f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:/ecs/clock/c/s{n}" for n in range(first, min(first + WATCHED_TOGETHER, services))]
        stacks.append(deployment.task_alarms.with_parameters(LogGroupArns=",".join(arns)))
    return stacks


def with_a_fleet(deployment, services):
    return Region([deployment.fleet, *[deployment.member] * services, *task_alarms(deployment, services)])


def without(deployment, services, **parameters):
    return Region([deployment.observability.with_parameters(**parameters)] * services)


def test_a_fleet_of_200_services_is_within_every_quota(deployment):
    region = with_a_fleet(deployment, SERVICES)
    assert region.broken() == {}
    # Room for others, where the quota cannot be raised or is shared with people.
    uses = region.uses()
    assert uses["saved queries"] <= 20 and uses["queries at a time"] <= 20 and uses["Metrics Insights alarms"] <= 10


def test_without_a_fleet_the_saved_queries_end_at_the_56th_service(deployment):
    assert without(deployment, 55).broken() == {}
    assert set(without(deployment, 56).broken()) == {"saved queries"}
    # Optional resources, for services with a different limit.
    assert without(deployment, SERVICES, Queries="Disabled", Dashboard="Disabled").broken() == {}


def test_all_services_can_be_in_the_answer_of_a_grouped_alarm(deployment):
    """One contributor per service; CloudWatch lists and reports 100 of those in ALARM at a time."""
    assert SERVICES <= MOST_SERIES
    for alarm in deployment.fleet.resources("AWS::CloudWatch::Alarm").values():
        select = parse_select(alarm["Metrics"][0]["Expression"])
        keys = [(select.namespace, select.metric, frozenset({("ClusterName", "c"), ("ServiceName", f"s{n}")})) for n in range(SERVICES)]
        assert len(select.series(keys)) == SERVICES
        with pytest.raises(ValueError, match="PARTIAL_DATA"):
            select.series(keys + [(*key[:2], frozenset({("ClusterName", "d"), *key[2]})) for key in keys] * 2)


def test_a_log_alarm_watches_no_more_groups_than_it_may(deployment):
    stacks = task_alarms(deployment, SERVICES)
    assert len(stacks) == 4
    for stack in stacks:
        for alarm in stack.resources("AWS::CloudWatch::LogAlarm").values():
            assert len(alarm["ScheduledQueryConfiguration"]["LogGroupIdentifiers"]) <= 50


def test_the_queries_of_a_stack_do_not_start_together(deployment):
    schedules = [
        alarm["ScheduledQueryConfiguration"]["ScheduleConfiguration"]["ScheduleExpression"]
        for alarm in deployment.task_alarms.resources("AWS::CloudWatch::LogAlarm").values()
    ]
    assert len(set(schedules)) == len(schedules) == 3


def longest(template, partition, **parameters):
    """A stack whose names, risk and runbook are as long as they may be, in a partition with long links."""
    stack = Stack(template, parameters).at_its_longest()
    declared = template["Parameters"]
    texts = {key: "x" * declared[key]["MaxLength"] for key in ("Risk", "RunbookUrl") if key in declared}
    stack = stack.with_parameters(**texts)
    stack.pseudo = {"AWS::Partition": partition, "AWS::Region": PARTITIONS[partition]}
    return stack


OBSERVED = {"ClusterName": LONGEST_NAME, "ServiceName": LONGEST_NAME, "CrossCheck": "ntp", "ErrorBoundThreshold": "86399999.999"}
LONGEST = {
    **{launch: ("observability.yaml", OBSERVED | {"LaunchType": launch}) for launch in ("FARGATE", "MANAGED-INSTANCES", "EC2", "EXTERNAL")},
    "member": ("observability.yaml", OBSERVED | {"Fleet": "true", "DeploymentAlarms": "true", "LaunchType": "EC2"}),
    "fleet": ("fleet.yaml", {"ErrorBoundThreshold": 86_400_000, "ReadErrorThreshold": 600}),
    "tasks": ("task-alarms.yaml", {"AlarmPrefix": "x" * 221, "LogGroupArns": "arn", "PairDistanceMs": "99999999.999", "SilentSeconds": 3000}),
}  # fmt: skip


@pytest.mark.parametrize("name", LONGEST)
@pytest.mark.parametrize("partition", PARTITIONS)
def test_names_and_descriptions_fit_at_their_longest(deployment, partition, name):
    file, parameters = LONGEST[name]
    stack = longest(deployment.templates[file], partition, **parameters)
    for kind in ("Alarm", "CompositeAlarm", "LogAlarm"):
        for logical, alarm in stack.resources(f"AWS::CloudWatch::{kind}").items():
            assert len(alarm["AlarmName"]) <= LONGEST_ALARM_NAME, logical
            assert len(alarm["AlarmDescription"]) <= LONGEST_DESCRIPTION, logical
            assert PARTITIONS[partition] in alarm["AlarmDescription"], logical
    for logical, query in stack.resources("AWS::Logs::QueryDefinition").items():
        assert len(query["Name"]) <= LONGEST_QUERY_NAME and len(query["QueryString"]) <= LONGEST_QUERY, logical
        assert len(query.get("Parameters", [])) <= MOST_QUERY_PARAMETERS


def test_a_description_that_is_too_long_would_be_found(deployment):
    """The model's own alarm: with names one sixth longer a description breaks."""
    stack = longest(deployment.templates["observability.yaml"], "aws-us-gov", **OBSERVED, LaunchType="EC2")
    stack = stack.with_parameters(ClusterName="x" * 160, ServiceName="x" * 160)
    stack.pseudo = {"AWS::Partition": "aws-us-gov", "AWS::Region": "us-gov-west-1"}
    assert max(len(alarm["AlarmDescription"]) for alarm in stack.resources("AWS::CloudWatch::Alarm").values()) > LONGEST_DESCRIPTION


def test_templates_are_within_cloudformations_own_quotas(deployment):
    for name, template in deployment.templates.items():
        assert len(template["Resources"]) <= MOST_RESOURCES and len(template.get("Outputs", {})) <= MOST_OUTPUTS, name
        assert len(template.get("Parameters", {})) <= MOST_PARAMETERS, name
