"""Independent evaluation of alarms: metric alarms by LocalStack's alarm scheduler, composite alarms by MiniStack.

Both run in this process, without a server: LocalStack's functions get a client that answers from the lines' data points, and
MiniStack's request handler is called as its server would call it.
"""

import asyncio
import json
import os
import socket
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from unittest import mock

from alarm_evaluator import ALARM, COMPARISONS, INSUFFICIENT_DATA, alarm_points, alarm_value

REGION = "us-east-1"


def localstack_extra_range(alarm):
    """How many periods beyond N LocalStack looks back."""
    return max(alarm["EvaluationPeriods"] // 3, 2)


def refuse_servers():
    """Neither emulator may listen: binding a socket here raises an error."""
    return mock.patch.object(socket.socket, "bind", side_effect=AssertionError("a server was started"))


class _FrozenTime(datetime):
    """The module's clock, set to the moment of the evaluation."""

    moment = None

    @classmethod
    def now(cls, tz=None):
        return cls.moment

    @classmethod
    def utcnow(cls):
        return cls.moment.replace(tzinfo=None)


@dataclass
class _Client:
    """What the scheduler asks of CloudWatch, over data points by period."""

    alarm: dict
    metrics: object
    period_ms: int
    known_at: int = 0
    state: str = INSUFFICIENT_DATA

    def describe_alarms(self, AlarmNames):  # noqa: N803 (the API's spelling)
        return {"MetricAlarms": [self.alarm | {"StateValue": self.state}]}

    def get_metric_data(self, MetricDataQueries, StartTime, EndTime):  # noqa: N803
        begin, end = (round(moment.timestamp() / 60 * self.period_ms) for moment in (StartTime, EndTime))
        value = alarm_value(self.alarm, self.metrics, begin, end, self.known_at)
        return {"MetricDataResults": [{"Values": [] if value is None else [value]}]}

    def set_alarm_state(self, AlarmName, StateValue, StateReason, StateReasonData):  # noqa: N803
        self.state = StateValue


def localstack_timeline(alarm, metrics, first, last, *, period_ms, delay_ms):
    """The states that LocalStack's alarm scheduler gives an alarm, period by period, in the form of `alarm_timeline`."""
    from localstack.services.cloudwatch import alarm_scheduler

    # LocalStack knows only simple metric alarms. A separate metric instead of the expression makes no difference to its rules.
    simple = alarm | {"AlarmName": "a", "Threshold": float(alarm["Threshold"]), "Period": 60}
    simple |= {"MetricName": "m", "Statistic": "Maximum"} if "Metrics" in alarm else {}
    client, states = _Client(simple, metrics, period_ms), {}
    with (
        refuse_servers(),
        mock.patch.object(alarm_scheduler, "get_cloudwatch_client_for_region_of_alarm", return_value=client),
        mock.patch.object(alarm_scheduler, "datetime", _FrozenTime),
    ):
        for period in range(first, last + 1):
            _FrozenTime.moment = datetime.fromtimestamp(0, UTC) + timedelta(minutes=period + 1)
            client.known_at = (period + 1) * period_ms + delay_ms
            alarm_scheduler.calculate_alarm_state(f"arn:aws:cloudwatch:{REGION}:123456789012:alarm:a")
            states[period] = client.state
    return states


# ---------------------------------------------------------------- where LocalStack simplifies


def _breaching(alarm, values):
    compare, threshold = COMPARISONS[alarm["ComparisonOperator"]], float(alarm["Threshold"])
    return [None if value is None else compare(value, threshold) for value in values]


def counts_beyond_n(alarm, values, ours, theirs):
    """LocalStack counts every breaching point that it sees; CloudWatch takes the N newest."""
    points = [point for point in _breaching(alarm, values) if point is not None]
    m, n = alarm["DatapointsToAlarm"], alarm["EvaluationPeriods"]
    return len(points) > n and ours != ALARM and theirs == ALARM and sum(points) >= m > sum(points[-n:])


def few_and_all_breaching(alarm, values, ours, theirs):
    """Fewer than M points, all breaching, missing data as missing: LocalStack returns OK at most ages, and treats a value of 0 as missing.

    CloudWatch goes to ALARM once the oldest is M periods old, and keeps its state until then.
    """
    points = [point for point in _breaching(alarm, values) if point is not None]
    return alarm["TreatMissingData"] == "missing" and 0 < len(points) < alarm["DatapointsToAlarm"] and all(points)


def in_warm_up(alarm, values, ours, theirs):
    """LocalStack has no warm-up."""
    return "WarmUpConfiguration" in alarm and ours == INSUFFICIENT_DATA


DEVIATIONS = [counts_beyond_n, few_and_all_breaching, in_warm_up]


def deviation(alarm, metrics, period, ours, theirs, **timing):
    """Which of the named deviations accounts for two different states, if any."""
    values = alarm_points(alarm, metrics, period, extra_range=localstack_extra_range(alarm), **timing)
    return next((named.__name__ for named in DEVIATIONS if named(alarm, values, ours, theirs)), None)


# ---------------------------------------------------------------- composite alarms


class MiniStackAlarms:
    """The alarms of a stack at MiniStack, whose states are set by hand; it evaluates the composite ones."""

    def __init__(self, stack):
        os.environ.setdefault("AWS_DEFAULT_REGION", REGION)
        from ministack.services import cloudwatch

        self._handle = cloudwatch.handle_request
        self._names = {logical: alarm["AlarmName"] for logical, alarm in stack.resources("AWS::CloudWatch::Alarm").items()}
        self._composites = {logical: alarm["AlarmName"] for logical, alarm in stack.resources("AWS::CloudWatch::CompositeAlarm").items()}
        for name in self._names.values():
            # Its metric is never evaluated: only its state counts.
            self._call("PutMetricAlarm", AlarmName=name, MetricName="m", Namespace="none", Statistic="Sum", Period=60,
                       EvaluationPeriods=1, Threshold=1, ComparisonOperator="GreaterThanThreshold")  # fmt: skip
        for alarm in stack.resources("AWS::CloudWatch::CompositeAlarm").values():
            self._call("PutCompositeAlarm", AlarmName=alarm["AlarmName"], AlarmRule=alarm["AlarmRule"], ActionsEnabled=False)

    def composite_states(self, states):
        """The composite alarms' states by logical id, where those of the others are `states`."""
        for logical, state in states.items():
            self._call("SetAlarmState", AlarmName=self._names[logical], StateValue=state, StateReason="as evaluated")
        answer = self._call("DescribeAlarms", AlarmNames=list(self._composites.values()), AlarmTypes=["CompositeAlarm"])
        found = {alarm["AlarmName"]: alarm["StateValue"] for alarm in answer["CompositeAlarms"]}
        return {logical: found[name] for logical, name in self._composites.items()}

    def _call(self, action, **parameters):
        headers = {"content-type": "application/x-amz-json-1.0", "x-amz-target": f"GraniteServiceVersion20100801.{action}"}
        with refuse_servers():
            status, _, body = asyncio.run(self._handle("POST", "/", headers, json.dumps(parameters).encode(), {}))
        if status != 200:
            raise ValueError(f"{action}: {body}")
        return json.loads(body or b"{}")
