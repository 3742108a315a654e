"""`explain` on the output of real tools: the AWS CLI against a CloudWatch Logs server, and a real Docker engine."""

import json
import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import build
import pytest
from program import built

sys.path.append(str(Path(__file__).resolve().parents[1] / "ways"))
import compose

# As the awslogs driver names streams; short, so that awslogs pads it.
GROUP, STREAM = "/explain", "app/app/1"
# Problems that belong to the form, not to its events.
OF_FORMS = {"export-assumed", "viewer-time", "viewer-prefix", "docker-json-file", "partial-message", "multi-line"}


@pytest.fixture(scope="module")
def program():
    """The program as the tests of this machine build it."""
    return built("ecs-clock-emf")


def document(**members):
    """A document with the current time and some members changed."""
    directive = {
        "Namespace": "Shop",
        "Dimensions": [["Service"]],
        "Metrics": [{"Name": "Latency", "Unit": "Milliseconds"}, {"Name": "Hits"}],
    }
    metadata = {"Timestamp": time.time_ns() // 1_000_000, "CloudWatchMetrics": [directive]}
    return {"_aws": metadata, "Service": "api", "Latency": [1.5, 2], "Hits": 3} | members


def lines():
    """Good and bad documents, one per line, and a line that is not a document."""
    missing = document()
    del missing["Latency"]
    broken = json.dumps(document()).replace('"Hits": 3', '"Hits": NaN')
    good = [document(), document(Note='a tab \t, a | and a "quote"'), document(Service="é")]
    bad = [document(Hits="3"), document(Service=""), document(_aws={}), missing]
    return [*map(json.dumps, good), "plain line", broken, *map(json.dumps, bad)]


def explain(program, text, *arguments):
    """The program's verdict on an input, without positions and without problems of the form."""
    done = subprocess.run(
        [program, "explain", "--json", *arguments], input=text, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode in (0, 1) and not done.stderr, done
    said = [json.loads(line) for line in done.stdout.splitlines()]
    places = {"line", "event", "certain"}
    return [
        {name: value for name, value in record.items() if name not in places}
        for record in said
        if record.get("rule") not in OF_FORMS
    ]


@pytest.fixture(scope="module")
def aws(logs, logs_endpoint):
    """A function that puts events into a log group and returns the output of an AWS CLI command."""
    environment = os.environ | {
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
    }

    def put(group, messages):
        logs.create_log_group(logGroupName=group)
        logs.create_log_stream(logGroupName=group, logStreamName=STREAM)
        now = time.time_ns() // 1_000_000
        events = [{"timestamp": now + index, "message": message} for index, message in enumerate(messages)]
        logs.put_log_events(logGroupName=group, logStreamName=STREAM, logEvents=events)

    def run(group, command, *arguments):
        stream = ["--log-stream-name", STREAM] if command == "get-log-events" else []
        program = Path(sys.executable).parent / "aws"
        return subprocess.run(
            [program, "--endpoint-url", logs_endpoint, "logs", command, "--log-group-name", group, *stream, *arguments],
            env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60, check=True,
        ).stdout  # fmt: skip

    run.environment = environment
    return put, run


def judged(program, printed):
    """The verdict in both modes for what viewers show, which must be the same."""
    verdicts = [explain(program, printed, "--input", form) for form in ("auto", "export")]
    assert verdicts[0] == verdicts[1]
    return verdicts[0]


def without_place(verdict):
    """Without the bytes of broken JSON, for a tool that prints the documents anew."""
    return [
        {name: value for name, value in record.items() if name != "fault" or record["rule"] != "json-broken"} for record in verdict
    ]


# Version 2 of the AWS CLI, as Debian's package or AWS's installer places it; version 1 is a package of Python.
CLI_2 = next((path for path in ("/usr/local/bin/aws", "/usr/bin/aws") if os.path.exists(path)), "/usr/bin/aws")
TAILS = [("tail", "--since", "1h", "--format", form) for form in ("detailed", "short", "json")]
AWSLOGS = [
    [], ["--timestamp"], ["--ingestion-time"], ["--timestamp", "--ingestion-time"], ["--no-group"], ["--no-stream"],
    ["--no-group", "--no-stream"], ["--timestamp", "--no-stream"], ["--color=always", "--timestamp"],
]  # fmt: skip
# Commands on the JSON of the AWS CLI.
FILTERS = [
    ["yq", "-y", "."], ["yq", "-y", ".events"], ["yq", "-y", ".events[]"], ["yq", "-y", "-w", "1000", ".events"], ["yq", ".events"],
    ["yq", "-r", ".events[].message"],
    ["jq", ".events[].message"], ["jq", "-r", ".events[].message"], ["jq", "-c", ".events[]"], ["jq", ".events|map(.message)"],
    ["jq", "-r", ".events[]|[.timestamp,.message]|@csv"],
]  # fmt: skip


def test_the_tools_that_show_a_log_group_are_judged_as_the_bare_lines(program, aws, logs_endpoint):
    put, run = aws
    bare = lines()
    events = [*bare, json.dumps(document(), indent=2), bare[0]]
    group = "/explain/tools"
    put(group, events)
    expected = explain(program, "\n".join(events), "--input", "export")
    tools = Path(sys.executable).parent
    environment = os.environ | run.environment | {"PATH": f"{tools}:{os.environ['PATH']}"}

    def output(command, text=None):
        done = subprocess.run(
            [str(part) for part in command], env=environment, input=text or "", capture_output=True, text=True, timeout=60, check=True
        )
        return done.stdout

    version = output([CLI_2, "--version"])
    assert version.startswith("aws-cli/2."), version
    cli = [CLI_2, "--endpoint-url", logs_endpoint, "logs"]
    commands = [
        [*cli, command, "--log-group-name", group, *stream, "--output", form]
        for command, stream in (("filter-log-events", []), ("get-log-events", ["--log-stream-name", STREAM]))
        for form in ("json", "text", "table", "yaml", "yaml-stream")
    ]
    commands += [
        [*cli, "filter-log-events", "--log-group-name", group, "--output", form, "--query", query]
        for form in ("yaml", "yaml-stream") for query in QUERIES if query
    ]  # fmt: skip
    commands += [[*cli, tail[0], group, *tail[1:]] for tail in TAILS]
    awslogs = ["awslogs", "get", group, "ALL", "--start", "1h", "--aws-endpoint-url", logs_endpoint]
    commands += [[*awslogs, *([] if "--color=always" in options else ["--no-color"]), *options] for options in AWSLOGS]
    exported = run(group, "filter-log-events", "--output", "json")
    # Each starts a process, which takes seconds.
    with ThreadPoolExecutor(4) as pool:
        shown = [*zip(commands, pool.map(output, commands), strict=True)]
        shown += zip(FILTERS, pool.map(lambda command: output(command, exported), FILTERS), strict=True)
    for command, printed in shown:
        verdict = judged(program, printed)
        assert without_place(verdict) == without_place(expected), command


QUERIES = [None, "events[].message", "events[].[timestamp,message]", "events[].{t:timestamp,m:message}"]


def test_every_output_of_the_aws_cli_is_judged_as_the_bare_lines(program, aws):
    put, run = aws
    bare = lines()
    # Also a document over several lines, between two others.
    events = [*bare, json.dumps(document(), indent=2), bare[0]]
    put(GROUP, events)
    expected = explain(program, "\n".join(events), "--input", "export")
    assert len({record.get("rule") for record in expected}) > 6
    combinations = [("filter-log-events", form, query) for form in ("json", "text", "table") for query in QUERIES]
    combinations += [("get-log-events", form, None) for form in ("json", "text", "table")]

    def output(combination):
        command, form, query = combination
        return run(GROUP, command, "--output", form, *(["--query", query] if query else []))

    # Each starts a process, which takes seconds.
    with ThreadPoolExecutor(4) as pool:
        for combination, printed in zip(combinations, pool.map(output, combinations), strict=True):
            assert explain(program, printed) == expected, combination


@pytest.fixture(scope="module")
def printer(engine, tmp_path_factory):
    """An image that prints the file /lines, and nothing else."""
    folder = tmp_path_factory.mktemp("printer")
    (folder / "print.rs").write_text(
        'fn main() { std::io::copy(&mut std::fs::File::open("/lines").unwrap(), &mut std::io::stdout()).unwrap(); }'
    )
    subprocess.run(
        ["rustc", "-C", "target-feature=+crt-static", "--target", build.RUST_TARGET, "-o", folder / "print", folder / "print.rs"],
        check=True,
    )  # fmt: skip
    (folder / "Dockerfile").write_text('FROM scratch\nCOPY print /print\nENTRYPOINT ["/print"]\n')
    engine.run(
        "build", "--tag", "printer:test", "--network", "none", folder, environment={"DOCKER_BUILDKIT": "1"}
    )
    return "printer:test"


def test_dockers_own_file_and_docker_logs_are_judged_as_the_bare_lines(program, engine, printer, tmp_path):
    # The long ones are split by the engine: at 16 KiB, and twice.
    bare = [*lines(), json.dumps(document(Filler="x" * 20_000)), json.dumps(document(Hits="3", Filler="y" * 40_000))]
    text = "\n".join(bare) + "\n"
    (tmp_path / "lines").write_text(text)
    container = engine.run(
        "run", "--detach", "--network", "none", "--log-driver", "json-file",
        "--volume", f"{tmp_path}/lines:/lines:ro", printer,
    ).stdout.strip()  # fmt: skip
    assert engine.run("wait", container).stdout.strip() == "0"
    expected = explain(program, text)
    file = Path(engine.run("inspect", "--format", "{{.LogPath}}", container).stdout.strip())
    records = file.read_text()
    assert len(records.splitlines()) == len(bare) + 1 + 2, "the engine splits long lines"
    assert explain(program, records) == expected
    assert explain(program, engine.run("logs", container).stdout) == expected
    assert explain(program, engine.run("logs", "--timestamps", container).stdout) == expected


@pytest.mark.parametrize("services", [["web"], ["web", "worker"]], ids=len)
def test_compose_logs_are_judged_as_the_bare_lines(program, engine, printer, tmp_path, services):
    text = "\n".join(lines()) + "\n"
    (tmp_path / "lines").write_text(text)
    service = {
        "image": printer, "network_mode": "none", "volumes": [f"{tmp_path}/lines:/lines:ro"], "logging": {"driver": "json-file"},
    }  # fmt: skip
    (tmp_path / "compose.yaml").write_text(json.dumps({"version": "3", "services": dict.fromkeys(services, service)}))
    project = f"explain-{len(services)}"

    def run(*arguments):
        done = subprocess.run(
            [*compose.command(), "--project-name", project, *arguments], cwd=tmp_path,
            env=os.environ | {"DOCKER_HOST": engine.host}, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def sorted_records(said):
        # Services come in any order; of each, every line is there.
        return sorted(json.dumps(record, sort_keys=True) for record in said)

    run("up")
    expected = sorted_records(explain(program, text)) * len(services)
    for options in [["--no-color"], [], ["--timestamps"], ["--no-color", "--timestamps"]]:
        printed = run("logs", *options)
        assert sorted_records(explain(program, printed)) == sorted(expected), (options, printed)
    run("down", "--timeout", "1")
