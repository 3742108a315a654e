"""The report: JSON for programs, Markdown and one HTML file for people."""

import json
import platform
import re
from datetime import UTC, datetime
from pathlib import Path

import boto3

from kit.experiments import EXPERIMENTS
from kit.reporting.html import html
from kit.reporting.markdown import markdown
from kit.reporting.plot import growth_plot

REPORT_VERSION = 1
MASK = "123456789012"
TOP = Path(__file__).resolve().parents[4]


def program_version():
    return re.search(r'^version = "([^"]+)"', (TOP / "Cargo.toml").read_text(), re.MULTILINE)[1]


def content(run, verdicts, left):
    """The report as data; the schema is report.schema.json. `left` is None while `down` has not run."""
    by_id = {experiment.id: experiment for experiment in EXPERIMENTS}
    report = {
        "version": REPORT_VERSION, "id": run.state.id, "rehearsal": run.rehearsal, "region": run.region,
        "date": datetime.fromtimestamp(run.clock.now(), UTC).strftime("%Y-%m-%d"),
        "versions": {"ecs-clock-emf": program_version(), "boto3": boto3.__version__, "python": platform.python_version(), **run.tools.commit()},
        "experiments": [
            {
                "id": name, "question": by_id[name].question, "rule": by_id[name].rule, "verdict": verdict.verdict,
                "summary": verdict.summary, "findings": list(verdict.findings),
                "table": [[str(cell) for cell in row] for row in verdict.table],
            }
            for name, verdict in verdicts.items()
        ],
        "not_requested": [experiment.id for experiment in EXPERIMENTS if experiment.id not in verdicts],
        "failures": [{"step": step, "reason": reason} for step, reason in run.state.failures.items()],
        "notes": list(run.notes), "left_behind": left,
    }  # fmt: skip
    # The account's number is private; the report is meant to be shown.
    return json.loads(json.dumps(report).replace(run.options.account, MASK))


def write_report(run, verdicts, left):
    """Writes `report.json`, `report.md` and `report.html`, and the evidence beside them; returns the Markdown's path."""
    folder = run.artifacts
    report = content(run, verdicts, left)
    for name, evidence in run.state.evidence.items():
        (folder / f"{name}.json").write_text(json.dumps(evidence).replace(run.options.account, MASK))
    pictures = [[title, folder / name] for title, name, _ in run.state.evidence.get("K16", {}).get("pictures", []) if (folder / name).exists()]
    plot = growth_plot(run.state.evidence["K8"]["documents"]) if "K8" in run.state.evidence else None
    if plot:
        (folder / "K8.svg").write_text(plot)
    (folder / "report.json").write_text(json.dumps(report, indent=2) + "\n")
    (folder / "report.html").write_text(html(report, plot, pictures))
    path = folder / "report.md"
    path.write_text(markdown(report, bool(plot), [[title, picture.name] for title, picture in pictures]))
    return path
