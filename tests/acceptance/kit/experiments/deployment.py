"""K0, K5, K15, K16: the deployed stacks, before and during the drills."""

import json

from kit.errors import KitError
from kit.experiments.base import AS_CLAIMED, MEASURED, NOT_MEASURED, REFUTED, Experiment, Verdict, plural
from kit.player import SERVICES, task_id
from kit.stacks import CAPABILITIES, DONE
from kit.up import demonstration_parameters

POLL_S = 10
NESTED = "AWS::CloudFormation::Stack"


class Deployment(Experiment):
    id = "K0"
    question = "Does the stack deploy, with log groups of class STANDARD and without drift, twice?"
    rule = "Every stack is CREATE_COMPLETE and in sync, every log group is STANDARD, and a second deployment changes nothing."

    def collect(self, run):
        roots = [run.prefix, *map(run.service_stack, SERVICES)]
        nested = [name for root in roots for kind, name in run.stacks.resources(root) if kind == NESTED]
        statuses = {name: (run.stacks.find(name) or {}).get("StackStatus", "gone") for name in [*roots, *nested]}
        drifts = {}
        for name in [*roots, *nested]:
            drifts[name] = yield from self._drift(run, name)
        groups = run.aws.pages("logs", "DescribeLogGroups", "logGroups", token=("nextToken", "nextToken"), logGroupNamePattern=run.prefix)
        classes = {group["logGroupName"]: group.get("logGroupClass", "STANDARD") for group in groups}
        return {"statuses": statuses, "drifts": drifts, "classes": classes, "again": (yield from self._again(run))}

    @staticmethod
    def _drift(run, name):
        found = run.aws.call("cloudformation", "DetectStackDrift", StackName=name)["StackDriftDetectionId"]
        deadline = run.clock.now() + 600
        while True:
            answer = run.aws.call("cloudformation", "DescribeStackDriftDetectionStatus", StackDriftDetectionId=found)
            if answer["DetectionStatus"] != "DETECTION_IN_PROGRESS":
                break
            if run.clock.now() > deadline:
                raise KitError(f"drift detection of {name} takes longer than ten minutes")
            yield POLL_S
        if answer.get("StackDriftStatus") != "DRIFTED":
            return [] if answer["DetectionStatus"] == "DETECTION_COMPLETE" else [f"detection: {answer.get('DetectionStatusReason', 'failed')}"]
        drifts = run.aws.call("cloudformation", "DescribeStackResourceDrifts", StackName=name, StackResourceDriftStatusFilters=["MODIFIED", "DELETED"])
        return [f"{d['LogicalResourceId']}: {d['StackResourceDriftStatus']}" for d in drifts["StackResourceDrifts"]]

    @staticmethod
    def _again(run):
        """What a second deployment of the same template would change; it is not executed."""
        name = {"StackName": run.prefix, "ChangeSetName": f"{run.prefix}-again"}
        run.aws.call(
            "cloudformation", "CreateChangeSet", **name, ChangeSetType="UPDATE", TemplateURL=run.urls["template.yaml"],
            Capabilities=CAPABILITIES, IncludeNestedStacks=True,
            Parameters=[{"ParameterKey": k, "ParameterValue": str(v)} for k, v in demonstration_parameters(run).items()],
        )  # fmt: skip
        deadline = run.clock.now() + 300
        while (answer := run.aws.call("cloudformation", "DescribeChangeSet", **name))["Status"].endswith(("PENDING", "IN_PROGRESS")):
            if run.clock.now() > deadline:
                raise KitError("the change set of the second deployment is not ready after five minutes")
            yield POLL_S
        run.aws.call("cloudformation", "DeleteChangeSet", **name)
        changes = [change["ResourceChange"] for change in answer.get("Changes", [])]
        # A nested stack is listed as modified before CloudFormation has looked into it.
        return [f"{c['Action']} {c['LogicalResourceId']} ({c['ResourceType']})" for c in changes if c["ResourceType"] != NESTED]

    def judge(self, evidence):
        wrong = [f"stack {name}: {status}" for name, status in evidence["statuses"].items() if status not in DONE]
        wrong += [f"drift in {name}: {entry}" for name, entries in evidence["drifts"].items() for entry in entries]
        wrong += [f"log group {name} is of class {c}" for name, c in evidence["classes"].items() if c != "STANDARD"]
        wrong += [f"the second deployment: {change}" for change in evidence["again"]]
        summary = f"{plural(len(evidence['statuses']), 'stack')}, {plural(len(evidence['classes']), 'log group')}"
        if wrong or not evidence["classes"]:
            return Verdict(REFUTED, f"{summary}: {plural(len(wrong), 'difference')}", wrong)
        return Verdict(AS_CLAIMED, f"{summary}: in sync; a second deployment changes nothing")


