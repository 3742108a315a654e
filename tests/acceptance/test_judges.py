"""The rules of the experiments, which call nothing: cases that the rehearsals do not reach."""

import json
from pathlib import Path

import emf_extract
import pytest
from cfn import Deployment
from kit import cells, model
from kit.experiments import EXPERIMENTS, requested
from kit.experiments.alarms import Drill, close
from kit.experiments.base import judged
from kit.experiments.delay import Delay
from kit.experiments.deployment import Deployment as Deploys
from kit.experiments.deployment import FirstStates, Pictures, Quota
from kit.experiments.endpoint import Behaviour, Growth
from kit.experiments.hosts import NtpAddresses, Volume
from kit.experiments.log_alarms import LogAlarms
from kit.experiments.odd import OddLines, cases
from kit.experiments.rollout import Rollback
from kit.experiments.starts import Blocked, LastLines, Windows
from kit.permissions import OWN, RESOURCE_TYPES, policies
from kit.plan import cost, minutes
from kit.run import Options
from kit.scheduler import run as schedule
from kit.stacks import KIT, fitting, parameters_of, with_locations
from standins.formation import parsed
from standins.world import World

SERIES = ("n", "M", (("Case", "x"),))


def cell(*values):
    point = {"namespace": "n", "metric": "M", "dimensions": {"Case": "x"}, "timestamp": 0, "values": list(values)}
    return next(iter(cells.predicted_cells([point]).values()))


def minute_cells(lines):
    """Cells of `{minute: [values of a line, …]}`."""
    points = [
        {"namespace": "n", "metric": "M", "dimensions": {"Case": "x"}, "timestamp": minute * 60_000 + 5, "values": values}
        for minute, found in lines.items() for values in found
    ]
    return cells.predicted_cells(points)


@pytest.mark.parametrize(
    ("observed", "kinds"),
    [
        ({1: [[1, 2], [3]], 2: [[4]]}, []),
        ({1: [[1, 2]], 2: [[4]]}, ["lost"]),
        ({1: [[1, 2], [3]]}, ["lost"]),
        ({1: [[1, 2]], 2: [[4], [3]]}, ["late"]),
        ({1: [[1, 2], [3], [3]], 2: [[4]]}, ["repeated"]),
        ({1: [[1, 2], [3]] * 2, 2: [[4]]}, ["repeated"]),
        ({1: [[1, 2], [3]], 2: [[4]], 7: [[1]]}, ["extra"]),
        ({1: [[1, 2], [3.5]], 2: [[4]]}, ["unequal"]),
        ({1: [[1, 2], [3]], 2: [[4 + 1e-7]]}, ["unequal"]),
    ],
)
def test_cells_that_differ_are_explained_by_lines(observed, kinds):
    found = cells.differences(minute_cells({1: [[1, 2], [3]], 2: [[4]]}), minute_cells(observed))
    assert [difference.kind for difference in found] == kinds


def test_a_distribution_and_a_statistic_set_are_cells():
    about = {"namespace": "n", "metric": "M", "dimensions": {}, "timestamp": 0}
    (key, found), = cells.predicted_cells([about | {"values": [1.0, 2.0], "counts": [3.0, 1.0]}]).items()
    assert {s: found[s] for s in cells.STATISTICS} == {"SampleCount": 4, "Sum": 5, "Minimum": 1, "Maximum": 2}
    (_, found), = cells.predicted_cells([about | {"statistics": {"min": 1, "max": 4, "sum": 10, "count": 4}}]).items()
    assert {s: found[s] for s in cells.STATISTICS} == {"SampleCount": 4, "Sum": 10, "Minimum": 1, "Maximum": 4}
    assert cells.from_json(json.loads(json.dumps(cells.as_json({key: found})))) == {key: found}


