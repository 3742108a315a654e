"""Evaluates an output of a Terraform module that is made of literals and variables alone.

python-hcl2 parses. What is evaluated here is only what such a module needs: objects, lists, literals, `var.NAME` and strings
with `${var.NAME}` in them. Anything else is an error, never a guess. It is not Terraform.
"""

import re

import hcl2

REFERENCE = re.compile(r"\$\{\s*var\.(\w+)\s*\}")


def output(text, name, variables):
    """The value of an output under given variables, which must be exactly those that the module declares."""
    module = hcl2.loads(text)
    declared = {unquoted(key) for block in module.get("variable", []) for key in block}
    if declared != set(variables):
        raise ValueError(f"the module declares the variables {sorted(declared)}, got {sorted(variables)}")
    outputs = {unquoted(key): body for block in module["output"] for key, body in block.items()}
    return evaluate(outputs[name]["value"], variables)


def evaluate(value, variables):
    if isinstance(value, dict):
        return {unquoted(key): evaluate(each, variables) for key, each in value.items() if not key.startswith("__")}
    if isinstance(value, list):
        return [evaluate(each, variables) for each in value]
    if not isinstance(value, str):
        return value
    text = REFERENCE.sub(lambda match: variables[match[1]], value)
    if "${" in text:
        raise ValueError(f"cannot evaluate {value}")
    return unquoted(text)


def unquoted(text):
    return text[1:-1] if len(text) > 1 and text[0] == text[-1] == '"' else text
