"""Helpers of the template checks."""

ALARMS = ("AWS::CloudWatch::Alarm", "AWS::CloudWatch::CompositeAlarm", "AWS::CloudWatch::LogAlarm")


def every(deployment, kind):
    """`(stack name, logical id, properties)` of every resource of a type."""
    for name, stack in deployment.stacks.items():
        for logical, properties in stack.resources(kind).items():
            yield name, logical, properties
