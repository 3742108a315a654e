"""CloudWatch: data points, alarms by the evaluator of tests/deploy, their history and messages, dashboards and rules."""

import itertools
import json
import math
import re
import struct
import zlib
from bisect import insort
from dataclasses import dataclass, field

import alarm_evaluator as evaluator
from kit import model
from standins.cloud import ACCOUNT, REGION, Refused, paged

MINUTE_MS = 60_000
EVALUATED_S = 20  # after the end of a minute


class Store(evaluator.Metrics):
    """The data points that arrived, with the faults that may happen on their way."""

    def __init__(self, faults):
        super().__init__([])
        self._faults, self.first_seen, self._order = faults, {}, itertools.count()

    def take(self, point, now_ms):
        values = point.get("values") or self._from_statistics(point["statistics"])
        if "counts" in point:
            values = [value for value, count in zip(values, point["counts"], strict=True) for _ in range(int(count))]
        metric, timestamp = point["metric"], point["timestamp"]
        # In the middle of a service that is compared.
        compared = point["dimensions"].get("ServiceName") == "bad"
        if compared and self._faults.lost == metric and self._faults.once("lost"):
            return
        if compared and self._faults.late == metric and self._faults.once("late"):
            timestamp += MINUTE_MS
        key = (point["namespace"], metric, frozenset(point["dimensions"].items()))
        self.first_seen.setdefault(key, now_ms)
        visible = now_ms + self._faults.extraction_ms
        if self._faults.slow == metric:
            visible = max(visible, self.first_seen[key] + 240_000)
        for _ in range(2 if compared and self._faults.twice == metric and self._faults.once("twice") else 1):
            insort(self._points.setdefault(key, []), (timestamp, visible, values), key=lambda entry: entry[0])

    @staticmethod
    def _from_statistics(found):
        count = int(found["count"])
        rest = (found["sum"] - found["min"] - found["max"]) / max(count - 2, 1)
        return [found["min"], *[rest] * (count - 2), found["max"]]

    def keys(self):
        return list(self._points)


@dataclass
class Alarm:
    """A metric, composite or log alarm with its state."""

    kind: str
    properties: dict
    created: float
    state: str = evaluator.INSUFFICIENT_DATA
    changed: float = 0.0
    contributors: set = field(default_factory=set)
    warming: int = 0


def minutes_of(alarm):
    """How often a log alarm's query runs."""
    return int(re.search(r"rate\((\d+) minute", alarm["ScheduledQueryConfiguration"]["ScheduleConfiguration"]["ScheduleExpression"])[1])


NUMBERS = {"Threshold": float, "EvaluationPeriods": int, "DatapointsToAlarm": int, "Period": int, "QueryResultsToEvaluate": int, "QueryResultsToAlarm": int}


