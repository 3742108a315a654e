"""Template checks that the linters do not have. Every check takes a Deployment and returns its faults as sentences."""

import json
import math
import re
import tomllib

import cfn
from checks_base import every
from checks_roles import (
    execution_roles_reach,
    roles_are_narrow,
    statements_are_narrow,
)
from checks_tasks import (
    containers_are_confined,
    containers_fit_the_task,
    deployments_watch_the_clock,
    repositories_are_sound,
    the_page_is_reached,
    the_service_reaches_out,
    the_sidecar_cannot_harm,
)
from checks_watching import (
    alarms_are_runbooks,
    alarms_are_sound,
    dashboards_are_sound,
    every_alarm_notifies,
    log_alarms_are_sound,
    log_groups_extract_metrics,
    notifications_arrive,
    parameters_of_queries_are_sound,
    queries_are_sound,
    runbooks_fit_the_launch_type,
    severities_are_right,
)


def references_resolve(deployment):
    """All references and outputs of a template resolve; nested stacks get only declared parameters."""
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
    """Every parameter changes something. (cfn-lint counts the console's grouping of parameters as a use.)"""
    return [
        f"{name}: parameter {parameter} is not used"
        for name, stack in deployment.stacks.items()
        for parameter in stack.template["Parameters"]
        if not re.search(rf"'Ref': '{parameter}'|\$\{{{parameter}\}}", str(stack.template))
    ]


def embedded_json_parses(deployment):
    faults = []
    for kind, key in [("AWS::CloudWatch::Dashboard", "DashboardBody"), ("AWS::CloudWatch::InsightRule", "RuleBody")]:
        for name, logical, properties in every(deployment, kind):
            try:
                json.loads(properties[key])
            except ValueError as error:
                faults.append(f"{name}: {logical}.{key} is no JSON: {error}")
    return faults


def publishing_metadata_is_there(deployment):
    """Requirements of the Serverless Application Repository: existing files, a licence, the program's version."""
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


# The limits of each service.
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


CHECKS = [
    references_resolve,
    parameters_are_used,
    embedded_json_parses,
    every_alarm_notifies,
    severities_are_right,
    alarms_are_sound,
    log_alarms_are_sound,
    alarms_are_runbooks,
    runbooks_fit_the_launch_type,
    notifications_arrive,
    dashboards_are_sound,
    queries_are_sound,
    parameters_of_queries_are_sound,
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
