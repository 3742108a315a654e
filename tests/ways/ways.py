"""The sidecar's container definition from each deployment tool, in the form of the ECS API."""

import compose
import jsonpatch
from cfn import REGION as CFN_REGION
from cfn import Stack, parse
from definition import CLUSTER, CONTAINER, IMAGE, REGION, SERVICE, SIDECAR, TOP, as_ecs_spells_it

CLOUDFORMATION = CONTAINER / "cloudformation.yaml"
COPILOT = CONTAINER / "copilot" / "cfn.patches.yml"


def of_template(template, parameters):
    """The sidecar in the task definition of a CloudFormation template."""
    stack = Stack(template, parameters)
    task, = stack.resources("AWS::ECS::TaskDefinition").values()
    sidecar, = [as_ecs_spells_it(each) for each in task["ContainerDefinitions"] if each["Name"] == SIDECAR]
    options = sidecar["logConfiguration"]["options"]
    # The templates are resolved for another region: replace it by the shipped definition's placeholder.
    if options["awslogs-region"] == CFN_REGION:
        options["awslogs-region"] = REGION
    return sidecar


def cloudformation(text=None):
    parameters = {
        "ClusterName": CLUSTER, "ServiceName": SERVICE, "SidecarImage": IMAGE, "ApplicationImage": "any",
        "ApplicationLogGroup": "/ecs/my-service", "RepositoryArns": ["any"],
    }  # fmt: skip
    return of_template(parse(text or CLOUDFORMATION.read_text()), parameters)


def copilot(text=None):
    """The patches applied to a stand-in for Copilot's template, with names that yield those of the definition."""
    patches = parse(text or COPILOT.read_text())
    template = parse((TOP / "tests" / "ways" / "data" / "copilot-service.yml").read_text())
    application, _, environment = CLUSTER.partition("-")
    parameters = {"AppName": application, "EnvName": environment, "WorkloadName": SERVICE}
    return of_template(jsonpatch.apply_patch(template, patches), parameters)


def of_cdk(template):
    return of_template(template, {})


def of_compose(file=compose.FILE):
    return compose.as_definition(SIDECAR, compose.services(file)[SIDECAR])


# Tools whose files are read here, with the text. CDK and Compose have separate readers.
OF_TEXT = {
    "cloudformation": (cloudformation, CLOUDFORMATION),
    "copilot": (copilot, COPILOT),
}
