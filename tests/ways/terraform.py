"""Runs real Terraform on the modules without downloading a provider.

`./sidecar` needs none. In the other modules each `aws_` resource becomes a `terraform_data` with the same arguments, which is
built into Terraform: the state then holds the stack's arguments, and its outputs are those of the template.
"""

import json
import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

from definition import CLUSTER, CONTAINER, IMAGE, REGION, SERVICE, TOP

SOURCE = CONTAINER / "terraform"
BINARY = shutil.which("terraform")
DIGEST = IMAGE.split(":")[0] + "@sha256:" + "0" * 64
# The outputs of the stack of a service and of a fleet, as far as modules read them; a test compares their names.
STUBS = {
    ".": """locals {
  stub = merge(
    {
      LogGroupName = "/ecs/clock/${var.cluster_name}/${var.service_name}"
      LogGroupArn  = "arn:aws:logs:us-east-1:111122223333:log-group:/ecs/clock/${var.cluster_name}/${var.service_name}"
    },
    var.fleet && !var.deployment_alarms ? {} : {
      ErrorBoundAlarmName      = "${var.cluster_name}-${var.service_name}-clock-error-bound"
      NotSynchronizedAlarmName = "${var.cluster_name}-${var.service_name}-clock-not-synchronized"
    },
  )
}
""",
    "fleet": """locals {
  stub = {
    PageTopicArn   = "arn:aws:sns:us-east-1:111122223333:page"
    TicketTopicArn = "arn:aws:sns:us-east-1:111122223333:ticket"
  }
}
""",
}


def run(folder, *arguments):
    done = subprocess.run(
        [BINARY, f"-chdir={folder}", *arguments], stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False,
        env=os.environ | {"TF_CLI_CONFIG_FILE": os.devnull, "TF_IN_AUTOMATION": "1", "CHECKPOINT_DISABLE": "1"},
    )  # fmt: skip
    if done.returncode != 0:
        raise RuntimeError(f"terraform {' '.join(arguments)}: {done.stdout}{done.stderr}")
    return done.stdout


def copied(folder):
    """The modules with stubs instead of resources, and the templates that they read."""
    modules = Path(folder) / "container" / "terraform"
    shutil.copytree(SOURCE, modules)
    (Path(folder) / "sam").symlink_to(TOP / "sam")
    for path in modules.rglob("*.tf"):
        path.write_text(stubbed(path.read_text()))
    for where, text in STUBS.items():
        (modules / where / "stub.tf").write_text(text)
    return modules


def stubbed(text):
    """A file with `terraform_data` for each AWS resource, without the provider."""
    text = re.sub(r"  required_providers \{\n.*?\n  \}\n", "", text, flags=re.DOTALL)
    text = re.sub(r'^provider "aws" \{\n.*?\n\}\n', "", text, flags=re.DOTALL | re.MULTILINE)
    text = re.sub(r"aws_cloudformation_stack\.\w+\.outputs", "local.stub", text)
    return re.sub(r'^resource "aws_\w+" "(\w+)" \{\n(.*?)\n\}\n', _stub, text, flags=re.DOTALL | re.MULTILINE)


def _stub(match):
    name, body = match.groups()
    meta = "".join(f"{line}\n" for line in body.splitlines() if line.startswith("  for_each"))
    arguments = "\n".join(line for line in body.splitlines() if not line.startswith("  for_each"))
    return f'resource "terraform_data" "{name}" {{\n{meta}  input = {{\n{arguments}\n  }}\n}}\n'


def applied(folder, **variables):
    """Initializes, validates and applies a root module; returns its outputs, and its resources by address."""
    run(folder, "init", "-input=false", "-no-color")
    run(folder, "validate", "-no-color")
    (Path(folder) / "terraform.tfvars.json").write_text(json.dumps(variables))
    run(folder, "apply", "-auto-approve", "-input=false", "-no-color")
    state = json.loads(run(folder, "show", "-json"))["values"]
    return {key: value["value"] for key, value in state.get("outputs", {}).items()}, dict(_resources(state["root_module"]))


def _resources(module):
    for resource in module.get("resources", []):
        yield resource["address"], resource["values"].get("input")
    for child in module.get("child_modules", []):
        yield from _resources(child)


def sidecar(variants, changes=()):
    """The container definition of `./sidecar` for each of the variants (`{name: {variable: value}}`), all in one apply."""
    with tempfile.TemporaryDirectory() as scratch:
        shutil.copytree(SOURCE / "sidecar", Path(scratch) / "sidecar")
        path = Path(scratch) / "sidecar" / "main.tf"
        text = path.read_text()
        for pattern, replacement in changes:
            text, times = re.subn(pattern, replacement, text, count=1)
            if times != 1:
                raise ValueError(f"sidecar/main.tf does not have {pattern}")
        path.write_text(text)
        given = {"image": IMAGE, "region": REGION, "cluster_name": CLUSTER, "service_name": SERVICE}
        blocks = [
            f'module "{name}" {{\n  source = "./sidecar"\n'
            + "".join(f"  {key} = {json.dumps(value)}\n" for key, value in (given | more).items())
            + f'}}\noutput "{name}" {{\n  value = module.{name}\n}}\n'
            for name, more in variants.items()
        ]
        (Path(scratch) / "main.tf").write_text("".join(blocks))
        outputs, _ = applied(scratch)
        return outputs
