"""A test of the tests: each kind of defect, seeded into a template's text, turns the check named beside it red.

`lint` means cfn-lint. A defect that several checks find is listed with the one made for it.
"""

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
import template_checks
from cfn import SAM, Deployment

FLEET, OBSERVABILITY, REGISTRY = "fleet.yaml", "observability.yaml", "registry.yaml"
TASKS, TEMPLATE = "task-alarms.yaml", "template.yaml"


@dataclass
class Seed:
    """The first `old` in `file` becomes `new`."""

    found_by: str
    file: str
    old: str
    new: str

    @property
    def text(self):
        text = (SAM / self.file).read_text()
        assert self.old in text, f"{self.file} no longer contains {self.old!r}"
        return text.replace(self.old, self.new, 1)


TRUSTED = "{Service: ecs-tasks.amazonaws.com}"


def allow(action, quote=""):
    """A policy that allows an action on everything."""
    text = "{'Statement': [{'Effect': 'Allow', 'Action': '%s', 'Resource': '*'}]}" % action
    return text.replace("'", quote) if quote else text


def extra(kind, properties):
    """One more resource in the stack of alarms, whose statements are too wide."""
    before = "  PageTopic:\n"
    return Seed("statements_are_narrow", OBSERVABILITY, before, f"  Extra: {{Type: '{kind}', Properties: {{{properties}}}}}\n{before}")


