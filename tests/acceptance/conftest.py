"""Makes the kit, its stand-ins and the models of the other parts importable."""

import itertools
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "deploy"), str(HERE.parent / "e2e")]


@pytest.fixture(autouse=True)
def reset_ids(monkeypatch):
    """The same ids in each test, and after each call: what the stand-ins have resolved once they need not resolve again."""

    def reset():
        numbers = itertools.count(1)
        monkeypatch.setattr("kit.state.secrets.token_hex", lambda size: f"{next(numbers):08x}")

    reset()
    return reset
