"""Alarms really go off: the shipped alarms over the lines that the real program writes while its clock gets into trouble.

Time is compressed sixtyfold: the program emits every second instead of every minute, and one second of its time stamps is one
alarm period. So a run of 30 s plays half an hour of alarms, and "minute" below means such a second.

All runs go on at the same time, each with an endpoint of its own. A run is a list of steps; what is expected is a list of
states with the minutes, counted from a step, within which they have to begin. The bounds are as wide as what is not known:
how far CloudWatch looks back beyond the evaluation periods (each expectation holds for two answers), and how late a busy
machine writes a line.
"""

import json
import re
import threading
import time
from dataclasses import dataclass, field

import pytest
from alarm_evaluator import ALARM, INSUFFICIENT_DATA, OK, stack_timelines
from cfn import TOP, Deployment
from program import Endpoint, Sidecar, SteppedClock, binaries, container_environment

COMPRESSED = {"CLOCK_EMF_SAMPLE_INTERVAL": "100ms", "CLOCK_EMF_EMIT_INTERVAL": "1s", "CLOCK_EMF_EMIT_JITTER": "0s"}
MINUTE_MS = 1000
# A minute is looked at half a minute after its end.
DELAY_MS = 500
# The bound passes the alarm's 5 ms in the third minute of drifting.
DRIFT = ["--drift-rate", "2"]

ALARMS = ["ErrorBoundAlarm", "NotSynchronizedAlarm", "NoDataAlarm", "ReadErrorsAlarm", "ClockStepAlarm", "ClockAlarm"]


@dataclass
class Run:
    """What happened: lines with their arrival, and the moment each step began."""

    lines: list = field(default_factory=list)
    steps: list = field(default_factory=list)
    end: int = 0
    error: Exception | None = None


# A step is what is done and how many minutes it then lasts: a scenario of the endpoint or WITHOUT_A_BOUND, `kill` and `start` for
# the sidecar, `step:SECONDS` for the wall clock.
WITHOUT_A_BOUND = "unsynchronized without a bound"
RUNS = {
    "healthy": [("good", 20)],
    "drifting": [("good", 6), ("drifting", 12), ("good", 12)],
    "losing synchronization": [("good", 6), ("unsynchronized", 10), ("good", 12)],
    "losing synchronization and the bound": [("good", 6), (WITHOUT_A_BOUND, 18), ("good", 8)],
    "endpoint down": [("good", 6), ("down", 18), ("good", 14)],
    "endpoint down from the start": [("down", 14), ("good", 14)],
    "sidecar dead": [("good", 6), ("kill", 18), ("start", 8)],
    "clock stepped": [("good", 6), ("step:0.05", 16), ("step:0", 16)],
}


