"""The arithmetic of `tests/bench/run`: parsing of the kernel's and callgrind's counters, and the derived figures."""

import importlib.machinery
import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pytest

BENCH = Path(__file__).resolve().parent
sys.path.insert(0, str(BENCH))

from measuring import callgrind, contenders, counted, process, row, together, tools  # noqa: E402

PROFILE = """# callgrind format
version: 1
events: Ir
summary: 1721622

fn=(1) main
0 7
totals: 1721622
"""


def main_program():
    loader = importlib.machinery.SourceFileLoader("bench_run", str(BENCH / "run"))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader("bench_run", loader))
    loader.exec_module(module)
    return module


@pytest.mark.parametrize("profile, total", [
    (PROFILE, 1_721_622),
    ("summary: 12\n", 12),
    ("summary: 12 3\ntotals: 15 3\n", 15),
])  # fmt: skip
def test_the_total_of_a_profile(profile, total):
    assert callgrind.total(profile) == total


def test_a_run_that_was_cut_off_has_no_total():
    with pytest.raises(callgrind.NoTotal):
        callgrind.total("# callgrind format\nevents: Ir\nfn=(1) totals\n0 7\n")


def test_start_and_end_cancel_out_in_a_difference():
    assert callgrind.per_unit((51, 1_000 + 51 * 7), (151, 1_000 + 151 * 7)) == 7
    with pytest.raises(ValueError, match="more than 5 units"):
        callgrind.per_unit((5, 100), (5, 200))


def test_the_kernel_s_counters():
    assert process.run_time("123456789 42 7\n") == 123_456_789
    status = "Name:\tx\nVmRSS:\t    3096 kB\nThreads:\t2\nvoluntary_ctxt_switches:\t15\nnonvoluntary_ctxt_switches:\t1\n"
    assert process.member(status, "VmRSS") == 3096
    assert process.member(status, "voluntary_ctxt_switches") == 15
    with pytest.raises(ValueError, match="no Pss_Anon"):
        process.member(status, "Pss_Anon")
    assert process.Cost(500, 9) - process.Cost(200, 4) == process.Cost(300, 5)


def test_a_process_costs_processor_time_and_can_be_looked_at():
    before = process.cost(os.getpid())
    while (used := process.cost(os.getpid()) - before).processor_ns == 0:
        pass
    assert used.wakeups >= 0
    held = process.held(os.getpid())
    assert held.threads >= 1 and held.resident_kb >= held.anonymous_kb > 0


def test_a_program_that_ends_is_counted_with_its_children():
    done = process.run_to_end(["sh", "-c", "sh -c 'i=0; while [ $i -lt 20000 ]; do i=$((i+1)); done'; exit 3"])
    assert done.code == 3 and done.processor_s > 0


def test_a_table_has_a_column_for_each_figure_of_any_row():
    rows = [row.Row("a", "x", {"n": 123456.7}), row.Row("b", "y", {"n": 1}), row.Row("a", "z", {"r": 1.234, "n": None})]
    assert row.markdown(rows).splitlines() == [
        "| a | n | r |", "| --- | --: | --: |", "| x | 123,457 |  |", "| z |  | 1.23 |", "",
        "| b | n |", "| --- | --: |", "| y | 1 |",
    ]  # fmt: skip
    assert rows[2].json() == {"section": "a", "what": "z", "r": 1.234, "n": None}


@pytest.mark.parametrize("value, text", [(None, ""), (0, "0"), (0.356, "0.36"), (2.0, "2"), (12.34, "12.3"), (1234.5, "1,234")])
def test_numbers_are_short(value, text):
    assert row.number(value) == text


def tooling():
    folder = Path("/nowhere")
    return tools.Tools(folder / "sidecar", folder / "endpoint", folder, folder / "python", folder / "aws", folder / "moto")


def test_each_program_is_compared_with_a_bare_loop_of_its_interval():
    chosen = contenders.contenders(tooling(), "/nowhere")
    assert len({each.what for each in chosen}) == len(chosen)
    costs = [10.0 * (1 + number) for number in range(len(chosen))]
    rows = [row.Row(together.SECTION, each.what, {"processor time, µs": cost}) for each, cost in zip(chosen, costs)]
    together.compare(chosen, rows)
    by_name = {each.what: each.figures for each in rows}
    for what, base in {
        "sidecar, 100 ms": "bare loop, kept connection, 100 ms",
        "sidecar, 10 s": "bare loop, new connection, 10 s",
    }.items():
        expected = by_name[what]["processor time, µs"] / by_name[base]["processor time, µs"]
        assert by_name[what]["times the bare loop"] == expected


def test_a_line_holds_a_minute_or_what_the_format_takes():
    assert [contenders.readings(interval) for interval in (100, 1_000, 10_000)] == [100, 60, 6]


def test_the_longer_run_has_whole_minutes_more():
    """From each good start, both runs of a pair cross as many full minutes as the difference of their counts is long."""
    waits = {100: 20, 1_000: 1, 10_000: 10}  # how late a run may be: its random offset, or Valgrind's own start
    for start in range(60):
        if not counted.is_good_start(start):
            continue
        for pair in counted.pairs(tooling(), quick=False):
            interval = next((ms for ms, text in contenders.INTERVALS_MS.items() if f"sidecar, {text}" in pair.what), None)
            if interval in (1_000, 10_000):
                crossed = {
                    (start + (pair.many - 2) * interval / 1000 + late) // 60
                    - (start + (pair.few - 2) * interval / 1000 + late) // 60
                    for late in range(waits[interval] + 1)
                }
                assert crossed == {1}, (start, pair.what)


def test_instructions_are_put_beside_the_times():
    program = main_program()
    rows = [row.Row("a sample", what, {}) for what in ("sidecar, 10 s", "reqwest loop, 1 s", "metrique sidecar, 10 s", "Python sidecar, 1 s")]
    program.fill_in(rows, {"sidecar, 10 s": 1.0, "reqwest loop": 2.0, "metrique, 6 a line": 3.0, "metrique, 60 a line": 4.0})
    assert [each.figures["instructions"] for each in rows] == [1.0, 2.0, 3.0, None]


def test_constraints_are_pins_without_extras(tmp_path, monkeypatch):
    monkeypatch.setattr(tools, "WORK", tmp_path)
    text = tools.constraints().read_text()
    assert tools.requirement("moto[server]") in (tools.TOP / "tests" / "requirements.txt").read_text()
    assert "[" not in "".join(line for line in text.splitlines() if not line.startswith("#"))


def test_a_size_leaves_out_what_is_named_and_compiled(tmp_path):
    for name, content in {"a/x.py": "12345", "pip/y.py": "1", "a/__pycache__/x.pyc": "123", "z": "12"}.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(content)
    assert tools.size(tmp_path, ("pip",)) == 7


def test_an_invalid_option_is_reported():
    done = subprocess.run([sys.executable, BENCH / "run", "--minutes", "0"], capture_output=True, text=True, check=False)
    assert done.returncode == 2 and "expected at least 1, got 0" in done.stderr
