"""CloudFormation: creates the resources of the project's real templates, and deletes them in the order that AWS requires."""

from dataclasses import dataclass, field
from functools import cached_property, lru_cache

from cfn import Stack, parse
from standins.cloud import ACCOUNT, REGION, Refused, paged

CREATE_S, DELETE_S = 45, 30
# Kept when their stack is deleted.
KEPT = ("Retain", "RetainExceptOnCreate")


@lru_cache
def parsed(text):
    return parse(text)


class LiveStack(Stack):
    """A stack whose references are ARNs and URLs where AWS has those."""

    def __init__(self, *arguments):
        super().__init__(*arguments)
        self._children = {}

    @cached_property
    def described(self):
        return [{"OutputKey": key, "OutputValue": str(value)} for key, value in self.outputs().items()]

    def _ref(self, name):
        kind = self.template["Resources"].get(name, {}).get("Type")
        if kind == "AWS::SNS::Topic":
            return f"arn:aws:sns:{REGION}:{ACCOUNT}:{self.name}-{name}"
        if kind == "AWS::SQS::Queue":
            return f"https://sqs.{REGION}.amazonaws.com/{ACCOUNT}/{self.properties(name)['QueueName']}"
        if kind == "AWS::S3::Bucket":
            return self.properties(name)["BucketName"]
        return super()._ref(name)

    def _get_att(self, logical, attribute):
        kind = self.template["Resources"].get(logical, {}).get("Type")
        if kind == "AWS::SQS::Queue":
            return f"arn:aws:sqs:{REGION}:{ACCOUNT}:{self.properties(logical)['QueueName']}"
        if kind == "AWS::Logs::LogGroup":
            return f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:{self.properties(logical)['LogGroupName']}"
        if kind == "AWS::IAM::Role":
            return f"arn:aws:iam::{ACCOUNT}:role/{self.properties(logical).get('RoleName', f'{self.name}-{logical}')}"
        if kind == "AWS::ECR::Repository":
            return f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/{self.properties(logical)['RepositoryName']}"
        return super()._get_att(logical, attribute)

    def child(self, logical):
        if logical not in self._children:
            properties = self.properties(logical)
            self._children[logical] = LiveStack(self.nested[properties["Location"]], properties.get("Parameters", {}), f"{self.name}-{logical}", self.nested)
        return self._children[logical]


@lru_cache
def living(name, text, parameters, bodies):
    """A stack with everything resolved; the same in every run under the same name, since that takes most of the time."""
    return LiveStack(parsed(text), dict(parameters), name, {url: parsed(body.decode()) for url, body in bodies})


@dataclass
class Record:
    """A stack in its present state."""

    name: str
    live: LiveStack
    tags: list
    created: float
    parent: str | None = None
    resources: list = field(default_factory=list)
    deleting: float | None = None
    status: str | None = None
    # Of a change set: what it would change.
    changes: list = field(default_factory=list)


