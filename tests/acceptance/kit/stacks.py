"""Creates the stacks: templates to the kit's own bucket, images to its own repository, then each stack once."""

import re
from pathlib import Path

from kit.errors import KitError
from kit.state import TAG

TOP = Path(__file__).resolve().parents[3]
SAM = TOP / "sam"
KIT = Path(__file__).parent / "kit.yaml"
CAPABILITIES = ["CAPABILITY_IAM", "CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND"]
DONE = {"CREATE_COMPLETE", "UPDATE_COMPLETE"}
POLL_S = 10
LONGEST_S = 1200
GONE = {"ValidationError"}


def parameters_of(text):
    """The names of a template's parameters: the kit gives only what a template knows."""
    block = re.search(r"^Parameters:\n((?:[ #].*\n|\n)*)", text, re.MULTILINE)
    return re.findall(r"^  ([A-Za-z0-9]+):", block[1], re.MULTILINE) if block else []


def with_locations(text, urls):
    """The demonstration's template with the uploaded templates instead of the files beside it, as `sam package` makes it."""
    return re.sub(r"Location: \./([\w.-]+)", lambda match: f"Location: {urls[match[1]]}", text)


class Stacks:
    """The stacks of one run."""

    def __init__(self, run):
        self._run = run

    def find(self, name):
        answer = self._run.aws.find("cloudformation", "DescribeStacks", GONE, StackName=name)
        return answer["Stacks"][0] if answer and answer["Stacks"] else None

    def outputs(self, name):
        stack = self.find(name)
        if stack is None:
            raise KitError(f"stack {name} is gone")
        return {output["OutputKey"]: output["OutputValue"] for output in stack.get("Outputs", [])}

    def resources(self, name):
        answer = self._run.aws.call("cloudformation", "DescribeStackResources", StackName=name)
        return [(resource["ResourceType"], resource.get("PhysicalResourceId", "")) for resource in answer["StackResources"]]

    def begin(self, name, template, parameters):
        """Creates the stack, unless it is there. A stack whose creation failed before is deleted first."""
        stack = self.find(name)
        if stack and (stack["StackStatus"].endswith("FAILED") or "ROLLBACK" in stack["StackStatus"]):
            self._run.aws.call("cloudformation", "DeleteStack", StackName=name)
            self._wait_until_gone(name)
            stack = None
        if stack:
            return
        self._run.say(f"creating stack {name}")
        self._run.state.intend("stack", name)
        self._run.aws.call(
            "cloudformation", "CreateStack", StackName=name, Capabilities=CAPABILITIES, OnFailure="ROLLBACK",
            Parameters=[{"ParameterKey": key, "ParameterValue": str(value)} for key, value in parameters.items()],
            Tags=[{"Key": TAG, "Value": self._run.state.id}], **template,
        )  # fmt: skip

    def wait(self, *names):
        """Waits until each stack is complete; reports what failed first in one that is not."""
        deadline = self._run.clock.now() + LONGEST_S
        for name in names:
            while True:
                stack = self.find(name)
                status = stack["StackStatus"] if stack else "gone"
                if status in DONE:
                    break
                if not status.endswith("IN_PROGRESS") or "ROLLBACK" in status:
                    raise KitError(f"stack {name}: {status}: {self._first_failure(name)}")
                if self._run.clock.now() > deadline:
                    raise KitError(f"stack {name}: still {status} after {LONGEST_S} s")
                self._run.clock.sleep(POLL_S)

    def _first_failure(self, name):
        answer = self._run.aws.find("cloudformation", "DescribeStackEvents", GONE, StackName=name)
        failed = [event for event in (answer or {}).get("StackEvents", []) if event.get("ResourceStatus", "").endswith("FAILED")]
        return f"{failed[-1]['LogicalResourceId']}: {failed[-1].get('ResourceStatusReason', 'no reason')}" if failed else "no event says why"

    def _wait_until_gone(self, name):
        deadline = self._run.clock.now() + LONGEST_S
        while (stack := self.find(name)) and stack["StackStatus"] != "DELETE_COMPLETE":
            if stack["StackStatus"] == "DELETE_FAILED" or self._run.clock.now() > deadline:
                raise KitError(f"stack {name} cannot be deleted: {stack['StackStatus']}: {self._first_failure(name)}")
            self._run.clock.sleep(POLL_S)

    def upload(self, bucket):
        """`{file name: URL}` of the project's templates."""
        suffix = "amazonaws.com.cn" if self._run.region.startswith("cn-") else "amazonaws.com"
        urls = {path.name: f"https://{bucket}.s3.{self._run.region}.{suffix}/{path.name}" for path in sorted(SAM.glob("*.yaml"))}
        for path in sorted(SAM.glob("*.yaml")):
            body = with_locations(path.read_text(), urls)
            self._run.aws.call("s3", "PutObject", Bucket=bucket, Key=path.name, Body=body.encode())
        return urls


def fitting(template_file, parameters):
    """Those of the parameters that the template has."""
    known = parameters_of((SAM / template_file).read_text())
    return {name: value for name, value in parameters.items() if name in known}
