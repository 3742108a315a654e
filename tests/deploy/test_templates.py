"""The templates as shipped: linters and own checks find nothing."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from cfn import ACCOUNT, REGION, SAM, TOP, TOPIC, Deployment, Stack
from references import log_widgets, widgets
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


def observability(deployment, **parameters):
    return Stack(deployment.templates["observability.yaml"], {"ClusterName": "c", "ServiceName": "s", **parameters})


def test_nothing_optional_is_created_unasked(deployment):
    stack = observability(deployment)
    assert stack.resources("AWS::SNS::Subscription") == {}
    assert stack.resources("AWS::CloudWatch::InsightRule") == {}
    assert list(stack.resources("AWS::Logs::LogGroup")) == ["LogGroup"]
    whole = json.dumps({logical: stack.properties(logical) for logical in stack.resources()}) + json.dumps(stack.outputs())
    # With the cross-check off there is nothing of it: no alarm, no query, no graph, no term in the rule.
    assert "CrossCheck" not in whole and "cross-check" not in whole


def test_the_cross_check_has_one_alarm_one_query_and_one_graph(deployment):
    off, on = observability(deployment), observability(deployment, CrossCheck="ntp")
    assert set(on.resources()) - set(off.resources()) == {"CrossCheckAlarm", "CrossCheckQuery"}
    titles = [[where for where, _ in widgets(stack)] for stack in (off, on)]
    added, = set(titles[1]) - set(titles[0])
    assert "Cross-check" in added


def test_an_existing_log_group_and_topic_are_used(deployment):
    stack = observability(deployment, LogGroupName="/mine", AlarmTopicArn=TOPIC, WorstTasksRule="Enabled", AlarmEmail="a@b.example")
    assert stack.resources("AWS::Logs::LogGroup") == stack.resources("AWS::SNS::Topic") == {}
    assert {tuple(query["LogGroupNames"]) for query in stack.resources("AWS::Logs::QueryDefinition").values()} == {("/mine",)}
    assert {group for _, group, _ in log_widgets(stack)} == {"/mine"}
    assert json.loads(stack.properties("WorstTasksInsightRule")["RuleBody"])["LogGroupNames"] == ["/mine"]
    assert stack.properties("ClockAlarm")["AlarmActions"] == stack.properties("ClockAlarm")["OKActions"] == [TOPIC]
    assert stack.properties("AlarmEmailSubscription")["TopicArn"] == TOPIC
    assert (stack.outputs()["LogGroupName"], stack.outputs()["AlarmTopicArn"]) == ("/mine", TOPIC)
    assert stack.rule_faults() == []


def test_a_log_group_survives_its_stack_when_asked_to(deployment):
    for asked, logical, policy in (("false", "LogGroup", "Delete"), ("true", "KeptLogGroup", "Retain")):
        stack = observability(deployment, KeepLogGroup=asked)
        (made, group), = stack.resources("AWS::Logs::LogGroup").items()
        assert (made, group["LogGroupName"], group["LogGroupClass"]) == (logical, "/ecs/clock/c/s", "STANDARD")
        assert group["RetentionInDays"] == 30 and stack.outputs()["LogGroupName"] == "/ecs/clock/c/s"
        resource = stack.template["Resources"][logical]
        assert resource["DeletionPolicy"] == resource["UpdateReplacePolicy"] == policy


def test_keys_encrypt_what_the_stack_makes(deployment):
    key = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/0a1b"
    for kept, logical in (("false", "LogGroup"), ("true", "KeptLogGroup")):
        stack = observability(deployment, LogGroupKeyArn=key, AlarmTopicKeyId="alias/mine", KeepLogGroup=kept)
        assert stack.properties(logical)["KmsKeyId"] == key
        assert stack.properties("AlarmTopic")["KmsMasterKeyId"] == "alias/mine"
    plain = observability(deployment)
    assert "KmsKeyId" not in plain.properties("LogGroup") and "KmsMasterKeyId" not in plain.properties("AlarmTopic")


@pytest.mark.parametrize("parameters, faults", [
    ({}, 0), ({"LogGroupName": "/mine"}, 0), ({"AlarmTopicArn": TOPIC}, 0), ({"LogGroupKeyArn": "k", "AlarmTopicKeyId": "k"}, 0),
    ({"LogGroupName": "/mine", "LogGroupKeyArn": "k"}, 1), ({"LogGroupName": "/mine", "KeepLogGroup": "true"}, 1),
    ({"AlarmTopicArn": TOPIC, "AlarmTopicKeyId": "k"}, 1),
    ({"LogGroupName": "/mine", "LogGroupKeyArn": "k", "KeepLogGroup": "true", "AlarmTopicArn": TOPIC, "AlarmTopicKeyId": "k"}, 3),
])  # fmt: skip
def test_what_would_be_ignored_is_refused(deployment, parameters, faults):
    said = observability(deployment, **parameters).rule_faults()
    assert len(said) == faults and all(len(text) > 40 for text in said)


@pytest.mark.parametrize("name, good, bad", [
    ("AlarmTopicKeyId", ["", "alias/mine", "1234abcd-12ab", "arn:aws:kms:eu-west-1:123456789012:key/1"], ["alias/aws/sns", "a b"]),
    ("AlarmTopicArn", ["", TOPIC], ["on-call", "arn:aws:sns:eu-west-1:1:t"]),
    ("LogGroupName", ["", "/ecs/clock/a/b", "a.b#c_d-e"], ["arn:aws:logs:eu-west-1:123456789012:log-group:a", "a b"]),
    ("LogGroupKeyArn", ["", "arn:aws:kms:eu-west-1:123456789012:key/0a-1b"], ["alias/mine", "0a-1b"]),
    ("ErrorBoundThreshold", ["", "0", "5", "0.5", "86400000"], ["5ms", "-1", "86400001", "1e3", "five"]),
])  # fmt: skip
def test_what_parameters_take(deployment, name, good, bad):
    pattern = deployment.templates["observability.yaml"]["Parameters"][name]["AllowedPattern"]
    assert [text for text in good if not re.search(pattern, text)] == []
    assert [text for text in bad if re.search(pattern, text)] == []


def test_the_task_alarms_are_opt_in(deployment):
    demonstration = deployment.demonstration
    assert demonstration.exists("TaskAlarmStack") and not demonstration.with_parameters(TaskAlarms="Disabled").exists("TaskAlarmStack")
    assert demonstration.template["Parameters"]["TaskAlarms"]["Default"] == "Disabled"
    # Not every region has log alarms, and a template with a type that a region does not know is refused there as a whole.
    for name in ("observability.yaml", "template.yaml", "registry.yaml"):
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
