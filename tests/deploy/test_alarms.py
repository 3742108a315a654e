"""Alarms go off: the shipped alarms over the lines that the real program writes while its clock fails.

The runs are those of runs.py. What is expected is a list of states with the minutes, counted from a step, within which they have
to begin. The bounds are as wide as what is not known: how far CloudWatch looks back beyond the evaluation periods (each
expectation holds for two answers), and how late a busy machine writes a line.
"""

import pytest
from alarm_evaluator import ALARM, INSUFFICIENT_DATA, OK, accepted, stack_timelines
from cfn import Deployment
from checks_watching import PAGES
from runs import DELAY_MS, MINUTE_MS, SHORT_OF_AN_HOUR

ALARMS = [
    "ErrorBoundAlarm", "NotSynchronizedAlarm", "BoundUnknownAlarm", "ReferenceAgeAlarm", "NoDataAlarm", "ReadErrorsAlarm",
    "ClockStepAlarm", "PageAlarm", "TicketAlarm",
]  # fmt: skip


@pytest.fixture(scope="module")
def stack():
    return Deployment().demonstration.child("Observability")


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
            stack, accepted(lines or run.lines), self._first, self._last, period_ms=MINUTE_MS, delay_ms=DELAY_MS, extra_range=extra_range
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


def only(t, *expected):
    """No other alarm than these and their composite ones went off."""
    composites = {"PageAlarm" if alarm in PAGES else "TicketAlarm" for alarm in expected}
    for alarm in set(ALARMS) - {*expected, *composites}:
        t.never(alarm)


def test_drifting(timeline):
    t = timeline("drifting")
    t.begins("ErrorBoundAlarm", ALARM, 1, 4, 9).begins("ErrorBoundAlarm", OK, 2, 1, 7).ends_in("ErrorBoundAlarm", OK)
    t.begins("PageAlarm", ALARM, 1, 4, 9).begins("PageAlarm", OK, 2, 1, 7).ends_in("PageAlarm", OK)
    only(t, "ErrorBoundAlarm")


def test_losing_synchronization(timeline):
    t = timeline("losing synchronization")
    t.begins("NotSynchronizedAlarm", ALARM, 1, 2, 6).begins("NotSynchronizedAlarm", OK, 2, 1, 7)
    t.begins("PageAlarm", ALARM, 1, 2, 6).begins("PageAlarm", OK, 2, 1, 7)
    t.ends_in("NotSynchronizedAlarm", OK).ends_in("PageAlarm", OK)
    only(t, "NotSynchronizedAlarm")


def test_losing_synchronization_and_the_bound(timeline):
    t = timeline("losing synchronization and the bound")
    t.begins("NotSynchronizedAlarm", ALARM, 1, 2, 6).begins("NotSynchronizedAlarm", OK, 2, 1, 7)
    # The sidecar continues to report: a missing bound is a finding, not silence.
    t.begins("ErrorBoundAlarm", INSUFFICIENT_DATA, 1, 4, 13)
    only(t, "NotSynchronizedAlarm")
    t.ends_in("NotSynchronizedAlarm", OK).ends_in("ErrorBoundAlarm", OK).ends_in("PageAlarm", OK)


def test_endpoint_down(timeline):
    t = timeline("endpoint down")
    t.begins("ReadErrorsAlarm", ALARM, 1, 2, 6).begins("ReadErrorsAlarm", OK, 2, 2, 11).ends_in("ReadErrorsAlarm", OK)
    t.begins("NoDataAlarm", ALARM, 1, 4, 13).begins("NoDataAlarm", OK, 2, 0, 4).ends_in("NoDataAlarm", OK)
    t.begins("TicketAlarm", ALARM, 1, 2, 6).begins("TicketAlarm", OK, 2, 2, 11).ends_in("TicketAlarm", OK)
    t.begins("PageAlarm", ALARM, 1, 4, 13).begins("PageAlarm", OK, 2, 0, 4).ends_in("PageAlarm", OK)
    # Nothing is known about the clock meanwhile, so both alarms go to INSUFFICIENT_DATA.
    for alarm in ("ErrorBoundAlarm", "NotSynchronizedAlarm"):
        t.never(alarm).begins(alarm, INSUFFICIENT_DATA, 1, 4, 13).ends_in(alarm, OK)
    only(t, "ReadErrorsAlarm", "NoDataAlarm")


def test_endpoint_down_from_the_start(timeline):
    t = timeline("endpoint down from the start")
    # Nothing was ever read, so the dimensions can only come from the container's environment.
    t.begins("ReadErrorsAlarm", ALARM, 0, 2, 7).begins("ReadErrorsAlarm", OK, 1, 2, 11).ends_in("ReadErrorsAlarm", OK)
    # In its warm-up the no-data alarm does not fire; the errors are reported.
    t.begins("NoDataAlarm", OK, 1, 4, 9).ends_in("NoDataAlarm", OK)
    t.begins("TicketAlarm", ALARM, 0, 2, 7).ends_in("TicketAlarm", OK)
    only(t, "ReadErrorsAlarm")
    t.ends_in("ErrorBoundAlarm", OK).ends_in("NotSynchronizedAlarm", OK)