def reply_without_a_bound(folder):
    """A file with the agent's answer where a clock is not synchronized and nothing else is known of it."""
    recorded = (TOP / "tests" / "data" / "agent-wire" / "task-notsync.http").read_text()
    document = json.loads(re.search(r"\{.*\}", recorded)[0])
    document["ClockDrift"] = {"ClockSynchronizationStatus": "NOT_SYNCHRONIZED"}
    body = json.dumps(document)
    path = folder / "reply.http"
    path.write_bytes(f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n{body}".encode())
    return path


def play(run, steps, sidecar_binary, endpoint_binary, environment, without_a_bound):
    first = steps[0][0]
    endpoint, clock = Endpoint(endpoint_binary, first, *DRIFT), SteppedClock()
    # Only the run that steps the clock has it changed: the others stay as plain as they are in a task.
    stepped = clock.environment if any(step.startswith("step:") for step, _ in steps) else {}
    environment = environment | endpoint.environment | stepped
    started = []
    try:
        started.append(Sidecar(sidecar_binary, environment))
        if first == "good":
            # How long a program takes to start is not what is looked at.
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
            elif step == WITHOUT_A_BOUND:
                endpoint.play(f"replay:{without_a_bound}")
            else:
                endpoint.play(step)
            time.sleep(minutes * MINUTE_MS / 1000)
        run.end = time.time_ns() // 1_000_000
        started[-1].stop()
        run.lines = [line for sidecar in started for line in sidecar.lines]
    except Exception as error:  # noqa: BLE001 (said by the test that looks at this run)
        run.error = error
        for sidecar in started:
            sidecar.kill()
    finally:
        endpoint.close()
        clock.close()


@pytest.fixture(scope="module")
def stack():
    return Deployment().demonstration.child("Observability")


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    programs = binaries()
    reply = reply_without_a_bound(tmp_path_factory.mktemp("reply"))
    environment = container_environment(Deployment()) | COMPRESSED
    runs = {name: Run() for name in RUNS}
    threads = [threading.Thread(target=play, args=(runs[name], RUNS[name], *programs, environment, reply)) for name in RUNS]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return runs


class Timeline:
    """The states of a stack's alarms over a run, asked for by minutes from a step."""

    def __init__(self, stack, run, lines=None, extra_range=2):
        if run.error:
            raise run.error
        # From the first line on, where there is one at once.
        self._first = min(run.steps[0], *(arrival for arrival, _ in run.lines)) // MINUTE_MS
        self._steps = [begin // MINUTE_MS for begin in run.steps]
        # The last minute may have been cut short.
        self._last = run.end // MINUTE_MS - 1
        self._states = stack_timelines(
            stack, lines or run.lines, self._first, self._last, period_ms=MINUTE_MS, delay_ms=DELAY_MS, extra_range=extra_range
        )

    def states(self, alarm):
        return set(self._states[alarm].values())

    def begins(self, alarm, state, step, earliest, latest):
        """The alarm takes a state between so many minutes after a step, and not before, and is in it at the latest by then."""
        minutes = range(self._steps[step], min(self._steps[step] + latest, self._last) + 1)
        reached = [minute - self._steps[step] for minute in minutes if self._states[alarm][minute] == state]
        assert reached and reached[0] >= earliest, (
            f"{alarm} should become {state} {earliest} to {latest} minutes after step {step}, was: {self.told(alarm, step)}"
        )
        return self

    def just_before(self, step, alarm, state):
        """The alarm is in a state in the last whole minute before a step."""
        assert self._states[alarm][self._steps[step] - 1] == state, f"{alarm}: {self.told(alarm)}"
        return self

    def never(self, alarm, state=ALARM):
        assert state not in self.states(alarm), f"{alarm}: {self.told(alarm)}"
        return self

    def ends_in(self, alarm, state):
        assert self._states[alarm][self._last] == state, f"{alarm}: {self.told(alarm)}"
        return self

    def told(self, alarm, step=0):
        """The states from a step on, with the minute at which each began."""
        told, previous = [], None
        for minute in range(self._steps[step], self._last + 1):
            if (state := self._states[alarm][minute]) != previous:
                told.append(f"{minute - self._steps[step]}: {state}")
                previous = state
        return ", ".join(told)


# How far CloudWatch looks back beyond N: the guide's example (N = 3 looks at 5), and as far again as N.
@pytest.fixture(params=[2, 5], ids=["range N+2", "range 2N"])
def timeline(request, stack, runs):
    return lambda name, lines=None: Timeline(stack, runs[name], lines, request.param)


def test_every_alarm_is_tested(stack):
    shipped = {*stack.resources("AWS::CloudWatch::Alarm"), *stack.resources("AWS::CloudWatch::CompositeAlarm")}
    assert shipped == set(ALARMS)


def test_healthy(timeline):
    t = timeline("healthy")
    for alarm in ALARMS:
        t.never(alarm).begins(alarm, OK, 0, 0, 8).ends_in(alarm, OK)


def test_drifting(timeline):
    t = timeline("drifting")
    t.begins("ErrorBoundAlarm", ALARM, 1, 4, 9).begins("ErrorBoundAlarm", OK, 2, 1, 7).ends_in("ErrorBoundAlarm", OK)
    t.begins("ClockAlarm", ALARM, 1, 4, 9).begins("ClockAlarm", OK, 2, 1, 7).ends_in("ClockAlarm", OK)
    t.never("NotSynchronizedAlarm").never("NoDataAlarm").never("ReadErrorsAlarm").never("ClockStepAlarm")


def test_losing_synchronization(timeline):
    t = timeline("losing synchronization")
    t.begins("NotSynchronizedAlarm", ALARM, 1, 2, 6).begins("NotSynchronizedAlarm", OK, 2, 1, 7)
    t.begins("ClockAlarm", ALARM, 1, 2, 6).begins("ClockAlarm", OK, 2, 1, 7)
    t.ends_in("NotSynchronizedAlarm", OK).ends_in("ClockAlarm", OK)
    t.never("ErrorBoundAlarm").never("NoDataAlarm").never("ReadErrorsAlarm").never("ClockStepAlarm")


def test_losing_synchronization_and_the_bound(timeline):
    t = timeline("losing synchronization and the bound")
    t.begins("NotSynchronizedAlarm", ALARM, 1, 2, 6).begins("NotSynchronizedAlarm", OK, 2, 1, 7)
    # The sidecar goes on reporting: no bound is a finding, not silence.
    t.never("NoDataAlarm").begins("ErrorBoundAlarm", INSUFFICIENT_DATA, 1, 4, 13)
    t.never("ErrorBoundAlarm").never("ReadErrorsAlarm").never("ClockStepAlarm")
    t.ends_in("NotSynchronizedAlarm", OK).ends_in("ErrorBoundAlarm", OK).ends_in("ClockAlarm", OK)


def test_endpoint_down(timeline):
    t = timeline("endpoint down")
    t.begins("ReadErrorsAlarm", ALARM, 1, 2, 6).begins("ReadErrorsAlarm", OK, 2, 2, 11).ends_in("ReadErrorsAlarm", OK)
    t.begins("NoDataAlarm", ALARM, 1, 4, 13).begins("NoDataAlarm", OK, 2, 0, 4).ends_in("NoDataAlarm", OK)
    t.begins("ClockAlarm", ALARM, 1, 2, 6).begins("ClockAlarm", OK, 2, 2, 11).ends_in("ClockAlarm", OK)
    # Nothing is known of the clock meanwhile, and neither alarm claims to know.
    for alarm in ("ErrorBoundAlarm", "NotSynchronizedAlarm"):
        t.never(alarm).begins(alarm, INSUFFICIENT_DATA, 1, 4, 13).ends_in(alarm, OK)
    t.never("ClockStepAlarm")


def test_endpoint_down_from_the_start(timeline):
    t = timeline("endpoint down from the start")
    # Nothing was ever read, so the dimensions can only come from the container's environment.
    t.begins("ReadErrorsAlarm", ALARM, 0, 2, 7).begins("ReadErrorsAlarm", OK, 1, 2, 11).ends_in("ReadErrorsAlarm", OK)
    t.begins("NoDataAlarm", ALARM, 0, 0, 1).begins("NoDataAlarm", OK, 1, 0, 4).ends_in("NoDataAlarm", OK)
    t.begins("ClockAlarm", ALARM, 0, 0, 1).ends_in("ClockAlarm", OK)
    t.never("ErrorBoundAlarm").never("NotSynchronizedAlarm").never("ClockStepAlarm")
    t.ends_in("ErrorBoundAlarm", OK).ends_in("NotSynchronizedAlarm", OK)


def test_sidecar_dead(timeline):
    t = timeline("sidecar dead")
    t.begins("NoDataAlarm", ALARM, 1, 4, 13).begins("NoDataAlarm", OK, 2, 0, 4).ends_in("NoDataAlarm", OK)
    t.begins("ClockAlarm", ALARM, 1, 4, 13).begins("ClockAlarm", OK, 2, 0, 4).ends_in("ClockAlarm", OK)
    t.begins("ErrorBoundAlarm", INSUFFICIENT_DATA, 1, 4, 13).ends_in("ErrorBoundAlarm", OK)
    t.never("ErrorBoundAlarm").never("NotSynchronizedAlarm").never("ReadErrorsAlarm").never("ClockStepAlarm")


@pytest.mark.parametrize("step", [1, 2], ids=["forward", "back"])
def test_clock_stepped(timeline, step):
    t = timeline("clock stepped")
    t.just_before(step, "ClockStepAlarm", OK).just_before(step, "ClockAlarm", OK)
    t.begins("ClockStepAlarm", ALARM, step, 0, 3).begins("ClockAlarm", ALARM, step, 0, 3)
    t.ends_in("ClockStepAlarm", OK).ends_in("ClockAlarm", OK)
    for alarm in ("ErrorBoundAlarm", "NotSynchronizedAlarm", "NoDataAlarm", "ReadErrorsAlarm"):
        t.never(alarm)


def test_one_bad_task_among_good_ones_is_seen(timeline, runs):
    both = runs["healthy"].lines + runs["losing synchronization"].lines
    timeline("losing synchronization", both).begins("NotSynchronizedAlarm", ALARM, 1, 2, 6)


def test_the_bound_of_one_bad_task_among_good_ones_is_seen(timeline, runs):
    # So many that the average of all stays under the threshold.
    all_tasks = runs["healthy"].lines * 10 + runs["drifting"].lines
    timeline("drifting", all_tasks).begins("ErrorBoundAlarm", ALARM, 1, 4, 9).ends_in("ErrorBoundAlarm", OK)


def test_one_silent_task_among_others_is_not_no_data(timeline, runs):
    # As its description says: the saved query current-state is there for that.
    both = runs["clock stepped"].lines + runs["sidecar dead"].lines
    timeline("sidecar dead", both).never("NoDataAlarm")


def test_a_dimension_that_nobody_emits_would_be_noticed(stack, runs):
    """The evaluator's own alarm: with the wrong service name every alarm stays without data, and no test above passes."""
    other = [(arrival, line.replace('"ServiceName":"clock-demo"', '"ServiceName":"other"')) for arrival, line in runs["healthy"].lines]
    t = Timeline(stack, runs["healthy"], other)
    assert t.states("ErrorBoundAlarm") == {INSUFFICIENT_DATA}
    assert t.states("NoDataAlarm") == {ALARM}
