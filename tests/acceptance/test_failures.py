"""Failures during a run: of every call, an interrupt at any moment, throttling, late answers, a wrong clock."""

import json

import pytest
from kit.errors import KitError
from kit.phases import verify
from kit.state import State
from standins.world import Faults, World
from test_rehearsal import clean_verdicts, rehearse, verdicts

# Between them they make every kind of call, in little time.
CHOSEN = ("K0", "K1", "K2", "K3", "K4", "K5", "K6", "K7", "K9", "K10", "K11", "K12", "K13", "K15", "K16", "K17")

INTERRUPTED = ("K0", "K5", "K9", "K12", "K13")


@pytest.fixture(scope="module")
def calls(tmp_path_factory):
    """The calls of a run in which nothing fails."""
    _, _, _, world = rehearse(tmp_path_factory.mktemp("calls"), only=CHOSEN)
    return world.cloud.calls


def needed_by(site):
    """The experiments needed to reach a call; leaving the others out saves time."""
    _, experiment, action = site
    if site[0] == "down" and action == "ecs:StopTask":
        # The one task that is still there then.
        return ("K6",)
    if experiment in ("", "player", "probe"):
        return {"player": ("K3", "K6"), "probe": ("K9",)}.get(experiment, ("K5", "K13"))
    return (experiment,)


def test_every_site_of_a_call_may_fail(calls, tmp_path, reset_ids):
    """A site is a phase, an experiment and an action. One of its calls fails: the first, or one in the middle of the run."""
    smaller, finished = {}, set()
    for index, site in enumerate(sorted(set(calls))):
        only = needed_by(site)
        if only not in smaller:
            _, _, _, world = rehearse(folder_in(tmp_path, f"all-{len(smaller)}"), only=only)
            smaller[only] = world.cloud.calls
        found = [number for number, call in enumerate(smaller[only], 1) if call == site]
        assert found, f"no smaller run makes the call {site}"
        reset_ids()
        # A second run takes most of the time, so there is one for each phase of each experiment.
        again = site[:2] not in finished
        finished.add(site[:2])
        check_failure(folder_in(tmp_path, str(index)), only, found[index * 7 % len(found)], site, again)


def folder_in(parent, name):
    folder = parent / name
    folder.mkdir()
    return folder


def check_failure(folder, only, number, site, again):
    """The call fails: what was created is gone, the report names it, the exit code is 3, and a second run finishes."""
    world = World()
    world.cloud.fail_at = number
    run = world.run(folder, only=only)
    try:
        code = verify(run, lambda plan: True)
    except Exception as error:  # noqa: BLE001 (the test looks at which one it is)
        # In the phase plan nothing has been created, so there is nothing to report on.
        assert site[0] == "plan" and world.left() == {}, f"{site}: {error!r}"
        assert "seeded" in str(error), f"{site}: {error!r}"
        code = 3
    else:
        report = json.loads((run.artifacts / "report.json").read_text())
        reasons = json.dumps([report["failures"], report["notes"], report["experiments"]])
        # Without an answer about the permissions it continues, and reports that.
        assert code == 3 or site[2].startswith("iam:"), f"{site}: exit code {code}"
        assert world.cloud.failed in reasons, f"{site}: {reasons}"
    assert world.left() == {}, f"{site}: left behind"
    assert world.cloud.violations == [], site
    if not again:
        return
    world.cloud.fail_at = None
    code, report, _, _ = rehearse(folder, world=world, only=only)
    assert (code, verdicts(report)) == (0, clean_verdicts(only)), f"{site}: the second run"
    assert world.left() == {}, site


@pytest.mark.parametrize("share", [0.02, 0.2, 0.35, 0.5, 0.7, 0.85, 0.97])
def test_an_interrupt_at_any_call_leaves_nothing(share, tmp_path):
    world = World()
    _, _, _, whole = rehearse(folder_in(tmp_path, "whole"), only=INTERRUPTED)
    world.cloud.interrupt_call = max(int(len(whole.cloud.calls) * share), 20)
    run = world.run(tmp_path, only=INTERRUPTED)
    assert verify(run, lambda plan: True) == 3
    assert world.left() == {} and world.cloud.violations == []
    report = json.loads((run.artifacts / "report.json").read_text())
    assert "interrupted" in json.dumps(report["failures"])
    code, report, _, _ = rehearse(tmp_path, world=world, only=INTERRUPTED)
    assert (code, world.left()) == (0, {})


