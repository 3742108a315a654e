"""What the linters do not see in the templates. Every check takes a Deployment and returns its faults as sentences."""

import json
import math
import re
import tomllib

import cfn
from insights_language import QueryFault
from insights_parser import parse_query
from references import log_widgets, normalized, queries, widgets

DASHBOARD_COLUMNS = 24
STATISTICS = re.compile(r"SampleCount|Minimum|Maximum|Average|Sum|p\d{1,2}(\.\d+)?")
ALARMS = ("AWS::CloudWatch::Alarm", "AWS::CloudWatch::CompositeAlarm", "AWS::CloudWatch::LogAlarm")


def every(deployment, kind):
    """`(stack name, logical id, properties)` of every resource of a type."""
    for name, stack in deployment.stacks.items():
        for logical, properties in stack.resources(kind).items():
            yield name, logical, properties


def references_resolve(deployment):
    """Everything a template refers to is there, and the outputs too; nested stacks get only parameters they know."""
    faults = []
    for name, stack in deployment.stacks.items():
        try:
            stack.resources()
            stack.outputs()
            for logical in stack.resources("AWS::Serverless::Application"):
                child = stack.child(logical)
                child.resources()
                child.outputs()
        except ValueError as error:
            faults.append(f"{name}: {error}")
    return faults


def parameters_are_used(deployment):
    """No parameter that changes nothing. (cfn-lint takes the console's grouping of parameters for a use.)"""
    return [
        f"{name}: parameter {parameter} is not used"
        for name, stack in deployment.stacks.items()
        for parameter in stack.template["Parameters"]
        if not re.search(rf"'Ref': '{parameter}'|\$\{{{parameter}\}}", str(stack.template))
    ]


def embedded_json_parses(deployment):
    faults = []
    for kind, key in [
        ("AWS::CloudWatch::Dashboard", "DashboardBody"),
        ("AWS::CloudWatch::InsightRule", "RuleBody"),
        ("AWS::ECR::Repository", "LifecyclePolicy"),
    ]:
        for name, logical, properties in every(deployment, kind):
            text = properties[key]["LifecyclePolicyText"] if key == "LifecyclePolicy" else properties[key]
            try:
                json.loads(text)
            except ValueError as error:
                faults.append(f"{name}: {logical}.{key} is no JSON: {error}")
    return faults


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


def containers_fit_the_task(deployment):
    faults = []
    for name, logical, task in every(deployment, "AWS::ECS::TaskDefinition"):
        containers = task["ContainerDefinitions"]
        names = [container["Name"] for container in containers]
        where = f"{name}: {logical}"
        for key, limit in [("Memory", int(task["Memory"])), ("Cpu", int(task["Cpu"]))]:
            total = sum(container.get(key, 0) for container in containers)
            if total > limit:
                faults.append(f"{where}: the containers' {key} is {total}, the task's {limit}")
        if not any(container.get("Essential", True) for container in containers):
            faults.append(f"{where} has no essential container")
        if len(set(names)) < len(names):
            faults.append(f"{where} has two containers of one name")
        for container in containers:
            if container.get("MemoryReservation", 0) > container.get("Memory", 0):
                faults.append(f"{where}: {container['Name']} reserves more memory than it may have")
            for dependency in container.get("DependsOn", []):
                target = dependency["ContainerName"]
                if target not in names:
                    faults.append(f"{where}: {container['Name']} depends on {target}, which does not exist")
                    continue
                other = containers[names.index(target)]
                if dependency["Condition"] == "SUCCESS" and other.get("Essential", True):
                    faults.append(f"{where}: {container['Name']} waits for the end of {target}, which is essential")
                if dependency["Condition"] == "HEALTHY" and "HealthCheck" not in other:
                    faults.append(f"{where}: {container['Name']} waits for the health of {target}, which has no check")
    return faults


