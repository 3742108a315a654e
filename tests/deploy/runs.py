"""Runs the real program through faults, all at the same time, each with its own endpoint.

Time is compressed thirtyfold: the program emits every two seconds instead of every minute, and two seconds of its time stamps are
one alarm period. So a run of a minute plays half an hour, and "minute" means such two seconds. (With one second, a busy machine
was late by a whole "minute" now and then.)
"""

import json
import re
import threading
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime

from cfn import TOP, Deployment
from program import Endpoint, Sidecar, SteppedClock, binaries, container_environment, endpoint_names

MINUTE_MS = 2000
COMPRESSED = {
    "CLOCK_EMF_SAMPLE_INTERVAL": f"{MINUTE_MS // 10}ms", "CLOCK_EMF_EMIT_INTERVAL": f"{MINUTE_MS}ms", "CLOCK_EMF_EMIT_JITTER": "0s",
}  # fmt: skip
# A minute is evaluated half a minute after its end.
DELAY_MS = MINUTE_MS // 2
# Milliseconds a second: the bound passes the alarm's 5 ms in the third minute of drifting.
DRIFT = ["--drift-rate", str(2000 / MINUTE_MS)]

# Answers of the endpoint that the example has no scenario for.
UNSYNCHRONIZED_WITHOUT_A_BOUND = "unsynchronized without a bound"
SYNCHRONIZED_WITHOUT_A_BOUND = "synchronized without a bound"
# The host's clock is not compared while it is wrong. (`good` would continue to report reference times of the true clock, which a host
# whose wall clock is hours ahead cannot.)
NOT_COMPARED_AGAIN = "not compared again"
# Ages cannot be compressed: the reference is 6 minutes of ours short of an hour old, and stays where it is.
LOST_SOURCE, SHORT_OF_AN_HOUR = "time source lost", 6
REPLIES = {
    UNSYNCHRONIZED_WITHOUT_A_BOUND: lambda: {"ClockSynchronizationStatus": "NOT_SYNCHRONIZED"},
    SYNCHRONIZED_WITHOUT_A_BOUND: lambda: {"ClockSynchronizationStatus": "SYNCHRONIZED", "ReferenceTimestamp": seconds_ago(10)},
    NOT_COMPARED_AGAIN: lambda: {
        "ClockErrorBound": 0.4, "ClockSynchronizationStatus": "SYNCHRONIZED", "ReferenceTimestamp": seconds_ago(10),
    },
    LOST_SOURCE: lambda: {
        "ClockErrorBound": 0.4, "ClockSynchronizationStatus": "SYNCHRONIZED",
        "ReferenceTimestamp": seconds_ago(3600 - SHORT_OF_AN_HOUR * MINUTE_MS / 1000),
    },
}  # fmt: skip

# A step is an action and its duration in minutes: a scenario of the endpoint or one of the replies above, `kill` and `start` for
# the sidecar, `step:SECONDS` for the wall clock.
RUNS = {
    "healthy": [("good", 20)],
    "drifting": [("good", 6), ("drifting", 12), ("good", 12)],
    "losing synchronization": [("good", 6), ("unsynchronized", 10), ("good", 12)],
    "losing synchronization and the bound": [("good", 6), (UNSYNCHRONIZED_WITHOUT_A_BOUND, 18), ("good", 8)],
    "bound unknown": [("good", 6), (SYNCHRONIZED_WITHOUT_A_BOUND, 18), ("good", 10)],
    "time source lost": [("good", 6), (LOST_SOURCE, 18), ("good", 10)],
    "flapping": [("good", 6), ("flipping", 12), ("good", 12)],
    "endpoint down": [("good", 9), ("down", 18), ("good", 14)],
    "endpoint down from the start": [("down", 14), ("good", 14)],
    "sidecar dead": [("good", 9), ("kill", 18), ("start", 8)],
    "clock stepped": [(NOT_COMPARED_AGAIN, 6), ("step:0.05", 16), ("step:0", 16)],
    "ahead by 3 h, corrected": [(NOT_COMPARED_AGAIN, 9), ("step:10800", 12), ("step:0", 14)],
}


def seconds_ago(seconds):
    return datetime.fromtimestamp(int(time.time() - seconds), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


@dataclass
class Run:
    """What happened: lines with their arrival, and the moment each step began."""

    lines: list = field(default_factory=list)
    steps: list = field(default_factory=list)
    diagnostics: list = field(default_factory=list)
    end: int = 0
    error: Exception | None = None


def write_reply(folder, clock_drift, **names):
    """A file with the agent's answer, its `ClockDrift` replaced, and names such as `Cluster` and `ServiceName`."""
    recorded = (TOP / "tests" / "data" / "agent-wire" / "task-notsync.http").read_text()
    document = json.loads(re.search(r"\{.*\}", recorded)[0])
    document |= {"ClockDrift": clock_drift, **names}
    body = json.dumps(document)
    path = folder / "reply.http"
    path.write_bytes(f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n{body}".encode())
    return path


def scenario(step, folder, names):
    """The endpoint's name for a step."""
    return f"replay:{write_reply(folder, REPLIES[step](), **names)}" if step in REPLIES else step


def play(run, steps, programs, environment, folder):
    sidecar_binary, endpoint_binary = programs
    first = steps[0][0]
    options = endpoint_names(environment)
    names = {"Cluster": options[1], "ServiceName": options[3]}
    endpoint, clock = Endpoint(endpoint_binary, scenario(first, folder, names), *DRIFT, *options), SteppedClock()
    # Only the run that steps the clock uses libfaketime; the others run as in a task.
    stepped = clock.environment if any(step.startswith("step:") for step, _ in steps) else {}
    environment = environment | endpoint.environment | stepped
    started = []
    try:
        started.append(Sidecar(sidecar_binary, environment))
        if first != "down":
            # The program's start time is not measured.
            while not started[0].lines:
                time.sleep(0.01)
        for number, (step, minutes) in enumerate(steps):
            run.steps.append(time.time_ns() // 1_000_000)
            if number == 0:
                pass
            elif step == "start":
                started.append(Sidecar(sidecar_binary, environment))
            elif step == "kill":
                started[-1].kill()
            elif step.startswith("step:"):
                clock.step_to(float(step.removeprefix("step:")))
            else:
                endpoint.play(scenario(step, folder, names))
            time.sleep(minutes * MINUTE_MS / 1000)
        run.end = time.time_ns() // 1_000_000
        started[-1].stop()
        run.lines = [line for sidecar in started for line in sidecar.lines]
        run.diagnostics = [line for sidecar in started for line in sidecar.diagnostics()]
    except Exception as error:  # noqa: BLE001 (said by the test that looks at this run)
        run.error = error
        for sidecar in started:
            sidecar.kill()
    finally:
        endpoint.close()
        clock.close()


def play_all(folder):
    """Every run of RUNS, by name."""
    programs = binaries()
    environment = container_environment(Deployment()) | COMPRESSED
    runs, threads = {name: Run() for name in RUNS}, []
    for number, name in enumerate(RUNS):
        place = folder / str(number)
        place.mkdir()
        threads.append(threading.Thread(target=play, args=(runs[name], RUNS[name], programs, environment, place)))
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return runs
