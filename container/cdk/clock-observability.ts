import * as path from "node:path";
import { Stack, StackProps, Token, Validations, aws_logs as logs, cloudformation_include as include } from "aws-cdk-lib";
import { RegionInfo } from "aws-cdk-lib/region-info";
import { Construct } from "constructs";

/** The templates of this project. Change it if you keep these files elsewhere. */
const template = (name: string) => path.join(__dirname, "..", "..", "sam", name);

/** Warnings of `cdk synth` about templates with parameters and conditions: with one value for each, some branches are unused. */
function acknowledge(stack: Stack): void {
  const reason = "the template's conditions are decided by the parameters that are given here";
  const rules = ["W1001", "W1028", "W1030", "W8003"];
  Validations.of(stack).acknowledge(...rules.map((rule) => ({ id: `CloudFormation-Validate::${rule}`, reason })));
}

export interface ClockObservabilityProps extends StackProps {
  /** Name of the ECS cluster. */
  readonly clusterName: string;
  /** Name of the ECS service. */
  readonly serviceName: string;
  /** Alarms, queries and dashboard of all services: this service then has only its log group and the no-data alarm. */
  readonly fleet?: ClockFleet;
  /** More parameters of sam/observability.yaml, such as `{ ErrorBoundThreshold: "1" }`. */
  readonly parameters?: Record<string, string>;
}

/**
 * Log group and alarms of one service: a separate stack from sam/observability.yaml, so that there is one source of truth. The
 * stack of the scope waits for it, since a task does not start before its log group exists.
 */
export class ClockObservability extends Stack {
  /** The log group for the sidecar. */
  readonly logGroup: logs.ILogGroup;
  /** Names of the alarms with which ECS can roll deployments back; none in a fleet without `DeploymentAlarms`. */
  readonly deploymentAlarmNames: string[];

  constructor(scope: Construct, id: string, props: ClockObservabilityProps) {
    const { clusterName, serviceName, fleet, parameters, ...stack } = props;
    const { account, region } = Stack.of(scope);
    super(scope, id, { env: { account, region }, stackName: `clock-${clusterName}-${serviceName}`, ...stack });
    new include.CfnInclude(this, "Template", {
      templateFile: template("observability.yaml"),
      parameters: {
        ClusterName: clusterName,
        ServiceName: serviceName,
        ...(fleet ? { Fleet: "true", PageTopicArn: fleet.pageTopicArn } : {}),
        ...parameters,
      },
    });
    acknowledge(this);
    if (fleet) this.addStackDependency(fleet, "its topic gets the no-data alarm");
    Stack.of(scope).addStackDependency(this, "no task starts before its log group exists");
    const group = parameters?.LogGroupName ?? `/ecs/clock/${clusterName}/${serviceName}`;
    this.logGroup = logs.LogGroup.fromLogGroupName(scope, `${id}LogGroup`, group);
    const own = !fleet || parameters?.DeploymentAlarms === "true";
    const alarms = own ? ["error-bound", "not-synchronized"] : [];
    this.deploymentAlarmNames = alarms.map((alarm) => `${clusterName}-${serviceName}-clock-${alarm}`);
  }
}

export interface ClockFleetProps extends StackProps {
  /** Parameters of sam/fleet.yaml, such as `{ AlarmEmail: "on-call@example.com" }`. */
  readonly parameters?: Record<string, string>;
}

/** Alarms, saved queries and a dashboard for all services of an account and region: a stack of sam/fleet.yaml. */
export class ClockFleet extends Stack {
  /** ARN of the topic for pages: text, since CloudFormation accepts no import where the stacks of services need it. */
  readonly pageTopicArn: string;

  constructor(scope: Construct, id: string, props: ClockFleetProps) {
    const { parameters = {}, ...stack } = props;
    super(scope, id, stack);
    if (Token.isUnresolved(this.account) || Token.isUnresolved(this.region)) {
      throw new Error("ClockFleet needs an env with account and region: the stacks of services name its topic");
    }
    new include.CfnInclude(this, "Template", { templateFile: template("fleet.yaml"), parameters });
    acknowledge(this);
    const topic = `${parameters.FleetName ?? "clock"}-fleet-page`;
    const partition = RegionInfo.get(this.region).partition ?? "aws";
    this.pageTopicArn = parameters.PageTopicArn ?? `arn:${partition}:sns:${this.region}:${this.account}:${topic}`;
  }
}
