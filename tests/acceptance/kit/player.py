"""Plays lines of the real program, with new timestamps, into the log groups of synthetic services.

CloudWatch extracts metrics from any call of PutLogEvents. So every alarm can be triggered without breaking a clock.
"""

import hashlib
import json
from datetime import UTC, datetime
from pathlib import Path

# Minutes: healthy before the trouble, in trouble, healthy afterwards. Most alarms need five bad minutes to go to ALARM, and five
# good ones to return.
BEFORE, TROUBLE, AFTER = 6, 8, 9
MINUTES = BEFORE + TROUBLE + AFTER
# In the trouble of the service `bad`: everything that an alarm looks for, except what excludes the rest.
ALL_TROUBLES = ("drifting", "old_reference", "unsynchronized", "read_errors", "step", "disagreement")
HEALTHY = ("healthy",)


def _troubled(during, after=HEALTHY):
    return ((BEFORE, HEALTHY), (TROUBLE, during), (AFTER, after))


# For each service its streams, each with what it writes for how many minutes.
SERVICES = {
    "bad": {
        "steady": ((MINUTES, HEALTHY),),
        "bad-1": _troubled(ALL_TROUBLES),
        "bad-2": _troubled(("unsynchronized",)),
        "silent-1": _troubled((), ()),
        "silent-2": _troubled((), ()),
        "silent-3": _troubled((), ()),
    },
    # One alarm waits for 15 minutes, and may look back further, in which nothing is compared with NTP. Within them the bound is unknown.
    "unknown": {"unknown-1": ((3, HEALTHY), (1, ("uncompared",)), (TROUBLE, ("unknown_bound",)), (9, ("uncompared",)), (2, HEALTHY))},
    "silent": {"silent-0": _troubled(())},
    # Nothing is played here: a real task writes, whose clock the example endpoint plays.
    "played": {},
}


def recorded_lines():
    """`{trouble: line}` as the program wrote them."""
    rows = map(json.loads, (Path(__file__).parent / "lines.jsonl").read_text().splitlines())
    return {row["trouble"]: row["line"] for row in rows}


def task_id(name):
    """A task's identity, the same at every run."""
    return hashlib.md5(name.encode(), usedforsecurity=False).hexdigest()


def stream_of(service, name):
    return f"clock/ecs-clock-emf/{task_id(f'{service}/{name}')}"


def retimed(line, now_ms, *, cluster, service, namespace, task, sequence, started_ms):
    """A recorded line as a task of another service would have written it at another time."""
    root = json.loads(line)
    shift = (now_ms - root["_aws"]["Timestamp"]) / 1000
    root["_aws"]["Timestamp"] = now_ms
    for directive in root["_aws"]["CloudWatchMetrics"]:
        directive["Namespace"] = namespace
    root |= {"ClusterName": cluster, "ServiceName": service, "TaskId": task, "Sequence": sequence, "StartedAt": rfc3339(started_ms / 1000)}
    if "ReferenceTimestamp" in root:
        reference = datetime.fromisoformat(root["ReferenceTimestamp"].replace("Z", "+00:00")).timestamp() + shift
        root["ReferenceTimestamp"] = rfc3339(reference)
    return json.dumps(root, separators=(",", ":"))


def rfc3339(seconds):
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def troubles_at(schedule, minute):
    """What a stream writes in a minute."""
    for minutes, troubles in schedule:
        if minute < minutes:
            return troubles
        minute -= minutes
    return ()


class Player:
    """Plays every service of SERVICES, minute by minute. Other experiments look at `minute` and `done`."""

    def __init__(self, lines=None):
        self._lines = lines or recorded_lines()
        self.minute, self.done, self.started_ms, self.failed = None, False, None, None
        self.written = 0
        self._sequences = {}

    def play(self, run):
        """Yields between the minutes. Every stream is created before the first line."""
        for service, streams in SERVICES.items():
            for name in streams:
                run.create_stream(run.group(service), stream_of(service, name))
        # Five seconds into a minute: never at the edge of a period.
        yield 60 - run.clock.now() % 60 + 5
        self.started_ms = run.clock.now_ms()
        for minute in range(MINUTES):
            self.minute = minute
            for service, streams in SERVICES.items():
                for name, schedule in streams.items():
                    self._write(run, service, name, troubles_at(schedule, minute))
            yield self.started_ms / 1000 + 60 * (minute + 1) - run.clock.now()
        self.done = True
        return {"minutes": MINUTES, "lines": self.written}

    def _write(self, run, service, name, troubles):
        events = []
        for trouble in troubles:
            key = (service, name)
            self._sequences[key] = self._sequences.get(key, 0) + 1
            # One millisecond apart, so that their order is known.
            now_ms = run.clock.now_ms() + len(events)
            text = retimed(
                self._lines[trouble], now_ms, cluster=run.drill_cluster, service=service, namespace=run.namespace,
                task=task_id(f"{service}/{name}"), sequence=self._sequences[key], started_ms=self.started_ms,
            )  # fmt: skip
            events.append({"timestamp": now_ms, "message": text})
        if events:
            run.put_events(run.group(service), stream_of(service, name), events)
            self.written += len(events)
