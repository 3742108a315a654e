"""Fixtures of the browser tests: the built programs, one browser, and for each test an endpoint, the application and a tab."""

import sys
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
# The endpoint is started by the helpers of tests/deploy.
sys.path[:0] = [str(HERE), str(HERE.parent / "deploy")]

from application import Application  # noqa: E402
from browser import Browser  # noqa: E402
from program import Endpoint, built  # noqa: E402


@pytest.fixture(scope="session")
def endpoint_program():
    return built("task-metadata-endpoint")


@pytest.fixture(scope="session")
def demo_program():
    return built("clock-demo")


@pytest.fixture(scope="session")
def chromium(tmp_path_factory):
    """The browser itself; it takes longer to start than a test takes to run."""
    browser = Browser(tmp_path_factory.mktemp("chromium"))
    yield browser
    browser.quit()


@pytest.fixture
def browser(chromium):
    """A new tab, without any state of earlier tests."""
    chromium.open_tab()
    yield chromium
    chromium.close_tab()


@pytest.fixture
def start_endpoint(endpoint_program):
    """A function that starts the endpoint with a scenario and options."""
    started = []

    def start(scenario="good", *options):
        started.append(Endpoint(endpoint_program, scenario, *options))
        return started[-1]

    yield start
    for endpoint in started:
        endpoint.close()


@pytest.fixture
def start_demo(demo_program):
    """A function that starts the application for an endpoint."""
    started = []

    def start(endpoint, listen="127.0.0.1:0"):
        started.append(Application(demo_program, endpoint.environment, listen))
        return started[-1]

    yield start
    for demo in started:
        demo.close()


@pytest.fixture
def endpoint(start_endpoint):
    """An endpoint with a good clock."""
    return start_endpoint()


@pytest.fixture
def demo(start_demo, endpoint):
    """The application, which shows that clock."""
    return start_demo(endpoint)
