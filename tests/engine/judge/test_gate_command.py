"""`seatrial gate`, `trial` and pytest count a judge as far as its licence goes; the exit code says how it ended."""

import json
import subprocess
import sys
import time

import pyarrow.parquet as pq
import pytest

from seatrial.cli.app import run
from seatrial.judge.agreement import Measured
from seatrial.judge.licence import DAY, Licence, licence_data
from seatrial.testing import OpenAIServer

from .asking import prefers

POLICY = """
schema = "seatrial/policy/1"
must_detect = 0.5
must_detect_overall = 0.5
[key.answered]
primary = true
[judge.helpful]
"""
ROW = """
[[tool.seatrial.trial]]
graph = "desk"
baseline = "v1"
candidate = "v2"
policy = "gates/merge.toml"
"""


def licence(root, judge, *, age=0.0, identity="", **of):
    """Write a full licence of a judge; `of` replaces its fields."""
    share, now = Measured(0.9, 0.8, 0.95), time.time() - age * DAY
    fields = {
        "judge": identity or judge.identity,
        "prompt_hash": judge.prompt_hash,
        "models": ("gpt-4o-mini",),
        "families": ("openai",),
        "labels": 120,
        "negative": 40,
        "ac1": share,
        "recall": share,
        "consistency": share,
        "graphs": ("desk",),
        "measured_at": now,
        "expires_at": now + 90 * DAY,
        **of,
    }
    (root / "judges" / "helpful.licence.json").write_text(json.dumps(licence_data(Licence(**fields))))


@pytest.fixture
def judged(project, judges, monkeypatch):
    """`judged(word)` runs v1 and v2 and has them judged by a judge that prefers answers with this word."""

    def make(word):
        root = project("v1", "v2")
        (root / "gates").mkdir(exist_ok=True)
        (root / "gates" / "merge.toml").write_text(POLICY)
        with (root / "pyproject.toml").open("a") as file:
            file.write(ROW)
        with OpenAIServer(prefers(word)) as server:
            judge = judges(server.url, answer="answer")
            run(["judge", "pairwise", "desk@v1", "desk@v2", "--judge", "helpful", "--json"])
        return root, judge

    return make


@pytest.mark.parametrize(("word", "code"), [("good", 0), ("bad", 1)])
def test_a_licensed_judge_decides_and_an_expired_one_is_shown_with_the_reason(judged, capsys, word, code):
    root, judge = judged(word)
    licence(root, judge)
    assert run(["gate", "desk@v1", "desk@v2"]) == code
    licence(root, judge, age=102)
    capsys.readouterr()
    assert run(["gate", "desk@v1", "desk@v2", "-o", "gate.html", "-o", "gate.md"]) == 0
    why = "judge helpful has no vote, its win rate is reported only: the licence expired 12 days ago"
    assert why in " ".join(capsys.readouterr().out.split())
    assert all("the licence expired 12 days ago" in (root / name).read_text() for name in ("gate.html", "gate.md"))


def test_a_few_labels_may_hold_and_never_fail(judged, capsys):
    root, judge = judged("bad")
    licence(root, judge, labels=60)
    capsys.readouterr()
    assert run(["gate", "desk@v1", "desk@v2", "--json"]) == 2
    said = json.loads(capsys.readouterr().out)
    overall = next(f for f in said["segments"] if f["key"] == "winrate:helpful" and f["segment"] == "overall")
    kinds = [one["kind"] for one in overall["reasons"]]
    assert kinds == ["loses", "may_only_hold", "short_of_licence", "win_rate"]


