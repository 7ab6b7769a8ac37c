"""`seatrial judge pairwise`: two stored runs, a loopback judge, verdicts in the candidate's run."""

from __future__ import annotations

import json

import pyarrow.parquet as pq
import pytest

from seatrial.adapters.mlflow.judged import winrate_metrics
from seatrial.cli.app import run
from seatrial.project import open_project
from seatrial.testing import OpenAIServer
from seatrial.trial.judging import comparison, winrate_of

from .asking import prefers, shown, verdict


def _judge(project, judges, server, *versions, arguments=(), **keys):
    root = project(*versions)
    judges(server.url, answer="answer", **keys)
    a, b = (f"desk@{version}" for version in versions)
    return root, run(["judge", "pairwise", a, b, "--judge", "helpful", "--json", *arguments])


def _stated(capsys):
    return json.loads(capsys.readouterr().out.splitlines()[-1])


def test_two_runs_are_judged_in_both_orders(project, judges, server, capsys):
    root, _ = _judge(project, judges, server, "v1", "v2")
    reported = _stated(capsys)
    assert (reported["judged"], reported["pairs"], len(server.requests)) == (20, 20, 40)
    (file,) = root.glob(".seatrial/runs/*/judged/*/verdicts.parquet")
    assert file.parent.parent.parent.name == reported["candidate_run"]
    assert file.parent.name == f"helpful--{reported['baseline_run']}"
    rows = pq.read_table(file).to_pylist()
    assert {(row["order"], row["preference"]) for row in rows} == {("AB", 1.0), ("BA", 1.0)}
    first = rows[0]
    assert first["judge"] == reported["judge"]
    assert first["judge"].startswith("helpful@1#")
    assert (first["version"], first["baseline"], first["segment.tier"]) == ("v2", "v1", "free")
    assert (first["requested_model"], first["reported_model"], first["family"]) == (
        "openai:gpt-4o-mini",
        "gpt-4o-mini",
        "openai",
    )
    assert first["length_candidate"] == len("a good answer to 0")
    assert first["input_tokens"] > 0


def test_evidence_of_a_judge_is_one_row_an_example(project, judges, server):
    root, _ = _judge(project, judges, server, "v1", "v2")
    (file,) = root.glob(".seatrial/runs/*/judged/*/evidence.parquet")
    rows = pq.read_table(file).to_pylist()
    assert len(rows) == 20
    assert {(row["key"], row["score"], row["version"], row["outcome"]) for row in rows} == {
        ("winrate:helpful", 1.0, "v2", "scored")
    }
    assert rows[0]["judge"].startswith("helpful@1#")


def test_a_second_run_asks_nothing(project, judges, server, capsys):
    _judge(project, judges, server, "v1", "v2")
    capsys.readouterr()
    run(["judge", "pairwise", "desk@v1", "desk@v2", "--judge", "helpful", "--json"])
    reported = _stated(capsys)
    assert (reported["asked"], reported["known"], len(server.requests)) == (0, 40, 40)


def test_only_the_judged_field_is_shown(project, judges, server):
    _judge(project, judges, server, "v1", "v2")
    texts = [shown(request.body["messages"]) for request in server.requests]
    assert {text["answer A"] for text in texts} == {
        f"a {style} answer to {i}" for style in ("good", "bad") for i in range(20)
    }
    assert {text["reference"] for text in texts} == {f"right {i}" for i in range(20)}
    assert "tier" in texts[0]["inputs"]


def test_equal_answers_tie_and_nobody_is_asked(project, judges, server, capsys):
    root, _ = _judge(project, judges, server, "v1", "same")
    assert (_stated(capsys)["judged"], len(server.requests)) == (20, 0)
    (file,) = root.glob(".seatrial/runs/*/judged/*/verdicts.parquet")
    assert {row["preference"] for row in pq.read_table(file).to_pylist()} == {0.5}


def test_a_crashed_candidate_loses_and_nobody_is_asked_about_it(project, judges, server):
    root, _ = _judge(project, judges, server, "v1", "crash")
    assert len(server.requests) == 2 * 16
    (file,) = root.glob(".seatrial/runs/*/judged/*/verdicts.parquet")
    rows = pq.read_table(file).to_pylist()
    missing_cells = [row for row in rows if row["requested_model"] is None and row["preference"] == 0.0]
    assert len(missing_cells) == 2 * 4
    assert missing_cells[0]["reason"] == "the candidate failed and the other answered; nobody was asked"


def test_a_constant_answer_cannot_win(project, judges, server, capsys):
    _, code = _judge(project, judges, server, "v1", "constant")
    assert (code, len(server.requests)) == (2, 0)
    assert "one and the same answer to 20 of 20 examples" in capsys.readouterr().err


def test_a_judge_of_the_candidates_family_is_refused(project, judges, server, capsys):
    _, code = _judge(project, judges, server, "v1", "kin")
    assert (code, len(server.requests)) == (2, 0)
    assert "are both of family openai" in capsys.readouterr().err


def test_a_candidate_of_unknown_family_is_refused(project, judges, server, capsys):
    _, code = _judge(project, judges, server, "v1", "stranger")
    assert (code, len(server.requests)) == (2, 0)
    assert "the family of desk@stranger is unknown" in capsys.readouterr().err


