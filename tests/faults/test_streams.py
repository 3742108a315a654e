"""stdout and stderr that stall, are full, or are closed."""

import json
import os

from process import Frugal, assert_valid, attempts_in, total, until


def test_every_line_lost_to_a_stalled_stdout_is_accounted_for(stalled):
    documents, code, served = stalled
    assert code == 0, "what was lost has been reported"
    sequence = [document["Sequence"] for document in documents]
    missing = sequence[-1] - len(sequence)
    assert missing > 0 and total(documents, "LinesDropped") == missing
    # The oldest lines were kept, and the lost ones form one gap.
    gaps = [after - before for before, after in zip(sequence, sequence[1:], strict=False) if after != before + 1]
    assert sequence[0] == 1 and gaps == [missing + 1]
    assert served - 1 <= attempts_in(documents) + missing <= served


def test_a_full_disk_under_stdout_is_counted_and_the_lines_after_it_are_whole(endpoint, sidecar, small_disk, programs):
    played = endpoint("flipping")
    path = small_disk.path / "lines"
    with open(path, "wb") as file:
        running = sidecar(played, options={"stdout": file}, storage_resolution="1")
    small_disk.fill()
    before = played.requests()
    frugal = Frugal(running.pid, played.requests)
    # More than the free space of the file's last page.
    until("forty samples on a full disk", lambda: played.requests() >= before + 40)
    frugal.check()
    small_disk.free()
    until("a report of the loss", lambda: b"LinesDropped" in path.read_bytes())
    assert running.stop() == 0
    lines = path.read_text().splitlines()
    documents, torn = [], []
    for line in lines:
        try:
            documents.append(json.loads(line))
        except ValueError:
            torn.append(line)
    assert len(torn) <= 1, "one line broke off where the disk was full; the next begins on a line"
    missing = documents[-1]["Sequence"] - len(documents)
    assert total(documents, "LinesDropped") == missing > 0
    assert_valid(programs[0], [line for line in lines if line not in torn])


def test_a_disk_that_stays_full_is_reported_by_the_exit_code(endpoint, sidecar, small_disk):
    played = endpoint("good")
    small_disk.fill()
    with open(small_disk.path / "lines", "wb") as file:
        running = sidecar(played, options={"stdout": file})
    until("five samples", lambda: played.requests() >= 5)
    assert running.stop() == 4
    assert os.path.getsize(small_disk.path / "lines") == 0
    lost, stopped = [json.loads(line) for line in running.diagnostics()[-2:]]
    assert lost["message"] == "some lines were lost and never reported" and lost["lines"] == stopped["unreported"] > 0
