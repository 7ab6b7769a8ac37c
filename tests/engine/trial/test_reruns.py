"""A rerun of the same candidate is pooled with what there is: running again until it is green finds no way through."""

import json
import math
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from seatrial.cli.app import run
from seatrial.gate.reruns import Reruns
from seatrial.project import open_project
from seatrial.report.read import report_of
from seatrial.stats.noninferiority import largest_drop
from seatrial.table.codes import constant
from seatrial.trial import reruns


def reported(capsys, *words):
    """Exit code and JSON of one gate that confirms nothing."""
    capsys.readouterr()
    code = run(["gate", *words, "--no-confirm", "--json"])
    return code, json.loads(capsys.readouterr().out)


def evaluated(*versions, graph="oracle"):
    assert [run(["eval", f"{graph}@{version}", "-j", "1"]) for version in versions] == [0] * len(versions)


def runs(root, version):
    found = [json.loads(file.read_text()) for file in root.glob(".seatrial/runs/*/run.json")]
    mine = sorted((one["started"], one["run_id"]) for one in found if one["version"] == version and "part" not in one)
    return [name for _, name in mine]


def test_a_rerun_of_both_versions_is_pooled_and_a_lucky_one_does_not_pass(project, capsys):
    # the first run of `unlucky` breaks 12 of 60 critical answers, every later one none
    evaluated("v1", "unlucky")
    code, first = reported(capsys, "oracle@v1", "oracle@unlucky")
    assert (code, first.get("reruns")) == (1, None)
    evaluated("v1", "unlucky")
    code, second = reported(capsys, "oracle@v1", "oracle@unlucky")
    assert (code, second["verdict"]) == (1, "fail")
    assert (second["reruns"]["look"], second["reruns"]["pooled"]) == (2, 2)
    a, b = runs(project, "v1"), runs(project, "unlucky")
    assert second["reruns"]["runs"] == [a[0], b[0], a[1], b[1]]
    row = next(row for row in second["segments"] if row["segment"] == "tier=enterprise")
    # 12 of 60 answers broke in one of two runs: half of 12 / 60
    assert row["difference"] == pytest.approx(-0.1)
    assert second["counts"]["planned"] == 480


@pytest.mark.parametrize("bad", ["== 1", "> 1"], ids=["oldest", "newest"])
def test_repetitions_of_the_policy_are_taken_of_every_look(project, capsys, bad):
    graph, policy = project / "graphs/oracle.py", project / "gates/merge.toml"
    graph.write_text(graph.read_text().replace("ASKED[style, n] == 1", f"ASKED[style, n] {bad}"))
    policy.write_text(policy.read_text().replace("[key", "repetitions = 1\n[key"))
    evaluated("v1", "unlucky")
    _, first = reported(capsys, "oracle@v1", "oracle@unlucky")
    evaluated("v1", "unlucky")
    code, second = reported(capsys, "oracle@v1", "oracle@unlucky")
    row = next(row for row in second["segments"] if row["segment"] == "tier=enterprise")
    # 12 of 60 answers broke in one of two looks, whichever it was: half of 12 / 60
    assert (code, row["difference"]) == (1, pytest.approx(-0.1))
    assert second["policy"] == first["policy"]


def test_the_number_of_the_look_is_on_every_surface(project, capsys):
    evaluated("v1", "unlucky", "v1", "unlucky")
    files = [f"report.{kind}" for kind in ("md", "html", "xml", "txt", "json")]
    capsys.readouterr()
    run(["gate", "oracle@v1", "oracle@unlucky", *(word for file in files for word in ("-o", file))])
    wording = "look 2 at this candidate"
    assert wording in capsys.readouterr().out
    for file in files[:4]:
        assert wording in Path(file).read_text(), file
    back = report_of(json.loads(Path("report.json").read_text()), "report.json")
    assert back.reruns is not None
    assert (back.reruns.look, back.reruns.pooled) == (2, 2)


@pytest.mark.parametrize("again", ["unlucky", "v1"])
def test_a_rerun_of_one_version_alone_replaces_nothing(project, capsys, again):
    evaluated("v1", "unlucky")
    _, first = reported(capsys, "oracle@v1", "oracle@unlucky")
    evaluated(again)
    _, second = reported(capsys, "oracle@v1", "oracle@unlucky")
    assert (second["verdict"], second["segments"]) == (first["verdict"], first["segments"])
    assert (second["reruns"]["look"], second["reruns"]["pooled"]) == (2, 1)
    assert "run both versions again" in Reruns(2, 1).sentence


def test_what_confirmed_an_earlier_look_is_pooled_too(project, capsys):
    evaluated("v1", "unlucky")
    capsys.readouterr()
    assert run(["gate", "oracle@v1", "oracle@unlucky", "-j", "1"]) == 0
    evaluated("v1", "unlucky")
    _, second = reported(capsys, "oracle@v1", "oracle@unlucky")
    # two runs of everything, and three fresh repetitions of all 120 examples, of both versions
    assert second["counts"]["planned"] == 2 * 120 * (2 + 3)


def test_a_look_named_by_its_runs_is_decided_as_it_was(project, capsys):
    evaluated("v1", "unlucky")
    _, first = reported(capsys, "oracle@v1", "oracle@unlucky")
    evaluated("v1", "unlucky")
    a, b = runs(project, "v1")[0], runs(project, "unlucky")[0]
    _, repeated = reported(capsys, a, b)
    assert repeated == first


def test_another_version_of_the_code_is_another_candidate(project, capsys):
    evaluated("v1", "unlucky")
    with (project / "graphs/oracle.py").open("a") as file:
        file.write("\nCHANGED = True\n")
    evaluated("v1", "unlucky")
    _, report = reported(capsys, "oracle@v1", "oracle@unlucky")
    assert report.get("reruns") is None


