"""The report as one HTML file, without scripts and without anything from elsewhere."""

import base64
import re
from html import escape

from kit.reporting.markdown import MARKS, REHEARSAL, cleanup, sentence

STYLE = """
:root { color-scheme: light dark; --good: #1a7f37; --bad: #b42318; --fact: #1f5fbf; --none: #6b6b6b; --line: #8884 }
@media (prefers-color-scheme: dark) { :root { --good: #57c46f; --bad: #ff8377; --fact: #79aefc; --none: #a5a5a5 } }
body { font: 16px/1.5 system-ui, "DejaVu Sans", sans-serif; max-width: 68rem; margin: 2rem auto; padding: 0 1rem }
h1 { font-size: 1.6rem; line-height: 1.25 } h2 { font-size: 1.15rem; margin-top: 2.5rem; padding-top: 1rem; border-top: 1px solid var(--line) }
table { border-collapse: collapse; width: 100%; font-size: .92rem } th, td { overflow-wrap: anywhere; text-align: left; vertical-align: top; padding: .3rem .6rem .3rem 0 }
tr { border-bottom: 1px solid var(--line) } td:first-child { white-space: nowrap; overflow-wrap: normal }
.wide td:first-child { white-space: normal; overflow-wrap: anywhere }
.verdict { white-space: nowrap; font-weight: 600 } .as-claimed { color: var(--good) } .refuted { color: var(--bad) }
.measured { color: var(--fact) } .not-measured { color: var(--none) } .rule { color: var(--none) }
.pictures { display: flex; flex-wrap: wrap; gap: 1rem } .pictures figure { flex: 1 1 26rem; max-width: 34rem } .pictures img { width: 100%; border: 1px solid var(--line) }
figure { margin: 0 } figcaption { font-size: .9rem } svg { max-width: 100%; height: auto } code { font-size: .92em }
@media print { body { max-width: none } h2 { break-after: avoid } figure, tr { break-inside: avoid } }
"""


def html(report, plot, pictures):
    """`pictures`: title and path of each PNG."""
    version = report["versions"]["ecs-clock-emf"]
    parts = [
        '<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">',
        f"<title>Acceptance of ecs-clock-emf {escape(version)}</title><style>{STYLE}</style></head><body><main>",
        f"<h1>Acceptance of ecs-clock-emf {escape(version)} on AWS</h1>",
        f"<p>Region {escape(report['region'])}, {report['date']}, run {report['id']}. "
        + escape(", ".join(f"{name} {value}" for name, value in report["versions"].items())) + ".</p>",
        f"<p>{_text(REHEARSAL)}</p>" if report["rehearsal"] else "",
        f"<p><strong>{escape(sentence(report))}</strong> {_text(cleanup(report))}</p>", _overview(report),
    ]  # fmt: skip
    if report["not_requested"]:
        parts.append(f"<p>Not requested: {', '.join(report['not_requested'])}.</p>")
    if report["failures"]:
        items = "".join(f"<li><strong>{escape(f['step'])}</strong>: {_text(f['reason'])}</li>" for f in report["failures"])
        parts.append(f"<h2>What failed</h2><ul>{items}</ul>")
    for experiment in report["experiments"]:
        parts.append(_section(experiment))
        if experiment["id"] == "K8" and plot:
            parts.append(f"<figure>{plot}<figcaption>The bound over time, and over the age of its reference.</figcaption></figure>")
        if experiment["id"] == "K16" and pictures:
            images = "".join(
                f'<figure><img alt="{escape(title)}" src="data:image/png;base64,{base64.b64encode(path.read_bytes()).decode()}">'
                f"<figcaption>{escape(title)}</figcaption></figure>" for title, path in pictures
            )  # fmt: skip
            parts.append(f'<div class="pictures">{images}</div>')
    parts += [f"<p>{_text(note)}</p>" for note in report["notes"]]
    return "\n".join(parts) + "\n</main></body></html>\n"


def _verdict(experiment):
    verdict = experiment["verdict"]
    return f'<span class="verdict {verdict.replace(" ", "-")}">{MARKS[verdict]} {verdict}</span>'


def _overview(report):
    rows = "".join(
        f'<tr><td><a href="#{e["id"]}">{e["id"]}</a></td><td>{_text(e["question"])}</td><td>{_verdict(e)}</td><td>{_text(e["summary"])}</td></tr>'
        for e in report["experiments"]
    )
    return f"<table><thead><tr><th></th><th>Question</th><th>Verdict</th><th>What was found</th></tr></thead><tbody>{rows}</tbody></table>"


def _section(experiment):
    parts = [
        f'<h2 id="{experiment["id"]}">{experiment["id"]}: {_text(experiment["question"])}</h2>',
        f"<p>{_verdict(experiment)}: {_text(experiment['summary'])}</p>", f'<p class="rule">Rule: {_text(experiment["rule"])}</p>',
    ]  # fmt: skip
    if experiment["findings"]:
        parts.append("<ul>" + "".join(f"<li>{_text(finding)}</li>" for finding in experiment["findings"]) + "</ul>")
    if len(experiment["table"]) > 1:
        head, *rows = experiment["table"]
        cells = "".join(f"<th>{_text(cell)}</th>" for cell in head)
        body = "".join("<tr>" + "".join(f"<td>{_text(cell)}</td>" for cell in row) + "</tr>" for row in rows)
        parts.append(f'<table class="wide"><thead><tr>{cells}</tr></thead><tbody>{body}</tbody></table>')
    return "\n".join(parts)


def _text(text):
    """Text with `code` and **strong** as in Markdown."""
    text = re.sub(r"`([^`]+)`", r"<code>\1</code>", escape(str(text)))
    return re.sub(r"\*\*([^*]+)\*\*", r"<strong>\1</strong>", text)
