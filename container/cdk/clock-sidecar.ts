import { Duration, Size, aws_ecs as ecs, aws_logs as logs } from "aws-cdk-lib";
import { Construct } from "constructs";

export interface ClockSidecarProps {
  /** Image of the sidecar, better by digest than by tag. */
  readonly image: ecs.ContainerImage;
  /** Name of the ECS cluster. */
  readonly clusterName: string;
  /** Name of the ECS service. */
  readonly serviceName: string;
  /** Log group of the standard class, such as that of a `ClockObservability`. It must exist before a task starts. */
  readonly logGroup: logs.ILogGroup;
  /** CPU units; 0 leaves them out, for a task on Fargate whose other containers use all of its CPU units. @default 16 */
  readonly cpu?: number;
  /** More environment variables, such as `{ CLOCK_EMF_LISTEN: "127.0.0.1:2780" }`. */
  readonly environment?: Record<string, string>;
}

/** The ecs-clock-emf sidecar in a task definition for Linux, which is its scope. It needs no permission of the task role. */
export class ClockSidecar extends Construct {
  readonly container: ecs.ContainerDefinition;

  constructor(task: ecs.TaskDefinition, id: string, props: ClockSidecarProps) {
    super(task, id);
    const { clusterName, serviceName, cpu = 16 } = props;
    const linuxParameters = new ecs.LinuxParameters(this, "LinuxParameters");
    linuxParameters.dropCapabilities(ecs.Capability.ALL);
    this.container = task.addContainer("ecs-clock-emf", {
      image: props.image,
      essential: false,
      cpu: cpu === 0 ? undefined : cpu,
      memoryLimitMiB: 32,
      memoryReservationMiB: 16,
      user: "65532:65532",
      readonlyRootFilesystem: true,
      linuxParameters,
      enableRestartPolicy: true,
      restartAttemptPeriod: Duration.seconds(60),
      stopTimeout: Duration.seconds(10),
      environment: { CLOCK_EMF_PROPERTIES: `ClusterName=${clusterName},ServiceName=${serviceName}`, ...props.environment },
      logging: ecs.LogDrivers.awsLogs({
        logGroup: props.logGroup,
        streamPrefix: "clock",
        mode: ecs.AwsLogDriverMode.NON_BLOCKING,
        maxBufferSize: Size.mebibytes(1),
      }),
    });
  }
}