def test_every_rule_of_explain_that_is_not_certain_has_a_case():
    uncertain = {rule for rule, (_, confidence) in emf_extract.RULES.items() if confidence != emf_extract.DOCUMENTED}
    found = cases("ecs-clock-verify-0123abcd-1/odd", 1_795_000_000_000)
    assert uncertain <= {entry["rule"] for entry in found}
    for entry in found:
        _, problems = emf_extract.read(entry["line"], 1_795_000_000_000)
        if entry["rule"] in emf_extract.RULES:
            assert entry["rule"] in {rule for rule, _ in problems}, entry
    spaces = [entry["namespace"] for entry in found]
    assert len(set(spaces)) == len(spaces)


@pytest.mark.parametrize(
    ("experiment", "evidence", "verdict", "words"),
    [
        (Delay(), {"delays": [10, None], "step": 5}, "refuted", "1 of 2 lines"),
        (Delay(), {"delays": [10, 130], "step": 5}, "refuted", "largest 130 s"),
        (Delay(), {"delays": [10, 110], "step": 5}, "as claimed", "largest 110 s"),
        (OddLines(), {"cases": [{"rule": "r", "question": "q", "found": []}]}, "not measured", "not even"),
        (Deploys(), {"statuses": {"s": "CREATE_COMPLETE"}, "drifts": {}, "classes": {"g": "INFREQUENT_ACCESS"}, "again": []}, "refuted", "1 difference"),
        (Deploys(), {"statuses": {"s": "CREATE_COMPLETE"}, "drifts": {}, "classes": {"g": "STANDARD"}, "again": ["Modify X (T)"]}, "refuted", "1 diff"),
        (Deploys(), {"statuses": {"s": "ROLLBACK_COMPLETE"}, "drifts": {}, "classes": {"g": "STANDARD"}, "again": []}, "refuted", "1 difference"),
        (FirstStates(), {"treatments": {"a": "missing"}, "states": {"a": [[10, "ALARM"]]}}, "refuted", "1 difference"),
        (FirstStates(), {"treatments": {"a": "breaching"}, "states": {"a": [[10, "ALARM"], [60, "INSUFFICIENT_DATA"]]}}, "refuted", "1 difference"),
        (FirstStates(), {"treatments": {}, "states": {}}, "not measured", "no alarm"),
        (Quota(), {"quotas": {"Other": 5.0}}, "not measured", "lists no quota"),
        (Pictures(), {"messages": ["bad widget"], "pictures": [["t", "p", 9]], "contributors": [[["x"], 3.0]], "expected": "x"}, "refuted", "1 picture"),
        (Pictures(), {"messages": [], "pictures": [["t", "p", 9]], "contributors": [[["y"], 3.0]], "expected": "x"}, "refuted", "1 picture"),
        (Pictures(), {"messages": [], "pictures": [["t", "p", 0]], "contributors": [[["x"], 3.0]], "expected": "x"}, "refuted", "1 picture"),
        (Growth(), {"documents": [{"at": 1.0, "drift": {"ClockErrorBound": 1.0}}] * 50}, "not measured", "0 documents of 50"),
        (Behaviour(), {"failed": ["OSError()"]}, "not measured", "OSError"),
        (Behaviour(), {"failed": [], "form": {"chunked": True, "length": 900}, "idle": {"seconds": 5.0}, "burst": {"requests": 40, "refused": 0}},
         "refuted", "900 bytes is chunked"),
        (Behaviour(), {"failed": [], "form": {"chunked": True, "length": 3000}, "idle": {"seconds": 5.0}, "burst": {"requests": 40, "refused": 2}},
         "refuted", "2 were refused"),
        (NtpAddresses(), {"answers": [], "bound": 1.0}, "not measured", "no server"),
        (Volume(), {"volume": None, "reads": [], "failed": ["FileNotFoundError"]}, "not measured", "FileNotFoundError"),
        (Volume(), {"volume": {"uid": 65532, "gid": 65532, "mode": "0o755"}, "reads": [{"good": True}] * 9, "failed": []}, "refuted", "9 of 9"),
        (LogAlarms(), {"alarms": [], "polls": {}, "runs": {}, "events": []}, "not measured", "not looked at"),
        (Rollback(), {"states": [[700, "ROLLBACK_SUCCESSFUL", "alarm"]]}, "refuted", "after 700 s"),
        (Rollback(), {"states": []}, "refuted", "no deployment"),
        (LastLines(), {"events": [], "codes": [], "tasks": 5}, "not measured", "no line"),
        (Blocked(), {"asked": ["image"], "reasons": {"image": ["RUNNING", ""]}}, "refuted", "image: RUNNING"),
        (Blocked(), {"asked": ["image"], "reasons": {}}, "refuted", "neither ran nor stopped"),
        (Windows(), {"events": [], "reason": "CannotPull", "codes": []}, "not measured", "CannotPull"),
        (Windows(), {"events": [{"message": '{"ReadErrorKind": "no_clock_drift"}'}], "reason": "", "codes": [0]}, "measured", "no bound (no_clock_drift)"),
        (Windows(), {"events": [{"message": '{"MaxClockErrorBound": 0.4}'}, {"message": '{"message":"stopped"}'}], "reason": "", "codes": [0]},
         "measured", "largest bound 0.4 ms; stop event seen"),
    ],
)  # fmt: skip
def test_rules(experiment, evidence, verdict, words):
    found = experiment.judge(evidence)
    assert found.verdict == verdict and words in found.summary + " ".join(found.findings), found


