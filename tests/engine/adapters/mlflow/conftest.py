"""Runs as seatrial leaves them, and an empty tracking database that is migrated once per session."""

import json
import sqlite3

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from seatrial.adapters.mlflow import place, session
from seatrial.evidence.combine import combine
from seatrial.evidence.content import table_hash
from seatrial.evidence.read import read_evidence
from seatrial.gate.merge import check
from seatrial.gate.policy import Policy

SAID = {
    "schema": "seatrial/run/1",
    "graph": "greeter",
    "dataset": {"name": "fleet:greeter:golden", "version": "3", "hash": "abc"},
    "evaluators": [{"key": "valid", "version": "2"}],
    "repetitions": 1,
    "limit": None,
    "started": "2026-11-21T12:00:00+00:00",
    "complete": True,
    "rows": {"scored": 3},
    "tokens": {"input": None, "output": 7},
    "duration_ms": 1500.0,
    "seatrial": "0.1.0",
}


@pytest.fixture
def a_run(tmp_path):
    """Write a run: `rows` are (example, tier, key, score or outcome word)."""

    def write(run_id, rows, version="v1", root=tmp_path, **reported):
        folder = root / ".seatrial" / "runs" / run_id
        folder.mkdir(parents=True)
        table = {
            "example_id": [row[0] for row in rows],
            "version": [version] * len(rows),
            "key": [row[2] for row in rows],
            "outcome": ["scored" if not isinstance(row[3], str) else row[3] for row in rows],
            "score": pa.array([None if isinstance(row[3], str) else float(row[3]) for row in rows], pa.float64()),
            "model": ["small"] * len(rows),
            "prompt_version": ["p1"] * len(rows),
            "segment.tier": [row[1] for row in rows],
        }
        pq.write_table(pa.table(table), folder / "evidence.parquet")
        kept = table_hash(pa.table(table))
        summary = (
            SAID
            | {"evidence_hash": kept, "run_id": run_id, "version": version, "version_config": {"prompt": "p1"}}
            | reported
        )
        summary |= {"planned": len(rows), "done": len(rows)}
        (folder / "run.json").write_text(json.dumps(summary))
        return folder

    return write


@pytest.fixture
def two_runs(a_run):
    """A baseline, a candidate that is worse on enterprise, and the gate's report of them."""

    def arm(run_id, version, broken):
        rows = [
            (f"e{i}", "enterprise" if i % 2 else "free", "valid", 0 if i % 2 and i < broken else 1) for i in range(80)
        ]
        return a_run(run_id, rows, version)

    folders = arm("run-a", "v1", 2), arm("run-b", "v2", 60)
    both = combine([read_evidence(folder / "evidence.parquet") for folder in folders], "both")
    report = check(both, Policy(), baseline="v1", candidate="v2", critical=["tier=enterprise"])
    return *folders, report


@pytest.fixture(scope="session")
def cache(tmp_path_factory):
    """A user's cache folder; the first session that needs the template makes it there."""
    return tmp_path_factory.mktemp("cache")


@pytest.fixture
def environ(cache):
    return {"XDG_CACHE_HOME": str(cache)}


@pytest.fixture
def where(tmp_path):
    return place({}, tmp_path)


@pytest.fixture
def client(where, environ):
    with session(where, environ=environ) as opened:
        yield opened


@pytest.fixture
def another_schema(where):
    """A database of another version of MLflow."""
    with sqlite3.connect(where.file) as connection:
        connection.execute("CREATE TABLE alembic_version (version_num TEXT)")
        connection.execute("INSERT INTO alembic_version VALUES ('old')")
    connection.close()
