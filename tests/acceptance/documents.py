"""Rewrites what the READMEs state about AWS, from a report: `tests/run verified FILE`.

This writes the paragraphs between `<!-- aws -->` and `<!-- /aws -->`. Without a report they state that nothing has run on AWS.
`<!-- claim: K10 -->` is placed before a paragraph that claims the result of an experiment. If the report refutes the claim, it has
to be changed by hand, so this fails and names the line.
"""

import json
import re
import sys
import textwrap
from pathlib import Path

HERE = Path(__file__).resolve().parent
TOP = HERE.parents[1]
# The report that the documents were written from; it is committed with them.
REPORT = HERE / "report.json"
BEGIN, END = "<!-- aws -->", "<!-- /aws -->"
VERIFY = "`make -C sam verify`"

# What only an account can show, and the experiments that show it.
TOPICS = {
    "a deployment": ("K0",),
    "the extraction of metrics": ("K1", "K2", "K3"),
    "the saved queries in Logs Insights": ("K4",),
    "the states of the alarms, their warm-up and their messages": ("K5", "K6"),
    "the alarms for single tasks": ("K7",),
    "how often Fargate's endpoint refreshes `ClockDrift`, and whether its bound grows with age": ("K8",),
    "the endpoint of Fargate": ("K9",),
    "the NTP address from Fargate": ("K10",),
    "a shared volume on Fargate": ("K11",),
    "Fargate's log driver": ("K12",),
    "what keeps a task from starting": ("K13",),
    "`ClockDrift` on Windows": ("K14",),
    "the dashboard and the Insights rule": ("K16",),
    "the rollback by deployment alarms": ("K17",),
}
SAM_TOPICS = (
    "a deployment", "the saved queries in Logs Insights", "the states of the alarms, their warm-up and their messages",
    "the alarms for single tasks", "the dashboard and the Insights rule", "the rollback by deployment alarms",
)  # fmt: skip
# The path from a document to the kit's README.
KIT = {"tests/README.md": "acceptance/README.md", "sam/README.md": "../tests/acceptance/README.md"}
# What no run of the kit can show.
NEVER = {
    "tests/README.md": "Nor: a Windows image; Windows itself (Wine 8 stands in for it); a step of a real machine's clock (libfaketime "
                       "stands in for it); the workflows for release and for each night.",
    "sam/README.md": "The queries hold for every reading of what the documents leave open: what `latest()` makes of an event without the "
                     "field, and where nulls are sorted. Most in doubt is how a log alarm joins `QueryString` and `AggregationExpression`.",
}  # fmt: skip


def paragraph(document, report):
    """The paragraph of a document."""
    if document == "README.md":
        return wrapped(first_screen(report))
    topics = TOPICS if document == "tests/README.md" else {topic: TOPICS[topic] for topic in SAM_TOPICS}
    return "\n\n".join(wrapped(text) for text in [*statements(topics, report, KIT[document]), NEVER[document]])


def first_screen(report):
    link = "[What was verified, and how](tests/README.md#what-was-verified-and-what-was-not)."
    if report is None:
        return f"**Nothing has run on AWS yet.** {VERIFY} measures it [in your account](tests/acceptance/README.md). {link}"
    counts = {kind: sum(e["verdict"] == kind for e in report["experiments"]) for kind in ("as claimed", "measured", "refuted", "not measured")}
    found = ", ".join(f"{count} {kind}" for kind, count in counts.items() if count)
    return f"**Measured on AWS** ({report['region']}, {report['date']}, version {report['versions']['ecs-clock-emf']}): {found}. {link}"


def statements(topics, report, kit):
    """What was verified, what was measured, what is refuted, what is not verified; each a text."""
    if report is None:
        return [f"Not verified, since it needs an AWS account ({VERIFY} [finds out]({kit})): {'; '.join(topics)}."]
    verdicts = {e["id"]: e for e in report["experiments"]}
    found = {"as claimed": [], "measured": [], "refuted": [], "not measured": []}
    for topic, ids in topics.items():
        kinds = [verdicts[id]["verdict"] if id in verdicts else "not measured" for id in ids]
        kind = next((k for k in ("refuted", "not measured", "measured") if k in kinds), "as claimed")
        facts = [verdicts[id]["summary"] for id, k in zip(ids, kinds, strict=True) if k == kind and k in ("measured", "refuted")]
        found[kind].append(f"{topic} ({', '.join(ids)}{': ' + '; '.join(facts) if facts else ''})")
    where = f"{report['region']}, {report['date']}, version {report['versions']['ecs-clock-emf']}, by {VERIFY}"
    texts = {
        "as claimed": f"Verified on AWS ({where}): {{}}.", "measured": "Measured there: {}.", "refuted": "**Refuted there:** {}.",
        "not measured": "Not verified, since it was not measured on AWS: {}.",
    }  # fmt: skip
    return [texts[kind].format("; ".join(topics)) for kind, topics in found.items() if topics]


def wrapped(text):
    """Text of at most 120 columns, whose links and code are not broken."""
    whole = re.sub(r"\[[^\]]*\]\([^)]*\)\S*|`[^`]*`", lambda match: match[0].replace(" ", "\0"), text)
    return textwrap.fill(whole, 120, break_long_words=False, break_on_hyphens=False).replace("\0", " ")


def rewritten(document, text, report):
    """The document's text with its paragraph as the report has it."""
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"{document} has no paragraph between {BEGIN} and {END}")
    return f"{before}{BEGIN}\n{paragraph(document, report)}\n{END}{after}"


def refuted_claims(documents, report):
    """`file:line: …` of each claim that the report refutes."""
    refuted = {e["id"]: e["summary"] for e in report["experiments"] if e["verdict"] == "refuted"}
    return [
        f"{document}:{number}: this claims what {id} refutes: {refuted[id]}"
        for document, text in documents.items() for number, line in enumerate(text.splitlines(), 1)
        for id in re.findall(r"K\d+", "".join(re.findall(r"<!-- claim: ([K\d ]+) -->", line))) if id in refuted
    ]  # fmt: skip


def claiming_documents():
    """Every README, by its path in the repository."""
    found = [path for path in TOP.glob("**/README.md") if not {"target", "node_modules", ".venv", "runs"} & set(path.relative_to(TOP).parts)]
    return {path.relative_to(TOP).as_posix(): path.read_text() for path in sorted(found)}


def main(argv):
    if len(argv) != 1:
        print("usage: tests/run verified FILE, a report.json of the acceptance kit", file=sys.stderr)
        return 2
    try:
        report = json.loads(Path(argv[0]).read_text())
        if report["version"] != 1 or not report["experiments"]:
            raise ValueError("not a report of this kit")
        if report["rehearsal"]:
            raise ValueError("a rehearsal against stand-ins, which states nothing about AWS")
    except (OSError, ValueError, KeyError, TypeError) as error:
        print(f"tests/run verified: {argv[0]}: {error}", file=sys.stderr)
        return 2
    faults = refuted_claims(claiming_documents(), report)
    for fault in faults:
        print(fault, file=sys.stderr)
    if faults:
        print("Change these claims, or what they claim; then run this again. Nothing was written.", file=sys.stderr)
        return 1
    for document in ("README.md", *NEVER):
        path = TOP / document
        path.write_text(rewritten(document, path.read_text(), report))
        print(f"rewrote {document}")
    REPORT.write_text(json.dumps(report, indent=2) + "\n")
    print(f"kept {REPORT.relative_to(TOP)}: commit it with the documents")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
