"""The probe against the example endpoint, a real NTP server, and a segment that the real program writes."""

import json
import os
import shutil
import socket
import subprocess
import time

import pytest
from kit import probe
from kit.experiments.endpoint import Behaviour, Growth
from kit.player import recorded_lines
from kit.state import State
from kit.tasks import ENDPOINT_URI, PYTHON_IMAGE, played_task, probe_container, shipped_task
from program import Endpoint, Sidecar, binaries
from standins.world import World

DEADLINE_S = 20


@pytest.fixture
def lines(monkeypatch):
    """What the probe says."""
    said = []
    monkeypatch.setattr(probe, "say", lambda kind, **members: said.append({"probe": kind, "at": time.time(), **members}))
    return said


@pytest.fixture
def play(monkeypatch):
    """Starts the example endpoint, and gives its address to the probe."""
    started = []

    def start(scenario, *options):
        started.append(Endpoint(binaries()[1], scenario, *options))
        monkeypatch.setenv("ECS_CONTAINER_METADATA_URI_V4", started[-1].uri)
        return started[-1]

    yield start
    for endpoint in started:
        endpoint.close()


# Milliseconds a second: a part per million is a microsecond a second.
@pytest.mark.parametrize(("scenario", "ppm"), [("good", 0), ("drifting", 1), ("drifting", 15)])
def test_the_fit_finds_the_growth_of_the_example_endpoint(scenario, ppm, lines, play):
    play(scenario, "--drift-rate", str(ppm / 1000))
    for _ in range(60):
        probe.document_line()
        time.sleep(0.02)
    verdict = Growth().judge({"documents": lines})
    assert verdict.verdict == "measured"
    assert (f"nearest to {ppm} ppm" if ppm else "does not grow with age") in verdict.summary, verdict.summary


def test_the_endpoint_behaves_as_the_agent(lines, play, monkeypatch):
    play("good", "--limit")
    probe.endpoint_lines()
    found = {line["probe"]: line for line in lines} | {"failed": []}
    assert Behaviour().judge(found).verdict == "as claimed", found
    assert found["burst"] == found["burst"] | {"requests": 40, "refused": 0}


def test_another_idle_time_is_seen(lines, play):
    play("good", "--idle-close", "1s")
    probe.endpoint_lines()
    assert Behaviour().judge({line["probe"]: line for line in lines} | {"failed": []}).verdict == "refuted"


def test_an_endpoint_that_is_down_is_a_line_and_no_crash(lines, play):
    play("down")
    probe.document_line()
    assert "error" in lines[0]