def containers_are_confined(deployment):
    """By digest, not as root, no capabilities, a read-only root, logs to a group that exists without blocking."""
    faults = []
    for name, stack in deployment.stacks.items():
        groups = {p["LogGroupName"] for p in stack.resources("AWS::Logs::LogGroup").values()}
        for logical in stack.resources("AWS::Serverless::Application"):
            groups |= {p["LogGroupName"] for p in stack.child(logical).resources("AWS::Logs::LogGroup").values()}
        for task in stack.resources("AWS::ECS::TaskDefinition").values():
            for container in task["ContainerDefinitions"]:
                where = f"{name}: {container['Name']}"
                if not re.search(r"@sha256:[0-9a-f]{64}$", container["Image"]):
                    faults.append(f"{where} runs an image that is not named by digest")
                if container.get("User", "0").split(":")[0] in ("0", "root"):
                    faults.append(f"{where} runs as root")
                if container.get("ReadonlyRootFilesystem") is not True:
                    faults.append(f"{where} may write to its root file system")
                if container.get("LinuxParameters", {}).get("Capabilities", {}).get("Drop") != ["ALL"]:
                    faults.append(f"{where} keeps capabilities")
                if container.get("Privileged"):
                    faults.append(f"{where} is privileged")
                faults += _log_faults(where, container.get("LogConfiguration", {}), groups)
    return faults


def _log_faults(where, configuration, groups):
    options = configuration.get("Options", {})
    if configuration.get("LogDriver") != "awslogs":
        return [f"{where} does not log to CloudWatch"]
    faults = [
        f"{where} has {key}, which joins lines" for key in ("awslogs-multiline-pattern", "awslogs-datetime-format") if key in options
    ]
    if options.get("awslogs-group") not in groups:
        faults.append(f"{where} logs to {options.get('awslogs-group')}, which does not exist")
    if options.get("mode") != "non-blocking" or "max-buffer-size" not in options:
        faults.append(f"{where} leaves the log mode to the account's default")
    if "awslogs-create-group" in options:
        faults.append(f"{where} wants to create log groups, which its role may not")
    return faults


def deployments_watch_the_clock(deployment):
    """A deployment is taken back by alarms that exist, and by none that is on before the first task or sums up such a one."""
    faults = []
    stack = deployment.demonstration
    alarms = {
        alarm["AlarmName"]: alarm
        for nested in stack.resources("AWS::Serverless::Application")
        for kind in ALARMS
        for alarm in stack.child(nested).resources(kind).values()
    }
    for logical, service in stack.resources("AWS::ECS::Service").items():
        configuration = service["DeploymentConfiguration"].get("Alarms", {})
        names = configuration.get("AlarmNames", [])
        if not names or not (configuration.get("Enable") and configuration.get("Rollback")):
            faults.append(f"{logical} does not take a deployment back when the clock is bad")
        for name in names:
            if name not in alarms:
                faults.append(f"{logical}: the deployment alarm {name} does not exist")
            elif "AlarmRule" in alarms[name] or alarms[name].get("TreatMissingData") == "breaching":
                faults.append(f"{logical}: the deployment alarm {name} may be on while the first tasks start")
    return faults


def publishing_metadata_is_there(deployment):
    """What the Serverless Application Repository wants: files that exist, a licence, the version of the program."""
    version = tomllib.loads((cfn.TOP / "Cargo.toml").read_text())["package"]["version"]
    faults = []
    for name, template in deployment.templates.items():
        # The image repository is for the Makefile alone: its deployment would need a bucket for the files named here.
        if name == "registry.yaml":
            continue
        metadata = template.get("Metadata", {}).get("AWS::ServerlessRepo::Application", {})
        missing = {"Name", "Description", "Author", "SpdxLicenseId", "LicenseUrl", "ReadmeUrl", "SemanticVersion"} - set(metadata)
        if missing:
            faults.append(f"{name} lacks {sorted(missing)}")
            continue
        if not re.fullmatch(r"[A-Za-z0-9-]{1,140}", metadata["Name"]) or len(metadata["Description"]) > 256:
            faults.append(f"{name} has a name or a description that is refused")
        faults += [f"{name}: {metadata[key]} does not exist" for key in ("LicenseUrl", "ReadmeUrl") if not (cfn.SAM / metadata[key]).is_file()]
        if metadata["SemanticVersion"] != version:
            faults.append(f"{name} has version {metadata['SemanticVersion']}, the program {version}")
    return faults


def the_sidecar_cannot_harm(deployment):
    """Not essential, restarted when it fails, no health check that could replace the fleet."""
    faults = []
    for name, _, task in every(deployment, "AWS::ECS::TaskDefinition"):
        sidecars = [c for c in task["ContainerDefinitions"] if c["Name"] == "ecs-clock-emf"]
        if len(sidecars) != 1:
            faults.append(f"{name}: {len(sidecars)} containers are called ecs-clock-emf")
        for sidecar in sidecars:
            if sidecar.get("Essential", True):
                faults.append(f"{name}: the sidecar is essential")
            if sidecar.get("RestartPolicy") != {"Enabled": True, "RestartAttemptPeriod": 60}:
                faults.append(f"{name}: the sidecar is not restarted")
            if "HealthCheck" in sidecar:
                faults.append(f"{name}: the sidecar has a health check")
            if sidecar.get("StopTimeout", 30) > 10:
                faults.append(f"{name}: the sidecar delays the stop of the task")
    return faults


