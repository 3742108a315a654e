"""The probe: one task whose lines several experiments read."""

import json

from kit import tasks
from kit.errors import KitError

LONG_S, QUICK_S = 2700, 420


class Probe:
    """Starts the probe, waits until it ends, and keeps its lines."""

    def __init__(self):
        self.failed, self.lines, self.image_size = None, None, None

    def collect(self, run):
        seconds = LONG_S if run.wants("K8") else QUICK_S
        started_ms = run.clock.now_ms()
        definition = tasks.register(run, "probe", tasks.probe_task(run, seconds))
        arn = tasks.start(run, definition)
        yield from tasks.until_status(run, [arn], "RUNNING", tasks.STOPPED)
        yield from tasks.until_status(run, [arn], tasks.STOPPED, seconds=seconds + 600)
        # The log driver sends every 5 s, and once more after the exit.
        yield 30
        self.lines = parse_lines(e for e in run.events(run.kit["ProbeGroup"], started_ms) if e["stream"].startswith("probe/"))
        if not any(line["probe"] == "started" for line in self.lines):
            stopped = tasks.describe(run, [arn])[0]
            raise KitError(f"the probe wrote nothing: {stopped.get('stoppedReason', 'no reason given')}")

    def wait(self):
        """Yields until the probe has ended; returns its lines."""
        while self.lines is None:
            if self.failed:
                raise KitError(f"the probe failed: {self.failed}")
            yield 15
        return self.lines


def on_managed_instances(run):
    """Runs only the probe, on the user's own capacity provider; yields, and returns its lines."""
    cluster, provider = run.options.managed_instances.split("/")
    container = tasks.probe_container(run, QUICK_S, "managed")
    # The host's network, since the user chose the capacity provider's.
    changes = {"requiresCompatibilities": ["MANAGED_INSTANCES"], "networkMode": "host"}
    definition = tasks.register(run, "managed", [container], **changes)
    started_ms = run.clock.now_ms()
    arn = tasks.start(run, definition, cluster, provider)
    yield from tasks.until_status(run, [arn], tasks.STOPPED, seconds=QUICK_S + 900, cluster=cluster)
    yield 30
    return parse_lines(e for e in run.events(run.kit["ProbeGroup"], started_ms) if e["stream"].startswith("managed/"))


def parse_lines(events):
    """The probe's own lines, in order. The sidecar's lines are in the same group."""
    lines = []
    for event in sorted(events, key=lambda event: event["timestamp"]):
        try:
            root = json.loads(event["message"])
        except ValueError:
            continue
        if isinstance(root, dict) and "probe" in root:
            lines.append(root)
    return lines
