"""Every deployment tool yields the shipped container definition, and a change in only one of them is found."""

import re

import cdk
import compose
import npm
import pytest
import ways
from definition import CONTAINER, SIDECAR, TOP, differences, shipped

# For each setting, the text to change in any tool's file and its replacement. CloudFormation capitalizes names.
SEEDS = {
    "name": (r'(?i)(name"?\s*[:=]\s*"?)ecs-clock-emf', r"\1clock"),
    "essential": (r"(?i)(essential\s*[:=]\s*)false", r"\1true"),
    "cpu": (r"(?i)(cpu\w*\s*[:=]\s*)16\b", r"\g<1>17"),
    "memory": (r"(?i)(memory(?:LimitMiB)?\s*[:=]\s*)32\b", r"\g<1>33"),
    "memoryReservation": (r"(?i)(memoryReservation(?:MiB)?\s*[:=]\s*)16\b", r"\g<1>17"),
    "user": (r'(?i)(user\s*[:=]\s*")65532:65532"', r'\g<1>0:0"'),
    "readonlyRootFilesystem": (r"(?i)(readonlyRootFilesystem\s*[:=]\s*)true", r"\1false"),
    "linuxParameters": (r'(?i)(drop\s*[:=]\s*\[)"?ALL"?', r'\1"NET_RAW"'),
    "restartPolicy": (r"(?i)(restartAttemptPeriod\s*[:=]\s*)60", r"\g<1>61"),
    "stopTimeout": (r"(?i)(stopTimeout\s*[:=]\s*)10", r"\g<1>30"),
    "environment": (r"(ClusterName=)", r"Cluster="),
    "logConfiguration": (r'(mode\s*[:=]\s*"?)non-blocking', r"\1blocking"),
}


@pytest.mark.parametrize("way", ways.OF_TEXT)
def test_a_way_yields_the_shipped_definition(way):
    render, _ = ways.OF_TEXT[way]
    assert differences(render()) == []


@pytest.mark.parametrize("setting", SEEDS)
@pytest.mark.parametrize("way", ways.OF_TEXT)
def test_a_way_changed_alone_is_found(way, setting):
    render, path = ways.OF_TEXT[way]
    pattern, replacement = SEEDS[setting]
    before, sidecar = split_before_sidecar(path.read_text())
    changed, times = re.subn(pattern, replacement, sidecar, count=1)
    assert times == 1, f"{path.name} does not set {setting} in a known form"
    if setting == "name":
        # A template has several containers: the sidecar is found by its name.
        with pytest.raises(ValueError, match="not enough values"):
            render(before + changed)
        return
    found = differences(render(before + changed))
    assert len(found) == 1 and found[0].startswith(f"{setting} is "), found


def split_before_sidecar(text):
    """Splits the text at the sidecar, since other containers have settings of the same names."""
    at = re.search(r'name"?\s*[:=]\s*"?ecs-clock-emf', text, re.IGNORECASE).start()
    return text[:at], text[at:]


def test_every_setting_of_the_shipped_definition_has_a_seed():
    assert set(SEEDS) | {"image"} == set(shipped())


# ---- CDK --------------------------------------------------------------------------------------------------------------

CDK_SEEDS = [
    ("essential: false", "essential: true", "essential"),
    ("cpu = 16", "cpu = 17", "cpu"),
    ("memoryLimitMiB: 32", "memoryLimitMiB: 33", "memory"),
    ("memoryReservationMiB: 16", "memoryReservationMiB: 17", "memoryReservation"),
    ('user: "65532:65532"', 'user: "0:0"', "user"),
    ("readonlyRootFilesystem: true", "readonlyRootFilesystem: false", "readonlyRootFilesystem"),
    ("ecs.Capability.ALL", "ecs.Capability.NET_RAW", "linuxParameters"),
    ("Duration.seconds(60)", "Duration.seconds(61)", "restartPolicy"),
    ("stopTimeout: Duration.seconds(10)", "stopTimeout: Duration.seconds(30)", "stopTimeout"),
    ("CLOCK_EMF_PROPERTIES:", "CLOCK_EMF_PROPERTY:", "environment"),
    ("Size.mebibytes(1)", "Size.mebibytes(2)", "logConfiguration"),
]


