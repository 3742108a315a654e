"""The guide links every client, and names the members and codes that there are."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

TOP = Path(__file__).resolve().parents[2]
CLIENTS = TOP / "src" / "answer" / "clients"
GUIDE = (TOP / "src" / "answer" / "README.md").read_text()
STEP = GUIDE.partition("## A critical step")[2]
SCHEMA = json.loads((TOP / "src" / "clock" / "report.schema.json").read_text())


def test_every_client_is_in_the_guide():
    for client in CLIENTS.glob("*.*"):
        assert f"(clients/{client.name})" in GUIDE, client.name
        lines = client.read_text().splitlines()
        assert client.suffix == ".json" or max(map(len, lines)) <= 100, client.name


@pytest.mark.parametrize("scenario, is_good", [("good", True), ("unsynchronized", False)])
def test_the_examples_work(sidecars, scenario, is_good):
    shell, python = (re.search(f"```{language}\n(.*?)```", STEP, re.DOTALL)[1] for language in ("sh", "python"))
    address = sidecars(scenario).address
    done = subprocess.run(["sh", "-c", shell.replace("http://127.0.0.1:2780", address)], timeout=60, stdin=subprocess.DEVNULL)
    assert (done.returncode == 0) == is_good
    called = "def write(timestamp): print('wrote')\ndef refuse(codes, text): print(*codes)\n"
    done = subprocess.run(
        [sys.executable, "-c", called + python], capture_output=True, text=True, timeout=60, stdin=subprocess.DEVNULL,
        env={"CLOCK_SIDECAR": address, "PYTHONPATH": str(CLIENTS), "PYTHONDONTWRITEBYTECODE": "1"},
    )  # fmt: skip
    assert done.stdout == ("wrote\n" if is_good else "not_synchronized\n"), done


def test_every_member_has_its_row():
    rows = [line for line in GUIDE.splitlines() if line.startswith("| `")]
    named = {name for row in rows for name in re.findall(r"`(\w+)`", row.split("|")[1])}
    assert set(SCHEMA["properties"]) <= named


def test_every_code_is_named():
    for code in SCHEMA["properties"]["codes"]["items"]["enum"]:
        assert f"`{code}`" in GUIDE


def test_the_answer_shown_has_the_members():
    [line] = [line for line in GUIDE.splitlines() if line.startswith('{"verdict"')]
    assert list(json.loads(line)) == SCHEMA["required"]


def test_links_lead_somewhere():
    for link in re.findall(r"\]\(([^)]+)\)", GUIDE):
        if "://" in link:
            continue
        file, _, fragment = link.partition("#")
        target = TOP / "src" / "answer" / file if file else TOP / "src" / "answer" / "README.md"
        assert target.resolve().exists(), link
        if fragment:
            headings = re.findall(r"^#+ (.+)$", target.read_text(), re.MULTILINE)
            anchors = [re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings]
            assert fragment in anchors, link
