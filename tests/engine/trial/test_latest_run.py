"""GRAPH@VERSION: the run that finished last, whatever it scored."""

import json

import pytest

from seatrial.cli.app import run
from seatrial.errors import UsageError
from seatrial.project import open_project
from seatrial.trial.runs import RUNS, latest_run

from .fleet_of_two import write


@pytest.fixture
def root(tmp_path, monkeypatch):
    monkeypatch.chdir(write(tmp_path))
    monkeypatch.delenv("GITHUB_STEP_SUMMARY", raising=False)
    return tmp_path


def kept(root, name, finished, *, started="2026-11-20T08:00:00+00:00", **more):
    """A run.json as a run leaves it; the rest of the run is not needed to name it."""
    project = open_project(root)
    reported = {
        "schema": "seatrial/run/1",
        "run_id": name,
        "graph": "desk",
        "version": "v2",
        "version_config": {"style": "new"},
        "dataset": {"name": "two:desk:golden", "version": "1", "hash": project.dataset("desk").hash},
        "evaluators": [
            {"key": one.key, "version": one.version, "hash": one.hash} for one in project.evaluators("desk")
        ],
        "repetitions": 1,
        "started": started,
        "complete": True,
        "rows": {"scored": 50},
        **({"finished": finished} if finished else {}),
        **more,
    }
    (root / RUNS / name).mkdir(parents=True)
    (root / RUNS / name / "run.json").write_text(json.dumps(reported))
    return project


def test_a_newer_run_that_was_stopped_is_named_beside_the_verdict(root, capsys):
    assert [run(["eval", f"desk@{version}"]) for version in ("v1", "v2")] == [0, 0]
    kept(root, "stopped", None, started="2999-01-01T08:00:00+00:00", complete=False, done=19, planned=50)
    kept(root, "part", None, started="2999-01-02T08:00:00+00:00", complete=False, limit=3)
    kept(root, "older", None, started="2020-01-02T08:00:00+00:00", complete=False)
    capsys.readouterr()
    assert run(["gate", "desk@v1", "desk@v2"]) == 0
    shown = capsys.readouterr().out
    assert "run stopped of desk@v2 was begun later and is not finished (19 of 50 runs done)" in " ".join(shown.split())
    assert "part" not in shown
    assert "older" not in shown


def test_a_run_that_scored_nothing_is_the_latest_all_the_same(root, capsys, monkeypatch):
    assert [run(["eval", f"desk@{version}"]) for version in ("v1", "v2")] == [0, 0]
    assert run(["gate", "desk@v1", "desk@v2"]) == 0
    monkeypatch.setenv("DESK_CRASHES", "everywhere")
    assert run(["eval", "desk@v2"]) == 2, "nothing was scored"
    assert "nothing was scored: until a newer run finishes, desk@v2 is judged by this one" in capsys.readouterr().out
    assert run(["gate", "desk@v1", "desk@v2"]) == 1
    out = capsys.readouterr().out
    assert "BLOCKED  desk v1 → v2" in out
    assert "50 of 50 broken answers (100 %) say: KeyError: 'DESK_KEY'" in out
    monkeypatch.delenv("DESK_CRASHES")
    assert [run(["eval", "desk@v2"]), run(["gate", "desk@v1", "desk@v2"])] == [0, 0], "a newer run that works is newer"


def test_what_was_finished_last_is_newer_than_what_began_last(root):
    kept(root, "begun-first-finished-last", "2026-11-20T12:00:00+00:00", started="2026-11-20T08:00:00+00:00")
    project = kept(root, "begun-last", "2026-11-20T11:00:00+00:00", started="2026-11-20T10:00:00+00:00")
    assert latest_run(project, "desk@v2") == "begun-first-finished-last"


@pytest.mark.parametrize("other", [{"complete": False}, {"limit": 5}, {"part": "flaky"}, {"graph": "shop"}])
def test_what_is_not_a_finished_run_of_the_dataset_is_not_the_latest(root, other):
    kept(root, "finished", "2026-11-20T11:00:00+00:00")
    project = kept(root, "newer", "2026-11-20T12:00:00+00:00", **other)
    assert latest_run(project, "desk@v2") == "finished"


def test_a_latest_run_whose_evidence_is_gone_does_not_fall_back_to_an_older_one(root):
    kept(root, "older", "2026-11-20T11:00:00+00:00")
    (root / RUNS / "older" / "evidence.parquet").touch()
    project = kept(root, "newer", "2026-11-20T12:00:00+00:00")
    assert latest_run(project, "desk@v2") == "newer"


def test_a_version_without_a_finished_run_says_how_to_make_one(root):
    project = kept(root, "stopped", None, complete=False)
    with pytest.raises(UsageError, match=r"no finished run of desk@v2 .* make one with seatrial eval desk@v2"):
        latest_run(project, "desk@v2")


def test_a_version_that_always_fails_has_no_churn(root, capsys, monkeypatch):
    monkeypatch.setenv("DESK_CRASHES", "everywhere")
    assert run(["flaky", "desk@v2", "--repeat", "3"]) == 2
    assert "answered and scored none of 150 runs" in capsys.readouterr().err
