"""The image by itself: its size and settings, the gate, and what it writes on which stream."""

import json
import subprocess
import tomllib

import pytest
from build import ROOT
from sidecar import Sidecar, wait_until

LARGEST = 3_500_000


def test_it_is_small(engine, image, static_binary):
    assert static_binary.stat().st_size <= LARGEST
    assert int(engine.run("image", "inspect", "--format", "{{.Size}}", image).stdout) <= LARGEST


def test_it_holds_the_program_the_licence_and_no_rights(engine, image):
    config = json.loads(engine.run("image", "inspect", "--format", "{{json .Config}}", image).stdout)
    package = tomllib.loads((ROOT / "Cargo.toml").read_text())["package"]
    assert config["User"] == "65532:65532"
    assert config["Entrypoint"] == ["/ecs-clock-emf"]
    assert not config.get("Cmd")
    assert config["Labels"]["org.opencontainers.image.version"] == package["version"]
    assert config["Labels"]["org.opencontainers.image.licenses"] == package["license"]

    container = engine.run("create", image).stdout.strip()
    listing = subprocess.run(engine.command("export", container), check=True, capture_output=True).stdout
    engine.run("rm", container)
    names = subprocess.run(["tar", "-t"], input=listing, check=True, capture_output=True).stdout.decode().split()
    # Docker itself adds empty mount points to every exported container.
    files = {name for name in names if not name.endswith("/") and not name.startswith(("dev/", "etc/", ".dockerenv"))}
    assert files == {"ecs-clock-emf", "LICENSE"}


@pytest.mark.parametrize("scenario, exit_code, verdict", [
    ("good", 0, "good"),
    ("unsynchronized", 1, "not_good"),
])  # fmt: skip
def test_the_gate_says_whether_the_clock_is_good(engine, image, logs_endpoint, endpoint, scenario, exit_code, verdict):
    gate = json.loads((ROOT / "container" / "gate-init-container.json").read_text())[0]
    command = ["2s" if word == "60s" else word for word in gate["command"]]
    check = Sidecar(engine, image, logs_endpoint, endpoint(scenario).base, environment={})
    done = subprocess.run(
        check.foreground_command(*command), stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == exit_code, done.stderr
    assert json.loads(done.stdout)["verdict"] == verdict


def test_the_health_check_runs_in_the_sidecars_own_container(engine, image, logs_endpoint, endpoint):
    definition = json.loads((ROOT / "container" / "gate-health-check.json").read_text())[0]
    command = definition["healthCheck"]["command"][1:]
    for scenario, exit_code in [("good", 0), ("unsynchronized", 1)]:
        sidecar = Sidecar(engine, image, logs_endpoint, endpoint(scenario).base).start()
        try:
            assert engine.run("exec", sidecar.container, *command, check=False).returncode == exit_code
        finally:
            engine.run("rm", "--force", sidecar.container)


def test_streams_are_pure_in_every_container(engine, image, logs_endpoint, endpoint, tmp_path):
    running = []
    try:
        for scenario in ["good", "flipping", "throttled", "down"]:
            proxy = endpoint(scenario)
            sidecar = Sidecar(engine, image, logs_endpoint, proxy.base)
            out, err = tmp_path / f"{scenario}.out", tmp_path / f"{scenario}.err"
            with open(out, "wb") as stdout, open(err, "wb") as stderr:
                client = subprocess.Popen(
                    sidecar.foreground_command(), stdin=subprocess.DEVNULL, stdout=stdout, stderr=stderr
                )
            running.append((scenario, proxy, client, out, err))
        for scenario, proxy, *_ in running:
            wait_until(lambda: len(proxy.documents) + len(proxy.failures) >= 12, f"twelfth answer to {scenario}")
    finally:
        # The client passes SIGTERM on to its container.
        for _, _, client, _, _ in running:
            client.terminate()
        codes = [client.wait(60) for _, _, client, _, _ in running]
    assert codes == [0] * len(running)
    for scenario, _, _, out, err in running:
        lines = out.read_text().splitlines()
        assert len(lines) >= 2, scenario
        assert all("CloudWatchMetrics" in json.loads(line)["_aws"] for line in lines), scenario
        for line in err.read_text().splitlines():
            diagnostic = json.loads(line)
            assert "level" in diagnostic and "_aws" not in diagnostic, scenario
        if scenario in ("throttled", "down"):
            assert err.stat().st_size, "a failing endpoint is worth a diagnostic"
