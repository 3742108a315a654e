"""The Makefile, with stand-ins for aws, docker, sam and cfn-lint that write down how they were called."""

import re
import shutil
import subprocess
import tomllib

import botocore.loaders
import pytest
from cfn import SAM, TOP, Deployment
from samcli.cli.types import CfnParameterOverridesType

ACCOUNT = "123456789012"
REPOSITORY_URI = f"{ACCOUNT}.dkr.ecr.eu-west-1.amazonaws.com/ecs-clock-emf"
TARGET = [f"ACCOUNTID={ACCOUNT}", "REGION=eu-west-1"]
GIVEN = [*TARGET, "ALLOWED_CIDR=198.51.100.0/24"]
MAKE = shutil.which("make") or "make"
TOOLS = ["aws", "docker", "sam", "cfn-lint"]
VARIABLES = [
    "ACCOUNTID", "REGION", "ARCH", "STACK", "REPOSITORY", "ALARM_EMAIL", "ALLOWED_CIDR", "THRESHOLD_MS", "DESIRED_COUNT",
    "TASK_ALARMS", "WORST_TASKS", "RETENTION_DAYS", "BUILD_ARGS",
]  # fmt: skip

# Answers as the real tools give them. Arguments are joined by a character that no argument has.
STAND_IN = """#!/bin/sh
name=${0##*/}
{ printf '%s' "$name"; printf '\\037%s' "$@"; printf '\\n'; } >>"$CALLS"
case "$name $*" in
  "$FAILING"*) test -n "$FAILING" && { echo "$name: refused" >&2; exit 254; } ;;
esac
case "$name $*" in
  "aws sts get-caller-identity"*) echo "$ACCOUNT_OF_CREDENTIALS" ;;
  "aws cloudformation describe-stacks"*StackStatus*) echo "$STACK_STATUS" ;;
  "aws cloudformation describe-stacks"*RepositoryUri*) echo "$REPOSITORY_URI" ;;
  "aws cloudformation describe-stacks"*DashboardUrl*) echo https://dashboard.example/ ;;
  "aws cloudformation describe-stacks"*QueriesUrl*) echo https://queries.example/ ;;
  "aws cloudformation describe-stacks"*ClusterName*) echo ecs-clock-emf ;;
  "aws ecr get-login-password"*) echo the-password ;;
  "docker login"*) read -r password; printf 'stdin\\037%s\\n' "$password" >>"$CALLS" ;;
  "aws ecr describe-images"*imageTag=sidecar-*) printf 'sha256:%064d\\n' 1 ;;
  "aws ecr describe-images"*imageTag=demo-*) printf 'sha256:%064d\\n' 2 ;;
  "aws ecs list-tasks"*) echo "$TASKS" ;;
  "aws ecs describe-tasks"*) echo eni-1 ;;
  "aws ec2 describe-network-interfaces"*) echo 203.0.113.7 ;;
esac
"""


class Make:
    """A machine with only these tools. After a run, `calls` holds each call's words."""

    def __init__(self, folder):
        self.folder = folder
        self.log = folder / "calls"
        self.tools = folder / "bin"
        self.tools.mkdir()
        (self.tools / "sed").symlink_to(shutil.which("sed"))
        self.environment = {
            "PATH": str(self.tools), "CALLS": str(self.log), "FAILING": "", "ACCOUNT_OF_CREDENTIALS": ACCOUNT,
            "REPOSITORY_URI": REPOSITORY_URI, "TASKS": "arn:aws:ecs:eu-west-1:123456789012:task/ecs-clock-emf/1",
            "STACK_STATUS": "UPDATE_COMPLETE",
        }  # fmt: skip

    def install(self, *names):
        for name in names:
            tool = self.tools / name
            tool.write_text(STAND_IN)
            tool.chmod(0o755)
        return self

    def run(self, *arguments, makefile=("-C", SAM), **environment):
        self.log.unlink(missing_ok=True)
        return subprocess.run(
            [MAKE, "--no-print-directory", *makefile, *arguments],
            env=self.environment | environment, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL,
        )  # fmt: skip

    @property
    def calls(self):
        if not self.log.exists():
            return []
        return [line.split("\037") for line in self.log.read_text().splitlines()]

    def told(self):
        """The calls that matter to order, short."""
        return [" ".join(word for word in call[:3] if not word.startswith("-")) for call in self.calls]


