"""The phase `up`: everything that the experiments need, each thing looked for before it is created."""

import base64

from kit.aws import CallFailed
from kit.player import SERVICES
from kit.stacks import KIT, Stacks, fitting

# Targets of container/Dockerfile.
IMAGES = ("sidecar", "sidecar-clockbound", "demo", "endpoint")


def up(run):
    """Creates the stacks and pushes the images; what they are called is in `run` afterwards."""
    stacks = run.stacks = Stacks(run)
    # Before anything is created: the build takes longest, and fails most easily.
    for target in IMAGES:
        run.say(f"building the image {target}")
        run.tools.build(target, local_tag(run, target))
    kit = f"{run.prefix}-kit"
    stacks.begin(kit, {"TemplateBody": KIT.read_text()}, {"Prefix": run.prefix})
    stacks.wait(kit)
    run.kit = stacks.outputs(kit)
    urls = run.urls = stacks.upload(run.kit["Bucket"])

    registry = f"{run.prefix}-registry"
    stacks.begin(registry, {"TemplateURL": urls["registry.yaml"]}, fitting("registry.yaml", {"RepositoryName": run.prefix}))
    stacks.wait(registry)
    run.images = push_images(run, stacks.outputs(registry)["RepositoryUri"])

    names = [run.prefix]
    stacks.begin(run.prefix, {"TemplateURL": urls["template.yaml"]}, demonstration_parameters(run))
    for service in SERVICES:
        names.append(run.service_stack(service))
        stacks.begin(names[-1], {"TemplateURL": urls["observability.yaml"]}, service_parameters(run, service))
    stacks.wait(*names)
    for service in SERVICES:
        run.groups[service] = stacks.outputs(run.service_stack(service))["LogGroupName"]

    run.network = network(stacks.resources(run.prefix))
    if run.wants("K7"):
        begin_task_alarms(run)


def demonstration_parameters(run):
    return fitting("template.yaml", {
        "RepositoryName": run.prefix, "SidecarImage": run.images["sidecar"], "DemoImage": run.images["demo"],
        "Architecture": {"amd64": "X86_64", "arm64": "ARM64"}[run.options.arch],
        # Nobody may open the page: it is not measured, and asks for no password.
        "AllowedCidr": "127.0.0.1/32", "LogRetentionDays": 1,
    })  # fmt: skip


def service_parameters(run, service):
    return fitting("observability.yaml", {
        "ClusterName": run.drill_cluster, "ServiceName": service, "MetricNamespace": run.namespace, "LogRetentionDays": 1,
        "CrossCheck": "none" if service == "played" else "ntp", "WorstTasksRule": _enabled(service == "bad"),
        # One service's queries and dashboard are enough.
        "Queries": _enabled(service == "bad"), "Dashboard": _enabled(service == "bad"),
        # Shorter than the drill, and longer than the first line takes.
        "WarmUpMinutes": 10,
    })  # fmt: skip


def _enabled(condition):
    return "Enabled" if condition else "Disabled"


def begin_task_alarms(run):
    """The log alarms, over the service with silent and bad streams. Not every region has them, so a failure affects only K7."""
    outputs = run.stacks.outputs(run.service_stack("bad"))
    parameters = fitting("task-alarms.yaml", {"AlarmPrefix": f"{run.drill_cluster}-bad", "LogGroupArns": outputs["LogGroupArn"]})
    try:
        run.stacks.begin(run.service_stack("bad-tasks"), {"TemplateURL": run.urls["task-alarms.yaml"]}, parameters)
    except CallFailed as error:
        if error.code != "ValidationError":
            raise
        # CloudFormation does not know the type in this region.
        run.task_alarms_failed = str(error)


def network(resources):
    """Where the kit's tasks run: in the network of the demonstration."""
    return {
        "subnets": [name for kind, name in resources if kind == "AWS::EC2::Subnet"],
        "groups": [name for kind, name in resources if kind == "AWS::EC2::SecurityGroup"],
        "cluster": next(name for kind, name in resources if kind == "AWS::ECS::Cluster"),
        "service": next((name.rpartition("/")[2] for kind, name in resources if kind == "AWS::ECS::Service"), None),
    }


def push_images(run, repository):
    """`{target: image by digest}`. An image that is in the repository already is not pushed again."""
    images = {}
    token = None
    for target in IMAGES:
        tag = f"{target}-{run.options.arch}"
        digest = _digest(run, tag)
        if digest is None:
            run.say(f"pushing the image {target}")
            if token is None:
                data = run.aws.call("ecr", "GetAuthorizationToken")["authorizationData"][0]
                token = base64.b64decode(data["authorizationToken"]).decode().partition(":")[2]
            run.state.intend("image", tag)
            run.tools.push(local_tag(run, target), f"{repository}:{tag}", token)
            digest = _digest(run, tag)
        images[target] = f"{repository}@{digest}"
    return images


def local_tag(run, target):
    return f"{run.prefix}:{target}-{run.options.arch}"


def _digest(run, tag):
    answer = run.aws.find("ecr", "DescribeImages", {"ImageNotFoundException"}, repositoryName=run.prefix, imageIds=[{"imageTag": tag}])
    return answer["imageDetails"][0]["imageDigest"] if answer else None
