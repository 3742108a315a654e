"""Tasks of the kit. `RunTask` starts them, not a service, so that nothing restarts them."""

import base64
import copy
import json
import zlib
from pathlib import Path

from kit.errors import KitError
from kit.state import TAG

TOP = Path(__file__).resolve().parents[3]
PYTHON_IMAGE = "public.ecr.aws/docker/library/python:3.13-alpine"
STOPPED = "STOPPED"
# How long a task may take to run or to stop.
START_S = 480


def shipped_task():
    """The project's own task definition with a ClockBound segment."""
    return json.loads((TOP / "container" / "clockbound-task-definition.json").read_text())


def shipped_sidecar():
    found, = [c for c in shipped_task()["containerDefinitions"] if c["name"] == "ecs-clock-emf"]
    return found


def log_configuration(run, group, stream_prefix):
    options = {
        "awslogs-group": group, "awslogs-region": run.region, "awslogs-stream-prefix": stream_prefix, "mode": "non-blocking",
        "max-buffer-size": "1m",
    }  # fmt: skip
    return {"logDriver": "awslogs", "options": options}


def sidecar(run, group, cluster, service, image="sidecar-clockbound", **environment):
    """The shipped sidecar, under the names of a synthetic service."""
    container = copy.deepcopy(shipped_sidecar())
    given = {v["name"]: v["value"] for v in container["environment"]}
    given |= {"CLOCK_EMF_PROPERTIES": f"ClusterName={cluster},ServiceName={service}", "CLOCK_EMF_NAMESPACE": run.namespace, **environment}
    container |= {
        "image": run.images[image], "environment": [{"name": name, "value": value} for name, value in given.items()],
        "logConfiguration": log_configuration(run, group, "clock"),
    }  # fmt: skip
    return container


def probe_container(run, seconds, prefix="probe"):
    source = zlib.compress((Path(__file__).parent / "probe.py").read_bytes(), 9)
    script = f"import base64,zlib;exec(zlib.decompress(base64.b64decode({base64.b64encode(source).decode()!r})))"
    return {
        "name": "probe", "image": run.options.probe_image or PYTHON_IMAGE, "essential": True, "memory": 256, "user": "65532:65532",
        "readonlyRootFilesystem": True, "linuxParameters": {"capabilities": {"drop": ["ALL"]}},
        "command": ["python3", "-c", script], "environment": [{"name": "PROBE_SECONDS", "value": str(seconds)}],
        "mountPoints": [{"sourceVolume": "clockbound", "containerPath": "/var/run/clockbound", "readOnly": True}],
        "logConfiguration": log_configuration(run, run.kit["ProbeGroup"], prefix),
    }  # fmt: skip


# Where the example endpoint answers, with the identity that it has by default.
ENDPOINT_ADDRESS = "127.0.0.1:51679"
ENDPOINT_URI = f"http://{ENDPOINT_ADDRESS}/v4/cd189a933e5849daa93386466019ab50-2495160603"


def played_task(run, group, service, schedule, seconds):
    """The real program in a real task, with a clock that the example endpoint plays: `good:360s,drifting:480s,good:1h`."""
    endpoint = {
        "name": "endpoint", "image": run.images["endpoint"], "essential": False, "memory": 32, "user": "65532:65532",
        "readonlyRootFilesystem": True, "linuxParameters": {"capabilities": {"drop": ["ALL"]}},
        "command": ["--listen", ENDPOINT_ADDRESS, "--schedule", schedule, "--drift-rate", "1",
                    "--cluster", run.drill_cluster, "--service", service],
        "logConfiguration": log_configuration(run, run.kit["ProbeGroup"], "endpoint"),
    }  # fmt: skip
    real = sidecar(run, group, run.drill_cluster, service, CLOCK_EMF_ENDPOINT=ENDPOINT_URI)
    return [real, endpoint, timer(run, seconds)]


def timer(run, seconds):
    """The only essential container of a task. It ends the task, even if this machine fails."""
    return {
        "name": "timer", "image": run.options.probe_image or PYTHON_IMAGE, "essential": True, "memory": 64, "user": "65532:65532",
        "readonlyRootFilesystem": True, "linuxParameters": {"capabilities": {"drop": ["ALL"]}},
        "command": ["python3", "-c", f"import signal,time;signal.signal(15,lambda *_:exit(0));time.sleep({seconds})"],
        "logConfiguration": log_configuration(run, run.kit["ProbeGroup"], "timer"),
    }  # fmt: skip


def probe_task(run, seconds):
    """The shipped task with the probe instead of the application. It does not wait for the segment, which K11 measures."""
    group = run.kit["ProbeGroup"]
    return [sidecar(run, group, run.drill_cluster, "probe", CLOCK_EMF_CROSS_CHECK="ntp"), probe_container(run, seconds)]


def register(run, family, containers, **changes):
    """Registers a task definition of the kit, and returns its ARN."""
    name = f"{run.prefix}-{family}"
    run.state.intend("task definition", name)
    shipped = shipped_task()
    definition = {
        "family": name, "requiresCompatibilities": ["FARGATE"], "networkMode": "awsvpc", "cpu": shipped["cpu"], "memory": shipped["memory"],
        "executionRoleArn": run.kit["ExecutionRole"], "volumes": shipped["volumes"], "containerDefinitions": containers,
        "runtimePlatform": {"cpuArchitecture": {"amd64": "X86_64", "arm64": "ARM64"}[run.options.arch], "operatingSystemFamily": "LINUX"},
        "tags": [{"key": TAG, "value": run.state.id}], **changes,
    }  # fmt: skip
    answer = run.aws.call("ecs", "RegisterTaskDefinition", **definition)
    return answer["taskDefinition"]["taskDefinitionArn"]


def start(run, definition, cluster=None, provider=None):
    """Starts one task on Fargate in the network of the demonstration, or by a capacity provider, and returns its ARN."""
    run.state.intend("task", definition.rpartition("/")[2])
    network = {"subnets": run.network["subnets"], "securityGroups": run.network["groups"], "assignPublicIp": "ENABLED"}
    where = {"launchType": "FARGATE", "networkConfiguration": {"awsvpcConfiguration": network}}
    if provider:
        where = {"capacityProviderStrategy": [{"capacityProvider": provider}]}
    answer = run.aws.call(
        "ecs", "RunTask", cluster=cluster or run.network["cluster"], taskDefinition=definition, count=1, startedBy=run.prefix,
        tags=[{"key": TAG, "value": run.state.id}], **where,
    )  # fmt: skip
    if answer.get("failures"):
        raise KitError(f"ecs:RunTask: {answer['failures'][0].get('reason')}")
    return answer["tasks"][0]["taskArn"]


def describe(run, arns, cluster=None):
    return run.aws.call("ecs", "DescribeTasks", cluster=cluster or run.network["cluster"], tasks=arns)["tasks"]


def until_status(run, arns, *wanted, seconds=START_S, cluster=None):
    """Yields until every task has one of the states; returns the tasks."""
    deadline = run.clock.now() + seconds
    while True:
        tasks = describe(run, arns, cluster)
        if len(tasks) == len(arns) and all(task["lastStatus"] in wanted for task in tasks):
            return tasks
        if run.clock.now() > deadline:
            states = ", ".join(sorted({f"{task['lastStatus']} {task.get('stoppedReason', '')}".strip() for task in tasks}))
            raise KitError(f"tasks were not {' or '.join(wanted)} after {seconds} s: {states or 'not listed'}")
        yield 10
