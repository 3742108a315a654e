"""A critical step that rests on the clock, in Python: the PyPI client `clockbound` maps the sidecar's segment."""

import os
import sys
import time

from clockbound import Clockbound, ClockboundError

MAX_ERROR_NS = 5_000_000
SYNCHRONIZED = 1


class ClockNotGood(Exception):
    """The clock is not good, or there is no segment: both mean that the step must not be taken."""


def clock(client):
    """The range that it is now, if the clock is good."""
    try:
        now = client.now()
        # This client gives a range while the clock runs free as well, and does not say which it is.
        status = client.snapshot().clock_status
    except ClockboundError as reason:
        raise ClockNotGood(str(reason)) from reason
    if status != SYNCHRONIZED or now.error_ns > MAX_ERROR_NS:
        raise ClockNotGood(f"status {status}, error bound {now.error_ns} ns")
    return now


def wait_until_past(client, timestamp, patience=10):
    """Returns once every correct clock in the world shows a later time than `timestamp`."""
    deadline = time.monotonic() + patience
    while time.monotonic() < deadline:
        try:
            if clock(client).earliest > timestamp:
                return
        except ClockNotGood:
            pass  # It may become good again.
        time.sleep(0.0001)
    raise ClockNotGood(f"{timestamp} is not certainly past")


def commit(client, write):
    """Takes the step with the latest time it can be, and waits that time out before anybody hears of it."""
    timestamp = clock(client).latest
    write(timestamp)
    wait_until_past(client, timestamp)
    return timestamp


if __name__ == "__main__":
    try:
        # An application opens it once, and keeps it.
        client = Clockbound(os.environ.get("CLOCK_SEGMENT", "/var/run/clockbound/shm0"))
        print("committed", commit(client, write=lambda timestamp: print("writing", timestamp)))
    except (ClockNotGood, ClockboundError) as reason:
        sys.exit(f"refused: {reason}")
