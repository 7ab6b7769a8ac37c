"""A judged comparison is one MLflow run, with its win rate per segment; logged twice it is still one."""

from __future__ import annotations

from dataclasses import replace

import pytest

from seatrial.adapters.mlflow import Entry, log_runs
from seatrial.adapters.mlflow.judged import log_judged
from seatrial.verdict import Decision, State, Verdict
from seatrial.vote import Level, LicenceExpired, Standing
from seatrial.win_rate import Loses, WinRate


def test_a_judged_comparison_is_logged_once_with_its_rates(client, environ, tmp_path):
    table = tmp_path / "verdicts.parquet"
    table.write_bytes(b"verdicts")
    counts = {"judged": 10, "missing": 2, "wins": 6, "ties": 0, "losses": 4}
    rates = [{"segment": name, "rate": 0.6, **counts} for name in ("overall", "tier=free")]
    position = {"consistency": 0.9, "first": 0.55}
    made = Decision(
        "winrate", "s", Verdict.PASS, "r", evidence_hash="abc", details={"rates": rates, "position": position}
    )
    given = {"judge": "helpful@1#ab", "graph": "desk", "fleet": "house", "runs": ("a", "b"), "files": (table,)}
    first, second_stage = (log_judged(made, **given, environ=environ, root=tmp_path, now=1.7e9) for _ in range(2))
    assert first == second_stage
    data = client.get_run(first).data
    assert data.metrics["winrate/helpful/tier/free/rate"] == 0.6
    assert data.metrics["winrate/helpful/overall/missing"] == 2
    assert data.metrics["winrate/helpful/first_slot"] == 0.55
    assert data.params["judge"] == "helpful@1#ab"
    assert data.tags["seatrial.verdict"] == "pass"
    assert [file.path for file in client.list_artifacts(first)] == ["verdicts.parquet"]


def test_the_win_rates_of_a_gate_are_metrics_of_its_comparison_under_the_same_names(client, where, two_runs):
    baseline, candidate, report = two_runs
    seen = WinRate(0.3, 0.2, 0.4, 60, 15, 6, 35)
    lost = replace(
        report.overall,
        segment="tier=enterprise",
        key="winrate:helpful",
        critical=True,
        state=State.BLOCKS,
        verdict=Verdict.FAIL,
        difference=-0.2,
        missing=4,
        reasons=(Loses(0.001, 0.025), seen),
    )
    report = replace(
        report,
        segments=(*report.segments, lost),
        standings={
            "helpful": Standing(Level.FULL, (), (0.86, 0.8, 0.9), 0.7),
            "tone": Standing(Level.NONE, (LicenceExpired(12),)),
        },
    )
    logged = log_runs(client, where, "fleet", [Entry(baseline), Entry(candidate, report, baseline)])
    data = client.get_run(logged.runs["run-a..run-b"]).data
    found = {
        name.rpartition("/")[2]: value for name, value in data.metrics.items() if "helpful/tier/enterprise" in name
    }
    assert found == {
        "rate": pytest.approx(0.3),
        "ci_low": pytest.approx(0.2),
        "ci_high": pytest.approx(0.4),
        "judged": 56,
        "missing": 4,
        "wins": 15,
        "ties": 6,
        "losses": 35,
    }
    assert data.metrics["winrate/helpful/consistency"] == pytest.approx(0.86)
    assert not any(name.startswith("compare/") and "winrate" in name for name in data.metrics)
    assert data.tags["seatrial.judge.helpful"] == "full"
    assert data.tags["seatrial.judge.tone"] == "none: the licence expired 12 days ago"
