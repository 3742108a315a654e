"""cfn-guard over the templates and cdk-nag over the CDK example find only what exceptions.py lists."""

import json
import os
import shutil
import subprocess
from pathlib import Path

import cfn_guard_rs
import npm
import pytest
from cfn import SAM, TOP, parse
from exceptions import GUARD, NAG

TEMPLATES = [*sorted(SAM.glob("*.yaml")), TOP / "container" / "cloudformation.yaml", TOP / "container" / "daemon.yaml"]


@pytest.fixture(scope="module")
def packages():
    return npm.installed(Path(__file__).resolve().parent / "node", TOP / "target" / "linters")


# ---- cfn-guard, by the binding cfn-guard-rs and Control Tower's rules


@pytest.fixture(scope="module")
def rules(packages):
    folder = packages / "@cdklabs" / "cdk-validator-cfnguard" / "rules" / "control-tower" / "cfn-guard"
    found = {path.stem: path.read_text() for path in folder.rglob("*.guard")}
    assert len(found) >= 200
    return found


def guarded(rules, template):
    """The rules that a template violates. A finding that the binding cannot parse raises an error there and counts here."""
    data = json.loads(json.dumps(template, default=str))
    broken = set()
    for name, text in rules.items():
        try:
            if cfn_guard_rs.run_checks(data, text).status not in ("PASS", "SKIP"):
                broken.add(name)
        except (ValueError, cfn_guard_rs.errors.GuardError):
            broken.add(name)
    return broken


def test_guard_finds_only_documented_exceptions(rules):
    found = {path.name: guarded(rules, parse(path.read_text())) for path in TEMPLATES}
    assert {name: broken - set(GUARD) for name, broken in found.items() if broken - set(GUARD)} == {}
    assert set(GUARD) == set().union(*found.values()), "answers without a finding"


def test_guard_finds_a_seeded_fault(rules):
    text = (TOP / "container" / "cloudformation.yaml").read_text().replace("NetworkMode: awsvpc", "NetworkMode: host")
    assert guarded(rules, parse(text)) - set(GUARD) != set()


# ---- cdk-nag


def nagged(folder, packages, text=lambda app: app):
    """`(rule, construct)` of what cdk-nag finds in the example."""
    copy = folder / "container" / "cdk"
    copy.mkdir(parents=True)
    (folder / "sam").symlink_to(SAM)
    for path in (TOP / "container" / "cdk").iterdir():
        if path.suffix in (".ts", ".json") and path.name != "package-lock.json":
            shutil.copy2(path, copy / path.name)
    (copy / "node_modules").symlink_to(packages)
    app = copy / "app.ts"
    app.write_text(text(app.read_text()) + """
import { Validations } from "aws-cdk-lib";
import { AwsSolutionsChecks } from "cdk-nag";
Validations.of(app).addPlugins(new AwsSolutionsChecks(app));
""")
    subprocess.run(
        ["node_modules/.bin/cdk", "synth", "--quiet", "--no-notices", "--no-lookups", "--output", "out"], cwd=copy, check=False,
        env=os.environ | {"CDK_DISABLE_CLI_TELEMETRY": "true", "TS_NODE_TRANSPILE_ONLY": "true"}, capture_output=True,
    )  # fmt: skip
    report = json.loads((copy / "out" / "validation-report.json").read_text())
    pack, = [plugin for plugin in report["pluginReports"] if plugin["pluginName"] == "AwsSolutions"]
    return {
        (violation["ruleName"].partition("[")[0], construct["constructPath"])
        for violation in pack["violations"] for construct in violation["violatingConstructs"]
    }  # fmt: skip


def test_cdk_nag_finds_only_documented_exceptions(tmp_path, packages):
    found = nagged(tmp_path, packages)
    assert {(rule, where) for rule, where in found if rule not in NAG} == set()
    assert {rule for rule, _ in found} == set(NAG), "answers without a finding"


def test_cdk_nag_finds_a_seeded_fault(tmp_path, packages):
    def open_to_all(app):
        return app + """
new ec2.SecurityGroup(many, "Open", { vpc }).addIngressRule(ec2.Peer.anyIpv4(), ec2.Port.allTraffic());
"""

    assert "AwsSolutions-EC23" in {rule for rule, _ in nagged(tmp_path, packages, open_to_all)}
