"""Makes the modules beside these tests, and the EMF extraction that all tests share, importable; the runs that several look at."""

import sys
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "e2e")]


@pytest.fixture(scope="session")
def runs(tmp_path_factory):
    """What the real program wrote in each of the troubles of runs.py."""
    from runs import play_all

    return play_all(tmp_path_factory.mktemp("runs"))