@pytest.fixture
def bare(tmp_path):
    return Make(tmp_path)


@pytest.fixture
def make(tmp_path):
    return Make(tmp_path).install(*TOOLS)


def option(call, name):
    return call[call.index(name) + 1]


def sam_deploy(make, stack):
    call, = [call for call in make.calls if call[:2] == ["sam", "deploy"] and option(call, "--stack-name") == stack]
    overrides = call[call.index("--parameter-overrides") + 1 :]
    return call, dict(override.split("=", 1) for override in overrides)


def test_help_needs_no_tool(bare):
    for arguments in ([], ["help"]):
        done = bare.run(*arguments)
        assert (done.returncode, done.stderr) == (0, "")
        for target in ("all", "check", "registry", "build", "push", "deploy", "urls", "validate", "destroy"):
            assert re.search(rf"^  {target} ", done.stdout, re.MULTILINE), target


def test_dry_run_needs_no_tool(bare):
    for target in ("all", "destroy", "validate"):
        done = bare.run("-n", target)
        assert (done.returncode, done.stderr) == (0, "")
    assert bare.calls == []


def test_all_does_everything_in_order(make):
    done = make.run("all", *GIVEN)
    assert done.returncode == 0, done.stderr
    steps = [call for call in make.told() if not call.startswith(("aws cloudformation", "aws ec2", "aws ecs"))]
    assert steps == [
        "docker version", "aws sts get-caller-identity",
        "sam deploy",
        "docker build", "docker build",
        "aws ecr get-login-password", "docker login", "stdin the-password",
        "docker tag ecs-clock-emf:sidecar-amd64", f"docker push {REPOSITORY_URI}:sidecar-amd64",
        "docker tag ecs-clock-emf:demo-amd64", f"docker push {REPOSITORY_URI}:demo-amd64",
        "aws ecr describe-images", "aws ecr describe-images",
        "sam deploy",
    ]  # fmt: skip
    assert done.stdout.rstrip().splitlines()[-3:] == [
        "Dashboard:      https://dashboard.example/",
        "Saved queries:  https://queries.example/ (Queries, folder clock)",
        "Demonstration:  http://203.0.113.7:8080/",
    ]


def test_the_password_is_in_no_argument(make):
    make.run("push", *GIVEN)
    assert not any("the-password" in word for call in make.calls if call[0] != "stdin" for word in call)
    login, = [call for call in make.calls if call[:2] == ["docker", "login"]]
    assert login[-1] == REPOSITORY_URI.split("/")[0]


def test_what_is_deployed_is_named_by_digest(make):
    make.run("deploy", *GIVEN)
    _, overrides = sam_deploy(make, "ecs-clock-emf")
    assert overrides["SidecarImage"] == f"{REPOSITORY_URI}@sha256:{1:064d}"
    assert overrides["DemoImage"] == f"{REPOSITORY_URI}@sha256:{2:064d}"


def test_deploy_gives_only_parameters_that_the_template_has(make):
    make.run("deploy", "registry", *GIVEN)
    templates = Deployment().templates
    for stack, template in (("ecs-clock-emf", "template.yaml"), ("ecs-clock-emf-registry", "registry.yaml")):
        call, overrides = sam_deploy(make, stack)
        parameters = templates[template]["Parameters"]
        assert set(overrides) <= set(parameters)
        assert {name for name, spec in parameters.items() if "Default" not in spec} <= set(overrides)
        for name, value in overrides.items():
            allowed = parameters[name].get("AllowedValues")
            assert allowed is None or value in map(str, allowed), (name, value)
            assert re.match(parameters[name].get("AllowedPattern", ""), value.strip('"')), (name, value)
        assert option(call, "--region") == "eu-west-1"


def test_options_reach_the_stack(make):
    make.run(
        "deploy", *TARGET, "ARCH=arm64", "ALARM_EMAIL=a@b.example", "ALLOWED_CIDR=203.0.113.7/32", "THRESHOLD_MS=2.5",
        "DESIRED_COUNT=2", "TASK_ALARMS=Enabled", "WORST_TASKS=Enabled", "RETENTION_DAYS=7", "STACK=clock",
    )  # fmt: skip
    _, overrides = sam_deploy(make, "clock")
    assert overrides | {"SidecarImage": "", "DemoImage": ""} == {
        "RepositoryName": "ecs-clock-emf", "SidecarImage": "", "DemoImage": "", "Architecture": "ARM64", "DesiredCount": "2",
        "AllowedCidr": "203.0.113.7/32", "ErrorBoundThreshold": "2.5", "AlarmEmail": "a@b.example", "TaskAlarms": "Enabled",
        "WorstTasksRule": "Enabled", "LogRetentionDays": "7",
    }  # fmt: skip
    assert any("imageTag=sidecar-arm64" in call for call in make.calls)


