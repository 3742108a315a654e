"""For the same input, the program writes the same bytes on every platform, except for times."""

import json
import re
import signal
from pathlib import Path

import pytest
from program import Endpoint

DATA = Path(__file__).resolve().parents[1] / "data"
CORPUS = sorted(path.name for path in (DATA / "explain").iterdir() if path.suffix in (".jsonl", ".log"))
SCENARIOS = ["good", "unsynchronized", "no-reference", "tiny", "fraction", "hostile-names", "error-500", "not-json", "no-service"]
# Each reading is a line, since the number of readings in a window would depend on the machine's speed.
A_LINE_A_READING = {
    "CLOCK_EMF_STORAGE_RESOLUTION": "1", "CLOCK_EMF_SAMPLE_INTERVAL": "200ms", "CLOCK_EMF_EMIT_INTERVAL": "1s",
}  # fmt: skip
LINES = 4


def without_times(text):
    """The text with every time, age and derived value replaced by a placeholder."""
    text = re.sub(rb"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)", b"TIME", text)
    text = re.sub(rb'"Timestamp":\d+', b'"Timestamp":0', text)
    text = re.sub(rb'("(?:ClockReferenceAge|reference_age_s|age_adjusted_bound_ms)":)[\d.]+', rb"\1N", text)
    return re.sub(rb"((?:reference age|error bound) +)[\d.]+", rb"\1N", text)


@pytest.fixture
def endpoint(endpoint_program):
    started = []

    def start(scenario):
        started.append(Endpoint(endpoint_program, scenario))
        return started[-1]

    yield start
    for each in started:
        each.close()


@pytest.mark.parametrize("form", [[], ["--json"]], ids=["text", "json"])
@pytest.mark.parametrize("name", CORPUS)
def test_explain(native, other, name, form):
    text = (DATA / "explain" / name).read_text()
    # Fixed, so that no verdict depends on today's date.
    now = "2026-11-22T12:00:00Z"
    code, written, diagnostics = native.run("explain", "--now", now, *form, text=text)
    assert code in (0, 1)
    other_code, other_written, other_diagnostics = other.run("explain", "--now", now, *form, text=text)
    assert (other_code, other_written) == (code, written)
    assert without_times(other_diagnostics.encode()) == without_times(diagnostics.encode())


@pytest.mark.parametrize("arguments", [["check", "--max-error", "5ms"], ["check", "--json", "--max-error", "5ms"], ["run", "--once"]], ids=" ".join)
@pytest.mark.parametrize("scenario", SCENARIOS)
def test_one_reading(native, other, endpoint, arguments, scenario):
    variables = endpoint(scenario).environment
    code, written, _ = native.run(*arguments, variables=variables)
    other_code, other_written, diagnostics = other.run(*arguments, variables=variables)
    assert (other_code, without_times(other_written)) == (code, without_times(written)), diagnostics


# Without failing readings, since the number of failures in a line depends on the machine's speed.
@pytest.mark.parametrize("scenario", ["good", "unsynchronized"])
def test_run(native, other, endpoint, scenario):
    variables = endpoint(scenario).environment | A_LINE_A_READING
    expected, written = [first_lines(program, variables) for program in (native, other)]
    assert written == expected


def first_lines(program, variables):
    """The first lines of `run` without times, and the last one if the platform supports an orderly stop."""
    process = program.start("run", variables=variables)
    try:
        lines = [process.stdout.readline() for _ in range(LINES)]
        for number, line in enumerate(lines, start=1):
            assert json.loads(line)["Sequence"] == number
        if program.takes_signals:
            process.send_signal(signal.SIGTERM)
            process.stdout.read()
            assert process.wait(timeout=60) == 0, process.stderr.read()
    finally:
        process.kill()
        process.wait()
        process.stdout.close()
        process.stderr.close()
    return [without_times(line) for line in lines]


@pytest.mark.parametrize("variables", [
    {"CLOCK_EMF_EMIT_INTERVAL": "7s"},
    {"CLOCK_EMF_SAMPLE_INTERVAL": "10", "CLOCK_EMF_NAMESPACE": "AWS/Mine"},
    {"CLOCK_EMF_PROPERTIES": "Name", "CLOCK_EMF_UNKNOWN": "1"},
], ids=lambda variables: "+".join(variables))  # fmt: skip
def test_an_invalid_configuration(native, other, variables):
    code, written, diagnostics = native.run("run", "--source", "ecs", variables=variables)
    assert (code, written) == (2, b"")
    other_code, other_written, other_diagnostics = other.run("run", "--source", "ecs", variables=variables)
    assert (other_code, other_written) == (2, b"")
    assert without_times(other_diagnostics.encode()) == without_times(diagnostics.encode())
