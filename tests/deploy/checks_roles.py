"""Checks of permissions anywhere in a template."""

import json
import re

import cfn


def roles_are_narrow(deployment):
    """The execution role pulls and logs; nothing may call CloudWatch, create log groups, or act on every resource."""
    faults = []
    for name, stack in deployment.stacks.items():
        for logical, task in stack.resources("AWS::ECS::TaskDefinition").items():
            if "TaskRoleArn" in task:
                faults.append(f"{name}: {logical} has a task role")
            if "ExecutionRoleArn" not in task:
                faults.append(f"{name}: {logical} has no execution role: it can neither pull nor log")
        for kind in ("AWS::IAM::Policy", "AWS::IAM::ManagedPolicy", "AWS::IAM::User", "AWS::IAM::Group"):
            faults += [f"{name}: {logical} is a {kind}" for logical in stack.resources(kind)]
        for logical, role in stack.resources("AWS::IAM::Role").items():
            if role.get("ManagedPolicyArns"):
                faults.append(f"{name}: {logical} has managed policies: {role['ManagedPolicyArns']}")
    return faults


def statements_are_narrow(deployment):
    """No policy statement in any template allows more than to pull and to log, or gives others access."""
    faults = []
    for name, stack in deployment.stacks.items():
        for where, statement in _statements(stack, stack.template, ()):
            place = f"{name}: {'.'.join(map(str, where))}"
            trust = where[:1] == ("Resources",) and where[2:4] == ("Properties", "AssumeRolePolicyDocument")
            faults += [f"{place} {fault}" for fault in (_trust_faults if trust else _statement_faults)(statement)]
    return faults


def _statements(stack, value, where):
    """Every mapping with an effect in a template as written (so whichever way its conditions go), also inside of JSON strings."""
    if isinstance(value, dict) and "Effect" in value:
        yield where, stack.resolve(value)
    elif isinstance(value, dict) and set(value) == {"Fn::Sub"}:
        yield from _statements(stack, stack.resolve(value), where)
    elif isinstance(value, dict | list):
        for key, item in value.items() if isinstance(value, dict) else enumerate(value):
            yield from _statements(stack, item, (*where, key))
    elif isinstance(value, str) and value.lstrip()[:1] in ("{", "["):
        try:
            inner = json.loads(value)
        except ValueError:
            return
        yield from _statements(stack, inner, where)


def _listed(value):
    return value if isinstance(value, list) else [value]
# Who may assume a role, and the conditions that limit it to this account.
TRUSTED = {"ecs-tasks.amazonaws.com": {"StringEquals", "ArnLike"}, "logs.amazonaws.com": {"StringEquals"}}


def _trust_faults(statement):
    faults = []
    principal = statement.get("Principal")
    service = principal.get("Service") if isinstance(principal, dict) and set(principal) == {"Service"} else None
    if statement["Effect"] == "Allow" and (not isinstance(service, str) or service not in TRUSTED):
        return [f"trusts {principal}"]
    if _listed(statement.get("Action")) != ["sts:AssumeRole"]:
        faults.append(f"allows {statement.get('Action')}")
    if not TRUSTED.get(service, {"StringEquals"}) <= set(statement.get("Condition", {})):
        faults.append("may be assumed for any account")
    return faults


PULL_AND_LOG = {
    "ecr:GetAuthorizationToken", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer", "logs:CreateLogStream", "logs:PutLogEvents",
}  # fmt: skip
QUERY = {"logs:StartQuery", "logs:StopQuery", "logs:GetQueryResults", "logs:DescribeLogGroups"}
# Actions that do not support resources.
EVERYWHERE = [{"ecr:GetAuthorizationToken"}, {"logs:DescribeLogGroups", "logs:GetQueryResults", "logs:StopQuery"}]


def _statement_faults(statement):
    if statement["Effect"] != "Allow":
        return []
    if {"NotAction", "NotResource", "NotPrincipal"} & set(statement):
        return ["allows by exception"]
    if "Principal" in statement:
        return [f"lets {statement['Principal']} in"]
    actions, resources = (_listed(statement.get(key, "*")) for key in ("Action", "Resource"))
    faults = [f"allows {action}" for action in actions if action not in PULL_AND_LOG | QUERY]
    for resource in resources:
        if resource == "*" and set(actions) in EVERYWHERE:
            continue
        # Streams are made as tasks start, so their names are open; the log group before them is not.
        streams = "" if set(actions) <= QUERY else ":log-stream"
        if "*" in re.sub(rf"(:log-group:[^:*]+){streams}:\*$", r"\1", resource):
            faults.append(f"allows {actions} on {resource}")
    return faults


def execution_roles_reach(deployment):
    """The task's permissions cover its image's repository and its containers' log groups."""
    faults = []
    stack = deployment.demonstration
    allowed = {
        (action, resource)
        for role in stack.resources("AWS::IAM::Role").values()
        for policy in role.get("Policies", [])
        for statement in policy["PolicyDocument"]["Statement"]
        for action in ([statement["Action"]] if isinstance(statement["Action"], str) else statement["Action"])
        for resource in ([statement["Resource"]] if isinstance(statement["Resource"], str) else statement["Resource"])
    }
    where = f"{cfn.REGION}:{cfn.ACCOUNT}"
    for task in stack.resources("AWS::ECS::TaskDefinition").values():
        needed = {("ecr:GetAuthorizationToken", "*")}
        for container in task["ContainerDefinitions"]:
            repository = container["Image"].split("@")[0].split("/", 1)[1]
            group = container["LogConfiguration"]["Options"]["awslogs-group"]
            needed |= {(f"ecr:{a}", f"arn:aws:ecr:{where}:repository/{repository}") for a in ("BatchGetImage", "GetDownloadUrlForLayer")}
            needed |= {(f"logs:{a}", f"arn:aws:logs:{where}:log-group:{group}:log-stream:*") for a in ("CreateLogStream", "PutLogEvents")}
        faults += [f"the execution role may not {action} on {resource}" for action, resource in sorted(needed - allowed)]
    return faults
