"""K4: each saved query runs, and its rows are those of the model under one and the same reading of the documents."""

import json
import math
from datetime import UTC, datetime

from kit import model
from kit.errors import KitError
from kit.experiments.base import AS_CLAIMED, MEASURED, REFUTED, Experiment, Verdict, plural
from kit.player import stream_of, task_id

FAILED = {"Failed", "Cancelled", "Timeout"}
# What a query of the kit settles beyond the saved ones. `{wide}` is an event with more than 200 fields.
EXTRA = {
    "`_aws.Timestamp`": "filter ispresent(`_aws.Timestamp`) | stats count(*) as Events",
    "array items": "filter ispresent(ClockErrorBound.0) | stats count(*) as Events",
    "nulls in by": "filter ispresent(ClockSource) | stats count(*) as Events by ReadErrorKind",
    "latest() of an absent field": "filter ispresent(ClockSource) | stats latest(ReadErrorKind) as Kind by @logStream",
    "200 fields": "filter ispresent(F150) | stats count(F150) as Early, count(F240) as Late",
}
# Logs Insights rounds averages and percentiles, and does not say how it interpolates percentiles.
ROUNDED, INTERPOLATED = 1e-3, 0.25


class Queries(Experiment):
    id = "K4"
    question = "Does each saved query run, and is its answer that of the model?"
    rule = "The rows of every query are equal under one and the same reading of the documents."
    phase = "drill"
    needs_player = True

    def collect(self, run):
        wide = self._write_wide(run)
        yield from run.player_done()
        group = run.group("bad")
        begin_s, end_s = wide // 1000 - 60, int(run.clock.now())
        events = run.events(group, begin_s * 1000, final=True)
        definitions = run.aws.pages(
            "logs", "DescribeQueryDefinitions", "queryDefinitions", token=("nextToken", "nextToken"),
            queryDefinitionNamePrefix=f"clock/{run.drill_cluster}/bad/",
        )  # fmt: skip
        queries = {q["name"].rpartition("/")[2]: q["queryString"] for q in definitions}
        if not queries:
            raise KitError("the stack has no saved query: logs:DescribeQueryDefinitions lists none")
        answers = {}
        for name, query in [*queries.items(), *EXTRA.items()]:
            asked_ms = run.clock.now_ms()
            answers[name] = {"query": query, "asked": asked_ms, **(yield from run_query(run, group, query, begin_s, end_s))}
        return {"events": [e for e in events if e["timestamp"] < end_s * 1000], "answers": answers, "extra": list(EXTRA), "wide": wide}

    @staticmethod
    def _write_wide(run):
        """One EMF line with 250 further fields, in a separate stream."""
        group, stream = run.group("bad"), stream_of("bad", "steady")
        run.create_stream(group, stream)
        now_ms = run.clock.now_ms()
        root = {f"F{number:03}": number for number in range(250)}
        run.put_events(group, stream, [{"timestamp": now_ms, "message": json.dumps(root)}])
        return now_ms

    def judge(self, evidence):
        events = model.log_events(evidence["events"])
        readings = {str(reading): reading for reading in model.SEMANTICS}
        agreeing, rows, failed = set(readings), [["query", "rows", "equal under"]], []
        for name, answer in evidence["answers"].items():
            if answer["status"] != "Complete":
                failed.append(f"{name}: {answer['status']} {answer.get('error', '')}".strip())
                rows.append([name, "-", "it did not run"])
                continue
            if name == "200 fields":
                continue
            equal = [text for text, reading in readings.items() if agrees(answer, events, reading)]
            rows.append([name, len(answer["rows"]), _names(equal, readings)])
            agreeing &= set(equal)
            if not equal:
                failed.append(f"{name}: {plural(len(answer['rows']), 'row')} of another kind than the model's")
        findings = [*failed, *_settled(evidence)]
        saved = len(evidence["answers"]) - len(evidence["extra"])
        if any(entry.split(":")[0] not in evidence["extra"] for entry in failed):
            return Verdict(REFUTED, f"{plural(len(failed), 'query')} of {saved} did not answer as the model does".replace("querys", "queries"), findings, rows)
        if not agreeing:
            return Verdict(REFUTED, "each query agrees with the model, but no reading agrees with all of them", findings, rows)
        summary = f"all {saved} saved queries agree with the model under: {_names(sorted(agreeing), readings)}"
        # The shipped queries hold under every reading, so the right one is a finding, not a claim.
        return Verdict(MEASURED if failed else AS_CLAIMED, summary, findings, rows)


