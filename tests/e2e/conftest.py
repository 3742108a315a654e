"""Fixtures of the end-to-end tests: an engine, a CloudWatch Logs server, the endpoint, the program and its image."""

import os
import subprocess
import sys
from pathlib import Path

import boto3
import build
import pytest
from docker_engine import DockerEngine
from moto.server import ThreadedMotoServer
from recording_proxy import RecordingProxy

REGION = "us-east-1"
# The templates are read with the modules of the suite that tests them.
sys.path.append(str(Path(__file__).resolve().parents[1] / "deploy"))


@pytest.fixture(scope="session")
def engine():
    """A Docker engine for the tests."""
    engine = DockerEngine()
    try:
        engine.start()
        yield engine
    finally:
        engine.stop()


@pytest.fixture(scope="session")
def logs_endpoint():
    """The address of a CloudWatch Logs server on a free loopback port."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture(scope="session")
def logs(logs_endpoint):
    """A CloudWatch Logs client that reads back what the driver sent."""
    return boto3.client(
        "logs", endpoint_url=logs_endpoint, region_name=REGION,
        aws_access_key_id="test", aws_secret_access_key="test",
    )  # fmt: skip


@pytest.fixture(scope="session")
def static_binary():
    """The sidecar as the image holds it: a static binary."""
    return build.static_binary("ecs-clock-emf")


@pytest.fixture(scope="session")
def image(engine, static_binary):
    """The tag of the sidecar's image, built from the Dockerfile."""
    return build.image(engine, "sidecar", "ecs-clock-emf:test")


@pytest.fixture(scope="session")
def endpoint_program():
    """The example that plays the task metadata endpoint."""
    from program import built

    return built("task-metadata-endpoint")


@pytest.fixture
def endpoint(endpoint_program):
    """A function that starts the endpoint with a scenario and returns a recording proxy in front of it."""
    started = []

    def start(scenario):
        program = subprocess.Popen(
            [endpoint_program, "--scenario", scenario], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True
        )
        started.append(program)
        name, _, base = program.stdout.readline().strip().partition("=")
        assert name == "ECS_CONTAINER_METADATA_URI_V4", f"the endpoint's first line names {name!r}"
        proxy = RecordingProxy(base)
        started.append(proxy)
        return proxy

    yield start
    for thing in reversed(started):
        if isinstance(thing, RecordingProxy):
            thing.close()
        else:
            thing.kill()
            thing.wait()
            thing.stdout.close()


@pytest.fixture(autouse=True, scope="session")
def no_proxy():
    """Disables proxies for addresses of this machine."""
    before = os.environ.get("NO_PROXY")
    os.environ["NO_PROXY"] = "127.0.0.1,localhost"
    yield
    if before is None:
        del os.environ["NO_PROXY"]
    else:
        os.environ["NO_PROXY"] = before
