"""Examples from production: what outcomes contradicted, stripped, once each, and never golden unasked."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest

from seatrial.cli.app import run
from seatrial.feedback.proposal import question

BEGIN = datetime(2026, 3, 1, tzinfo=UTC)


@pytest.fixture
def production(write, monkeypatch, project, capsys):
    """A project, and 90 decisions: German ones at .9 are wrong in two of three."""
    assert run(["init"]) == 0
    capsys.readouterr()
    graph = next(path.name for path in (project / "datasets").iterdir() if path.is_dir())
    golden = [json.loads(line) for line in (project / "datasets" / graph / "golden.jsonl").read_text().splitlines()]
    decisions, outcomes, runs = [], [], []
    for i in range(90):
        at, language = BEGIN + timedelta(hours=i), ("de", "en")[i % 2]
        wrong = language == "de" and i % 3 != 0
        decisions.append({"decision_id": f"d{i}", "thread_id": f"t{i}", "classifier": "c", "verdict": "yes", "confidence": 0.9,
                          "decided_at": at.isoformat(), "language": language})  # fmt: skip
        outcomes.append({"event_id": f"e{i}", "thread_id": f"t{i}", "outcome": "reply", "label": str(int(not wrong)),
                         "observed_at": (at + timedelta(days=1)).isoformat()})  # fmt: skip
        asked = {"text": f"Write to jane{i}@acme.internal about  case {i // 4 * 4}"} if i != 2 else golden[0]["inputs"]
        runs.append(
            {"id": f"r{i}", "thread_id": f"t{i}", "version": "v1", "inputs": asked, "outputs": {"label": "yes"}}
        )
    write("d.csv", decisions)
    write("o.csv", outcomes)
    (project / "runs.jsonl").write_text("".join(json.dumps(one) + "\n" for one in runs[:60]))

    def propose(*more):
        code = run(["datasets", "propose", graph, "--runs", "runs.jsonl", "--decisions", "d.csv", "--outcomes", "o.csv",
                    "--segment", "language", "--now", "2026-06-01", "--json", *more])  # fmt: skip
        printed = capsys.readouterr()
        return code, json.loads(printed.out) if code in (0, 2) and printed.out else printed.err

    return graph, propose


def test_contradicted_decisions_are_proposed_once_without_personal_data(production, project):
    graph, propose = production
    before = (project / "datasets" / graph / "golden.jsonl").read_bytes()
    code, reported = propose("-o", "new.jsonl")
    # 30 German decisions were wrong; 10 of them have no recorded run, one asks what a golden example does.
    assert (code, reported["contradicted"], reported["unrecorded"]) == (0, 30, 10)
    found = [json.loads(line) for line in (project / "new.jsonl").read_text().splitlines()]
    assert len(found) == reported["proposed"] == 20 - reported["repeated"]
    assert reported["repeated"] > 1
    assert "acme" not in (project / "new.jsonl").read_text()
    assert len({question(one["inputs"]) for one in found}) == len(found)
    one = found[0]
    assert one["outputs"] is None
    assert one["tags"] == ["proposed", "language:de"]
    assert one["metadata"]["proposed"]["flagged"] == ["language=de"]
    assert one["metadata"]["proposed"]["answered"] == {"label": "yes"}
    assert (project / "datasets" / graph / "golden.jsonl").read_bytes() == before


@pytest.mark.parametrize(
    ("target", "said"),
    [
        ("datasets/{}/more.jsonl", "lies in datasets/"),
        ("runs.jsonl", "exists; name a new file"),
        ("new.csv", "written as FILE.jsonl"),
    ],
)
def test_no_dataset_and_no_file_is_ever_overwritten(production, target, said):
    graph, propose = production
    code, reported = propose("-o", target.format(graph))
    assert code == 3
    assert said in reported


def test_the_limit_takes_the_most_confident_and_nothing_to_propose_is_exit_2(production, project):
    _, propose = production
    assert propose("-o", "few.jsonl", "--limit", "3")[1]["proposed"] == 3
    (project / "runs.jsonl").write_text(
        json.dumps({"id": "x", "thread_id": "elsewhere", "inputs": {"text": "a"}, "outputs": {}}) + "\n"
    )
    code, reported = propose("-o", "none.jsonl")
    assert (code, reported["proposed"], reported["unrecorded"]) == (2, 0, 30)
    assert not (project / "none.jsonl").exists()
