"""A system that refuses threads, descriptors, disk space or writes while the sidecar runs. At the start: `tests/sidecar/refusals.rs`."""

import json
import os
import resource
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest
from process import Frugal, assert_in_sequence, assert_valid, descriptors, total, until
from program import cargo_build


# In a segment.
SYNCHRONIZED = 1


def status_in(segment):
    return int.from_bytes(segment.read_bytes()[68:72], sys.byteorder)


def said(sidecar):
    return [json.loads(line) for line in sidecar.diagnostics()]


def address_of(sidecar):
    return until("an address", lambda: [event["address"] for event in said(sidecar) if event["message"] == "listening"])[0]


@pytest.fixture
def few_threads(tmp_path_factory, programs):
    """Options of a process limited to this many threads: it runs as a user without other processes."""
    folder = tmp_path_factory.mktemp("program")
    program = folder / "program"
    shutil.copy(programs[0], program)
    for path in (program, folder, folder.parent, folder.parent.parent):
        path.chmod(path.stat().st_mode | 0o055)
    user = 200_000 + os.getpid()

    def options(most):
        return {
            "executable": program, "user": user, "group": user, "extra_groups": [],
            "preexec_fn": lambda: resource.setrlimit(resource.RLIMIT_NPROC, (most, most)),
        }  # fmt: skip

    return options


def test_an_interface_without_a_thread_is_reported_and_the_metrics_continue(endpoint, sidecar, few_threads, tmp_path):
    played = endpoint("good")
    # The main thread and the writer.
    running = sidecar(played, options=few_threads(2), listen="127.0.0.1:0", clockbound_directory=str(tmp_path))
    until("three lines", lambda: len(running.lines) >= 3)
    assert total(running.documents(), "AnswerErrors") == 2
    warnings = [event for event in said(running) if event["level"] == "WARN"]
    assert {event["interface"] for event in warnings} == {"listen", "clockbound-directory"}
    assert all(event["error"].startswith("cannot start a thread: ") for event in warnings)
    assert running.stop() == 0


def test_a_name_that_cannot_be_looked_up_without_a_thread_is_a_read_error(endpoint, sidecar, few_threads):
    """Regression: it panicked with exit code 101."""
    played = endpoint("good")
    server = f"localhost:{free_port()}"
    by_ntp = sidecar(played, options=few_threads(2), source="ntp", ntp_server=server)
    document = until("a line", lambda: by_ntp.documents())[0]
    assert document["ReadErrorKind"] == "connection" and "lookup of" in document["ReadErrorMessage"]
    assert by_ntp.stop() == 0

    by_name = {"ECS_CONTAINER_METADATA_URI_V4": played.uri.replace("127.0.0.1", "localhost")}
    by_ecs = sidecar(played, environment=by_name, options=few_threads(2))
    document = until("a line", lambda: by_ecs.documents())[0]
    assert document["ReadErrorKind"] == "connection" and document["ClockReadErrors"] == 1
    assert by_ecs.stop() == 0


def test_a_lookup_that_hangs_is_reported_as_such(programs, tmp_path):
    """A resolver that never answers is not a source that never answers."""
    resolver = tmp_path / "resolv.conf"
    resolver.write_text("nameserver 127.0.0.9\noptions timeout:30\n")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
        silent.bind(("127.0.0.9", 53))
        for lookup, arguments, variables in [
            ("NTP server time.example.org:123: the lookup of its name", ["--source=ntp", "--ntp-server=time.example.org"], {}),
            ("the lookup of the endpoint's name", ["--source=ecs"], {"ECS_CONTAINER_METADATA_URI_V4": "http://metadata.example.org/v4/id"}),
        ]:
            command = [programs[0], "check", "--json", "--request-timeout=500ms", *arguments]
            namespace = ["unshare", "--mount", "sh", "-c", 'mount --bind "$1" /etc/resolv.conf && shift && exec "$@"', "sh", resolver]
            finished = subprocess.run([*namespace, *command], env={**os.environ, **variables}, capture_output=True, timeout=60)
            assert finished.returncode == 3, finished
            [reason] = json.loads(finished.stdout)["reasons"]
            assert reason == f"no reading: {lookup} did not end within 500ms"