@pytest.mark.parametrize(
    ("of", "kind"),
    [
        ({"identity": "helpful@1#0000", "prompt_hash": "ff"}, "other_version"),
        ({"models": ("gpt-4o",)}, "other_model"),
        ({"graphs": ("router",)}, "other_graph"),
        ({"labels": 12}, "short_of_licence"),
    ],
)
def test_a_licence_of_something_else_gives_no_vote(judged, capsys, of, kind):
    root, judge = judged("bad")
    licence(root, judge, **of)
    capsys.readouterr()
    assert run(["gate", "desk@v1", "desk@v2", "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert {f["reasons"][1]["kind"] for f in said["segments"] if f["key"] == "winrate:helpful"} == {kind}


def test_a_licensed_judge_that_was_never_asked_holds_the_gate_and_trial_asks_it(judged, judges, monkeypatch, capsys):
    root, _ = judged("good")
    with OpenAIServer(prefers("good")) as server:
        licence(root, judges(server.url, answer="answer"))
        # New runs, which no judge has seen.
        assert run(["trial", "--no-mlflow"]) == 2
        assert "seatrial judge pairwise" in capsys.readouterr().out
        assert not server.requests
        monkeypatch.setenv("EVAL", "1")
        assert run(["trial", "--no-mlflow"]) == 0
        assert len(server.requests) == 40


TWO = """
[judge.strict]
[judge.helpful]
"""


@pytest.mark.parametrize("priced", [True, False])
def test_the_judges_of_a_trial_share_one_cap_and_one_without_a_price_is_not_asked(
    judged, judges, monkeypatch, capsys, priced
):
    root, _ = judged("good")
    (root / "gates" / "merge.toml").write_text(POLICY.replace("[judge.helpful]\n", TWO))
    # Reading is free and a reply is booked at 30 USD per million: with 100 tokens a reply at most .003 USD.
    keys = {"price": {"input": 0, "output": 30.0}} if priced else {"model": "openai:gpt-0"}
    monkeypatch.setenv("EVAL", "1")
    with OpenAIServer(prefers("good")) as server:
        for name in ("strict", "helpful"):
            made = judges(
                server.url, name=name, version=2, answer="answer", max_tokens=100, max_tokens_ceiling=100, **keys
            )
        licence(root, made)
        capsys.readouterr()
        assert run(["trial", "--no-mlflow", "--max-usd", "0.001"]) == 2  # what has no verdict is missing
        assert not server.requests
    out = " ".join(capsys.readouterr().out.split())
    assert ("the cap of --max-usd leaves no room" if priced else "--max-usd needs the price of openai:gpt-0") in out


def test_the_table_of_win_rates_must_be_the_one_that_was_written(judged, capsys):
    root, judge = judged("good")
    licence(root, judge)
    (folder,) = (root / ".seatrial" / "runs").glob("*/judged/helpful--*")
    about = json.loads((folder / "judge.json").read_text())
    (folder / "judge.json").write_text(json.dumps(about | {"evidence_hash": "0" * 64}))
    assert run(["gate", "desk@v1", "desk@v2"]) == 2
    assert "judge the two runs again" in " ".join(capsys.readouterr().err.split())
    (root / "gates" / "merge.toml").write_text(POLICY.replace("[judge.helpful]\n", ""))
    assert run(["gate", "desk@v1", "desk@v2"]) == 0  # nothing hangs on it


def test_a_verdict_table_with_rows_taken_out_is_refused(judged, capsys):
    root, judge = judged("good")
    licence(root, judge)
    assert run(["gate", "desk@v1", "desk@v2"]) == 0
    (file,) = (root / ".seatrial" / "runs").glob("*/judged/helpful--*/verdicts.parquet")
    table = pq.read_table(file)
    pq.write_table(table.slice(0, 30), file)  # the consistent pairs, say
    capsys.readouterr()
    assert run(["gate", "desk@v1", "desk@v2"]) == 2
    assert "is not the table that was written" in " ".join(capsys.readouterr().err.split())


def test_evidence_from_a_file_counts_under_the_licence_of_its_folder(tmp_path, judges, monkeypatch):
    monkeypatch.chdir(tmp_path)
    judge = judges()
    rows = []
    for i in range(60):
        rows += [
            {"example_id": f"e{i}", "version": v, "key": "answered", "score": 1, "model": "claude-3"} for v in "ab"
        ]
        rows.append(
            {"example_id": f"e{i}", "version": "b", "key": "winrate:helpful", "score": 0, "judge": judge.identity}
        )
    (tmp_path / "e.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    (tmp_path / "p.toml").write_text(POLICY)
    command = ["gate", "--evidence", "e.jsonl", "--policy", "p.toml", "--baseline", "a", "--candidate", "b"]
    licence(tmp_path, judge)
    bare = "import sys; sys.modules['scipy'] = None; from seatrial.cli.app import run; sys.exit(run(sys.argv[1:]))"
    process = [sys.executable, "-c", bare, *command]
    assert subprocess.run(process, cwd=tmp_path, capture_output=True, check=False).returncode == 1
    for of, code in (({"families": ("anthropic",)}, 2), ({"labels": 60}, 2), ({"labels": 12}, 0)):
        licence(tmp_path, judge, **of)
        assert run(command) == code


CONCISE = "judge:concise@1#0123456789abcdef"
KEYS = POLICY.replace("[judge.helpful]", '[key."judge:concise"]')


@pytest.mark.parametrize(
    ("worse", "rows", "of", "code", "kinds"),
    [
        (40, {}, {}, 1, []),
        (0, {}, {}, 0, []),
        (40, {"b": {"output_hash": "b"}}, {}, 1, ["constant_answers"]),
        (0, {"b": {"output_hash": "b"}}, {}, 2, ["constant_answers"]),
        (0, {"b": {"output_hash": None}}, {}, 2, ["answers_unknown"]),
        (40, {}, {"graphs": ("router",)}, 0, ["other_graph"]),
        (40, {}, {"families": ("anthropic",)}, 2, ["same_family"]),
        (40, {"a": {"model": None}, "b": {"model": None}}, {}, 2, ["family_unknown"]),
        (40, {"b": {"model": None}}, {}, 2, ["family_unknown"]),
        (40, {}, {"families": ()}, 2, ["family_unknown"]),
        (40, {}, {"graphs": ()}, 2, ["other_graph"]),
        (40, {"a": {"judge": None}}, {}, 1, []),  # the hash of its evaluator, which both carry, says who judged
        (40, {"a": {"judge": None, "evaluator_hash": None}, "b": {"evaluator_hash": None}}, {}, 2, ["other_version"]),
        (40, {"a": {"judge": None, "evaluator_hash": None}}, {}, 2, ["other_version"]),
        (40, {"b": {"judge": None}}, {}, 2, ["other_version"]),
    ],
)
def test_the_key_of_a_judge_in_a_file_counts_as_far_as_its_licence_goes(
    tmp_path, judges, monkeypatch, capsys, worse, rows, of, code, kinds
):
    monkeypatch.chdir(tmp_path)
    judge = judges()
    licence(tmp_path, judge, identity=CONCISE, kind="pointwise", **of)
    (tmp_path / "judges" / "helpful.licence.json").rename(tmp_path / "judges" / "concise.pointwise.licence.json")
    written = []
    for i in range(60):
        for version in "ab":
            common = {"example_id": f"e{i}", "version": version, "graph": "desk"}
            common |= {"model": "claude-3", "output_hash": f"{version}{i}"}
            word = {"score": int(version == "a" or i >= worse), "judge": CONCISE, "evaluator_hash": "ab"}
            for one in ({"key": "answered", "score": 1}, {"key": "judge:concise", **word}):
                row = {**common, **one}
                changed = {name: value for name, value in rows.get(version, {}).items() if name in row}
                written.append({name: value for name, value in {**row, **changed}.items() if value is not None})
    (tmp_path / "e.jsonl").write_text("".join(json.dumps(row) + "\n" for row in written))
    (tmp_path / "p.toml").write_text(KEYS)
    command = ["gate", "--evidence", "e.jsonl", "--policy", "p.toml", "--baseline", "a", "--candidate", "b", "--json"]
    assert run(command) == code
    said = json.loads(capsys.readouterr().out)
    assert [bar["kind"] for bar in said["judges"]["judge:concise"]["reasons"]] == kinds


def test_a_cap_uses_the_listed_price_and_the_licence_names_the_graph(judged, capsys):
    root, _ = judged("good")
    capsys.readouterr()
    pair = ["judge", "pairwise", "desk@v1", "desk@v2", "--judge", "helpful", "--max-usd", "1", "--json"]
    assert run(pair) == 0
    assert json.loads(capsys.readouterr().out)["usd"] == 0
    (table,) = (root / ".seatrial" / "runs").glob("*/judged/helpful--*/verdicts.parquet")
    (root / "labels.jsonl").write_text("".join(f'{{"example_id": "e{i:02}", "preference": 1}}\n' for i in range(20)))
    run(["judge", "agreement", str(table), "--labels", "labels.jsonl", "--licence", "helpful"])
    assert json.loads((root / "judges" / "helpful.licence.json").read_text())["graphs"] == ["desk"]


def test_the_licences_of_a_project_say_who_has_a_vote_today(judges, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert run(["judge", "licence"]) == 2
    judge = judges()
    assert run(["judge", "licence", "helpful"]) == 2
    licence(tmp_path, judge)
    assert run(["judge", "licence"]) == 0
    licence(tmp_path, judge, age=102)
    capsys.readouterr()
    assert run(["judge", "licence", "--json"]) == 2
    (found,) = json.loads(capsys.readouterr().out)["judges"]
    assert (found["level"], found["reasons"]) == ("none", [{"kind": "licence_expired", "days": 12}])
    assert run(["judge", "licence", "nobody"]) == 3
