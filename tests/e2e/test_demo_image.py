"""The image of the demonstration application: confined as the stack confines it, it shows the clock and stops in time."""

import json
import urllib.request

import build
import pytest
from sidecar import wait_until

CONFINED = ["--read-only", "--cap-drop", "ALL", "--security-opt", "no-new-privileges", "--network", "host"]


@pytest.fixture(scope="module")
def demo_image(engine):
    """The tag of the image, built from the Dockerfile."""
    build.static_demo()
    return build.image(engine, "demo", "clock-demo:test")


def listening_address(engine, container):
    said = engine.run("logs", container).stderr.splitlines()
    events = [json.loads(line) for line in said]
    return next((event["address"] for event in events if event["message"] == "listening"), None)


def test_it_answers_confined_and_ends_in_order(engine, demo_image, endpoint):
    config = json.loads(engine.run("image", "inspect", "--format", "{{json .Config}}", demo_image).stdout)
    assert config["User"] == "65532:65532"
    assert config["Entrypoint"] == ["/clock-demo"]

    proxy = endpoint("good")
    container = engine.run(
        "run", "--detach", *CONFINED, "--env", f"ECS_CONTAINER_METADATA_URI_V4={proxy.base}", demo_image,
        "--listen", "127.0.0.1:0",
    ).stdout.strip()  # fmt: skip
    address = wait_until(lambda: listening_address(engine, container), "listening application")
    with urllib.request.urlopen(f"http://{address}/clock", timeout=30) as answer:
        clock = json.load(answer)
    # The endpoint does not round; the output has whole nanoseconds.
    bounds = {round(drift["ClockErrorBound"], 6) for drift in proxy.served()}
    assert clock["verdict"] == "good" and clock["error_bound_ms"] in bounds
    with urllib.request.urlopen(f"http://{address}/", timeout=30) as answer:
        assert "Clock of this task" in answer.read().decode()

    engine.run("stop", container)
    assert engine.run("inspect", "--format", "{{.State.ExitCode}}", container).stdout.strip() == "0"
