import { App, Stack, aws_ecr as ecr, aws_ecs as ecs, aws_logs as logs } from "aws-cdk-lib";
import { addClockSidecar } from "./clock-sidecar";

const app = new App();
// Synthesized for one region, since the log driver's options name it.
const stack = new Stack(app, "clock-example", { env: { account: "111122223333", region: "us-east-1" } });

// An image from an ECR repository that exists; the execution role may pull it.
const image = (repository: string, tag: string) =>
  ecs.ContainerImage.fromEcrRepository(ecr.Repository.fromRepositoryName(stack, `Repository-${repository}`, repository), tag);

const task = new ecs.FargateTaskDefinition(stack, "Task", { family: "my-service", cpu: 256, memoryLimitMiB: 512 });
task.addContainer("application", {
  image: image("my-service", "1.0.0"),
  logging: ecs.LogDrivers.awsLogs({ streamPrefix: "application", logRetention: logs.RetentionDays.ONE_MONTH }),
});
addClockSidecar(task, {
  image: image("ecs-clock-emf", "0.2.0"),
  clusterName: "my-cluster",
  serviceName: "my-service",
});
