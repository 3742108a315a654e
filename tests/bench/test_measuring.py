"""The arithmetic of `tests/bench/run`: parsing of the kernel's and callgrind's counters, and the derived figures."""

import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

BENCH = Path(__file__).resolve().parent
sys.path.insert(0, str(BENCH))

from measuring import asking, callgrind, contenders, counted, goals, process, released, row, together, tools  # noqa: E402

PROFILE = """# callgrind format
version: 1
events: Ir
summary: 1721622

fn=(1) main
0 7
totals: 1721622
"""


BY_ADDRESS = """positions: instr
events: Ir
fn=(1) main
0x1000 5
0x1040 2
calls=2 0x9000
0x1044 900
0x2000 1

fn=(2) again
0x1000 1
totals: 9
"""


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


def test_executions_by_address_leave_out_what_callees_cost():
    assert callgrind.executed(BY_ADDRESS) == {0x1000: 6, 0x1040: 2, 0x2000: 1}


def test_blocks_are_counted_that_run_for_every_second_unit():
    few = (10, Counter({0x1000: 10, 0x5000: 100_000}))
    many = (30, Counter({0x1000: 30, 0x1008: 30, 0x1040: 10, 0x2000: 9, 0x5000: 100_009}))
    assert callgrind.touched(few, many, callgrind.CACHE_LINE) == 2
    assert callgrind.touched(few, many, callgrind.PAGE) == 1


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


@pytest.mark.parametrize("value, text", [(None, ""), (0, "0"), (0.356, "0.36"), (2.0, "2"), (12.34, "12.3"), (1234.5, "1,234")])
def test_numbers_are_short(value, text):
    assert row.number(value) == text


def tooling():
    folder = Path("/nowhere")
    return tools.Tools(Path(sys.executable), folder / "endpoint", folder, folder / "python", folder / "aws", folder / "moto")


def test_each_program_is_compared_with_a_bare_loop_of_its_interval():
    chosen = contenders.contenders(tooling(), "/nowhere")
    assert len({each.what for each in chosen}) == len(chosen)
    costs = [10.0 * (1 + number) for number in range(len(chosen))]
    rows = [row.Row(row.SAMPLE, each.what, {row.PROCESSOR_TIME: cost}) for each, cost in zip(chosen, costs)]
    together.compare(chosen, rows)
    by_name = {each.what: each.figures for each in rows}
    for interval in contenders.INTERVALS_MS.values():
        sidecar, bare = by_name[f"sidecar, {interval}"], by_name[f"bare loop, {interval}"]
        assert sidecar[together.TIMES_BARE] == sidecar[row.PROCESSOR_TIME] / bare[row.PROCESSOR_TIME]


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


def test_what_was_counted_on_a_kept_connection_is_not_taken_for_10_s():
    counts = {"sidecar, 10 s": {"n": 1}, "reqwest loop": {"n": 2}}
    found = {each.what: together.counted(each, counts) for each in contenders.contenders(tooling(), "/nowhere")}
    assert found["sidecar, 10 s"] == {"n": 1} and found["reqwest loop, 1 s"] == {"n": 2}
    assert found["reqwest loop, 10 s"] == found["Python sidecar, 1 s"] == {}


def test_each_pair_that_is_counted_belongs_to_a_row():
    rows = contenders.contenders(tooling(), "/nowhere")
    names = {each.what for each in rows} | {each.name for each in rows}
    assert {each.what for each in counted.pairs(tooling(), quick=False) if "a line each" not in each.what} <= names


def test_goals_are_compared_with_figures_of_the_tables():
    rows = [row.Row(row.SAMPLE, each.what, {row.PROCESSOR_TIME: 3.0}) for each in contenders.contenders(tooling(), "/nowhere")]
    rows.append(row.Row(row.SAMPLE, row.AWS_SAMPLE, {row.PROCESSOR_TIME: 3600.0}))
    rows += [row.Row(f"100 {kind} lines read", "explain", {row.INSTRUCTIONS_A_LINE: 7}) for kind in ("EMF", "JSON")]
    rows.append(row.Row(asking.CLIENTS_SECTION, "1,000", {row.GOOD_A_SECOND: 20_000, row.FAILED: 0}))
    measured = {each.what: each.figures["measured"] for each in goals.rows(rows, tooling())}
    assert measured["processor time of the AWS sample's way, times the sidecar at 10 s"] == 1200
    assert measured["good answers of /clock a second, 1,000 clients"] == 20_000
    assert measured["wake-ups for a sample at 100 ms"] is None


def test_the_cost_of_the_segment_is_the_middle_of_its_rounds():
    assert list(asking.middle([5.0, 1.0, 3.0, 100.0, 2.0]).values()) == [3.0, 2.0, 5.0]


@pytest.mark.parametrize("changes, differences", [
    ({}, []),
    ({"PHDR ": "INTERP "}, ["not static"]),
    ({" .comment ": " .symtab "}, ["not stripped"]),
    ({"0xcf980": "0xc65c0"}, ["not in the order of .cargo/order-x86_64.txt"]),
])  # fmt: skip
def test_only_the_released_kind_of_binary_is_measured(changes, differences):
    text = """\
  Entry point address:               0xcf980
  [13] .text             PROGBITS        00000000000c65c0 0c55c0 26b188 00  AX  0   0 64
  [34] .comment          PROGBITS        0000000000000000 34d2f0 0000b2 01  MS  0   0  1
  PHDR           0x000040 0x0000000000000040 0x0000000000000040 0x000268 0x000268 R   0x8
"""
    for old, new in changes.items():
        text = text.replace(old, new)
    assert released.differences(text, has_order=True) == differences


def test_a_binary_of_another_kind_is_reported():
    with pytest.raises(tools.Missing, match="not static"):
        released.check("/bin/sh")


def test_the_flags_are_those_of_the_release():
    for flag in ("target-feature=+crt-static", "opt-level = z", "lto = fat", "panic = abort"):
        assert flag in released.flags()


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
