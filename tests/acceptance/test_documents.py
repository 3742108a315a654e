"""The READMEs state about AWS what the report has, and nothing before there is a report."""

import copy
import json
import re
import shutil

import documents
import pytest
from kit.experiments import EXPERIMENTS

IDS = [experiment.id for experiment in EXPERIMENTS]


def report(**verdicts):
    """A report in which everything is as claimed, except for the given verdicts."""
    return {
        "version": 1, "id": "0123abcd", "rehearsal": False, "region": "eu-west-1", "date": "2026-11-29", "versions": {"ecs-clock-emf": "0.3.0"},
        "experiments": [{"id": id, "verdict": verdicts.get(id, "as claimed"), "summary": f"what {id} found"} for id in IDS],
    }  # fmt: skip


@pytest.fixture
def copies(tmp_path, monkeypatch):
    """The documents, to be changed at will."""
    for name in documents.claiming_documents():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(documents.TOP / name, tmp_path / name)
    monkeypatch.setattr(documents, "TOP", tmp_path)
    monkeypatch.setattr(documents, "REPORT", tmp_path / "report.json")
    return tmp_path


def run(copies, content):
    (copies / "given.json").write_text(json.dumps(content))
    return documents.main([str(copies / "given.json")])


def test_the_documents_are_what_the_committed_report_makes_them():
    kept = json.loads(documents.REPORT.read_text()) if documents.REPORT.exists() else None
    for name in ("README.md", *documents.NEVER):
        text = (documents.TOP / name).read_text()
        assert documents.rewritten(name, text, kept) == text, f"{name}: run tests/run verified FILE, do not change this paragraph by hand"


def test_the_first_screen_states_that_nothing_has_run_unless_there_is_a_report():
    first_screen = "\n".join((documents.TOP / "README.md").read_text().splitlines()[:30])
    assert ("Nothing has run on AWS yet" in first_screen) != documents.REPORT.exists()


def test_every_experiment_has_a_topic_and_every_topic_an_experiment():
    named = [id for ids in documents.TOPICS.values() for id in ids]
    assert sorted(named) == sorted(set(IDS) - {"K15"})
    assert set(documents.SAM_TOPICS) <= set(documents.TOPICS)


def test_a_report_rewrites_the_paragraphs(copies):
    assert run(copies, report(K8="measured", K14="not measured")) == 0
    text = " ".join((copies / "tests/README.md").read_text().split())
    assert "Verified on AWS (eu-west-1, 2026-11-29, version 0.3.0, by `make -C sam verify`): a deployment (K0); the extraction" in text
    assert "Measured there: how often Fargate's endpoint" in text and "what K8 found" in text
    assert "Not verified, since it was not measured on AWS: `ClockDrift` on Windows (K14)." in text
    assert "Nothing has run" not in (copies / "README.md").read_text()
    assert "16 as claimed, 1 measured, 1 not measured" in " ".join((copies / "README.md").read_text().split())
    assert json.loads((copies / "report.json").read_text())["id"] == "0123abcd"
    # Once more it changes nothing.
    before = (copies / "tests/README.md").read_text()
    assert run(copies, report(K8="measured", K14="not measured")) == 0
    assert (copies / "tests/README.md").read_text() == before


def test_what_was_not_requested_is_not_verified(copies):
    partial = report()
    partial["experiments"] = [e for e in partial["experiments"] if e["id"] != "K6"]
    assert run(copies, partial) == 0
    assert "Not verified, since it was not measured on AWS: the states of the alarms" in " ".join((copies / "sam/README.md").read_text().split())


@pytest.mark.parametrize("id", ["K4", "K5", "K6", "K7", "K11", "K17"])
def test_a_claim_that_the_report_refutes_fails_and_nothing_is_written(id, copies, capsys):
    before = {name: (copies / name).read_text() for name in documents.NEVER}
    assert run(copies, report(**{id: "refuted"})) == 1
    assert re.search(rf"README\.md:\d+: this claims what {id} refutes: what {id} found", capsys.readouterr().err)
    assert {name: (copies / name).read_text() for name in documents.NEVER} == before and not (copies / "report.json").exists()


def test_a_refuted_experiment_that_nothing_claims_any_more_is_stated(copies):
    for name in documents.claiming_documents():
        text = (copies / name).read_text()
        (copies / name).write_text(re.sub(r"<!-- claim: [K\d ]+ -->\n", "", text))
    assert run(copies, report(K6="refuted")) == 0
    text = " ".join((copies / "sam/README.md").read_text().split())
    assert "**Refuted there:** the states of the alarms, their warm-up and their messages (K5, K6: what K6 found)." in text


def test_a_file_that_is_no_report_changes_nothing(copies, capsys):
    for content in ({}, {"version": 2}, [], {"version": 1, "experiments": []}, report() | {"rehearsal": True}):
        assert run(copies, copy.deepcopy(content)) == 2
    assert documents.main([]) == 2 and documents.main(["/nowhere"]) == 2
    assert "no such" in capsys.readouterr().err.lower()


def test_lines_are_at_most_120_columns_and_links_are_whole():
    for name in ("README.md", *documents.NEVER):
        for content in (None, report(), report(K6="refuted", K8="measured")):
            for line in documents.paragraph(name, content).splitlines():
                assert len(line) <= 120 or "](" in line
                assert line.count("[") == line.count("](") and line.count("`") % 2 == 0, line
