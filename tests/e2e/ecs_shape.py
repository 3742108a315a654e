"""What the ECS API would refuse in a task definition, found without a server."""

import botocore.session
from botocore.validate import ParamValidator


def register_task_definition_shape():
    """The input of RegisterTaskDefinition, from the service model that botocore carries."""
    model = botocore.session.get_session().get_service_model("ecs")
    return model.operation_model("RegisterTaskDefinition").input_shape


def faults(task_definition):
    """Every fault in the parameters of RegisterTaskDefinition, as a list of sentences; empty if it is sound."""
    shape = register_task_definition_shape()
    report = ParamValidator().validate(task_definition, shape)
    found = report.generate_report().splitlines()
    return found or list(enum_faults(task_definition, shape, ""))


def enum_faults(value, shape, path):
    """Values outside an enumeration: botocore's validation accepts them."""
    if shape.type_name == "structure":
        for key, member in value.items():
            yield from enum_faults(member, shape.members[key], f"{path}.{key}")
    elif shape.type_name == "list":
        for index, member in enumerate(value):
            yield from enum_faults(member, shape.member, f"{path}[{index}]")
    elif shape.type_name == "map":
        for key, member in value.items():
            yield from enum_faults(member, shape.value, f"{path}.{key}")
    elif shape.type_name == "string" and shape.enum and value not in shape.enum:
        yield f"{path.lstrip('.')} is '{value}'; allowed: {', '.join(shape.enum)}"