def the_page_is_reached(deployment):
    """The port that the application listens on is mapped, and it alone is let in."""
    faults = []
    stack = deployment.demonstration
    containers = [c for t in stack.resources("AWS::ECS::TaskDefinition").values() for c in t["ContainerDefinitions"]]
    environment = {e["Name"]: e["Value"] for c in containers for e in c.get("Environment", [])}
    listening = {int(environment["CLOCK_DEMO_LISTEN"].rsplit(":", 1)[1])}
    mapped = {p["ContainerPort"] for c in containers for p in c.get("PortMappings", [])}
    let_in = {
        port
        for group in stack.resources("AWS::EC2::SecurityGroup").values()
        for rule in group.get("SecurityGroupIngress", [])
        for port in range(rule["FromPort"], rule["ToPort"] + 1)
    }
    if not listening == mapped == let_in:
        faults.append(f"the application listens on {listening}, mapped are {mapped}, let in are {let_in}")
    return faults


def repositories_are_sound(deployment):
    """Images are scanned, and the lifecycle rules are of a form that ECR takes."""
    faults = []
    for name, logical, repository in every(deployment, "AWS::ECR::Repository"):
        where = f"{name}: {logical}"
        if repository.get("ImageScanningConfiguration", {}).get("ScanOnPush") is not True:
            faults.append(f"{where} does not scan images")
        rules = json.loads(repository.get("LifecyclePolicy", {}).get("LifecyclePolicyText", "{}")).get("rules", [])
        if not rules:
            faults.append(f"{where} keeps every image")
        for rule in rules:
            faults += [f"{where}: lifecycle rule {rule.get('rulePriority')} {fault}" for fault in _lifecycle_faults(rule)]
        priorities = [rule.get("rulePriority") for rule in rules]
        of_any = [rule.get("rulePriority") for rule in rules if rule.get("selection", {}).get("tagStatus") == "any"]
        if len(set(priorities)) < len(priorities):
            faults.append(f"{where} has two lifecycle rules of one priority")
        if of_any and of_any != [max(priorities)]:
            faults.append(f"{where} has a lifecycle rule for any image that is not the last")
    return faults


def _lifecycle_faults(rule):
    selection = rule.get("selection", {})
    status, kind = selection.get("tagStatus"), selection.get("countType")
    tags = {"tagPrefixList", "tagPatternList"} & set(selection)
    faults = []
    if status not in ("any", "tagged", "untagged"):
        faults.append(f"has tagStatus {status}, which does not exist")
    if (status == "tagged") != bool(tags) or not all(selection[key] for key in tags):
        faults.append(f"has tagStatus {status} and {sorted(tags) or 'no tags'}: tags belong to tagged alone, and it needs some")
    if kind not in ("imageCountMoreThan", "sinceImagePushed"):
        faults.append(f"has countType {kind}, which does not exist")
    if (kind == "sinceImagePushed") != (selection.get("countUnit") == "days"):
        faults.append(f"has countType {kind} with countUnit {selection.get('countUnit')}")
    if not isinstance(selection.get("countNumber"), int) or selection["countNumber"] < 1:
        faults.append(f"has countNumber {selection.get('countNumber')}")
    if rule.get("action") != {"type": "expire"}:
        faults.append(f"has action {rule.get('action')}")
    return faults


def the_service_reaches_out(deployment):
    """Its tasks have a public address and start only once there is a route: otherwise they cannot pull their images."""
    faults = []
    for name, stack in deployment.stacks.items():
        routes = {*stack.resources("AWS::EC2::Route"), *stack.resources("AWS::EC2::SubnetRouteTableAssociation")}
        for logical, service in stack.resources("AWS::ECS::Service").items():
            network = service["NetworkConfiguration"]["AwsvpcConfiguration"]
            if network.get("AssignPublicIp") != "ENABLED":
                faults.append(f"{name}: {logical} gives its tasks no public address, and there is no other way out")
            missing = routes - set(stack.depends_on(logical))
            faults += [f"{name}: {logical} does not wait for {route}" for route in sorted(missing)]
            if not stack.resources("AWS::EC2::Route"):
                faults.append(f"{name}: {logical} has no way out")
    return faults


