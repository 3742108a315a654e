"""The sidecar in a container, run by its shipped container definition."""

import json
import time
import uuid

from build import ROOT
from ecs_agent import docker_run_options

DEFINITION = json.loads((ROOT / "container" / "container-definition.json").read_text())

# Short, so that a test takes seconds. Without properties, the endpoint's names are used.
QUICK = {
    "CLOCK_EMF_SAMPLE_INTERVAL": "200ms",
    "CLOCK_EMF_EMIT_INTERVAL": "1s",
    "CLOCK_EMF_EMIT_JITTER": "0s",
    "CLOCK_EMF_PROPERTIES": "",
}


class Sidecar:
    """One container of the image, shipping its log to the CloudWatch Logs server of the tests."""

    def __init__(self, engine, image, logs_endpoint, base, *, environment=QUICK, log_options=None):
        self.engine = engine
        self.image = image
        self.group = f"/ecs/test/{uuid.uuid4()}"
        variables = {"ECS_CONTAINER_METADATA_URI_V4": base} | environment
        driver = {
            "awslogs-endpoint": logs_endpoint,
            "awslogs-region": "us-east-1",
            "awslogs-group": self.group,
            "awslogs-create-group": "true",
        } | (log_options or {})
        # The host's network, since the endpoint and the server listen on its loopback.
        self.options = ["--network", "host"]
        self.options += docker_run_options(DEFINITION, environment=variables, log_options=driver)
        self.container = None

    def start(self, *command):
        """Starts the container in the background."""
        self.container = self.engine.run("run", "--detach", *self.options, self.image, *command).stdout.strip()
        return self

    def foreground_command(self, *command):
        """A command line that runs the container with separate stdout and stderr."""
        return self.engine.command("run", "--rm", *self.options, self.image, *command)

    def stop(self):
        """Stops it as ECS does, by SIGTERM first, and returns its exit code."""
        self.engine.run("stop", self.container)
        return int(self.engine.run("inspect", "--format", "{{.State.ExitCode}}", self.container).stdout)


def messages(logs, group):
    """All messages of a log group, in the order of their events; none if the group does not exist yet."""
    try:
        streams = logs.describe_log_streams(logGroupName=group)["logStreams"]
    except logs.exceptions.ResourceNotFoundException:
        return []
    found = []
    for stream in streams:
        token = None
        while True:
            page = logs.get_log_events(
                logGroupName=group, logStreamName=stream["logStreamName"], startFromHead=True,
                **({"nextToken": token} if token else {}),
            )  # fmt: skip
            found += [event["message"] for event in page["events"]]
            if page["nextForwardToken"] == token or not page["events"]:
                break
            token = page["nextForwardToken"]
    return found


def wait_until(condition, what, seconds=60):
    """Waits for a condition and returns its value; a failure names the condition."""
    deadline = time.monotonic() + seconds
    while not (value := condition()):
        if time.monotonic() > deadline:
            raise AssertionError(f"after {seconds} s there is still no {what}")
        time.sleep(0.05)
    return value
