"""K12, K13, K14: how tasks start and stop, and what becomes of their last lines."""

import json

from kit import tasks
from kit.errors import KitError
from kit.experiments.base import AS_CLAIMED, MEASURED, NOT_MEASURED, REFUTED, Experiment, Verdict, plural

TASKS, RUN_S, LONGEST_S = 5, 100, 900


class LastLines(Experiment):
    id = "K12"
    question = "Do a task's lines arrive whole and in order, the last ones at its stop too?"
    rule = "No gap in the sequences, events in the order of their sequence, and after a stop the last lines: `Stopping` or `stopped`."

    def collect(self, run):
        started_ms = run.clock.now_ms()
        group = run.kit["ProbeGroup"]
        container = tasks.sidecar(run, group, run.drill_cluster, "stopped")
        container |= {"logConfiguration": tasks.log_configuration(run, group, "stop")}
        definition = tasks.register(run, "stop", [container, tasks.timer(run, LONGEST_S)])
        arns = [tasks.start(run, definition) for _ in range(TASKS)]
        yield from tasks.until_status(run, arns, "RUNNING", tasks.STOPPED)
        yield RUN_S
        for arn in arns:
            run.aws.call("ecs", "StopTask", cluster=run.network["cluster"], task=arn, reason="acceptance kit: K12")
        stopped = yield from tasks.until_status(run, arns, tasks.STOPPED)
        yield 30
        events = [event for event in run.events(group, started_ms) if event["stream"].startswith("stop/")]
        return {"events": events, "codes": [[c.get("exitCode") for c in task["containers"]] for task in stopped], "tasks": len(arns)}

    def judge(self, evidence):
        streams, wrong, rows = {}, [], [["stream", "lines", "gaps", "last lines"]]
        for event in evidence["events"]:
            streams.setdefault(event["stream"], []).append(event)
        for stream, events in sorted(streams.items()):
            ordered = sorted(events, key=lambda event: event["timestamp"])
            documents = [d for d in map(_parsed, ordered) if d]
            numbers = [d["Sequence"] for d in documents if "Sequence" in d]
            gaps = [n for n in range(1, max(numbers, default=0) + 1) if n not in numbers]
            last = any(d.get("Stopping") for d in documents) or any(d.get("message") == "stopped" for d in documents)
            rows.append([stream.rpartition("/")[2], len(numbers), len(gaps), "arrived" if last else "missing"])
            wrong += [f"{stream}: sequence {gaps} is missing"] if gaps else []
            wrong += [f"{stream}: its lines are not in order"] if numbers != sorted(numbers) else []
            wrong += [f"{stream}: nothing of its stop arrived"] if not last else []
        if not streams:
            return Verdict(NOT_MEASURED, "no line of these tasks arrived", [], rows)
        if len(streams) < evidence["tasks"]:
            wrong.append(f"{evidence['tasks'] - len(streams)} tasks have no stream")
        summary = f"{plural(len(streams), 'task')} stopped"
        if wrong:
            return Verdict(REFUTED, f"{summary}: {plural(len(wrong), 'fault')}", wrong, rows)
        return Verdict(AS_CLAIMED, f"{summary}: every line arrived, in order, the last ones too", [], rows)


def _parsed(event):
    try:
        root = json.loads(event["message"])
        return root if isinstance(root, dict) else None
    except ValueError:
        return None


