# The ecs-clock-emf sidecar as an object for the container_definitions of an aws_ecs_task_definition:
#
#   module "clock" {
#     source       = "./container/terraform"
#     image        = "111122223333.dkr.ecr.us-east-1.amazonaws.com/ecs-clock-emf:0.2.0"
#     region       = "us-east-1"
#     cluster_name = "my-cluster"
#     service_name = "my-service"
#   }
#
#   resource "aws_ecs_task_definition" "my_service" {
#     …
#     container_definitions = jsonencode([local.application, module.clock.container_definition])
#   }
#
# It needs no provider and creates nothing.

variable "image" {
  description = "Image of the sidecar, better by digest than by tag."
  type        = string
}

variable "region" {
  description = "Region of the log group."
  type        = string
}

variable "cluster_name" {
  description = "Name of the ECS cluster, as given to sam/observability.yaml."
  type        = string
}

variable "service_name" {
  description = "Name of the ECS service, as given to sam/observability.yaml, whose stack makes the log group."
  type        = string
}

output "container_definition" {
  description = "The sidecar's container definition."
  value = {
    name              = "ecs-clock-emf"
    image             = var.image
    essential         = false
    cpu               = 16
    memory            = 32
    memoryReservation = 16
    user              = "65532:65532"

    readonlyRootFilesystem = true
    linuxParameters        = { capabilities = { drop = ["ALL"] } }

    restartPolicy = { enabled = true, restartAttemptPeriod = 60 }
    stopTimeout   = 10

    environment = [
      { name = "CLOCK_EMF_PROPERTIES", value = "ClusterName=${var.cluster_name},ServiceName=${var.service_name}" },
    ]

    logConfiguration = {
      logDriver = "awslogs"
      options = {
        awslogs-group         = "/ecs/clock/${var.cluster_name}/${var.service_name}"
        awslogs-region        = var.region
        awslogs-stream-prefix = "clock"
        mode                  = "non-blocking"
        max-buffer-size       = "1m"
      }
    }
  }
}
