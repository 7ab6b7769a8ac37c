"""Confirming on a project: which runs it makes, of which examples, and when it makes none."""

import json
import sys

import pytest

from seatrial.cli.app import run


def reported(capsys, *words):
    """Exit code and JSON of one command."""
    capsys.readouterr()
    code = run([*words, "--json", *(("-j", "1") if words[0] in ("gate", "trial") else ())])
    return code, json.loads(capsys.readouterr().out)


def evaluated(*versions, graph="oracle"):
    assert [run(["eval", f"{graph}@{version}", "-j", "1"]) for version in versions] == [0] * len(versions)


def oracle():
    return sys.modules["seatrial_project.graphs.oracle"]


def parts(root):
    found = [json.loads(file.read_text()) for file in sorted(root.glob(".seatrial/runs/*/run.json"))]
    return [summary for summary in found if "part" in summary]


def test_a_graph_on_a_model_is_confirmed_unless_somebody_says_otherwise(project, capsys):
    evaluated("v1", "unlucky")
    code, bare = reported(capsys, "gate", "oracle@v1", "oracle@unlucky", "--no-confirm")
    assert (code, bare["verdict"], bare["confirm"]) == (1, "fail", None)
    code, report = reported(capsys, "gate", "oracle@v1", "oracle@unlucky")
    assert (code, report["verdict"]) == (0, "pass")
    assert (report["confirm"]["how"], report["confirm"]["repetitions"]) == ("fresh", 3)
    # 12 broke, none fixed: mid-p 2^-13; on fresh repetitions nothing moved
    looks = {row["segment"]: row for row in report["confirm"]["rows"]}
    assert looks["tier=enterprise"] == {
        "segment": "tier=enterprise",
        "key": "right",
        "p": 2**-13,
        "p_fresh": 1.0,
        "n_fresh": 60,
        "confirmed": False,
    }


def test_a_version_that_is_worse_again_is_stopped(project, capsys):
    evaluated("v1", "worse")
    code, report = reported(capsys, "gate", "oracle@v1", "oracle@worse")
    assert (code, report["verdict"]) == (1, "fail")
    assert all(row["confirmed"] for row in report["confirm"]["rows"])


def test_the_terminal_shows_both_looks_and_what_they_cost(project, capsys):
    evaluated("v1", "unlucky")
    capsys.readouterr()
    run(["gate", "oracle@v1", "oracle@unlucky"])
    shown = capsys.readouterr()
    assert (
        "  confirmed  2 suspicious rows tested and 2 pooled on 3 fresh repetitions of 120 examples, 720 calls"
        in shown.out
    )
    assert "tier=enterprise · right p 0.00012 → 1.00 (n 60)" in shown.out
    assert "again oracle@v1: 360 of 360" in shown.err


def test_fresh_repetitions_take_turns_and_are_never_the_latest_complete_run(project, capsys):
    evaluated("v1", "unlucky")
    oracle().ORDER.clear()
    reported(capsys, "gate", "oracle@v1", "oracle@unlucky", "--confirm-repeat", "2")
    assert oracle().ORDER == ["v1", "unlucky", "v1"]
    assert {(p["version"], p["repetitions"], p["part"][:8]) for p in parts(project)} == {
        ("unlucky", 2, "confirms"),
        ("v1", 2, "confirms"),
    }
    _, report = reported(capsys, "gate", "oracle@v1", "oracle@unlucky", "--no-confirm")
    assert report["counts"]["planned"] == 240, "the whole runs are still what the names mean"


def test_a_second_gate_of_the_same_runs_is_no_second_draw(project, capsys):
    evaluated("v1", "unlucky")
    _, first = reported(capsys, "gate", "oracle@v1", "oracle@unlucky")
    requested = dict(oracle().ASKED)
    _, second = reported(capsys, "gate", "oracle@v1", "oracle@unlucky")
    assert (dict(oracle().ASKED), second) == (requested, first)


def test_more_repetitions_after_the_answer_is_known_are_refused(project, capsys):
    evaluated("v1", "unlucky")
    reported(capsys, "gate", "oracle@v1", "oracle@unlucky", "--confirm-repeat", "1")
    before = sum(oracle().ASKED.values())
    assert run(["gate", "oracle@v1", "oracle@unlucky", "--confirm-repeat", "2"]) == 3
    assert "would be another draw" in capsys.readouterr().err
    assert sum(oracle().ASKED.values()) == before


def test_stopped_repetitions_are_gone_on_with(project, capsys):
    evaluated("v1", "worse")
    _, first = reported(capsys, "gate", "oracle@v1", "oracle@worse")
    (half,) = (p for p in parts(project) if p["version"] == "worse")
    folder = project / ".seatrial/runs" / half["run_id"]
    lines = (folder / "rows.jsonl").read_text().splitlines(keepends=True)
    (folder / "rows.jsonl").write_text("".join(lines[:-5]))
    (folder / "run.json").write_text(json.dumps(half | {"complete": False}))
    (folder / "evidence.parquet").unlink()
    before = sum(oracle().ASKED.values())
    _, second = reported(capsys, "gate", "oracle@v1", "oracle@worse")
    assert sum(oracle().ASKED.values()) - before == 5
    assert second["confirm"] == first["confirm"]


