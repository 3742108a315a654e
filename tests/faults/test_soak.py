"""A soak of the real program keeps every reading and every step, writes only valid lines, and leaks nothing."""

import json
from itertools import groupby

import pytest
from process import MOST_MS_A_READING, assert_in_sequence, assert_valid, attempts_in, total, values
from soak import LONG_S

# An allocator may keep bodies of up to 1 MiB; in a short soak the first of them may come late.
GROWTH_KB, GROWTH_OF_SHORT_SOAK_KB = 1024, 4096


@pytest.fixture
def documents(soaked):
    return [json.loads(line) for line in soaked.lines]


def test_every_reading_of_the_calm_phases_is_on_one_line_in_order(soaked, documents):
    assert soaked.code == 0
    assert_in_sequence(documents)
    assert total(documents, "LinesDropped") == 0, "no stall lasted longer than the queue"
    served = dict(soaked.served)
    assert len(served) >= 2
    arrived = [value for value in values(documents, "ClockErrorBound") if value in served]
    assert [(bound, len(list(group))) for bound, group in groupby(arrived)] == soaked.served
    # Every request of the whole soak, except for the last, has left a trace.
    assert attempts_in(documents) >= soaked.requests - 1


def test_the_steps_on_the_lines_add_up_to_where_the_clock_is(soaked, documents):
    assert total(documents, "ClockSteps") == len(values(documents, "ClockStep"))
    assert sum(values(documents, "ClockStep")) == pytest.approx(1000 * soaked.ahead_s, abs=100)


def test_every_line_is_valid(soaked, programs):
    assert_valid(programs[0], soaked.lines)


def test_no_descriptor_and_no_thread_is_left_and_memory_does_not_grow(soaked):
    print(f"{soaked.seed=} {soaked.requests=} {len(soaked.lines)=} {soaked.answers=}")
    print(f"{soaked.at_first=} {soaked.at_last=} RSS {min(soaked.resident_kb)} to {max(soaked.resident_kb)} kB, {soaked.growth_kb()=}")
    print(f"{soaked.processor_ms / soaked.calm_readings:.2f} ms of processor time a reading in calm phases")
    assert all(last <= first for last, first in zip(soaked.at_last, soaked.at_first, strict=True))
    assert soaked.growth_kb() <= (GROWTH_KB if soaked.seconds >= LONG_S else GROWTH_OF_SHORT_SOAK_KB)
    assert soaked.processor_ms <= MOST_MS_A_READING * soaked.calm_readings


def test_stderr_stays_short(soaked):
    # Six of each of eight kinds of notice across two minutes, and the reports of the two interfaces.
    assert len(soaked.diagnostics) <= 20 + 8 * 6 * (soaked.requests / 600 + 2)
    assert not [event for event in soaked.diagnostics if event["level"] == "ERROR"]