def test_build_takes_the_dockerfile_from_the_top(make):
    make.run("build", "ARCH=arm64", "BUILD_ARGS=--build-arg BINARIES=prebuilt")
    builds = [call for call in make.calls if call[:2] == ["docker", "build"]]
    assert [option(call, "--target") for call in builds] == ["sidecar", "demo"]
    for call in builds:
        assert option(call, "--platform") == "linux/arm64"
        assert (SAM / option(call, "--file")).resolve() == TOP / "container" / "Dockerfile"
        assert (SAM / call[-1]).resolve() == TOP
        assert option(call, "--build-arg") == "BINARIES=prebuilt"


def test_the_dockerfile_has_the_stages_that_are_built():
    stages = re.findall(r"^FROM .* AS (\S+)", (TOP / "container" / "Dockerfile").read_text(), re.MULTILINE | re.IGNORECASE)
    assert {"sidecar", "demo"} <= set(stages)


def test_everything_may_be_repeated(make):
    calls = []
    for _ in range(2):
        assert make.run("all", *GIVEN).returncode == 0
        calls.append(make.calls)
    assert calls[0] == calls[1]
    for environment in tomllib.loads((SAM / "samconfig.toml").read_text()).values():
        # Otherwise a second deployment of the same would be an error.
        assert not isinstance(environment, dict) or environment["deploy"]["parameters"]["fail_on_empty_changeset"] is False


@pytest.mark.parametrize("missing", ["aws", "docker", "sam"])
def test_a_missing_tool_is_named(bare, missing):
    done = bare.install(*(tool for tool in TOOLS if tool != missing)).run("all", *GIVEN)
    assert done.returncode != 0
    assert f"error: {missing} not found on PATH" in done.stderr
    assert not any(call[0] == "sam" for call in bare.calls)


@pytest.mark.parametrize("target, missing", [
    ("build", "docker"), ("push", "docker"), ("push", "aws"), ("registry", "sam"), ("deploy", "sam"), ("urls", "aws"),
    ("destroy", "aws"), ("validate", "sam"), ("validate", "cfn-lint"),
])  # fmt: skip
def test_each_target_names_the_tool_it_misses(bare, target, missing):
    done = bare.install(*(tool for tool in TOOLS if tool != missing)).run(target, *GIVEN)
    assert done.returncode != 0
    assert f"error: {missing} not found on PATH" in done.stderr


@pytest.mark.parametrize("target, unneeded", [("deploy", "docker"), ("urls", "docker"), ("push", "sam"), ("destroy", "sam"), ("build", "aws")])
def test_no_target_needs_a_tool_it_does_not_use(bare, target, unneeded):
    done = bare.install(*(tool for tool in TOOLS if tool != unneeded)).run(target, *GIVEN)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("arguments, text", [
    (["REGION=eu-west-1"], "ACCOUNTID is ''"),
    (["ACCOUNTID=12345", "REGION=eu-west-1"], "ACCOUNTID is '12345'"),
    ([f"ACCOUNTID={ACCOUNT}"], "REGION is ''"),
    ([f"ACCOUNTID={ACCOUNT}", "REGION=Frankfurt"], "REGION is 'Frankfurt'"),
    (["ACCOUNTID=999999999999", "REGION=eu-west-1"], f"ACCOUNTID is 999999999999, but your credentials belong to account {ACCOUNT}"),
    ([*TARGET, "ARCH=riscv64"], "ARCH is 'riscv64'"),
])  # fmt: skip
@pytest.mark.parametrize("target", ["all", "registry", "push", "deploy", "urls", "destroy"])
def test_a_wrong_target_is_an_error_before_anything_is_changed(make, target, arguments, text):
    done = make.run(target, *arguments, ALLOWED_CIDR="198.51.100.0/24")
    assert done.returncode != 0
    assert f"error: {text}" in done.stderr
    assert {tuple(call[:3]) for call in make.calls} <= {("docker", "version"), ("aws", "sts", "get-caller-identity")}


