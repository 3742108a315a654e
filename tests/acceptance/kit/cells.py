"""A cell is a metric in one minute. Compares the cells that `explain` predicts with those that CloudWatch has."""

import math
from dataclasses import dataclass

MINUTE_MS = 60_000
STATISTICS = ("SampleCount", "Sum", "Minimum", "Maximum")
TOLERANCE = 1e-9


def series_of(point):
    """Which metric a data point belongs to."""
    return (point["namespace"], point["metric"], tuple(sorted(point["dimensions"].items())))


def predicted_cells(points):
    """`{(series, minute): statistics}` of data points as `explain --json` prints them."""
    parts = {}
    for point in points:
        key = (series_of(point), point["timestamp"] // MINUTE_MS)
        parts.setdefault(key, []).append(_of_point(point))
    return {key: {**joined(*found), "Parts": [[part["SampleCount"], part["Sum"]] for part in found]} for key, found in parts.items()}


def _of_point(point):
    """The statistics of one data point, which may hold an array, a distribution or a statistic set."""
    if "statistics" in point:
        found = point["statistics"]
        return {"SampleCount": found["count"], "Sum": found["sum"], "Minimum": found["min"], "Maximum": found["max"]}
    counts = point.get("counts") or [1] * len(point["values"])
    return {
        "SampleCount": sum(counts), "Sum": math.fsum(value * count for value, count in zip(point["values"], counts, strict=True)),
        "Minimum": min(point["values"]), "Maximum": max(point["values"]),
    }  # fmt: skip


@dataclass(frozen=True)
class Difference:
    """A cell that is not as predicted."""

    kind: str  # lost, late, repeated, extra, unequal
    series: tuple
    minute: int
    detail: str


def same(left, right):
    return all(_equal(left[s], right[s]) for s in STATISTICS)


def _equal(left, right):
    return math.isclose(left, right, rel_tol=TOLERANCE, abs_tol=TOLERANCE)


def joined(*found):
    """Several cells in one."""
    return {
        "SampleCount": sum(one["SampleCount"] for one in found), "Sum": math.fsum(one["Sum"] for one in found),
        "Minimum": min(one["Minimum"] for one in found), "Maximum": max(one["Maximum"] for one in found),
    }  # fmt: skip


def _change(predicted, observed):
    """The samples and the sum that a cell has beyond the prediction."""
    return [(observed or {}).get(name, 0) - (predicted or {}).get(name, 0) for name in ("SampleCount", "Sum")]


def _is_part(change, cell, sign):
    """Whether a change equals one line's contribution, added (1) or missing (-1), or a multiple of all lines together."""
    count, total = change[0] * sign, change[1] * sign
    if not cell or count <= 0:
        return False
    parts = [*cell["Parts"], *([times * cell["SampleCount"], times * cell["Sum"]] for times in (1, 2, 3))]
    return any(_equal(count, part[0]) and _equal(total, part[1]) for part in parts)


def differences(predicted, observed):
    """Every cell that differs, explained by whole lines if it can be: lost, late by a minute, delivered more than once."""
    found, explained = [], set()
    for key in sorted(set(predicted) | set(observed)):
        series, minute = key
        here, there, following = predicted.get(key), observed.get(key), (series, minute + 1)
        if key in explained or (here and there and same(here, there)):
            continue
        change = _change(here, there)
        if _is_part(change, here, -1):
            after = _change(predicted.get(following), observed.get(following))
            if all(_equal(a, -b) for a, b in zip(after, change, strict=True)):
                found.append(Difference("late", series, minute, f"{-change[0]:g} samples are in the next minute"))
                explained.add(following)
            else:
                found.append(Difference("lost", series, minute, f"{-change[0]:g} of {here['SampleCount']:g} samples"))
        elif _is_part(change, here, 1):
            found.append(Difference("repeated", series, minute, f"{change[0]:g} of {here['SampleCount']:g} samples more than once"))
        elif there and not here:
            found.append(Difference("extra", series, minute, f"not predicted: {_short(there)}"))
        else:
            found.append(Difference("unequal", series, minute, f"predicted {_short(here)}, found {_short(there) if there else 'nothing'}"))
    return found


def _short(cell):
    return ", ".join(f"{name} {cell[name]:g}" for name in STATISTICS)


def fetch(run, series, begin_ms, end_ms):
    """`{(series, minute): statistics}` as CloudWatch has them, of these series, in full minutes."""
    wanted = [(one, statistic) for one in sorted(series) for statistic in STATISTICS]
    found = {}
    for start in range(0, len(wanted), 500):
        batch = wanted[start : start + 500]
        queries = [
            {
                "Id": f"m{number}", "ReturnData": True,
                "MetricStat": {
                    "Metric": {
                        "Namespace": namespace, "MetricName": metric,
                        "Dimensions": [{"Name": name, "Value": value} for name, value in dimensions],
                    },
                    "Period": 60, "Stat": statistic,
                },
            }
            for number, ((namespace, metric, dimensions), statistic) in enumerate(batch)
        ]  # fmt: skip
        results = run.aws.pages(
            "cloudwatch", "GetMetricData", "MetricDataResults", MetricDataQueries=queries,
            StartTime=begin_ms // 1000, EndTime=end_ms // 1000, ScanBy="TimestampAscending",
        )  # fmt: skip
        for result in results:
            one, statistic = batch[int(result["Id"][1:])]
            for moment, value in zip(result["Timestamps"], result["Values"], strict=True):
                found.setdefault((one, int(moment.timestamp()) // 60), {})[statistic] = value
    return {key: cell for key, cell in found.items() if len(cell) == len(STATISTICS)}


def as_json(cells):
    return [[list(series), minute, cell] for (series, minute), cell in sorted(cells.items())]


def from_json(rows):
    return {((series[0], series[1], tuple(map(tuple, series[2]))), minute): cell for series, minute, cell in rows}