class FirstStates(Experiment):
    id = "K5"
    question = "Which states do the alarms of a new stack have before the first line?"
    rule = "Those of sparse metrics and the composites are OK, the others INSUFFICIENT_DATA, and none is in ALARM, as sam/README.md has it."

    def collect(self, run):
        seen, definitions, begin = {}, {}, run.clock.now()
        while run.clock.now() - begin < 165:
            for service in SERVICES:
                answer = describe_alarms(run, f"{run.drill_cluster}-{service}-")
                for alarm in answer:
                    treatment = alarm.get("TreatMissingData", "missing" if "MetricName" in alarm or "Metrics" in alarm else "composite")
                    definitions[alarm["AlarmName"]] = treatment
                    seen.setdefault(alarm["AlarmName"], []).append([round(run.clock.now() - begin), alarm["StateValue"]])
            yield POLL_S
        return {"treatments": definitions, "states": {name: _changes(states) for name, states in seen.items()}}

    def judge(self, evidence):
        expected = {"notBreaching": "OK", "composite": "OK", "missing": "INSUFFICIENT_DATA", "breaching": "INSUFFICIENT_DATA"}
        wrong, rows = [], [["alarm", "missing data", "state"]]
        for name, states in sorted(evidence["states"].items()):
            treatment, last = evidence["treatments"][name], states[-1][1]
            rows.append([name, treatment, " → ".join(state for _, state in states)])
            if last != expected[treatment]:
                wrong.append(f"{name} is {last}, expected {expected[treatment]}")
            wrong += [f"{name} was in ALARM after {at} s" for at, state in states if state == "ALARM" and last != "ALARM"]
        if not evidence["states"]:
            return Verdict(NOT_MEASURED, "no alarm is listed")
        count = plural(len(evidence["states"]), "alarm")
        return Verdict(REFUTED if wrong else AS_CLAIMED, f"{count}: {plural(len(wrong), 'difference')}" if wrong else f"{count} as documented", wrong, rows)


def describe_alarms(run, prefix):
    """Metric and composite alarms whose names begin so."""
    found = []
    for key in ("MetricAlarms", "CompositeAlarms"):
        kind = ["MetricAlarm" if key == "MetricAlarms" else "CompositeAlarm"]
        found += run.aws.pages("cloudwatch", "DescribeAlarms", key, AlarmNamePrefix=prefix, AlarmTypes=kind)
    return found


def _changes(states):
    return [entry for before, entry in zip([None, *states], states, strict=False) if before is None or before[1] != entry[1]]


class Quota(Experiment):
    id = "K15"
    question = "How many PutLogEvents requests a second does this account allow?"
    rule = "The quota is read. Nothing is sent."

    def collect(self, run):
        quotas = list(run.aws.pages("service-quotas", "ListServiceQuotas", "Quotas", ServiceCode="logs"))
        found = {q["QuotaName"]: q.get("Value") for q in quotas if any(w in q["QuotaName"].lower() for w in ("putlogevents", "query", "queries"))}
        return {"quotas": found}
        yield  # a generator, as every collection is

    def judge(self, evidence):
        found = {name: value for name, value in evidence["quotas"].items() if "putlogevents" in name.lower()}
        rows = [["quota", "value"], *([name, f"{value:g}"] for name, value in sorted(evidence["quotas"].items()))]
        if not found:
            return Verdict(NOT_MEASURED, "Service Quotas lists no quota of PutLogEvents", [], rows)
        return Verdict(MEASURED, "; ".join(f"{name}: {value:g}" for name, value in found.items()), [], rows)


class Pictures(Experiment):
    id = "K16"
    question = "Does the Insights rule rank, and does the dashboard render?"
    rule = "CloudWatch has no message about the dashboard, each metric widget is a picture, and the rule ranks the task that is over the limit first."
    phase = "observe"
    needs_player = True

    def collect(self, run):
        yield from run.player_done()
        name = self._rule(run)
        begin, end = run.player.started_ms // 1000 // 60 * 60, int(run.clock.now())
        contributors = []
        if name:
            report = run.aws.call("cloudwatch", "GetInsightRuleReport", RuleName=name, StartTime=begin, EndTime=end, Period=3600, MaxContributorCount=10)
            contributors = [[c["Keys"], c["ApproximateAggregateValue"]] for c in report.get("Contributors", [])]
        dashboard = f"{run.drill_cluster}-bad-clock"
        body = run.aws.call("cloudwatch", "GetDashboard", DashboardName=dashboard)["DashboardBody"]
        # The same body under the same name changes nothing, but CloudWatch reports what it does not accept.
        messages = run.aws.call("cloudwatch", "PutDashboard", DashboardName=dashboard, DashboardBody=body).get("DashboardValidationMessages", [])
        pictures = []
        for number, widget in enumerate(w for w in json.loads(body)["widgets"] if w["type"] == "metric"):
            asked = widget["properties"] | {"start": "-PT1H", "width": 600, "height": 300}
            image = run.aws.call("cloudwatch", "GetMetricWidgetImage", MetricWidget=json.dumps(asked))["MetricWidgetImage"]
            path = run.artifacts / f"dashboard-{number}.png"
            path.write_bytes(image)
            pictures.append([widget["properties"].get("title", ""), path.name, len(image)])
        return {"rule": name, "contributors": contributors, "expected": task_id("bad/bad-1"), "messages": [m["Message"] for m in messages], "pictures": pictures}

    @staticmethod
    def _rule(run):
        for kind, name in run.stacks.resources(run.service_stack("bad")):
            if kind == "AWS::CloudWatch::InsightRule":
                return name.rpartition("/")[2]
        return None

    def judge(self, evidence):
        wrong = [f"dashboard: {message}" for message in evidence["messages"]]
        wrong += [f"the picture {title!r} is empty" for title, _, size in evidence["pictures"] if not size]
        first = evidence["contributors"][0][0] if evidence["contributors"] else []
        if evidence["expected"] not in first:
            wrong.append(f"the rule ranks {first or 'nobody'} first, expected {evidence['expected']}")
        rows = [["contributor", "lines over the limit"], *(["/".join(keys), f"{value:g}"] for keys, value in evidence["contributors"])]
        summary = f"{plural(len(evidence['pictures']), 'picture')}, {plural(len(evidence['contributors']), 'contributor')}"
        return Verdict(REFUTED if wrong else AS_CLAIMED, summary, wrong, rows)
