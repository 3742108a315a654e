variable "image" {
  description = "Image of the sidecar, by digest: a tag may move, and ECS pulls again for each task."
  type        = string

  validation {
    condition     = can(regex("@sha256:[0-9a-f]{64}$", var.image))
    error_message = "Give the image by digest: REPOSITORY@sha256:64 hexadecimal digits."
  }
}

variable "region" {
  description = "Region of the log group."
  type        = string
}

variable "cluster_name" {
  description = "Name of the ECS cluster."
  type        = string
}

variable "service_name" {
  description = "Name of the ECS service."
  type        = string
}

variable "launch_type" {
  description = "FARGATE, MANAGED-INSTANCES, EC2 or EXTERNAL: the limits of the alarms and what their runbooks advise."
  type        = string
  default     = "FARGATE"
}

variable "fleet" {
  description = "Whether ./fleet is deployed in this account and region. The service then has only its log group and the no-data alarm."
  type        = bool
  default     = false
}

variable "deployment_alarms" {
  description = "With fleet: whether the service keeps its own two alarms, for ECS to roll deployments back."
  type        = bool
  default     = false
}

variable "page_topic_arn" {
  description = "SNS topic for pages. With fleet, the output page_topic_arn of ./fleet."
  type        = string
  default     = null
}

variable "ticket_topic_arn" {
  description = "SNS topic for all other alarms."
  type        = string
  default     = null
}

variable "alarm_parameters" {
  description = "More parameters of sam/observability.yaml, such as { ErrorBoundThreshold = \"1\", Risk = \"payments are ordered wrongly\" }."
  type        = map(string)
  default     = {}
}

variable "stack_name" {
  description = "Name of the CloudFormation stack. null for clock-CLUSTER-SERVICE."
  type        = string
  default     = null
}

variable "tags" {
  description = "Tags of the stack. They reach its resources, and the alarms' messages."
  type        = map(string)
  default     = {}
}

variable "cpu" {
  description = "CPU units of the sidecar. null leaves them out, for a task on Fargate whose other containers use up all of its own."
  type        = number
  default     = 16
}

variable "listen" {
  description = "Loopback address at which the application asks for the clock, such as 127.0.0.1:2780. null for none."
  type        = string
  default     = null
}

variable "clockbound" {
  description = "Whether the sidecar writes a ClockBound segment into the volume of the output clockbound_volume."
  type        = bool
  default     = false
}

variable "namespace" {
  description = "CloudWatch namespace of the metrics, for sidecar and alarms. null for ECS/ClockAccuracy."
  type        = string
  default     = null
}

variable "environment" {
  description = "More environment variables of the sidecar, such as { CLOCK_EMF_CROSS_CHECK = \"ntp\" }."
  type        = map(string)
  default     = {}
}
