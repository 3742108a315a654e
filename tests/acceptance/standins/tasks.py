"""ECS: tasks that start, write what sidecar and probe would write, and stop; one service; deployments."""

import json
import random
from dataclasses import dataclass, field

from kit.player import BEFORE, TROUBLE, recorded_lines, retimed
from standins.cloud import ACCOUNT, REGION, Refused, paged

START_S, STOP_S = 25, 10
REFRESH_S = 512


@dataclass
class Task:
    """A task and what it has written so far."""

    id: str
    definition: dict
    cluster: str
    created: float
    started_by: str = ""
    desired: str = "RUNNING"
    stopped: float | None = None
    reason: str = ""
    sequence: int = 0
    next_line: float = 0.0
    probed: bool = False
    writers: list = field(default_factory=list)


class Ecs:
    def __init__(self, cloud, logs, faults, images):
        self._cloud, self._logs, self._faults, self._images = cloud, logs, faults, images
        self.clusters, self.definitions, self.tasks, self.services = set(), {}, {}, {}
        self.ever = []
        self.foreign = {"mine"}  # a cluster of the reader's
        self._lines, self._random, self._rollout = recorded_lines(), random.Random(7), None

    # ---- definitions

    def RegisterTaskDefinition(self, family, containerDefinitions, tags=(), **rest):
        revision = 1 + sum(1 for arn in self.definitions if f"/{family}:" in arn)
        arn = f"arn:aws:ecs:{REGION}:{ACCOUNT}:task-definition/{family}:{revision}"
        self.definitions[arn] = {"containers": containerDefinitions, "status": "ACTIVE", "family": family, **rest}
        self.ever.append(self.definitions[arn])
        return {"taskDefinition": {"taskDefinitionArn": arn, "family": family, "revision": revision}}

    def make_definition(self, physical, properties, tags):
        arn = self.RegisterTaskDefinition(properties["Family"], [])["taskDefinition"]["taskDefinitionArn"]
        self.definitions[arn]["status"] = "ACTIVE"
        return arn

    def unmake_definition(self, arn):
        if arn in self.definitions:
            self.definitions[arn]["status"] = "INACTIVE"

    def ListTaskDefinitions(self, status, nextToken=None):
        found = sorted(arn for arn, definition in self.definitions.items() if definition["status"] == status)
        return paged(found, "taskDefinitionArns", 4, nextToken, "nextToken")

    def DeregisterTaskDefinition(self, taskDefinition):
        self.definitions[taskDefinition]["status"] = "INACTIVE"
        return {}

    def DeleteTaskDefinitions(self, taskDefinitions):
        for arn in taskDefinitions:
            if self.definitions[arn]["status"] != "INACTIVE":
                return {"failures": [{"arn": arn, "reason": "active"}]}
            del self.definitions[arn]
        return {}

    # ---- clusters and services

    def make_cluster(self, physical, properties, tags):
        self.clusters.add(properties["ClusterName"])

    def unmake_cluster(self, name):
        if any(task.cluster == name and task.stopped is None for task in self.tasks.values()):
            return "The Cluster cannot be deleted while Tasks are active."
        self.clusters.discard(name)
        return None

    def make_service(self, physical, properties, tags):
        cluster, name = properties["Cluster"], properties["ServiceName"]
        self.services[name] = {"cluster": cluster, "group": f"/ecs/clock/{cluster}/{name}", "created": self._cloud.time, "sequence": 0}
        return f"arn:aws:ecs:{REGION}:{ACCOUNT}:service/{cluster}/{name}"

    def unmake_service(self, arn):
        self.services.pop(arn.rpartition("/")[2], None)

    def ListClusters(self, nextToken=None):
        return {"clusterArns": [f"arn:aws:ecs:{REGION}:{ACCOUNT}:cluster/{name}" for name in sorted(self.clusters)]}

    def UpdateService(self, cluster, service, forceNewDeployment, deploymentConfiguration):
        if service not in self.services:
            raise Refused("ServiceNotFoundException")
        self._rollout = (self._cloud.time, deploymentConfiguration["alarms"]["alarmNames"])
        return {"service": {"serviceName": service}}

    def _arn_of_rollout(self):
        return f"arn:aws:ecs:{REGION}:{ACCOUNT}:service-deployment/c/s/1"

    def ListServiceDeployments(self, cluster, service, createdAt):
        found = {"serviceDeploymentArn": self._arn_of_rollout(), "createdAt": self._cloud.moment(self._rollout[0]), "status": "IN_PROGRESS"}
        return {"serviceDeployments": [found]}

    def DescribeServiceDeployments(self, serviceDeploymentArns):
        began, names = self._rollout
        watched = [self.cloudwatch.alarms[name] for name in names]
        entered = [alarm.changed for alarm in watched if alarm.state == "ALARM" and alarm.changed > began]
        status, reason = "IN_PROGRESS", "in progress"
        if entered and not self._faults.no_rollback:
            status, reason = "ROLLBACK_SUCCESSFUL", "Service deployment rolled back because of an alarm"
        elif self._cloud.time - began > 400:
            status, reason = "SUCCESSFUL", "completed"
        return {"serviceDeployments": [{"serviceDeploymentArn": serviceDeploymentArns[0], "status": status, "statusReason": reason}]}

    # ---- tasks

    def RunTask(self, cluster, taskDefinition, count, startedBy, tags, **_):
        if cluster not in self.clusters | self.foreign:
            raise Refused("ClusterNotFoundException")
        definition = self.definitions[taskDefinition]
        id = f"{self._random.getrandbits(128):032x}"
        task = Task(id, definition, cluster, self._cloud.time, startedBy, next_line=self._cloud.time + START_S)
        task.reason = self._blocked(definition)
        if task.reason:
            task.stopped = self._cloud.time + 20
        self.tasks[self._arn(task)] = task
        return {"tasks": [{"taskArn": self._arn(task), "lastStatus": "PROVISIONING"}]}

    @staticmethod
    def _arn(task):
        return f"arn:aws:ecs:{REGION}:{ACCOUNT}:task/{task.cluster}/{task.id}"

    def _blocked(self, definition):
        """Why ECS would not start the task, in its own words."""
        for container in definition["containers"]:
            group = container["logConfiguration"]["options"]["awslogs-group"]
            if definition["executionRoleArn"].endswith("-mute"):
                return "ResourceInitializationError: failed to validate logger args: AccessDeniedException"
            if group not in self._logs.groups:
                return "ResourceInitializationError: failed to validate logger args: The specified log group does not exist."
            if container["image"].partition("@")[0].endswith(":missing"):
                return f"CannotPullContainerError: {container['image']}: not found"
        return ""

    def _state(self, task):
        now = self._cloud.time
        if task.stopped is not None and now >= task.stopped:
            return "STOPPED"
        return "RUNNING" if now - task.created >= START_S and task.stopped is None else "PENDING"

    def DescribeTasks(self, cluster, tasks):
        found = [(arn, self.tasks[arn]) for arn in tasks if arn in self.tasks]
        return {"tasks": [
            {"taskArn": arn, "lastStatus": self._state(task), "stoppedReason": task.reason if self._state(task) == "STOPPED" else "",
             "containers": [{"name": c["name"], "exitCode": 0} for c in task.definition["containers"]]}
            for arn, task in found
        ]}  # fmt: skip

    def ListTasks(self, cluster, startedBy, desiredStatus, nextToken=None):
        if cluster.rpartition("/")[2] not in self.clusters:
            raise Refused("ClusterNotFoundException")
        return {"taskArns": [
            arn for arn, task in self.tasks.items()
            if task.cluster == cluster.rpartition("/")[2] and task.started_by == startedBy and task.stopped is None and desiredStatus == "RUNNING"
        ]}  # fmt: skip

    def StopTask(self, cluster, task, reason):
        found = self.tasks[task]
        if found.stopped is None:
            self._write_until(found, self._cloud.time)
            self._last_words(found)
            found.stopped, found.reason = self._cloud.time + STOP_S, reason
        return {"task": {"taskArn": task}}

    # ---- what they write

    def tick(self, now):
        for task in list(self.tasks.values()):
            if task.stopped is None:
                self._write_until(task, now)
        for name, service in self.services.items():
            if int(now) // 60 > int(service.get("last", service["created"])) // 60 and service["group"] in self._logs.groups:
                service["sequence"] += 1
                service["last"] = now
                self._sidecar_line(service["group"], f"clock/ecs-clock-emf/{'d' * 32}", service["cluster"], name, "ECS/ClockAccuracy", "d" * 32,
                                   service["sequence"], now)  # fmt: skip

    def _sidecar_line(self, group, stream, cluster, service, namespace, task, sequence, now, trouble="healthy"):
        text = retimed(self._lines[trouble], int(now * 1000), cluster=cluster, service=service, namespace=namespace, task=task, sequence=sequence,
                       started_ms=int(self._cloud.time * 1000) - 1000)  # fmt: skip
        self._logs.write(group, stream, int(now * 1000), text)

    def _write_until(self, task, now):
        """A line of the sidecar each half minute, and all of the probe's once it has ended."""
        for container in task.definition["containers"]:
            options, environment = container["logConfiguration"]["options"], {v["name"]: v["value"] for v in container.get("environment", [])}
            if options["awslogs-group"] not in self._logs.groups:
                continue
            if container["name"] == "probe":
                end = task.created + START_S + float(environment["PROBE_SECONDS"])
                if now >= end and not task.probed:
                    task.probed = True
                    self._write_probe(options, task, task.created + START_S, end)
                    task.stopped, task.reason = end + STOP_S, "Essential container in task exited"
            elif "CLOCK_EMF_PROPERTIES" in environment:
                names = dict(pair.split("=") for pair in environment["CLOCK_EMF_PROPERTIES"].split(","))
                while task.next_line <= now:
                    task.sequence += 1
                    elapsed = task.next_line - task.created - START_S
                    played = any(c["name"] == "endpoint" for c in task.definition["containers"])
                    trouble = "drifting" if played and BEFORE * 60 <= elapsed < (BEFORE + TROUBLE) * 60 else "uncompared"
                    if not (self._faults.lost_line and task.sequence == 2):
                        stream = f"{options['awslogs-stream-prefix']}/{container['name']}/{task.id}"
                        self._sidecar_line(options["awslogs-group"], stream, names["ClusterName"], names["ServiceName"],
                                           environment.get("CLOCK_EMF_NAMESPACE", "ECS/ClockAccuracy"), task.id, task.sequence, task.next_line, trouble)  # fmt: skip
                    task.next_line += 30

    def _last_words(self, task):
        for container in task.definition["containers"]:
            options, environment = container["logConfiguration"]["options"], {v["name"]: v["value"] for v in container.get("environment", [])}
            if "CLOCK_EMF_PROPERTIES" not in environment or options["awslogs-group"] not in self._logs.groups or self._faults.no_last_words:
                continue
            stream = f"{options['awslogs-stream-prefix']}/{container['name']}/{task.id}"
            self._logs.write(options["awslogs-group"], stream, int(self._cloud.time * 1000), '{"level":"INFO","message":"stopped"}')

    def _write_probe(self, options, task, begin, end):
        stream, group = f"{options['awslogs-stream-prefix']}/probe/{task.id}", options["awslogs-group"]

        def say(at, kind, **members):
            self._logs.write(group, stream, int(at * 1000), json.dumps({"probe": kind, "at": at, "mono": at - 1e6, **members}))

        say(begin, "started", python="3.13")
        say(begin, "host", adjtimex={"maxerror": 16000000}, devices=[], clocksource="kvm-clock", kernel="5.10", machine="x86_64")
        say(begin, "form", status=200, chunked=True, length=2900, headers=[])
        say(begin, "idle", seconds=self._faults.idle_close_s, first=0.01)
        say(begin, "burst", requests=40, refused=0)
        for turn in range(int(end - begin) - 2):
            at = begin + turn
            reference = int(at - 1000) // REFRESH_S * REFRESH_S + 1000
            bound = 0.4 + (reference % 7) * 0.01 + self._faults.growth_ppm * (at - reference) / 1000
            say(at, "document", status=200, sent=at, drift={
                "ClockErrorBound": round(bound, 6), "ReferenceTimestamp": self._cloud.moment(reference).strftime("%Y-%m-%dT%H:%M:%SZ"),
                "ClockSynchronizationStatus": "SYNCHRONIZED",
            })  # fmt: skip
            if turn % 16 == 0:
                self._ntp(say, at)
        self._volume(say, begin + 30)
        say(end, "stopped")

    def _ntp(self, say, at):
        say(at, "ntp", server="fd00:ec2::123", error="OSError(101, 'Network is unreachable')")
        if self._faults.silent_ntp:
            say(at, "ntp", server="169.254.169.123", error="TimeoutError('timed out')")
        else:
            say(at, "ntp", server="169.254.169.123", offset=self._faults.ntp_offset_s, distance=0.0003, stratum=3, leap=0, dispersion=0.0001,
                delay=0.0002, reference_age=3.0, refid="a9fea97b")  # fmt: skip

    def _volume(self, say, at):
        root = self._faults.root_volume
        say(at, "volume", uid=0 if root else 65532, gid=0 if root else 65532, mode="0o755")
        for number in range(10):
            if root:
                say(at + number, "segment", good=False, error="FileNotFoundError(2, 'No such file or directory')")
            else:
                say(at + number, "segment", good=True, status=1, half_ms=0.45, generation=2 * number + 2)
