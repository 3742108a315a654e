"""The fault matrix in README.md names tests that exist, and every test of this folder."""

import re
from pathlib import Path

HERE = Path(__file__).resolve().parent
TOP = HERE.parents[1]
ROWS = [row for row in (HERE / "README.md").read_text().splitlines() if row.startswith("| ") and not row.startswith(("| fault", "| what |"))]


def named():
    return [re.fullmatch(r"`(\S+)::(\w+)`", row.split(" | ")[-1].removesuffix(" |").strip()) for row in ROWS]


def test_each_row_names_a_test_that_exists():
    assert len(ROWS) > 40
    for row, test in zip(ROWS, named(), strict=True):
        assert row.count(" | ") == 3 and test, row
        path, name = test.groups()
        text = (TOP / path).read_text()
        pattern = rf"^def {name}\(" if path.endswith(".py") else rf"#\[(tokio::)?test.*\]\n(\s*#\[.*\]\n)*\s*(async )?fn {name}\("
        assert re.search(pattern, text, re.MULTILINE), f"{path} has no test {name}"


def test_no_test_of_this_folder_is_missing():
    in_table = {test.groups() for test in named() if test}
    for path in HERE.glob("test_*.py"):
        if path != Path(__file__).resolve():
            for name in re.findall(r"^def (test_\w+)", path.read_text(), re.MULTILINE):
                assert (str(path.relative_to(TOP)), name) in in_table, name
