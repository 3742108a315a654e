"""Synthesizes the CDK example with the packages pinned by its lock file, in a folder beside the templates that it reads."""

import json
import shutil
from dataclasses import dataclass
from pathlib import Path

import npm
from definition import CONTAINER, TOP

SOURCE = CONTAINER / "cdk"
# Not in container/, which users copy.
PACKAGES = TOP / "target" / "cdk"
# A separate test checks the types, which saves each synthesis some seconds.
ENVIRONMENT = npm.ENVIRONMENT | {"TS_NODE_TRANSPILE_ONLY": "true"}


@dataclass
class Synthesized:
    """A stack's template, and the stacks that are deployed before it."""

    template: dict
    waits_for: set


def installed():
    """The folder with the installed packages."""
    return npm.installed(SOURCE, PACKAGES)


def copied(folder, changes=(), app=None):
    """A copy of the example, ready to run, with pieces of `clock-sidecar.ts` replaced, or another `app.ts`."""
    copy = Path(folder) / "container" / "cdk"
    copy.mkdir(parents=True)
    (Path(folder) / "sam").symlink_to(TOP / "sam")
    for path in SOURCE.iterdir():
        if path.is_file():
            shutil.copy2(path, copy / path.name)
    (copy / "node_modules").symlink_to(installed())
    sidecar = copy / "clock-sidecar.ts"
    text = sidecar.read_text()
    for old, new in changes:
        if old not in text:
            raise ValueError(f"clock-sidecar.ts does not have {old!r}")
        text = text.replace(old, new, 1)
    sidecar.write_text(text)
    if app:
        (copy / "app.ts").write_text(app)
    return copy


def synthesized(folder):
    """The templates that `cdk synth` makes in a folder, by the path of their stack, each with the stacks that it depends on."""
    command = ["node_modules/.bin/cdk", "synth", "--quiet", "--no-notices", "--no-lookups", "--strict", "--output", "out"]
    npm.run(command, folder, ENVIRONMENT)
    out = Path(folder) / "out"
    stacks = {
        key: artifact for key, artifact in json.loads((out / "manifest.json").read_text())["artifacts"].items()
        if artifact["type"] == "aws:cloudformation:stack"
    }  # fmt: skip
    return {
        artifact["displayName"].partition(" ")[0]: Synthesized(
            json.loads((out / artifact["properties"]["templateFile"]).read_text()),
            {stacks[other]["displayName"].partition(" ")[0] for other in artifact.get("dependencies", []) if other in stacks},
        )
        for artifact in stacks.values()
    }
