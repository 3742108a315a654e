"""Checks of alarms, their runbooks and notifications, saved queries, dashboards and log groups."""

import re

import cfn
from alarm_evaluator import is_grouped
from checks_base import ALARMS, every
from insights import MOST_CONTRIBUTORS
from insights_language import QueryFault
from insights_parser import parse_query
from metrics_insights import parse_select
from references import filled, log_widgets, normalized, queries, widgets

DASHBOARD_COLUMNS = 24
# The paging alarms by logical id, and a fleet member's alarms for deployment rollback.
PAGES = {"ErrorBoundAlarm", "NotSynchronizedAlarm", "NoDataAlarm"}
ROLLBACK = {"ErrorBoundAlarm", "NotSynchronizedAlarm"}
MOST_LOG_GROUPS = 50
LONGEST_AGGREGATION = 256
STATISTICS = re.compile(r"SampleCount|Minimum|Maximum|Average|Sum|p\d{1,2}(\.\d+)?")


def every_alarm_notifies(deployment):
    """Each metric alarm is read by one composite alarm, or has actions, or is for ECS to roll deployments back."""
    faults = []
    for name, stack in deployment.stacks.items():
        alarms = stack.resources("AWS::CloudWatch::Alarm")
        names = {alarm["AlarmName"] for alarm in alarms.values()}
        watched = []
        for logical, properties in stack.resources("AWS::CloudWatch::CompositeAlarm").items():
            rule = properties["AlarmRule"]
            if not re.fullmatch(r'ALARM\("[^"]+"\)( (OR|AND) ALARM\("[^"]+"\))*', rule):
                faults.append(f"{name}: {logical} has a rule of another form: {rule}")
            watched += re.findall(r'ALARM\("([^"]+)"\)', rule)
        faults += [f"{name}: a composite alarm reads {alarm}, which does not exist" for alarm in sorted(set(watched) - names)]
        for logical, alarm in alarms.items():
            notifies = watched.count(alarm["AlarmName"]) + bool(alarm.get("AlarmActions"))
            for_rollback = stack.parameters.get("Fleet") == "true" and logical in ROLLBACK
            if notifies != (0 if for_rollback else 1):
                faults.append(f"{name}: {logical} notifies {notifies} times")
    return faults


def severities_are_right(deployment):
    """A bad or unwatched clock pages, everything else is a ticket; the two topics differ."""
    faults = []
    for name, stack in deployment.stacks.items():
        topics = {severity: _topic(stack, severity) for severity in ("Page", "Ticket")}
        if topics["Page"] and topics["Page"] == topics["Ticket"]:
            faults.append(f"{name}: pages and tickets share a topic")
        logical_of = {alarm["AlarmName"]: logical for logical, alarm in stack.resources("AWS::CloudWatch::Alarm").items()}
        told = []
        for severity, logical in (("Page", "PageAlarm"), ("Ticket", "TicketAlarm")):
            if composite := stack.resources("AWS::CloudWatch::CompositeAlarm").get(logical):
                if composite["AlarmActions"] != [topics[severity]]:
                    faults.append(f"{name}: {logical} notifies {composite['AlarmActions']}")
                told += [(logical_of.get(alarm), severity) for alarm in re.findall(r'ALARM\("([^"]+)"\)', composite["AlarmRule"])]
        for logical, alarm in stack.resources("AWS::CloudWatch::Alarm").items():
            told += [(logical, severity) for severity, topic in topics.items() if topic and alarm.get("AlarmActions") == [topic]]
        faults += [f"{name}: {logical} is a {severity.lower()}" for logical, severity in told if (severity == "Page") != (logical in PAGES)]
    return faults


def _topic(stack, severity):
    """The topic of a severity: one that was given, or the stack's own."""
    if given := stack.parameters.get(f"{severity}TopicArn"):
        return given
    return stack.resolve({"Ref": f"{severity}Topic"}) if f"{severity}Topic" in stack.template["Resources"] else None


def alarms_are_sound(deployment):
    """M of N, a period that the metrics' resolution allows, a statistic that exists, a stated treatment of missing data."""
    faults = []
    for name, logical, alarm in every(deployment, "AWS::CloudWatch::Alarm"):
        where = f"{name}: {logical}"
        m, n = alarm.get("DatapointsToAlarm"), alarm["EvaluationPeriods"]
        statistics = [metric["MetricStat"] for metric in alarm.get("Metrics", []) if "MetricStat" in metric]
        if is_grouped(alarm):
            faults += _select_faults(where, alarm)
            statistics = [{"Period": alarm["Metrics"][0]["Period"], "Stat": "Maximum"}]
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