def test_sidecar_dead(timeline):
    t = timeline("sidecar dead")
    t.begins("NoDataAlarm", ALARM, 1, 4, 13).begins("NoDataAlarm", OK, 2, 0, 4).ends_in("NoDataAlarm", OK)
    t.begins("PageAlarm", ALARM, 1, 4, 13).begins("PageAlarm", OK, 2, 0, 4).ends_in("PageAlarm", OK)
    t.begins("ErrorBoundAlarm", INSUFFICIENT_DATA, 1, 4, 13).ends_in("ErrorBoundAlarm", OK)
    only(t, "NoDataAlarm")


# After a step the figures are enlarged by it, until the endpoint's reference is newer than the step.
ENLARGED = ["ErrorBoundAlarm"]


@pytest.mark.parametrize("step", [1, 2], ids=["forward", "back"])
def test_clock_stepped(timeline, step):
    t = timeline("clock stepped")
    t.just_before(step, "ClockStepAlarm", OK)
    t.begins("ClockStepAlarm", ALARM, step, 0, 3).begins("TicketAlarm", ALARM, step, 0, 3)
    t.ends_in("ClockStepAlarm", OK)
    only(t, "ClockStepAlarm", *ENLARGED)


def test_bound_unknown(timeline):
    t = timeline("bound unknown")
    # Five bad minutes in a row; all other alarms stay OK.
    t.begins("BoundUnknownAlarm", ALARM, 1, 4, 8).begins("BoundUnknownAlarm", OK, 2, 0, 4).ends_in("BoundUnknownAlarm", OK)
    t.begins("TicketAlarm", ALARM, 1, 4, 8).ends_in("TicketAlarm", OK)
    only(t, "BoundUnknownAlarm")


def test_time_source_lost(timeline):
    t = timeline("time source lost")
    # The bound stays small and the status good: only the age tells, from the sixth minute on.
    t.begins("ReferenceAgeAlarm", ALARM, 1, SHORT_OF_AN_HOUR + 2, SHORT_OF_AN_HOUR + 6)
    t.begins("ReferenceAgeAlarm", OK, 2, 1, 7).ends_in("ReferenceAgeAlarm", OK)
    t.begins("TicketAlarm", ALARM, 1, SHORT_OF_AN_HOUR + 2, SHORT_OF_AN_HOUR + 6).ends_in("TicketAlarm", OK)
    only(t, "ReferenceAgeAlarm")


def test_flapping(timeline):
    t = timeline("flapping")
    t.begins("NotSynchronizedAlarm", ALARM, 1, 2, 6).begins("NotSynchronizedAlarm", OK, 2, 1, 7)
    t.ends_in("NotSynchronizedAlarm", OK).ends_in("PageAlarm", OK)
    only(t, "NotSynchronizedAlarm")


def test_ahead_by_three_hours_then_corrected(timeline):
    t = timeline("ahead by 3 h, corrected")
    # While the clock is ahead, CloudWatch accepts nothing. The correction is reported within a minute, in the new time line.
    t.begins("NoDataAlarm", ALARM, 1, 4, 13).begins("NoDataAlarm", OK, 2, 0, 4)
    t.begins("ClockStepAlarm", ALARM, 2, 0, 3).ends_in("ClockStepAlarm", OK)
    only(t, "NoDataAlarm", "ClockStepAlarm", *ENLARGED)


def test_one_bad_task_among_good_ones_is_seen(timeline, runs):
    both = runs["healthy"].lines + runs["losing synchronization"].lines
    timeline("losing synchronization", both).begins("NotSynchronizedAlarm", ALARM, 1, 2, 6)


def test_the_bound_of_one_bad_task_among_good_ones_is_seen(timeline, runs):
    # So many that the average of all stays under the threshold.
    all_tasks = runs["healthy"].lines * 10 + runs["drifting"].lines
    timeline("drifting", all_tasks).begins("ErrorBoundAlarm", ALARM, 1, 4, 9).ends_in("ErrorBoundAlarm", OK)


def test_one_silent_task_among_others_is_not_no_data(timeline, runs):
    # As its description says: the saved query silent-tasks and the alarms for each task are there for that.
    both = runs["clock stepped"].lines + runs["sidecar dead"].lines
    timeline("sidecar dead", both).never("NoDataAlarm")


def test_a_dimension_that_nobody_emits_would_be_noticed(stack, runs):
    """The evaluator's own alarm: with the wrong service name every alarm stays without data, and no test above passes."""
    other = [(arrival, line.replace('"ServiceName":"clock-demo"', '"ServiceName":"other"')) for arrival, line in runs["healthy"].lines]
    t = Timeline(stack, runs["healthy"], other)
    assert t.states("ErrorBoundAlarm") == {INSUFFICIENT_DATA}
    # Within its warm-up.
    assert t.states("NoDataAlarm") == {INSUFFICIENT_DATA}
    later = Timeline(stack.with_parameters(WarmUpMinutes=1), runs["healthy"], other)
    assert later.states("NoDataAlarm") == {INSUFFICIENT_DATA, ALARM}
