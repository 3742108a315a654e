output "container_definition" {
  description = "The sidecar, for the container_definitions of an aws_ecs_task_definition."
  value       = module.sidecar.container_definition
}

output "clockbound_volume" {
  description = "With clockbound: name of the volume of the task definition."
  value       = module.sidecar.clockbound_volume
}

output "clockbound_mount_point" {
  description = "With clockbound: the mountPoints of the application."
  value       = module.sidecar.clockbound_mount_point
}

output "log_group_arn" {
  description = "The log group, for log_group_arns of alarms for single tasks."
  value       = aws_cloudformation_stack.observability.outputs["LogGroupArn"]
}

output "execution_role_statement" {
  description = "What the execution role of the task definition may do beyond the pull of the image."
  value = {
    Effect   = "Allow"
    Action   = ["logs:CreateLogStream", "logs:PutLogEvents"]
    Resource = "${aws_cloudformation_stack.observability.outputs["LogGroupArn"]}:log-stream:*"
  }
}

output "deployment_alarm_names" {
  description = "Alarms for the service to roll deployments back, if it has its own."
  value = [
    for key in ["ErrorBoundAlarmName", "NotSynchronizedAlarmName"] : aws_cloudformation_stack.observability.outputs[key]
    if !var.fleet || var.deployment_alarms
  ]
}
