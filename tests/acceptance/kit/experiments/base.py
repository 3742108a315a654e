"""An experiment: calls that collect evidence, and a pure rule that judges it."""

from dataclasses import dataclass, field

AS_CLAIMED, REFUTED, MEASURED, NOT_MEASURED = "as claimed", "refuted", "measured", "not measured"


@dataclass
class Verdict:
    """What the evidence says. `findings` are the facts, in sentences; `table` has a header and rows."""

    verdict: str
    summary: str
    findings: list = field(default_factory=list)
    table: list = field(default_factory=list)


class Experiment:
    """One question. Subclasses collect with `collect(run)`, a generator, and judge with `judge(evidence)`, which calls nothing."""

    id: str
    question: str
    rule: str
    phase = "observe"
    # Runs only without QUICK, or only when named by ONLY.
    long = False
    on_request = False
    needs_player = False
    needs_probe = False

    def collect(self, run):
        raise NotImplementedError

    def judge(self, evidence):
        raise NotImplementedError


def judged(experiment, evidence, failure):
    """The verdict over what there is: without evidence it is `not measured`, with the reason."""
    if evidence is None:
        return Verdict(NOT_MEASURED, failure or "the run ended before this experiment did")
    return experiment.judge(evidence)


def plural(count, word):
    return f"{count:,} {word}" + ("" if count == 1 else "s")
