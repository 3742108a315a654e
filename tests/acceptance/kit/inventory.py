"""The phase `down`, and the inventory that has to be empty afterwards.

It works from the tag and the prefix in AWS, never from the state file: a lost laptop must not leave anything behind. A name counts
only if it contains the whole prefix with the run's eight hexadecimal digits; nothing else is ever deleted.
"""

import re

from kit.aws import CallFailed
from kit.state import PREFIX, TAG

GONE = {
    "ValidationError", "ResourceNotFoundException", "ResourceNotFound", "NoSuchBucket", "RepositoryNotFoundException",
    "ClusterNotFoundException", "NotFound", "NotFoundException", "AWS.SimpleQueueService.NonExistentQueue", "QueueDoesNotExist",
}  # fmt: skip
LONGEST_S, POLL_S = 1800, 15
# Deleted first, in this order: other resources depend on them.
FIRST = ("task", "object", "stack")
# These services' resources have separate lists here.
LISTED_BY_NAME = (":cloudformation:", ":ecs:", ":s3:::", ":ecr:", ":cloudwatch:", ":logs:")


class Inventory:
    """The resources of one run in the account. `kinds` maps a kind to its functions that list and delete."""

    def __init__(self, run, prefix, id):
        self._run, self._prefix, self._id = run, prefix, id
        self.failures = []
        self.kinds = {
            "task": (self.tasks, self.stop_task),
            "object": (self.objects, self.delete_object),
            "stack": (self.stacks, self.delete_stack),
            "task definition": (self.task_definitions, self.delete_task_definition),
            "repository": (self.repositories, self.delete_repository),
            "bucket": (self.buckets, self.delete_bucket),
            "alarm": (self.alarms, self.delete_alarm),
            "mute rule": (self.mute_rules, self.delete_mute_rule),
            "dashboard": (self.dashboards, self.delete_dashboard),
            "insight rule": (self.insight_rules, self.delete_insight_rule),
            "saved query": (self.saved_queries, self.delete_saved_query),
            "scheduled query": (self.scheduled_queries, self.delete_scheduled_query),
            "log group": (self.log_groups, self.delete_log_group),
            "network interface": (self.network_interfaces, None),
            "tagged resource": (self.tagged, None),
        }

    def _call(self, service, operation, **parameters):
        return self._run.aws.call(service, operation, **parameters)

    def _named(self, service, operation, key, name, *, token=("NextToken", "NextToken"), **parameters):
        """The items of a list whose name contains the prefix."""
        return [item for item in self._run.aws.pages(service, operation, key, token=token, **parameters) if self._prefix in item.get(name, "")]

    # ---- tasks

    def clusters(self):
        return [arn for arn in self._run.aws.pages("ecs", "ListClusters", "clusterArns", token=("nextToken", "nextToken")) if f"/{self._prefix}" in arn]

    def tasks(self):
        found = []
        for cluster in self.clusters():
            for status in ("RUNNING", "PENDING"):
                arns = self._run.aws.pages(
                    "ecs", "ListTasks", "taskArns", token=("nextToken", "nextToken"), cluster=cluster, startedBy=self._prefix,
                    **({"desiredStatus": status}),
                )  # fmt: skip
                found += [(cluster, arn) for arn in arns]
        return sorted(set(found))

    def stop_task(self, task):
        self._call("ecs", "StopTask", cluster=task[0], task=task[1], reason="acceptance kit: down")

    def task_definitions(self):
        found = []
        for status in ("ACTIVE", "INACTIVE"):
            arns = self._run.aws.pages("ecs", "ListTaskDefinitions", "taskDefinitionArns", token=("nextToken", "nextToken"), status=status)
            found += [(status, arn) for arn in arns if f"/{self._prefix}" in arn]
        return found

    def delete_task_definition(self, found):
        status, arn = found
        if status == "ACTIVE":
            self._call("ecs", "DeregisterTaskDefinition", taskDefinition=arn)
        answer = self._call("ecs", "DeleteTaskDefinitions", taskDefinitions=[arn])
        # From then on it is DELETE_IN_PROGRESS, and no longer listed.
        if answer.get("failures"):
            raise CallFailed("ecs:DeleteTaskDefinitions", "Failure", str(answer["failures"][0].get("reason")))

    # ---- stacks, buckets, images

    def stacks(self):
        """Stacks with the tag, newest first: those that read others' outputs were made later. Nested ones go with theirs."""
        found = [
            stack for stack in self._run.aws.pages("cloudformation", "DescribeStacks", "Stacks")
            if {"Key": TAG, "Value": self._id} in stack.get("Tags", []) and "ParentId" not in stack
            and stack["StackName"].startswith(self._prefix) and stack["StackStatus"] != "DELETE_COMPLETE"
        ]  # fmt: skip
        found.sort(key=lambda stack: stack["CreationTime"], reverse=True)
        return [(stack["StackName"], stack["StackStatus"]) for stack in found]

    def delete_stack(self, found):
        name, status = found
        if status != "DELETE_IN_PROGRESS":
            self._run.say(f"deleting stack {name}")
            self._call("cloudformation", "DeleteStack", StackName=name)

    def buckets(self):
        return [b["Name"] for b in self._run.aws.pages("s3", "ListBuckets", "Buckets", token=("ContinuationToken", "ContinuationToken"), Prefix=self._prefix)]

    def delete_bucket(self, name):
        self._call("s3", "DeleteBucket", Bucket=name)

    def objects(self):
        found = []
        for bucket in self.buckets():
            answer = self._run.aws.find("s3", "ListObjectVersions", GONE, Bucket=bucket) or {}
            for entry in answer.get("Versions", []) + answer.get("DeleteMarkers", []):
                found.append((bucket, entry["Key"], entry["VersionId"]))
        return found

    def delete_object(self, found):
        bucket, key, version = found
        self._call("s3", "DeleteObjects", Bucket=bucket, Delete={"Objects": [{"Key": key, "VersionId": version}], "Quiet": True})

    def repositories(self):
        return [r["repositoryName"] for r in self._named("ecr", "DescribeRepositories", "repositories", "repositoryName", token=("nextToken", "nextToken"))]

    def delete_repository(self, name):
        self._call("ecr", "DeleteRepository", repositoryName=name, force=True)

    # ---- watching

    def alarms(self):
        kinds = {"MetricAlarms": "MetricAlarm", "CompositeAlarms": "CompositeAlarm", "LogAlarms": "LogAlarm"}
        found = []
        # Composite alarms first: what they name cannot be deleted before them.
        for key in ("CompositeAlarms", "MetricAlarms", "LogAlarms"):
            listed = self._run.aws.pages("cloudwatch", "DescribeAlarms", key, AlarmNamePrefix=self._prefix, AlarmTypes=[kinds[key]])
            found += [alarm["AlarmName"] for alarm in listed]
        return found

    def delete_alarm(self, name):
        self._call("cloudwatch", "DeleteAlarms", AlarmNames=[name])

    def mute_rules(self):
        listed = self._run.aws.pages("cloudwatch", "ListAlarmMuteRules", "AlarmMuteRuleSummaries")
        return [rule["AlarmMuteRuleArn"].rpartition(":")[2] for rule in listed if self._prefix in rule["AlarmMuteRuleArn"]]

    def delete_mute_rule(self, name):
        self._call("cloudwatch", "DeleteAlarmMuteRule", AlarmMuteRuleName=name)

    def dashboards(self):
        listed = self._run.aws.pages("cloudwatch", "ListDashboards", "DashboardEntries", DashboardNamePrefix=self._prefix)
        return [entry["DashboardName"] for entry in listed]

    def delete_dashboard(self, name):
        self._call("cloudwatch", "DeleteDashboards", DashboardNames=[name])

    def insight_rules(self):
        """A rule's name has no prefix, since it is limited in length: its body names the log group."""
        listed = self._run.aws.pages("cloudwatch", "DescribeInsightRules", "InsightRules")
        return [rule["Name"] for rule in listed if self._prefix in rule["Name"] or f"{self._prefix}-" in rule.get("Definition", "")]

    def delete_insight_rule(self, name):
        self._call("cloudwatch", "DeleteInsightRules", RuleNames=[name])

    # ---- logs

    def saved_queries(self):
        listed = self._named("logs", "DescribeQueryDefinitions", "queryDefinitions", "name", token=("nextToken", "nextToken"))
        return [(q["queryDefinitionId"], q["name"]) for q in listed]

    def delete_saved_query(self, found):
        self._call("logs", "DeleteQueryDefinition", queryDefinitionId=found[0])

    def scheduled_queries(self):
        listed = self._named("logs", "ListScheduledQueries", "scheduledQueries", "name", token=("nextToken", "nextToken"))
        return [q["scheduledQueryArn"] for q in listed]

    def delete_scheduled_query(self, arn):
        self._call("logs", "DeleteScheduledQuery", identifier=arn)

    def log_groups(self):
        listed = self._named("logs", "DescribeLogGroups", "logGroups", "logGroupName", token=("nextToken", "nextToken"), logGroupNamePattern=self._prefix)
        return [(g["logGroupName"], bool(g.get("deletionProtectionEnabled"))) for g in listed]

    def delete_log_group(self, found):
        name, protected = found
        if protected:
            self._call("logs", "PutLogGroupDeletionProtection", logGroupIdentifier=name, deletionProtectionEnabled=False)
        self._call("logs", "DeleteLogGroup", logGroupName=name)

    # ---- what goes with others

    def network_interfaces(self):
        filters = [{"Name": f"tag:{TAG}", "Values": [self._id]}]
        return [i["NetworkInterfaceId"] for i in self._run.aws.pages("ec2", "DescribeNetworkInterfaces", "NetworkInterfaces", Filters=filters)]

    def tagged(self):
        """Everything else with the tag. The tagging service lists deleted resources for a while, so each is looked up."""
        listed = self._run.aws.pages(
            "resourcegroupstaggingapi", "GetResources", "ResourceTagMappingList", token=("PaginationToken", "PaginationToken"),
            TagFilters=[{"Key": TAG, "Values": [self._id]}],
        )  # fmt: skip
        arns = [entry["ResourceARN"] for entry in listed]
        return [arn for arn in arns if not any(part in arn for part in LISTED_BY_NAME) and self._exists(arn)]

    def _exists(self, arn):
        service, name = arn.split(":")[2], arn.rpartition(":")[2]
        if service == "sqs":
            return self._run.aws.find("sqs", "GetQueueUrl", GONE, QueueName=name) is not None
        if service == "sns":
            return self._run.aws.find("sns", "GetTopicAttributes", GONE, TopicArn=arn) is not None
        if service == "ec2":
            filters = [{"Name": "resource-id", "Values": [name.rpartition("/")[2]]}]
            return bool(self._run.aws.call("ec2", "DescribeTags", Filters=filters)["Tags"])
        return True

    # ---- all of it

    def left(self):
        """`{kind: names}` of what exists."""
        found = {kind: self._list(kind) for kind in self.kinds}
        return {kind: [_name_of(kind, item) for item in items] for kind, items in found.items() if items}

    def down(self):
        """Deletes everything, looks again, and gives up after half an hour. Returns what is left."""
        deadline = self._run.clock.now() + LONGEST_S
        while True:
            # Deleting the stacks deletes most resources. What remains is deleted by name.
            for kind in FIRST:
                self._delete_all(kind, *self.kinds[kind])
            if not self._list("stack"):
                for kind in self.kinds.keys() - set(FIRST):
                    self._delete_all(kind, *self.kinds[kind])
            left = self.left()
            if not left or self._run.clock.now() > deadline:
                return left
            self._run.clock.sleep(POLL_S)

    def _list(self, kind):
        """The items of a kind; what cannot be listed counts as existing, since it may."""
        try:
            return self.kinds[kind][0]()
        except Exception as error:  # noqa: BLE001 (a defect of the kit must not leave the rest of the account's bill)
            self._note(f"list {kind}s", error)
            return [(f"could not be listed: {error}",)]

    def _delete_all(self, kind, listed, delete):
        try:
            for item in listed() if delete else []:
                try:
                    delete(item)
                except Exception as error:  # noqa: BLE001 (as above)
                    if getattr(error, "code", None) not in GONE:
                        self._note(f"delete {kind} {_name_of(kind, item)}", error)
        except Exception as error:  # noqa: BLE001 (as above)
            self._note(f"list {kind}s", error)

    def _note(self, what, error):
        text = f"{what}: {error}"
        if text not in self.failures:
            self.failures.append(text)


