"""CloudWatch Logs: groups, events, extraction of metrics, and Logs Insights by the model of tests/deploy."""

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime

from emf_extract import MAX_AGE_MS, MAX_AHEAD_MS, read
from insights import Event, Moment, QueryFault, Semantics, run
from standins.cloud import ACCOUNT, REGION, Refused, paged

QUERY_S = 3


@dataclass
class Group:
    tags: dict
    created: float
    log_class: str = "STANDARD"
    streams: dict = field(default_factory=dict)
    events: list = field(default_factory=list)
    protected: bool = False


class Logs:
    def __init__(self, cloud, metrics, faults):
        self._cloud, self._metrics, self._faults = cloud, metrics, faults
        self.groups, self.definitions, self._queries = {}, {}, {}

    def _group(self, name):
        if name not in self.groups:
            raise Refused("ResourceNotFoundException", "The specified log group does not exist.")
        return self.groups[name]

    def create_group(self, name, properties, tags):
        group = Group(tags, self._cloud.time, properties.get("LogGroupClass", "STANDARD"))
        self.groups[name] = group

    # ---- events

    def write(self, group, stream, timestamp, message):
        """The events of a log driver or of PutLogEvents."""
        found = self._group(group)
        found.streams.setdefault(stream, True)
        now = self._cloud.now_ms()
        found.events.append(Event(stream, timestamp, max(now, timestamp), message))
        if found.log_class == "STANDARD":
            points, _ = read(message, max(now, timestamp))
            for point in points:
                self._metrics.take(point, now)

    def CreateLogStream(self, logGroupName, logStreamName):
        group = self._group(logGroupName)
        if logStreamName in group.streams:
            raise Refused("ResourceAlreadyExistsException")
        group.streams[logStreamName] = True
        return {}

    def PutLogEvents(self, logGroupName, logStreamName, logEvents):
        group = self._group(logGroupName)
        if logStreamName not in group.streams:
            raise Refused("ResourceNotFoundException", "The specified log stream does not exist.")
        stamps = [event["timestamp"] for event in logEvents]
        if stamps != sorted(stamps):
            raise Refused("InvalidParameterException", "Log events in a single PutLogEvents request must be in chronological order.")
        now = self._cloud.now_ms()
        if any(not -MAX_AGE_MS <= stamp - now <= MAX_AHEAD_MS for stamp in stamps):
            return {"rejectedLogEventsInfo": {"tooNewLogEventStartIndex": 0}}
        for event in logEvents:
            self.write(logGroupName, logStreamName, event["timestamp"], event["message"])
        return {}

    def FilterLogEvents(self, logGroupName, startTime=0, nextToken=None):
        events = [event for event in self._group(logGroupName).events if event.timestamp >= startTime]
        events.sort(key=lambda event: event.timestamp)
        found = [
            {"logStreamName": e.stream, "timestamp": e.timestamp, "ingestionTime": e.ingestion, "message": e.message, "eventId": str(n)}
            for n, e in enumerate(events)
        ]  # fmt: skip
        return paged(found, "events", 1000, nextToken, "nextToken")

    # ---- groups and definitions

    def DescribeLogGroups(self, logGroupNamePattern="", nextToken=None):
        found = [
            {"logGroupName": name, "logGroupClass": group.log_class, "retentionInDays": 1, "deletionProtectionEnabled": group.protected,
             "arn": f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:{name}:*", "creationTime": int(group.created * 1000)}
            for name, group in sorted(self.groups.items())
            # A new group is not listed at once.
            if logGroupNamePattern in name and self._cloud.time - group.created > self._faults.unlisted_s
        ]  # fmt: skip
        return paged(found, "logGroups", 3, nextToken, "nextToken")

    def DeleteLogGroup(self, logGroupName):
        if self._group(logGroupName).protected:
            raise Refused("OperationAbortedException", "deletion protection is enabled")
        del self.groups[logGroupName]
        return {}

    def PutLogGroupDeletionProtection(self, logGroupIdentifier, deletionProtectionEnabled):
        self._group(logGroupIdentifier).protected = deletionProtectionEnabled
        return {}

    def DescribeQueryDefinitions(self, queryDefinitionNamePrefix="", nextToken=None, maxResults=1000):
        found = [
            {"queryDefinitionId": id, "name": entry["Name"], "queryString": entry["QueryString"], "logGroupNames": entry.get("LogGroupNames", [])}
            for id, entry in sorted(self.definitions.items()) if entry["Name"].startswith(queryDefinitionNamePrefix)
        ]  # fmt: skip
        return paged(found, "queryDefinitions", 20, nextToken, "nextToken")

    def DeleteQueryDefinition(self, queryDefinitionId):
        if self.definitions.pop(queryDefinitionId, None) is None:
            raise Refused("ResourceNotFoundException")
        return {"success": True}

    def ListScheduledQueries(self):
        return {"scheduledQueries": []}

    def GetScheduledQueryHistory(self, identifier, startTime, endTime):
        return {"triggerHistory": [
            {"queryId": f"q{n}", "executionStatus": self._faults.scheduled_status, "triggeredTimestamp": int(startTime) + n * 300}
            for n in range(3)
        ]}  # fmt: skip

    # ---- Logs Insights

    def StartQuery(self, logGroupName, startTime, endTime, queryString):
        events = [e for e in self._group(logGroupName).events if startTime * 1000 <= e.timestamp <= endTime * 1000]
        semantics = Semantics(latest_skips_null=not (self._faults.latest_keeps_nulls and self._faults.latest_keeps_nulls in queryString))
        try:
            rows = run(queryString, events, self._cloud.now_ms(), semantics)
        except QueryFault as fault:
            raise Refused("MalformedQueryException", str(fault)) from fault
        id = f"query-{len(self._queries)}"
        self._queries[id] = (self._cloud.time + QUERY_S, rows)
        return {"queryId": id}

    def GetQueryResults(self, queryId):
        ready, rows = self._queries[queryId]
        if self._cloud.time < ready:
            return {"status": "Running", "results": []}
        return {"status": "Complete", "results": [
            [{"field": name, "value": printed(value)} for name, value in row.items() if value is not None] + [{"field": "@ptr", "value": "-"}]
            for row in rows
        ]}  # fmt: skip


def printed(value):
    """A value as Logs Insights prints it."""
    if isinstance(value, Moment):
        return datetime.fromtimestamp(value.ms / 1000, UTC).strftime("%Y-%m-%d %H:%M:%S.%f")[:-3]
    if isinstance(value, float):
        return f"{round(value, 4):g}" if abs(value) < 1e6 else str(int(value) if value == int(value) else value)
    return json.dumps(value) if isinstance(value, dict | list) else str(value)
