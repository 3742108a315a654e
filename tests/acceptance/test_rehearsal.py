"""The whole kit against the stand-ins: a clean AWS gives the expected verdicts, and each seeded fault changes exactly one."""

import json
import os

import jsonschema
import pytest
from kit.experiments import EXPERIMENTS
from kit.phases import verify
from kit.tools import Tools
from standins.cloud import ACCOUNT
from standins.world import Faults, World

LONG = ["K8", "K17"]
MEASURED = {"K2", "K8", "K15"}
ON_REQUEST = {"K14"}


def rehearse(folder, faults=None, ahead=0.0, world=None, **options):
    """A run in a new world; returns `(exit code, report, run, world)`."""
    world = world or World(faults)
    run = world.run(folder, ahead, **options)
    code = verify(run, lambda plan: True)
    assert world.cloud.violations == []
    return code, json.loads((run.artifacts / "report.json").read_text()), run, world


def verdicts(report):
    return {entry["id"]: entry["verdict"] for entry in report["experiments"]}


def clean_verdicts(names):
    return {name: "measured" if name in MEASURED else "as claimed" for name in names}


@pytest.fixture(scope="module")
def clean(tmp_path_factory):
    """A run in which nothing goes wrong, with the predictions of the real program."""
    from program import binaries

    world = World()
    run = world.run(tmp_path_factory.mktemp("clean"))
    run.tools.real = Tools("amd64", os.path.abspath(binaries()[0]))
    code = verify(run, lambda plan: True)
    return code, json.loads((run.artifacts / "report.json").read_text()), run, world


def test_a_clean_aws_is_as_claimed(clean):
    code, report, _, world = clean
    assert world.cloud.violations == []
    assert verdicts(report) == clean_verdicts([e.id for e in EXPERIMENTS if e.id not in ON_REQUEST])
    assert code == 0 and report["failures"] == []


def test_nothing_is_left_behind(clean):
    _, report, _, world = clean
    assert world.left() == {} and report["left_behind"] == {}


def test_the_report_has_the_form_of_its_schema(clean):
    _, report, run, _ = clean
    schema = json.loads((run_folder() / "report.schema.json").read_text())
    jsonschema.validate(report, schema)
    for name in ("report.md", "report.html", "K8.svg", "K8.json", "K1.json", "dashboard-0.png"):
        assert (run.artifacts / name).stat().st_size > 500, name


def test_no_file_has_the_number_of_the_account(clean, tmp_path):
    # The mask is the stand-in's own account, so another one is taken here.
    _, _, run, _ = clean
    from kit.reporting import MASK, content

    assert MASK == ACCOUNT
    run.state.failures["x"] = "arn:aws:iam::999988887777:role/x"
    run.options.account, before = "999988887777", run.options.account
    try:
        assert "999988887777" not in json.dumps(content(run, {}, {}))
    finally:
        run.options.account = before
        del run.state.failures["x"]


def test_the_html_has_no_script_and_nothing_from_elsewhere(clean):
    _, _, run, _ = clean
    text = (run.artifacts / "report.html").read_text()
    assert "<script" not in text and "<svg" in text and text.count("data:image/png;base64,") >= 4
    assert 'src="http' not in text and 'href="http' not in text


def test_every_listed_action_is_used(clean):
    """Every requested permission is needed. Other tests cover what `down` deletes by name, and errors."""
    from kit.permissions import ON_BEHALF, allowed

    _, _, _, world = clean
    used = {(phase, action) for phase, _, action in world.cloud.calls}
    unused = {(phase, action) for phase in ("plan", "up", "observe", "drill") for action in allowed(phase)} - used
    assert {action for _, action in unused} - ON_BEHALF == {
        "cloudformation:DescribeStackEvents", "cloudformation:DeleteStack", "cloudformation:DescribeStackResourceDrifts", "cloudformation:CreateChangeSet",
    }  # fmt: skip


# A fault, and the one verdict that it changes.
SEEDED = {
    "a metric is lost": (Faults(lost="ClockReferenceAge"), "K1", "refuted"),
    "a metric is delivered twice": (Faults(twice="ClockErrorBound"), "K1", "measured"),
    "a metric is a minute late": (Faults(late="ClockReferenceAge"), "K1", "refuted"),
    "latest() of one query keeps nulls": (Faults(latest_keeps_nulls="ReadingsInLastLine"), "K4", "refuted"),
    "an alarm never leaves ALARM": (Faults(stuck="bad-clock-step"), "K6", "refuted"),
    "the volume belongs to root": (Faults(root_volume=True), "K11", "refuted"),
    "the NTP address is silent": (Faults(silent_ntp=True), "K10", "refuted"),
    "the NTP server is half a second off": (Faults(ntp_offset_s=0.5), "K10", "refuted"),
    "the endpoint keeps idle connections": (Faults(idle_close_s=60.0), "K9", "refuted"),
    "a stack has drifted": (Faults(drift="-unknown"), "K0", "refuted"),
    "the role of the log alarms is refused": (Faults(scheduled_status="Failed"), "K7", "refuted"),
    "a line is lost": (Faults(lost_line=True), "K12", "refuted"),
    "the last lines are lost": (Faults(no_last_words=True), "K12", "refuted"),
}


@pytest.mark.parametrize("name", SEEDED)
def test_a_seeded_fault_changes_exactly_one_verdict(name, tmp_path):
    faults, experiment, verdict = SEEDED[name]
    code, report, _, world = rehearse(tmp_path, faults, quick=True)
    names = [e.id for e in EXPERIMENTS if e.id not in (*LONG, *ON_REQUEST)]
    assert verdicts(report) == clean_verdicts(names) | {experiment: verdict}
    assert code == (1 if verdict == "refuted" else 0)
    assert world.left() == {}


def test_every_query_whose_latest_keeps_nulls_is_a_reading_and_no_fault(tmp_path):
    code, report, _, _ = rehearse(tmp_path, Faults(latest_keeps_nulls="latest("), only=("K4",))
    assert code == 0 and "latest() keeps nulls" in report["experiments"][0]["summary"]


@pytest.mark.parametrize("ppm", [0, 1, 15, 500])
def test_the_growth_of_the_bound_is_measured(ppm, tmp_path):
    code, report, _, _ = rehearse(tmp_path, Faults(growth_ppm=ppm), only=("K8",))
    found = report["experiments"][0]
    assert (code, found["verdict"]) == (0, "measured")
    assert (f"nearest to {ppm} ppm" if ppm else "does not grow with age") in found["summary"]


def test_a_deployment_that_is_not_rolled_back_is_refuted(tmp_path):
    code, report, _, _ = rehearse(tmp_path, Faults(no_rollback=True), only=("K17",))
    assert (code, verdicts(report)) == (1, {"K17": "refuted"})


def run_folder():
    from pathlib import Path

    return Path(__file__).resolve().parent


def test_managed_instances_are_looked_at_when_they_are_named(tmp_path):
    code, report, _, world = rehearse(tmp_path, only=("K9",), managed_instances="mine/provider")
    found = report["experiments"][0]
    assert (code, found["verdict"]) == (0, "as claimed") and "On Managed Instances: as claimed" in found["summary"]
    assert any(text.startswith("ClockDrift there: {") for text in found["findings"]) and world.left() == {}


def test_a_real_task_with_a_played_clock_raises_its_alarm(clean):
    _, report, _, _ = clean
    rows = next(e["table"] for e in report["experiments"] if e["id"] == "K6")
    played = {row[0]: row[2] for row in rows if row[1] == "played"}
    assert played["clock-error-bound"].startswith("ALARM in minute")