@pytest.mark.parametrize("target", ["all", "deploy"])
def test_a_page_that_is_open_to_the_world_is_asked_for(make, target):
    done = make.run(target, *TARGET)
    assert done.returncode != 0
    assert "error: ALLOWED_CIDR is '': give who may open the page" in done.stderr
    assert "203.0.113.7/32" in done.stderr and "0.0.0.0/0" in done.stderr
    assert {tuple(call[:2]) for call in make.calls} <= {("docker", "version")}
    assert make.run(target, *TARGET, "ALLOWED_CIDR=0.0.0.0/0").returncode == 0
    _, overrides = sam_deploy(make, "ecs-clock-emf")
    assert overrides["AllowedCidr"] == "0.0.0.0/0"


@pytest.mark.parametrize("target", ["check", "registry", "build", "push", "urls", "destroy"])
def test_what_opens_no_page_does_not_ask_who_may_see_it(make, target):
    assert make.run(target, *TARGET).returncode == 0


def test_the_template_assumes_no_address_either():
    assert "Default" not in Deployment().templates["template.yaml"]["Parameters"]["AllowedCidr"]


def regions():
    """Every region that botocore knows, with its partition."""
    for partition in botocore.loaders.Loader().load_data("partitions")["partitions"]:
        for region in partition["regions"]:
            if not region.endswith("-global"):
                yield region, partition["id"]


def test_the_regions_of_every_partition_are_taken(make):
    known = set(Deployment().templates["observability.yaml"]["Mappings"]["Console"])
    seen = set()
    for region, partition in regions():
        done = make.run("check", f"ACCOUNTID={ACCOUNT}", f"REGION={region}")
        assert done.returncode == 0, done.stderr
        seen.add(partition)
    assert seen == known


MALFORMED = {
    "STACK": ["1clock", "-clock", "my_clock", "a b", "c" * 111, "clock/x"],
    "REPOSITORY": ["x", "Clock", "clock--emf/", "-clock", "a b", "r" * 257],
    "ALARM_EMAIL": ["me", "me@example", "a b@example.com", 'x"@example.com', "m" * 250 + "@x.org"],
    "ALLOWED_CIDR": ["10.0.0.1", "10.0.0.0/33", "256.0.0.0/8", "10.0.0/8", "::/0", "0.0.0.0/0 ", "010.0.0.0/8"],
    "THRESHOLD_MS": ["five", "-1", "5ms", "1e3", ".5", "86400000.5"],
    "DESIRED_COUNT": ["one", "-1", "01", "1.5", "100"],
    "RETENTION_DAYS": ["2", "thirty", "30 ", "303", "1|3"],
    "WORST_TASKS": ["enabled", "yes", "Enabled Disabled"],
    "TASK_ALARMS": ["enabled", "true"],
}


@pytest.mark.parametrize("name", MALFORMED)
def test_a_malformed_value_is_an_error_before_anything_is_built(make, name):
    for value in [*MALFORMED[name], "\n", "'", *([] if name == "ALARM_EMAIL" else [""])]:
        done = make.run("all", *TARGET, **{"ALLOWED_CIDR": "198.51.100.0/24", name: value})
        assert done.returncode != 0, value
        assert f"error: {name} is '{value}': give " in done.stderr
        assert {tuple(call[:2]) for call in make.calls} <= {("docker", "version")}, value


@pytest.mark.parametrize("name, template, parameter", [
    ("THRESHOLD_MS", "template.yaml", "ErrorBoundThreshold"), ("DESIRED_COUNT", "template.yaml", "DesiredCount"),
    ("RETENTION_DAYS", "template.yaml", "LogRetentionDays"), ("WORST_TASKS", "template.yaml", "WorstTasksRule"),
    ("TASK_ALARMS", "template.yaml", "TaskAlarms"),
    ("REPOSITORY", "registry.yaml", "RepositoryName"), ("STACK", "observability.yaml", "ClusterName"),
])  # fmt: skip
def test_the_limits_are_those_of_the_template(make, name, template, parameter):
    spec = Deployment().templates[template]["Parameters"][parameter]
    good, bad = [*map(str, spec.get("AllowedValues", []))], []
    if "MaxValue" in spec:
        good += [str(spec["MinValue"]), str(spec["MaxValue"])]
        bad += [str(spec["MinValue"] - 1), str(spec["MaxValue"] + 1)]
    if "MaxLength" in spec:
        good.append("c" * spec["MaxLength"])
        bad.append("c" * (spec["MaxLength"] + 1))
    assert good
    for value in good:
        assert make.run("check", *GIVEN, f"{name}={value}").returncode == 0, value
    for value in bad:
        assert make.run("check", *GIVEN, f"{name}={value}").returncode != 0, value


