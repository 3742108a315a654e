"""What was measured, as a table."""

from dataclasses import dataclass, field

SAMPLE = "a sample"
AWS_SAMPLE = "AWS sample's way: curl, jq, AWS CLI"

PROCESSOR_TIME = "processor time, µs"
INSTRUCTIONS = "instructions"
PAGES = "code pages"
CACHE_LINES = "code cache lines"
WAKE_UPS = "wake-ups"
RESIDENT = "resident, kB"
INSTRUCTIONS_A_LINE = "instructions a line"
GOOD_A_SECOND = "good answers a second"
FAILED = "refused or failed"


@dataclass
class Row:
    """One thing that was measured: its figures by column, in the units that the columns name."""

    section: str
    what: str
    figures: dict = field(default_factory=dict)


def number(value):
    """A number with three significant digits, or whole with separated thousands."""
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if abs(value) >= 100:
        return f"{value:,.0f}"
    if value == int(value):
        return str(int(value))
    return f"{value:.2f}" if abs(value) < 10 else f"{value:.1f}"


def table(section, rows):
    """The rows of a section as a Markdown table: as many columns as any of them has figures."""
    rows = [row for row in rows if row.section == section]
    columns = list(dict.fromkeys(name for row in rows for name in row.figures))
    lines = [[section, *columns], ["---", *["--:"] * len(columns)]]
    lines += [[row.what, *(number(row.figures.get(name)) for name in columns)] for row in rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def markdown(rows):
    sections = dict.fromkeys(row.section for row in rows)
    return "\n\n".join(table(section, rows) for section in sections)
