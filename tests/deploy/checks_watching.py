"""Checks of alarms, their runbooks and notifications, saved queries, dashboards and log groups."""

import re

import cfn
from checks_base import ALARMS, every
from insights_language import QueryFault
from insights_parser import parse_query
from references import log_widgets, normalized, queries, widgets

DASHBOARD_COLUMNS = 24
STATISTICS = re.compile(r"SampleCount|Minimum|Maximum|Average|Sum|p\d{1,2}(\.\d+)?")


def composite_rule_names_the_alarms(deployment):
    """The rule reads only alarms that exist, and forgets none."""
    faults = []
    for name, stack in deployment.stacks.items():
        alarms = {p["AlarmName"] for p in stack.resources("AWS::CloudWatch::Alarm").values()}
        watched = set()
        for logical, properties in stack.resources("AWS::CloudWatch::CompositeAlarm").items():
            rule = properties["AlarmRule"]
            if not re.fullmatch(r'ALARM\("[^"]+"\)( (OR|AND) ALARM\("[^"]+"\))*', rule):
                faults.append(f"{name}: {logical} has a rule of another form: {rule}")
            watched |= set(re.findall(r'ALARM\("([^"]+)"\)', rule))
        faults += [f"{name}: the composite alarm reads {alarm}, which does not exist" for alarm in sorted(watched - alarms)]
        faults += [f"{name}: no composite alarm reads {alarm}" for alarm in sorted(alarms - watched)]
    return faults


def alarms_are_sound(deployment):
    """M of N, a period that the metrics' resolution allows, a statistic that exists, a stated treatment of missing data."""
    faults = []
    for name, logical, alarm in every(deployment, "AWS::CloudWatch::Alarm"):
        where = f"{name}: {logical}"
        m, n = alarm.get("DatapointsToAlarm"), alarm["EvaluationPeriods"]
        statistics = [metric["MetricStat"] for metric in alarm.get("Metrics", []) if "MetricStat" in metric]
        statistics = statistics or [{"Period": alarm["Period"], "Stat": alarm.get("Statistic", alarm.get("ExtendedStatistic", ""))}]
        if m is None or not 1 <= m <= n:
            faults.append(f"{where} wants {m} of {n} data points")
        if n == 1:
            faults.append(f"{where} evaluates one period: a late point is never seen")
        for statistic in statistics:
            if statistic["Period"] % 60:
                faults.append(f"{where} has a period of {statistic['Period']} s, but the metrics are stored by the minute")
            if m is not None and statistic["Period"] * n > 86_400:
                faults.append(f"{where} evaluates more than a day")
            if not STATISTICS.fullmatch(statistic["Stat"]):
                faults.append(f"{where} has no statistic that exists")
        if "TreatMissingData" not in alarm:
            faults.append(f"{where} does not say how it treats missing data")
        if alarm.get("TreatMissingData") == "breaching" and "WarmUpConfiguration" not in alarm:
            faults.append(f"{where} is in ALARM before the first task reports")
    return faults


def log_alarms_are_sound(deployment):
    """M of N, a schedule whose looks leave no gap, a query and an aggregation that Logs Insights takes."""
    faults = []
    for name, logical, alarm in every(deployment, "AWS::CloudWatch::LogAlarm"):
        where, scheduled = f"{name}: {logical}", alarm["ScheduledQueryConfiguration"]
        if not 1 <= alarm["QueryResultsToAlarm"] <= alarm["QueryResultsToEvaluate"]:
            faults.append(f"{where} wants {alarm['QueryResultsToAlarm']} of {alarm['QueryResultsToEvaluate']} results")
        schedule = scheduled["ScheduleConfiguration"]
        rate = re.fullmatch(r"rate\((\d+) minutes?\)", schedule["ScheduleExpression"])
        if not rate or int(rate[1]) * 60 > schedule["StartTimeOffset"] - schedule.get("EndTimeOffset", 0):
            faults.append(f"{where} looks at {schedule['StartTimeOffset']} s, {schedule['ScheduleExpression']}")
        if "TreatMissingData" not in alarm:
            faults.append(f"{where} does not say how it treats missing data")
        try:
            parse_query(aggregated(scheduled))
        except QueryFault as fault:
            faults.append(f"{where}: {fault}")
    return faults


def aggregated(scheduled):
    """The query of a log alarm together with its aggregation, which is a `stats` over the query's results."""
    return f"{scheduled['QueryString']}\n| stats {scheduled['AggregationExpression']}"


def alarms_are_runbooks(deployment):
    """Each description fits, names a saved query that exists, and has a command to type."""
    faults = []
    saved = {query["Name"] for _, _, query in every(deployment, "AWS::Logs::QueryDefinition")}
    for name, stack in deployment.stacks.items():
        for kind in ALARMS:
            for logical, alarm in stack.resources(kind).items():
                text = alarm.get("AlarmDescription", "")
                if not 1 <= len(text) <= 1024:
                    faults.append(f"{name}: {logical} has a description of {len(text)} characters (1 to 1024)")
                named = {word.rstrip(":.,") for word in re.findall(r"clock/\S+", text)}
                folder = next(iter(saved), "").rsplit("/", 1)[0]
                named |= {f"{folder}/{word}" for word in re.findall(r"quer(?:y|ies) ([a-z-]+-[a-z-]+|diagnostics)", text)}
                if not named:
                    faults.append(f"{name}: {logical} names no saved query")
                faults += [f"{name}: {logical} names {query}, which does not exist" for query in sorted(named - saved)]
                if not re.search(r"\baws (ecs|cloudwatch) [a-z-]+ ", text):
                    faults.append(f"{name}: {logical} has no command to type")
    return faults