@pytest.mark.parametrize("name", VARIABLES)
def test_no_value_is_run(make, tmp_path, name):
    made = tmp_path / "made"
    # On a command line, make reads $$ as one $. Values from the environment are passed on unchanged.
    for value in (f"$(>{made})", f"`>{made}`", f"x'; >{made}; '", f'x"; >{made}; "', f"x; >{made};", f"$(shell >{made})"):
        for given, environment in [([f"{name}=" + value.replace("$", "$$")], {}), ([], {name: value})]:
            others = [word for word in GIVEN if not word.startswith(f"{name}=")]
            # -k: every target has its turn, also after a failure.
            make.run("-k", "help", "build", "validate", "all", *others, *given, **environment)
            assert not made.exists(), (value, environment)


def test_no_recipe_pastes_a_value():
    """For the recipes that the values above do not reach, since they are refused before."""
    assert re.findall(rf"\$[({{]({'|'.join([*VARIABLES, 'TOP'])})[)}}]", (SAM / "Makefile").read_text()) == []


def test_a_value_with_a_quote_arrives_as_it_is(make):
    done = make.run("deploy", *GIVEN, "ALARM_EMAIL=o'brien@example.com")
    assert done.returncode == 0, done.stderr
    assert "(o'brien@example.com)" in make.run("help", "ALARM_EMAIL=o'brien@example.com").stdout


@pytest.mark.parametrize("email", ["", "o'brien@example.com", "a+b=c@example.com"])
def test_sam_reads_the_values_that_were_given(make, email):
    make.run("deploy", *TARGET, f"ALARM_EMAIL={email}", "ALLOWED_CIDR=203.0.113.7/32")
    call, overrides = sam_deploy(make, "ecs-clock-emf")
    read = CfnParameterOverridesType().convert(tuple(call[call.index("--parameter-overrides") + 1 :]), None, None)
    assert (read["AlarmEmail"], read["AllowedCidr"], len(read)) == (email, "203.0.113.7/32", len(overrides))


def test_build_arguments_are_words_and_no_patterns(make):
    assert make.run("build", "BUILD_ARGS=--pull  --label M*").returncode == 0
    for call in (call for call in make.calls if call[:2] == ["docker", "build"]):
        assert call[call.index("--pull") : -1] == ["--pull", "--label", "M*"]


@pytest.mark.parametrize("name, value", [("REPOSITORY", "No"), ("REPOSITORY", ""), ("ARCH", "")])
def test_build_alone_refuses_what_it_cannot_name_an_image_by(make, name, value):
    done = make.run("build", f"{name}={value}")
    assert done.returncode != 0
    assert f"error: {name} is '{value}'" in done.stderr
    assert make.calls == []


def test_a_folder_with_spaces_and_quotes(make, tmp_path):
    top = tmp_path / "it's a  folder"
    shutil.copytree(SAM, top / "sam")
    for makefile in (("-f", top / "sam" / "Makefile"), ("-C", top / "sam"), ("-C", top, "-f", "sam/Makefile")):
        done = make.run("help", makefile=makefile)
        assert (done.returncode, done.stderr) == (0, "")
        assert "  deploy " in done.stdout
        done = make.run("validate", "build", makefile=makefile)
        assert done.returncode == 0, done.stderr
        assert {option(call, "--file") for call in make.calls if call[0] == "docker"} == {f"{top}/sam/../container/Dockerfile"}


FAILED_FIRST = "ROLLBACK_COMPLETE"


