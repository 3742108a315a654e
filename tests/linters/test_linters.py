"""Third-party linters find nothing in workflows, Dockerfiles, templates and scripts, apart from documented exceptions.

Nothing here uses the network: zizmor runs offline, and checkov does not download guidelines.
"""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from exceptions import CHECKOV

TOP = Path(__file__).resolve().parents[2]
TOOLS = Path(sys.executable).parent
WORKFLOWS = sorted((TOP / ".github" / "workflows").glob("*.yml"))
DOCKERFILES = sorted((TOP / "container").glob("Dockerfile*"))
CARGO_DENY = TOP / "target" / "tools" / "bin" / "cargo-deny"
SCRIPTS = [TOP / "tests" / "run", TOP / ".ci" / "run", TOP / "src" / "explain" / "page" / "build"]

def run(*command, text=None, cwd=TOP):
    return subprocess.run(
        [str(part) for part in command], cwd=cwd, input=text, capture_output=True, text=True, check=False,
        env=os.environ | {"NO_COLOR": "1", "LOG_LEVEL": "ERROR"},
    )  # fmt: skip


# ---- zizmor: workflows ------------------------------------------------------------------------------------------------


def zizmor(folder):
    return run(TOOLS / "zizmor", "--offline", "--persona", "pedantic", "--no-progress", folder)


def test_zizmor_finds_nothing():
    done = zizmor(TOP / ".github")
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("pattern, replacement, rule", [
    (r"actions/checkout@[0-9a-f]{40} # \S+", "actions/checkout@v7", "unpinned-uses"),
    (r"\n +with:\n +persist-credentials: false", "", "artipacked"),
    (r"permissions: \{\}", "permissions: write-all", "excessive-permissions"),
    (r"run: cargo publish --locked", "run: cargo publish --locked ${{ github.head_ref }}", "template-injection"),
])  # fmt: skip
def test_zizmor_finds_a_seeded_fault(tmp_path, pattern, replacement, rule):
    text, times = re.subn(pattern, replacement, (TOP / ".github" / "workflows" / "release.yml").read_text(), count=1)
    assert times == 1
    workflows = tmp_path / ".github" / "workflows"
    workflows.mkdir(parents=True)
    (workflows / "release.yml").write_text(text)
    done = zizmor(tmp_path)
    assert done.returncode != 0 and f"[{rule}]" in done.stdout, done.stdout


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_every_action_is_pinned_with_its_version_beside_it(path):
    for line in re.findall(r"uses: .*", path.read_text()):
        assert re.fullmatch(r"uses: (\./\S+|[\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+)", line), line


# ---- hadolint: Dockerfiles --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", DOCKERFILES, ids=lambda path: path.name)
def test_hadolint_finds_nothing(path):
    done = run(TOOLS / "hadolint", path)
    assert done.returncode == 0, done.stdout


def test_hadolint_finds_a_seeded_fault():
    done = run(TOOLS / "hadolint", "-", text="FROM debian\nRUN cd /tmp && sudo apt-get install curl\n")
    assert done.returncode != 0 and {"DL3006", "DL3004"} <= set(re.findall(r"DL\d+", done.stdout))


# ---- checkov: templates, Dockerfiles, workflows -----------------------------------------------------------------------


def checkov(framework, *what):
    """The rules that fail, as `(rule, resource)`."""
    done = run(
        TOOLS / "checkov", "--framework", framework, "--output", "json", "--quiet", "--compact", "--skip-download", *what
    )
    reports = json.loads(done.stdout)
    reports = reports if isinstance(reports, list) else [reports]
    assert sum(report["summary"]["parsing_errors"] for report in reports) == 0
    assert sum(report["summary"]["passed"] for report in reports) > 0, "nothing was looked at"
    return [(check["check_id"], check["resource"]) for report in reports for check in report["results"]["failed_checks"]]


@pytest.mark.parametrize("framework, folder", [
    ("cloudformation", "sam"), ("cloudformation", "container"), ("dockerfile", "container"), ("github_actions", "."),
])  # fmt: skip
def test_checkov_finds_only_documented_exceptions(framework, folder):
    found = checkov(framework, "--directory", TOP / folder)
    assert [(rule, where) for rule, where in found if rule not in CHECKOV] == []


def test_checkov_finds_a_seeded_fault(tmp_path):
    text = (TOP / "container" / "cloudformation.yaml").read_text().replace("ReadonlyRootFilesystem: true", "Privileged: true")
    path = tmp_path / "template.yaml"
    path.write_text(text.replace('Action: ecr:GetAuthorizationToken', 'Action: "*"'))
    assert [rule for rule, _ in checkov("cloudformation", "--file", path) if rule not in CHECKOV] != []


