"""The tables of alarms, queries and cost say what the templates have and what the formula gives."""

import re

import pytest
from cfn import TOP, Deployment

COMPARISONS = {
    "GreaterThanThreshold": ">",
    "GreaterThanOrEqualToThreshold": ">=",
    "LessThanThreshold": "<",
    "LessThanOrEqualToThreshold": "<=",
}
MINUTES_A_MONTH = 43_800


@pytest.fixture(scope="module")
def stack():
    return Deployment().observability


def table(document, heading):
    """The rows of the first table below a heading of a document, without head and backticks."""
    section = (TOP / document).read_text().split(f"\n## {heading}\n", 1)[1].split("\n## ", 1)[0]
    lines = [line for line in section.splitlines() if line.startswith("|")]
    rows = [[cell.strip() for cell in line.replace("`", "").strip("|").split("|")] for line in lines]
    return rows[2:]


def test_every_alarm_is_told_as_it_is(stack):
    told = {}
    for name, *row in table("sam/README.md", "Alarms"):
        told[name.removeprefix("…")] = row
    alarms = stack.resources("AWS::CloudWatch::Alarm").values()
    composite, = stack.resources("AWS::CloudWatch::CompositeAlarm").values()
    names = [alarm["AlarmName"] for alarm in [*alarms, composite]]
    assert sorted(told) == sorted("-clock" + name.rpartition("-clock")[2] for name in names)
    for alarm in alarms:
        metric, statistic, condition, m_of_n, missing = told["-clock" + alarm["AlarmName"].rpartition("-clock")[2]]
        assert (metric, statistic, missing) == (alarm["MetricName"], alarm["Statistic"], alarm["TreatMissingData"])
        assert m_of_n == f"{alarm['DatapointsToAlarm']} of {alarm['EvaluationPeriods']}"
        comparison, *rest = condition.split(" ")
        assert comparison == COMPARISONS[alarm["ComparisonOperator"]]
        threshold, = re.findall(r"[\d.]+", " ".join(rest))
        assert float(threshold) == float(alarm["Threshold"]), "the default threshold"
        assert alarm["Period"] == 60


def test_every_query_is_told(stack):
    names = [query["Name"].rpartition("/")[2] for query in stack.resources("AWS::Logs::QueryDefinition").values()]
    told = table("sam/README.md", "Saved queries")
    assert sorted(name for name, _ in told) == sorted(names)
    assert all(answer.endswith("?") for _, answer in told)


@pytest.mark.parametrize("column, tasks", [(2, 100), (3, 10_000)])
def test_the_costs_are_those_of_the_formula(column, tasks):
    rows = table("src/program/README.md", "Cost")
    put, emf = rows[:2], rows[2:]
    for row, calls_a_minute in zip(put, [1, 60], strict=True):
        cost = tasks * 0.30 + tasks * calls_a_minute * MINUTES_A_MONTH / 1000 * 0.01
        assert row[column] == f"{cost:,.2f}"
    for row in emf:
        gigabytes = tasks * MINUTES_A_MONTH * int(row[1]) / 1e9
        assert row[column] == f"{3 * 0.30 + gigabytes * 0.50:,.2f}"
