"""Every client is short, without being dense.

Counted are the lines of a file that are neither empty nor comments (documentation strings are comments). The limit is 120
lines for each file. Where a language's layout or library does not allow it, LONGER has the limit and the reason.
"""

import ast
import re

import pytest
from languages import CLIENTS

LIMIT = 120
COLUMNS = 100
LONGER = {
    "ecs_clock.h": (175, "speaks HTTP itself: C has neither HTTP nor exceptions; 38 lines declare types and functions for C and C++"),
}
FILES = sorted(path.name for path in CLIENTS.iterdir() if path.suffix != ".json")


def blanked(text, pattern):
    """The text with each match replaced by as many empty lines."""
    return re.sub(pattern, lambda match: "\n" * match[0].count("\n"), text, flags=re.DOTALL | re.MULTILINE)


def code(name, text):
    """The lines that are neither empty nor comments."""
    if name.endswith(".py"):
        lines = text.split("\n")
        for node in ast.walk(ast.parse(text)):
            is_documented = isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
            if is_documented and ast.get_docstring(node, clean=False) is not None:
                first, last = node.body[0].lineno, node.body[0].end_lineno
                lines[first - 1 : last] = [""] * (last - first + 1)
        text = "\n".join(lines)
    hashes = name.endswith((".py", ".rb", ".sh"))
    text = blanked(text, r"^\s*#[^\n]*$" if hashes else r"^\s*//[^\n]*$|^\s*/\*.*?\*/\s*?$")
    return [line for line in text.splitlines() if line.strip() not in ("", "<?php")]


def without_literals(line):
    """The line without strings, comments at its end, the heads of `for` and of Go's `if`, and C#'s accessors."""
    line = re.sub(r"""'(\\.|[^'\\])*'|"(\\.|[^"\\])*"|`(\\.|[^`\\])*`""", "''", line)
    line = re.sub(r"\s*(//|/\*|(?<!\$)# ).*$", "", line)
    line = re.sub(r"\{ get;( private)?( set;)? \}", "{}", line)
    return re.sub(r"\bfor \(.*?;.*?;.*?\)|\bif [^;(]* := [^;]*;", "", line)


@pytest.mark.parametrize("name", FILES)
def test_a_client_is_short(name):
    text = (CLIENTS / name).read_text()
    limit, why = LONGER.get(name, (LIMIT, ""))
    count = len(code(name, text))
    assert count <= limit, f"{count} lines"
    assert not why or count > LIMIT, f"{name} needs no exception"


@pytest.mark.parametrize("name", FILES)
def test_the_guide_has_its_lines(name):
    if name == "clockbound_segment.py":  # an example, not a client
        return
    guide = (CLIENTS.parent / "README.md").read_text()
    assert f"(clients/{name}) | {len(code(name, (CLIENTS / name).read_text()))} |" in guide


@pytest.mark.parametrize("name", FILES)
def test_a_client_is_not_dense(name):
    text = (CLIENTS / name).read_text()
    assert [line for line in text.splitlines() if len(line) > COLUMNS] == []
    shell_case = r";;$|; (then|do)$" if name.endswith(".sh") else r"$^"
    dense = [line for line in code(name, text) if ";" in re.sub(shell_case, "", without_literals(line).rstrip()).rstrip("; }")]
    assert dense == []


@pytest.mark.parametrize("name", FILES)
def test_a_client_begins_with_an_example(name):
    """At most ten lines, indented in the comment before the code."""
    lines = (CLIENTS / name).read_text().splitlines()
    comment = r"(//|/?\*|#|\"\"\")|\s|$|<\?php|declare|import|from|public|export"
    head = [line for line in lines[:40] if re.match(comment, line)]
    example = [line for line in head if re.search(r"[Cc]lock", line)]
    if name not in ("ecs-clock.d.mts", "clockbound_segment.py"):
        assert example


def test_the_counting_notices():
    assert len(code("x.go", "// one\n\n/* two\nthree */\nfour // five\n")) == 1
    assert len(code("x.py", '"""one\ntwo"""\n# three\nx = """four\n"""\n')) == 2
    assert len(code("x.h", "int a; /* b */\n#define C\n")) == 2
    for dense in ("a(); b();", "if (x) { a(); b(); }", "a(';'); b();"):
        assert ";" in without_literals(dense).rstrip("; }")
    for fine in ("for (i = 0; i < 9; i++) {", "a(';');", "a(); // b(); c()", "if a := b(); a {"):
        assert ";" not in without_literals(fine).rstrip("; }")
