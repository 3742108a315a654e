# Two services of one cluster in a fleet. Copy it, and replace the names, the images and the sources of the modules:
# git::https://github.com/OWNER/ecs-clock-emf.git//container/terraform?ref=v0.3.0, the fleet's with //container/terraform/fleet.

variable "region" {
  type    = string
  default = "us-east-1"
}

variable "sidecar_image" {
  description = "REPOSITORY/ecs-clock-emf@sha256:…"
  type        = string
}

variable "execution_role_arn" {
  description = "A role that pulls the images and writes to the log groups (output execution_role_statement)."
  type        = string
}

locals {
  services = {
    ledger = { image = "111122223333.dkr.ecr.us-east-1.amazonaws.com/ledger:1.0.0", team = "payments" }
    orders = { image = "111122223333.dkr.ecr.us-east-1.amazonaws.com/orders:1.0.0", team = "shop" }
  }
}

provider "aws" {
  region = var.region
}

module "clock_fleet" {
  source     = "../fleet"
  parameters = { AlarmEmail = "on-call@example.com" }
}

module "clock" {
  source   = "../"
  for_each = local.services

  image          = var.sidecar_image
  region         = var.region
  cluster_name   = "my-cluster"
  service_name   = each.key
  fleet          = true
  page_topic_arn = module.clock_fleet.page_topic_arn
  listen         = "127.0.0.1:2780"
  tags           = { team = each.value.team }
}

resource "aws_ecs_task_definition" "service" {
  for_each = local.services

  family                   = each.key
  requires_compatibilities = ["FARGATE"]
  network_mode             = "awsvpc"
  cpu                      = 256
  memory                   = 512
  execution_role_arn       = var.execution_role_arn
  container_definitions = jsonencode([
    { name = "application", image = each.value.image, essential = true },
    module.clock[each.key].container_definition,
  ])
}

output "execution_role_statements" {
  value = [for service in module.clock : service.execution_role_statement]
}
