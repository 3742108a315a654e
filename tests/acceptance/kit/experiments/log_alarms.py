"""K7: the log alarms name exactly the tasks that are silent or not synchronized."""

from kit import model
from kit.errors import KitError
from kit.experiments.base import AS_CLAIMED, NOT_MEASURED, REFUTED, Experiment, Verdict, plural
from kit.player import MINUTES

# The schedule is every five minutes, and a result takes some time.
CERTAIN_MINUTES = 7
CAUTION_S = 300


class LogAlarms(Experiment):
    id = "K7"
    question = "Do the log alarms name the tasks, and is the shipped role sufficient?"
    rule = "The contributors are the streams that the alarms' queries name by the model, and every scheduled query succeeds."
    phase = "drill"
    needs_player = True

    def collect(self, run):
        if run.task_alarms_failed:
            raise KitError(f"the stack of log alarms could not be created: {run.task_alarms_failed}")
        run.stacks.wait(run.service_stack("bad-tasks"))
        alarms = list(run.aws.pages("cloudwatch", "DescribeAlarms", "LogAlarms", AlarmNamePrefix=run.drill_cluster, AlarmTypes=["LogAlarm"]))
        if not alarms:
            raise KitError("cloudwatch:DescribeAlarms lists no log alarm")
        polls = {alarm["AlarmName"]: [] for alarm in alarms}
        while run.player.minute is None or run.player.minute < MINUTES - 1:
            if run.player.failed:
                raise KitError(f"the player failed: {run.player.failed}")
            if run.player.minute is not None:
                for name, seen in polls.items():
                    found = run.aws.pages("cloudwatch", "DescribeAlarmContributors", "AlarmContributors", AlarmName=name)
                    seen.append([run.clock.now_ms(), sorted({stream_of(c["ContributorAttributes"]) for c in found})])
            yield 60
        return {
            "alarms": [self._slim(alarm) for alarm in alarms], "polls": polls, "runs": self._runs(run, alarms),
            "events": run.events(run.group("bad"), run.player.started_ms),
        }  # fmt: skip

    @staticmethod
    def _slim(alarm):
        keys = ("AlarmName", "ScheduledQueryConfiguration", "Threshold", "ComparisonOperator", "EvaluationState", "StateReason")
        return {key: alarm[key] for key in keys if key in alarm}

    @staticmethod
    def _runs(run, alarms):
        """How each scheduled query ended."""
        found = {}
        for alarm in alarms:
            identifier = alarm["ScheduledQueryConfiguration"].get("QueryARN")
            if identifier:
                history = run.aws.pages(
                    "logs", "GetScheduledQueryHistory", "triggerHistory", token=("nextToken", "nextToken"), identifier=identifier,
                    startTime=run.player.started_ms // 1000, endTime=int(run.clock.now()),
                )  # fmt: skip
                found[alarm["AlarmName"]] = [[h["executionStatus"], h.get("errorMessage", "")] for h in history]
        return found

    def judge(self, evidence):
        wrong, rows, seen_any = [], [["alarm", "contributors", "expected"]], False
        for alarm in evidence["alarms"]:
            polls = evidence["polls"][alarm["AlarmName"]]
            certain, possible = expected_contributors(alarm, evidence["events"], polls)
            found = {name for _, names in polls for name in names}
            seen_any = seen_any or bool(found)
            kind = alarm["AlarmName"].partition("-bad-")[2]
            rows.append([kind, ", ".join(sorted(found)) or "none", ", ".join(sorted(certain)) or "none"])
            wrong += [f"{kind} does not name {name}" for name in sorted(certain - found)]
            wrong += [f"{kind} names {name}, which the model does not" for name in sorted(found - possible)]
        failed = [f"{name.partition('-bad-')[2]}: a run ended in {status}: {text}" for name, runs in evidence["runs"].items()
                  for status, text in runs if status not in ("Complete", "Running")]  # fmt: skip
        if failed and not seen_any:
            return Verdict(REFUTED, "the queries of the alarms do not run: the role may not be sufficient", failed, rows)
        if not any(evidence["polls"].values()):
            return Verdict(NOT_MEASURED, "the alarms were not looked at", failed, rows)
        verdict = REFUTED if wrong or failed else AS_CLAIMED
        count = plural(len(evidence["alarms"]), "log alarm")
        return Verdict(verdict, f"{count}: {plural(len(wrong + failed), 'difference')}" if wrong or failed else f"{count} name exactly the tasks", wrong + failed, rows)


def stream_of(attributes):
    """The stream among the attributes of a contributor, however its name is written."""
    return next((value for name, value in attributes.items() if name.strip("`").endswith("logStream")), "/".join(attributes.values()))


def expected_contributors(alarm, events, polls):
    """The streams that the alarm must have named by the last look, and those that it may have."""
    streaks, certain, possible = {}, set(), set()
    for at, _ in polls:
        now = model.contributors(alarm, events, at)
        possible |= now
        streaks = {name: streaks.get(name, 0) + 1 for name in now}
        certain |= {name for name, length in streaks.items() if length > CERTAIN_MINUTES}
    # The model may name it between two of our observations, or just before the first.
    for at, _ in polls:
        possible |= model.contributors(alarm, events, at - 30_000)
    return certain, possible
