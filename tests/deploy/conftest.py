"""Makes the modules beside these tests and those shared with others importable; provides what several tests share."""

import sys
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "e2e"), str(HERE.parent / "acceptance")]


@pytest.fixture(scope="session")
def runs(tmp_path_factory):
    """The real program's output in each run of runs.py."""
    from runs import play_all

    return play_all(tmp_path_factory.mktemp("runs"))


@pytest.fixture(scope="session")
def new():
    """The shipped queries by name."""
    from cfn import Deployment
    from references import queries

    stack = Deployment().observability
    saved = stack.resources("AWS::Logs::QueryDefinition")
    return {saved[logical]["Name"].rpartition("/")[2]: text for logical, text in queries(stack).items()}