def runbooks_fit_the_launch_type(deployment):
    """Another host is promised on Fargate alone; elsewhere the text leads to the host, and its daemon where it is the user's."""
    faults = []
    for launch_type in deployment.observability.template["Parameters"]["LaunchType"]["AllowedValues"]:
        stack = deployment.observability.with_parameters(LaunchType=launch_type)
        texts = {logical: alarm["AlarmDescription"] for logical, alarm in stack.resources("AWS::CloudWatch::Alarm").items()}
        promising = {logical for logical, text in texts.items() if "another host" in text}
        if launch_type == "FARGATE" and not promising:
            faults.append("on FARGATE no alarm says that stopping the task moves it")
        if launch_type != "FARGATE" and promising:
            faults.append(f"on {launch_type} another host is promised by {sorted(promising)}")
        if launch_type in ("EC2", "EXTERNAL") and not any("chronyc tracking" in text for text in texts.values()):
            faults.append(f"on {launch_type} no alarm leads to the time daemon")
    return faults


def notifications_arrive(deployment):
    """Each alarm that acts tells a topic of its stack or the one that was given, when it begins and when it ends."""
    faults = []
    for name, stack in deployment.stacks.items():
        topics = {stack.resolve({"Ref": logical}) for logical in stack.resources("AWS::SNS::Topic")}
        if given := stack.parameters.get("AlarmTopicArn"):
            topics = {given}
        for kind in ("AWS::CloudWatch::CompositeAlarm", "AWS::CloudWatch::LogAlarm"):
            for logical, alarm in stack.resources(kind).items():
                for actions in (alarm.get("AlarmActions", []), alarm.get("OKActions", [])):
                    if not actions or not set(actions) <= topics:
                        faults.append(f"{name}: {logical} tells {actions}, but the topics are {sorted(topics)}")
        for logical, subscription in stack.resources("AWS::SNS::Subscription").items():
            if subscription["TopicArn"] not in topics:
                faults.append(f"{name}: {logical} subscribes to {subscription['TopicArn']}, which does not exist")
    return faults


def dashboards_are_sound(deployment):
    """Widgets fit the grid and do not overlap; alarms they show exist; their log tables are saved queries."""
    faults = []
    for name, stack in deployment.stacks.items():
        alarms = {p["AlarmName"] for kind in ("Alarm", "CompositeAlarm") for p in stack.resources(f"AWS::CloudWatch::{kind}").values()}
        saved = {normalized(text) for text in queries(stack).values()}
        groups = {p["LogGroupName"] for p in stack.resources("AWS::Logs::LogGroup").values()}
        taken = {}
        for where, widget in widgets(stack):
            cells = {
                (x, y)
                for x in range(widget["x"], widget["x"] + widget["width"])
                for y in range(widget["y"], widget["y"] + widget["height"])
            }
            if max(x for x, _ in cells) >= DASHBOARD_COLUMNS:
                faults.append(f"{name}: {where} ends beyond column {DASHBOARD_COLUMNS}")
            faults += sorted({f"{name}: {where} overlaps {taken[cell]}" for cell in cells if cell in taken})
            taken |= dict.fromkeys(cells, where)
            if widget["type"] == "alarm":
                shown = {arn.rsplit(":alarm:", 1)[-1] for arn in widget["properties"]["alarms"]}
                faults += [f"{name}: {where} shows {alarm}, which does not exist" for alarm in sorted(shown - alarms)]
                faults += [f"{name}: {where} does not show {alarm}" for alarm in sorted(alarms - shown)]
            elif widget["properties"].get("region") != cfn.REGION:
                faults.append(f"{name}: {where} names no region")
        for where, group, query in log_widgets(stack):
            if group not in groups:
                faults.append(f"{name}: {where} reads log group {group}, which does not exist")
            if normalized(query) not in saved:
                faults.append(f"{name}: {where} shows a query that is not saved")
    return faults


def queries_are_sound(deployment):
    """Each tells EMF lines from diagnostics, is in the language as it is documented, and reads the stack's log group."""
    faults = []
    for name, stack in deployment.stacks.items():
        groups = {p["LogGroupName"] for p in stack.resources("AWS::Logs::LogGroup").values()} | {stack.parameters.get("LogGroupName")}
        for logical, query in stack.resources("AWS::Logs::QueryDefinition").items():
            text = query["QueryString"]
            if not re.search(r"filter ispresent\(ClockSource\)|\"ClockSource\":", text):
                faults.append(f"{name}: {logical} does not tell EMF lines by ClockSource")
            if not set(query["LogGroupNames"]) <= groups:
                faults.append(f"{name}: {logical} reads {query['LogGroupNames']}, which does not exist")
            try:
                parse_query(text)
            except QueryFault as fault:
                faults.append(f"{name}: {logical}: {fault}")
    return faults


def log_groups_extract_metrics(deployment):
    """Only the standard class extracts EMF and discovers fields; and lines do not stay for ever."""
    faults = []
    for name, logical, group in every(deployment, "AWS::Logs::LogGroup"):
        if group.get("LogGroupClass", "STANDARD") != "STANDARD":
            faults.append(f"{name}: {logical} has class {group['LogGroupClass']}: it extracts no metrics")
        if "RetentionInDays" not in group:
            faults.append(f"{name}: {logical} keeps its lines for ever")
    return faults
