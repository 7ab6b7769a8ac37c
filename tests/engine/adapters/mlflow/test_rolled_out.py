"""A rollout's decision is one MLflow run with the share and the rates of every cell; logged twice it is still one."""

from __future__ import annotations

from seatrial.adapters.mlflow.rolled_out import log_rollout
from seatrial.verdict import Decision, Finding, Sequential, Verdict


def test_a_decision_is_logged_once_with_its_cells(client, environ, tmp_path):
    cell = {"cell": "region=DE", "share": 0.05, "rung": 1, "attempt": 1, "control": 300, "candidate": 20}
    row = Finding("region=DE", "resolved", n=20, baseline=0.95, candidate=None, sequential=Sequential(1.5, 3.0))
    details = {"rollout": "support_v4@1", "cells": [cell]}
    made = Decision("rollout", "s", Verdict.FAIL, "r", findings=(row,), details=details)
    given = {"graph": "desk", "fleet": "house", "sequence": 7, "row_hash": "ab", "at": 1.7e9}
    first, repeated = (log_rollout(made, **given, environ=environ, root=tmp_path) for _ in range(2))
    assert first == repeated
    data = client.get_run(first).data
    cells = {name: value for name, value in data.metrics.items() if name.startswith("rollout/")}
    assert cells["rollout/region_x3D_DE/share"] == 0.05
    assert cells["rollout/region_x3D_DE/resolved/log_e"] == 1.5
    assert "rollout/region_x3D_DE/resolved/candidate" not in cells
    assert (data.tags["seatrial.verdict"], data.tags["seatrial.ledger_hash"]) == ("fail", "ab")