@pytest.mark.parametrize("minute", [0.5, 3, 12, 40])
def test_an_interrupt_while_it_waits_leaves_nothing(minute, tmp_path):
    world = World()
    world.cloud.interrupt_at = world.cloud.time + minute * 60
    run = world.run(tmp_path, only=("K1", "K6", "K8"))
    assert verify(run, lambda plan: True) == 3
    assert world.left() == {}


def test_what_was_measured_before_is_not_measured_again(tmp_path):
    world = World()
    run = world.run(tmp_path, only=("K13", "K15", "K6"))
    world.cloud.interrupt_at = world.cloud.time + 20 * 60
    assert verify(run, lambda plan: True) == 3
    before = len([call for call in world.cloud.calls if call[1] == "K13"])
    code, report, second, _ = rehearse(tmp_path, world=world, only=("K13", "K15", "K6"))
    assert (code, verdicts(report)) == (0, clean_verdicts(("K13", "K15", "K6")) | {"K15": "measured"})
    assert second.state.id == run.state.id
    assert len([call for call in world.cloud.calls if call[1] == "K13"]) == before
    # Finished: the next one is new.
    _, _, third, _ = rehearse(tmp_path, world=world, only=("K15",))
    assert third.state.id != run.state.id


def test_throttling_is_waited_for(tmp_path):
    world = World()
    world.cloud.throttle_every = 7
    code, report, _, _ = rehearse(tmp_path, world=world, quick=True)
    assert code == 0 and set(verdicts(report).values()) == {"as claimed", "measured"} and world.left() == {}


def test_late_answers_are_waited_for(tmp_path):
    faults = Faults(slow="ClockStep", listed_ms=240_000, unlisted_s=40, extraction_ms=25_000)
    code, report, _, world = rehearse(tmp_path, faults, only=("K0", "K1", "K2", "K3", "K5"))
    assert (code, verdicts(report)) == (0, clean_verdicts(("K0", "K1", "K2", "K3", "K5"))) and world.left() == {}


@pytest.mark.parametrize("ahead", [-200.0, 200.0])
def test_a_wrong_clock_of_the_reader_changes_nothing(ahead, tmp_path):
    code, report, _, world = rehearse(tmp_path, ahead=ahead, quick=True)
    assert code == 0 and set(verdicts(report).values()) == {"as claimed", "measured"} and world.left() == {}
    assert "ahead of AWS's" in report["notes"][0]


def test_a_clock_that_aws_would_reject_is_named_before_anything_is_created(tmp_path):
    world = World()
    with pytest.raises(KitError, match="clock is 400 s ahead"):
        verify(world.run(tmp_path, ahead=400.0), lambda plan: True)
    assert world.left() == {}


def test_a_denied_permission_is_named_before_anything_is_created(tmp_path):
    world = World()
    world.cloud.denied = {"iam:CreateRole", "ecs:RunTask"}
    with pytest.raises(KitError, match="ecs:RunTask, iam:CreateRole"):
        verify(world.run(tmp_path), lambda plan: True)
    assert world.left() == {} and {phase for phase, _, _ in world.cloud.calls} == {"plan"}


def test_another_account_is_refused(tmp_path):
    world = World()
    run = world.run(tmp_path)
    run.options.account = "999988887777"
    with pytest.raises(KitError, match="belong to account 123456789012"):
        verify(run, lambda plan: True)


def test_without_confirmation_nothing_is_created(tmp_path):
    world, shown = World(), []
    with pytest.raises(KitError, match="not confirmed"):
        verify(world.run(tmp_path), lambda plan: shown.append(plan))
    assert world.left() == {} and "minutes and costs about" in shown[0] and {phase for phase, _, _ in world.cloud.calls} == {"plan"}
    assert [path.name for path in tmp_path.iterdir()] == ["lock"]


