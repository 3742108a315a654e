"""A model of Metrics Insights: the one form of query that the shipped alarms and widgets have, and its series.

`SELECT FUNCTION(metric) FROM SCHEMA("namespace", dimension, …) GROUP BY dimension, … ORDER BY FUNCTION() ASC|DESC [LIMIT n]`.
SCHEMA takes the metrics with exactly these dimensions. Here each group is one metric, so a group's value in a period is a
statistic of that metric. A query reads at most 10,000 metrics and returns at most 500 series; of more it is not known which, and
the alarm says PARTIAL_DATA.
"""

import re
from dataclasses import dataclass

MOST_METRICS, MOST_SERIES = 10_000, 500
STATISTICS = {"AVG": "Average", "COUNT": "SampleCount", "MAX": "Maximum", "MIN": "Minimum", "SUM": "Sum"}
FORM = re.compile(
    r'SELECT (?P<function>[A-Z]+)\((?P<metric>\w+)\) FROM SCHEMA\("(?P<namespace>[^"]+)"(?P<dimensions>(?:, \w+)+)\) '
    r"GROUP BY (?P<groups>\w+(?:, \w+)*) ORDER BY (?P=function)\(\) (?P<order>ASC|DESC)(?: LIMIT (?P<limit>\d+))?"
)


@dataclass(frozen=True)
class Select:
    """A parsed query. Its groups are its dimensions: nothing is summed up over services."""

    function: str
    metric: str
    namespace: str
    dimensions: tuple
    order: str
    limit: int | None

    @property
    def statistic(self):
        return STATISTICS[self.function]

    def series(self, keys):
        """The `(namespace, metric, dimensions)` that the query selects, each a separate series."""
        taken = [
            key for key in keys
            if key[:2] == (self.namespace, self.metric) and {name for name, _ in key[2]} == set(self.dimensions)
        ]  # fmt: skip
        if len(taken) > MOST_SERIES:
            raise ValueError(f"PARTIAL_DATA: {len(taken)} series, {MOST_SERIES} are returned")
        return sorted(taken, key=lambda key: sorted(key[2]))


def parse_select(text):
    """A query of the form above; ValueError for any other."""
    match = FORM.fullmatch(text)
    if not match or match["function"] not in STATISTICS:
        raise ValueError(f"a query of another form: {text}")
    dimensions = tuple(match["dimensions"].lstrip(", ").split(", "))
    if tuple(match["groups"].split(", ")) != dimensions:
        raise ValueError(f"groups other than its dimensions: {text}")
    limit = match["limit"] and int(match["limit"])
    return Select(match["function"], match["metric"], match["namespace"], dimensions, match["order"], limit)
