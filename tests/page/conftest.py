"""Fixtures of the tests of the page that runs `explain` in a browser: the built page, the program, a server, a tab."""

import functools
import http.server
import subprocess
import sys
import threading
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
# The browser is driven by the helpers of tests/demo, and programs are built by those of tests/deploy.
sys.path[:0] = [str(HERE), str(HERE.parent / "demo"), str(HERE.parent / "deploy")]

from browser import Browser  # noqa: E402
from cfn import TOP  # noqa: E402
from page import Page  # noqa: E402
from program import cargo_build  # noqa: E402


@pytest.fixture(scope="session")
def emf_explain():
    """The program that the page must agree with."""
    return cargo_build("--package", "emf-explain", "--bin", "emf-explain")


@pytest.fixture(scope="session")
def folder(tmp_path_factory):
    """The page, built by its script."""
    folder = tmp_path_factory.mktemp("page")
    subprocess.run([TOP / "src/explain/page/build", folder], check=True, stdin=subprocess.DEVNULL)
    return folder


class _Handler(http.server.SimpleHTTPRequestHandler):
    """Serves the files without additional headers, as a host of static pages does, and records the paths."""

    def log_message(self, *_):
        self.server.paths.append(self.path)


@pytest.fixture(scope="session")
def server(folder):
    handler = functools.partial(_Handler, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        server.paths = []
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture(scope="session")
def chromium(tmp_path_factory):
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
def page(browser, server):
    """The page, opened and ready."""
    return Page(browser, f"http://127.0.0.1:{server.server_port}/index.html")
