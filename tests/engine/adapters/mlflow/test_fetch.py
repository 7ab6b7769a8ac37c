"""Fetch: evidence comes back as it was logged, by either id, or not at all."""

import pytest

from seatrial.adapters.mlflow import content, fetch, log_content
from seatrial.errors import DataError, UsageError

ROWS = [("a", "free", "valid", 1), ("b", "pro", "valid", 0)]


def test_the_evidence_comes_back_byte_for_byte_by_either_id(client, where, a_run, tmp_path):
    folder = a_run("run-1", ROWS)
    mlflow_run = log_content(client, where, content(folder, "fleet"))
    for number, name in enumerate(("run-1", mlflow_run)):
        found = fetch(client, name, "fleet", tmp_path / str(number))
        assert found.evidence.read_bytes() == (folder / "evidence.parquet").read_bytes()
        assert (found.run_id, found.mlflow_run, found.graph, found.version) == ("run-1", mlflow_run, "greeter", "v1")


def test_a_run_that_is_not_there_or_not_ours_is_refused(client, where, a_run, tmp_path):
    for name in ("run-9", "0" * 32, "it's"):
        with pytest.raises(UsageError, match="MLflow has no run"):
            fetch(client, name, "fleet", tmp_path / "x")
    log_content(client, where, content(a_run("run-1", ROWS), "fleet"))
    with pytest.raises(UsageError, match="MLflow has no run 'run-1'"):
        fetch(client, "run-1", "another", tmp_path / "x")
    foreign = client.create_run("0").info.run_id
    with pytest.raises(UsageError, match="was not logged by seatrial"):
        fetch(client, foreign, "fleet", tmp_path / "x")


def test_evidence_that_was_changed_in_the_store_is_refused(client, where, a_run, tmp_path):
    log_content(client, where, content(a_run("run-1", ROWS), "fleet"))
    other = a_run("run-2", [("a", "free", "valid", 0)]) / "evidence.parquet"
    next((tmp_path / "mlruns").rglob("evidence.parquet")).write_bytes(other.read_bytes())
    with pytest.raises(DataError, match="not the one that was logged"):
        fetch(client, "run-1", "fleet", tmp_path / "x")
