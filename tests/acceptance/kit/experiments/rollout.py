"""K17: deployment alarms roll a deployment back."""

from kit.errors import KitError
from kit.experiments.base import AS_CLAIMED, REFUTED, Experiment, Verdict
from kit.player import BEFORE

LIMIT_S = 600
RUNNING = {"PENDING", "IN_PROGRESS", "ROLLBACK_REQUESTED", "ROLLBACK_IN_PROGRESS", "STOP_REQUESTED"}


class Rollback(Experiment):
    id = "K17"
    question = "Do the deployment alarms roll a deployment back?"
    rule = "A deployment during which the alarm goes to ALARM is rolled back within ten minutes."
    phase = "drill"
    long = True
    needs_player = True

    def collect(self, run):
        alarms = [f"{run.drill_cluster}-bad-clock-{kind}" for kind in ("error-bound", "not-synchronized")]
        # An alarm that is on when a deployment begins does not count, so it begins with the trouble and before the alarm.
        while run.player.minute is None or run.player.minute < BEFORE:
            if run.player.failed:
                raise KitError(f"the player failed: {run.player.failed}")
            yield 10
        service = {"cluster": run.network["cluster"], "service": run.network["service"]}
        begun = run.clock.now()
        run.aws.call(
            "ecs", "UpdateService", **service, forceNewDeployment=True,
            deploymentConfiguration={
                "deploymentCircuitBreaker": {"enable": True, "rollback": True},
                "alarms": {"enable": True, "rollback": True, "alarmNames": alarms},
            },
        )  # fmt: skip
        yield 5
        states = []
        while run.clock.now() - begun < LIMIT_S + 60:
            listed = run.aws.call("ecs", "ListServiceDeployments", **service, createdAt={"after": int(begun) - 60})["serviceDeployments"]
            if listed:
                newest = max(listed, key=lambda entry: entry["createdAt"])
                found = run.aws.call("ecs", "DescribeServiceDeployments", serviceDeploymentArns=[newest["serviceDeploymentArn"]])
                deployment = found["serviceDeployments"][0]
                states.append([round(run.clock.now() - begun), deployment["status"], deployment.get("statusReason", "")])
                if deployment["status"] not in RUNNING:
                    break
            yield 15
        return {"states": [s for before, s in zip([None, *states], states, strict=False) if not before or before[1] != s[1]]}

    def judge(self, evidence):
        rows = [["after s", "status", "reason"], *evidence["states"]]
        if not evidence["states"]:
            return Verdict(REFUTED, "ECS lists no deployment", [], rows)
        at, status, reason = evidence["states"][-1]
        if status == "ROLLBACK_SUCCESSFUL" and at <= LIMIT_S:
            return Verdict(AS_CLAIMED, f"rolled back after {at} s: {reason}", [], rows)
        return Verdict(REFUTED, f"after {at} s the deployment is {status}: {reason or 'no reason given'}", [], rows)
