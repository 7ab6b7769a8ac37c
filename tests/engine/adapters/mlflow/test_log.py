"""Log: everything of a run is in MLflow and comes back; twice is once; less is an error."""

from dataclasses import replace

import pytest

from seatrial.adapters.mlflow import Entry, NotLogged, content, log_content, log_runs, verify
from seatrial.adapters.mlflow.content import EVIDENCE_HASH
from seatrial.adapters.mlflow.log import find_run
from seatrial.verdict import Verdict

ROWS = [("a", "free", "valid", 1), ("b", "pro", "valid", 0), ("c", "日本=1", "valid", "target_error")]


def clock():
    return 1_800_000_000.0


def test_every_word_of_provenance_is_a_parameter_or_a_tag(client, where, a_run):
    made = content(a_run("run-1", ROWS), "fleet", commit={"git_sha": "c0ffee", "git_dirty": "false"})
    run = client.get_run(log_content(client, where, made))
    assert run.data.params == {
        "graph": "greeter",
        "version": "v1",
        "version_config": '{"prompt":"p1"}',
        "dataset": "fleet:greeter:golden",
        "dataset_version": "3",
        "dataset_hash": "abc",
        "repetitions": "1",
        "evaluator/valid": "2",
        "prompt_version": "p1",
        "model": "small",
    }
    tags = {name: value for name, value in run.data.tags.items() if name.startswith("seatrial.")}
    assert len(tags.pop("seatrial.evidence_sha256")) == 64
    assert tags == {
        "seatrial.run_id": "run-1",
        "seatrial.kind": "evaluation",
        "seatrial.graph": "greeter",
        "seatrial.graph_version": "v1",
        "seatrial.version": "0.1.0",
        "seatrial.outcomes": '{"scored":3}',
        "seatrial.git_sha": "c0ffee",
        "seatrial.git_dirty": "false",
        "seatrial.logged": "true",
    }
    assert run.data.metrics == made.metrics
    assert run.data.metrics["valid/tier/日本_x3D_1/failures"] == 1
    assert (run.info.start_time, run.info.end_time) == (1795262400000, 1795262401500)  # 2026-11-21 12:00 UTC, 1.5 s
    assert run.info.status == "FINISHED"
    assert client.get_experiment(run.info.experiment_id).name == "fleet/greeter"
    assert {one.path for one in client.list_artifacts(run.info.run_id)} == {"evidence.parquet", "run.json"}


def test_logging_a_run_twice_changes_nothing_not_even_its_commit(client, where, a_run):
    folder = a_run("run-1", ROWS)
    first = log_content(client, where, content(folder, "fleet", commit={"git_sha": "then"}))
    second_stage = log_content(client, where, content(folder, "fleet", commit={"git_sha": "now"}))
    assert first == second_stage
    run = client.get_run(first)
    assert run.data.tags["seatrial.git_sha"] == "then"
    assert len(client.search_runs([run.info.experiment_id])) == 1
    assert len(client.get_metric_history(first, "valid/mean")) == 1


def test_a_log_that_was_cut_short_is_completed_under_the_same_id(client, where, a_run):
    class Stops:
        """A client whose disk is full when the artifacts come."""

        def __getattr__(self, name):
            if name == "log_artifact":
                raise OSError(28, "No space left on device")
            return getattr(client, name)

    made = content(a_run("run-1", ROWS), "fleet")
    with pytest.raises(OSError, match="No space"):
        log_content(Stops(), where, made)
    experiment = client.get_experiment_by_name("fleet/greeter").experiment_id
    half = find_run(client, [experiment], "run-1")
    assert "seatrial.logged" not in half.data.tags
    assert log_content(client, where, made) == half.info.run_id
    assert client.get_run(half.info.run_id).data.tags["seatrial.logged"] == "true"
    verify(client, half.info.run_id, made)


def test_an_artifact_that_went_missing_is_logged_again(client, where, a_run, tmp_path):
    made = content(a_run("run-1", ROWS), "fleet")
    run_id = log_content(client, where, made)
    next((tmp_path / "mlruns").rglob("evidence.parquet")).unlink()
    with pytest.raises(NotLogged, match=r"missing or changed: evidence\.parquet"):
        verify(client, run_id, made)
    assert log_content(client, where, made) == run_id
    verify(client, run_id, made)


def test_what_mlflow_cannot_change_is_logged_anew_and_the_old_run_goes_to_its_trash(client, where, a_run):
    made = content(a_run("run-1", ROWS), "fleet")
    old = log_content(client, where, made)
    known = {name: value for name, value in made.metrics.items() if name != "valid/mean"}
    made = replace(made, metrics=known, tags={**made.tags, EVIDENCE_HASH: "another"})
    new = log_content(client, where, made)
    assert new != old
    assert client.get_run(old).info.lifecycle_stage == "deleted"
    assert "valid/mean" not in client.get_run(new).data.metrics
    newer = log_content(client, where, replace(made, params={**made.params, "repetitions": "2"}))
    assert newer not in (old, new)


