import { Annotations, IAspect, Token, aws_ecs as ecs } from "aws-cdk-lib";
import { IConstruct } from "constructs";
import { ClockFleet, ClockObservability } from "./clock-observability";
import { ClockSidecar } from "./clock-sidecar";

export interface WatchClocksProps {
  /** Image of the sidecar, better by digest than by tag. */
  readonly image: ecs.ContainerImage;
  /** Alarms, queries and dashboard of all services. Without one, each service gets its own. */
  readonly fleet?: ClockFleet;
  /** More parameters of sam/observability.yaml for every service. */
  readonly parameters?: Record<string, string>;
}

/**
 * Gives every ECS service below a construct the sidecar, a log group and alarms: `Aspects.of(app).add(new WatchClocks({ … }))`.
 *
 * A service needs a `serviceName` and its cluster a `clusterName`, since log group, alarms and metrics are named by them. Windows
 * tasks are left out.
 */
export class WatchClocks implements IAspect {
  constructor(private readonly props: WatchClocksProps) {}

  visit(node: IConstruct): void {
    if (!(node instanceof ecs.BaseService) || node.taskDefinition.node.tryFindChild("Clock")) return;
    const task = node.taskDefinition;
    if (task.runtimePlatform?.operatingSystemFamily?.isWindows()) return;
    const serviceName = (node.node.findChild("Service") as ecs.CfnService).serviceName;
    const clusterName = (node.cluster.node.defaultChild as ecs.CfnCluster | undefined)?.clusterName ?? node.cluster.clusterName;
    if (!serviceName || Token.isUnresolved(serviceName) || Token.isUnresolved(clusterName)) {
      Annotations.of(node).addError("WatchClocks needs a serviceName, and a cluster with a clusterName: they name log group and alarms");
      return;
    }
    const { image, fleet, parameters } = this.props;
    const observability = new ClockObservability(node, "Clock", { clusterName, serviceName, fleet, parameters });
    new ClockSidecar(task, "Clock", { image, clusterName, serviceName, logGroup: observability.logGroup });
  }
}