def _select_faults(where, alarm):
    """A query of the modelled form, sorted so that the worst series count, with an evaluation range of at most 3 hours."""
    query, = alarm["Metrics"]
    try:
        select = parse_select(query["Expression"])
    except ValueError as fault:
        return [f"{where}: {fault}"]
    worst_first = "ASC" if alarm["ComparisonOperator"].startswith("LessThan") else "DESC"
    faults = []
    if select.order != worst_first:
        faults.append(f"{where}: of more than {MOST_CONTRIBUTORS} series, the best would count")
    if select.limit is not None:
        faults.append(f"{where} does not watch every service")
    if query["Period"] * alarm["EvaluationPeriods"] > 3 * 3600:
        faults.append(f"{where} looks back more than the 3 hours that such a query has")
    return faults


def log_alarms_are_sound(deployment):
    """M of N, a schedule without gaps, a query and an aggregation that Logs Insights accepts."""
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
        if len(scheduled["LogGroupIdentifiers"]) > MOST_LOG_GROUPS:
            faults.append(f"{where} watches {len(scheduled['LogGroupIdentifiers'])} log groups")
        aggregation = scheduled["AggregationExpression"]
        if " by " in aggregation and not aggregation.endswith("| sort desc"):
            faults.append(f"{where}: of more than {MOST_CONTRIBUTORS} contributors, the first by name would count")
        if "count" in aggregation:
            faults.append(f"{where} counts in its aggregation, which may mean rows or log lines")
        if len(aggregation) > LONGEST_AGGREGATION:
            faults.append(f"{where} has an aggregation of {len(aggregation)} characters")
        try:
            parse_query(scheduled["QueryString"])
            parse_query(f"stats {aggregation.removesuffix('| sort desc')}")
        except QueryFault as fault:
            faults.append(f"{where}: {fault}")
    return faults


def alarms_are_runbooks(deployment):
    """Each description fits, names a saved query that exists, has a command to type, the risk, and links."""
    faults = []
    saved = {query["Name"].rpartition("/")[2] for _, _, query in every(deployment, "AWS::Logs::QueryDefinition")}
    for name, stack in deployment.stacks.items():
        for kind in ALARMS:
            for logical, alarm in stack.resources(kind).items():
                text = alarm.get("AlarmDescription", "")
                if not 1 <= len(text) <= 1024:
                    faults.append(f"{name}: {logical} has a description of {len(text)} characters (1 to 1024)")
                named = set(re.findall(r"(?:[Ss]aved query|query) ([a-z]+(?:-[a-z]+)*)", text))
                if not named:
                    faults.append(f"{name}: {logical} names no saved query")
                faults += [f"{name}: {logical} names {query}, which does not exist" for query in sorted(named - saved)]
                if not re.search(r"`aws (ecs|cloudwatch) [a-z-]+ ", text):
                    faults.append(f"{name}: {logical} has no command to type")
                if is_grouped(alarm) and f"--alarm-name {alarm['AlarmName']}`" not in text:
                    faults.append(f"{name}: {logical} does not lead to its contributors")
                # The runbook is the first link, since the person on call opens it first.
                links = re.findall(r"Risk: |Runbook |Dashboard https://|Queries https://", text)
                if links[:2] != ["Risk: ", "Runbook "] or set(links[2:]) != {"Dashboard https://", "Queries https://"}:
                    faults.append(f"{name}: {logical} does not end in the risk, the runbook, the dashboard and the queries: {links}")
    return faults


