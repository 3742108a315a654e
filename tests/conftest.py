"""A deadline for every Python test: a test that hangs fails and does not block the run."""

import signal
from contextlib import contextmanager

import pytest

# Longer than any test on a busy machine, with the programs and images that it builds first.
DEADLINE_S = 1_800


@contextmanager
def deadline(item):
    def expire(_number, _frame):
        raise TimeoutError(f"the deadline of {seconds} s has passed")

    # Options of tests/faults.
    seconds = DEADLINE_S + item.config.getoption("soak_seconds", 0)
    before = signal.signal(signal.SIGALRM, expire)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_setup(item):
    with deadline(item):
        return (yield)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item):
    with deadline(item):
        return (yield)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item):
    with deadline(item):
        return (yield)
