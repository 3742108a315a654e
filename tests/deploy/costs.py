"""What a month costs in us-east-1, counted from the templates: metrics, lines, alarms, dashboards, and the queries that they run.

Prices in dollars, as AWS's page had them in November 2026. A Metrics Insights alarm is billed for each metric that it analyzes. For
log alarms no price was found; they are counted as an alarm of one metric.
"""

import math
import re
from dataclasses import dataclass

from alarm_evaluator import is_grouped
from metrics_insights import parse_select

METRIC, GIGABYTE_IN, GIGABYTE_SCANNED, ALARM_METRIC, COMPOSITE, DASHBOARD = 0.30, 0.50, 0.005, 0.10, 0.50, 3.00
MINUTES_A_MONTH = 43_800
REGULAR = {"ClockErrorBound", "ClockSynchronized", "ClockReferenceAge"}
# Each dashboard is opened once a working day, on the three hours that it shows.
VIEWS_A_MONTH = 22
SERVICES_OF_A_TASK_ALARM = 50


@dataclass
class Bill:
    """The parts of a month's bill."""

    metrics: float
    lines: float
    alarms: float
    dashboards: float
    views: float

    @property
    def total(self):
        return self.metrics + self.lines + self.alarms + self.dashboards + self.views


def gigabytes(tasks, minutes, bytes_a_line):
    """The GB that these tasks write in these minutes, at a line a minute."""
    return tasks * minutes * bytes_a_line / 1e9


def alarm_price(stack, services=1):
    """All alarms of a stack. A grouped alarm analyzes a metric for each service; those of sparse metrics only while there are any."""
    price = COMPOSITE * len(stack.resources("AWS::CloudWatch::CompositeAlarm"))
    for alarm in stack.resources("AWS::CloudWatch::Alarm").values():
        if is_grouped(alarm):
            price += ALARM_METRIC * services * (parse_select(alarm["Metrics"][0]["Expression"]).metric in REGULAR)
        else:
            price += ALARM_METRIC * max(sum("MetricStat" in query for query in alarm.get("Metrics", [])), 1)
    return price


def view_price(stack, tasks, bytes_a_line):
    """The GB that a dashboard's log tables scan in a month: three hours of one service's tasks at each view."""
    bodies = [dashboard["DashboardBody"] for dashboard in stack.resources("AWS::CloudWatch::Dashboard").values()]
    tables = sum(len(re.findall(r'"type": "log"', body)) for body in bodies)
    return VIEWS_A_MONTH * tables * gigabytes(tasks, 180, bytes_a_line) * GIGABYTE_SCANNED


def bill(services, tasks, bytes_a_line, own=None, fleet=None, member=None):
    """The bill with a stack for each service (`own`), or with a fleet and its members."""
    each = own or member
    dashboards = len(each.resources("AWS::CloudWatch::Dashboard")) * services
    alarms = alarm_price(each) * services
    views = view_price(each, tasks / services, bytes_a_line) * services
    if fleet:
        dashboards += len(fleet.resources("AWS::CloudWatch::Dashboard"))
        alarms += alarm_price(fleet, services)
        views += view_price(fleet, tasks / services, bytes_a_line)
    lines = gigabytes(tasks, MINUTES_A_MONTH, bytes_a_line) * GIGABYTE_IN
    return Bill(METRIC * len(REGULAR) * services, lines, alarms, DASHBOARD * dashboards, views)


def task_alarm_price(stack, services, tasks, bytes_a_line):
    """The log alarms over all services: the alarms and their queries' scans."""
    alarms = stack.resources("AWS::CloudWatch::LogAlarm").values()
    scanned = 0
    for alarm in alarms:
        schedule = alarm["ScheduledQueryConfiguration"]["ScheduleConfiguration"]
        every = int(re.search(r"\d+", schedule["ScheduleExpression"])[0])
        window = (schedule["StartTimeOffset"] - schedule.get("EndTimeOffset", 0)) / 60
        scanned += MINUTES_A_MONTH / every * gigabytes(tasks, window, bytes_a_line)
    return ALARM_METRIC * len(alarms) * math.ceil(services / SERVICES_OF_A_TASK_ALARM) + scanned * GIGABYTE_SCANNED


SIZES = [(1, 3), (1, 100), (1, 10_000), (10, 100), (10, 10_000), (50, 100), (50, 10_000), (200, 10_000)]


def rows(deployment, bytes_a_line):
    """The rows of the README's table, as texts."""
    own = deployment.observability.with_parameters(CrossCheck="none", WorstTasksRule="Disabled")
    member = deployment.member.with_parameters(DeploymentAlarms="false")
    made = []
    for services, tasks in SIZES:
        alone = bill(services, tasks, bytes_a_line, own=own)
        fleet = bill(services, tasks, bytes_a_line, fleet=deployment.fleet, member=member)
        opt_in = task_alarm_price(deployment.task_alarms.with_parameters(PairDistanceMs=""), services, tasks, bytes_a_line)
        figures = [alone.metrics, alone.lines, alone.alarms, alone.dashboards, alone.views, alone.total]
        figures += [fleet.alarms, fleet.dashboards, fleet.views, fleet.total, opt_in]
        made.append([f"{services:,}", f"{tasks:,}", *(f"{figure:,.2f}" for figure in figures)])
    return made
