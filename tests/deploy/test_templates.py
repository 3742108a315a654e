"""The templates as shipped: linters and own checks find nothing."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import botocore.session
import pytest
from cfn import ACCOUNT, REGION, SAM, TOP, TOPIC, Deployment, Stack
from insights import Event, run
from references import filled, log_widgets, widgets
from template_checks import CHECKS

TEMPLATES = ["fleet.yaml", "observability.yaml", "registry.yaml", "task-alarms.yaml", "template.yaml"]
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


def observability(deployment, **parameters):
    return Stack(deployment.templates["observability.yaml"], {"ClusterName": "c", "ServiceName": "s", **parameters})


def test_nothing_optional_is_created_unasked(deployment):
    stack = observability(deployment)
    assert stack.resources("AWS::SNS::Subscription") == {}
    assert stack.resources("AWS::CloudWatch::InsightRule") == {}
    assert list(stack.resources("AWS::Logs::LogGroup")) == ["LogGroup"]
    whole = json.dumps({logical: stack.properties(logical) for logical in stack.resources()}) + json.dumps(stack.outputs())
    # Without the cross-check, none of its alarms, queries, graphs and rule terms exist.
    assert "CrossCheck" not in whole and "cross-check" not in whole


def test_the_cross_check_has_two_alarms_one_query_and_one_graph(deployment):
    off, on = observability(deployment), observability(deployment, CrossCheck="ntp")
    assert set(on.resources()) - set(off.resources()) == {"CrossCheckAlarm", "NoComparisonAlarm", "CrossCheckQuery"}
    titles = [[where for where, _ in widgets(stack)] for stack in (off, on)]
    added, = set(titles[1]) - set(titles[0])
    assert "Cross-check" in added


def test_dashboard_and_queries_can_be_left_out(deployment):
    whole = set(observability(deployment, CrossCheck="ntp").resources())
    assert whole - set(observability(deployment, CrossCheck="ntp", Dashboard="Disabled").resources()) == {"ServiceDashboard"}
    left = observability(deployment, CrossCheck="ntp", Queries="Disabled")
    assert left.resources("AWS::Logs::QueryDefinition") == {} and len(whole - set(left.resources())) == 18


def test_a_member_of_a_fleet_has_a_log_group_and_the_no_data_alarm(deployment):
    member = deployment.member
    assert set(member.with_parameters(DeploymentAlarms="false").resources()) == {"LogGroup", "NoDataAlarm"}
    assert set(member.resources()) == {"LogGroup", "NoDataAlarm", "ErrorBoundAlarm", "NotSynchronizedAlarm"}
    assert member.properties("NoDataAlarm")["AlarmActions"] == member.properties("NoDataAlarm")["OKActions"] == [TOPIC]
    assert "AlarmActions" not in member.properties("ErrorBoundAlarm"), "the fleet's alarm notifies"
    assert set(member.outputs()) == {
        "LogGroupName", "LogGroupArn", "NoDataAlarmName", "PageTopicArn", "QueriesUrl", "ErrorBoundAlarmName", "NotSynchronizedAlarmName",
    }  # fmt: skip
    assert member.rule_faults() == []
    assert len(member.with_parameters(PageTopicArn="").rule_faults()) == len(member.with_parameters(AlarmEmail="a@b.example").rule_faults()) == 1


def test_a_fleet_has_the_queries_of_a_service(deployment):
    """Identical except for the log groups: a fleet's are chosen by parameters and shown in the rows."""

    def named(stack):
        return {query["Name"].rpartition("/")[2]: query["QueryString"] for query in stack.resources("AWS::Logs::QueryDefinition").values()}

    of_fleet, of_service = named(deployment.fleet), named(deployment.observability)
    assert set(of_fleet) == set(of_service)
    for name, text in of_fleet.items():
        first, _, rest = text.partition("\n| ")
        assert first.startswith("filter @log like /") and rest.replace("@log, ", "") == of_service[name], name


