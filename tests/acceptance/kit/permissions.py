"""Which actions the kit needs, by phase: for the plan, for the policy file, and for the check before anything is created.

The stand-in for AWS refuses every call that is not listed here, so the list is complete for what the kit calls itself. What
CloudFormation calls on the kit's behalf is listed by resource type, as the types' documents give it.
"""

import json
from functools import cache

from kit.state import PREFIX

PHASES = ("plan", "up", "observe", "drill", "down")

# IAM's names where they differ from the API's.
IAM_SERVICES = {"resourcegroupstaggingapi": "tag", "service-quotas": "servicequotas"}
IAM_ACTIONS = {
    "s3:ListObjectVersions": "s3:ListBucketVersions", "s3:DeleteObjects": "s3:DeleteObject",
    "s3:ListBuckets": "s3:ListAllMyBuckets", "s3:ListObjectsV2": "s3:ListBucket",
}  # fmt: skip

NAMES = {
    "any": "*",
    "stacks": "arn:{partition}:cloudformation:{region}:{account}:stack/{prefix}*",
    "transform": "arn:{partition}:cloudformation:{region}:aws:transform/Serverless-2016-10-31",
    "bucket": "arn:{partition}:s3:::{prefix}*",
    "objects": "arn:{partition}:s3:::{prefix}*/*",
    "groups": "arn:{partition}:logs:{region}:{account}:log-group:*{prefix}*",
    "alarms": "arn:{partition}:cloudwatch:{region}:{account}:alarm:{prefix}*",
    "dashboards": "arn:{partition}:cloudwatch::{account}:dashboard/{prefix}*",
    "clusters": "arn:{partition}:ecs:{region}:{account}:*/{prefix}*",
    "repository": "arn:{partition}:ecr:{region}:{account}:repository/{prefix}*",
    "roles": "arn:{partition}:iam::{account}:role/{prefix}*",
    "topics": "arn:{partition}:sns:{region}:{account}:{prefix}*",
    "queues": "arn:{partition}:sqs:{region}:{account}:{prefix}*",
}

# (phases, resource, actions)
OWN = [
    ("plan down", "any", "sts:GetCallerIdentity"),
    ("plan", "any", "iam:GetRole iam:SimulatePrincipalPolicy logs:DescribeQueryDefinitions"),
    ("up", "stacks", "cloudformation:CreateStack cloudformation:DescribeStacks cloudformation:DescribeStackEvents "
                     "cloudformation:DescribeStackResources cloudformation:DeleteStack cloudformation:TagResource"),
    ("up observe", "transform", "cloudformation:CreateChangeSet"),
    ("up", "objects", "s3:PutObject s3:GetObject"),
    ("up", "any", "ecr:GetAuthorizationToken"),
    # Docker pushes with them.
    ("up", "repository", "ecr:BatchCheckLayerAvailability ecr:InitiateLayerUpload ecr:UploadLayerPart ecr:CompleteLayerUpload "
                         "ecr:PutImage ecr:BatchGetImage ecr:DescribeImages"),
    ("observe drill", "clusters", "ecs:RunTask ecs:TagResource"),
    ("observe", "clusters", "ecs:DescribeTasks ecs:StopTask"),
    ("observe drill", "roles", "iam:PassRole"),
    ("observe", "stacks", "cloudformation:DetectStackDrift cloudformation:DescribeStacks cloudformation:DescribeStackResources "
                          "cloudformation:DescribeStackResourceDrifts cloudformation:CreateChangeSet "
                          "cloudformation:DescribeChangeSet cloudformation:DeleteChangeSet"),
    ("observe", "any", "cloudformation:DescribeStackDriftDetectionStatus logs:DescribeLogGroups cloudwatch:DescribeAlarms "
                       "cloudwatch:GetMetricWidgetImage cloudwatch:GetInsightRuleReport servicequotas:ListServiceQuotas"),
    ("observe drill", "any", "ecs:RegisterTaskDefinition"),
    ("observe", "dashboards", "cloudwatch:GetDashboard cloudwatch:PutDashboard"),
    ("observe drill", "groups", "logs:FilterLogEvents"),
    ("drill", "groups", "logs:StartQuery logs:CreateLogStream logs:PutLogEvents"),
    ("drill", "stacks", "cloudformation:DescribeStacks cloudformation:DescribeStackEvents"),
    ("drill", "topics", "sns:Subscribe"),
    ("drill", "any", "logs:DescribeQueryDefinitions logs:GetQueryResults logs:GetScheduledQueryHistory cloudwatch:DescribeAlarms "
                     "cloudwatch:DescribeAlarmHistory cloudwatch:DescribeAlarmContributors cloudwatch:GetMetricData "
                     "cloudwatch:GetMetricStatistics cloudwatch:ListMetrics"),
    ("drill", "clusters", "ecs:UpdateService ecs:ListServiceDeployments ecs:DescribeServiceDeployments"),
    ("drill", "queues", "sqs:ReceiveMessage sqs:DeleteMessage"),
    ("down", "any", "tag:GetResources cloudformation:DescribeStacks logs:DescribeLogGroups logs:DescribeQueryDefinitions "
                    "logs:ListScheduledQueries cloudwatch:DescribeAlarms cloudwatch:ListAlarmMuteRules cloudwatch:ListDashboards "
                    "cloudwatch:DescribeInsightRules ec2:DescribeNetworkInterfaces ec2:DescribeTags s3:ListAllMyBuckets "
                    "ecs:ListClusters ecs:ListTaskDefinitions ecr:DescribeRepositories"),
    ("down", "any", "ecs:DeregisterTaskDefinition ecs:DeleteTaskDefinitions logs:DeleteQueryDefinition logs:DeleteScheduledQuery "
                    "cloudwatch:DeleteInsightRules"),
    ("down", "groups", "logs:DeleteLogGroup logs:PutLogGroupDeletionProtection"),
    ("down", "alarms", "cloudwatch:DeleteAlarms cloudwatch:DeleteAlarmMuteRule"),
    ("down", "dashboards", "cloudwatch:DeleteDashboards"),
    ("down", "bucket", "s3:ListBucketVersions s3:DeleteBucket"),
    ("down", "objects", "s3:DeleteObject s3:DeleteObjectVersion"),
    ("down", "clusters", "ecs:ListTasks ecs:StopTask"),
    ("down", "repository", "ecr:DeleteRepository"),
    ("down", "queues", "sqs:GetQueueUrl"),
    ("down", "topics", "sns:GetTopicAttributes"),
    ("down", "stacks", "cloudformation:DeleteStack"),
]  # fmt: skip
# The kit does not call these itself: Docker, ECS and CloudFormation do, on its behalf.
ON_BEHALF = {
    "s3:GetObject", "iam:PassRole", "ecs:TagResource", "cloudformation:TagResource", "ecr:BatchCheckLayerAvailability",
    "ecr:InitiateLayerUpload", "ecr:UploadLayerPart", "ecr:CompleteLayerUpload", "ecr:PutImage", "ecr:BatchGetImage",
    "s3:DeleteObjectVersion",
}  # fmt: skip

