"""A ClockBound segment in a volume: the sidecar writes it, an application as another user reads it with AWS's client."""

import json
import os
import subprocess

import build
import pytest
from ecs_agent import docker_run_options
from sidecar import wait_until

DIRECTORY = "/var/run/clockbound"
TASK = json.loads((build.ROOT / "container" / "clockbound-task-definition.json").read_text())
APPLICATION, SIDECAR = TASK["containerDefinitions"]
CONFINED = ["--read-only", "--cap-drop", "ALL", "--security-opt", "no-new-privileges", "--network", "none"]


@pytest.fixture(scope="session")
def clockbound_image(engine, static_binary):
    """The image with the directory."""
    return build.image(engine, "sidecar-clockbound", "ecs-clock-emf:clockbound-test")


@pytest.fixture(scope="session")
def application(tmp_path_factory):
    """The critical step in Rust as a static program linked with AWS's client."""
    crate = tmp_path_factory.mktemp("application")
    (crate / "Cargo.toml").write_text(
        '[package]\nname = "application"\nedition = "2024"\n'
        '[[bin]]\nname = "application"\npath = "main.rs"\n'
        '[dependencies]\nclock-bound-client = "=2.0.3"\n'
    )
    (crate / "main.rs").write_bytes((build.ROOT / "tests" / "clockbound" / "critical_step.rs").read_bytes())
    # The versions that this project is tested with.
    (crate / "Cargo.lock").write_bytes((build.ROOT / "Cargo.lock").read_bytes())
    subprocess.run(
        ["cargo", "build", "--quiet", "--release", "--target", build.RUST_TARGET], cwd=crate, check=True,
        env=os.environ | {"RUSTFLAGS": "-C target-feature=+crt-static", "CARGO_TARGET_DIR": str(crate / "target")},
        stdin=subprocess.DEVNULL,
    )  # fmt: skip
    return crate / "target" / build.RUST_TARGET / "release" / "application"


class Task:
    """The volume of a task, and its containers' use of it."""

    def __init__(self, engine, image, application):
        self.engine, self.image, self.application = engine, image, application
        self.volume = engine.run("volume", "create").stdout.strip()
        self.writer = None

    def start_writer(self, endpoint):
        """Starts the sidecar by its container definition, but with Docker's log driver, which tests can read."""
        [mount] = SIDECAR["mountPoints"]
        assert (mount["containerPath"], mount["readOnly"]) == (DIRECTORY, False)
        options = docker_run_options(
            SIDECAR, environment={"ECS_CONTAINER_METADATA_URI_V4": endpoint, "CLOCK_EMF_SAMPLE_INTERVAL": "1s"}
        )
        options = options[: options.index("--log-driver")]
        self.writer = self.engine.run(
            "run", "--detach", "--network", "host", *options, "--volume", f"{self.volume}:{mount['containerPath']}", self.image
        ).stdout.strip()

    def step(self):
        """Runs the application once, as another user, with a read-only volume."""
        [mount] = APPLICATION["mountPoints"]
        assert (mount["containerPath"], mount["readOnly"]) == (DIRECTORY, True)
        return self.engine.run(
            "run", "--rm", *CONFINED, "--user", "1000:1000", "--volume", f"{self.volume}:{mount['containerPath']}:ro",
            "--volume", f"{self.application}:/application:ro", "--entrypoint", "/application", self.image, check=False,
        )  # fmt: skip

    def health(self):
        """The exit code of the sidecar's health check, in its own container."""
        kind, *command = SIDECAR["healthCheck"]["command"]
        assert kind == "CMD"
        return self.engine.run("exec", self.writer, *command, check=False).returncode

    def mount_point(self):
        return self.engine.run("volume", "inspect", "--format", "{{.Mountpoint}}", self.volume).stdout.strip()


@pytest.fixture
def task(engine, clockbound_image, application):
    task = Task(engine, clockbound_image, application)
    yield task
    if task.writer:
        engine.run("rm", "--force", task.writer, check=False)
    engine.run("volume", "rm", task.volume, check=False)


def segment(task):
    """The segment's file, where the engine keeps the volume."""
    return os.stat(os.path.join(task.mount_point(), "shm0"))


def test_an_application_takes_its_step_while_the_clock_is_good(task, endpoint):
    assert task.step().returncode != 0, "there is no segment yet"
    task.start_writer(endpoint("good").base)
    wait_until(lambda: task.health() == 0, "healthy sidecar")
    done = task.step()
    assert done.returncode == 0, done
    assert [line.split()[0] for line in done.stdout.splitlines()] == ["writing", "committed"]
    made = segment(task)
    assert (made.st_uid, made.st_mode & 0o777, made.st_size) == (65532, 0o644, 80)


def test_a_writer_that_is_killed_takes_the_same_file_over(task, engine, endpoint):
    task.start_writer(endpoint("good").base)
    wait_until(lambda: task.health() == 0, "healthy sidecar")
    before = segment(task).st_ino
    engine.run("kill", "--signal", "KILL", task.writer)
    engine.run("wait", task.writer)
    # The segment left behind is valid for its grace period and is taken over by the next writer.
    engine.run("start", task.writer)
    wait_until(lambda: task.health() == 0, "healthy sidecar")
    wait_until(lambda: task.step().returncode == 0, "step after the restart")
    assert segment(task).st_ino == before


def test_a_clock_that_is_not_good_is_refused(task, endpoint):
    task.start_writer(endpoint("unsynchronized").base)
    wait_until(lambda: task.health() == 1, "segment")
    done = task.step()
    assert done.returncode == 1 and "refused: the clock is Unknown" in done.stderr, done


def test_only_the_sidecar_can_write_it(task, endpoint, engine):
    task.start_writer(endpoint("good").base)
    wait_until(lambda: task.health() == 0, "healthy sidecar")
    # Another sidecar, as the application's user: it cannot write, reports that, and continues.
    other = engine.run(
        "run", "--detach", *CONFINED[:-2], "--network", "host", "--user", "1000:1000",
        "--volume", f"{task.volume}:{DIRECTORY}", "--env", f"CLOCK_EMF_CLOCKBOUND_DIRECTORY={DIRECTORY}",
        "--env", f"ECS_CONTAINER_METADATA_URI_V4={endpoint('good').base}", task.image,
    ).stdout.strip()  # fmt: skip
    try:
        wait_until(lambda: "not available to applications" in engine.run("logs", other).stderr, "report")
        assert task.health() == 0
        assert engine.run("inspect", "--format", "{{.State.Running}}", other).stdout.strip() == "true"
    finally:
        engine.run("rm", "--force", other)
