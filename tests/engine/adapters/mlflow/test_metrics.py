"""Metrics: what a run's rows come to, counted by hand; what nobody knows has no metric."""

import math

from seatrial.adapters.mlflow.metrics import run_metrics, score_metrics
from seatrial.evidence.read import read_evidence


def evidence(folder):
    return read_evidence(folder / "evidence.parquet")


def test_a_system_failure_counts_zero_and_an_unmeasured_row_is_in_n_alone(a_run):
    rows = [
        ("a", "free", "valid", 1),
        ("b", "free", "valid", 0.5),
        ("c", "free", "valid", "target_error"),
        ("d", "pro", "valid", "evaluator_error"),
        ("e", "pro", "valid", 1),
    ]
    found = score_metrics(evidence(a_run("r", rows)))
    assert found == {
        "valid/mean": 1.5 / 4 + 1 / 4,  # 1 + .5 + 0 + 1 over the four that were measured
        "valid/n": 5,
        "valid/failures": 1,
        "valid/unmeasured": 1,
        "valid/tier/free/mean": 0.5,
        "valid/tier/free/n": 3,
        "valid/tier/free/failures": 1,
        "valid/tier/free/unmeasured": 0,
        "valid/tier/pro/mean": 1,
        "valid/tier/pro/n": 2,
        "valid/tier/pro/failures": 0,
        "valid/tier/pro/unmeasured": 1,
    }


def test_a_segment_nobody_measured_has_no_mean_and_one_without_rows_has_nothing(a_run):
    rows = [("a", "free", "x", "skipped"), ("a", "free", "y", 1), ("b", "pro", "y", 0)]
    found = score_metrics(evidence(a_run("r", rows)))
    assert "x/tier/free/mean" not in found
    assert found["x/tier/free/n"] == 1
    assert not any(name.startswith("x/tier/pro/") for name in found)
    assert found["y/mean"] == 0.5


def test_the_run_says_its_outcomes_and_leaves_out_the_tokens_nobody_counted(a_run):
    folder = a_run("r", [("a", "free", "x", 1), ("b", "free", "x", "interrupted")])
    reported = {"planned": 2, "done": 2, "tokens": {"input": None, "output": 7}, "duration_ms": math.nan}
    found = run_metrics(evidence(folder), reported)
    assert {name: value for name, value in found.items() if value} == {
        "run/rows/scored": 1,
        "run/rows/interrupted": 1,
        "run/runs/planned": 2,
        "run/runs/done": 2,
        "run/tokens/output": 7,
    }
    assert found["run/rows/skipped"] == 0
    assert "run/tokens/input" not in found


def test_segments_that_differ_in_a_sign_only_do_not_meet(a_run):
    rows = [(str(i), tier, "x", 1) for i, tier in enumerate(["a=b", "a/b", "a_x3D_b", "日本", "a b"])]
    found = score_metrics(evidence(a_run("r", rows)))
    assert sum(name.startswith("x/tier/") and name.endswith("/n") for name in found) == 5