def test_no_evidence_is_not_measured_with_the_reason():
    assert judged(Delay(), None, "logs:PutLogEvents: AccessDenied").summary == "logs:PutLogEvents: AccessDenied"
    assert judged(Delay(), None, None).verdict == "not measured"


@pytest.mark.parametrize(
    ("found", "equal"),
    [(([10], [16]), True), (([12], [14]), True), (([12.1], [16]), False), (([], []), False), (([10, 18], [16, 20]), False), (([10], []), False)],
)
def test_states_may_differ_by_two_minutes(found, equal):
    assert close(([10], [16]), found) is equal


def test_what_would_change_after_the_last_look_may_be_missing():
    assert close(([10], [30]), ([10], []))


def test_a_message_too_many_or_too_few_is_a_difference():
    alarm = {"AlarmName": "c-bad-clock", "AlarmRule": 'ALARM("x")', "AlarmActions": ["t"], "OKActions": ["t"]}
    evidence = {"alarms": {"bad": [alarm]}, "history": [["c-bad-clock", 10, "OK", "ALARM"]], "started": 0, "messages": []}
    from kit.experiments.alarms import message_faults

    assert message_faults(evidence) == ["clock of bad: 1 change to ALARM, 0 messages"]
    evidence["messages"] = [["1", "c-bad-clock", "ALARM"], ["1", "c-bad-clock", "ALARM"]]
    assert message_faults(evidence) == []
    evidence["messages"].append(["2", "c-bad-clock", "ALARM"])
    assert message_faults(evidence) == ["clock of bad: 1 change to ALARM, 2 messages"]


def test_an_alarm_that_no_line_raises_is_not_measured():
    alarm = {
        "AlarmName": "c-bad-new", "Namespace": "n", "MetricName": "Other", "Dimensions": [], "Statistic": "Sum", "Threshold": 1.0,
        "ComparisonOperator": "GreaterThanThreshold", "EvaluationPeriods": 3, "DatapointsToAlarm": 2, "TreatMissingData": "notBreaching",
    }  # fmt: skip
    start = 1_795_950_000_000
    evidence = {"alarms": {"bad": [alarm]}, "lines": {"bad": []}, "history": [], "messages": [], "started": start, "ended": start + 1_500_000}
    found = Drill().judge(evidence)
    assert found.verdict == "not measured" and "no line of the player makes new go to ALARM" in found.findings[0]


def test_a_composite_rule_of_another_form_is_said():
    assert model.composite_timeline('NOT ALARM("x")', {"x": {1: "OK"}}) is None


