"""The figures for which the project has a goal, taken from the other tables."""

from . import row
from .asking import CLIENTS_SECTION
from .row import SAMPLE, Row

SECTION = "figures with a goal"


def rows(measured, tools):
    def figure(section, what, column):
        return next(row for row in measured if section in row.section and row.what == what).figures.get(column)

    def times(one, other):
        one, other = (figure(SAMPLE, what, row.PROCESSOR_TIME) for what in (one, other))
        return one / other if one and other else None

    most = "1,000"
    at_100_ms, at_1_s = (times(f"sidecar, {interval}", f"reqwest loop, {interval}") for interval in ("100 ms", "1 s"))
    goals = {
        "resident memory, kB": (figure(SAMPLE, "sidecar, 10 s", row.RESIDENT), "≤ 2,600"),
        "resident memory with listen and segment, kB": (
            figure(SAMPLE, "sidecar with listen and segment, 10 s", row.RESIDENT), "≤ 2,900",
        ),
        "processor time of a sample at 100 ms, times the reqwest loop": (at_100_ms, "≤ 1"),
        "processor time of a sample at 1 s, times the reqwest loop": (at_1_s, "≤ 1"),
        "wake-ups for a sample at 100 ms": (figure(SAMPLE, "sidecar, 100 ms", row.WAKE_UPS), "≤ 2.2"),
        "explain, instructions for an EMF line": (figure(" EMF lines", "explain", row.INSTRUCTIONS_A_LINE), "≤ 45,000"),
        "explain, instructions for a JSON line that is not EMF": (
            figure(" JSON lines", "explain", row.INSTRUCTIONS_A_LINE), "≤ 5,500",
        ),
        f"good answers of /clock a second, {most} clients": (figure(CLIENTS_SECTION, most, row.GOOD_A_SECOND), "≥ 15,000"),
        f"requests that were refused or failed, {most} clients": (figure(CLIENTS_SECTION, most, row.FAILED), "0"),
        "the static binary, bytes": (tools.sidecar.stat().st_size, "≤ 3,500,000"),
        "processor time of the AWS sample's way, times the sidecar at 10 s": (
            times(row.AWS_SAMPLE, "sidecar, 10 s"), "≥ 1,000",
        ),
    }  # fmt: skip
    return [Row(SECTION, what, {"measured": value, "goal": goal}) for what, (value, goal) in goals.items()]
