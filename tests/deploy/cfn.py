"""Reads CloudFormation templates and resolves their intrinsic functions as far as these templates use them."""

import re
from pathlib import Path

import yaml

TOP = Path(__file__).resolve().parents[2]
SAM = TOP / "sam"

ACCOUNT = "123456789012"
# The Makefile's limit for STACK: the demonstration's cluster has the stack's name, and observability.yaml accepts no longer name.
LONGEST_STACK_NAME = 110
REGION = "eu-west-1"
NO_VALUE = object()
PSEUDO = {
    "AWS::AccountId": ACCOUNT,
    "AWS::Region": REGION,
    "AWS::Partition": "aws",
    "AWS::URLSuffix": "amazonaws.com",
    "AWS::NoValue": NO_VALUE,
}
# The property that `Ref` returns, for the types whose name the template sets.
NAMED_BY = {
    "AWS::CloudWatch::Alarm": "AlarmName",
    "AWS::CloudWatch::CompositeAlarm": "AlarmName",
    "AWS::CloudWatch::Dashboard": "DashboardName",
    "AWS::CloudWatch::LogAlarm": "AlarmName",
    "AWS::ECR::Repository": "RepositoryName",
    "AWS::ECS::Cluster": "ClusterName",
    "AWS::Logs::LogGroup": "LogGroupName",
}


class _Loader(yaml.CSafeLoader):
    """YAML with CloudFormation's short forms, `!Sub` and the like. Written in C, since every seeded defect parses all templates."""


def _short_form(loader, suffix, node):
    if isinstance(node, yaml.ScalarNode):
        value = loader.construct_scalar(node)
    elif isinstance(node, yaml.SequenceNode):
        value = loader.construct_sequence(node, deep=True)
    else:
        value = loader.construct_mapping(node, deep=True)
    if suffix == "GetAtt" and isinstance(value, str):
        value = value.split(".", 1)
    return {suffix if suffix in ("Ref", "Condition") else f"Fn::{suffix}": value}


_Loader.add_multi_constructor("!", _short_form)


def parse(text):
    """A template's text as plain data, every intrinsic function in its long form."""
    return yaml.load(text, _Loader)


