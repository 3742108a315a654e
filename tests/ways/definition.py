"""The container definition that every deployment tool must yield, and helpers to compare two definitions."""

import copy
import json
import re
import tomllib
from pathlib import Path

TOP = Path(__file__).resolve().parents[2]
CONTAINER = TOP / "container"
SIDECAR = "ecs-clock-emf"

# The placeholders of container-definition.json for values that differ between services.
CLUSTER, SERVICE, REGION = "my-cluster", "my-service", "us-east-1"
VERSION = tomllib.loads((TOP / "Cargo.toml").read_text())["package"]["version"]
IMAGE = f"111122223333.dkr.ecr.{REGION}.amazonaws.com/{SIDECAR}:{VERSION}"

SIZES = {"b": 1, "k": 1024, "m": 1024**2, "g": 1024**3}


def shipped():
    """`container-definition.json`, with its sizes in bytes."""
    return sizes_in_bytes(json.loads((CONTAINER / "container-definition.json").read_text()))


def sizes_in_bytes(definition):
    """A definition with a comparable buffer size: "1m" equals "1048576b"."""
    definition = copy.deepcopy(definition)
    options = definition.get("logConfiguration", {}).get("options", {})
    if "max-buffer-size" in options:
        number, unit = re.fullmatch(r"(\d+)([bkmg]?)", options["max-buffer-size"]).groups()
        options["max-buffer-size"] = int(number) * SIZES[unit or "b"]
    return definition


def as_ecs_spells_it(value):
    """A CloudFormation value with the keys of the ECS API, which begin with a small letter. A map of options is unchanged."""
    if isinstance(value, list):
        return [as_ecs_spells_it(each) for each in value]
    if not isinstance(value, dict):
        return value
    return {key[0].lower() + key[1:]: each if key == "Options" else as_ecs_spells_it(each) for key, each in value.items()}


def differences(definition, expected=None):
    """The differences of a definition from the shipped one, one sentence for each member."""
    expected = shipped() if expected is None else expected
    definition = sizes_in_bytes(definition)
    return [
        f"{key} is {definition.get(key)!r}, expected {expected.get(key)!r}"
        for key in sorted(definition.keys() | expected.keys())
        if definition.get(key) != expected.get(key)
    ]


def environment(definition):
    """The environment that a container definition yields."""
    return {variable["name"]: variable["value"] for variable in definition["environment"]}
