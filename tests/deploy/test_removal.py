"""Taking the sidecar out: the steps of the README against a stand-in for ECS that rejects tasks whose log group is gone.

The stand-in answers what the steps call. Like Fargate, it starts a task only if every container's log group exists, whether the
container is essential or not; running tasks it leaves alone. A service is stable once all of its tasks run the newest revision.
"""

import copy
import json
import re
from dataclasses import dataclass, field

import pytest
from cfn import LOG_GROUP, TOP, Deployment
from test_readme import described, next_revision, section

REFUSED = "ResourceInitializationError: failed to validate logger args"
SERVICE_GROUP = "/ecs/my-service"


@dataclass
class Account:
    """Log groups, a service's revisions and its running tasks, by the number of their revision."""

    groups: set
    revisions: list
    desired: int = 2
    tasks: list = field(default_factory=list)
    refused: list = field(default_factory=list)

    def start(self, revision):
        """Starts a task, or records why not."""
        for container in self.revisions[revision]["containerDefinitions"]:
            group = container["logConfiguration"]["options"]["awslogs-group"]
            if group not in self.groups:
                self.refused.append(f"{REFUSED}: {container['name']}: the log group {group} does not exist")
                return False
        self.tasks.append(revision)
        return True

    def deploy(self):
        """A rolling deployment of the newest revision: an old task goes only when a new one runs. True once it is stable."""
        newest = len(self.revisions) - 1
        while self.tasks.count(newest) < self.desired:
            if not self.start(newest):
                return False
            for old in [task for task in self.tasks if task != newest][:1]:
                self.tasks.remove(old)
        return True

    def replace_a_task(self):
        """A host is retired, and a task of the same revision replaces its task."""
        return self.start(self.tasks.pop(0))

    def delete_stack(self, stack):
        """Deletes the log groups of a stack, except for retained ones."""
        for logical, group in stack.resources("AWS::Logs::LogGroup").items():
            if not stack.template["Resources"][logical].get("DeletionPolicy", "Delete").startswith("Retain"):
                self.groups.discard(group["LogGroupName"])


def definition(folder, heading, task):
    return next_revision(heading, described(task, []), folder)


@pytest.fixture
def account(tmp_path):
    """A service that runs with the sidecar, which the README's commands have added."""
    plain = json.loads((TOP / "container" / "task-definition.json").read_text())
    plain["containerDefinitions"] = plain["containerDefinitions"][:1]
    plain["containerDefinitions"][0]["logConfiguration"]["options"]["awslogs-group"] = SERVICE_GROUP
    watched = definition(tmp_path, "For a service you have", plain)
    watched["containerDefinitions"][1]["logConfiguration"]["options"]["awslogs-group"] = LOG_GROUP
    account = Account({SERVICE_GROUP, LOG_GROUP}, [plain, watched])
    assert account.deploy()
    return account


@pytest.fixture
def stack():
    return Deployment().observability


def deleting(stack):
    """The same stack if it did not keep its log group, as in version 0.2.0."""
    changed = copy.copy(stack)
    changed.template = copy.deepcopy(stack.template)
    changed.template["Resources"]["LogGroup"]["DeletionPolicy"] = "Delete"
    return changed


def test_in_the_readmes_order_every_task_starts(account, stack, tmp_path):
    account.revisions.append(definition(tmp_path, "Take it out again", account.revisions[-1]))
    assert account.deploy() and account.tasks == [2, 2]
    account.delete_stack(stack)
    account.groups.discard(LOG_GROUP)
    assert account.replace_a_task() and account.refused == []


def test_the_stack_first_is_survived_too(account, stack):
    """The log group outlives the stack, so nothing that runs or starts again depends on the order."""
    account.delete_stack(stack)
    assert LOG_GROUP in account.groups and account.replace_a_task() and account.refused == []


def test_without_its_log_group_no_task_starts(account, stack):
    """What 0.2.0 did to an application: the container is not essential, and its task does not start."""
    account.delete_stack(deleting(stack))
    assert account.revisions[-1]["containerDefinitions"][1]["essential"] is False
    assert not account.replace_a_task() and account.refused[0].startswith(REFUSED)
    assert not account.deploy(), "nor does a deployment of the same revision become stable"


def test_the_group_before_the_revision_is_stable_stops_replacements(account, stack, tmp_path):
    """Why the README waits for services-stable: an old task that is replaced in between does not start."""
    account.revisions.append(definition(tmp_path, "Take it out again", account.revisions[-1]))
    account.groups.discard(LOG_GROUP)
    assert not account.start(1) and account.refused


def test_a_rollback_to_a_watched_revision_needs_the_group(account, stack, tmp_path):
    """Why the log group goes last, if at all."""
    account.revisions.append(definition(tmp_path, "Take it out again", account.revisions[-1]))
    assert account.deploy()
    account.delete_stack(stack)
    account.revisions.append(account.revisions[1])
    assert account.deploy()


def test_the_readme_has_this_order():
    text = section("Take it out again")
    steps = ["register-task-definition", "update-service", "wait services-stable", "delete-stack", "delete-log-group"]
    places = [text.index(step) for step in steps]
    assert places == sorted(places)


def test_the_readme_names_what_keeps_a_task_from_starting():
    text = section("What keeps a task from starting")
    for cause in ("log group does not exist", "may not write", "no route to CloudWatch Logs", "image is gone", "may not pull", "1.86.0"):
        assert cause in text, cause
    assert REFUSED in text and "CannotPullContainerError" in text
    assert len(re.findall(r"^\| (?!cause|---)", text, re.MULTILINE)) >= 9
