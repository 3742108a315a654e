"""Builds the program for other platforms and finds emulators for them; without one, tests are skipped with the reason."""

import sys
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "e2e"), str(HERE.parent / "deploy")]

from platform_program import PLATFORMS, Native
from program import built


@pytest.fixture(scope="session")
def native():
    """The program for this machine, whose output is the reference for the others."""
    return Native(built("ecs-clock-emf"))


@pytest.fixture(scope="session", params=PLATFORMS)
def other(request, tmp_path_factory):
    """The program for another platform."""
    platform = PLATFORMS[request.param]
    missing = platform.missing()
    if missing:
        pytest.skip(f"{request.param}: {missing}")
    program = platform(tmp_path_factory.mktemp(request.param))
    yield program
    program.close()


@pytest.fixture(scope="session")
def endpoint_program():
    """The example that plays the task metadata endpoint, for this machine."""
    return built("task-metadata-endpoint")
