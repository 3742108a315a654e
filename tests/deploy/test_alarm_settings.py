"""Every setting of the shipped alarms, over lines written here: statistic, threshold, comparison, M and N.

`test_alarms.py` shows that the alarms go off over what the real program writes. Here each setting matters for
some test, so that no change goes unnoticed. A minute is a list of values, one for each task, each in a separate line.
"""

import json

import pytest
from alarm_evaluator import ALARM, INSUFFICIENT_DATA, OK, Metrics, alarm_timeline
from cfn import Deployment

MINUTE = 60_000
# Long after the evaluator's first period, so that no alarm looks back to it.
START = 1_800_000_000_000 // MINUTE


@pytest.fixture(scope="module")
def stack():
    return Deployment().observability


def lines(stack, minutes):
    """A line for each task and minute, arrived ten seconds after its minute. `minutes`: for each the tasks' metrics by name."""
    dimensions = {"ClusterName": stack.parameters["ClusterName"], "ServiceName": stack.parameters["ServiceName"]}
    for minute, tasks in enumerate(minutes, START):
        for metrics in tasks:
            directive = {
                "Namespace": stack.parameters["MetricNamespace"], "Dimensions": [list(dimensions)],
                "Metrics": [{"Name": name} for name in metrics],
            }  # fmt: skip
            root = {"_aws": {"Timestamp": minute * MINUTE + 30_000, "CloudWatchMetrics": [directive]}, **dimensions, **metrics}
            yield (minute + 1) * MINUTE + 10_000, json.dumps(root)


# How far CloudWatch looks back beyond N, see test_alarms.py.
@pytest.fixture(params=[2, 5], ids=["range N+2", "range 2N"])
def extra_range(request):
    return request.param


@pytest.fixture
def states(stack, extra_range):
    """The states of an alarm, one for each minute."""

    def states(logical, minutes, stack=stack):
        alarm = stack.resources("AWS::CloudWatch::Alarm")[logical]
        timeline = alarm_timeline(
            alarm, Metrics(lines(stack, minutes)), START, START + len(minutes) - 1,
            period_ms=MINUTE, delay_ms=30_000, extra_range=extra_range,
        )  # fmt: skip
        return list(timeline.values())

    return states


def tasks(metric, *values):
    return [{metric: value} for value in values]


# For each alarm that waits for three minutes of five: a good and a bad minute, both with data in them.
MINUTES = {
    "ErrorBoundAlarm": (tasks("ClockErrorBound", [0.4, 0.5]), tasks("ClockErrorBound", [0.4, 5.1])),
    "NotSynchronizedAlarm": (tasks("ClockSynchronized", [1, 1]), tasks("ClockSynchronized", [1, 0])),
    "ReadErrorsAlarm": (tasks("ClockReadErrors", 2), tasks("ClockReadErrors", 3)),
    "ReferenceAgeAlarm": (tasks("ClockReferenceAge", 900.0), tasks("ClockReferenceAge", 3600.1)),
}


@pytest.mark.parametrize("logical", MINUTES)
@pytest.mark.parametrize("pattern", ["...x.x.x", "...xxx", "...xx..x", "...x..xx"])
def test_three_bad_minutes_of_five_raise_it(states, logical, pattern):
    good, bad = MINUTES[logical]
    told = states(logical, [good] * 5 + [bad if mark == "x" else good for mark in pattern])
    assert told[4:] == [OK] * len(pattern) + [ALARM], "only the third bad minute"


@pytest.mark.parametrize("logical", MINUTES)
@pytest.mark.parametrize("pattern", ["...x...", "..xx....", "..x...x..", "..x..x.x..", "..xx...xx..."])
def test_fewer_than_three_bad_minutes_of_five_do_not(states, logical, pattern):
    good, bad = MINUTES[logical]
    told = states(logical, [good] * 5 + [bad if mark == "x" else good for mark in pattern])
    assert ALARM not in told


@pytest.mark.parametrize("logical", MINUTES)
def test_it_ends_when_two_of_the_last_five_minutes_are_bad(states, logical):
    good, bad = MINUTES[logical]
    assert states(logical, [good] * 5 + [bad] * 5 + [good] * 4)[-6:] == [ALARM] * 4 + [OK] * 2