def _name_of(kind, item):
    return item if isinstance(item, str) else item[-1] if len(item) == 1 else item[1] if kind in ("task", "task definition", "object", "saved query") else item[0]


def runs_in_account(aws):
    """The ids of all runs of which anything is left, for `verify-clean` without a state file."""
    stacks = aws.pages("cloudformation", "DescribeStacks", "Stacks")
    tags = [(tag["Key"], tag["Value"]) for stack in stacks for tag in stack.get("Tags", [])]
    tagged = aws.pages(
        "resourcegroupstaggingapi", "GetResources", "ResourceTagMappingList", token=("PaginationToken", "PaginationToken"),
        TagFilters=[{"Key": TAG}],
    )  # fmt: skip
    tags += [(tag["Key"], tag["Value"]) for entry in tagged for tag in entry["Tags"]]
    ids = {value for key, value in tags if key == TAG}
    # A log group may have outlived its stack, and everything else.
    groups = aws.pages("logs", "DescribeLogGroups", "logGroups", token=("nextToken", "nextToken"), logGroupNamePattern=PREFIX)
    ids |= {match[1] for group in groups if (match := re.search(rf"{PREFIX}-([0-9a-f]{{8}})", group["logGroupName"]))}
    return sorted(id for id in ids if re.fullmatch(r"[0-9a-f]{8}", id))
