"""A step of a rollout over ten million events in DuckDB, and a further step after ten thousand new ones."""

from __future__ import annotations

import json
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.child import environment, expect, ours, spawn

if TYPE_CHECKING:
    from collections.abc import Callable

APART = (
    "import json, sys; from benchmarks.rollout import work; print(json.dumps(work(int(sys.argv[1]), int(sys.argv[2]))))"
)
EVENTS, NEW = 10_000_000, 10_000
"""Half of them exposures of as many units, half outcomes."""
BEGIN, SPACING = 1_800_000_000.0, 0.02
TABLES = """
CREATE TABLE exposures (event_id TEXT, rollout TEXT, unit TEXT, thread_id TEXT, cell TEXT, arm TEXT, attempt INTEGER, rung INTEGER,
    content TEXT, algorithm TEXT, forced INTEGER, exposed_at DOUBLE, recorded_at DOUBLE);
CREATE TABLE outcomes (event_id TEXT, thread_id TEXT, outcome TEXT, label TEXT, observed_at DOUBLE)
"""
FILL = """
INSERT INTO exposures SELECT 'e' || i, $rollout, 'u' || hash(i), 't' || hash(i + 7), CASE WHEN hash(i) % 10 < 4 THEN 'DE' ELSE 'rest' END,
    CASE WHEN hash(i * 7) % 10 = 0 THEN 'candidate' ELSE 'control' END, 0, 1, 'h', 'sha256-splitmix64/1', 0, $at + i * $spacing,
    $at + i * $spacing FROM range($first, $last) AS made(i);
INSERT INTO outcomes SELECT 'o' || i, 't' || hash(i + 7), 'resolved', CASE WHEN hash(i * 3) % 20 = 0 THEN '0' ELSE '1' END,
    $at + i * $spacing + 30 FROM range($first, $last) AS made(i)
"""


def measure(_say: Callable[[str], None], *, quick: bool = False) -> list[dict[str, Any]]:
    """One row per step: CPU seconds of all cores, since other work on the machine only lengthens the wall time."""
    events, rounds = (EVENTS // 100, 1) if quick else (EVENTS, 3)
    took = spawn([ours(), "-c", APART, str(events), str(rounds)], environment(), timeout_s=900)
    rows: list[dict[str, Any]] = json.loads(expect(took).out.splitlines()[-1])
    return rows


def work(events: int, rounds: int) -> list[dict[str, Any]]:
    """Best of so many rounds, each on a store of its own; the events are read where they lie."""
    found: dict[str, tuple[float, float]] = {}
    with tempfile.TemporaryDirectory() as folder:
        for k in range(rounds):
            for name, took in _steps(Path(folder), events, k).items():
                found[name] = min(found.get(name, took), took, key=lambda one: one[1])
    said = {"all": f"a step over {events:,} events", "new": f"a further step, {NEW:,} new"}
    return [
        {
            "what": said[name],
            "n": events,
            "ours": cpu,
            "floor": None,
            "ratio": None,
            "unit": "s CPU, all cores",
            "note": f"{wall:.2f} s wall",
        }
        for name, (wall, cpu) in found.items()
    ]


def _steps(folder: Path, events: int, k: int) -> dict[str, tuple[float, float]]:
    import duckdb  # noqa: PLC0415 - in the child only

    from seatrial.rollout import controller, ledger  # noqa: PLC0415
    from seatrial.rollout.warehouse import open_warehouse  # noqa: PLC0415
    from seatrial.store.engine import open_store  # noqa: PLC0415

    rules, file = _rules(), folder / "events.duckdb"
    units = events // 2
    span, found = units * SPACING, {}
    if not k:
        with duckdb.connect(str(file)) as connection:
            connection.execute(TABLES)
            _fill(connection, rules.rollout, 0, units)
    with open_store(f"sqlite:///{folder}/store-{k}.db") as store:
        controller.start(store, ledger.started(rules, BEGIN, code="1", author="a", reason="b"), rules)
        now = BEGIN + span + 121
        for name in ("all", "new"):
            if name == "new":
                with duckdb.connect(str(file)) as connection:
                    connection.execute("DELETE FROM exposures WHERE exposed_at >= $1", [BEGIN + span])
                    _fill(connection, rules.rollout, units, units + NEW // 2)
                now += NEW // 2 * SPACING + 60
            wall, cpu = time.perf_counter(), time.process_time()
            with open_warehouse(file.name, folder, cache=folder / f"seen-{k}") as warehouse:
                controller.look(store, rules.rollout, warehouse, now, code="1")
            found[name] = (time.perf_counter() - wall, time.process_time() - cpu)
    return found


def _fill(connection: Any, rollout: str, first: int, last: int) -> None:
    for statement in FILL.split(";"):
        values = {"rollout": rollout, "at": BEGIN, "spacing": SPACING, "first": first, "last": last}
        connection.execute(statement, {name: value for name, value in values.items() if f"${name}" in statement})


def _rules() -> Any:
    from seatrial.experiment import parse_rollout_plan  # noqa: PLC0415
    from seatrial.outcome.metric import parse_metrics  # noqa: PLC0415
    from seatrial.rollout.rules import rules_of  # noqa: PLC0415

    plan = {
        "schema": "seatrial/rollout-plan/1", "graph": "support", "control": "v3", "candidate": "v4", "metric": {"resolved": {}},
        "cell": {
            "DE": {"share": 0.4, "rate": 0.95, "where": [{"field": "inputs.region", "op": "equals", "arg": "DE"}]},
            "rest": {"share": 0.6, "rate": 0.95},
        },
        "stage": [{"share": 0.1, "margin": 0.1, "units": 100_000_000}],
    }  # fmt: skip
    metrics = parse_metrics({"resolved": {"source": "outcome:resolved", "horizon": "1m"}}, "metrics.toml")
    return rules_of(parse_rollout_plan(plan, "plan.toml", (), name="bench"), metrics)