def test_only_examples_of_suspicious_rows_are_repeated(project, capsys):
    # 2 enterprise answers broke and 2 free ones were fixed: (P(>=2) + P(>2)) / 2 of Bin(2, 1/2) = .125, and overall, 2 : 2,
    # (11/16 + 5/16) / 2 = .5
    oracle_file = project / "graphs/oracle.py"
    worse = 'if (style == "v1" and n in (60, 61)) or (style == "worse" and n in (0, 1)):'
    oracle_file.write_text(
        oracle_file.read_text().replace(
            'if n < 12 and (style == "worse"',
            f'{worse}\n            return {{"answer": "wrong"}}\n        if n < 0 and (style == "worse"',
        )
    )
    evaluated("v1", "worse")
    _, report = reported(capsys, "gate", "oracle@v1", "oracle@worse")
    (look,) = report["confirm"]["rows"]
    assert (look["segment"], look["p"], report["confirm"]["examples"]) == ("tier=enterprise", 0.125, 60)
    # 3 fresh repetitions of 60 examples with both: 360; everything three times 720, the first look was 240
    assert (report["confirm"]["calls"], report["confirm"]["calls_saved"]) == (360, 120)
    assert {p["planned"] for p in parts(project)} == {180}


def test_nothing_suspicious_runs_nothing(project, capsys):
    evaluated("v1", "same")
    code, report = reported(capsys, "gate", "oracle@v1", "oracle@same", "--confirm")
    assert (code, report["confirm"]["how"], parts(project)) == (0, "unchanged", [])


def test_a_graph_of_rules_is_not_repeated(project, capsys):
    evaluated("v1", "worse", graph="rules")
    code, report = reported(capsys, "gate", "rules@v1", "rules@worse")
    assert (code, report["confirm"]) == (1, None)
    code, report = reported(capsys, "gate", "rules@v1", "rules@worse", "--confirm")
    assert (code, report["confirm"]["how"]) == (1, "deterministic")
    assert "made of rules and gives the same answers again" in report["confirm"]["reason"]
    assert parts(project) == []


def test_a_version_that_is_no_longer_what_was_run_is_refused(project, capsys):
    evaluated("v1", "worse")
    runs = sorted(file.parent.name for file in project.glob(".seatrial/runs/*/run.json"))
    names = sorted(runs, key=lambda name: "worse" in name)
    registry = project / "graphs/registry.py"
    registry.write_text(registry.read_text().replace('{"style": "worse"}', '{"style": "unlucky"}'))
    for name in [name for name in sys.modules if name.startswith("seatrial_project")]:
        del sys.modules[name]
    capsys.readouterr()
    assert run(["gate", *names]) == 3
    shown = capsys.readouterr().err
    assert (
        "2 rows of oracle look suspicious or are not shown, and cannot be confirmed: the registry's config of worse changed"
        in shown
    )
    assert "decide on what there is with --no-confirm" in shown
    assert run(["gate", *names, "--no-confirm"]) == 1


def test_a_run_under_a_label_of_its_own_cannot_be_repeated(project, capsys):
    evaluated("v1")
    assert run(["eval", "oracle@worse", "--version-label", "3f9a1c"]) == 0
    (labelled,) = (file.parent.name for file in project.glob(".seatrial/runs/*3f9a1c*/run.json"))
    capsys.readouterr()
    assert run(["gate", "oracle@v1", labelled]) == 1
    assert "decided on these runs alone: 3f9a1c was recorded under a label" in capsys.readouterr().out
    assert run(["gate", "oracle@v1", labelled, "--confirm"]) == 3
    assert "the registry has no version '3f9a1c'" in capsys.readouterr().err


def test_a_file_of_evidence_cannot_be_confirmed(project, capsys):
    (project / "r.csv").write_text("example_id,version,score\n1,a,1\n1,b,1\n")
    assert run(["gate", "--evidence", "r.csv", "--baseline", "a", "--candidate", "b", "--confirm"]) == 3
    assert "--confirm runs the graph again, and a file of evidence has none" in capsys.readouterr().err
    assert run(["gate", "--evidence", "r.csv", "--baseline", "a", "--candidate", "b", "-j", "2"]) == 3
    assert "-j goes with two versions of a graph" in capsys.readouterr().err


@pytest.mark.parametrize(("flags", "code", "how"), [([], 0, "fresh"), (["--no-confirm"], 1, None)])
def test_trial_confirms_too(project, capsys, flags, code, how):
    found, document = reported(capsys, "trial", "--no-mlflow", *flags)
    report = document["trials"][0]["report"]
    assert (found, report["confirm"] and report["confirm"]["how"]) == (code, how)


def test_compare_shows_the_first_look_and_runs_nothing(project, capsys):
    evaluated("v1", "worse")
    code, report = reported(capsys, "compare", "oracle@v1", "oracle@worse")
    assert (code, report["confirm"], parts(project)) == (0, None, [])