SEEDS = {
    # references
    "sub of an unknown name": Seed("references_resolve", TEMPLATE, "ClusterName=${Cluster}", "ClusterName=${Clutser}"),
    "nested parameter unknown": Seed("references_resolve", TEMPLATE, "        AlarmEmail: !Ref", "        AlarmMail: !Ref"),
    "nested parameter missing": Seed("references_resolve", TEMPLATE, "        ServiceName: clock-demo\n        ErrorBound", "        ErrorBound"),
    "nested output unknown": Seed("references_resolve", TEMPLATE, "Outputs.DashboardUrl", "Outputs.DashboardURL"),
    "nested template missing": Seed("references_resolve", TEMPLATE, "./observability.yaml", "./observation.yaml"),
    "map entry missing": Seed("references_resolve", OBSERVABILITY, "    aws: {Url: ", "    aws-x: {Url: "),
    # embedded JSON
    "dashboard is no JSON": Seed("embedded_json_parses", OBSERVABILITY, '"start": "-PT3H",', '"start": "-PT3H"'),
    "insight rule is no JSON": Seed("embedded_json_parses", OBSERVABILITY, '"LogFormat": "JSON",', '"LogFormat": JSON,'),
    "fleet's dashboard is no JSON": Seed("embedded_json_parses", FLEET, '"start": "-PT3H",', '"start": "-PT3H"'),
    # alarms
    "composite rule with a wrong name": Seed("every_alarm_notifies", OBSERVABILITY, 'ALARM("${NoDataAlarm}")', 'ALARM("no-data")'),
    "composite rule without an alarm": Seed("every_alarm_notifies", OBSERVABILITY, 'OR ALARM("${ClockStepAlarm}")$', "$"),
    "composite rule without the cross-check": Seed("every_alarm_notifies", OBSERVABILITY, """' OR ALARM("${CrossCheckAlarm}") OR""", """' OR"""),
    "composite rule that does not parse": Seed("every_alarm_notifies", OBSERVABILITY, " OR ALARM(", " ALARM("),
    "member's alarm that notifies nobody": Seed("every_alarm_notifies", OBSERVABILITY, "      AlarmActions: !If [IsAlone, !Ref \"AWS::NoValue\", [!If [HasPageTopic, !Ref PageTopicArn, !Ref PageTopic]]]\n", ""),
    "fleet's alarm that notifies nobody": Seed("every_alarm_notifies", FLEET, "      AlarmActions: [!If [HasTicketTopic, !Ref TicketTopicArn, !Ref TicketTopic]]\n", ""),
    "no data is a ticket": Seed("severities_are_right", OBSERVABILITY, 'OR ALARM("${NoDataAlarm}")', 'OR ALARM("${ClockStepAlarm}")'),
    "tickets that page": Seed("severities_are_right", OBSERVABILITY, "AlarmActions: [!If [HasTicketTopic, !Ref TicketTopicArn, !Ref TicketTopic]]", "AlarmActions: [!If [HasPageTopic, !Ref PageTopicArn, !Ref PageTopic]]"),
    "fleet's loss of synchronization is a ticket": Seed("severities_are_right", FLEET, "AlarmActions: [!If [HasPageTopic, !Ref PageTopicArn, !Ref PageTopic]]", "AlarmActions: [!If [HasTicketTopic, !Ref TicketTopicArn, !Ref TicketTopic]]"),
    "M greater than N": Seed("alarms_are_sound", OBSERVABILITY, "DatapointsToAlarm: 3", "DatapointsToAlarm: 6"),
    "one of one": Seed("alarms_are_sound", OBSERVABILITY, "EvaluationPeriods: 5\n      DatapointsToAlarm: 1", "EvaluationPeriods: 1\n      DatapointsToAlarm: 1"),
    "period of 10 s": Seed("alarms_are_sound", OBSERVABILITY, "Period: 60", "Period: 10"),
    "missing data unspecified": Seed("alarms_are_sound", OBSERVABILITY, "      TreatMissingData: breaching\n", ""),
    "statistic that does not exist": Seed("alarms_are_sound", OBSERVABILITY, "Statistic: Maximum", "Statistic: Max"),
    "grouped by one dimension of two": Seed("alarms_are_sound", FLEET, "GROUP BY ClusterName, ServiceName", "GROUP BY ServiceName"),
    "grouped by a function that does not exist": Seed("alarms_are_sound", FLEET, "SELECT MAX(ClockErrorBound)", "SELECT MAXIMUM(ClockErrorBound)"),
    "the best of too many series": Seed("alarms_are_sound", FLEET, "ORDER BY MIN() ASC", "ORDER BY MIN() DESC"),
    "only ten services": Seed("alarms_are_sound", FLEET, "ORDER BY MAX() DESC'", "ORDER BY MAX() DESC LIMIT 10'"),
    "more than three hours": Seed("alarms_are_sound", FLEET, "EvaluationPeriods: 15", "EvaluationPeriods: 181"),
    "runbook names a missing query": Seed("alarms_are_runbooks", OBSERVABILITY, "Saved query worst-tasks:", "Saved query worst:"),
    "runbook names a missing query in short": Seed("alarms_are_runbooks", OBSERVABILITY, "query diagnostics;", "query diagnosis;"),
    "runbook too long": Seed("alarms_are_runbooks", OBSERVABILITY, "jumped by 5 ms", "jumped " + "x" * 1024),
    "runbook without the risk": Seed("alarms_are_runbooks", OBSERVABILITY, "Risk: ${Risk}. ", ""),
    "runbook is not the first link": Seed("alarms_are_runbooks", TASKS, "Runbook ${RunbookUrl} Queries ${Url}", "Queries ${Url} Runbook ${RunbookUrl} ${Url}"),
    "runbook without a link": Seed("alarms_are_runbooks", FLEET, "Queries ${Url}", "${Url}"),
    "runbook of another alarm's contributors": Seed("alarms_are_runbooks", FLEET, "--alarm-name ${FleetName}-fleet-error-bound", "--alarm-name ${FleetName}-fleet-step"),
    "composite alarm tells nobody": Seed("notifications_arrive", OBSERVABILITY, "AlarmActions: [!If [HasPageTopic, !Ref PageTopicArn, !Ref PageTopic]]", "AlarmActions: []"),
    "composite alarm does not tell the end": Seed("notifications_arrive", OBSERVABILITY, "OKActions: [!If [HasPageTopic, !Ref PageTopicArn, !Ref PageTopic]]", "OKActions: []"),
    "fleet's alarm tells the end": Seed("notifications_arrive", FLEET, "      AlarmActions: [!If [HasPageTopic", "      OKActions: [!Ref PageTopic]\n      AlarmActions: [!If [HasPageTopic"),
    "task alarm tells nobody": Seed("notifications_arrive", TASKS, "AlarmActions: [!If [HasTaskTopic, !Ref TaskTopicArn, !Ref TaskTopic]]", "AlarmActions: []"),
    "task alarm tells the end": Seed("notifications_arrive", TASKS, "      AlarmActions: [!If", "      OKActions: [!Ref TaskTopic]\n      AlarmActions: [!If"),
    "message without the alarm's tags": Seed("notifications_arrive", FLEET, "      ActionConfiguration: {AlarmTagsPropagation: {Enabled: true}}\n", ""),
    "runbook without a command": Seed("alarms_are_runbooks", OBSERVABILITY, "`aws cloudwatch describe-alarms --state-value ALARM`", "the console"),
    "task runbook without a command": Seed("alarms_are_runbooks", TASKS, "`aws ecs describe-tasks --query 'tasks[].containers[]' --tasks ID --cluster CLUSTER`", "look"),
    "another host promised on EC2": Seed("runbooks_fit_the_launch_type", OBSERVABILITY, "A new task may start there again.\"\n    EXTERNAL", "Its replacement starts on another host.\"\n    EXTERNAL"),
    "no cure on EC2": Seed("runbooks_fit_the_launch_type", OBSERVABILITY, " (chronyc tracking)", ""),
    "alarm on from the start": Seed("alarms_are_sound", OBSERVABILITY, "      WarmUpConfiguration:\n        WarmUpPeriodDurationInMinutes: !Ref WarmUpMinutes\n", ""),
    "statistic in metric math that does not exist": Seed("alarms_are_sound", OBSERVABILITY, "Stat: SampleCount", "Stat: Samples"),
    "log alarm wants more results than it looks at": Seed("log_alarms_are_sound", TASKS, "QueryResultsToAlarm: 1", "QueryResultsToAlarm: 2"),
    "log alarm leaves gaps": Seed("log_alarms_are_sound", TASKS, "StartTimeOffset: 480", "StartTimeOffset: 240"),
    "log alarm with a function that does not exist": Seed("log_alarms_are_sound", TASKS, "greatest(LastLineMs, FirstMs)", "maximum(LastLineMs, FirstMs)"),
    "log alarm's aggregation unknown": Seed("log_alarms_are_sound", TASKS, "max(SilentSeconds) by @log", "largest(SilentSeconds) by @log"),
    "log alarm of the first by name": Seed("log_alarms_are_sound", TASKS, "max(SilentSeconds) by @log, @logStream | sort desc", "max(SilentSeconds) by @log, @logStream"),
    "log alarm that counts rows or lines": Seed("log_alarms_are_sound", TASKS, "max(Minutes) by", "count(*) by"),
    "log alarm with missing data unset": Seed("log_alarms_are_sound", TASKS, "      TreatMissingData: notBreaching\n", ""),
    "deployment without alarms": Seed("deployments_watch_the_clock", TEMPLATE, "          Enable: true\n          Rollback: true\n          AlarmNames", "          Enable: true\n          Rollback: false\n          AlarmNames"),
    "deployment stopped by the composite alarm": Seed("deployments_watch_the_clock", TEMPLATE, "Outputs.ErrorBoundAlarmName", "Outputs.PageAlarmName"),
    "deployment watches an alarm that does not exist": Seed("deployments_watch_the_clock", TEMPLATE, "!GetAtt Observability.Outputs.NotSynchronizedAlarmName", "clock-not-synchronized"),
    "published without a licence": Seed("publishing_metadata_is_there", OBSERVABILITY, "    LicenseUrl: ../LICENSE\n", ""),
    "published with a README that is not there": Seed("publishing_metadata_is_there", TASKS, "ReadmeUrl: README.md", "ReadmeUrl: READ.md"),
    "published as another version": Seed("publishing_metadata_is_there", TEMPLATE, "SemanticVersion: ", "SemanticVersion: 9"),
    # dashboard
    "widget shows a missing alarm": Seed("dashboards_are_sound", OBSERVABILITY, '"${Alarms}:${NoDataAlarm}"', '"${Alarms}:NoData"'),
    "widget leaves the cross-check out": Seed("dashboards_are_sound", OBSERVABILITY, ', "${Alarms}:${CrossCheckAlarm}"', ""),
    "widget beyond the grid": Seed("dashboards_are_sound", OBSERVABILITY, '"x": 12, "y": 3, "width": 12', '"x": 13, "y": 3, "width": 12'),
    "widgets overlap": Seed("dashboards_are_sound", OBSERVABILITY, '"x": 12, "y": 9,', '"x": 11, "y": 9,'),
    "log table differs from the saved query": Seed("dashboards_are_sound", OBSERVABILITY, "MaximumMs desc | limit 100", "MaximumMs desc | limit 10"),
    "log table of another group": Seed("dashboards_are_sound", OBSERVABILITY, "SOURCE '${LogGroup}'", "SOURCE 'clock'"),
    # queries and logs
    "query without ClockSource": Seed("queries_are_sound", OBSERVABILITY, "filter ispresent(ClockSource) and ispresent(ClockReferenceAge)\n", "filter ispresent(ClockReferenceAge)\n"),
    "bin of 300 s": Seed("queries_are_sound", OBSERVABILITY, "as Lines by bin(5m)", "as Lines by bin(300s)"),
    "function that does not exist": Seed("queries_are_sound", OBSERVABILITY, "toMillis(@ingestionTime)", "millis(@ingestionTime)"),
    "command that does not exist": Seed("queries_are_sound", OBSERVABILITY, "| sort FirstSeen asc", "| order FirstSeen asc"),
    "query of another group": Seed("queries_are_sound", OBSERVABILITY, "LogGroupNames: [!If [MakesLogGroup,", "LogGroupNames: [clock, !If [MakesLogGroup,"),
    "query that no log group is chosen for": Seed("queries_are_sound", OBSERVABILITY, "      LogGroupNames: [!If [MakesLogGroup, !Ref LogGroup, !Ref LogGroupName]]\n", ""),
    "placeholder that is not declared": Seed("parameters_of_queries_are_sound", FLEET, "{{cluster}}", "{{clutser}}"),
    "parameter without a default": Seed("parameters_of_queries_are_sound", FLEET, '{Name: service, DefaultValue: ".*"}', '{Name: service, DefaultValue: "my-service"}'),
    "infrequent-access log group": Seed("log_groups_extract_metrics", OBSERVABILITY, "LogGroupClass: STANDARD", "LogGroupClass: INFREQUENT_ACCESS"),
    "logs for ever": Seed("log_groups_extract_metrics", OBSERVABILITY, "      RetentionInDays: !Ref LogRetentionDays\n", ""),
    # task
    "containers exceed the task": Seed("containers_fit_the_task", TEMPLATE, "Memory: !If [IsLinux, 128,", "Memory: !If [IsLinux, 500,"),
    "reservation exceeds the limit": Seed("containers_fit_the_task", TEMPLATE, "MemoryReservation: !If [IsLinux, 16,", "MemoryReservation: !If [IsLinux, 64,"),
    "dependsOn a missing container": Seed("containers_fit_the_task", TEMPLATE, "          Essential: false", "          Essential: false\n          DependsOn: [{ContainerName: clock-dmo, Condition: START}]"),
    "dependsOn health without a check": Seed("containers_fit_the_task", TEMPLATE, "          Essential: false", "          Essential: false\n          DependsOn: [{ContainerName: clock-demo, Condition: HEALTHY}]"),
    "dependsOn the end of an essential one": Seed("containers_fit_the_task", TEMPLATE, "          Essential: false", "          Essential: false\n          DependsOn: [{ContainerName: clock-demo, Condition: SUCCESS}]"),
    "no essential container": Seed("containers_fit_the_task", TEMPLATE, "Essential: true", "Essential: false"),
    "image by tag": Seed("containers_are_confined", TEMPLATE, "Image: !Ref SidecarImage", "Image: ecs-clock-emf:latest"),
    "runs as root": Seed("containers_are_confined", TEMPLATE, 'User: !If [IsLinux, "65532:65532",', 'User: !If [IsLinux, "0:0",'),
    "writable root": Seed("containers_are_confined", TEMPLATE, '          ReadonlyRootFilesystem: !If [IsLinux, true, !Ref "AWS::NoValue"]\n', ""),
    "keeps capabilities": Seed("containers_are_confined", TEMPLATE, "Capabilities: {Drop: [ALL]}", "Capabilities: {Drop: [NET_RAW]}"),
    "blocking log mode": Seed("containers_are_confined", TEMPLATE, "mode: non-blocking", "mode: blocking"),
    "lines glued": Seed("containers_are_confined", TEMPLATE, "max-buffer-size: 1m", 'max-buffer-size: 1m\n              awslogs-multiline-pattern: "^{"'),
    "logs to a missing group": Seed("containers_are_confined", TEMPLATE, "awslogs-group: !Ref DemoLogGroup", "awslogs-group: /ecs/demo"),
    "sidecar essential": Seed("the_sidecar_cannot_harm", TEMPLATE, "Essential: false", "Essential: true"),
    "sidecar not restarted": Seed("the_sidecar_cannot_harm", TEMPLATE, "RestartPolicy: !If [IsLinux, {Enabled: true", "RestartPolicy: !If [IsLinux, {Enabled: false"),
    "sidecar with a health check": Seed("the_sidecar_cannot_harm", TEMPLATE, "          Essential: false", '          Essential: false\n          HealthCheck: {Command: ["CMD", "/ecs-clock-emf", "check"]}'),
    "application on another port": Seed("the_page_is_reached", TEMPLATE, "0.0.0.0:8080", "0.0.0.0:8081"),
    "more ports let in": Seed("the_page_is_reached", TEMPLATE, "ToPort: 8080", "ToPort: 8090"),
    # permissions
    "cloudwatch:*": Seed("statements_are_narrow", TEMPLATE, "Action: [logs:CreateLogStream,", 'Action: ["cloudwatch:*", logs:CreateLogStream,'),
    "cloudwatch:PutMetricData": Seed("statements_are_narrow", TEMPLATE, "Action: [logs:CreateLogStream,", "Action: [cloudwatch:PutMetricData, logs:CreateLogStream,"),
    "logs:CreateLogGroup": Seed("statements_are_narrow", TEMPLATE, "Action: [logs:CreateLogStream,", "Action: [logs:CreateLogGroup, logs:CreateLogStream,"),
    "wildcard resource": Seed("statements_are_narrow", TEMPLATE, 'Resource: !Sub "arn:${AWS::Partition}:ecr:${AWS::Region}:${AWS::AccountId}:repository/${RepositoryName}"', 'Resource: "*"'),
    "wildcard in a resource": Seed("statements_are_narrow", TEMPLATE, "log-group:${ClockLogGroup}:log-stream:*", "log-group:*:log-stream:*"),
    "managed policy": Seed("roles_are_narrow", TEMPLATE, "      Policies:\n", "      ManagedPolicyArns: [arn:aws:iam::aws:policy/CloudWatchFullAccess]\n      Policies:\n"),
    "task role": Seed("roles_are_narrow", TEMPLATE, "      ExecutionRoleArn:", "      TaskRoleArn: !GetAtt ExecutionRole.Arn\n      ExecutionRoleArn:"),
    "no execution role": Seed("roles_are_narrow", TEMPLATE, "      ExecutionRoleArn: !GetAtt ExecutionRole.Arn\n", ""),
    "trust without a condition": Seed("statements_are_narrow", TEMPLATE, '              ArnLike: {"aws:SourceArn": !Sub "arn:${AWS::Partition}:ecs:${AWS::Region}:${AWS::AccountId}:*"}\n', ""),
    "trusts everybody": Seed("statements_are_narrow", TEMPLATE, TRUSTED, '{AWS: "*"}'),
    "trusts everybody, said otherwise": Seed("statements_are_narrow", TEMPLATE, TRUSTED, '"*"'),
    "trusts another service too": Seed("statements_are_narrow", TEMPLATE, TRUSTED, "{Service: [ecs-tasks.amazonaws.com, ec2.amazonaws.com]}"),
    "trusts an account too": Seed("statements_are_narrow", TEMPLATE, TRUSTED, '{Service: ecs-tasks.amazonaws.com, AWS: !Ref "AWS::AccountId"}'),
    "trusts all but one": Seed("statements_are_narrow", TEMPLATE, f"Principal: {TRUSTED}", f"NotPrincipal: {TRUSTED}"),
    "more than assumed": Seed("statements_are_narrow", TEMPLATE, "Action: sts:AssumeRole", "Action: [sts:AssumeRole, sts:TagSession]"),
    "role policy apart": extra("AWS::IAM::RolePolicy", f"PolicyName: p, RoleName: r, PolicyDocument: {allow('cloudwatch:*')}"),
    "role policy apart, in a branch not taken": extra("AWS::IAM::RolePolicy", f"PolicyDocument: !If [HasAlarmEmail, !Ref 'AWS::NoValue', {allow('logs:PutLogEvents')}]"),
    "role policy apart, under a condition": Seed("statements_are_narrow", OBSERVABILITY, "  PageTopic:\n", f"  Extra: {{Type: 'AWS::IAM::RolePolicy', Condition: HasAlarmEmail, Properties: {{PolicyDocument: {allow('logs:CreateLogGroup')}}}}}\n  PageTopic:\n"),
    "resource policy of the logs": extra("AWS::Logs::ResourcePolicy", f"PolicyName: p, PolicyDocument: '{allow('logs:CreateLogGroup', quote=chr(34))}'"),
    "resource policy of the logs, by Sub": extra("AWS::Logs::ResourcePolicy", f"PolicyName: p, PolicyDocument: !Sub '{allow('logs:CreateLogGroup', quote=chr(34))}'"),
    "topic policy": extra("AWS::SNS::TopicPolicy", f"Topics: [!Ref PageTopic], PolicyDocument: {allow('cloudwatch:*')}"),
    "topic open to all": extra("AWS::SNS::TopicPolicy", "Topics: [!Ref PageTopic], PolicyDocument: {Statement: [{Effect: Allow, Principal: '*', Action: 'logs:PutLogEvents', Resource: !Ref PageTopic}]}"),
    "repository open to all": Seed("statements_are_narrow", REGISTRY, "      EmptyOnDelete: true\n", "      EmptyOnDelete: true\n      RepositoryPolicyText: {Statement: [{Effect: Allow, Principal: '*', Action: 'ecr:BatchGetImage'}]}\n"),
    "allowed by exception": extra("AWS::IAM::RolePolicy", "PolicyDocument: {Statement: {Effect: Allow, NotAction: 'iam:*', Resource: 'arn:aws:logs:eu-west-1:123456789012:x'}}"),
    "role cannot pull": Seed("execution_roles_reach", TEMPLATE, "repository/${RepositoryName}", "repository/other"),
    "role cannot log": Seed("execution_roles_reach", TEMPLATE, "log-group:${DemoLogGroup}:", "log-group:demo:"),
    # names
    "rule named after cluster and service": Seed("names_fit", OBSERVABILITY, '"clock-lines-over-limit-${Unique}"', '"${ClusterName}-${ServiceName}-clock-worst-tasks"'),
    "alarm with too long a name": Seed("names_fit", OBSERVABILITY, '-clock-error-bound"', '-clock-error-bound-is-beyond-its-threshold"'),
    "query with too long a name": Seed("names_fit", OBSERVABILITY, '/by-availability-zone"', '/error-bound-by-availability-zone"'),
    "names may be longer": Seed("names_fit", OBSERVABILITY, "    MaxLength: 110\n", "    MaxLength: 255\n"),
    "names must be shorter": Seed("names_fit", OBSERVABILITY, "    MaxLength: 110\n", "    MaxLength: 100\n"),
    "description too long": Seed("names_fit", OBSERVABILITY, "          A task's clock may be more", "          " + "x" * 300 + " A task's clock may be more"),
    "task alarm's role trusts the alarm's topic": Seed("statements_are_narrow", TASKS, "{Service: logs.amazonaws.com}", "{Service: sns.amazonaws.com}"),
    "task alarm's role for any account": Seed("statements_are_narrow", TASKS, '            Condition:\n              StringEquals: {"aws:SourceAccount": !Ref "AWS::AccountId"}\n', ""),
    "task alarm's role queries every group": Seed("statements_are_narrow", TASKS, "                Resource: !Ref LogGroupArns\n", '                Resource: "*"\n'),
    "task alarm's role reads events": Seed("statements_are_narrow", TASKS, "Action: logs:StartQuery", "Action: logs:FilterLogEvents"),
    # repository and network
    "images not scanned": Seed("repositories_are_sound", REGISTRY, "ScanOnPush: true", "ScanOnPush: false"),
    "scanning not said": Seed("repositories_are_sound", REGISTRY, "      ImageScanningConfiguration:\n        ScanOnPush: true\n", ""),
    "images that expire by count": Seed("repositories_are_sound", REGISTRY, "      EncryptionConfiguration:\n", '      LifecyclePolicy: {LifecyclePolicyText: "{}"}\n      EncryptionConfiguration:\n'),
    "no public address": Seed("the_service_reaches_out", TEMPLATE, "AssignPublicIp: ENABLED", "AssignPublicIp: DISABLED"),
    "public address left to the default": Seed("the_service_reaches_out", TEMPLATE, "          AssignPublicIp: ENABLED\n", ""),
    "service before the route": Seed("the_service_reaches_out", TEMPLATE, "[DefaultRoute, SubnetARoutes, SubnetBRoutes]", "[SubnetARoutes, SubnetBRoutes]"),
    "service before a subnet's routes": Seed("the_service_reaches_out", TEMPLATE, "[DefaultRoute, SubnetARoutes, SubnetBRoutes]", "[DefaultRoute, SubnetARoutes]"),
    "service waits for nothing": Seed("the_service_reaches_out", TEMPLATE, "    DependsOn: [DefaultRoute, SubnetARoutes, SubnetBRoutes]\n", ""),
    # what the linter is there for
    "unknown property": Seed("lint", TEMPLATE, "DesiredCount: !Ref DesiredCount", "DesiredCont: !Ref DesiredCount"),
    "unknown resource type": Seed("lint", OBSERVABILITY, "AWS::CloudWatch::CompositeAlarm", "AWS::CloudWatch::CompoundAlarm"),
    "comparison that does not exist": Seed("lint", OBSERVABILITY, "GreaterThanThreshold", "GreaterThan"),
    "reference to nothing": Seed("lint", TEMPLATE, "!Ref TaskSecurityGroup", "!Ref SecurityGroup"),
    "parameter unused": Seed("parameters_are_used", TEMPLATE, "DesiredCount: !Ref DesiredCount", "DesiredCount: 1"),
    "memory that Fargate lacks": Seed("lint", TEMPLATE, 'Memory: !If [IsLinux, "512",', 'Memory: !If [IsLinux, "768",'),
    "retention that does not exist": Seed("lint", OBSERVABILITY, "RetentionInDays: !Ref LogRetentionDays", "RetentionInDays: 31"),
    "default outside the allowed values": Seed("lint", TEMPLATE, "Default: X86_64", "Default: AMD64"),
}  # fmt: skip


@pytest.mark.parametrize("name", SEEDS)
def test_a_seeded_defect_is_found(name, tmp_path):
    seed = SEEDS[name]
    if seed.found_by == "lint":
        # Beside the other templates, since the linter follows the nested one.
        for template in SAM.glob("*.yaml"):
            (tmp_path / template.name).write_text(template.read_text())
        (tmp_path / seed.file).write_text(seed.text)
        done = subprocess.run(
            [Path(sys.executable).parent / "cfn-lint", tmp_path / seed.file], capture_output=True, text=True, check=False
        )
        assert done.returncode != 0 and seed.file in done.stdout
        return
    check = getattr(template_checks, seed.found_by)
    assert check(Deployment({seed.file: seed.text})) != []


def test_every_check_is_seeded():
    assert {seed.found_by for seed in SEEDS.values()} == {check.__name__ for check in template_checks.CHECKS} | {"lint"}