def test_cdk_yields_the_shipped_definition(cdk_template):
    assert differences(ways.of_cdk(cdk_template)) == []


def test_cdk_changed_alone_is_found(tmp_path):
    """All at once, since each synthesis takes seconds: every change must be reported."""
    template = cdk.synthesized(cdk.copied(tmp_path, [(old, new) for old, new, _ in CDK_SEEDS]))["clock-example"].template
    found = differences(ways.of_cdk(template))
    assert sorted(each.partition(" ")[0] for each in found) == sorted(setting for *_, setting in CDK_SEEDS)


def test_cdk_passes_the_type_checker(tmp_path):
    npm.run(["node_modules/.bin/tsc", "--noEmit"], cdk.copied(tmp_path))


# ---- Docker Compose ---------------------------------------------------------------------------------------------------

COMPOSE_SEEDS = [
    ('user: "65532:65532"', 'user: "0:0"', "user"),
    ("read_only: true", "read_only: false", "readonlyRootFilesystem"),
    ("cap_drop: [ALL]", "cap_drop: [NET_RAW]", "linuxParameters"),
    ("cpu_shares: 16", "cpu_shares: 17", "cpu"),
    ("mem_limit: 32m", "mem_limit: 33m", "memory"),
    ("mem_reservation: 16m", "mem_reservation: 17m", "memoryReservation"),
    ("restart: unless-stopped", 'restart: "no"', "restartPolicy"),
    ("stop_grace_period: 10s", "stop_grace_period: 30s", "stopTimeout"),
    ("CLOCK_EMF_PROPERTIES: ClusterName", "CLOCK_EMF_PROPERTIES: Cluster", "environment"),
]


def test_compose_yields_the_shipped_definition():
    assert differences(ways.of_compose(), compose.expected(shipped())) == []


@pytest.mark.parametrize("old, new, setting", COMPOSE_SEEDS, ids=[seed[2] for seed in COMPOSE_SEEDS])
def test_compose_changed_alone_is_found(tmp_path, old, new, setting):
    before, sidecar = compose.FILE.read_text().split(f"\n  {SIDECAR}:\n")
    assert old in sidecar
    file = tmp_path / "compose.yaml"
    file.write_text(f"{before}\n  {SIDECAR}:\n{sidecar.replace(old, new, 1)}")
    found = differences(ways.of_compose(file), compose.expected(shipped()))
    assert len(found) == 1 and found[0].startswith(f"{setting} is "), found


def test_compose_has_the_three_of_a_task_in_one_network():
    services = compose.services()
    assert set(services) == {"endpoint", SIDECAR, "application"}
    assert services[SIDECAR]["network_mode"] == services["application"]["network_mode"] == "service:endpoint"


# ---- all of them ------------------------------------------------------------------------------------------------------


def test_the_readme_links_every_tool():
    page = (CONTAINER / "README.md").read_text()
    for path in ["container-definition.json", "cloudformation.yaml", "cdk/", "terraform/", "copilot/", "compose.yaml"]:
        assert f"]({path})" in page, f"container/README.md has no link to {path}"


@pytest.mark.parametrize("name", ["README.md", "container/README.md", "container/Dockerfile", "container/Dockerfile.windows"])
def test_every_documented_build_names_its_platform(name):
    """Otherwise, a laptop with another processor builds an image that does not start on ECS."""
    for line in (TOP / name).read_text().splitlines():
        if re.search(r"docker (buildx )?build .*-f", line) and "--target endpoint" not in line:
            assert "--platform" in line, line