# What CloudFormation does with the reader's credentials, for each type in the templates.
RESOURCE_TYPES = {
    "AWS::EC2::VPC": ("any", "ec2:CreateVpc ec2:DescribeVpcs ec2:ModifyVpcAttribute ec2:DescribeVpcAttribute ec2:DeleteVpc ec2:CreateTags"),
    "AWS::EC2::InternetGateway": ("any", "ec2:CreateInternetGateway ec2:DescribeInternetGateways ec2:DeleteInternetGateway ec2:CreateTags"),
    "AWS::EC2::VPCGatewayAttachment": ("any", "ec2:AttachInternetGateway ec2:DetachInternetGateway"),
    "AWS::EC2::RouteTable": ("any", "ec2:CreateRouteTable ec2:DescribeRouteTables ec2:DeleteRouteTable ec2:CreateTags"),
    "AWS::EC2::Route": ("any", "ec2:CreateRoute ec2:DeleteRoute"),
    "AWS::EC2::Subnet": ("any", "ec2:CreateSubnet ec2:DescribeSubnets ec2:DeleteSubnet ec2:CreateTags ec2:DescribeAvailabilityZones"),
    "AWS::EC2::SubnetRouteTableAssociation": ("any", "ec2:AssociateRouteTable ec2:DisassociateRouteTable"),
    "AWS::EC2::SecurityGroup": ("any", "ec2:CreateSecurityGroup ec2:DescribeSecurityGroups ec2:AuthorizeSecurityGroupIngress "
                                       "ec2:AuthorizeSecurityGroupEgress ec2:RevokeSecurityGroupEgress ec2:DeleteSecurityGroup ec2:CreateTags"),
    "AWS::Logs::LogGroup": ("groups", "logs:CreateLogGroup logs:DeleteLogGroup logs:PutRetentionPolicy logs:TagResource "
                                      "logs:ListTagsForResource"),
    "AWS::Logs::QueryDefinition": ("any", "logs:PutQueryDefinition logs:DeleteQueryDefinition logs:DescribeQueryDefinitions"),
    "AWS::IAM::Role": ("roles", "iam:CreateRole iam:GetRole iam:DeleteRole iam:PutRolePolicy iam:GetRolePolicy iam:DeleteRolePolicy "
                                "iam:ListRolePolicies iam:ListAttachedRolePolicies iam:TagRole iam:PassRole"),
    "AWS::ECS::Cluster": ("clusters", "ecs:CreateCluster ecs:DescribeClusters ecs:DeleteCluster ecs:TagResource"),
    "AWS::ECS::TaskDefinition": ("any", "ecs:RegisterTaskDefinition ecs:DescribeTaskDefinition ecs:DeregisterTaskDefinition"),
    "AWS::ECS::Service": ("clusters", "ecs:CreateService ecs:DescribeServices ecs:UpdateService ecs:DeleteService ecs:TagResource"),
    "AWS::CloudWatch::Alarm": ("alarms", "cloudwatch:PutMetricAlarm cloudwatch:DescribeAlarms cloudwatch:DeleteAlarms "
                                         "cloudwatch:TagResource cloudwatch:ListTagsForResource"),
    "AWS::CloudWatch::CompositeAlarm": ("alarms", "cloudwatch:PutCompositeAlarm cloudwatch:DeleteAlarms cloudwatch:TagResource"),
    "AWS::CloudWatch::LogAlarm": ("alarms", "cloudwatch:PutLogAlarm cloudwatch:DeleteAlarms cloudwatch:TagResource"),
    "AWS::CloudWatch::Dashboard": ("dashboards", "cloudwatch:PutDashboard cloudwatch:GetDashboard cloudwatch:DeleteDashboards"),
    "AWS::CloudWatch::InsightRule": ("any", "cloudwatch:PutInsightRule cloudwatch:DescribeInsightRules cloudwatch:DeleteInsightRules "
                                            "cloudwatch:TagResource logs:StartQuery"),
    "AWS::SNS::Topic": ("topics", "sns:CreateTopic sns:GetTopicAttributes sns:SetTopicAttributes sns:DeleteTopic sns:TagResource "
                                  "sns:ListSubscriptionsByTopic sns:ListTagsForResource"),
    "AWS::SNS::Subscription": ("topics", "sns:Subscribe sns:Unsubscribe"),
    "AWS::SQS::Queue": ("queues", "sqs:CreateQueue sqs:GetQueueAttributes sqs:SetQueueAttributes sqs:DeleteQueue sqs:TagQueue sqs:ListQueueTags"),
    "AWS::SQS::QueuePolicy": ("queues", "sqs:SetQueueAttributes"),
    "AWS::S3::Bucket": ("bucket", "s3:CreateBucket s3:DeleteBucket s3:PutBucketTagging s3:PutLifecycleConfiguration "
                                  "s3:PutBucketPublicAccessBlock s3:PutEncryptionConfiguration s3:PutBucketOwnershipControls"),
    "AWS::ECR::Repository": ("repository", "ecr:CreateRepository ecr:DescribeRepositories ecr:DeleteRepository ecr:BatchDeleteImage "
                                           "ecr:ListImages ecr:PutLifecyclePolicy ecr:TagResource ecr:GetLifecyclePolicy"),
    "AWS::Serverless::Application": ("stacks", "cloudformation:CreateStack cloudformation:DescribeStacks cloudformation:DeleteStack "
                                               "cloudformation:GetTemplate cloudformation:TagResource"),
}  # fmt: skip