class CloudFormation:
    def __init__(self, cloud, world, faults):
        self._cloud, self._world, self._faults = cloud, world, faults
        self.stacks, self._drifts = {}, {}
        # How each type is created and deleted; other types only have a name.
        self.makers = world.makers()

    # ---- creation

    def CreateStack(self, StackName, Parameters, Tags, Capabilities, OnFailure, TemplateBody=None, TemplateURL=None):
        if StackName in self.stacks:
            raise Refused("AlreadyExistsException")
        bodies = self._world.objects_by_url()
        text = TemplateBody or bodies[TemplateURL].decode()
        live = living(StackName, text, tuple((p["ParameterKey"], p["ParameterValue"]) for p in Parameters), tuple(sorted(bodies.items())))
        if any(resource["Type"] == self._faults.unknown_type for resource in live.template["Resources"].values()):
            raise Refused("ValidationError", f"Template format error: Unrecognized resource types: [{self._faults.unknown_type}]")
        if faults := live.rule_faults():
            raise Refused("ValidationError", "; ".join(faults))
        self._create(StackName, live, Tags, None)
        return {"StackId": self._id(StackName)}

    def _create(self, name, live, tags, parent):
        record = self.stacks[name] = Record(name, live, tags, self._cloud.time, parent)
        for logical, resource in live.template["Resources"].items():
            if not live.exists(logical):
                continue
            kind, properties = resource["Type"], live.properties(logical)
            if kind == "AWS::Serverless::Application":
                child = live.child(logical)
                self._create(child.name, child, tags, name)
                record.resources.append(("AWS::CloudFormation::Stack", logical, self._id(child.name), None))
                continue
            physical = str(live._ref(logical))
            make, _ = self.makers.get(kind, (None, None))
            if make:
                physical = make(physical, properties, {t["Key"]: t["Value"] for t in tags}) or physical
            if kind not in self.makers and kind.startswith("AWS::EC2"):
                self._cloud.tagged[f"arn:aws:ec2:{REGION}:{ACCOUNT}:resource/{physical}"] = tags
            record.resources.append((kind, logical, physical, resource.get("DeletionPolicy")))

    @staticmethod
    def _id(name):
        return f"arn:aws:cloudformation:{REGION}:{ACCOUNT}:stack/{name}/01234567-89ab-cdef-0123-456789abcdef"

    def _find(self, name):
        name = name.split("/")[1] if name.startswith("arn:") else name
        self._advance()
        if name not in self.stacks:
            raise Refused("ValidationError", f"Stack with id {name} does not exist")
        return self.stacks[name]

    def _advance(self):
        """Removes the stacks whose deletion is complete, with their resources."""
        for record in list(self.stacks.values()):
            if record.deleting is not None and self._cloud.time - record.deleting >= DELETE_S and record.status is None and record.parent is None:
                problem = self._remove(record)
                if problem:
                    record.status, record.deleting = "DELETE_FAILED", None

    def _remove(self, record):
        for kind, _, physical, policy in reversed(record.resources):
            if kind == "AWS::CloudFormation::Stack":
                child = self.stacks.get(physical.split("/")[1])
                if child and (problem := self._remove(child)):
                    return problem
                continue
            _, unmake = self.makers.get(kind, (None, None))
            if unmake and policy not in KEPT and (problem := unmake(physical)):
                return problem
            self._cloud.tagged.pop(f"arn:aws:ec2:{REGION}:{ACCOUNT}:resource/{physical}", None)
        self.stacks.pop(record.name, None)
        return None

    # ---- the API

    def _status(self, record):
        if record.status:
            return record.status
        if record.deleting is not None:
            return "DELETE_IN_PROGRESS"
        if record.name.endswith(self._faults.failing_stack or "-"):
            return "ROLLBACK_COMPLETE"
        return "CREATE_COMPLETE" if self._cloud.time - record.created >= CREATE_S else "CREATE_IN_PROGRESS"

    def _described(self, record):
        parent = {"ParentId": self._id(record.parent)} if record.parent else {}
        return {
            "StackName": record.name, "StackId": self._id(record.name), "CreationTime": self._cloud.moment(record.created),
            "StackStatus": self._status(record), "Tags": record.tags, "Outputs": record.live.described, **parent,
        }  # fmt: skip

    def DescribeStacks(self, StackName=None, NextToken=None):
        self._advance()
        found = [self._find(StackName)] if StackName else list(self.stacks.values())
        return paged([self._described(record) for record in found], "Stacks", 5, NextToken, "NextToken")

    def DescribeStackResources(self, StackName):
        record = self._find(StackName)
        return {"StackResources": [
            {"LogicalResourceId": logical, "PhysicalResourceId": physical, "ResourceType": kind, "ResourceStatus": "CREATE_COMPLETE",
             "Timestamp": self._cloud.moment(record.created), "StackName": record.name}
            for kind, logical, physical, _ in record.resources
        ]}  # fmt: skip

    def DescribeStackEvents(self, StackName):
        record = self._find(StackName)
        events = [{"StackId": self._id(record.name), "EventId": "1", "StackName": record.name, "LogicalResourceId": "Service",
                   "Timestamp": self._cloud.moment(record.created), "ResourceStatus": "CREATE_FAILED", "ResourceStatusReason": "seeded"}]  # fmt: skip
        return {"StackEvents": events if self._status(record) == "ROLLBACK_COMPLETE" else []}

    def DeleteStack(self, StackName):
        self._advance()
        if (record := self.stacks.get(StackName)) and record.deleting is None:
            record.deleting, record.status = self._cloud.time, None
        return {}

    def DetectStackDrift(self, StackName):
        record = self._find(StackName)
        id = f"drift-{len(self._drifts)}"
        self._drifts[id] = (record.name, self._cloud.time + 15)
        return {"StackDriftDetectionId": id}

    def DescribeStackDriftDetectionStatus(self, StackDriftDetectionId):
        name, ready = self._drifts[StackDriftDetectionId]
        answer = {"StackId": self._id(name), "StackDriftDetectionId": StackDriftDetectionId, "Timestamp": self._cloud.moment(ready)}
        if self._cloud.time < ready:
            return answer | {"DetectionStatus": "DETECTION_IN_PROGRESS"}
        drifted = bool(self._faults.drift and name.endswith(self._faults.drift))
        return answer | {"DetectionStatus": "DETECTION_COMPLETE", "StackDriftStatus": "DRIFTED" if drifted else "IN_SYNC"}

    def DescribeStackResourceDrifts(self, StackName, StackResourceDriftStatusFilters):
        record = self._find(StackName)
        return {"StackResourceDrifts": [
            {"StackId": self._id(record.name), "LogicalResourceId": "LogGroup", "ResourceType": "AWS::Logs::LogGroup",
             "StackResourceDriftStatus": "MODIFIED", "Timestamp": self._cloud.moment(self._cloud.time)}
        ]}  # fmt: skip

    def CreateChangeSet(self, StackName, ChangeSetName, ChangeSetType, TemplateURL, Parameters, Capabilities, IncludeNestedStacks):
        record = self._find(StackName)
        given = {p["ParameterKey"]: p["ParameterValue"] for p in Parameters}
        changed = [key for key, value in given.items() if str(record.live.parameters.get(key)) != value]
        record.changes = [
            {"Type": "Resource", "ResourceChange": {"Action": "Modify", "LogicalResourceId": logical, "ResourceType": kind}}
            for kind, logical, _, _ in record.resources if changed or kind == "AWS::CloudFormation::Stack"
        ]  # fmt: skip
        return {"Id": ChangeSetName, "StackId": self._id(record.name)}

    def DescribeChangeSet(self, StackName, ChangeSetName):
        return {"ChangeSetName": ChangeSetName, "Status": "CREATE_COMPLETE", "Changes": self._find(StackName).changes}

    def DeleteChangeSet(self, StackName, ChangeSetName):
        return {}
