"""K6: every alarm goes to ALARM and back as the evaluator predicts, and each change is one message."""

import json

from kit import model, tasks
from kit.aws import CallFailed
from kit.errors import KitError
from kit.experiments.base import AS_CLAIMED, NOT_MEASURED, REFUTED, Experiment, Verdict, plural
from kit.experiments.deployment import describe_alarms
from kit.player import BEFORE, MINUTES, SERVICES, TROUBLE

TOLERANCE = 2
# The service whose lines a real task writes, and the longest that this task lives.
PLAYED, LONGEST_S = "played", 2700
FIRST_STATES_S = 175
# The members of an alarm that the evaluator reads.
USED = (
    "AlarmName", "Namespace", "MetricName", "Dimensions", "Statistic", "ExtendedStatistic", "Metrics", "Threshold",
    "ComparisonOperator", "EvaluationPeriods", "DatapointsToAlarm", "TreatMissingData", "WarmUpConfiguration", "AlarmRule",
    "AlarmActions", "OKActions", "ActionsEnabled",
)  # fmt: skip


class Drill(Experiment):
    id = "K6"
    question = "Does every alarm go to ALARM and back, and is one message sent each way?"
    rule = f"States and minutes are within ±{TOLERANCE} of the evaluator, and each change of an alarm with actions is one message."
    phase = "drill"
    needs_player = True

    def collect(self, run):
        alarms = {service: describe_alarms(run, f"{run.drill_cluster}-{service}-") for service in SERVICES}
        topics = {topic for found in alarms.values() for alarm in found for topic in (*alarm.get("AlarmActions", []), *alarm.get("OKActions", []))}
        for topic in sorted(topics):
            if ":sns:" in topic:
                run.aws.call("sns", "Subscribe", TopicArn=topic, Protocol="sqs", Endpoint=run.kit["QueueArn"])
        # After K5 has read the first states, those before any line.
        yield FIRST_STATES_S
        messages, played = [], self._start_played(run)
        while not run.player.done:
            if run.player.failed:
                raise KitError(f"the player failed: {run.player.failed}")
            # Before the queue forgets a message that was received and not deleted.
            messages += self._receive(run)
            yield 60
        yield from run.player_done()
        messages += self._receive(run)
        begin_ms = run.player.started_ms
        history = [entry for service in SERVICES for alarm in alarms[service] for entry in self._history(run, alarm["AlarmName"])]
        events = {service: run.events(run.group(service), begin_ms, final=True) for service in SERVICES}
        return {
            "alarms": {service: [slim(alarm) for alarm in found] for service, found in alarms.items()},
            "lines": {service: model.emf_lines(found) for service, found in events.items()},
            "played": played, "started": begin_ms, "ended": run.clock.now_ms(), "history": history, "messages": messages,
        }  # fmt: skip

    @staticmethod
    def _start_played(run):
        """Starts the task whose clock the example endpoint plays. Returns the reason if that fails: the other drills continue."""
        schedule = f"good:{BEFORE}m,drifting:{TROUBLE}m,good:1h"
        try:
            containers = tasks.played_task(run, run.group(PLAYED), PLAYED, schedule, LONGEST_S)
            tasks.start(run, tasks.register(run, PLAYED, containers))
        except (CallFailed, KitError) as error:
            return str(error)
        return None

    @staticmethod
    def _receive(run):
        found = []
        while True:
            answer = run.aws.call("sqs", "ReceiveMessage", QueueUrl=run.kit["QueueUrl"], MaxNumberOfMessages=10, WaitTimeSeconds=1)
            if not answer.get("Messages"):
                return found
            for message in answer["Messages"]:
                envelope = json.loads(message["Body"])
                try:
                    content = json.loads(envelope["Message"])
                    found.append([envelope["MessageId"], content["AlarmName"], content["NewStateValue"]])
                except (ValueError, KeyError):
                    # SNS confirms the subscription in its own words.
                    pass
                run.aws.call("sqs", "DeleteMessage", QueueUrl=run.kit["QueueUrl"], ReceiptHandle=message["ReceiptHandle"])

    @staticmethod
    def _history(run, name):
        items = run.aws.pages(
            "cloudwatch", "DescribeAlarmHistory", "AlarmHistoryItems", AlarmName=name, HistoryItemType="StateUpdate",
            AlarmTypes=["MetricAlarm", "CompositeAlarm"], ScanBy="TimestampAscending",
        )  # fmt: skip
        found = []
        for item in items:
            data = json.loads(item["HistoryData"])
            found.append([name, int(item["Timestamp"].timestamp() * 1000), data["oldState"]["stateValue"], data["newState"]["stateValue"]])
        return found

    def judge(self, evidence):
        rows, wrong, raised, names = [["alarm", "service", "predicted", "found"]], [], set(), set()
        for service, alarms in evidence["alarms"].items():
            if service == PLAYED and not evidence["lines"].get(PLAYED):
                continue
            predicted = [
                predictions(alarms, evidence["lines"][service], evidence["started"], evidence["ended"], extra) for extra in model.EXTRA_RANGES
            ]
            for alarm in alarms:
                name = alarm["AlarmName"]
                kind = name.partition(f"-{service}-")[2]
                names.add(kind)
                expected, found = predicted[0][name], observed(evidence["history"], name, evidence["started"])
                if expected is None:
                    rows.append([kind, service, "its rule is not of a form that the evaluator knows", _words(found)])
                    continue
                raised |= {kind} if expected[0] and expected[1] else set()
                rows.append([kind, service, _words(expected), _words(found)])
                if not any(close(one[name], found) for one in predicted):
                    wrong.append(f"{kind} of {service}: predicted {_words(expected)}, found {_words(found)}")
        wrong += message_faults(evidence)
        missed = sorted(names - raised)
        findings = wrong + [f"no line of the player makes {name} go to ALARM and back" for name in missed]
        if not names:
            return Verdict(NOT_MEASURED, "no alarm is listed")
        silent = evidence.get("played") or ("" if evidence["lines"].get(PLAYED) or PLAYED not in evidence["alarms"] else "no line of it arrived")
        if silent:
            findings.append(f"the real task with a played clock did not run: {silent}")
        summary = f"{plural(len(names) - len(missed), 'kind')} of alarm went to ALARM and back"
        if wrong:
            return Verdict(REFUTED, f"{plural(len(wrong), 'difference')} from the evaluator", findings, rows)
        if silent and not missed:
            return Verdict(NOT_MEASURED, findings[-1], findings, rows)
        return Verdict(NOT_MEASURED if missed else AS_CLAIMED, summary + (f", {len(missed)} did not" if missed else ""), findings, rows)