@pytest.fixture
def chronyd(tmp_path):
    """A real NTP server on loopback that controls no clock; its port."""
    program = os.environ.get("CHRONYD") or shutil.which("chronyd") or "/usr/sbin/chronyd"
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    configuration = tmp_path / "chrony.conf"
    configuration.write_text(f"local stratum 8\nallow 127.0.0.1\nbindaddress 127.0.0.1\nport {port}\ncmdport 0\npidfile {tmp_path}/pid\ndriftfile {tmp_path}/drift\n")
    process = subprocess.Popen(
        [program, "-x", "-d", "-U", "-u", "root", "-f", str(configuration)],
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    yield port
    process.terminate()
    process.wait(timeout=10)


def test_a_real_server_is_asked(chronyd):
    deadline = time.monotonic() + DEADLINE_S
    while True:
        try:
            answer = probe.ask_ntp("127.0.0.1", chronyd)
            break
        except OSError:
            assert time.monotonic() < deadline, "chronyd does not answer"
            time.sleep(0.1)
    # Both read the same clock, so the offset is within what the exchange leaves open.
    assert answer["stratum"] == 8 and answer["leap"] == 0
    assert abs(answer["offset"]) <= answer["distance"] + 1e-4


def test_the_segment_of_the_real_program_is_read(tmp_path, play):
    endpoint = play("good")
    sidecar = Sidecar(binaries()[0], endpoint.environment | {"CLOCK_EMF_CLOCKBOUND_DIRECTORY": str(tmp_path), "CLOCK_EMF_MAX_ERROR": "5ms"})
    try:
        deadline = time.monotonic() + DEADLINE_S
        while True:
            try:
                found = probe.read_segment(tmp_path / "shm0")
                if found["good"]:
                    break
            except OSError:
                pass
            assert time.monotonic() < deadline, "the segment never became good"
            time.sleep(0.1)
        assert 0.4 < found["half_ms"] < 5
    finally:
        sidecar.stop()


def test_the_kernel_answers_without_privilege(lines):
    probe.host_lines()
    host = lines[0]
    assert host["clocksource"] and isinstance(host["devices"], list)
    # In a sandbox that refuses the call, the probe reports that.
    assert isinstance(host["adjtimex"], str) or host["adjtimex"]["maxerror"] >= 0


def test_the_task_of_the_probe_is_the_shipped_one(tmp_path):
    """The container's script is the file, small enough for a task definition, and everything else is as shipped."""
    run = World().run(tmp_path)
    run.kit = {"ProbeGroup": "g"}
    container = probe_container(run, 300)
    assert container["image"] == PYTHON_IMAGE and len(json.dumps(container)) < 20_000
    script = container["command"][2].replace("exec(", "print(", 1)
    shown = subprocess.run(["python3", "-c", script], capture_output=True, text=True, check=True).stdout
    assert "def ask_ntp" in shown
    assert [volume["name"] for volume in shipped_task()["volumes"]] == [point["sourceVolume"] for point in container["mountPoints"]]


def test_the_recorded_lines_have_the_metrics_of_the_program():
    """If the program writes other metrics now, record_lines.py has to be run again."""
    from record_lines import record_all

    def metrics(line):
        return [m["Name"] for d in json.loads(line)["_aws"]["CloudWatchMetrics"] for m in d["Metrics"]]

    now, then = record_all(), recorded_lines()
    assert {name: metrics(line) for name, line in now.items()} == {name: metrics(line) for name, line in then.items()}


def test_a_played_task_is_a_clock_that_drifts(tmp_path):
    """The command and the environment of the real task, with seconds instead of minutes."""
    run = World().run(tmp_path)
    run.state = State.new(tmp_path, "123456789012", run.region)
    run.state.content["attempt"] = 1
    run.kit, run.images = {"ProbeGroup": "g"}, {"endpoint": "e", "sidecar-clockbound": "s"}
    real, endpoint, _ = played_task(run, "group", "played", "good:1s,drifting:1h", 60)
    environment = {variable["name"]: variable["value"] for variable in real["environment"]}
    environment |= {"CLOCK_EMF_SAMPLE_INTERVAL": "200ms", "CLOCK_EMF_EMIT_INTERVAL": "1s", "CLOCK_EMF_EMIT_JITTER": "0s"}
    del environment["CLOCK_EMF_CLOCKBOUND_DIRECTORY"]
    server = subprocess.Popen([binaries()[1], *endpoint["command"]], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)
    sidecar = None
    try:
        assert server.stdout.readline().strip().endswith(ENDPOINT_URI)
        sidecar = Sidecar(binaries()[0], environment)
        deadline = time.monotonic() + DEADLINE_S
        while not any(document.get("MaxClockErrorBound", 0) > 3 for document in sidecar.documents()):
            assert time.monotonic() < deadline, sidecar.lines[-1:]
            time.sleep(0.1)
        last = sidecar.documents()[-1]
        assert (last["ClusterName"], last["ServiceName"]) == (run.drill_cluster, "played")
        assert last["_aws"]["CloudWatchMetrics"][0]["Namespace"] == run.namespace
    finally:
        if sidecar:
            sidecar.kill()
        server.kill()
        server.wait()
        server.stdout.close()
