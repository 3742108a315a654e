"""The Compose file of a laptop, built and run as a user does it: the three containers meet on one loopback."""

import json
import os
import subprocess
import sys
from pathlib import Path

import build
import pytest
import yaml
from emf_extract import extract
from sidecar import wait_until

sys.path.append(str(Path(__file__).resolve().parents[1] / "ways"))
import compose

PROJECT = "clock-laptop-test"
SIDECAR = "ecs-clock-emf"


class Laptop:
    """The Compose project on the engine of the tests."""

    def __init__(self, engine, folder):
        self.engine = engine
        # Published ports need the bridge, which this engine does not have.
        shipped = yaml.safe_load(compose.FILE.read_text())
        del shipped["services"]["endpoint"]["ports"]
        for service in shipped["services"].values():
            service["build"]["context"] = str(build.ROOT)
        self.file = folder / "compose.yaml"
        self.file.write_text(yaml.safe_dump(shipped))
        self.environment = os.environ | {
            "DOCKER_HOST": engine.host, "BINARIES": "prebuilt", "DOCKER_BUILDKIT": "1", "COMPOSE_DOCKER_CLI_BUILD": "1",
            # Compose builds with the first client in PATH, so it must be one that can.
            "PATH": f"{Path(engine.client).parent}:{os.environ['PATH']}",
        }  # fmt: skip

    def run(self, *arguments, **environment):
        override = Path(__file__).with_name("compose.loopback.yaml")
        done = subprocess.run(
            [*compose.command(), "--project-name", PROJECT, "--file", str(self.file), "--file", str(override), *arguments],
            env=self.environment | environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def container(self, service):
        return self.engine.run("ps", "--quiet", "--filter", f"label=com.docker.compose.service={service}").stdout.strip()

    def lines(self):
        return self.engine.run("logs", self.container(SIDECAR)).stdout.splitlines()

    def clock(self):
        """The application's answer from inside the shared network namespace; None while it does not answer."""
        process = self.engine.run("inspect", "--format", "{{.State.Pid}}", self.container("application")).stdout.strip()
        done = subprocess.run(
            ["nsenter", "--net", "--target", process, sys.executable, "-c",
             "import urllib.request; print(urllib.request.urlopen('http://127.0.0.1:8080/clock', timeout=10).read().decode())"],
            stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False,
        )  # fmt: skip
        return json.loads(done.stdout) if done.returncode == 0 else None


@pytest.fixture(scope="module")
def laptop(engine, static_binary, tmp_path_factory):
    build.static_demo()
    build.static_endpoint()
    laptop = Laptop(engine, tmp_path_factory.mktemp("compose"))
    laptop.run("build")
    laptop.run("up", "--detach", "--no-build")
    yield laptop
    laptop.run("down", "--timeout", "1")


def test_the_sidecar_writes_emf_with_the_names_of_the_file(laptop):
    line = wait_until(laptop.lines, "line of the sidecar")[0]
    document = json.loads(line)
    points, faults = extract(line, document["_aws"]["Timestamp"])
    assert faults == []
    assert {point["metric"] for point in points} >= {"ClockErrorBound", "ClockSynchronized"}
    assert document["ClusterName"] == "my-cluster" and document["ClockSource"] == "ecs"


def test_the_application_asks_the_same_endpoint(laptop):
    answer = wait_until(laptop.clock, "answer of the application")
    assert answer["verdict"] == "good" and answer["source"] == "ecs"


def test_docker_takes_the_limits(laptop):
    host = json.loads(laptop.engine.run("inspect", laptop.container(SIDECAR)).stdout)[0]["HostConfig"]
    assert (host["Memory"], host["MemoryReservation"], host["CpuShares"]) == (32 << 20, 16 << 20, 16)
    assert host["ReadonlyRootfs"] and host["CapDrop"] == ["ALL"]
    assert host["RestartPolicy"]["Name"] == "unless-stopped"


def test_the_command_in_the_head_of_the_file_plays_another_scenario(laptop):
    laptop.run("down", "--timeout", "1")
    laptop.run("up", "--detach", "--no-build", CLOCK_SCENARIO="unsynchronized")
    wait_until(lambda: any("NOT_SYNCHRONIZED" in line for line in laptop.lines()), "line that says so", seconds=120)
