"""K3: how long it takes from a line to its metric."""

import json

from kit.experiments.base import AS_CLAIMED, REFUTED, Experiment, Verdict
from kit.player import task_id

LINES, APART_S, POLL_S = 12, 20, 5
LIMIT_S, PATIENCE_S = 120, 600


class Delay(Experiment):
    id = "K3"
    question = "How long does it take from a line to its metric?"
    rule = f"The 99th percentile is below {LIMIT_S} s: the alarms' M of N allow for that much."
    phase = "drill"

    def collect(self, run):
        group, stream, space = run.kit["OddGroup"], f"delay/{task_id('delay')}", f"{run.namespace}/delay"
        run.create_stream(group, stream)
        written, delays, begin = {}, {}, run.clock.now()
        while len(delays) < LINES and run.clock.now() - begin < LINES * APART_S + PATIENCE_S:
            number = len(written)
            if number < LINES and run.clock.now() - begin >= number * APART_S:
                now_ms = run.clock.now_ms()
                directive = {"Namespace": space, "Dimensions": [["Case"]], "Metrics": [{"Name": f"Delay{number}", "Unit": "Count"}]}
                root = {"_aws": {"Timestamp": now_ms, "CloudWatchMetrics": [directive]}, "Case": "delay", f"Delay{number}": 1}
                run.put_events(group, stream, [{"timestamp": now_ms, "message": json.dumps(root)}])
                written[number] = run.clock.now()
            for found in self._arrived(run, space, set(written) - set(delays), begin):
                delays[found] = run.clock.now() - written[found]
            yield POLL_S
        return {"delays": [delays.get(number) for number in sorted(written)], "step": POLL_S}

    @staticmethod
    def _arrived(run, space, waited_for, begin):
        if not waited_for:
            return []
        queries = [
            {
                "Id": f"m{number}",
                "MetricStat": {
                    "Metric": {"Namespace": space, "MetricName": f"Delay{number}", "Dimensions": [{"Name": "Case", "Value": "delay"}]},
                    "Period": 60, "Stat": "SampleCount",
                },
            }
            for number in sorted(waited_for)
        ]  # fmt: skip
        answer = run.aws.call(
            "cloudwatch", "GetMetricData", MetricDataQueries=queries, StartTime=int(begin) // 60 * 60, EndTime=int(run.clock.now()) + 60
        )
        return [int(result["Id"][1:]) for result in answer["MetricDataResults"] if result["Values"]]

    def judge(self, evidence):
        arrived = sorted(delay for delay in evidence["delays"] if delay is not None)
        missing = len(evidence["delays"]) - len(arrived)
        rows = [["line", "seconds"], *([number, "none" if d is None else f"{d:.0f}"] for number, d in enumerate(evidence["delays"], 1))]
        if not arrived or missing:
            return Verdict(REFUTED, f"{missing} of {len(evidence['delays'])} lines made no metric within ten minutes", [], rows)
        # Of a dozen lines the 99th percentile is the largest.
        summary = f"median {arrived[len(arrived) // 2]:.0f} s, largest {arrived[-1]:.0f} s of {len(arrived)} lines (looked at every {evidence['step']} s)"
        return Verdict(AS_CLAIMED if arrived[-1] < LIMIT_S else REFUTED, summary, [], rows)
