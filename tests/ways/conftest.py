"""Makes the modules beside these tests, and those that other suites share, importable; synthesizes the CDK example once."""

import sys
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "deploy"), str(HERE.parent / "e2e")]


@pytest.fixture(scope="session")
def cdk_stacks(tmp_path_factory):
    """The stacks of the unchanged CDK example."""
    import cdk

    return cdk.synthesized(cdk.copied(tmp_path_factory.mktemp("cdk")))


@pytest.fixture(scope="session")
def cdk_template(cdk_stacks):
    """The template with the one service of the CDK example."""
    return cdk_stacks["clock-example"].template
