import { App, Aspects, Stack, aws_ec2 as ec2, aws_ecr as ecr, aws_ecs as ecs } from "aws-cdk-lib";
import { WatchClocks } from "./clock-aspect";
import { ClockFleet, ClockObservability } from "./clock-observability";
import { ClockSidecar } from "./clock-sidecar";

const app = new App();
// Synthesized for one region, since the log driver's options name it.
const env = { account: "111122223333", region: "us-east-1" };

// Images from ECR repositories that exist; the execution role may pull them.
const image = (stack: Stack, repository: string, tag: string) =>
  ecs.ContainerImage.fromEcrRepository(ecr.Repository.fromRepositoryName(stack, `Repository-${repository}`, repository), tag);

// One service: its alarms, and the sidecar in its task definition.
const one = new Stack(app, "clock-example", { env });
const names = { clusterName: "my-cluster", serviceName: "my-service" };
const clock = new ClockObservability(one, "Clock", names);
const task = new ecs.FargateTaskDefinition(one, "Task", { family: "my-service", cpu: 256, memoryLimitMiB: 512 });
task.addContainer("application", {
  image: image(one, "my-service", "1.0.0"),
  logging: ecs.LogDrivers.awsLogs({ streamPrefix: "application" }),
});
new ClockSidecar(task, "Clock", { image: image(one, "ecs-clock-emf", "0.3.0"), logGroup: clock.logGroup, ...names });

// Many services: a fleet, and an aspect that finds them all.
const fleet = new ClockFleet(app, "clock-fleet", { env, parameters: { AlarmEmail: "on-call@example.com" } });
const many = new Stack(app, "clock-fleet-example", { env });
const vpc = ec2.Vpc.fromVpcAttributes(many, "Vpc", {
  vpcId: "vpc-0123456789abcdef0",
  availabilityZones: ["us-east-1a"],
  privateSubnetIds: ["subnet-0123456789abcdef0"],
  privateSubnetRouteTableIds: ["rtb-0123456789abcdef0"],
});
const cluster = new ecs.Cluster(many, "Cluster", { clusterName: "my-cluster", vpc });
for (const serviceName of ["ledger", "orders"]) {
  const taskDefinition = new ecs.FargateTaskDefinition(many, `${serviceName}-task`, { family: serviceName, cpu: 256, memoryLimitMiB: 512 });
  taskDefinition.addContainer("application", {
    image: image(many, serviceName, "1.0.0"),
    logging: ecs.LogDrivers.awsLogs({ streamPrefix: "application" }),
  });
  new ecs.FargateService(many, serviceName, {
    serviceName,
    cluster,
    taskDefinition,
    minHealthyPercent: 100,
    circuitBreaker: { rollback: true },
  });
}
Aspects.of(many).add(new WatchClocks({ image: image(many, "ecs-clock-emf", "0.3.0"), fleet }));