def slim(alarm):
    # The answer may have an empty list `Metrics`, which to the evaluator would mean an alarm over an expression.
    return {key: alarm[key] for key in USED if alarm.get(key) not in (None, [], "")}


def predictions(alarms, lines, begin_ms, end_ms, extra_range):
    """`{alarm name: (minutes into ALARM, minutes out of it)}` after the first line; None for a rule that is not known."""
    metric = [alarm for alarm in alarms if "AlarmRule" not in alarm]
    # The alarms exist five minutes before the first line.
    states = model.timelines(metric, lines, begin_ms - 5 * model.MINUTE_MS, end_ms, extra_range)
    for alarm in alarms:
        if "AlarmRule" in alarm:
            states[alarm["AlarmName"]] = model.composite_timeline(alarm["AlarmRule"], {a["AlarmName"]: states[a["AlarmName"]] for a in metric})
    first = begin_ms // model.MINUTE_MS
    return {
        name: None if timeline is None else tuple([m + 1 - first for m in found] for found in model.transitions(timeline))
        for name, timeline in states.items()
    }


def observed(history, name, begin_ms):
    """The minutes after the first line at which an alarm went into ALARM, and left it."""
    mine = sorted((at, old, new) for alarm, at, old, new in history if alarm == name and at >= begin_ms)
    minute = [(at - begin_ms) / model.MINUTE_MS for at, _, _ in mine]
    entered = [m for m, (_, _, new) in zip(minute, mine, strict=True) if new == "ALARM"]
    left = [m for m, (_, old, _) in zip(minute, mine, strict=True) if old == "ALARM"]
    return entered, left


def close(expected, found):
    """Whether there are as many changes as predicted, each within the tolerance. A change at the player's end may come too late to be seen."""
    for predicted, seen in zip(expected, found, strict=True):
        certain = [minute for minute in predicted if minute <= MINUTES + 2 - TOLERANCE]
        if not len(certain) <= len(seen) <= len(predicted):
            return False
        if any(abs(left - right) > TOLERANCE for left, right in zip(predicted, seen, strict=False)):
            return False
    return True


def _words(minutes):
    entered, left = minutes
    if not entered:
        return "never in ALARM"
    spans = [f"{a:.0f} to {left[n]:.0f}" if n < len(left) else f"{a:.0f}, for good" for n, a in enumerate(entered)]
    return f"ALARM in minute {', '.join(spans)}"


def message_faults(evidence):
    """Changes of alarms with actions that did not cause exactly one message."""
    wrong = []
    unique = {tuple(message) for message in evidence["messages"]}
    for service, alarms in evidence["alarms"].items():
        for alarm in alarms:
            for state, actions in (("ALARM", "AlarmActions"), ("OK", "OKActions")):
                if not alarm.get(actions) or not alarm.get("ActionsEnabled", True):
                    continue
                name = alarm["AlarmName"]
                changes = sum(1 for n, at, _, new in evidence["history"] if n == name and new == state and at >= evidence["started"])
                sent = sum(1 for _, n, s in unique if n == name and s == state)
                # The first OK of a new alarm may have been sent before the queue was subscribed, or after.
                if sent != changes and not (state == "OK" and sent == changes + 1):
                    wrong.append(f"{name.partition(f'-{service}-')[2]} of {service}: {plural(changes, 'change')} to {state}, {plural(sent, 'message')}")
    return wrong
