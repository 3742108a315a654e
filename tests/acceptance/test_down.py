"""What `down` deletes, and what it never touches."""

import pytest
from kit.clean import clean
from kit.errors import KitError
from kit.inventory import Inventory
from kit.phases import verify
from kit.run import NOT_MEASURED
from kit.state import PREFIX, State
from kit.up import up
from standins.cloud import ACCOUNT
from standins.world import World


def begun(tmp_path, id="0123abcd", world=None):
    """A world in which a run has created everything, and then vanished."""
    world = world or World()
    run = world.run(tmp_path)
    run.state = State.new(tmp_path, ACCOUNT, run.region, id)
    run.state.content["requested"] = ["K7"]
    run.aws.phase = "up"
    up(run)
    return world


def test_clean_needs_no_state_file(tmp_path):
    world = begun(tmp_path)
    for path in tmp_path.iterdir():
        path.unlink()
    assert world.left() != {}
    assert clean(world.run(tmp_path), "", lambda plan: True) == 0
    assert world.left() == {} and world.cloud.violations == []


def test_clean_of_one_run_leaves_the_other(tmp_path):
    world = begun(tmp_path, "11111111", begun(tmp_path, "22222222"))
    assert clean(world.run(tmp_path), "11111111", lambda plan: True) == 0
    assert not any("11111111" in stack for stack in world.cloudformation.stacks)
    assert sum("22222222" in stack for stack in world.cloudformation.stacks) >= 6


def test_clean_asks_first(tmp_path):
    world, shown = begun(tmp_path), []
    with pytest.raises(KitError, match="nothing was deleted"):
        clean(world.run(tmp_path), "", lambda plan: shown.append(plan))
    assert "8 stack" in shown[0] and world.left() != {}


@pytest.mark.parametrize("id", ["0123abc", "0123abcdef", "*", "../etc", "0123ABCD"])
def test_an_id_of_another_form_is_refused(id, tmp_path):
    with pytest.raises(KitError, match="eight hexadecimal digits"):
        clean(World().run(tmp_path), id, lambda plan: True)


def test_what_belongs_to_others_stays(tmp_path):
    """Similar names, the same tag key with another value, and things without any tag."""
    world = begun(tmp_path)
    near = ["ecs-clock-verify", "ecs-clock-emf", "my-ecs-clock-verify-x", f"{PREFIX}-0123abce-thing"]
    for name in near:
        world.logs.create_group(f"/ecs/{name}", {}, {})
        world.logs.definitions[name] = {"Name": f"clock/{name}/x", "QueryString": ""}
        world.cloudwatch.dashboards[name] = "{}"
        world.cloudwatch.rules[name] = '{"LogGroupNames": ["/ecs/other"]}'
        world.s3.buckets[name] = {"key": b"mine"}
        world.ecr.repositories[name] = {"tag": "sha256:0"}
        world.ecs.clusters.add(name)
    world.cloud.time += 60
    run = world.run(tmp_path)
    run.aws.phase = "down"
    assert Inventory(run, f"{PREFIX}-0123abcd", "0123abcd").down() == {}
    left = world.left()
    for kind in ("groups", "queries", "dashboards", "rules", "buckets", "repositories", "clusters"):
        assert sorted(left[kind]) == sorted(near if kind not in ("groups",) else [f"/ecs/{name}" for name in near]), kind


def test_what_outlives_its_stack_is_deleted_by_name(tmp_path):
    world = begun(tmp_path)
    name = "/ecs/clock/ecs-clock-verify-0123abcd-drill/kept"
    world.logs.create_group(name, {}, {})
    world.logs.groups[name].protected = True
    alarm = next(a for a in world.cloudwatch.alarms.values() if a.kind == "MetricAlarm")
    world.cloudwatch.create_alarm("MetricAlarm", alarm.properties | {"AlarmName": "ecs-clock-verify-0123abcd-left"})
    world.logs.definitions["q"] = {"Name": "clock/ecs-clock-verify-0123abcd-drill/left", "QueryString": ""}
    world.cloudwatch.dashboards["ecs-clock-verify-0123abcd-left"] = "{}"
    world.cloudwatch.rules["r"] = '{"LogGroupNames": ["/ecs/clock/ecs-clock-verify-0123abcd-drill/bad"]}'
    world.cloud.time += 60
    assert clean(world.run(tmp_path), "", lambda plan: True) == 0
    assert world.left() == {}


def test_a_stack_that_cannot_be_deleted_is_named_and_the_exit_code_is_3(tmp_path):
    world = World()
    world.s3.DeleteObjects = lambda Bucket, Delete: {}
    run = world.run(tmp_path, only=("K15",))
    assert verify(run, lambda plan: True) == NOT_MEASURED
    report = (run.artifacts / "report.md").read_text()
    assert "Left behind" in report and "-kit" in report


def test_a_state_file_of_something_else_is_refused(tmp_path):
    (tmp_path / "verify-12345678.json").write_text('{"version": 1, "id": "../../x"}')
    with pytest.raises(KitError, match="not a state file"):
        State.load(tmp_path / "verify-12345678.json")