def free_port():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("127.0.0.1", 0))
        return taken.getsockname()[1]


def test_an_endpoint_by_name_is_read(endpoint, sidecar):
    played = endpoint("good")
    running = sidecar(played, environment={"ECS_CONTAINER_METADATA_URI_V4": played.uri.replace("127.0.0.1", "localhost")})
    assert until("a line", lambda: running.documents())[0]["ClockSynchronized"] == 1


def test_reads_without_a_descriptor_fail_and_are_counted_until_one_is_free(endpoint, sidecar, programs):
    played = endpoint("good")
    running = sidecar(played, listen="127.0.0.1:0")
    address = address_of(running)
    until("two lines", lambda: len(running.lines) >= 2)
    # The kept connection is closed, and no new one can be opened.
    limits = resource.prlimit(running.pid, resource.RLIMIT_NOFILE)
    resource.prlimit(running.pid, resource.RLIMIT_NOFILE, (3, limits[1]))
    played.play("reset")
    refused = until("a refusal", lambda: [d for d in running.documents() if "Too many open files" in d.get("ReadErrorMessage", "")])
    assert refused[0]["ReadErrorKind"] == "connection"
    # Clients cannot be answered either, and waiting ones do not cause a busy loop.
    with socket.create_connection(address.split(":")):
        frugal = Frugal(running.pid, lambda: total(running.documents(), "ClockReadErrors"))
        before = len(running.lines)
        until("an answer that failed", lambda: total(running.documents(), "AnswerErrors"))
        until("three more lines", lambda: len(running.lines) >= before + 3)
        frugal.check()
    resource.prlimit(running.pid, resource.RLIMIT_NOFILE, limits)
    played.play("good")
    before = len(running.lines)
    until("a good line", lambda: [d for d in running.documents()[before:] if d.get("ClockSynchronized") == 1])
    with urllib.request.urlopen(f"http://{address}/clock", timeout=60) as answer:
        assert json.load(answer)["verdict"] == "good"
    assert running.stop() == 0
    assert_in_sequence(running.documents())
    assert_valid(programs[0], [line for _, line in running.lines])
    again = [event["message"] for event in said(running)]
    assert "reading the clock succeeds again" in again and "available to applications again" in again


def test_a_full_disk_is_reported_for_a_new_segment_and_keeps_an_existing_one(endpoint, sidecar, small_disk):
    played = endpoint("good")
    segment = small_disk.path / "shm0"
    small_disk.fill()
    refused = sidecar(played, clockbound_directory=str(small_disk.path))
    until("a report", lambda: total(refused.documents(), "AnswerErrors") == 1)
    [warning] = [event for event in said(refused) if event["level"] == "WARN"]
    assert warning["error"] == "cannot create shm0: No space left on device (os error 28)"
    assert not segment.exists() and refused.stop() == 0

    small_disk.free()
    running = sidecar(played, clockbound_directory=str(small_disk.path))
    until("a segment", segment.exists)
    small_disk.fill()
    before = segment.read_bytes()
    until("written again", lambda: segment.read_bytes() != before)
    assert running.stop() == 0
    assert total(running.documents(), "AnswerErrors") == 0


def test_a_segment_on_a_read_only_disk_is_reported(endpoint, sidecar, small_disk):
    played = endpoint("good")
    small_disk.set_read_only()
    running = sidecar(played, clockbound_directory=str(small_disk.path))
    until("a report", lambda: total(running.documents(), "AnswerErrors") == 1)
    [warning] = [event for event in said(running) if event["level"] == "WARN"]
    assert "Read-only file system" in warning["error"]
    assert running.stop() == 0


@pytest.fixture
def limited(endpoint, sidecar):
    """A function that starts a sidecar whose files may have this many bytes, and returns its stderr."""
    pipes = []

    def start(size, **variables):
        # A file would be limited too.
        reader, writer = os.pipe()
        pipes.append(os.fdopen(reader))
        limit = {"preexec_fn": lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))}
        running = sidecar(endpoint("good"), options={"stderr": writer, **limit, **variables.pop("options", {})}, **variables)
        os.close(writer)
        return running, lambda: [json.loads(line) for line in pipes[-1]]

    yield start
    for pipe in pipes:
        pipe.close()


