"""This project's evaluator and the emulators give every alarm the same state in every scenario, apart from named deviations."""

from collections import Counter

import pytest
from alarm_evaluator import ALARM, INSUFFICIENT_DATA, OK, Metrics, accepted, alarm_timeline, composite_state
from cfn import Deployment
from runs import DELAY_MS, MINUTE_MS, RUNS
from scenario_lines import MINUTE_MS as FULL_MINUTE_MS
from scenarios import SCENARIOS, START
from second_opinion import MiniStackAlarms, deviation, localstack_extra_range, localstack_timeline
from test_scenarios import stack_of


def compare(stack, lines, first, last, timing):
    """Counts the periods in which both agree, and those in which they do not by the deviation that accounts for it."""
    metrics, counted = Metrics(accepted(lines)), Counter()
    for logical, alarm in stack.resources("AWS::CloudWatch::Alarm").items():
        ours = alarm_timeline(alarm, metrics, first, last, extra_range=localstack_extra_range(alarm), **timing)
        theirs = localstack_timeline(alarm, metrics, first, last, **timing)
        for period in range(first, last + 1):
            if ours[period] == theirs[period]:
                counted["agree"] += 1
                continue
            named = deviation(alarm, metrics, period, ours[period], theirs[period], **timing)
            assert named, f"{logical} in period {period - first}: {ours[period]} here, {theirs[period]} by LocalStack"
            counted[named] += 1
    return counted


@pytest.mark.parametrize("name", SCENARIOS)
def test_localstack_agrees_on_a_scenario(name):
    scenario = SCENARIOS[name]()
    first = START // FULL_MINUTE_MS
    timing = {"period_ms": FULL_MINUTE_MS, "delay_ms": 30_000}
    counted = compare(stack_of(scenario), scenario.lines, first, first + scenario.minutes - 1, timing)
    assert counted["agree"] >= 0.8 * counted.total(), counted


@pytest.mark.parametrize("name", RUNS)
def test_localstack_agrees_on_what_the_program_wrote(runs, name):
    run = runs[name]
    if run.error:
        raise run.error
    first = min(run.steps[0], *(arrival for arrival, _ in run.lines)) // MINUTE_MS
    stack = Deployment().demonstration.child("Observability")
    counted = compare(stack, run.lines, first, run.end // MINUTE_MS - 1, {"period_ms": MINUTE_MS, "delay_ms": DELAY_MS})
    assert counted["agree"] >= 0.8 * counted.total(), counted


def test_a_difference_without_a_name_is_found():
    """The comparison's own alarm: with another M, one of the two is wrong and no deviation accounts for it."""
    scenario = SCENARIOS["flapping"]()
    first, timing = START // FULL_MINUTE_MS, {"period_ms": FULL_MINUTE_MS, "delay_ms": 30_000}
    alarm = stack_of(scenario).resources("AWS::CloudWatch::Alarm")["NotSynchronizedAlarm"]
    metrics = Metrics(scenario.lines)
    ours = alarm_timeline(alarm | {"DatapointsToAlarm": 1}, metrics, first, first + 39, extra_range=localstack_extra_range(alarm), **timing)
    theirs = localstack_timeline(alarm, metrics, first, first + 39, **timing)
    different = [period for period in ours if ours[period] != theirs[period]]
    assert different
    assert None in {deviation(alarm, metrics, period, ours[period], theirs[period], **timing) for period in different}


@pytest.mark.parametrize("cross_check", ["none", "ntp"])
def test_ministack_agrees_on_the_composite_alarms(cross_check):
    stack = Deployment().observability.with_parameters(CrossCheck=cross_check)
    alarms = stack.resources("AWS::CloudWatch::Alarm")
    rules = {logical: alarm["AlarmRule"] for logical, alarm in stack.resources("AWS::CloudWatch::CompositeAlarm").items()}
    elsewhere = MiniStackAlarms(stack)
    quiet = dict.fromkeys(alarms, OK)
    cases = [quiet, dict.fromkeys(alarms, INSUFFICIENT_DATA), dict.fromkeys(alarms, ALARM)]
    cases += [quiet | {logical: state} for logical in alarms for state in (ALARM, INSUFFICIENT_DATA)]
    for states in cases:
        named = {alarm["AlarmName"]: states[logical] for logical, alarm in alarms.items()}
        assert elsewhere.composite_states(states) == {logical: composite_state(rule, named) for logical, rule in rules.items()}, states
