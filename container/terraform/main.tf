# The sidecar of one ECS service, its log group and its alarms. Works with for_each; ./example shows both.
#
# The alarms are the stack of sam/observability.yaml, so that there is one source of truth for them.

terraform {
  required_version = ">= 1.5"
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.0"
    }
  }
}

locals {
  parameters = merge(
    {
      ClusterName = var.cluster_name
      ServiceName = var.service_name
      LaunchType  = var.launch_type
    },
    var.namespace == null ? {} : { MetricNamespace = var.namespace },
    var.page_topic_arn == null ? {} : { PageTopicArn = var.page_topic_arn },
    var.ticket_topic_arn == null ? {} : { TicketTopicArn = var.ticket_topic_arn },
    var.fleet ? { Fleet = "true", DeploymentAlarms = tostring(var.deployment_alarms) } : {},
    var.alarm_parameters,
  )
}

resource "aws_cloudformation_stack" "observability" {
  name          = coalesce(var.stack_name, "clock-${var.cluster_name}-${var.service_name}")
  template_body = file("${path.module}/../../sam/observability.yaml")
  parameters    = local.parameters
  tags          = var.tags
}

module "sidecar" {
  source = "./sidecar"

  image        = var.image
  region       = var.region
  cluster_name = var.cluster_name
  service_name = var.service_name
  # The stack's output, so that the log group exists before the task definition that names it.
  log_group_name = aws_cloudformation_stack.observability.outputs["LogGroupName"]
  cpu            = var.cpu
  listen         = var.listen
  clockbound     = var.clockbound
  namespace      = var.namespace
  environment    = var.environment
}