class CloudWatch:
    def __init__(self, cloud, store, faults, sns):
        self._cloud, self._store, self._faults, self._sns = cloud, store, faults, sns
        self.alarms, self.history, self.dashboards, self.rules, self.logs = {}, [], {}, {}, None
        self._next_minute = None

    # ---- alarms

    def create_alarm(self, kind, properties):
        typed = {key: NUMBERS[key](value) if key in NUMBERS else value for key, value in properties.items()}
        typed.pop("Tags", None)
        if "WarmUpConfiguration" in typed:
            typed["WarmUpConfiguration"] = {"WarmUpPeriodDurationInMinutes": int(typed["WarmUpConfiguration"]["WarmUpPeriodDurationInMinutes"])}
        alarm = Alarm(kind, typed, self._cloud.time, warming=evaluator.warm_up_periods(typed))
        self.alarms[typed["AlarmName"]] = alarm

    def tick(self, now):
        if self._next_minute is None:
            self._next_minute = int(now) // 60
        while (self._next_minute + 1) * 60 + EVALUATED_S <= now:
            self._evaluate(self._next_minute, (self._next_minute + 1) * 60 + EVALUATED_S)
            self._next_minute += 1

    def _evaluate(self, minute, now):
        states = {}
        for name, alarm in self.alarms.items():
            if alarm.kind == "MetricAlarm":
                states[name] = self._metric_state(name, alarm, minute)
            elif alarm.kind == "LogAlarm" and minute % minutes_of(alarm.properties) == 0 and alarm.created < now:
                group = alarm.properties["ScheduledQueryConfiguration"]["LogGroupIdentifiers"][0].rpartition(":log-group:")[2]
                events = [{"stream": e.stream, "timestamp": e.timestamp, "ingestion": e.ingestion, "message": e.message} for e in self.logs.groups[group].events]
                alarm.contributors = model.contributors(alarm.properties, events, int(now * 1000))
                states[name] = evaluator.ALARM if alarm.contributors else evaluator.OK
        for name, state in states.items():
            self._change(name, state, now)
        current = {name: alarm.state for name, alarm in self.alarms.items()}
        for name, alarm in self.alarms.items():
            if alarm.kind == "CompositeAlarm":
                self._change(name, evaluator.composite_state(alarm.properties["AlarmRule"], current), now)

    def _metric_state(self, name, alarm, minute):
        properties = alarm.properties
        if self._faults.stuck and name.endswith(self._faults.stuck) and alarm.state == evaluator.ALARM:
            return alarm.state
        breaches, threshold = evaluator.COMPARISONS[properties["ComparisonOperator"]], properties["Threshold"]
        seen = evaluator.alarm_points(properties, self._store, minute, period_ms=MINUTE_MS, delay_ms=EVALUATED_S * 1000, extra_range=2)
        points = [None if value is None else breaches(value, threshold) for value in seen]
        old = minute - int(alarm.created) // 60
        if old >= alarm.warming or len(points) - points.count(None) >= properties["EvaluationPeriods"]:
            alarm.warming = 0
        return evaluator.INSUFFICIENT_DATA if alarm.warming else evaluator.next_state(properties, points, alarm.state)

    def _change(self, name, state, now):
        alarm = self.alarms[name]
        if state == alarm.state:
            return
        data = {"version": "1.0", "oldState": {"stateValue": alarm.state}, "newState": {"stateValue": state}}
        self.history.append((name, alarm.kind, now, data))
        alarm.state, alarm.changed = state, now
        for topic in alarm.properties.get({"ALARM": "AlarmActions", "OK": "OKActions"}.get(state, "-"), []):
            self._sns.publish(topic, json.dumps({"AlarmName": name, "NewStateValue": state}))

    def DescribeAlarms(self, AlarmNamePrefix="", AlarmTypes=("MetricAlarm",), NextToken=None):
        found = []
        for name, alarm in sorted(self.alarms.items()):
            if alarm.kind in AlarmTypes and name.startswith(AlarmNamePrefix):
                known = {key: value for key, value in alarm.properties.items() if key not in ("DashboardName",)}
                found.append(known | {"StateValue": alarm.state, "AlarmArn": f"arn:aws:cloudwatch:{REGION}:{ACCOUNT}:alarm:{name}"})
                if alarm.kind == "LogAlarm":
                    query = dict(known["ScheduledQueryConfiguration"])
                    found[-1]["ScheduledQueryConfiguration"] = query | {"QueryARN": f"arn:aws:logs:{REGION}:{ACCOUNT}:scheduled-query:{name}"}
        key = {"MetricAlarm": "MetricAlarms", "CompositeAlarm": "CompositeAlarms", "LogAlarm": "LogAlarms"}[AlarmTypes[0]]
        return paged(found, key, 10, NextToken, "NextToken")

    def DescribeAlarmHistory(self, AlarmName, HistoryItemType, AlarmTypes, ScanBy, NextToken=None):
        found = [
            {"AlarmName": name, "AlarmType": kind, "Timestamp": self._cloud.moment(at), "HistoryItemType": "StateUpdate", "HistoryData": json.dumps(data)}
            for name, kind, at, data in self.history if name == AlarmName
        ]
        return paged(found, "AlarmHistoryItems", 2, NextToken, "NextToken")

    def DescribeAlarmContributors(self, AlarmName):
        names = sorted(self.alarms[AlarmName].contributors)
        return {"AlarmContributors": [
            {"ContributorId": f"c{n}", "ContributorAttributes": {"@log": "group", "@logStream": name}, "StateReason": "-"} for n, name in enumerate(names)
        ]}  # fmt: skip

    def DeleteAlarms(self, AlarmNames):
        for name in AlarmNames:
            self.alarms.pop(name, None)
        return {}

    def ListAlarmMuteRules(self):
        return {"AlarmMuteRuleSummaries": []}

    # ---- metrics

    def GetMetricData(self, MetricDataQueries, StartTime, EndTime, ScanBy="TimestampDescending"):
        now, results = self._cloud.now_ms(), []
        for query in MetricDataQueries:
            stat = query["MetricStat"]
            moments, values = [], []
            for minute in range(int(StartTime) // 60, math.ceil(int(EndTime) / 60)):
                found = self._store.values(evaluator.metric_key(stat["Metric"]), minute * MINUTE_MS, (minute + 1) * MINUTE_MS, now)
                if found:
                    moments.append(self._cloud.moment(minute * 60))
                    values.append(evaluator.statistic(stat["Stat"], found))
            results.append({"Id": query["Id"], "Label": stat["Metric"]["MetricName"], "Timestamps": moments, "Values": values, "StatusCode": "Complete"})
        return {"MetricDataResults": results}

    def GetMetricStatistics(self, Namespace, MetricName, Dimensions, Period, StartTime, EndTime, Statistics=(), ExtendedStatistics=()):
        key = (Namespace, MetricName, frozenset((d["Name"], d["Value"]) for d in Dimensions))
        points = []
        for minute in range(int(StartTime) // 60, int(EndTime) // 60):
            values = self._store.values(key, minute * MINUTE_MS, (minute + 1) * MINUTE_MS, self._cloud.now_ms())
            if values:
                point = {"Timestamp": self._cloud.moment(minute * 60), "Unit": "Count"} | {name: evaluator.statistic(name, values) for name in Statistics}
                if ExtendedStatistics:
                    point["ExtendedStatistics"] = {name: evaluator.statistic(name, values) for name in ExtendedStatistics}
                points.append(point)
        return {"Label": MetricName, "Datapoints": points}

    def ListMetrics(self, Namespace, Dimensions=(), NextToken=None):
        wanted = {(d["Name"], d["Value"]) for d in Dimensions}
        found = [
            {"Namespace": namespace, "MetricName": metric, "Dimensions": [{"Name": n, "Value": v} for n, v in sorted(dimensions)]}
            for namespace, metric, dimensions in sorted(self._store.keys(), key=lambda key: (key[0], key[1], sorted(key[2])))
            # A new metric is listed after some minutes only.
            if namespace == Namespace and wanted <= dimensions
            and self._cloud.now_ms() - self._store.first_seen[(namespace, metric, dimensions)] > self._faults.listed_ms
        ]  # fmt: skip
        return paged(found, "Metrics", 5, NextToken, "NextToken")

    # ---- dashboards and rules

    def GetDashboard(self, DashboardName):
        if DashboardName not in self.dashboards:
            raise Refused("ResourceNotFound")
        return {"DashboardName": DashboardName, "DashboardBody": self.dashboards[DashboardName]}

    def PutDashboard(self, DashboardName, DashboardBody):
        self.dashboards[DashboardName] = DashboardBody
        return {"DashboardValidationMessages": []}

    def ListDashboards(self, DashboardNamePrefix):
        return {"DashboardEntries": [{"DashboardName": name} for name in sorted(self.dashboards) if name.startswith(DashboardNamePrefix)]}

    def DeleteDashboards(self, DashboardNames):
        for name in DashboardNames:
            self.dashboards.pop(name, None)
        return {}

    def DescribeInsightRules(self):
        return {"InsightRules": [
            {"Name": name, "State": "ENABLED", "Schema": "{}", "Definition": body} for name, body in sorted(self.rules.items())
        ]}  # fmt: skip

    def DeleteInsightRules(self, RuleNames):
        for name in RuleNames:
            self.rules.pop(name, None)
        return {}

    def GetInsightRuleReport(self, RuleName, StartTime, EndTime, Period, MaxContributorCount):
        body = json.loads(self.rules[RuleName])
        limit = body["Contribution"]["Filters"][0]
        member, key = limit["Match"].removeprefix("$."), body["Contribution"]["Keys"][0].removeprefix("$.")
        counts = {}
        for event in self.logs.groups[body["LogGroupNames"][0]].events:
            try:
                root = json.loads(event.message)
            except ValueError:
                continue
            if isinstance(root, dict) and root.get(member, 0) > limit["GreaterThan"]:
                counts[root[key]] = counts.get(root[key], 0) + 1
        ranked = sorted(counts.items(), key=lambda item: -item[1])
        return {"KeyLabels": [key], "AggregationStatistic": "Count", "Contributors": [
            {"Keys": [name], "ApproximateAggregateValue": float(count), "Datapoints": []} for name, count in ranked
        ]}  # fmt: skip

    def GetMetricWidgetImage(self, MetricWidget):
        widget = json.loads(MetricWidget)
        series = {}
        for line in widget_lines(widget["metrics"]):
            namespace, metric, *rest = line["names"]
            key = (namespace, metric, frozenset(zip(rest[::2], rest[1::2], strict=True)))
            points = []
            for minute in range(int(self._cloud.time) // 60 - 60, int(self._cloud.time) // 60):
                if values := self._store.values(key, minute * MINUTE_MS, (minute + 1) * MINUTE_MS, self._cloud.now_ms()):
                    points.append((minute, evaluator.statistic(line["stat"], values)))
            series[f"{metric} {line['stat']}"] = points
        return {"MetricWidgetImage": picture(series, widget["width"], widget["height"])}


def widget_lines(metrics):
    """Names and statistic of each line of a widget; `...` and `.` repeat those of the line before."""
    previous, found = [], []
    for metric in metrics:
        names = [part for part in metric if isinstance(part, str)]
        if names[:1] == ["..."]:
            names = previous
        names = [previous[n] if part == "." else part for n, part in enumerate(names)]
        options = metric[-1] if isinstance(metric[-1], dict) else {}
        found.append({"names": names, "stat": options.get("stat", "Average")})
        previous = names
    return found


COLORS = [(31, 119, 180), (255, 127, 14), (44, 160, 44), (214, 39, 40)]


def picture(series, width, height):
    """A plain line chart as PNG, so that the report has something to show."""
    pixels = bytearray(b"\xff" * (width * height * 3))

    def dot(x, y, color):
        if 0 <= x < width and 0 <= y < height:
            pixels[(y * width + x) * 3 : (y * width + x) * 3 + 3] = bytes(color)

    for step in range(5):
        for x in range(width):
            dot(x, 10 + step * (height - 21) // 4, (225, 225, 225))
    every = [point for points in series.values() for point in points]
    low, high = min((m for m, _ in every), default=0), max((m for m, _ in every), default=1)
    top = max((v for _, v in every), default=1) or 1
    for color, points in zip(itertools.cycle(COLORS), series.values(), strict=False):
        placed = [
            (10 + (m - low) * (width - 20) // max(high - low, 1), round(height - 11 - v / top * (height - 21))) for m, v in points
        ]
        for (x1, y1), (x2, y2) in itertools.pairwise(placed):
            for step in range(max(abs(x2 - x1), abs(y2 - y1), 1) + 1):
                share = step / max(abs(x2 - x1), abs(y2 - y1), 1)
                for thick in (0, 1):
                    dot(round(x1 + (x2 - x1) * share), round(y1 + (y2 - y1) * share) + thick, color)
    rows = b"".join(b"\0" + bytes(pixels[y * width * 3 : (y + 1) * width * 3]) for y in range(height))

    def chunk(kind, data):
        return struct.pack("!I", len(data)) + kind + data + struct.pack("!I", zlib.crc32(kind + data))

    header = struct.pack("!IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows, 9)) + chunk(b"IEND", b"")
