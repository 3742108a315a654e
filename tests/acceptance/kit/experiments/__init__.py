"""The experiments, in the order of their numbers."""

from kit.experiments.alarms import Drill
from kit.experiments.delay import Delay
from kit.experiments.deployment import Deployment, FirstStates, Pictures, Quota
from kit.experiments.endpoint import Behaviour, Growth
from kit.experiments.extraction import Extraction
from kit.experiments.hosts import NtpAddresses, Volume
from kit.experiments.log_alarms import LogAlarms
from kit.experiments.odd import OddLines
from kit.experiments.queries import Queries
from kit.experiments.rollout import Rollback
from kit.experiments.starts import Blocked, LastLines, Windows

EXPERIMENTS = [
    Deployment(), Extraction(), OddLines(), Delay(), Queries(), FirstStates(), Drill(), LogAlarms(), Growth(), Behaviour(),
    NtpAddresses(), Volume(), LastLines(), Blocked(), Windows(), Quota(), Pictures(), Rollback(),
]  # fmt: skip


def requested(options):
    """The numbers of the experiments that the reader asked for."""
    if options.only:
        return [e.id for e in EXPERIMENTS if e.id in options.only]
    chosen = [e for e in EXPERIMENTS if not (options.quick and e.long)]
    return [e.id for e in chosen if not e.on_request or (e.id == "K14" and options.windows_image)]
