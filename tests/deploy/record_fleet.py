"""Records a version's part of tests/data/fleet: the real program writes the lines, each task in one trouble of its clock.

    CLOCK_EMF_BIN=… CLOCK_EMF_ENDPOINT_BIN=… .venv/bin/python tests/deploy/record_fleet.py tests/data/fleet/0.3.0

Both programs are of that version. Intervals are the defaults, so it takes eight minutes. Without an NTP server (0.1.0): `--without-ntp`.
"""

import sys
import tempfile
import threading
import time
from datetime import UTC, datetime
from pathlib import Path
from subprocess import STDOUT

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "acceptance"), str(HERE.parent / "e2e")]

from program import Endpoint, Sidecar, SteppedClock, binaries  # noqa: E402
from record_lines import NtpServer, synchronized  # noqa: E402
from runs import write_reply  # noqa: E402

# For each task what its endpoint plays, and for how many minutes. `step:SECONDS` moves the wall clock instead.
TASKS = {
    "healthy": [("good", 5), ("kill", 0)],
    "unsynchronized": [("good", 1), ("unsynchronized", 4), ("good", 1)],
    "bound-unknown": [("good", 1), ("no-bound", 7)],
    "read-errors": [("good", 1), ("error-500", 5), ("good", 1)],
    "drifting": [("good", 1), ("drifting", 5)],
    "old-reference": [(lambda: synchronized(0.4, 7200), 5)],
    "step": [("good", 2), ("step:0.25", 5)],
    "disagreement": [("good", 4)],
}
COMPARED = ["healthy", "disagreement"]
CLUSTER, SERVICE = "production", "ledger"


def task_arn(version, number):
    """An ID that shows version and task: 0.2.0 and its third task are 23000…"""
    task = f"{version.split('.')[1]}{number}"
    return f"arn:aws:ecs:eu-west-1:123456789012:task/{CLUSTER}/{task:0<32}"


def play(name, number, programs, file, with_ntp):
    arn = task_arn(file.parent.name, number)
    with tempfile.TemporaryDirectory() as folder:

        def scenario(step):
            if isinstance(step, str):
                return step
            reply = write_reply(Path(folder), step(), Cluster=CLUSTER, ServiceName=SERVICE, TaskARN=arn)
            return f"replay:{reply}"

        names = ["--cluster", CLUSTER, "--service", SERVICE, "--task-arn", arn, "--availability-zone", "eu-west-1a"]
        endpoint = Endpoint(programs[1], scenario(TASKS[name][0][0]), "--drift-rate", "0.1", *names)
        clock, ntp = SteppedClock(), NtpServer(0.5 if name == "disagreement" else 0)
        environment = endpoint.environment | (clock.environment if name == "step" else {})
        if name in COMPARED and with_ntp:
            environment |= {"CLOCK_EMF_CROSS_CHECK": "ntp", "CLOCK_EMF_NTP_SERVER": ntp.address}
        # One pipe, as the log driver merges both streams.
        sidecar = Sidecar(programs[0], environment, stderr=STDOUT)
        try:
            for position, (step, minutes) in enumerate(TASKS[name]):
                if step == "kill":
                    sidecar.kill()
                elif isinstance(step, str) and step.startswith("step:"):
                    clock.step_to(float(step.removeprefix("step:")))
                elif position:
                    endpoint.play(scenario(step))
                time.sleep(minutes * 60)
        finally:
            if sidecar.is_running:
                sidecar.stop()
            endpoint.close()
            clock.close()
            ntp.close()
        file.write_text("".join(f"{stamp(arrival)} {text}\n" for arrival, text in sidecar.lines))


def stamp(arrival):
    """The time before each event of an export to S3."""
    return datetime.fromtimestamp(arrival / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def record(folder, with_ntp):
    folder.mkdir(parents=True, exist_ok=True)
    programs = binaries()
    threads = [
        threading.Thread(target=play, args=(name, number, programs, folder / f"{name}.log", with_ntp))
        for number, name in enumerate(TASKS, start=1)
        if with_ntp or name != "disagreement"
    ]
    # At a minute's beginning, so that every recording has the same minutes.
    time.sleep(60 - time.time() % 60)
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


if __name__ == "__main__":
    record(Path(sys.argv[1]), "--without-ntp" not in sys.argv)
