import { Duration, Size, aws_ecs as ecs, aws_logs as logs } from "aws-cdk-lib";

export interface ClockSidecarProps {
  /** Image of the sidecar, better by digest than by tag. */
  readonly image: ecs.ContainerImage;
  /** Name of the ECS cluster, as given to sam/observability.yaml. */
  readonly clusterName: string;
  /** Name of the ECS service, as given to sam/observability.yaml, whose stack makes the log group. */
  readonly serviceName: string;
}

/** Adds the ecs-clock-emf sidecar to a task definition for Linux. It needs no permission of the task role. */
export function addClockSidecar(task: ecs.TaskDefinition, props: ClockSidecarProps): ecs.ContainerDefinition {
  const { clusterName, serviceName } = props;
  const linuxParameters = new ecs.LinuxParameters(task, "ClockSidecarLinuxParameters");
  linuxParameters.dropCapabilities(ecs.Capability.ALL);
  return task.addContainer("ClockSidecar", {
    containerName: "ecs-clock-emf",
    image: props.image,
    essential: false,
    cpu: 16,
    memoryLimitMiB: 32,
    memoryReservationMiB: 16,
    user: "65532:65532",
    readonlyRootFilesystem: true,
    linuxParameters,
    enableRestartPolicy: true,
    restartAttemptPeriod: Duration.seconds(60),
    stopTimeout: Duration.seconds(10),
    environment: { CLOCK_EMF_PROPERTIES: `ClusterName=${clusterName},ServiceName=${serviceName}` },
    logging: ecs.LogDrivers.awsLogs({
      // Imported, since the alarms' stack owns it.
      logGroup: logs.LogGroup.fromLogGroupName(task, "ClockLogGroup", `/ecs/clock/${clusterName}/${serviceName}`),
      streamPrefix: "clock",
      mode: ecs.AwsLogDriverMode.NON_BLOCKING,
      maxBufferSize: Size.mebibytes(1),
    }),
  });
}