def test_a_bound_of_one_bad_task_among_good_ones_is_seen(states):
    # Neither the mean of the minute nor its least value nor a percentile is over the threshold.
    assert states("ErrorBoundAlarm", [tasks("ClockErrorBound", *[[0.4, 0.3]] * 100, 6, 0.2)] * 6)[-1] == ALARM


def test_one_unsynchronized_sample_of_one_task_among_good_ones_is_seen(states):
    assert states("NotSynchronizedAlarm", [tasks("ClockSynchronized", [1] * 60, [1] * 59 + [0], [1] * 60)] * 6)[-1] == ALARM


def test_the_graph_of_the_alarm_shows_it_too(stack):
    # Over zeros and ones the average falls below 1 whenever the minimum does. But where one of many tasks is bad, it hardly does.
    alarm = stack.resources("AWS::CloudWatch::Alarm")["NotSynchronizedAlarm"]
    assert (alarm["Statistic"], alarm["Threshold"]) == ("Minimum", 1)


@pytest.mark.parametrize("logical, minute, expected", [
    ("ErrorBoundAlarm", tasks("ClockErrorBound", 5), OK),
    ("ErrorBoundAlarm", tasks("ClockErrorBound", 5.000001), ALARM),
    ("NotSynchronizedAlarm", tasks("ClockSynchronized", 1), OK),
    ("NotSynchronizedAlarm", tasks("ClockSynchronized", 0), ALARM),
    ("ReadErrorsAlarm", tasks("ClockReadErrors", 2), OK),
    ("ReadErrorsAlarm", tasks("ClockReadErrors", 3), ALARM),
    ("ReferenceAgeAlarm", tasks("ClockReferenceAge", 3600), OK),
    ("ReferenceAgeAlarm", tasks("ClockReferenceAge", 3600.001), ALARM),
    ("BoundUnknownAlarm", [{"ClockSynchronized": 1, "ClockErrorBound": [1]}], OK),
    ("BoundUnknownAlarm", tasks("ClockSynchronized", 1), ALARM),
    ("BoundUnknownAlarm", tasks("ClockSynchronized", 0), OK),
    ("BoundUnknownAlarm", tasks("ClockReadErrors", 5), OK),
    ("CrossCheckAlarm", tasks("CrossCheckDisagreement", 1), ALARM),
    ("CrossCheckAlarm", tasks("CrossCheckOffset", 400), OK),
    ("NoDataAlarm", tasks("ClockSynchronized", 1), OK),
    ("ClockStepAlarm", tasks("ClockStep", 0.1), ALARM),
    ("ClockStepAlarm", tasks("ClockStep", -7), ALARM),
])  # fmt: skip
def test_at_the_threshold(states, logical, minute, expected):
    assert states(logical, [minute] * 12)[-1] == expected


def test_cross_check_needs_two_minutes_of_three(states):
    bad = tasks("CrossCheckDisagreement", 1)
    assert ALARM not in states("CrossCheckAlarm", [[]] * 6 + [bad] + [[]] * 9 + [bad] + [[]] * 9)
    assert states("CrossCheckAlarm", [[]] * 6 + [bad, [], bad])[-2:] == [OK, ALARM]


def test_bound_unknown_needs_five_minutes_of_five(states):
    good, bad = [{"ClockSynchronized": 1, "ClockErrorBound": [1]}], tasks("ClockSynchronized", 1)
    assert ALARM not in states("BoundUnknownAlarm", ([good] + [bad] * 4) * 3)
    assert states("BoundUnknownAlarm", [good] * 2 + [bad] * 5 + [good])[-3:] == [OK, ALARM, OK]
    # A bound of one task is a bound of the service.
    assert ALARM not in states("BoundUnknownAlarm", [bad + good] * 12)


