"""A critical step that rests on the clock, in Python: the standard library asks the sidecar."""

import json
import os
import sys
import time
import urllib.parse
import urllib.request

SIDECAR = os.environ.get("CLOCK_SIDECAR", "http://127.0.0.1:2780")
# Without a proxy: the sidecar is in this task.
opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))


class ClockNotGood(Exception):
    """The clock is not good, or nobody answers: both mean that the step must not be taken."""


def clock(**parameters):
    """What `/clock` says of a good clock."""
    url = f"{SIDECAR}/clock?{urllib.parse.urlencode(parameters)}"
    try:
        with opener.open(url, timeout=1) as answer:
            return json.load(answer)
    except (OSError, ValueError) as reason:  # HTTP's 503 is an OSError too.
        raise ClockNotGood(str(reason)) from reason


def wait_until_past(timestamp, patience=10):
    """Returns once every correct clock in the world shows a later time than `timestamp`."""
    deadline = time.monotonic() + patience
    while time.monotonic() < deadline:
        try:
            if clock(after=timestamp)["certainly_past"]:
                return
        except ClockNotGood:
            pass  # It may become good again.
        time.sleep(0.001)
    raise ClockNotGood(f"{timestamp} is not certainly past")


def commit(write):
    """Takes the step with the latest time it can be, and waits that time out before anybody hears of it."""
    timestamp = clock(max_error="5ms")["latest"]
    write(timestamp)
    wait_until_past(timestamp)
    return timestamp


if __name__ == "__main__":
    try:
        print("committed", commit(write=lambda timestamp: print("writing", timestamp)))
    except ClockNotGood as reason:
        sys.exit(f"refused: {reason}")