def action_of(service, operation):
    """The IAM action of an API call."""
    action = f"{IAM_SERVICES.get(service, service)}:{operation}"
    return IAM_ACTIONS.get(action, action)


@cache
def allowed(phase):
    """`{action: resources}` that the kit itself calls in a phase."""
    found = {}
    for phases, resource, actions in OWN:
        if phase in phases.split():
            for action in actions.split():
                found.setdefault(action, set()).add(resource)
    return found


def through_cloudformation():
    """`{action: resources}` that CloudFormation calls for the kit, when it creates and when it deletes."""
    found = {}
    for resource, actions in RESOURCE_TYPES.values():
        for action in actions.split():
            found.setdefault(action, set()).add(resource)
    return found


def all_actions():
    """`{resource: actions}` of every phase, for the simulation."""
    found = {}
    for actions in [*map(allowed, PHASES), through_cloudformation()]:
        for action, resources in actions.items():
            for resource in resources:
                found.setdefault(resource, set()).add(action)
    return found


def arn(resource, *, account="*", region="*", partition="*", prefix=f"{PREFIX}-*"):
    """A resource's ARN; without arguments a pattern for any account and region."""
    return NAMES[resource].format(account=account, region=region, partition=partition, prefix=prefix)


def policies(account="*", region="*", partition="*"):
    """`{phase: IAM policy document}`."""
    made = {}
    for phase in PHASES:
        grants = {}
        for action, resources in allowed(phase).items():
            for resource in resources:
                grants.setdefault(resource, set()).add(action)
        if phase in ("up", "down"):
            for action, resources in through_cloudformation().items():
                for resource in resources:
                    grants.setdefault(resource, set()).add(action)
        made[phase] = {"Version": "2012-10-17", "Statement": [
            {
                "Sid": resource.capitalize(), "Effect": "Allow", "Action": sorted(actions),
                "Resource": arn(resource, account=account, region=region, partition=partition).replace("**", "*"),
            }
            for resource, actions in sorted(grants.items())
        ]}  # fmt: skip
    return made


def policy_text(**where):
    return json.dumps(policies(**where), indent=2) + "\n"
