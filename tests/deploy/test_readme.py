"""sam/README.md and the runbook match the templates, their commands exist, and the costs follow the formula."""

import json
import os
import re
import shlex
import subprocess
import sys
import tomllib
from pathlib import Path

import botocore.session
import pytest
from botocore import xform_name
from botocore.validate import ParamValidator
from cfn import SAM, TOP, Deployment
from insights import Event, run
from tables import README, rewritten, short

MINUTES_A_MONTH = 43_800
RUNBOOK = SAM / "RUNBOOK.md"
PAGES = (README, RUNBOOK)
# Commands of the AWS CLI beyond the API, with the options that the page uses.
CUSTOM_COMMANDS = {
    ("cloudformation", "deploy"): {"template-file", "stack-name", "parameter-overrides", "capabilities", "tags"},
    ("logs", "tail"): {"since"},
}
GLOBAL_OPTIONS = {"query", "output", "region", "cli-input-json"}


@pytest.fixture(scope="module")
def stack():
    return Deployment().observability


def section(heading, path=README):
    """The text below a heading, up to the next one of its level or above."""
    level, text = re.search(rf"^(#+) {re.escape(heading)}\n(.*)", path.read_text(), re.MULTILINE | re.DOTALL).groups()
    return re.split(rf"^#{{1,{len(level)}}} ", text, maxsplit=1, flags=re.MULTILINE)[0]


def table(heading, path=README):
    """The rows of the first table below a heading, without head and backticks."""
    lines = re.search(r"(?:^\|.*\n)+", section(heading, path), re.MULTILINE)[0].splitlines()
    return [[cell.strip() for cell in line.replace("`", "").strip("|").split("|")] for line in lines[2:]]


def test_the_generated_tables_are_those_of_the_templates():
    """With UPDATE=1 in the environment, it writes them."""
    text = README.read_text()
    wanted = rewritten(text)
    if os.environ.get("UPDATE") and wanted != text:
        README.write_text(wanted)
        text = wanted
    assert text.count("<!-- /") >= 7
    assert text == wanted, "run UPDATE=1 .venv/bin/python -m pytest tests/deploy/test_readme.py -k generated_tables"


def test_the_severities_are_documented(stack):
    told = {name: severity for name, severity, *_ in table("Alarms", RUNBOOK)}
    rules = {logical: alarm["AlarmRule"] for logical, alarm in stack.resources("AWS::CloudWatch::CompositeAlarm").items()}
    for alarm in stack.resources("AWS::CloudWatch::Alarm").values():
        severity = "page" if f'"{alarm["AlarmName"]}"' in rules["PageAlarm"] else "ticket"
        assert told[short(alarm["AlarmName"])] == severity


def test_the_default_runbook_is_a_link_once_the_project_has_an_address():
    """A path alone is no address: until `repository` in Cargo.toml gives one, the default names file and repository."""
    repository = tomllib.loads((TOP / "Cargo.toml").read_text())["package"].get("repository")
    wanted = f"{repository}/blob/main/sam/RUNBOOK.md" if repository else "sam/RUNBOOK.md in the repository ecs-clock-emf"
    defaults = {template["Parameters"]["RunbookUrl"]["Default"] for template in Deployment().templates.values() if "RunbookUrl" in template["Parameters"]}
    assert defaults == {wanted}


def test_every_alarm_of_a_task_is_documented_correctly():
    told = {name: (every, looks_back) for name, _, every, looks_back in table("Alarms for single tasks")}
    alarms = Deployment().task_alarms.resources("AWS::CloudWatch::LogAlarm").values()
    schedules = {short(alarm["AlarmName"]): alarm["ScheduledQueryConfiguration"]["ScheduleConfiguration"] for alarm in alarms}
    assert told == {
        name: (schedule["ScheduleExpression"][5:-1], f"{schedule['StartTimeOffset']} s") for name, schedule in schedules.items()
    }


def test_every_query_is_documented(stack):
    names = query_names(stack)
    told = table("Saved queries")
    assert sorted(name for name, _ in told) == sorted(names)
    assert all(answer.endswith("?") or answer.endswith(")?") for _, answer in told)


def query_names(stack):
    return [query["Name"].rpartition("/")[2] for query in stack.resources("AWS::Logs::QueryDefinition").values()]


def test_every_alarm_has_a_runbook_that_names_queries(stack):
    rows = table("Alarms", RUNBOOK)
    alarms = [*stack.resources("AWS::CloudWatch::Alarm").values(), *Deployment().task_alarms.resources("AWS::CloudWatch::LogAlarm").values()]
    assert sorted(name for name, *_ in rows) == sorted(short(alarm["AlarmName"]) for alarm in alarms)
    raw = section("Alarms", RUNBOOK)
    named = set(re.findall(r"(?:query|then) `([a-z-]+)`", raw))
    assert named <= set(query_names(stack)) and len(named) >= 9


@pytest.mark.parametrize("column, tasks", [(2, 100), (3, 10_000)])
def test_the_costs_are_those_of_the_formula(column, tasks):
    rows = table("Cost")
    put, emf = rows[:2], rows[2:]
    for row, calls_a_minute in zip(put, [1, 60], strict=True):
        cost = tasks * 0.30 + tasks * calls_a_minute * MINUTES_A_MONTH / 1000 * 0.01
        assert row[column] == f"{cost:,.2f}"
    for row in emf:
        gigabytes = tasks * MINUTES_A_MONTH * int(row[1]) / 1e9
        assert row[column] == f"{3 * 0.30 + gigabytes * 0.50:,.2f}"


# ---------------------------------------------------------------- commands