def runbooks_fit_the_launch_type(deployment):
    """Only on Fargate does the text promise another host. Elsewhere it names the host, and its time daemon if the user runs one."""
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
    """Each alarm with actions notifies a topic of its stack or a given one when it begins and, where useful, when it ends."""
    faults = []
    for name, stack in deployment.stacks.items():
        topics = {stack.resolve({"Ref": logical}) for logical in stack.resources("AWS::SNS::Topic")}
        topics |= {value for key, value in stack.parameters.items() if key.endswith("TopicArn") and value}
        for kind in ALARMS:
            for logical, alarm in stack.resources(kind).items():
                begin, end = alarm.get("AlarmActions", []), alarm.get("OKActions", [])
                if kind == "AWS::CloudWatch::Alarm" and not begin and not end:
                    continue
                if not begin or not set(begin) | set(end) <= topics:
                    faults.append(f"{name}: {logical} tells {begin} and {end}, but the topics are {sorted(topics)}")
                if bool(end) == has_contributors(alarm):
                    faults.append(f"{name}: {logical} tells {end} when it ends")
                if not alarm.get("ActionConfiguration", {}).get("AlarmTagsPropagation", {}).get("Enabled"):
                    faults.append(f"{name}: {logical} leaves its tags out of its messages")
        for logical, subscription in stack.resources("AWS::SNS::Subscription").items():
            if subscription["TopicArn"] not in topics:
                faults.append(f"{name}: {logical} subscribes to {subscription['TopicArn']}, which does not exist")
    return faults


def has_contributors(alarm):
    """Whether the alarm notifies per contributor: an OK message would be sent for those that only left the query's range."""
    if "ScheduledQueryConfiguration" in alarm:
        return " by " in alarm["ScheduledQueryConfiguration"]["AggregationExpression"]
    return is_grouped(alarm)


def dashboards_are_sound(deployment):
    """Widgets fit the grid and do not overlap; alarms they show exist; their log tables are saved queries."""
    faults = []
    for name, stack in deployment.stacks.items():
        alarms = {p["AlarmName"] for kind in ("Alarm", "CompositeAlarm") for p in stack.resources(f"AWS::CloudWatch::{kind}").values()}
        # A fleet's saved queries name the log group beside the stream.
        saved = {normalized(text).replace("@log, ", "") for text in queries(stack).values()}
        groups = log_groups(stack)
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
            if not any(text.endswith(normalized(query)) for text in saved):
                faults.append(f"{name}: {where} shows a query that is not saved")
    return faults


def log_groups(stack):
    """The log groups that a stack creates, is given, or, for a fleet, finds by name."""
    made = {p["LogGroupName"] for p in stack.resources("AWS::Logs::LogGroup").values()}
    return made | {stack.parameters.get("LogGroupName")} | ({cfn.LOG_GROUP} if "FleetName" in stack.parameters else set())


def parameters_of_queries_are_sound(deployment):
    """Each placeholder is declared and each parameter used, with a default that matches every log group."""
    faults = []
    for name, logical, query in every(deployment, "AWS::Logs::QueryDefinition"):
        declared = {parameter["Name"]: parameter.get("DefaultValue") for parameter in query.get("Parameters", [])}
        used = set(re.findall(r"\{\{(\w*)\}\}", query["QueryString"]))
        if used != set(declared):
            faults.append(f"{name}: {logical} declares {sorted(declared)} and uses {sorted(used)}")
        if set(declared.values()) - {".*"}:
            faults.append(f"{name}: {logical} takes not every log group by default")
    return faults


def queries_are_sound(deployment):
    """Each separates EMF lines from diagnostics, uses the documented language, and reads the stack's log group."""
    faults = []
    for name, stack in deployment.stacks.items():
        groups = log_groups(stack)
        for logical, query in stack.resources("AWS::Logs::QueryDefinition").items():
            text = filled(query)
            if not re.search(r"filter ispresent\(ClockSource\)|\"ClockSource\":", text):
                faults.append(f"{name}: {logical} does not tell EMF lines by ClockSource")
            if not set(query.get("LogGroupNames", [])) <= groups:
                faults.append(f"{name}: {logical} reads {query['LogGroupNames']}, which does not exist")
            if bool(query.get("LogGroupNames")) == bool(query.get("Parameters")):
                faults.append(f"{name}: {logical} has either a log group or parameters that choose it")
            try:
                parse_query(text)
            except QueryFault as fault:
                faults.append(f"{name}: {logical}: {fault}")
    return faults


def log_groups_extract_metrics(deployment):
    """Only the standard class extracts EMF and discovers fields; and lines expire."""
    faults = []
    for name, logical, group in every(deployment, "AWS::Logs::LogGroup"):
        if group.get("LogGroupClass", "STANDARD") != "STANDARD":
            faults.append(f"{name}: {logical} has class {group['LogGroupClass']}: it extracts no metrics")
        if "RetentionInDays" not in group:
            faults.append(f"{name}: {logical} keeps its lines for ever")
    return faults
