"""One verification, from the plan to the empty inventory."""

import sys
from dataclasses import dataclass, field
from pathlib import Path

from kit import scheduler
from kit.aws import CallFailed
from kit.errors import KitError
from kit.player import Player
from kit.state import State

ALL_MEASURED, REFUTED, NOT_MEASURED = 0, 1, 3
# How long the service metrics are waited for, at most, after the last line.
SETTLE_S = 480


@dataclass
class Options:
    """What the reader asked for."""

    account: str
    region: str
    arch: str = "amd64"
    yes: bool = False
    quick: bool = False
    only: tuple = ()
    windows_image: str = ""
    managed_instances: str = ""
    probe_image: str = ""
    explain: str = ""
    folder: Path = field(default_factory=Path)


class Run:
    """What the experiments share: calls, time, names, and the player."""

    def __init__(self, options, aws, clock, tools, say=None):
        self.options, self.aws, self.clock, self.tools = options, aws, clock, tools
        self._say = say or (lambda text: print(text, file=sys.stderr, flush=True))
        self.state, self.partition, self.notes = None, "aws", []
        # Runs against stand-ins; the report is marked, so that nobody mistakes it for one of AWS.
        self.rehearsal = False
        self.stacks, self.kit, self.urls, self.images, self.network, self.groups = None, {}, {}, {}, {}, {}
        self.player, self.task_alarms_failed = Player(), None
        self.probe, self.settled_at, self.began_ms = None, None, 0
        self._events = {}

    def say(self, text):
        self._say(text)

    # ---- names

    @property
    def region(self):
        return self.options.region

    @property
    def prefix(self):
        return self.state.prefix

    @property
    def drill_cluster(self):
        """The cluster of the synthetic services, which exists only as a name. Each attempt has a new one, since metrics outlive stacks."""
        return f"{self.prefix}-drill-{self.state.content['attempt']}"

    @property
    def namespace(self):
        """A separate namespace, so that the user's own metrics are neither touched nor compared."""
        return f"{self.prefix}-{self.state.content['attempt']}"

    def service_stack(self, service):
        return f"{self.prefix}-{service}"

    def group(self, service):
        return self.groups[service]

    def wants(self, name):
        return name in self.state.content["requested"]

    @property
    def artifacts(self):
        """The folder of evidence, pictures and report."""
        folder = self.options.folder / f"verify-{self.state.id}"
        folder.mkdir(exist_ok=True)
        return folder

    # ---- log events

    def create_stream(self, group, stream):
        self.aws.find("logs", "CreateLogStream", {"ResourceAlreadyExistsException"}, logGroupName=group, logStreamName=stream)

    def put_events(self, group, stream, events):
        answer = self.aws.call("logs", "PutLogEvents", logGroupName=group, logStreamName=stream, logEvents=events)
        if rejected := answer.get("rejectedLogEventsInfo"):
            raise KitError(f"logs:PutLogEvents rejected events: {rejected}")

    def events(self, group, since_ms, *, final=False):
        """The events of a group, as `{stream, timestamp, ingestion, message}`. `final`: nothing more is written there."""
        if group not in self._events or not final:
            self._events[group] = [
                {"stream": e["logStreamName"], "timestamp": e["timestamp"], "ingestion": e["ingestionTime"], "message": e["message"]}
                for e in self.aws.pages(
                    "logs", "FilterLogEvents", "events", token=("nextToken", "nextToken"), logGroupName=group, startTime=self.began_ms
                )
            ]  # fmt: skip
        return [event for event in self._events[group] if event["timestamp"] >= since_ms]

    def player_done(self):
        """Yields until the last line is played and its metrics have had time to appear."""
        while not self.player.done:
            if self.player.failed:
                raise KitError(f"the player failed: {self.player.failed}")
            yield 15
        if self.settled_at is None:
            self.settled_at = self.clock.now() + 120
        while self.clock.now() < self.settled_at:
            yield self.settled_at - self.clock.now()


def measure(run, experiments):
    """The phases observe and drill: runs what is requested and has no evidence yet, and keeps what it finds."""
    run.began_ms = run.clock.now_ms()
    pending = {e.id: e for e in experiments if run.wants(e.id) and e.id not in run.state.evidence}
    phases = {name: experiment.phase for name, experiment in pending.items()} | {"player": "drill", "probe": "observe"}
    generators = {name: experiment.collect(run) for name, experiment in pending.items()}
    # Several experiments need these.
    if any(experiment.needs_player for experiment in pending.values()):
        generators["player"] = _after(180, run.player.play(run))
    if any(experiment.needs_probe for experiment in pending.values()):
        from kit.probing import Probe

        run.probe = Probe()
        generators["probe"] = run.probe.collect(run)

    def switch(name):
        run.aws.phase, run.aws.experiment = phases[name], name

    def finished(name, evidence):
        if name in pending:
            run.state.evidence[name] = evidence
            run.state.failures.pop(name, None)
            run.state.save()
            run.say(f"{name}: measured")

    def failed(name, error):
        text = describe(error)
        if name == "player":
            run.player.failed = text
        elif name == "probe":
            run.probe.failed = text
        run.state.failures[name] = text
        run.state.save()
        run.say(f"{name}: not measured: {text}")

    try:
        scheduler.run(generators, run.clock, finished=finished, failed=failed, switch=switch)
    finally:
        run.aws.experiment = ""


def _after(seconds, generator):
    yield seconds
    return (yield from generator)


def describe(error):
    """An error for the report: the call's message, or type, message and place of a defect of the kit."""
    if isinstance(error, KitError | CallFailed):
        return str(error)
    trace, place = error.__traceback__, ""
    while trace:
        place = f"{Path(trace.tb_frame.f_code.co_filename).name}:{trace.tb_lineno}"
        trace = trace.tb_next
    return f"{type(error).__name__}: {error} ({place})"


def start_state(options, account):
    """The state of an unfinished verification of this account and region, or a new one."""
    state = State.unfinished(options.folder, account, options.region)
    return state or State.new(options.folder, account, options.region)
