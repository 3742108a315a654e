"""Each alarm at its expected minute, over the lines of scenarios.py.

A minute is looked at half a minute after its end. An alarm without an expectation must never go off.
"""

import json

import pytest
from alarm_evaluator import ALARM, INSUFFICIENT_DATA, OK, accepted, stack_timelines
from cfn import TOP, Deployment
from checks_watching import PAGES
from scenario_lines import MINUTE_MS
from scenarios import SCENARIOS, START

FIRST = START // MINUTE_MS
TIMING = {"period_ms": MINUTE_MS, "delay_ms": 30_000}

# For each scenario and alarm the minutes after which it is in ALARM, from and to (the last minute of it). What CloudWatch
# looks back beyond N (`back`) matters only where points are missing.
EXPECTED = {
    "healthy": {},
    "healthy EC2, polls of 16 s": {},
    "healthy EC2, polls of 64 s": {},
    "lost time source on EC2": {"ErrorBoundAlarm": (13, 29)},
    "lost time source on EC2, for nine hours": {"ErrorBoundAlarm": (13, 547), "NotSynchronizedAlarm": (545, 559)},
    # 1,200 s at the start, so over 3,600 s after 40 minutes: the third such minute is the alarm's.
    "lost time source on Fargate": {"ReferenceAgeAlarm": (42, 59)},
    "reference of 59 minutes": {},
    "reference of 61 minutes": {"ReferenceAgeAlarm": (2, 29)},
    "corrected by 3 h": {"NoDataAlarm": (14, 29), "ClockStepAlarm": (30, 34)},
    "flapping": {"NotSynchronizedAlarm": (12, 21)},
    "one flap": {},
    "bound unknown for 4 minutes": {},
    "bound unknown for 5 minutes": {"BoundUnknownAlarm": (14, 14)},
    # Over a service's dimensions only all tasks without a bound are seen: the query bound-unknown is there for one.
    "bound unknown of one task of two": {},
    "not synchronized and no bound": {"NotSynchronizedAlarm": (12, 21)},
    "endpoint down": {"ReadErrorsAlarm": (12, 21), "NoDataAlarm": (14, 19)},
    "the endpoint lies": {"CrossCheckAlarm": (6, 29)},
    "the NTP server lies": {"CrossCheckAlarm": (6, 29)},
    "both are right, their ranges just touch": {},
    "paused": {},
    "one disagreement": {},
    "cross-check that stops being answered": {"NoComparisonAlarm": (34, 49)},
    "cross-check that never gets an answer": {"NoComparisonAlarm": (60, 69)},
}


def stack_of(scenario):
    return Deployment().observability.with_parameters(CrossCheck="none").with_parameters(**scenario.parameters)


def timelines_of(scenario, stack, extra_range, lines=None):
    return stack_timelines(
        stack, accepted(lines or scenario.lines), FIRST, FIRST + scenario.minutes - 1, extra_range=extra_range, **TIMING
    )


@pytest.fixture(scope="module")
def scenarios():
    return {name: make() for name, make in SCENARIOS.items()}


def in_alarm(states):
    """From and to which minute an alarm was in ALARM, as pairs."""
    spans, minutes = [], [minute - FIRST for minute, state in states.items() if state == ALARM]
    for minute in minutes:
        if spans and spans[-1][1] == minute - 1:
            spans[-1][1] = minute
        else:
            spans.append([minute, minute])
    return [tuple(span) for span in spans]


@pytest.mark.parametrize("name", SCENARIOS)
@pytest.mark.parametrize("extra_range", [2, 5], ids=["range N+2", "range 2N"])
def test_each_alarm_at_its_minute(scenarios, name, extra_range):
    scenario = scenarios[name]
    stack = stack_of(scenario)
    told = timelines_of(scenario, stack, extra_range)
    expected = EXPECTED[name]
    for logical in stack.resources("AWS::CloudWatch::Alarm"):
        spans = in_alarm(told[logical])
        if logical not in expected:
            assert spans == [], f"{logical}: {spans}"
            continue
        (first, last), = spans
        assert (first, last) == shifted(name, logical, expected[logical], extra_range), logical
    for composite, is_page in (("PageAlarm", True), ("TicketAlarm", False)):
        read = [logical for logical in expected if (logical in PAGES) == is_page]
        assert in_alarm(told[composite]) == in_alarm({
            minute: ALARM if any(told[logical][minute] == ALARM for logical in read) else OK for minute in told[composite]
        })  # fmt: skip


