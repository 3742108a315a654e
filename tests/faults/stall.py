"""A reader of stdout that stalls until the sidecar's queue overflows, and then continues."""

from process import QUICK, until
from program import Endpoint, Sidecar

# Each reading is a line.
BY_THE_SECOND = QUICK | {"CLOCK_EMF_STORAGE_RESOLUTION": "1"}
# The queue's 256 lines, what fits into a pipe of one page, and some that are lost.
READINGS = 290


def play(programs):
    """The sidecar's lines, its exit code, and the readings served before the reader continued."""
    endpoint = Endpoint(programs[1], "good")
    sidecar = Sidecar(programs[0], BY_THE_SECOND | endpoint.environment, reading=False)
    try:
        until(f"{READINGS} readings", lambda: endpoint.requests() >= READINGS)
        sidecar.read()
        until("a line that reports the loss", lambda: any("LinesDropped" in line for _, line in list(sidecar.lines)))
        code = sidecar.stop()
        return sidecar.documents(), code, endpoint.requests()
    finally:
        if sidecar.is_running:
            sidecar.kill()
        endpoint.close()
