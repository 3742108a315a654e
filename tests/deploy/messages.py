"""The messages that a stack's alarms send: one for each state change with an action, for each contributor."""

from dataclasses import dataclass

from alarm_evaluator import ALARM, INSUFFICIENT_DATA, OK, contributor_timelines, is_grouped, timelines_over

ACTIONS = {ALARM: "AlarmActions", OK: "OKActions"}


@dataclass(frozen=True)
class Message:
    """A message: the minute, the alarm's logical id, its new state, and the contributor's dimensions, if any."""

    minute: int
    topic: str
    alarm: str
    state: str
    contributor: frozenset = frozenset()


def messages(stack, metrics, first, last, **timing):
    """All messages from period `first` to `last`, the earliest first."""
    sent = []
    for logical, states in timelines_over(stack, metrics, first, last, **timing).items():
        sent += _changes(logical, stack.properties(logical), states, first, INSUFFICIENT_DATA)
    for logical, alarm in stack.resources("AWS::CloudWatch::Alarm").items():
        if is_grouped(alarm):
            for contributor, states in contributor_timelines(alarm, metrics, first, last, **timing).items():
                sent += _changes(logical, alarm, states, first, OK, contributor)
    return sorted(sent, key=lambda message: (message.minute, message.alarm))


def _changes(logical, alarm, states, first, before, contributor=frozenset()):
    for period, state in states.items():
        if state != before:
            for topic in alarm.get(ACTIONS.get(state), []):
                yield Message(period - first, topic, logical, state, contributor)
        before = state