@pytest.mark.parametrize("cluster, service, group, taken", [
    (".*", ".*", "/ecs/clock/prod/ledger", True), (".*", ".*", "mine", True), ("prod", "ledger", "/ecs/clock/prod/ledger", True),
    ("prod", ".*", "/ecs/clock/prod/ledger", True), ("prod", "ledger", "/ecs/clock/nonprod/ledger", False),
    ("prod", "ledger", "/ecs/clock/prod/ledger-2", False), ("prod", "edger", "/ecs/clock/prod/ledger", False),
])  # fmt: skip
def test_the_parameters_of_a_fleets_query_choose_log_groups(deployment, cluster, service, group, taken):
    query = deployment.fleet.properties("CurrentStateQuery")
    event = Event("s", 1_800_000_000_000, 1_800_000_000_000, '{"ClockSource":"ecs"}', group)
    assert bool(run(filled(query, cluster=cluster, service=service), [event], 1_800_000_001_000)) == taken


def test_the_dashboard_of_a_fleet_has_variables_that_the_console_takes(deployment):
    """In the form that CDK gives them, each used in graphs and in log tables."""
    body = json.loads(deployment.fleet.properties("FleetDashboard")["DashboardBody"])
    for variable, dimension in zip(body["variables"], ["ClusterName", "ServiceName"], strict=True):
        assert set(variable) == {"type", "pattern", "inputType", "id", "label", "visible", "defaultValue", "search", "populateFrom"}
        assert (variable["type"], variable["inputType"], variable["populateFrom"]) == ("pattern", "select", dimension)
        assert variable["search"] == '{ECS/ClockAccuracy,ClusterName,ServiceName} MetricName="ClockSynchronized"'
        used = {widget["type"] for widget in body["widgets"] if variable["pattern"] in json.dumps(widget)}
        assert used == {"metric", "log"}


def test_an_existing_log_group_and_topics_are_used(deployment):
    ticket = f"{TOPIC}-ticket"
    stack = observability(
        deployment, LogGroupName="/mine", PageTopicArn=TOPIC, TicketTopicArn=ticket, WorstTasksRule="Enabled", AlarmEmail="a@b.example"
    )
    assert stack.resources("AWS::Logs::LogGroup") == stack.resources("AWS::SNS::Topic") == {}
    assert {tuple(query["LogGroupNames"]) for query in stack.resources("AWS::Logs::QueryDefinition").values()} == {("/mine",)}
    assert {group for _, group, _ in log_widgets(stack)} == {"/mine"}
    assert json.loads(stack.properties("WorstTasksInsightRule")["RuleBody"])["LogGroupNames"] == ["/mine"]
    for alarm, subscription, topic in (("PageAlarm", "PageEmail", TOPIC), ("TicketAlarm", "TicketEmail", ticket)):
        assert stack.properties(alarm)["AlarmActions"] == stack.properties(alarm)["OKActions"] == [topic]
        assert stack.properties(subscription)["TopicArn"] == topic
    outputs = stack.outputs()
    assert (outputs["LogGroupName"], outputs["PageTopicArn"], outputs["TicketTopicArn"]) == ("/mine", TOPIC, ticket)
    assert stack.rule_faults() == []


def test_a_log_group_survives_its_stack(deployment):
    """A task whose log group is gone does not start, so the group is kept, except after a failed creation."""
    for stack in (observability(deployment), deployment.member):
        group, = stack.resources("AWS::Logs::LogGroup").values()
        assert group["LogGroupName"] == "/ecs/clock/{ClusterName}/{ServiceName}".format(**stack.parameters)
        assert (group["LogGroupClass"], group["RetentionInDays"]) == ("STANDARD", 30)
        resource = stack.template["Resources"]["LogGroup"]
        assert (resource["DeletionPolicy"], resource["UpdateReplacePolicy"]) == ("RetainExceptOnCreate", "Retain")


def test_the_demonstration_leaves_nothing_behind(deployment):
    stack = deployment.demonstration
    kept = [logical for logical, resource in stack.template["Resources"].items() if "Retain" in resource.get("DeletionPolicy", "")]
    nested = [logical for child in stack.resources("AWS::Serverless::Application") for logical in stack.child(child).resources("AWS::Logs::LogGroup")]
    assert kept == nested == []


def test_keys_encrypt_what_the_stack_makes(deployment):
    key = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/0a1b"
    stack, plain = observability(deployment, LogGroupKeyArn=key, TopicKeyId="alias/mine"), observability(deployment)
    assert stack.properties("LogGroup")["KmsKeyId"] == key and "KmsKeyId" not in plain.properties("LogGroup")
    for topic in ("PageTopic", "TicketTopic"):
        assert stack.properties(topic)["KmsMasterKeyId"] == "alias/mine" and "KmsMasterKeyId" not in plain.properties(topic)