# ---- shellcheck: scripts, and the steps of workflows ------------------------------------------------------------------


def shellcheck(text):
    return run(TOOLS / "shellcheck", "--shell", "bash", "-", text=text)


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: str(path.relative_to(TOP)))
def test_shellcheck_finds_nothing_in_a_script(path):
    done = shellcheck(path.read_text())
    assert done.returncode == 0, done.stdout


def steps():
    for path in WORKFLOWS:
        for job, body in yaml.safe_load(path.read_text())["jobs"].items():
            for number, step in enumerate(body.get("steps", []), start=1):
                if "run" in step:
                    yield pytest.param(step["run"], id=f"{path.stem}-{job}-{number}")


@pytest.mark.parametrize("script", list(steps()))
def test_shellcheck_finds_nothing_in_a_step(script):
    done = shellcheck(f"#!/bin/bash\nset -eo pipefail\n{script}")
    assert done.returncode == 0, done.stdout


# ---- consistency --------------------------------------------------------------------------------------------


def test_the_release_is_built_by_the_toolchain_of_the_dockerfile():
    released = re.search(r"RUST_VERSION: (\S+)", (TOP / ".github" / "workflows" / "release.yml").read_text())[1]
    assert f"rust:{released}-" in (TOP / "container" / "Dockerfile").read_text()


def test_dockerfiles_have_the_version_of_the_crate():
    version = re.search(r'^version = "(.*)"', (TOP / "Cargo.toml").read_text(), re.MULTILINE)[1]
    for path in DOCKERFILES:
        labels = re.findall(r'image\.version="([^"]*)"', path.read_text())
        assert labels and set(labels) == {version}, path.name


# ---- cargo-deny: dependencies -----------------------------------------------------------------------------------------


def cargo_deny(config):
    """Advisories are checked by the workflow only, since their database is downloaded."""
    return run(
        CARGO_DENY, "--offline", "--locked", "--config", config, "check", "--hide-inclusion-graph", "licenses", "bans", "sources",
    )  # fmt: skip


def test_cargo_deny_finds_nothing():
    run("cargo", "fetch", "--locked")
    done = cargo_deny(TOP / ".deny.toml")
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("pattern, replacement, rule", [
    (r', "Unicode-3.0"', "", "rejected"),
    (r'crate = "rustls"', 'crate = "hyper"', "banned"),
    (r"skip = .*", "", "duplicate"),
])  # fmt: skip
def test_cargo_deny_finds_a_seeded_fault(tmp_path, pattern, replacement, rule):
    text, changes = re.subn(pattern, replacement, (TOP / ".deny.toml").read_text())
    assert changes
    config = tmp_path / "deny.toml"
    config.write_text(text)
    done = cargo_deny(config)
    assert done.returncode != 0 and f"error[{rule}]" in done.stderr, done.stderr


def test_the_workflow_has_the_version_of_tests_run():
    used = re.search(r"cargo_deny_version=(\S+)", (TOP / "tests" / "run").read_text())[1]
    assert f"--version {used} cargo-deny" in (TOP / ".github" / "workflows" / "test.yml").read_text()


def test_each_dependency_has_its_reason():
    manifest = (TOP / "Cargo.toml").read_text()
    sections = re.findall(r"^\[(?:target\.[^\n]+\.)?dependencies\]\n(.*?)(?=^\[)", manifest, re.M | re.S)
    assert len(sections) == 4
    lines = [line for section in sections for line in section.strip().splitlines() if line]
    assert sum(" = " in line for line in lines) >= 15
    for before, line in zip(["", *lines], lines, strict=False):
        assert line.startswith("#") or before.startswith("# "), f"no reason for: {line}"


@pytest.mark.parametrize("path", DOCKERFILES, ids=lambda path: path.name)
def test_what_a_dockerfile_copies_is_there_and_in_the_context(path):
    """The build from source needs a base image that tests cannot fetch, so no other test would notice."""
    context = [line[1:] for line in (TOP / ".dockerignore").read_text().splitlines() if line.startswith("!")]
    copies = re.findall(r"^COPY (?!--from)(?:--\S+ )*(.+)$", path.read_text(), re.M)
    sources = [source for copy in copies for source in copy.split()[:-1]]
    assert sources
    for source in sources:
        assert (TOP / source).exists() or source.startswith("target/"), source
        assert any(source == allowed or source.startswith(f"{allowed}/") for allowed in context), source
