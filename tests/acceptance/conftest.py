"""Makes the kit, its stand-ins and the models of the other parts importable."""

import itertools
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "deploy"), str(HERE.parent / "e2e")]


@pytest.fixture(autouse=True)
def reset_ids(monkeypatch):
    """The ids are the same in each test and after each call, so that the stand-ins can reuse what they resolved."""

    def reset():
        numbers = itertools.count(1)
        monkeypatch.setattr("kit.state.secrets.token_hex", lambda size: f"{next(numbers):08x}")

    reset()
    return reset