def test_a_stack_that_does_not_come_to_be_is_reported_with_its_reason(tmp_path):
    code, report, _, world = rehearse(tmp_path, Faults(failing_stack="-silent"), only=("K5",))
    assert code == 3 and world.left() == {}
    assert "Service: seeded" in report["experiments"][0]["summary"]


def test_a_full_quota_of_saved_queries_is_found_before_anything_is_created(tmp_path):
    world = World()
    world.logs.definitions |= {f"q{n}": {"Name": f"mine/{n}", "QueryString": ""} for n in range(970)}
    with pytest.raises(KitError, match="the quota is 1000"):
        verify(world.run(tmp_path), lambda plan: True)
    assert len(world.logs.definitions) == 970


def test_expired_credentials_are_waited_for_and_read_again(tmp_path):
    """A session of an hour ends in the middle of a run, and everything created is still deleted."""
    world = World()
    world.cloud.expired_at, world.cloud.expired_until = world.cloud.time + 900, world.cloud.time + 1500
    code, report, _, _ = rehearse(tmp_path, world=world, only=("K13", "K15", "K12", "K5"))
    assert code == 0 and world.left() == {} and report["failures"] == []
    world = World()
    world.cloud.expired_at = world.cloud.time + 100
    world.cloud.expired_until = world.cloud.expired_at + 3000
    code, report, _, _ = rehearse(folder_in(tmp_path, "later"), world=world, only=("K13",))
    # Longer than half an hour: the calls fail, and `down` retries for as long.
    assert code == 3 and world.left() == {} and any("credentials have expired" in text for text in world.said)


def test_an_image_that_cannot_be_built_creates_nothing(tmp_path):
    world = World()
    run = world.run(tmp_path, only=("K15",))
    run.tools.fails = True
    assert verify(run, lambda plan: True) == 3
    assert world.left() == {} and not any(action == "cloudformation:CreateStack" for _, _, action in world.cloud.calls)
    assert "docker build" in (run.artifacts / "report.md").read_text()


def test_a_region_without_log_alarms_costs_only_their_experiment(tmp_path):
    code, report, _, world = rehearse(tmp_path, Faults(unknown_type="AWS::CloudWatch::LogAlarm"), only=("K5", "K7"))
    assert (code, verdicts(report)) == (3, {"K5": "as claimed", "K7": "not measured"}) and world.left() == {}
    assert "Unrecognized resource types" in report["experiments"][1]["summary"]


def test_a_second_run_in_the_same_folder_is_refused(tmp_path):
    world = World()

    def confirm(plan):
        with pytest.raises(KitError, match="another verification runs"):
            verify(World().run(tmp_path), lambda plan: True)
        return False

    with pytest.raises(KitError, match="not confirmed"):
        verify(world.run(tmp_path), confirm)


def test_every_task_ends_by_itself(tmp_path):
    """Tasks end by themselves: after an hour no task of the kit runs."""
    _, _, run, world = rehearse(tmp_path, only=("K12", "K13", "K9"))
    for definition in world.ecs.ever:
        if definition["containers"]:
            essential = [c for c in definition["containers"] if c["essential"]]
            assert [c["name"] for c in essential] in (["timer"], ["probe"]), definition["family"]
            assert "time.sleep(900)" in essential[0]["command"][2] or essential[0]["environment"] == [{"name": "PROBE_SECONDS", "value": "420"}]


def test_a_full_disk_leaves_nothing_in_the_account(tmp_path, monkeypatch):
    world = World()
    run = world.run(tmp_path, only=("K13", "K15"))
    original, saves = State.save, []

    def save(state):
        saves.append(1)
        if len(saves) > 12:
            raise OSError(28, "No space left on device")
        original(state)

    monkeypatch.setattr(State, "save", save)
    with pytest.raises(OSError, match="No space left"):
        verify(run, lambda plan: True)
    assert world.left() == {}