@pytest.mark.parametrize("launch_type, limit, silent", [
    ("FARGATE", 5, INSUFFICIENT_DATA), ("MANAGED-INSTANCES", 5, INSUFFICIENT_DATA), ("EC2", 50, OK), ("EXTERNAL", 1100, OK),
])  # fmt: skip
def test_limits_fit_the_launch_type(states, stack, launch_type, limit, silent):
    fitted = stack.with_parameters(LaunchType=launch_type)
    raised = [states("ErrorBoundAlarm", [tasks("ClockErrorBound", limit + more)] * 6, fitted)[-1] == ALARM for more in (0, 0.1)]
    assert raised == [False, True]
    # The kernel has no reference time, so a missing age is normal there.
    assert set(states("ReferenceAgeAlarm", [tasks("ClockErrorBound", 1)] * 12, fitted)) == {silent}
    assert states("ErrorBoundAlarm", [tasks("ClockErrorBound", 2.6)] * 6, fitted.with_parameters(ErrorBoundThreshold="2.5"))[-1] == ALARM


@pytest.mark.parametrize("logical, parameter, metric, value", [
    ("ErrorBoundAlarm", "ErrorBoundThreshold", "ClockErrorBound", 2.5), ("ReadErrorsAlarm", "ReadErrorThreshold", "ClockReadErrors", 7),
])  # fmt: skip
def test_the_thresholds_are_those_of_the_parameters(states, stack, logical, parameter, metric, value):
    changed = type(stack)(stack.template, stack.parameters | {parameter: value}, stack.name)
    raised = [states(logical, [tasks(metric, value + more)] * 6, changed)[-1] == ALARM for more in (-1, 1)]
    assert raised == [False, True]


def test_errors_of_several_tasks_are_not_added_up(states):
    three_tasks_with_one_error_each = tasks("ClockReadErrors", 1, 1, 1)
    assert ALARM not in states("ReadErrorsAlarm", [three_tasks_with_one_error_each] * 12)
    one_task_with_three = tasks("ClockReadErrors", 1, 1, 3)
    assert states("ReadErrorsAlarm", [one_task_with_three] * 12)[-1] == ALARM


def test_no_errors_are_no_data_and_good(states):
    assert set(states("ReadErrorsAlarm", [[]] * 12)) == {OK}


@pytest.mark.parametrize("logical", ["ErrorBoundAlarm", "NotSynchronizedAlarm", "ReferenceAgeAlarm"])
def test_silence_is_neither_good_nor_bad(states, logical):
    assert states(logical, [MINUTES[logical][0]] * 5 + [[]] * 11)[-1] == INSUFFICIENT_DATA


def test_five_silent_minutes_are_no_data_and_four_are_not(states, extra_range):
    reading = tasks("ClockSynchronized", 1)
    told = states("NoDataAlarm", [reading] * 10 + [[]] * 15)
    # A point counts as long as it is in the evaluation range, so the alarm comes that much later than after N minutes.
    assert told[9:].index(ALARM) == 5 + extra_range
    assert set(states("NoDataAlarm", [reading] * 10 + ([[]] * 4 + [reading]) * 4)[9:]) == {OK}


def test_no_data_ends_with_the_first_reading(states):
    reading = tasks("ClockSynchronized", 0)
    assert states("NoDataAlarm", [reading] * 6 + [[]] * 12 + [reading])[-2:] == [ALARM, OK]


def test_a_new_stack_waits_for_its_first_tasks(states, stack):
    reading, short = tasks("ClockSynchronized", 1), stack.with_parameters(WarmUpMinutes=10)
    # Until the warm-up is over, or until there have been five minutes with data.
    assert states("NoDataAlarm", [[]] * 12, short) == [INSUFFICIENT_DATA] * 10 + [ALARM] * 2
    assert states("NoDataAlarm", [[]] * 3 + [reading] * 5, short) == [INSUFFICIENT_DATA] * 7 + [OK]
    assert states("NoDataAlarm", [[]] * 59 + [[]])[-2:] == [INSUFFICIENT_DATA] * 2


def test_readings_without_a_bound_are_data(states):
    unsynchronized = [{"ClockSynchronized": 0, "ClockReadErrors": 1}]
    assert set(states("NoDataAlarm", [unsynchronized] * 12)[5:]) == {OK}


def test_one_step_raises_the_alarm_for_five_minutes_and_no_longer(states, extra_range):
    told = states("ClockStepAlarm", [[]] * 10 + [tasks("ClockStep", -6)] + [[]] * 14)
    # Five minutes, and what CloudWatch looks back beyond them where there is no newer point.
    assert told == [OK] * 10 + [ALARM] * (5 + extra_range) + [OK] * (10 - extra_range)