class Stack:
    """One template with parameter values: what CloudFormation would create from it.

    Raises ValueError where the template names a parameter, resource, condition or map entry that it does not have.
    """

    def __init__(self, template, parameters=None, name="stack", nested=None):
        self.template = template
        self.name = name
        self.nested = nested or {}
        # A test's changes to PSEUDO.
        self.pseudo = {}
        declared = template.get("Parameters", {})
        unknown = set(parameters or {}) - set(declared)
        if unknown:
            raise ValueError(f"no such parameters: {sorted(unknown)}")
        self.parameters = {key: spec["Default"] for key, spec in declared.items() if "Default" in spec} | (parameters or {})
        missing = set(declared) - set(self.parameters)
        if missing:
            raise ValueError(f"parameters without a value: {sorted(missing)}")
        self._properties = {}

    def resources(self, kind=None):
        """Resolved properties by logical id, of those resources (of one type) that are created."""
        return {
            logical: self.properties(logical)
            for logical, resource in self.template["Resources"].items()
            if kind in (None, resource["Type"]) and self.exists(logical)
        }

    def exists(self, logical):
        condition = self.template["Resources"][logical].get("Condition")
        return condition is None or self._condition(condition)

    def properties(self, logical):
        if logical not in self._properties:
            self._properties[logical] = self.resolve(self._resource(logical).get("Properties", {}))
        return self._properties[logical]

    def outputs(self):
        return {
            key: self.resolve(output["Value"])
            for key, output in self.template.get("Outputs", {}).items()
            if "Condition" not in output or self._condition(output["Condition"])
        }

    def depends_on(self, logical):
        """The logical ids in a resource's DependsOn."""
        depends_on = self._resource(logical).get("DependsOn", [])
        return [depends_on] if isinstance(depends_on, str) else depends_on

    def at_its_longest(self):
        """The same stack under the longest name, every parameter that has a MaxLength and takes any letters as long as that."""
        longest = {key: "x" * spec["MaxLength"] for key, spec in self.template.get("Parameters", {}).items() if "MaxLength" in spec}
        fitting = {
            key: text for key, text in longest.items() if re.search(self.template["Parameters"][key].get("AllowedPattern", ""), text)
        }
        return Stack(self.template, self.parameters | fitting, "s" * LONGEST_STACK_NAME, self.nested)

    def child(self, logical):
        """The nested stack behind an AWS::Serverless::Application."""
        properties = self.properties(logical)
        location = properties["Location"]
        if location not in self.nested:
            raise ValueError(f"{logical}: no such template: {location}")
        return Stack(self.nested[location], properties.get("Parameters", {}), f"{self.name}-{logical}")

    def resolve(self, value):
        if isinstance(value, list):
            return [item for item in map(self.resolve, value) if item is not NO_VALUE]
        if not isinstance(value, dict):
            return value
        if len(value) == 1:
            (function, argument), = value.items()
            if function == "Ref":
                return self._ref(argument)
            if function.startswith("Fn::"):
                return self._call(function, argument)
        resolved = {key: self.resolve(item) for key, item in value.items()}
        return {key: item for key, item in resolved.items() if item is not NO_VALUE}

    def _resource(self, logical):
        try:
            return self.template["Resources"][logical]
        except KeyError:
            raise ValueError(f"no such resource: {logical}") from None

    def _ref(self, name):
        if name == "AWS::StackName":
            return self.name
        if name == "AWS::StackId":
            return f"arn:aws:cloudformation:{REGION}:{ACCOUNT}:stack/{self.name}/01234567-89ab-cdef-0123-456789abcdef"
        if name in PSEUDO:
            return self.pseudo.get(name, PSEUDO[name])
        if name in self.parameters:
            value = self.parameters[name]
            is_list = self.template["Parameters"][name]["Type"] == "CommaDelimitedList"
            return value.split(",") if is_list and isinstance(value, str) else value
        kind = self._resource(name)["Type"]
        if NAMED_BY.get(kind) in self.properties(name):
            return self.properties(name)[NAMED_BY[kind]]
        return f"{self.name}-{name}"

    def _get_att(self, logical, attribute):
        kind = self._resource(logical)["Type"]
        if attribute.startswith("Outputs."):
            outputs = self.child(logical).outputs()
            key = attribute.removeprefix("Outputs.")
            if key not in outputs:
                raise ValueError(f"{logical} has no output {key}")
            return outputs[key]
        return f"attribute:{kind}:{self._ref(logical)}:{attribute}"

    def _call(self, function, argument):
        if function == "Fn::Sub":
            return self._sub(argument)
        if function == "Fn::GetAtt":
            return self._get_att(*argument)
        if function == "Fn::FindInMap":
            name, top, second = map(self.resolve, argument)
            try:
                return self.template["Mappings"][name][top][second]
            except KeyError:
                raise ValueError(f"no such map entry: {name}.{top}.{second}") from None
        if function == "Fn::If":
            condition, then, otherwise = argument
            return self.resolve(then if self._condition(condition) else otherwise)
        if function == "Fn::GetAZs":
            return [f"{REGION}{zone}" for zone in "abc"]
        if function == "Fn::Select":
            index, items = argument
            return self.resolve(items)[int(index)]
        if function == "Fn::Join":
            delimiter, items = argument
            return delimiter.join(map(str, self.resolve(items)))
        if function == "Fn::Split":
            delimiter, text = argument
            return self.resolve(text).split(delimiter)
        raise ValueError(f"unknown function: {function}")

    def _sub(self, argument):
        text, variables = (argument, {}) if isinstance(argument, str) else argument

        def replace(match):
            name = match[1]
            if name in variables:
                return str(self.resolve(variables[name]))
            if "." in name:
                return str(self._get_att(*name.split(".", 1)))
            return str(self._ref(name))

        return re.sub(r"\$\{([^!}][^}]*)\}", replace, text)

    def _condition(self, name):
        if name not in self.template.get("Conditions", {}):
            raise ValueError(f"no such condition: {name}")
        return self._truth(self.template["Conditions"][name])

    def rule_faults(self):
        """The violations of the template's rules by the parameters."""
        return [
            assertion["AssertDescription"]
            for rule in self.template.get("Rules", {}).values()
            if self._truth(rule["RuleCondition"])
            for assertion in rule["Assertions"]
            if not self._truth(assertion["Assert"])
        ]

    def with_parameters(self, **parameters):
        """The same stack with some parameters changed."""
        return Stack(self.template, self.parameters | parameters, self.name, self.nested)

    def _truth(self, expression):
        (function, argument), = expression.items()
        if function == "Fn::Equals":
            left, right = map(self.resolve, argument)
            return str(left) == str(right)
        if function == "Fn::Not":
            return not self._truth(argument[0])
        if function in ("Fn::And", "Fn::Or"):
            return (all if function == "Fn::And" else any)([self._truth(part) for part in argument])
        if function == "Condition":
            return self._condition(argument)
        raise ValueError(f"unknown function in a condition: {function}")


