"""A critical step with the PyPI client `clockbound` 0.3.0, which maps the sidecar's segment."""

import os
import sys
import time

from clockbound import Clockbound, ClockboundError

MAX_ERROR_NS = 5_000_000
SYNCHRONIZED = 1


class ClockNotGood(Exception):
    """Refuse the step: the clock is not good, or there is no segment."""


def clock(client):
    """The range that contains true time, if the clock is good."""
    try:
        now = client.now()
        # This client also returns a range while the clock runs free, without the status.
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
            pass  # it may become good again
        time.sleep(0.0001)
    raise ClockNotGood(f"{timestamp} is not certainly past")


def commit(client, write):
    """Takes the step with the latest time it can be, and returns when it is certainly past."""
    timestamp = clock(client).latest
    write(timestamp)
    wait_until_past(client, timestamp)
    return timestamp


if __name__ == "__main__":
    try:
        # Open it once for the whole process.
        client = Clockbound(os.environ.get("CLOCK_SEGMENT", "/var/run/clockbound/shm0"))
        print("committed", commit(client, write=lambda timestamp: print("writing", timestamp)))
    except (ClockNotGood, ClockboundError) as reason:
        sys.exit(f"refused: {reason}")
