# Alarms, saved queries and a dashboard for all services of an account and region: the stack of sam/fleet.yaml. Use it once for each.

terraform {
  required_version = ">= 1.5"
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.0"
    }
  }
}

variable "stack_name" {
  description = "Name of the CloudFormation stack."
  type        = string
  default     = "clock-fleet"
}

variable "parameters" {
  description = "Parameters of sam/fleet.yaml, such as { AlarmEmail = \"on-call@example.com\" }."
  type        = map(string)
  default     = {}
}

variable "tags" {
  description = "Tags of the stack. They reach its resources, and the alarms' messages."
  type        = map(string)
  default     = {}
}

resource "aws_cloudformation_stack" "fleet" {
  name          = var.stack_name
  template_body = file("${path.module}/../../../sam/fleet.yaml")
  parameters    = var.parameters
  tags          = var.tags
}

output "page_topic_arn" {
  description = "page_topic_arn for the modules of the services."
  value       = aws_cloudformation_stack.fleet.outputs["PageTopicArn"]
}

output "ticket_topic_arn" {
  description = "Topic for all other alarms."
  value       = aws_cloudformation_stack.fleet.outputs["TicketTopicArn"]
}
