"""The CloudFormation template passes the linters; the JSON definition pasted into a template does not."""

import json
import subprocess
import sys
from pathlib import Path

import ways
from definition import CONTAINER

DATA = Path(__file__).resolve().parent / "data"
CFN_LINT = Path(sys.executable).parent / "cfn-lint"


def lint(path):
    return subprocess.run([CFN_LINT, path], capture_output=True, text=True, check=False)


def test_cfn_lint_finds_nothing():
    done = lint(CONTAINER / "cloudformation.yaml")
    assert (done.returncode, done.stdout) == (0, "")


def test_cfn_lint_finds_nothing_in_what_cdk_makes(tmp_path, cdk_template):
    template = tmp_path / "template.json"
    template.write_text(json.dumps(cdk_template))
    done = lint(template)
    assert (done.returncode, done.stdout) == (0, "")


def test_the_json_definition_pasted_into_a_template_is_refused():
    """CloudFormation spells every name differently, which is why it has a separate file."""
    done = lint(DATA / "pasted-into-cloudformation.json")
    assert done.returncode != 0
    assert "'linuxParameters' was unexpected. Did you mean 'LinuxParameters'?" in done.stdout


def test_the_log_group_is_the_one_that_the_alarms_stack_makes():
    from cfn import SAM, Stack, parse
    from definition import CLUSTER, SERVICE

    stack = Stack(parse((SAM / "observability.yaml").read_text()), {"ClusterName": CLUSTER, "ServiceName": SERVICE})
    group, = stack.resources("AWS::Logs::LogGroup").values()
    for render, _ in ways.OF_TEXT.values():
        assert render()["logConfiguration"]["options"]["awslogs-group"] == group["LogGroupName"]
