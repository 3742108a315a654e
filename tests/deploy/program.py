"""Runs the real sidecar against the example endpoint and keeps each line with the moment it arrived.

`CLOCK_EMF_BIN` and `CLOCK_EMF_ENDPOINT_BIN` name built programs; without them cargo builds them first.
"""

import fcntl
import functools
import glob
import json
import os
import signal
import subprocess
import tempfile
import threading
import time
import urllib.request
from pathlib import Path

from cfn import TOP

SIDECAR = "ecs-clock-emf"


# The same packages and features as in `cargo test`. With others Cargo would build every dependency again.
BUILD = ["cargo", "build", "--workspace", "--all-features", "--locked", "--bins", "--example", "task-metadata-endpoint"]


@functools.cache
def _executables():
    """Builds all programs; returns their paths by name."""
    done = subprocess.run(
        [*BUILD, "--quiet", "--message-format=json-render-diagnostics"],
        cwd=TOP, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True, check=True,
    )  # fmt: skip
    messages = [json.loads(line) for line in done.stdout.splitlines()]
    return {message["target"]["name"]: message["executable"] for message in messages if message.get("executable")}


def built(name):
    """The path of a program for this machine."""
    return _executables()[name]


def binaries():
    """The paths of sidecar and endpoint."""
    sidecar = os.environ.get("CLOCK_EMF_BIN") or built(SIDECAR)
    endpoint = os.environ.get("CLOCK_EMF_ENDPOINT_BIN") or built("task-metadata-endpoint")
    return sidecar, endpoint


def container_environment(deployment):
    """The environment of the sidecar's container definition in the demonstration's template."""
    for task in deployment.demonstration.resources("AWS::ECS::TaskDefinition").values():
        for container in task["ContainerDefinitions"]:
            if container["Name"] == SIDECAR:
                return {variable["Name"]: variable["Value"] for variable in container["Environment"]}
    raise ValueError(f"no container is called {SIDECAR}")


def endpoint_names(environment):
    """Options with which the example endpoint reports the names that a container's environment has, as ECS does."""
    properties = dict(pair.split("=", 1) for pair in environment["CLOCK_EMF_PROPERTIES"].split(","))
    return ["--cluster", properties["ClusterName"], "--service", properties["ServiceName"]]


class Endpoint:
    """The example that plays the task metadata endpoint."""

    def __init__(self, binary, scenario, *options):
        self._process = subprocess.Popen(
            [binary, "--scenario", scenario, *options], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True
        )
        name, _, self.uri = self._process.stdout.readline().strip().partition("=")
        assert name == "ECS_CONTAINER_METADATA_URI_V4", f"the endpoint said {name!r} first"

    @property
    def environment(self):
        """The variables that ECS adds to a container's environment."""
        return {"ECS_CONTAINER_METADATA_URI_V4": self.uri}

    def play(self, scenario):
        self._control("PUT", f"scenario/{scenario}")

    def set_error_bound(self, milliseconds):
        self._control("PUT", f"error-bound/{milliseconds}")

    def requests(self):
        """How often the task document was asked for."""
        return json.loads(self._control("GET", "requests"))["task_requests"]

    def served(self):
        """Each `ClockDrift` that it has served, as text, the oldest first."""
        return json.loads(self._control("GET", "served"))

    def _control(self, method, path):
        root = self.uri.split("/v4/")[0]
        with urllib.request.urlopen(urllib.request.Request(f"{root}/{path}", method=method), timeout=10) as answer:
            return answer.read()

    def close(self):
        self._process.kill()
        self._process.wait()
        self._process.stdout.close()


class SteppedClock:
    """A wall clock that steps, by Debian's libfaketime. The monotonic clock continues, or jumps by as much as if that
    time had passed."""

    def __init__(self, with_monotonic=False):
        found = glob.glob("/usr/lib/*/faketime/libfaketime.so.1")
        if not found:
            raise FileNotFoundError("libfaketime is missing: install Debian's package libfaketime")
        self._folder = tempfile.TemporaryDirectory()
        self._file = Path(self._folder.name) / "offset"
        self.step_to(0)
        self.environment = {
            "LD_PRELOAD": found[0],
            "FAKETIME_TIMESTAMP_FILE": str(self._file),
            "FAKETIME_NO_CACHE": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "0" if with_monotonic else "1",
        }

    def step_to(self, seconds):
        """Sets the wall clock that far ahead of the true one."""
        self._set(f"{seconds:+f}")

    def stop(self):
        """Stops the wall clock."""
        self._set(time.strftime("%Y-%m-%d %H:%M:%S"))

    def _set(self, text):
        new = self._file.with_suffix(".new")
        new.write_text(f"{text}\n")
        new.replace(self._file)  # at once, never half a file

    def close(self):
        self._folder.cleanup()


class Sidecar:
    """A running sidecar. `lines` holds `(arrival in ms, text)` of stdout, which is read while `flow` is set."""

    def __init__(self, binary, environment, reading=True, **options):
        """`options` are those of `subprocess.Popen`."""
        reader, writer = os.pipe()
        if not reading:
            # Small, so that an unread pipe is full soon.
            fcntl.fcntl(writer, fcntl.F_SETPIPE_SZ, 4096)
        self._stderr = tempfile.TemporaryFile()
        options = {"stdin": subprocess.DEVNULL, "stdout": writer, "stderr": self._stderr} | options
        self._process = subprocess.Popen([binary], env=environment, **options)
        os.close(writer)
        self._stdout = os.fdopen(reader, encoding="ascii", newline="\n")
        self._reader = threading.Thread(target=self._read, daemon=True)
        self.lines = []
        self.flow = threading.Event()
        self.flow.set()
        if reading:
            self.read()

    def read(self):
        self._reader.start()

    def _read(self):
        for line in self._stdout:
            self.lines.append((time.time_ns() // 1_000_000, line.rstrip("\n")))
            self.flow.wait()

    @property
    def pid(self):
        return self._process.pid

    @property
    def is_running(self):
        return self._process.poll() is None

    def documents(self):
        """Its lines so far."""
        return [json.loads(line) for _, line in list(self.lines)]

    def diagnostics(self):
        """Its lines on stderr."""
        # Not by seeking: the running program would write where this reads.
        descriptor = self._stderr.fileno()
        return os.pread(descriptor, os.fstat(descriptor).st_size, 0).decode().splitlines()

    def signal(self, number):
        self._process.send_signal(number)

    def kill(self):
        """Kills it, so that it writes no last line."""
        self._process.kill()
        self._end()

    def stop(self):
        """Ends it as ECS does, and returns its exit code."""
        self._process.send_signal(signal.SIGTERM)
        return self._end()

    def _end(self):
        self._process.wait(timeout=30)
        self.flow.set()
        if not self._reader.ident:
            self._reader.start()
        self._reader.join(timeout=30)
        self._stdout.close()
        return self._process.returncode