@pytest.mark.parametrize("size", [0, 15, 64, 79])
def test_a_limit_below_the_size_of_a_segment_is_reported(limited, tmp_path, size):
    """By default SIGXFSZ kills a process that writes beyond the limit."""
    running, rest = limited(size, clockbound_directory=str(tmp_path))
    until("a report", lambda: total(running.documents(), "AnswerErrors") == 1)
    before = len(running.lines)
    until("two more lines", lambda: len(running.lines) >= before + 2)
    # Neither a part of a segment, nor the file that was to become one.
    assert list(tmp_path.iterdir()) == []
    assert running.stop() == 0
    [warning] = [event for event in rest() if event["level"] == "WARN"]
    assert warning["error"] == "cannot create shm0: File too large (os error 27)"


def test_a_limit_that_falls_below_the_size_of_a_segment_is_reported_and_clients_keep_the_last_one(limited, tmp_path):
    running, rest = limited(1_000, clockbound_directory=str(tmp_path))
    segment = tmp_path / "shm0"
    until("a segment of a reading", lambda: segment.exists() and status_in(segment) == SYNCHRONIZED)
    resource.prlimit(running.pid, resource.RLIMIT_FSIZE, (0, resource.RLIM_INFINITY))
    until("a report", lambda: total(running.documents(), "AnswerErrors"))
    before = segment.read_bytes()
    count = len(running.lines)
    until("two more lines", lambda: len(running.lines) >= count + 2)
    # Its generation is even, so no client treats it as half-written.
    assert segment.read_bytes() == before and before[14] % 2 == 0
    assert running.stop() == 0
    [warning] = [event for event in rest() if event["level"] == "WARN"]
    assert "File too large" in warning["error"]


def test_lines_beyond_the_limit_of_a_file_are_counted(limited, tmp_path):
    with open(tmp_path / "lines", "wb") as file:
        running, rest = limited(1, options={"stdout": file})
    time.sleep(2)
    assert running.stop() == 4
    lost, stopped = rest()[-2:]
    assert lost["message"] == "some lines were lost and never reported" and lost["lines"] == stopped["unreported"] > 0


@pytest.mark.parametrize("arguments", [[], ["--once"], ["check"], ["check", "--ask=127.0.0.1:9"]])
def test_a_refused_pair_of_sockets_is_reported(programs, arguments):
    """Signals reach the runtime by such a pair, and it panics without one. A sandbox may refuse it."""
    refused = refuse_pairs([programs[0], *arguments])
    assert refused.returncode == 3 and not refused.stdout, refused
    [event] = [json.loads(line) for line in refused.stderr.splitlines()]
    assert event["message"] == "the program cannot start" and "Operation not permitted" in event["error"]


def test_the_demonstration_reports_a_refused_pair_of_sockets(programs):
    """Regression: it panicked with exit code 101."""
    demonstration = Path(os.environ.get("CLOCK_DEMO_BIN") or cargo_build("--package", "clock-demo", "--bin", "clock-demo"))
    refused = refuse_pairs([demonstration, "--listen=127.0.0.1:0"])
    assert refused.returncode == 1, refused
    events = [json.loads(line) for line in refused.stderr.splitlines()]
    assert "Operation not permitted" in events[-1]["error"]


def refuse_pairs(command):
    """Runs a command to which strace refuses pairs of sockets."""
    refusing = ["strace", "-f", "-qq", "-o", "/dev/null", "-e", "trace=socketpair", "-e", "inject=socketpair:error=EPERM"]
    return subprocess.run([*refusing, *command], env={}, capture_output=True, text=True, timeout=60, check=False)


def test_connections_that_nobody_closes_are_closed(endpoint, sidecar):
    played = endpoint("good")
    running = sidecar(played, listen="127.0.0.1:0")
    address = address_of(running)
    until("a line", lambda: running.lines)
    before = descriptors(running.pid)
    idle = [socket.create_connection(address.split(":")) for _ in range(100)]
    frugal = Frugal(running.pid, played.requests)
    until("accepted", lambda: descriptors(running.pid) > before)
    until("closed", lambda: descriptors(running.pid) <= before)
    frugal.check()
    for connection in idle:
        connection.close()
    assert running.stop() == 0