def shifted(name, logical, span, back):
    """Where points are missing, those beyond N count as long as they are looked at."""
    first, last = span
    if logical == "NoDataAlarm" or name == "cross-check that stops being answered":
        return first + back, last
    if logical == "ClockStepAlarm":
        # One point and nothing newer.
        return first, last + back
    if name == "lost time source on EC2, for nine hours" and logical == "ErrorBoundAlarm":
        # At the cap there is no bound any more.
        return first, last + back
    if name == "endpoint down" and logical == "ReadErrorsAlarm":
        # Its sparse points are all there is: three of them are in sight for so long.
        return first, last + back
    return span


def test_every_scenario_has_an_expectation():
    assert set(EXPECTED) == set(SCENARIOS)


def test_every_alarm_goes_off_in_some_scenario():
    alarms = set(Deployment().observability.resources("AWS::CloudWatch::Alarm"))
    assert {logical for expected in EXPECTED.values() for logical in expected} == alarms


def test_flapping_does_not_flood(scenarios):
    minutes = [arrival // MINUTE_MS for arrival, _ in scenarios["flapping"].lines]
    # One regular line, and three early closings of two lines each, the first loss among them.
    assert max(minutes.count(minute) for minute in set(minutes)) <= 9
    sequences = [json.loads(text)["Sequence"] for _, text in scenarios["flapping"].lines]
    assert sorted(sequences) == list(range(1, len(sequences) + 1))


@pytest.mark.parametrize("name", ["healthy EC2, polls of 16 s", "healthy EC2, polls of 64 s"])
def test_fargates_limit_does_not_fit_ec2(scenarios, name):
    """Why the limit is chosen by launch type: with 5 ms a healthy host would always be in ALARM."""
    told = timelines_of(scenarios[name], stack_of(scenarios[name]).with_parameters(LaunchType="FARGATE"), 2)
    assert in_alarm(told["ErrorBoundAlarm"])[-1][1] == 29


def test_a_healthy_ec2_host_as_recorded():
    """Lines of version 0.1.0 on a host that polls every 16 s."""
    lines = recorded("saw16.jsonl")
    first = lines[0][0] // MINUTE_MS
    last = lines[-1][0] // MINUTE_MS - 1
    stack = Deployment().observability.with_parameters(ClusterName="prod", ServiceName="svc", CrossCheck="none", LaunchType="EC2")
    told = stack_timelines(stack, lines, first, last, extra_range=2, **TIMING)
    assert all(ALARM not in states.values() for states in told.values())
    assert told["ErrorBoundAlarm"][last] == OK


def recorded(name):
    """Recorded lines with an arrival some seconds after their time stamps."""
    texts = (TOP / "tests" / "deploy" / "data" / name).read_text().splitlines()
    return [(json.loads(text)["_aws"]["Timestamp"] + 15_000, text) for text in texts]


def test_version_0_1_0_never_reported_the_correction_of_a_clock_three_hours_ahead():
    """Its line with the step was stamped in the old time line, which CloudWatch rejects. Fixed in 0.2.0."""
    lines = [(timestamp - 3 * 3600 * 1000, text) for timestamp, text in recorded("ahead3h.jsonl")]
    step, = [line for line in lines if '"ClockStep"' in line[1]]
    assert accepted([step]) == []


def test_the_drill_of_the_readme(scenarios):
    """A limit of 0 ms over a healthy service: ALARM after three minutes, OK again once the limit is back."""
    told = timelines_of(scenarios["healthy"], stack_of(scenarios["healthy"]).with_parameters(ErrorBoundThreshold="0"), 2)
    assert in_alarm(told["ErrorBoundAlarm"]) == in_alarm(told["PageAlarm"]) == [(2, 29)]


def test_a_task_that_has_not_reported_yet_is_not_reported_as_silent():
    """The first hour of a new stack: no message until tasks have reported, or the warm-up is over."""
    stack = Deployment().observability
    told = stack_timelines(stack, [], FIRST, FIRST + 69, extra_range=2, **TIMING)
    assert set(list(told["NoDataAlarm"].values())[:60]) == {INSUFFICIENT_DATA}
    assert set(list(told["PageAlarm"].values())[:60]) == {OK}
    assert told["NoDataAlarm"][FIRST + 69] == ALARM
