"""A full task: the shipped sidecar makes it invalid, and the steps in container/README.md fix that."""

import copy
import json
import re
from pathlib import Path

from definition import CONTAINER, SIDECAR
from ecs_shape import faults

DATA = Path(__file__).resolve().parent / "data"


def load(name):
    return json.loads((DATA / name).read_text())


def reserved(container):
    """The memory that ECS counts: the reservation, or else the limit."""
    return container.get("memoryReservation", container.get("memory", 0))


def misfits(task):
    """Requests of the containers beyond the task's size, as sentences."""
    containers = task["containerDefinitions"]
    cpu, memory = sum(each.get("cpu", 0) for each in containers), sum(map(reserved, containers))
    found = []
    if cpu > int(task["cpu"]):
        found.append(f"cpu {cpu} of {task['cpu']}")
    if memory > int(task["memory"]):
        found.append(f"memory {memory} of {task['memory']}")
    found += [f"{each['name']}: memory {each['memory']}" for each in containers if each.get("memory", 0) > int(task["memory"])]
    return found


def test_the_shipped_sidecar_does_not_fit():
    assert misfits(load("full-task.json")) == ["cpu 528 of 512", "memory 1040 of 1024"]


def test_the_documented_steps_make_it_fit():
    """Follows the two documented steps."""
    section = (CONTAINER / "README.md").read_text().split("\n## A task that is full\n")[1].split("\n## ")[0]
    assert "Leave out the sidecar's `cpu`" in section
    lowered = int(re.search(r"lower the `memory`[^.]* by (\d+)", section)[1])

    task = copy.deepcopy(load("full-task.json"))
    *others, sidecar = task["containerDefinitions"]
    assert sidecar["name"] == SIDECAR
    del sidecar["cpu"]
    largest = max(others, key=reserved)
    largest["memory"] -= lowered
    assert misfits(task) == []
    assert faults(task) == []


def test_either_step_alone_is_not_enough():
    for step in ("cpu", "memory"):
        task = load("full-task.json")
        if step == "cpu":
            del task["containerDefinitions"][-1]["cpu"]
        else:
            task["containerDefinitions"][0]["memory"] -= 16
        assert misfits(task) != []


def test_the_shipped_task_has_room():
    assert misfits(json.loads((CONTAINER / "task-definition.json").read_text())) == []