def run_query(run, group, query, begin_s, end_s):
    """Yields until a query has ended; `{"status", "rows"}`."""
    try:
        started = run.aws.call("logs", "StartQuery", logGroupName=group, startTime=begin_s, endTime=end_s, queryString=query)
    except Exception as error:
        if getattr(error, "code", "") != "MalformedQueryException":
            raise
        return {"status": "Refused", "error": str(error), "rows": []}
    deadline = run.clock.now() + 120
    while True:
        answer = run.aws.call("logs", "GetQueryResults", queryId=started["queryId"])
        if answer["status"] == "Complete":
            rows = [{f["field"]: f["value"] for f in row if f["field"] != "@ptr"} for row in answer["results"]]
            return {"status": "Complete", "rows": rows}
        if answer["status"] in FAILED or run.clock.now() > deadline:
            return {"status": answer["status"], "rows": []}
        yield 2


def agrees(answer, events, reading):
    """Whether the rows are those of the model, in any order, within what Logs Insights rounds."""
    try:
        expected = model.insights.run(answer["query"], events, answer["asked"], reading)
    except model.QueryFault:
        return False
    slack = 60 if "now()" in answer["query"] else 0
    expected = sorted(({k: v for k, v in row.items() if v is not None} for row in expected), key=_row_key)
    found = sorted(answer["rows"], key=_row_key)
    return len(expected) == len(found) and all(_same_row(a, b, answer["query"], slack) for a, b in zip(expected, found, strict=True))


def _row_key(row):
    texts = [str(row[k]) for k in sorted(row) if isinstance(row[k], str) and _as_number(row[k]) is None]
    return texts, sorted(_as_number(v) for v in row.values() if _as_number(v) is not None)


def _as_number(value):
    if isinstance(value, model.insights.Moment):
        return float(value.ms)
    try:
        return float(value)
    except (TypeError, ValueError):
        pass
    try:
        return datetime.fromisoformat(value).replace(tzinfo=UTC).timestamp() * 1000
    except (TypeError, ValueError):
        return None


def _same_row(expected, found, query, slack):
    if set(expected) != set(found):
        return False
    for name, value in expected.items():
        left, right = _as_number(value), _as_number(found[name])
        if left is None or right is None:
            if str(value) != str(found[name]):
                return False
        elif not math.isclose(left, right, rel_tol=INTERPOLATED if f") as {name}" in query and "pct(" in query else 1e-6, abs_tol=slack + ROUNDED):
            return False
    return True


def _names(texts, readings):
    """Describes readings in words, without the options that make no difference among them."""
    if len(texts) == len(readings):
        return "every reading"
    chosen = [readings[text] for text in texts]
    parts = []
    if len({reading.latest_skips_null for reading in chosen}) == 1:
        parts.append(f"latest() {'skips' if chosen[0].latest_skips_null else 'keeps'} nulls")
    if len({reading.nulls_first for reading in chosen}) == 1:
        parts.append(f"nulls sort {'first' if chosen[0].nulls_first else 'last'}")
    return ", ".join(parts) or "none"


def _settled(evidence):
    """What the kit's own queries settle, in sentences."""
    answers, found = evidence["answers"], []

    def rows(name):
        return answers[name]["rows"] if answers[name]["status"] == "Complete" else []

    for name in ("`_aws.Timestamp`", "array items"):
        events = float(rows(name)[0].get("Events", 0)) if rows(name) else 0
        found.append(f"{name}: {'discovered' if events else 'not discovered'}")
    nulls = any("ReadErrorKind" not in row or row["ReadErrorKind"] == "" for row in rows("nulls in by"))
    found.append(f"nulls in by: {'rows without the field are a group' if nulls else 'rows without the field are left out'}")
    kinds = [row.get("Kind") for row in rows("latest() of an absent field") if row["@logStream"].endswith(task_id("bad/bad-1"))]
    found.append(f"latest() of an absent field: {'it skips events without the field' if any(kinds) else 'it is empty if the newest event lacks the field'}")
    wide = rows("200 fields")
    late = float(wide[0].get("Late", 0)) if wide else 0
    found.append("200 fields: " + ("no answer" if not wide else "a field beyond the 200th is discovered too" if late else "only the first 200 are discovered"))
    return found
