"""The commands, functions and periods of Logs Insights, as the CloudWatch Logs user guide lists them.

The lists are those of the pages "CloudWatch Logs Insights language query syntax", "stats" and "Boolean, comparison, numeric,
datetime, and other functions". A name that is not here is a typing error or an invention, which no offline tool would notice.
"""

import re

COMMANDS = {
    "anomaly", "dedup", "diff", "display", "fields", "filter", "filterIndex", "join", "limit", "lookup", "parse", "pattern", "sort",
    "source", "stats", "unmask", "unnest",
}  # fmt: skip

# How many arguments each takes, at least and at most (None: any number).
AGGREGATES = {
    "avg": (1, 1), "count": (0, 1), "count_distinct": (1, 1), "max": (1, 1), "min": (1, 1), "pct": (2, 2), "stddev": (1, 1),
    "sum": (1, 1), "earliest": (1, 1), "latest": (1, 1), "sortsFirst": (1, 1), "sortsLast": (1, 1),
}  # fmt: skip
FUNCTIONS = {
    # numeric
    "abs": (1, 1), "ceil": (1, 1), "floor": (1, 1), "greatest": (1, None), "least": (1, None), "log": (1, 1), "sqrt": (1, 1),
    # datetime
    "bin": (1, 1), "datefloor": (2, 2), "dateceil": (2, 2), "fromMillis": (1, 1), "toMillis": (1, 1), "now": (0, 0),
    # general
    "ispresent": (1, 1), "coalesce": (1, None),
    # JSON
    "jsonParse": (1, 1), "jsonStringify": (1, 1),
    # IP addresses
    "isValidIp": (1, 1), "isValidIpV4": (1, 1), "isValidIpV6": (1, 1), "isIpInSubnet": (2, 2), "isIpv4InSubnet": (2, 2),
    "isIpv6InSubnet": (2, 2),
    # strings
    "isempty": (1, 1), "isblank": (1, 1), "concat": (1, None), "ltrim": (1, 2), "rtrim": (1, 2), "trim": (1, 2), "strlen": (1, 1),
    "toupper": (1, 1), "tolower": (1, 1), "substr": (2, 3), "replace": (3, 3), "strcontains": (2, 2),
}  # fmt: skip

# A number up to what makes the next unit, and the unit: `300s` is refused, `5m` is taken.
PERIOD_LIMITS = {"ms": 1000, "s": 60, "m": 60, "h": 24, "d": 7, "w": 52}
PERIOD_MS = {"ms": 1, "s": 1000, "m": 60_000, "h": 3_600_000, "d": 86_400_000, "w": 7 * 86_400_000}

MOST_ROWS = 10_000  # also without `limit`
MOST_STATS = 2
DISCOVERED_FIELDS = 200


class QueryFault(ValueError):
    """Logs Insights would reject the query, or its behaviour is not documented."""


def period_ms(text):
    """The length of a period such as `5m`."""
    match = re.fullmatch(r"(\d+)(ms|s|m|h|d|w)", text)
    if not match or not 1 <= int(match[1]) < PERIOD_LIMITS[match[2]]:
        raise QueryFault(f"{text} is not a period: a number below that of the next unit, and ms, s, m, h, d or w")
    return int(match[1]) * PERIOD_MS[match[2]]


def check_call(name, count, aggregate):
    """Whether a function exists, is allowed here, and has a valid number of arguments."""
    known = AGGREGATES if aggregate else FUNCTIONS
    if name not in known:
        # Both are documented with this spelling; the others are known by exactly one.
        if name.lower() not in {"ispresent"}:
            raise QueryFault(f"no such {'aggregate' if aggregate else 'function'}: {name}")
        name = "ispresent"
    least, most = known[name]
    if count < least or (most is not None and count > most):
        raise QueryFault(f"{name} takes {least} to {most or 'any number of'} arguments, got {count}")
