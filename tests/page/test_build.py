"""What the script builds: small, complete, and without anything from elsewhere."""

import gzip
import re
import subprocess

from cfn import TOP

LIMIT = 200_000
# The guide, which a reader may follow; the page itself does not.
LINKS = {"https://docs.rs/emf-explain"}


def test_the_page_with_its_module_is_under_200_kb_compressed(folder):
    sizes = {path.name: len(gzip.compress(path.read_bytes(), 9)) for path in folder.iterdir()}
    assert sum(sizes.values()) < LIMIT, sizes
    # The module is in there.
    assert sizes["worker.js"] > 50_000


def test_every_file_that_the_page_names_is_there_and_no_other(folder):
    html = (folder / "index.html").read_text()
    named = set(re.findall(r'(?:src|href)="([^"]*)"', html))
    assert named - LINKS == {path.name for path in folder.iterdir()} - {"index.html"}


def test_no_file_refers_to_another_host(folder):
    for path in folder.iterdir():
        addresses = set(re.findall(r"(?:https?:)?//[a-z0-9.-]+\.[a-z]{2,}[^\s\"'<]*", path.read_text()))
        if path.name != "worker.js":
            assert addresses <= LINKS, path.name
    worker = (folder / "worker.js").read_text()
    assert "https:" not in worker and "http:" not in worker and "@MODULE@" not in worker


def test_the_page_has_no_inline_script_or_style(folder):
    html = (folder / "index.html").read_text()
    assert not re.search(r"\son\w+=|\sstyle=|<style|<script(?![^>]*src=)", html)


def test_what_only_webassembly_compiles_has_no_lint():
    command = ["cargo", "clippy", "--locked", "--quiet", "--package", "emf-explain-page", "--target", "wasm32-unknown-unknown"]
    done = subprocess.run([*command, "--target-dir", "target/page-build", "--", "-D", "warnings"], cwd=TOP, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
