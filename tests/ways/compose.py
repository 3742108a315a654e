"""Reads the Compose file with the installed Compose and converts a service into a container definition."""

import os
import re
import shutil
import subprocess

import yaml
from definition import CONTAINER

FILE = CONTAINER / "compose.yaml"
# Set by ECS, not by the definition.
SET_BY_ECS = "ECS_CONTAINER_METADATA_URI_V4"
# Not available on a laptop: AWS's log driver, and a task for which a container could be essential.
NOT_ON_A_LAPTOP = ("image", "essential", "logConfiguration")


def command():
    """Docker's plug-in if installed, otherwise the program of the Debian package."""
    client = shutil.which("docker")
    if client and subprocess.run([client, "compose", "version"], capture_output=True, check=False).returncode == 0:
        return [client, "compose"]
    program = shutil.which("docker-compose")
    if program is None:
        raise FileNotFoundError("no Compose: install Docker's plug-in or Debian's package docker-compose")
    return [program]


def services(file=FILE, environment=None):
    """The services of a Compose file, checked and resolved by Compose."""
    done = subprocess.run(
        [*command(), "--file", str(file), "config"],
        env=os.environ | (environment or {}), stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode != 0:
        raise ValueError(done.stderr)
    return yaml.safe_load(done.stdout)["services"]


def as_definition(name, service):
    """A service as a container definition, without the settings that a laptop lacks."""
    definition = {
        "name": name,
        "environment": [
            {"name": key, "value": value} for key, value in service.get("environment", {}).items() if key != SET_BY_ECS
        ],
        "user": service.get("user"),
        "readonlyRootFilesystem": service.get("read_only"),
        "linuxParameters": {"capabilities": {"drop": service.get("cap_drop")}},
        "cpu": service.get("cpu_shares"),
        "memory": mebibytes(service.get("mem_limit")),
        "memoryReservation": mebibytes(service.get("mem_reservation")),
        "stopTimeout": seconds(service.get("stop_grace_period")),
        "restartPolicy": {"enabled": service.get("restart") == "unless-stopped"},
    }
    return {key: value for key, value in definition.items() if value is not None}


def expected(definition):
    """A container definition reduced to the settings that apply on a laptop."""
    left = {key: value for key, value in definition.items() if key not in NOT_ON_A_LAPTOP}
    # Docker waits for nothing between two attempts.
    return left | {"restartPolicy": {"enabled": definition["restartPolicy"]["enabled"]}}


def mebibytes(size):
    """Compose may print "32m" as well as a number of bytes."""
    if size is None:
        return None
    number, unit = re.fullmatch(r"(\d+)([mM]?)[bB]?", str(size)).groups()
    return int(number) if unit else int(number) // 1024**2


def seconds(duration):
    return None if duration is None else int(re.fullmatch(r"(\d+)s", duration)[1])