class Blocked(Experiment):
    id = "K13"
    question = "Does a missing log group, permission or image keep a task from starting?"
    rule = "Each of the three tasks stops without having run, and ECS gives a reason."

    def collect(self, run):
        group = run.kit["ProbeGroup"]

        def container(**changes):
            # As shipped, the container is not essential. It still keeps its task from starting.
            return [tasks.sidecar(run, group, run.drill_cluster, "blocked") | changes, tasks.timer(run, LONGEST_S)]

        missing_group = tasks.log_configuration(run, f"{group}-missing", "blocked")
        repository = run.images["sidecar"].partition("@")[0]
        variants = {
            "log group": (container(logConfiguration=missing_group), {}),
            "permission": (container(), {"executionRoleArn": run.kit["MuteRole"]}),
            "image": (container(image=f"{repository}:missing"), {}),
        }
        arns = {}
        for name, (containers, changes) in variants.items():
            definition = tasks.register(run, f"blocked-{name.replace(' ', '-')}", containers, **changes)
            arns[name] = tasks.start(run, definition)
        begin, found = run.clock.now(), {}
        while len(found) < len(arns) and run.clock.now() - begin < 600:
            yield 15
            for name, arn in arns.items():
                task = (tasks.describe(run, [arn]) or [{"lastStatus": "UNKNOWN"}])[0]
                # A task that runs was not blocked; it is stopped, or it would continue.
                if task["lastStatus"] in (tasks.STOPPED, "RUNNING") and name not in found:
                    if task["lastStatus"] == "RUNNING":
                        run.aws.call("ecs", "StopTask", cluster=run.network["cluster"], task=arn, reason="acceptance kit: K13")
                    found[name] = [task["lastStatus"], task.get("stoppedReason", "")]
        return {"reasons": found, "asked": list(arns)}

    def judge(self, evidence):
        rows, wrong = [["missing", "state", "ECS's words"]], []
        for name in evidence["asked"]:
            state, reason = evidence["reasons"].get(name, ["it neither ran nor stopped within ten minutes", ""])
            rows.append([name, state, reason])
            if state != tasks.STOPPED or not reason:
                wrong.append(f"{name}: {state}")
        return Verdict(REFUTED if wrong else AS_CLAIMED, "; ".join(wrong) or "each of the three keeps a task from starting", wrong, rows)


class Windows(Experiment):
    id = "K14"
    question = "Does a Windows task on Fargate report ClockDrift?"
    rule = "Measured: a line with a bound, or its absence as a fact."
    on_request = True

    def collect(self, run):
        if not run.options.windows_image:
            raise KitError("give WINDOWS_IMAGE, an image built by container/Dockerfile.windows and pushed to a registry of yours")
        started_ms, group = run.clock.now_ms(), run.kit["ProbeGroup"]
        environment = [{"name": "CLOCK_EMF_PROPERTIES", "value": f"ClusterName={run.drill_cluster},ServiceName=windows"},
                       {"name": "CLOCK_EMF_NAMESPACE", "value": run.namespace}]  # fmt: skip
        container = {"name": "ecs-clock-emf", "image": run.options.windows_image, "essential": True, "memory": 512,
                     "environment": environment, "logConfiguration": tasks.log_configuration(run, group, "windows")}  # fmt: skip
        platform = {"cpuArchitecture": "X86_64", "operatingSystemFamily": "WINDOWS_SERVER_2022_CORE"}
        definition = tasks.register(run, "windows", [container], runtimePlatform=platform, cpu="1024", memory="2048", volumes=[])
        arn = tasks.start(run, definition)
        yield from tasks.until_status(run, [arn], "RUNNING", tasks.STOPPED, seconds=1200)
        yield 180
        run.aws.call("ecs", "StopTask", cluster=run.network["cluster"], task=arn, reason="acceptance kit: K14")
        stopped = yield from tasks.until_status(run, [arn], tasks.STOPPED)
        yield 30
        events = [event for event in run.events(group, started_ms) if event["stream"].startswith("windows/")]
        return {"events": events, "reason": stopped[0].get("stoppedReason", ""), "codes": [c.get("exitCode") for c in stopped[0]["containers"]]}

    def judge(self, evidence):
        documents = [d for d in map(_parsed, evidence["events"]) if d]
        bounds = [d["MaxClockErrorBound"] for d in documents if "MaxClockErrorBound" in d]
        kinds = sorted({d["ReadErrorKind"] for d in documents if "ReadErrorKind" in d})
        stopped = any(d.get("message") == "stopped" for d in documents)
        if not documents:
            return Verdict(NOT_MEASURED, f"no line arrived: {evidence['reason']}")
        about = f"largest bound {max(bounds)} ms" if bounds else f"no bound ({', '.join(kinds) or 'no error either'})"
        return Verdict(MEASURED, f"{plural(len(documents), 'line')}, {about}; stop event {'seen' if stopped else 'not seen'}, exit codes {evidence['codes']}")