# ---- the plan, the policy, the templates


def test_every_type_in_the_templates_has_its_permissions():
    kinds = {r["Type"] for template in Deployment().templates.values() for r in template["Resources"].values()}
    kinds -= {r["Type"] for r in Deployment().templates.get("fleet.yaml", {"Resources": {}})["Resources"].values()} - {
        r["Type"] for name, t in Deployment().templates.items() if name != "fleet.yaml" for r in t["Resources"].values()
    }
    assert kinds | {r["Type"] for r in parsed(KIT.read_text())["Resources"].values()} <= set(RESOURCE_TYPES)


def test_the_policies_are_of_the_form_that_iam_takes():
    for phase, document in policies(account="123456789012", region="eu-west-1", partition="aws").items():
        text = json.dumps(document)
        # A managed policy has at most 6,144 characters without white space; that of the stacks is an inline policy, of 10,240.
        assert len(text.replace(" ", "")) <= 10_240, phase
        for statement in document["Statement"]:
            assert statement["Action"] and (statement["Resource"] == "*" or "ecs-clock-verify-" in statement["Resource"] or "transform" in statement["Resource"])
            assert not any("*" in action for action in statement["Action"])


def test_no_changing_action_is_allowed_on_everything_but_what_aws_cannot_restrict():
    """These six changing actions are the only ones that the policy does not limit to the kit's resources."""
    unrestricted = {a for _, resource, actions in OWN if resource == "any" for a in actions.split()}
    changing = {a for a in unrestricted if not a.split(":")[1].startswith(("Describe", "Get", "List", "Simulate"))}
    assert changing == {
        "ecs:RegisterTaskDefinition", "ecs:DeregisterTaskDefinition", "ecs:DeleteTaskDefinitions", "logs:DeleteQueryDefinition",
        "logs:DeleteScheduledQuery", "cloudwatch:DeleteInsightRules",
    }  # fmt: skip


def test_the_plan_is_within_what_the_documents_say():
    everything = requested(Options("1", "r"))
    quick = requested(Options("1", "r", quick=True))
    assert set(everything) - set(quick) == {"K8", "K17"} and "K14" not in everything
    assert requested(Options("1", "r", windows_image="i"))[-4:] == ["K14", "K15", "K16", "K17"]
    assert requested(Options("1", "r", only=("K3",))) == ["K3"]
    assert 60 <= minutes(everything) <= 80 and minutes(quick) < minutes(everything)
    assert 0.1 <= sum(amount for _, amount in cost(everything)) <= 0.5


def test_templates_are_read_by_their_own_parameters():
    assert "Prefix" in parameters_of(KIT.read_text())
    assert fitting("registry.yaml", {"RepositoryName": "x", "Unknown": 1}) == {"RepositoryName": "x"}
    text = "Location: ./observability.yaml\nLocation: ./task-alarms.yaml\n"
    assert with_locations(text, {"observability.yaml": "https://b/o", "task-alarms.yaml": "https://b/t"}) == "Location: https://b/o\nLocation: https://b/t\n"


def test_the_documents_name_every_experiment():
    text = (Path(__file__).parent / "README.md").read_text()
    assert [e.id for e in EXPERIMENTS if f"| {e.id} |" not in text] == []


def test_the_scheduler_goes_on_after_an_error_and_in_the_order_of_time():
    clock, log, ended, errors = World().run(Path("/nowhere")).clock, [], {}, {}

    def one(name, pauses, fails=False):
        for pause in pauses:
            log.append(name)
            yield pause
        if fails:
            raise ValueError(name)
        return name

    schedule({"a": one("a", [10, 10]), "b": one("b", [5], fails=True), "c": one("c", [1, 1])}, clock,
             finished=ended.__setitem__, failed=lambda name, error: errors.update({name: str(error)}))  # fmt: skip
    assert log == ["a", "b", "c", "c", "a"] and ended == {"a": "a", "c": "c"} and errors == {"b": "b"}