def commands():
    """Every `aws` command of the pages, as words."""
    text = "".join(page.read_text() for page in PAGES).replace("\\\n", " ").replace("\\|", "|")
    for found in re.finditer(r"aws ([a-z]+ [a-z-]+[^`\n]*)", text):
        # Without pipes, redirections, and the end of a command substitution.
        yield re.split(r" \| | >|\)\"?$|; \}| #|   #", found[1])[0]


def options(command):
    return set(re.findall(r"(?<=\s)--([a-z-]+)", command))


def test_commands_are_found():
    assert len(list(commands())) >= 18


@pytest.mark.parametrize("command", sorted(set(commands())))
def test_a_command_and_its_options_exist(command):
    service, operation = command.split()[:2]
    if (service, operation) in CUSTOM_COMMANDS:
        assert options(command) <= CUSTOM_COMMANDS[service, operation] | GLOBAL_OPTIONS
        return
    model = botocore.session.get_session().get_service_model(service)
    if operation == "wait":
        assert command.split()[2] == "services-stable" and options(command) <= {"cluster", "services"}
        return
    operations = {xform_name(name, "-"): name for name in model.operation_names}
    assert operation in operations
    known = {xform_name(name, "-") for name in model.operation_model(operations[operation]).input_shape.members}
    assert options(command) <= known | GLOBAL_OPTIONS, command


TAGS = [{"key": "team", "value": "payments"}]


def described(task, tags):
    """A task definition as `describe-task-definition --include TAGS` prints it: the tags are beside it."""
    arn = "arn:aws:ecs:eu-west-1:123456789012:task-definition/my-service:1"
    answered = task | {
        "taskDefinitionArn": arn, "revision": 1, "status": "ACTIVE", "requiresAttributes": [{"name": "a"}],
        "compatibilities": ["FARGATE"], "registeredAt": 1.0, "registeredBy": "me",
    }  # fmt: skip
    return {"taskDefinition": answered} | ({"tags": tags} if tags else {})


def next_revision(heading, answer, folder):
    """The jq command's result for an answer, validated as ECS does."""
    program = re.search(r"jq (--slurpfile sidecar \S+ )?'(.*?)' present.json", section(heading), re.DOTALL)
    (folder / "present.json").write_text(json.dumps(answer))
    sidecar = ["--slurpfile", "sidecar", TOP / "container" / "container-definition.json"] if program[1] else []
    done = subprocess.run(["jq", *sidecar, program[2], folder / "present.json"], capture_output=True, text=True, check=True)
    registered = json.loads(done.stdout)
    shape = botocore.session.get_session().get_service_model("ecs").operation_model("RegisterTaskDefinition").input_shape
    assert ParamValidator().validate(registered, shape).generate_report() == ""
    return registered


@pytest.mark.parametrize("tags", [[], TAGS])
def test_the_sidecar_is_added_once_and_taken_out_again(tmp_path, tags):
    present = json.loads((TOP / "container" / "task-definition.json").read_text())
    present["containerDefinitions"] = present["containerDefinitions"][:1]
    added = next_revision("For a service you have", described(present, tags), tmp_path)
    assert [container["name"] for container in added["containerDefinitions"]] == ["application", "ecs-clock-emf"]
    tagless = {key: value for key, value in added.items() if key != "tags"}
    assert next_revision("For a service you have", described(tagless, tags), tmp_path) == added, "twice is as once"
    assert next_revision("Take it out again", described(tagless, tags), tmp_path) == present | ({"tags": tags} if tags else {})
    assert added.get("tags", []) == tags


def test_the_deployment_configuration_is_of_the_form_that_ecs_takes(stack):
    text = section("Deployment alarms on your own service").replace("'\"$cluster-$service-", "production-ledger-").replace("\"'", "")
    configuration = json.loads(re.search(r"--deployment-configuration '(.*?)'", text, re.DOTALL)[1])
    shape = botocore.session.get_session().get_service_model("ecs").operation_model("UpdateService").input_shape
    assert ParamValidator().validate({"service": "s", "deploymentConfiguration": configuration}, shape).generate_report() == ""
    names = {alarm["AlarmName"] for alarm in stack.resources("AWS::CloudWatch::Alarm").values()}
    assert len(configuration["alarms"]["alarmNames"]) == 2 and set(configuration["alarms"]["alarmNames"]) <= names


def test_the_query_for_a_new_revision_sees_its_tasks_alone():
    """The query of the page, over a good old revision and a new one with a bad clock in one of two tasks."""
    text = re.search(r"echo '(filter .*?)' >query", section("Deployment alarms on your own service"), re.DOTALL)[1]

    def line(stream, revision, synchronized):
        members = {"ClockSource": "ecs", "TaskDefinitionRevision": revision, "ClockSynchronized": synchronized, "MaxClockErrorBound": 0.4}
        return Event(stream, 1000, 2000, json.dumps(members))

    events = [line("old", "7", 0), line("new-1", "8", 1), line("new-2", "8", 0), line("new-2", "8", 1)]
    assert run(text.replace("REVISION", "8"), events, 3000) == [{"Tasks": 2, "LargestBoundMs": 0.4, "Bad": 1.0}]


def test_the_mute_rule_is_valid(tmp_path):
    snippet = re.search(r"```yaml\n(.*?)```", section("Maintenance"), re.DOTALL)[1]
    template = tmp_path / "mute.yaml"
    template.write_text("Resources:\n  Mute:\n" + "".join(f"    {line}\n" for line in snippet.splitlines()))
    done = subprocess.run([Path(sys.executable).parent / "cfn-lint", template], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "")


def test_shell_blocks_parse():
    for block in [block for page in PAGES for block in re.findall(r"```sh\n(.*?)```", page.read_text(), re.DOTALL)]:
        subprocess.run(["bash", "-n"], input=block, text=True, check=True)
        assert shlex.split(block, comments=True)
