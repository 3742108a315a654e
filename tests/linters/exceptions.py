"""Accepted findings of third-party linters, each with its reason. No other place suppresses a finding.

A listed rule that no longer fires is an error too, which keeps the lists short.
"""

CHECKOV = {
    "CKV_DOCKER_2": "ECS ignores an image's HEALTHCHECK, and a health check of the sidecar is the user's choice (container/README.md)",
    "CKV_DOCKER_7": "the tag of the base image is in an argument, which this rule does not look into",
    "CKV_AWS_26": "the topic carries names of alarms; its own key would cost more than all else and needs a policy for CloudWatch",
    "CKV_AWS_51": "tags only name the newest image of a kind; what runs is named by digest",
    "CKV_AWS_65": "Container Insights costs more than everything that the demonstration is to show",
    "CKV_AWS_136": "images hold no secrets; ECR encrypts them with its own key",
    "CKV_AWS_158": "log lines hold no secrets; CloudWatch encrypts them with its own key",
    "CKV_AWS_333": "the demonstration has no load balancer and no NAT gateway, so its task needs a public address to pull its images",
}

# Control Tower's proactive controls, by the names of their files.
GUARD = {
    "ct-cloudwatch-pr-1": "an alarm that a composite alarm reads, or that ECS reads for rollback, needs no action: a page is one message",
    "ct-cloudwatch-pr-2": "how long lines are kept is a parameter; metrics, which alarms read, are kept for 15 months",
    "ct-cloudwatch-pr-3": "log lines hold nothing secret; a key is a parameter (LogGroupKeyArn)",
    "ct-ecr-pr-1": "a lifecycle rule by count or age removes digests that still run, and no new task of theirs starts",
    "ct-ecr-pr-3": "tags only name the newest image of a kind; what runs is named by digest",
    "ct-ecs-pr-2": "Container Insights costs more than everything that the demonstration is to show",
    "ct-ecs-pr-3": "the application of the example is the user's own; the sidecar is user 65532. The daemon is root without any capability, to write to the host",
    "ct-ecs-pr-6": "the application of the example is the user's own; Windows, a choice of the demonstration, takes no read-only root",
    "ct-ecs-pr-7": "the application of the example is the user's own; the limits of the demonstration depend on the operating system, which the rule does not follow",
    "ct-ecs-pr-9": "the demonstration has no load balancer and no NAT gateway, so its task needs a public address to pull its images",
}

# cdk-nag's pack AwsSolutions, by rule and, where there is one, what the rule names.
NAG = {
    "AwsSolutions-ECS2": "the sidecar is set up by environment variables, which hold nothing secret",
    "AwsSolutions-ECS4": "Container Insights is the choice of the cluster's owner; the sidecar does not need it",
    "AwsSolutions-IAM5": "ecr:GetAuthorizationToken knows no resources, and the streams of a log group are named as tasks start: both statements are CDK's own",
}