@pytest.mark.parametrize("target, stack", [("registry", "ecs-clock-emf-registry"), ("deploy", "ecs-clock-emf")])
def test_what_a_failed_first_deployment_left_is_deleted_first(make, target, stack):
    done = make.run(target, *GIVEN, STACK_STATUS=FAILED_FIRST)
    assert done.returncode == 0, done.stderr
    assert f"The first deployment of stack {stack} failed" in done.stdout
    told = [(call[2], option(call, "--stack-name")) for call in make.calls if call[1] == "cloudformation" and call[2] in ("delete-stack", "wait")]
    assert told == [("delete-stack", stack), ("wait", stack)]
    assert make.told().index("aws cloudformation wait") < make.told().index("sam deploy")


@pytest.mark.parametrize("target", ["registry", "deploy"])
@pytest.mark.parametrize("status", [
    "CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE", "UPDATE_ROLLBACK_FAILED", "CREATE_IN_PROGRESS",
    "REVIEW_IN_PROGRESS", "ROLLBACK_IN_PROGRESS", "None", "",
])  # fmt: skip
def test_a_stack_in_any_other_state_is_never_deleted(make, target, status):
    assert make.run(target, *GIVEN, STACK_STATUS=status).returncode == 0
    assert not any("delete-stack" in call for call in make.calls)
    assert "sam deploy" in make.told()


def test_a_first_deployment_finds_no_stack(make):
    done = make.run("registry", *GIVEN, FAILING="aws cloudformation describe-stacks")
    assert (done.returncode, done.stderr) == (0, "")
    assert "sam deploy" in make.told()
    assert not any("delete-stack" in call for call in make.calls)


@pytest.mark.parametrize("failing", ["aws cloudformation delete-stack", "aws cloudformation wait"])
@pytest.mark.parametrize("target", ["registry", "deploy"])
def test_a_stack_that_cannot_be_deleted_is_not_deployed(make, target, failing):
    assert make.run(target, *GIVEN, STACK_STATUS=FAILED_FIRST, FAILING=failing).returncode != 0
    assert "sam deploy" not in make.told()


@pytest.mark.parametrize("target, failing, text", [
    ("all", "docker version", "its engine does not answer"),
    ("deploy", "aws sts", "log in, and check that REGION 'eu-west-1' exists"),
    ("push", "aws cloudformation describe-stacks", "there is no stack ecs-clock-emf-registry: make registry first"),
    ("deploy", "aws cloudformation describe-stacks", "there is no stack ecs-clock-emf-registry: make registry first"),
    ("push", "docker tag", "there is no image ecs-clock-emf:sidecar-amd64: make build first"),
    ("deploy", "aws ecr describe-images", "the repository has no image sidecar-amd64: make build push first"),
    ("urls", "aws cloudformation describe-stacks", "there is no stack ecs-clock-emf: make deploy first"),
])  # fmt: skip
def test_a_missing_resource_is_reported_with_a_remedy(make, target, failing, text):
    done = make.run(target, *GIVEN, FAILING=failing)
    assert done.returncode != 0
    assert text in done.stderr


@pytest.mark.parametrize("failing", ["sam deploy", "docker build", "docker login", "docker push", "aws ecr get-login-password"])
def test_a_step_that_fails_ends_it(make, failing):
    done = make.run("all", *GIVEN, FAILING=failing)
    assert done.returncode != 0
    # One call fails, and nothing that is built on it follows.
    assert len([call for call in make.calls if " ".join(call).startswith(failing)]) == 1
    assert "Dashboard:" not in done.stdout


def test_no_task_yet_is_no_error(make):
    done = make.run("urls", *GIVEN, TASKS="None")
    assert done.returncode == 0
    assert "no task is running yet" in done.stdout


def test_destroy_takes_the_service_before_the_registry(make):
    assert make.run("destroy", *GIVEN).returncode == 0
    told = [(call[2], option(call, "--stack-name")) for call in make.calls if call[1] == "cloudformation"]
    expected = [(verb, stack) for stack in ("ecs-clock-emf", "ecs-clock-emf-registry") for verb in ("delete-stack", "wait")]
    assert told == expected


def test_validate_looks_at_every_template_without_an_account(make):
    assert make.run("validate").returncode == 0
    templates = sorted(path.name for path in SAM.glob("*.yaml"))
    lint, = [call for call in make.calls if call[0] == "cfn-lint"]
    assert lint[1:] == templates
    assert [option(call, "--template-file") for call in make.calls if call[0] == "sam"] == templates
    assert not any(call[0] == "aws" for call in make.calls)
