"""Records the lines that the player plays: the real program writes them, each in one trouble of its clock.

    .venv/bin/python tests/acceptance/record_lines.py >tests/acceptance/kit/lines.jsonl

Run it again when the program's lines change. `tests/run acceptance` compares the recorded metrics with those of the program.
"""

import json
import socket
import struct
import sys
import tempfile
import threading
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "deploy"), str(HERE.parent / "e2e")]

from program import Endpoint, Sidecar, SteppedClock, binaries  # noqa: E402
from runs import write_reply  # noqa: E402

FAST = {
    "CLOCK_EMF_SAMPLE_INTERVAL": "100ms", "CLOCK_EMF_EMIT_INTERVAL": "1s", "CLOCK_EMF_EMIT_JITTER": "0s",
    "CLOCK_EMF_PROPERTIES": "ClusterName=cluster,ServiceName=service",
}  # fmt: skip
NTP_EPOCH = 2_208_988_800
OFFSET_S = 0.5
DEADLINE_S, ATTEMPT_S = 60, 4


def synchronized(bound, seconds_old):
    at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() - seconds_old))
    return {"ClockErrorBound": bound, "ClockSynchronizationStatus": "SYNCHRONIZED", "ReferenceTimestamp": at}


# For each trouble: the endpoint's answer (a scenario or a reply), and the member that shows it on a line.
TROUBLES = {
    # With a cross-check, for the service whose alarm watches for missing comparisons.
    "healthy": ("good", lambda root: {"CrossCheckOffset", "ClockErrorBound"} <= root.keys()),
    "uncompared": ("good", lambda root: root["Samples"] >= 5),
    "drifting": (lambda: synchronized(9.25, 120), lambda root: root.get("MaxClockErrorBound", 0) > 9),
    "old_reference": (lambda: synchronized(0.4, 4000), lambda root: root.get("ClockReferenceAge", 0) > 3900),
    "unsynchronized": ("unsynchronized", lambda root: root.get("ClockSynchronized") == 0 and root["Samples"] >= 5),
    "unknown_bound": ("no-bound", lambda root: root.get("ClockSynchronized") == 1 and "ClockErrorBound" not in root),
    "read_errors": ("throttled", lambda root: root.get("ClockReadErrors", 0) >= 3),
    "step": (lambda: synchronized(0.4, 10), lambda root: "ClockStep" in root),
    "disagreement": ("good", lambda root: root.get("CrossCheckDisagreement", 0) >= 1 and "ClockErrorBound" in root),
}


class NtpServer:
    """An NTP server whose time is so many seconds ahead."""

    def __init__(self, ahead):
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))
        self._ahead = ahead
        self.address = f"127.0.0.1:{self._socket.getsockname()[1]}"
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self):
        while True:
            try:
                packet, client = self._socket.recvfrom(512)
            except OSError:
                return
            now = self._stamp(time.time() + self._ahead)
            header = struct.pack("!BBbbII4s", 0x24, 2, 4, -20, 0, 6, b"\x7f\x00\x00\x01")
            self._socket.sendto(header + self._stamp(time.time() + self._ahead - 5) + packet[40:48] + now + now, client)

    @staticmethod
    def _stamp(moment):
        return struct.pack("!II", int(moment) + NTP_EPOCH, int(moment % 1 * 2**32))

    def close(self):
        self._socket.close()


def record(name, programs, folder):
    """One line of the program in one trouble. The cross-check is compared once a minute, so it may take another start."""
    place = folder / name
    place.mkdir()
    deadline = time.monotonic() + DEADLINE_S
    while time.monotonic() < deadline:
        if line := attempt(name, programs, place):
            return line
    raise TimeoutError(f"{name}: no such line within {DEADLINE_S} s")


def attempt(name, programs, place):
    """The line, if the program writes it within some seconds of its start."""
    answer, wanted = TROUBLES[name]
    scenario = answer if isinstance(answer, str) else f"replay:{write_reply(place, answer())}"
    endpoint, clock, ntp = Endpoint(programs[1], scenario), SteppedClock(), NtpServer(OFFSET_S if name == "disagreement" else 0)
    environment = FAST | endpoint.environment
    if name == "step":
        environment |= clock.environment
    if name in ("disagreement", "healthy"):
        environment |= {"CLOCK_EMF_CROSS_CHECK": "ntp", "CLOCK_EMF_NTP_SERVER": ntp.address}
    sidecar = Sidecar(programs[0], environment)
    try:
        end, stepped = time.monotonic() + ATTEMPT_S, False
        while time.monotonic() < end:
            for _, text in list(sidecar.lines):
                if wanted(json.loads(text)):
                    return text
            if name == "step" and sidecar.lines and not stepped:
                clock.step_to(0.05)
                stepped = True
            time.sleep(0.05)
        return None
    finally:
        sidecar.kill()
        endpoint.close()
        clock.close()
        ntp.close()


def record_all():
    """`{trouble: line}`; the troubles run side by side."""
    programs, lines, errors = binaries(), {}, []

    def one(name, folder):
        try:
            lines[name] = record(name, programs, folder)
        except Exception as error:  # noqa: BLE001 (raised below, by the thread that waits)
            errors.append(error)

    with tempfile.TemporaryDirectory() as folder:
        threads = [threading.Thread(target=one, args=(name, Path(folder))) for name in TROUBLES]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    if errors:
        raise errors[0]
    return lines


if __name__ == "__main__":
    for trouble, line in sorted(record_all().items()):
        print(json.dumps({"trouble": trouble, "line": line}))