# What each service takes.
NAMES = {
    "AWS::CloudWatch::Alarm": ("AlarmName", 255),
    "AWS::CloudWatch::CompositeAlarm": ("AlarmName", 255),
    "AWS::CloudWatch::Dashboard": ("DashboardName", 255),
    "AWS::CloudWatch::InsightRule": ("RuleName", 128),
    "AWS::CloudWatch::LogAlarm": ("AlarmName", 255),
    "AWS::ECR::Repository": ("RepositoryName", 256),
    "AWS::ECS::Cluster": ("ClusterName", 255),
    "AWS::ECS::Service": ("ServiceName", 255),
    "AWS::ECS::TaskDefinition": ("Family", 255),
    "AWS::Logs::LogGroup": ("LogGroupName", 512),
    "AWS::Logs::QueryDefinition": ("Name", 255),
}
LONGEST_DESCRIPTION = 1024


def names_fit(deployment):
    """Every name, and every alarm's description, stays within its service's limit where parameters are as long as they may be."""
    faults = []
    for name, stack in deployment.stacks.items():
        stack = stack.at_its_longest()
        # A nested stack's parameters are checked only when it is deployed.
        for logical, nested in stack.resources("AWS::Serverless::Application").items():
            declared = stack.child(logical).template["Parameters"]
            for parameter, value in nested.get("Parameters", {}).items():
                limit = declared[parameter].get("MaxLength", math.inf)
                if len(str(value)) > limit:
                    faults.append(f"{name}: {logical}.{parameter} may have {len(value)} characters, {limit} are allowed")
        for kind, (key, limit) in NAMES.items():
            for logical, properties in stack.resources(kind).items():
                if not 1 <= len(properties[key]) <= limit:
                    faults.append(f"{name}: {logical}.{key} may have {len(properties[key])} characters, {limit} are allowed")
                length = len(properties.get("AlarmDescription", ""))
                if length > LONGEST_DESCRIPTION:
                    faults.append(f"{name}: the description of {logical} may have {length} characters, {LONGEST_DESCRIPTION} are allowed")
    return faults


def roles_are_narrow(deployment):
    """The execution role pulls and logs; nothing may call CloudWatch, create log groups, or act on every resource."""
    faults = []
    for name, stack in deployment.stacks.items():
        for logical, task in stack.resources("AWS::ECS::TaskDefinition").items():
            if "TaskRoleArn" in task:
                faults.append(f"{name}: {logical} has a task role")
            if "ExecutionRoleArn" not in task:
                faults.append(f"{name}: {logical} has no execution role: it can neither pull nor log")
        for kind in ("AWS::IAM::Policy", "AWS::IAM::ManagedPolicy", "AWS::IAM::User", "AWS::IAM::Group"):
            faults += [f"{name}: {logical} is a {kind}" for logical in stack.resources(kind)]
        for logical, role in stack.resources("AWS::IAM::Role").items():
            if role.get("ManagedPolicyArns"):
                faults.append(f"{name}: {logical} has managed policies: {role['ManagedPolicyArns']}")
    return faults


def statements_are_narrow(deployment):
    """No statement of a policy, wherever in a template it stands, allows more than to pull and to log, or lets others in."""
    faults = []
    for name, stack in deployment.stacks.items():
        for where, statement in _statements(stack, stack.template, ()):
            place = f"{name}: {'.'.join(map(str, where))}"
            trust = where[:1] == ("Resources",) and where[2:4] == ("Properties", "AssumeRolePolicyDocument")
            faults += [f"{place} {fault}" for fault in (_trust_faults if trust else _statement_faults)(statement)]
    return faults


def _statements(stack, value, where):
    """Every mapping with an effect in a template as written (so whichever way its conditions go), also inside of JSON strings."""
    if isinstance(value, dict) and "Effect" in value:
        yield where, stack.resolve(value)
    elif isinstance(value, dict) and set(value) == {"Fn::Sub"}:
        yield from _statements(stack, stack.resolve(value), where)
    elif isinstance(value, dict | list):
        for key, item in value.items() if isinstance(value, dict) else enumerate(value):
            yield from _statements(stack, item, (*where, key))
    elif isinstance(value, str) and value.lstrip()[:1] in ("{", "["):
        try:
            inner = json.loads(value)
        except ValueError:
            return
        yield from _statements(stack, inner, where)