def test_a_judge_of_unknown_family_is_refused(project, judges, server, capsys):
    _, code = _judge(project, judges, server, "v1", "v2", model="openai:house-7b")
    assert (code, len(server.requests)) == (2, 0)
    assert "the family of model 'openai:house-7b' is unknown" in capsys.readouterr().err


def test_a_prompt_edited_without_a_version_bump_is_refused_by_name_and_hash(project, judges, server, capsys):
    root, _ = _judge(project, judges, server, "v1", "v2")
    file = root / "judges" / "helpful.v1.md"
    file.write_text(file.read_text(encoding="utf-8") + "Be kind.\n", encoding="utf-8")
    capsys.readouterr()
    code = run(["judge", "pairwise", "desk@v1", "desk@v2", "--judge", "helpful"])
    reported = capsys.readouterr().err
    assert code != 0
    assert len(server.requests) == 40
    assert (
        "prompt 'helpful.v1' of judge 'helpful' was edited under its version: judges/prompts.toml has sha256"
        in reported
    )
    assert "set version = 2" in reported


def test_a_dry_run_says_what_it_takes_and_asks_nobody(project, judges, server, capsys):
    price = {"input": 1.0, "output": 10.0}
    _, code = _judge(project, judges, server, "v1", "v2", arguments=("--dry-run",), price=price, max_tokens=100)
    plan = _stated(capsys)["plan"]
    assert (code, len(server.requests)) == (0, 0)
    assert (plan["pairs"], plan["resolved"], plan["calls"], plan["known"]) == (20, 0, 40, 0)
    assert plan["worst_usd"] > 40 * 100 * 10 / 1e6


def test_resume_of_nothing_is_refused(project, judges, server, capsys):
    _, code = _judge(project, judges, server, "v1", "v2", arguments=("--resume",))
    assert code != 0
    assert "holds no judged rows to resume" in capsys.readouterr().err


def test_another_judge_identity_asks_again(project, judges, server):
    _judge(project, judges, server, "v1", "v2")
    judges(server.url, answer="answer", scale=[0, 0.5, 1])
    run(["judge", "pairwise", "desk@v1", "desk@v2", "--judge", "helpful", "--json"])
    assert len(server.requests) == 80


@pytest.mark.parametrize(("word", "exit_code"), [("bad", 1), ("good", 0)])
def test_the_preference_is_the_candidates_in_either_order(project, judges, word, exit_code):
    with OpenAIServer(prefers(word)) as server:
        root, code = _judge(project, judges, server, "v1", "v2")
    assert code == exit_code
    (file,) = root.glob(".seatrial/runs/*/judged/*/verdicts.parquet")
    assert {row["preference"] for row in pq.read_table(file).to_pylist()} == {float(word == "good")}


def test_a_judge_that_is_down_is_an_outage(project, judges, capsys):
    with OpenAIServer(lambda _: verdict(1), mode="overloaded") as server:
        _, code = _judge(project, judges, server, "v1", "v2")
    reported = _stated(capsys)
    assert (code, reported["judged"], reported["pairs"], reported["reason_class"]) == (2, 0, 20, "outage")


def test_decided_rows_among_outages_are_no_majority(project, judges, capsys):
    def some(messages) -> str:
        if int(shown(messages)["inputs"].split()[1]) >= 5:
            raise RuntimeError("down")
        return prefers("good")(messages)

    with OpenAIServer(some) as server:
        _, code = _judge(project, judges, server, "v1", "v2")
    reported = _stated(capsys)
    assert (code, reported["judged"], reported["pairs"], reported["reason_class"]) == (2, 5, 20, "outage")


def test_a_judge_that_always_favours_the_first_answer_decides_nothing(project, judges, capsys):
    with OpenAIServer(lambda _: verdict(1)) as server:
        _, code = _judge(project, judges, server, "v1", "v2")
    reported = _stated(capsys)
    assert (code, reported["judged"]) == (2, 20)
    position = reported["winrate"]["details"]["position"]
    assert (position["consistency"], position["first"]) == (0.0, 1.0)


def test_a_comparison_is_written_as_a_page_and_a_table(project, judges, server, capsys):
    root, code = _judge(project, judges, server, "v1", "v2", arguments=("-o", "page.html", "-o", "table.parquet"))
    assert code == 0
    assert "v2 against v1" in (root / "page.html").read_text(encoding="utf-8")
    assert pq.read_table(root / "table.parquet").num_rows == 40
    json.loads(capsys.readouterr().out.splitlines()[-1])


def test_a_judged_comparison_has_a_metric_per_segment_for_mlflow(project, judges, server):
    root, _ = _judge(project, judges, server, "v1", "v2")
    decision = winrate_of(comparison(open_project(root), "desk@v1", "desk@v2", "helpful"))
    metrics = winrate_metrics(decision, "helpful")
    assert metrics["winrate/helpful/overall/rate"] == 1.0
    assert {name for name in metrics if name.endswith("/judged")} == {
        "winrate/helpful/overall/judged",
        "winrate/helpful/tier/free/judged",
        "winrate/helpful/tier/enterprise/judged",
    }
    assert (metrics["winrate/helpful/consistency"], metrics["winrate/helpful/first_slot"]) == (1.0, 0.5)
