"""K1: what CloudWatch extracted equals what `explain` predicts from the same lines, cell by cell."""

from kit import cells, model
from kit.experiments.base import AS_CLAIMED, MEASURED, REFUTED, Experiment, Verdict, plural
from kit.player import SERVICES

DEMO_NAMESPACE = "ECS/ClockAccuracy"
COUNTERS = ("EMFParsingErrors", "EMFValidationErrors")
# ListMetrics shows new metrics only after some minutes; data points may be as late.
PATIENCE_S = 480


class Extraction(Experiment):
    id = "K1"
    question = "Does CloudWatch extract from each line exactly the metrics that `explain` predicts?"
    rule = (
        "SampleCount, Sum, Minimum and Maximum of each metric and minute are equal (1e-9), there is no other metric, and "
        "EMFParsingErrors and EMFValidationErrors are 0."
    )
    phase = "drill"
    needs_player = True

    def collect(self, run):
        yield from run.player_done()
        begin_ms = run.player.started_ms // cells.MINUTE_MS * cells.MINUTE_MS
        end_ms = run.clock.now_ms() // cells.MINUTE_MS * cells.MINUTE_MS
        groups = [run.group(service) for service in SERVICES]
        if demo := run.stacks.outputs(run.prefix).get("LogGroupName"):
            groups.append(demo)
        events = [event for group in groups for event in run.events(group, begin_ms, final=group != demo)]
        lines = [line for _, line in model.emf_lines(events)]
        printed = run.tools.explain(lines, run.clock.now_ms(), run.images.get("sidecar"))
        points = [entry for entry in printed if "metric" in entry and begin_ms <= entry["timestamp"] < end_ms]
        predicted = cells.predicted_cells(points)
        deadline = run.clock.now() + PATIENCE_S
        while True:
            observed = cells.fetch(run, {series for series, _ in predicted}, begin_ms, end_ms)
            if not cells.differences(predicted, observed) or run.clock.now() > deadline:
                break
            yield 60
        return {
            "lines": len(lines), "faults": [entry for entry in printed if "fault" in entry][:20],
            "predicted": cells.as_json(predicted), "observed": cells.as_json(observed),
            "listed": sorted(self._listed(run)), "counters": self._counters(run, groups, begin_ms, end_ms),
        }  # fmt: skip

    @staticmethod
    def _listed(run):
        """The metrics of the kit's namespace, and those of the demonstration's cluster."""
        found = [m["MetricName"] for m in run.aws.pages("cloudwatch", "ListMetrics", "Metrics", Namespace=run.namespace)]
        mine = [{"Name": "ClusterName", "Value": run.prefix}]
        return {*found, *(m["MetricName"] for m in run.aws.pages("cloudwatch", "ListMetrics", "Metrics", Namespace=DEMO_NAMESPACE, Dimensions=mine))}

    @staticmethod
    def _counters(run, groups, begin_ms, end_ms):
        series = {("AWS/Logs", counter, (("LogGroupName", group),)) for counter in COUNTERS for group in groups}
        found = cells.fetch(run, series, begin_ms, end_ms)
        return {f"{one[1]} of {dict(one[2])['LogGroupName']}": cell["Sum"] for (one, _), cell in found.items() if cell["Sum"]}

    def judge(self, evidence):
        predicted, observed = (cells.from_json(evidence[name]) for name in ("predicted", "observed"))
        found = cells.differences(predicted, observed)
        counts = {kind: sum(d.kind == kind for d in found) for kind in ("lost", "late", "repeated", "extra", "unequal")}
        extra = sorted(set(evidence["listed"]) - {series[1] for series, _ in predicted})
        findings = [f"{d.series[1]} of {dict(d.series[2])} in minute {d.minute}: {d.kind}: {d.detail}" for d in found[:20]]
        findings += [f"{name} is in the namespace, and no line predicts it" for name in extra]
        findings += [f"{name} is {value:g}" for name, value in evidence["counters"].items()]
        findings += [f"explain reports a fault in a line: {fault['fault']}" for fault in evidence["faults"]]
        compared = f"{plural(len(predicted), 'cell')} from {plural(evidence['lines'], 'line')}"
        if not predicted:
            return Verdict(REFUTED, "no line arrived, or explain predicts no metric", findings)
        wrong = [f"{count} {kind}" for kind, count in counts.items() if count and kind != "repeated"]
        if wrong or extra or evidence["counters"] or evidence["faults"]:
            return Verdict(REFUTED, f"of {compared}: {', '.join(wrong) or 'all are equal, and there is more than predicted'}", findings)
        if counts["repeated"]:
            return Verdict(MEASURED, f"{counts['repeated']} of {compared} were delivered more than once; the rest is equal", findings)
        return Verdict(AS_CLAIMED, f"{compared}: all are equal, and there is no other metric", findings)
