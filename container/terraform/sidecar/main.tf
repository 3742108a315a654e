# The ecs-clock-emf sidecar as an object for the container_definitions of an aws_ecs_task_definition. It needs no provider and
# creates nothing. The module one folder up adds the log group and the alarms.

variable "image" {
  description = "Image of the sidecar, better by digest than by tag. With clockbound, one built with the target sidecar-clockbound."
  type        = string
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

variable "log_group_name" {
  description = "Log group of the standard class. It must exist before a task starts."
  type        = string
  default     = null
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
  description = "CloudWatch namespace of the metrics. null for ECS/ClockAccuracy."
  type        = string
  default     = null
}

variable "environment" {
  description = "More environment variables of the sidecar, such as { CLOCK_EMF_CROSS_CHECK = \"ntp\" }."
  type        = map(string)
  default     = {}
}

locals {
  directory = "/var/run/clockbound"

  own = {
    CLOCK_EMF_PROPERTIES           = "ClusterName=${var.cluster_name},ServiceName=${var.service_name}"
    CLOCK_EMF_LISTEN               = var.listen
    CLOCK_EMF_CLOCKBOUND_DIRECTORY = var.clockbound ? local.directory : null
    CLOCK_EMF_NAMESPACE            = var.namespace
  }

  definition = {
    name              = "ecs-clock-emf"
    image             = var.image
    essential         = false
    cpu               = var.cpu
    memory            = 32
    memoryReservation = 16
    user              = "65532:65532"

    readonlyRootFilesystem = true
    linuxParameters        = { capabilities = { drop = ["ALL"] } }

    restartPolicy = { enabled = true, restartAttemptPeriod = 60 }
    stopTimeout   = 10

    environment = [
      for name, value in merge({ for name, value in local.own : name => value if value != null }, var.environment) :
      { name = name, value = value }
    ]

    mountPoints = var.clockbound ? [
      { sourceVolume = "clockbound", containerPath = local.directory, readOnly = false }
    ] : null

    logConfiguration = {
      logDriver = "awslogs"
      options = {
        awslogs-group         = coalesce(var.log_group_name, "/ecs/clock/${var.cluster_name}/${var.service_name}")
        awslogs-region        = var.region
        awslogs-stream-prefix = "clock"
        mode                  = "non-blocking"
        max-buffer-size       = "1m"
      }
    }
  }
}

output "container_definition" {
  description = "The sidecar's container definition."
  value       = { for name, value in local.definition : name => value if value != null }
}

output "clockbound_volume" {
  description = "With clockbound: name of the volume of the task definition."
  value       = var.clockbound ? "clockbound" : null
}

output "clockbound_mount_point" {
  description = "With clockbound: the mountPoints of the application, which reads the segment."
  value       = var.clockbound ? [{ sourceVolume = "clockbound", containerPath = local.directory, readOnly = true }] : null
}