def _listed(value):
    return value if isinstance(value, list) else [value]


# Who may take a role, and by what it is told that it is for this account.
TRUSTED = {"ecs-tasks.amazonaws.com": {"StringEquals", "ArnLike"}, "logs.amazonaws.com": {"StringEquals"}}


def _trust_faults(statement):
    faults = []
    principal = statement.get("Principal")
    service = principal.get("Service") if isinstance(principal, dict) and set(principal) == {"Service"} else None
    if statement["Effect"] == "Allow" and (not isinstance(service, str) or service not in TRUSTED):
        return [f"trusts {principal}"]
    if _listed(statement.get("Action")) != ["sts:AssumeRole"]:
        faults.append(f"allows {statement.get('Action')}")
    if not TRUSTED.get(service, {"StringEquals"}) <= set(statement.get("Condition", {})):
        faults.append("may be assumed for any account")
    return faults


PULL_AND_LOG = {
    "ecr:GetAuthorizationToken", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer", "logs:CreateLogStream", "logs:PutLogEvents",
}  # fmt: skip
QUERY = {"logs:StartQuery", "logs:StopQuery", "logs:GetQueryResults", "logs:DescribeLogGroups"}
# Actions that know no resources.
EVERYWHERE = [{"ecr:GetAuthorizationToken"}, {"logs:GetQueryResults", "logs:StopQuery"}]


def _statement_faults(statement):
    if statement["Effect"] != "Allow":
        return []
    if {"NotAction", "NotResource", "NotPrincipal"} & set(statement):
        return ["allows by exception"]
    if "Principal" in statement:
        return [f"lets {statement['Principal']} in"]
    actions, resources = (_listed(statement.get(key, "*")) for key in ("Action", "Resource"))
    faults = [f"allows {action}" for action in actions if action not in PULL_AND_LOG | QUERY]
    for resource in resources:
        if resource == "*" and set(actions) in EVERYWHERE:
            continue
        # Streams are made as tasks start, so their names are open; the log group before them is not.
        streams = "" if set(actions) <= QUERY else ":log-stream"
        if "*" in re.sub(rf"(:log-group:[^:*]+){streams}:\*$", r"\1", resource):
            faults.append(f"allows {actions} on {resource}")
    return faults


def execution_roles_reach(deployment):
    """What the task needs is allowed: its image's repository and its containers' log groups."""
    faults = []
    stack = deployment.demonstration
    allowed = {
        (action, resource)
        for role in stack.resources("AWS::IAM::Role").values()
        for policy in role.get("Policies", [])
        for statement in policy["PolicyDocument"]["Statement"]
        for action in ([statement["Action"]] if isinstance(statement["Action"], str) else statement["Action"])
        for resource in ([statement["Resource"]] if isinstance(statement["Resource"], str) else statement["Resource"])
    }
    where = f"{cfn.REGION}:{cfn.ACCOUNT}"
    for task in stack.resources("AWS::ECS::TaskDefinition").values():
        needed = {("ecr:GetAuthorizationToken", "*")}
        for container in task["ContainerDefinitions"]:
            repository = container["Image"].split("@")[0].split("/", 1)[1]
            group = container["LogConfiguration"]["Options"]["awslogs-group"]
            needed |= {(f"ecr:{a}", f"arn:aws:ecr:{where}:repository/{repository}") for a in ("BatchGetImage", "GetDownloadUrlForLayer")}
            needed |= {(f"logs:{a}", f"arn:aws:logs:{where}:log-group:{group}:log-stream:*") for a in ("CreateLogStream", "PutLogEvents")}
        faults += [f"the execution role may not {action} on {resource}" for action, resource in sorted(needed - allowed)]
    return faults


CHECKS = [
    references_resolve,
    parameters_are_used,
    embedded_json_parses,
    composite_rule_names_the_alarms,
    alarms_are_sound,
    log_alarms_are_sound,
    alarms_are_runbooks,
    runbooks_fit_the_launch_type,
    notifications_arrive,
    dashboards_are_sound,
    queries_are_sound,
    log_groups_extract_metrics,
    containers_fit_the_task,
    containers_are_confined,
    deployments_watch_the_clock,
    publishing_metadata_is_there,
    the_sidecar_cannot_harm,
    the_page_is_reached,
    the_service_reaches_out,
    repositories_are_sound,
    names_fit,
    roles_are_narrow,
    statements_are_narrow,
    execution_roles_reach,
]