def days_before(started, days):
    return (datetime.fromisoformat(started) - timedelta(days=days)).isoformat()


FILTERS = {
    "as it is": ({}, {}, True, ""),
    "13 days old": ({"started": 13}, {}, True, ""),
    "15 days old": ({"started": 15}, {}, False, ""),
    "not finished": ({"complete": False}, {}, False, ""),
    "of some examples": ({"limit": 5}, {}, False, ""),
    "a part": ({"part": "confirms"}, {}, False, ""),
    "other evaluators": ({"evaluators": []}, {}, False, ""),
    "no answers": ({"measurement_failures": 1}, {}, False, "lacks answers and is not pooled"),
    "model": ({}, {"model": "other"}, False, "was answered by another model"),
    "places": ({}, {"segment.tier": "free"}, False, "has its examples in other segments"),
    "definition": ({}, {"segments_hash": "tier=0"}, False, "has its segments from another segments.toml"),
}


def test_an_earlier_run_counts_as_a_look_where_it_measured_the_same(project, monkeypatch):
    evaluated("v1", "unlucky", "v1", "unlucky")
    a, b = runs(project, "v1"), runs(project, "unlucky")
    opened, summary, evidence_of = open_project(project), reruns.summary, reruns.evidence_of
    for name, (stated, columns, pooled, sentence) in FILTERS.items():

        def told(mounted, run_id, stated=stated):
            found = summary(mounted, run_id)
            more = stated if run_id == b[0] else {}
            return (
                found
                | more
                | ({"started": days_before(found["started"], more["started"])} if "started" in more else {})
            )

        def measured(mounted, run_id, columns=columns):
            found = evidence_of(mounted, run_id)
            for column, value in columns.items() if run_id == b[0] else ():
                found = found.replaced(column, constant(value, len(found)))
            return found

        monkeypatch.setattr(reruns, "summary", told)
        monkeypatch.setattr(reruns, "evidence_of", measured)
        looks = reruns.looks_of(opened, "oracle", a[1], b[1])
        # Left out is the candidate's earlier run alone: the baseline's last one before it is then no look either.
        assert looks.pairs == (((a[0], b[0]), (a[1], b[1])) if pooled else ((a[1], b[1]),)), name
        left_out = looks.reruns.left_out if looks.reruns else ()
        assert [f"run {b[0]} {sentence}" in one for one in left_out] == ([True] if sentence else []), name


def test_an_edit_of_the_segments_file_that_moves_no_example_blocks_no_new_pair(project, capsys):
    evaluated("v1", "unlucky")
    file = project / "datasets/segments.toml"
    file.write_text(file.read_text().replace('"free",', '"free", "trial",'))
    evaluated("v1", "unlucky")
    code, report = reported(capsys, "oracle@v1", "oracle@unlucky")
    assert (code, report["reruns"]["pooled"], len(report["reruns"]["left_out"])) == (0, 1, 2)


def test_a_further_attempt_of_a_ci_job_is_counted_though_its_runs_are_gone(project, capsys, monkeypatch):
    monkeypatch.setenv("GITHUB_RUN_ATTEMPT", "3")
    evaluated("v1", "unlucky")
    _, report = reported(capsys, "oracle@v1", "oracle@unlucky")
    assert (report["reruns"]["look"], report["reruns"]["pooled"], report["reruns"]["unseen"]) == (3, 1, 2)
    assert Reruns(3, 1, unseen=2).sentence == (
        "look 3 at this candidate; 2 earlier attempts of this job left no runs here, so nothing of them is pooled"
    )
    evaluated("v1", "worse", graph="rules")
    _, report = reported(capsys, "rules@v1", "rules@worse")
    assert report["reruns"] is None


def test_another_label_is_no_other_candidate(project, capsys):
    evaluated("v1", "unlucky")
    evaluated("v1")
    assert run(["eval", "oracle@unlucky", "--version-label", "fresh", "-j", "1"]) == 0
    code, report = reported(capsys, "oracle@v1", "oracle@fresh")
    assert (code, report["reruns"]["look"], report["reruns"]["pooled"]) == (1, 2, 2)


def test_a_graph_of_rules_gives_the_same_again_and_has_one_look(project, capsys):
    evaluated("v1", "worse", "v1", "worse", graph="rules")
    _, report = reported(capsys, "rules@v1", "rules@worse")
    assert report.get("reruns") is None


@pytest.mark.slow
def test_five_looks_pass_a_lost_segment_no_more_often_than_stated_when_pooled():
    """60 examples, churn .15, a true drop of .2: five fresh tries against five pooled ones; .06 of 20,000, z = 3.29."""
    rng, times, n = np.random.default_rng(1), 20_000, 60
    fresh = pooled = 0
    for _ in range(times):
        # broke .2 + .075 x .8, fixed .075 x .8, and each try is a new draw of the answers that flip
        lost = rng.random(n) < 0.2
        tries = np.where(lost, -1.0, rng.choice([-1.0, 0.0, 1.0], p=[0.075, 0.85, 0.075], size=(5, n)))
        fresh += any((largest_drop(one) or 1.0) < 0.2 for one in tries)
        means = np.cumsum(tries, axis=0) / np.arange(1, 6)[:, None]
        pooled += any((largest_drop(one) or 1.0) < 0.2 for one in means)
    assert pooled / times <= 0.06 + 3.29 * math.sqrt(0.06 * 0.94 / times)
    assert fresh > 1.3 * pooled