IMAGE = f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/ecs-clock-emf@sha256:" + "0" * 64

TOPIC = f"arn:aws:sns:{REGION}:{ACCOUNT}:on-call"
LOG_GROUP = "/ecs/clock/production/ledger"
LOG_GROUP_ARN = f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:{LOG_GROUP}"

# The required parameters, and every option switched on, so that all resources exist.
OBSERVABILITY_PARAMETERS = {
    "ClusterName": "production", "ServiceName": "ledger", "AlarmEmail": "team@example.com", "WorstTasksRule": "Enabled",
    "CrossCheck": "ntp",
}
TASK_ALARMS_PARAMETERS = {
    "AlarmPrefix": "production-ledger", "LogGroupArns": LOG_GROUP_ARN, "AlarmEmail": "team@example.com", "PairDistanceMs": "10",
}
FLEET_PARAMETERS = {"AlarmEmail": "team@example.com"}
# A service of a fleet, with alarms for rollback.
MEMBER_PARAMETERS = {
    "ClusterName": "production", "ServiceName": "ledger", "Fleet": "true", "DeploymentAlarms": "true", "PageTopicArn": TOPIC,
}
TEMPLATE_PARAMETERS = {
    "SidecarImage": IMAGE, "DemoImage": IMAGE, "AlarmEmail": "team@example.com", "WorstTasksRule": "Enabled",
    "AllowedCidr": "203.0.113.7/32", "TaskAlarms": "Enabled",
}


class Deployment:
    """The stacks as the project ships them, or with some files' texts replaced (`{"template.yaml": text}`)."""

    def __init__(self, replaced=None):
        texts = {path.name: path.read_text() for path in SAM.glob("*.yaml")} | (replaced or {})
        self.templates = {name: parse(text) for name, text in texts.items()}
        nested = {f"./{name}": template for name, template in self.templates.items()}
        self.registry = Stack(self.templates["registry.yaml"], name="ecs-clock-emf-registry")
        self.observability = Stack(self.templates["observability.yaml"], OBSERVABILITY_PARAMETERS, "clock-ledger")
        self.task_alarms = Stack(self.templates["task-alarms.yaml"], TASK_ALARMS_PARAMETERS, "clock-ledger-tasks")
        self.fleet = Stack(self.templates["fleet.yaml"], FLEET_PARAMETERS, "clock-fleet")
        self.member = Stack(self.templates["observability.yaml"], MEMBER_PARAMETERS, "clock-ledger")
        self.demonstration = Stack(self.templates["template.yaml"], TEMPLATE_PARAMETERS, "ecs-clock-emf", nested)

    @property
    def stacks(self):
        return {
            "observability": self.observability, "registry": self.registry, "task alarms": self.task_alarms,
            "demonstration": self.demonstration, "fleet": self.fleet, "member of a fleet": self.member,
        }  # fmt: skip