@pytest.mark.parametrize("parameters, faults", [
    ({}, 0), ({"LogGroupName": "/mine"}, 0), ({"PageTopicArn": TOPIC}, 0), ({"LogGroupKeyArn": "k", "TopicKeyId": "k"}, 0),
    ({"LogGroupName": "/mine", "LogGroupKeyArn": "k"}, 1), ({"PageTopicArn": TOPIC, "TopicKeyId": "k"}, 0),
    ({"PageTopicArn": TOPIC, "TicketTopicArn": TOPIC, "TopicKeyId": "k"}, 1), ({"Fleet": "true"}, 1),
    ({"Fleet": "true", "AlarmEmail": "a@b.example"}, 2), ({"Fleet": "true", "PageTopicArn": TOPIC}, 0),
])  # fmt: skip
def test_what_would_be_ignored_is_refused(deployment, parameters, faults):
    said = observability(deployment, **parameters).rule_faults()
    assert len(said) == faults and all(len(text) > 40 for text in said)


@pytest.mark.parametrize("name, good, bad", [
    ("TopicKeyId", ["", "alias/mine", "1234abcd-12ab", "arn:aws:kms:eu-west-1:123456789012:key/1"], ["alias/aws/sns", "a b"]),
    ("PageTopicArn", ["", TOPIC, TOPIC.replace("aws", "aws-eusc", 1)], ["on-call", "arn:aws:sns:eu-west-1:1:t"]),
    ("LogGroupName", ["", "/ecs/clock/a/b", "a.b#c_d-e"], ["arn:aws:logs:eu-west-1:123456789012:log-group:a", "a b"]),
    ("LogGroupKeyArn", ["", "arn:aws:kms:eu-west-1:123456789012:key/0a-1b"], ["alias/mine", "0a-1b"]),
    ("ErrorBoundThreshold", ["", "0", "5", "0.5", "86400000"], ["5ms", "-1", "86400001", "1e3", "five"]),
])  # fmt: skip
def test_what_parameters_take(deployment, name, good, bad):
    pattern = deployment.templates["observability.yaml"]["Parameters"][name]["AllowedPattern"]
    assert [text for text in good if not re.search(pattern, text)] == []
    assert [text for text in bad if re.search(pattern, text)] == []


def test_every_partition_has_a_console(deployment):
    """A missing one would stop a stack because of a link."""
    partitions = set(botocore.session.get_session().get_available_partitions())
    for name in ("fleet.yaml", "observability.yaml", "task-alarms.yaml"):
        assert set(deployment.templates[name]["Mappings"]["Console"]) == partitions, name


def test_the_task_alarms_are_opt_in(deployment):
    demonstration = deployment.demonstration
    assert demonstration.exists("TaskAlarmStack") and not demonstration.with_parameters(TaskAlarms="Disabled").exists("TaskAlarmStack")
    assert demonstration.template["Parameters"]["TaskAlarms"]["Default"] == "Disabled"
    # Not every region has log alarms, and a region refuses a whole template with an unknown type.
    for name in ("fleet.yaml", "observability.yaml", "template.yaml", "registry.yaml"):
        assert "AWS::CloudWatch::LogAlarm" not in {resource["Type"] for resource in deployment.templates[name]["Resources"].values()}


def test_the_insight_rule_says_what_it_ranks(deployment):
    rule = observability(deployment, WorstTasksRule="Enabled", ErrorBoundThreshold="2.5").properties("WorstTasksInsightRule")
    body = json.loads(rule["RuleBody"])
    assert body["AggregateOn"] == "Count" and "ValueOf" not in body["Contribution"]
    assert body["Contribution"]["Filters"] == [{"Match": "$.MaxClockErrorBound", "GreaterThan": 2.5}]
    assert rule["RuleName"].startswith("clock-lines-over-limit-")


def test_parameters_are_described_and_constrained(deployment):
    for name, template in deployment.templates.items():
        for parameter, spec in template["Parameters"].items():
            constraints = {"AllowedValues", "AllowedPattern", "MinValue", "MaxLength"} & set(spec)
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