def test_what_somebody_added_to_a_run_by_hand_stays(client, where, a_run):
    made = content(a_run("run-1", ROWS), "fleet")
    run_id = log_content(client, where, made)
    client.log_metric(run_id, "my own", 1.0)
    client.log_param(run_id, "reviewer", "jo")
    client.set_tag(run_id, "seen", "yes")
    assert log_content(client, where, replace(made, tags={**made.tags, "seatrial.version": "9"})) == run_id
    data = client.get_run(run_id).data
    assert (data.metrics["my own"], data.params["reviewer"], data.tags["seen"]) == (1.0, "jo", "yes")
    assert data.tags["seatrial.version"] == "9"


def test_a_number_that_changed_is_the_latest_even_when_it_is_smaller(client, where, a_run):
    made = content(a_run("run-1", ROWS), "fleet")
    run_id = log_content(client, where, made, clock=clock)
    less = replace(made, metrics={**made.metrics, "valid/mean": 0.1})
    assert log_content(client, where, less, clock=lambda: clock() + 60) == run_id
    assert client.get_run(run_id).data.metrics["valid/mean"] == 0.1


def test_more_than_the_server_takes_at_once_arrives_whole(client, where, a_run):
    made = content(a_run("run-1", ROWS), "fleet")
    many = replace(
        made,
        metrics={f"key/segment/{i}/mean": i / 1500 for i in range(1500)},
        params={**made.params, **{f"evaluator/{i}": "1" for i in range(150)}},
    )
    run = client.get_run(log_content(client, where, many))
    assert run.data.metrics == many.metrics
    assert run.data.params == many.params


def test_a_value_longer_than_mlflow_keeps_is_whole_among_the_artifacts(client, where, a_run, tmp_path):
    prompt = "an instruction " * 1000
    made = content(a_run("run-1", ROWS, version_config={"prompt": prompt}), "fleet")
    run = client.get_run(log_content(client, where, made))
    assert len(run.data.params["version_config"]) <= 6000
    assert run.data.params["version_config"].endswith("whole in long_values.json")
    assert prompt in next((tmp_path / "mlruns").rglob("long_values.json")).read_text()


def test_fewer_values_than_were_written_are_a_loud_error(client, where, a_run):
    class Loses:
        """A client that keeps all metrics but one."""

        def __getattr__(self, name):
            return getattr(client, name)

        def log_batch(self, run_id, metrics, params, tags, **options):
            client.log_batch(run_id, metrics[1:], params, tags, **options)

    made = content(a_run("run-1", ROWS), "fleet")
    requested = len(made.metrics) + len(made.params) + len(made.tags) + 2
    with pytest.raises(
        NotLogged, match=f"kept {requested - 1} of the {requested} values of run run-1; missing or changed: valid/mean"
    ):
        log_content(Loses(), where, made)


def test_a_comparison_is_a_run_of_its_own_and_its_verdict_stands_on_the_candidate(client, where, two_runs, tmp_path):
    baseline, candidate, report = two_runs
    html = tmp_path / "greeter.html"
    html.write_text("<p>no</p>")
    logged = log_runs(
        client, where, "fleet", [Entry(baseline), Entry(candidate, report, baseline, (html,))], clock=clock
    )
    assert logged.experiments == ("fleet/greeter",)
    first, second, both = (client.get_run(logged.runs[name]) for name in ("run-a", "run-b", "run-a..run-b"))
    assert "seatrial.verdict" not in first.data.tags
    for run in (second, both):
        assert run.data.tags["seatrial.verdict"] == "fail"
        assert run.data.tags["seatrial.worst_segment"] == "tier=enterprise"
        assert run.data.tags["mlflow.note.content"].startswith("> **✕ BLOCKED**")
    group = f"compare/{first.info.run_id[:8]}/valid"
    # v1 broke 1 of 40 enterprise examples, v2 30: 10/40 - 39/40
    assert both.data.metrics[f"{group}/tier/enterprise/diff"] == pytest.approx(-29 / 40)
    assert both.data.metrics[f"{group}/n_paired"] == 80
    assert set(both.data.metrics) >= {
        f"{group}/{word}" for word in ("diff", "ci_low", "ci_high", "p_value", "n_paired")
    }
    assert both.data.params["baseline"] == "v1"
    assert both.data.tags["seatrial.candidate_run"] == second.info.run_id
    assert [one.path for one in client.list_artifacts(both.info.run_id, "report")] == ["report/greeter.html"]
    assert not any(name.startswith("compare/") for name in second.data.metrics)
    assert client.get_experiment(both.info.experiment_id).name == "fleet/greeter/comparisons"
    assert log_runs(client, where, "fleet", [Entry(baseline), Entry(candidate, report, baseline, (html,))]) == logged


def test_a_run_logged_after_it_was_judged_says_the_verdict_of_today(client, where, two_runs):
    baseline, candidate, report = two_runs
    log_runs(client, where, "fleet", [Entry(baseline), Entry(candidate, report, baseline)])
    fine = replace(report.overall, verdict=Verdict.PASS)
    passed = replace(report, verdict=Verdict.PASS, overall=fine, segments=())
    logged = log_runs(client, where, "fleet", [Entry(baseline), Entry(candidate, passed, baseline)])
    assert "seatrial.worst_segment" not in client.get_run(logged.runs["run-b"]).data.tags


def test_an_experiment_in_the_trash_is_said_to_be_there(client, where, a_run):
    client.delete_experiment(client.create_experiment("fleet/greeter"))
    with pytest.raises(NotLogged, match="mlflow experiments restore --experiment-id 1"):
        log_content(client, where, content(a_run("run-1", ROWS), "fleet"))
