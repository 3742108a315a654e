"""The phase `plan`: what it will cost, how long it takes, and whether the reader may do it, before anything is created."""

import re

from kit import player
from kit.aws import CallFailed
from kit.clock import LARGEST_SKEW_S
from kit.errors import KitError
from kit.experiments import EXPERIMENTS
from kit.permissions import all_actions, arn
from kit.probing import LONG_S, QUICK_S
from kit.stacks import SAM

# US dollars in us-east-1, with the hours that a resource exists.
FARGATE_HOUR, ALARM_MONTH, DASHBOARD_MONTH, METRIC_MONTH, MONTH_H = 0.0123, 0.10, 3.00, 0.30, 730
LOG_ALARM_MONTH, RULE_MONTH = 0.30, 0.50
# Of observability.yaml: the demonstration's, and one for each synthetic service.
STACKS = 1 + len(player.SERVICES)
UP_MINUTES, DOWN_MINUTES, SETTLE_MINUTES = 8, 8, 5
QUERY_QUOTA = 1000
SIMULATED_AT_ONCE = 100


def minutes(requested):
    """How long the run takes, by what takes longest."""
    by_id = {experiment.id: experiment for experiment in EXPERIMENTS}
    chosen = [by_id[name] for name in requested]
    longest = 5
    if any(e.needs_player for e in chosen):
        longest = 4 + player.MINUTES + SETTLE_MINUTES
    if any(e.needs_probe for e in chosen):
        longest = max(longest, ((LONG_S if "K8" in requested else QUICK_S) // 60) + 4)
    return UP_MINUTES + longest + DOWN_MINUTES


def cost(requested):
    """`[(what, dollars)]`; alarms, dashboards and metrics are billed by the hour."""
    hours = minutes(requested) / 60
    text = (SAM / "observability.yaml").read_text()
    alarms = STACKS * len(re.findall(r"Type: AWS::CloudWatch::(?:Composite)?Alarm\b", text))
    rows = [
        ("Fargate: demonstration, probe, tasks that start and stop", round(3 * hours * FARGATE_HOUR + 10 * 0.1 * FARGATE_HOUR, 3)),
        (f"{alarms} alarms", round(alarms * ALARM_MONTH * hours / MONTH_H, 3)),
        ("2 dashboards", round(2 * DASHBOARD_MONTH * hours / MONTH_H, 3)),
        ("about 120 metrics, of which 80 exist for an hour", round(120 * METRIC_MONTH * max(hours, 1) / MONTH_H, 3)),
        ("public IPv4 addresses", round(3 * hours * 0.005, 3)),
        ("log lines, queries, requests of metrics", 0.03),
    ]
    if "K7" in requested:
        rows.append(("2 log alarms", round(2 * LOG_ALARM_MONTH * hours / MONTH_H, 3)))
    if "K14" in requested:
        rows.append(("a Windows task for ten minutes, with its licence", 0.03))
    return rows


def show(run):
    """What is about to happen, in words."""
    requested = run.state.content["requested"]
    by_id = {experiment.id: experiment for experiment in EXPERIMENTS}
    rows = cost(requested)
    total = sum(amount for _, amount in rows)
    lines = [
        f"Acceptance of ecs-clock-emf, run {run.state.id}, account {run.options.account}, region {run.region}",
        "",
        *(f"  {name:4} {by_id[name].question}" for name in requested),
        "",
        f"It takes about {minutes(requested)} minutes and costs about {total:.2f} $ (us-east-1):",
        *(f"  {amount:6.3f} $  {what}" for what, amount in rows),
        "",
        f"Everything that it creates has {run.prefix} in its name, and is deleted at the end, also after an error or Ctrl-C.",
        "It creates a VPC with an internet gateway, an ECS cluster with one service, stacks with alarms, queries and dashboards, IAM roles,",
        "an image repository, a bucket, a queue, topics and log groups. It changes nothing that exists. What cannot be deleted: data points",
        "of metrics (they expire after 15 months and cost nothing), alarm history, and entries of CloudTrail.",
        f"If this machine is lost: make -C sam verify-clean ACCOUNTID={run.options.account} REGION={run.region}",
    ]
    return "\n".join(lines)


def check(run):
    """Stops before anything is created if the account, the time or the tools are not right; returns the caller's ARN."""
    caller = check_account(run)
    if missing := run.tools.missing():
        raise KitError(missing)
    return caller


def check_account(run):
    """Stops if the credentials are of another account, or if the clock is too far off; returns the caller's ARN."""
    identity = run.aws.call("sts", "GetCallerIdentity")
    run.partition = identity["Arn"].split(":")[1]
    if identity["Account"] != run.options.account:
        raise KitError(f"ACCOUNTID is {run.options.account}, but your credentials belong to account {identity['Account']}")
    skew = run.clock.correct(identity["ResponseMetadata"]["HTTPHeaders"]["date"])
    if abs(skew) > LARGEST_SKEW_S:
        raise KitError(f"this machine's clock is {-skew:.0f} s ahead of AWS's: correct it, since AWS rejects requests from 5 minutes on")
    if skew:
        run.notes.append(f"The clock of the reader's machine was {-skew:.0f} s ahead of AWS's; every time in this report is AWS's.")
    return identity["Arn"]


def check_quota(run):
    """Saved queries have a quota that cannot be raised."""
    per_stack = len(re.findall(r"Type: AWS::Logs::QueryDefinition", (SAM / "observability.yaml").read_text()))
    there = sum(1 for _ in run.aws.pages("logs", "DescribeQueryDefinitions", "queryDefinitions", token=("nextToken", "nextToken")))
    # The demonstration's, and those of the one synthetic service that has any.
    needed = 2 * per_stack
    if there + needed > QUERY_QUOTA:
        raise KitError(f"{there} saved queries exist in this region, {needed} more are needed, and the quota is {QUERY_QUOTA}")


def check_permissions(run, caller):
    """Asks IAM about every action of the list; returns those that it denies, or None if it cannot be asked."""
    principal = _principal(run, caller)
    if principal is None:
        run.notes.append("The permissions were not checked beforehand: the account's root user cannot be simulated.")
        return None
    denied = set()
    for resource, actions in sorted(all_actions().items()):
        where = arn(resource, account=run.options.account, region=run.region, partition=run.partition, prefix=run.prefix).replace("*", "x")
        for start in range(0, len(actions), SIMULATED_AT_ONCE):
            try:
                results = run.aws.pages(
                    "iam", "SimulatePrincipalPolicy", "EvaluationResults", token=("Marker", "Marker"), PolicySourceArn=principal,
                    ActionNames=sorted(actions)[start : start + SIMULATED_AT_ONCE], ResourceArns=["*" if resource == "any" else where],
                    ContextEntries=[{"ContextKeyName": "iam:PassedToService", "ContextKeyValues": ["ecs-tasks.amazonaws.com"],
                                     "ContextKeyType": "string"}],
                )  # fmt: skip
                denied |= {result["EvalActionName"] for result in results if result["EvalDecision"] != "allowed"}
            except CallFailed as error:
                run.notes.append(f"The permissions were not checked beforehand: {error}")
                return None
    return sorted(denied)


def _principal(run, caller):
    """The ARN that IAM can simulate: of an assumed role the role itself, which may have a path."""
    if caller.endswith(":root"):
        return None
    if ":assumed-role/" not in caller:
        return caller
    name = caller.split("/")[1]
    try:
        return run.aws.call("iam", "GetRole", RoleName=name)["Role"]["Arn"]
    except CallFailed as error:
        run.notes.append(f"The permissions were checked for a role without a path: {error}")
        return f"arn:{run.partition}:iam::{run.options.account}:role/{name}"
