"""The report in Markdown."""

REHEARSAL = "**This was a rehearsal against stand-ins. It states nothing about AWS.**"
MARKS = {"as claimed": "✓", "measured": "●", "refuted": "✗", "not measured": "–"}


def sentence(report):
    """The outcome in one sentence."""
    counts = {kind: sum(e["verdict"] == kind for e in report["experiments"]) for kind in MARKS}
    parts = [f"{count} {kind}" for kind, count in counts.items() if count]
    return f"Of {len(report['experiments'])} experiments: {', '.join(parts)}."


def cleanup(report):
    left = report["left_behind"]
    if left is None:
        return "Nothing has been deleted yet: this report was written before the phase `down`."
    if not left:
        return "Everything that the run created was deleted; the inventory afterwards was empty."
    return "**Left behind:** " + "; ".join(f"{kind}: {', '.join(names)}" for kind, names in left.items())


def markdown(report, has_plot, pictures):
    lines = [
        f"# Acceptance of ecs-clock-emf {report['versions']['ecs-clock-emf']} on AWS", "",
        f"Region {report['region']}, {report['date']}, run {report['id']}. "
        + ", ".join(f"{name} {version}" for name, version in report["versions"].items()) + ".", "",
        *([REHEARSAL, ""] if report["rehearsal"] else []), sentence(report), "", "| | question | verdict | what was found |", "|---|---|---|---|",
        *(f"| {e['id']} | {_cell(e['question'])} | {MARKS[e['verdict']]} {e['verdict']} | {_cell(e['summary'])} |" for e in report["experiments"]), "",
    ]  # fmt: skip
    if report["not_requested"]:
        lines += [f"Not requested: {', '.join(report['not_requested'])}.", ""]
    if report["failures"]:
        lines += ["## What failed", "", *(f"- **{f['step']}**: {f['reason']}" for f in report["failures"]), ""]
    for experiment in report["experiments"]:
        lines += _section(experiment)
        if experiment["id"] == "K8" and has_plot:
            lines += ["![The bound over time, and over the age of its reference](K8.svg)", ""]
        if experiment["id"] == "K16":
            lines += [line for title, name in pictures for line in (f"![{_cell(title)}]({name})", "")]
    lines += ["## Afterwards", "", cleanup(report), *(f"\n{note}" for note in report["notes"]), ""]
    return "\n".join(lines)


def _section(experiment):
    lines = [
        f"## {experiment['id']}: {experiment['question']}", "", f"**{experiment['verdict'].capitalize()}**: {experiment['summary']}", "",
        f"Rule: {experiment['rule']}", "",
    ]  # fmt: skip
    lines += [*(f"- {finding}" for finding in experiment["findings"]), ""] if experiment["findings"] else []
    if len(experiment["table"]) > 1:
        head, *rows = experiment["table"]
        lines += [f"| {' | '.join(map(_cell, head))} |", f"|{'---|' * len(head)}", *(f"| {' | '.join(map(_cell, row))} |" for row in rows), ""]
    return lines


def _cell(text):
    return str(text).replace("|", "\\|").replace("\n", " ")
