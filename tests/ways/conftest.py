"""Makes the modules beside these tests, and those that other suites share, importable; synthesizes the CDK example once."""

import sys
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "deploy"), str(HERE.parent / "e2e")]


@pytest.fixture(scope="session")
def cdk_template(tmp_path_factory):
    """The template of the CDK example as it is."""
    import cdk

    return cdk.synthesized(cdk.copied(tmp_path_factory.mktemp("cdk")))
