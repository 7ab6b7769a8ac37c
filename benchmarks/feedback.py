"""The feedback gate's evidence of ten million decisions and as many outcomes in DuckDB, and of a million read into memory."""

from __future__ import annotations

import json
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.child import environment, expect, ours, spawn

if TYPE_CHECKING:
    from collections.abc import Callable

FILL = "import sys; from benchmarks.feedback import fill; fill(int(sys.argv[1]), sys.argv[2])"
WORK = "import json, sys; from benchmarks.feedback import work; print(json.dumps(work(sys.argv[1], sys.argv[2])))"
MANY, FEW = 10_000_000, 1_000_000
BEGIN, DAYS = 1_767_225_600, 150
TABLES = """
CREATE TABLE decisions AS SELECT 'd-' || lpad(i::VARCHAR, 8, '0') AS decision_id, 't-' || lpad(i::VARCHAR, 8, '0') AS thread_id,
    CASE WHEN i % 5 = 0 THEN 'support_router' ELSE 'email_classify' END AS classifier,
    ['interested', 'question', 'unsubscribe', 'other'][1 + (hash(i) % 4)::INT] AS verdict,
    round(0.3 + 0.69 * (hash(i + 7) % 100000) / 100000.0, 3)::DOUBLE AS confidence,
    make_timestamptz(({begin} * 1000000::BIGINT) + (i * ({days} * 86400000000.0 / {rows}))::BIGINT) AS decided_at,
    ['en', 'de', 'fr', 'es'][1 + (hash(i + 3) % 4)::INT] AS "segment.language",
    ['free', 'pro', 'enterprise'][1 + (hash(i + 4) % 3)::INT] AS "segment.tier" FROM range({rows}) AS made(i);
CREATE TABLE outcomes AS SELECT 'e-' || decision_id AS event_id, thread_id,
    CASE WHEN classifier = 'support_router' THEN 'ticket' ELSE 'reply' END AS outcome,
    CASE WHEN (hash(decision_id) % 100000) / 100000.0 < confidence THEN 'positive' ELSE 'negative' END AS label,
    decided_at + to_microseconds(60000000 + (hash(decision_id || 'x') % 864000000000)::BIGINT) AS observed_at
    FROM decisions ORDER BY hash(thread_id)
"""


def measure(say: Callable[[str], None], *, quick: bool = False) -> list[dict[str, Any]]:
    """CPU of all cores, and memory: of a year and of one window in DuckDB, and of a year in memory."""
    many, few, rounds = (MANY // 100, FEW // 100, 1) if quick else (MANY, FEW, 3)
    found: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory() as folder:
        for rows, how, reported in (
            (many, "year", "a year in DuckDB"),
            (many, "window", "one window in DuckDB"),
            (few, "memory", "a year in memory"),
        ):
            file = Path(folder) / f"{rows}.duckdb"
            if not file.exists():
                expect(spawn([ours(), "-c", FILL, str(rows), str(file)], environment(), timeout_s=900))
            took = [
                expect(spawn([ours(), "-c", WORK, str(file), how], environment(), timeout_s=900)) for _ in range(rounds)
            ]
            best = min(took, key=lambda one: one.cpu_s)
            wall = json.loads(best.out.splitlines()[-1])
            say(f"  {reported}, {rows:,}: {best.cpu_s:.2f} s CPU, {wall:.2f} s wall, {best.peak_mb:.0f} MB")
            found += [
                _row(f"{reported}, CPU", rows, best.cpu_s, "s CPU, all cores", f"{wall:.2f} s wall"),
                _row(f"{reported}, peak memory", rows, best.peak_mb, "MB", ""),
            ]
    return found  # fmt: skip


def fill(rows: int, path: str) -> None:
    """Decisions of two classifiers over 150 days, and an outcome of each, in another order; the same every time."""
    import duckdb  # noqa: PLC0415 - in the child only

    with duckdb.connect(path) as connection:
        connection.execute("SET TimeZone = 'UTC'")
        for statement in TABLES.format(rows=rows, begin=BEGIN, days=DAYS).split(";"):
            connection.execute(statement)


def work(path: str, how: str) -> float:
    """Wall seconds of one source's evidence; starting Python is not among them, and its CPU is."""
    from seatrial.adapters.feedback.location import locate  # noqa: PLC0415
    from seatrial.adapters.feedback.source import Question, Tables, evidence_of  # noqa: PLC0415
    from seatrial.adapters.feedback.sql import aggregate  # noqa: PLC0415
    from seatrial.feedback.rules import FeedbackRules  # noqa: PLC0415
    from seatrial.feedback.sums import Year  # noqa: PLC0415
    from seatrial.outcome import parse_metrics  # noqa: PLC0415

    if how == "memory":
        aggregate.LARGE = 1 << 60
    metrics = parse_metrics(
        {
            "replied": {"source": "outcome:reply", "horizon": "14d", "default": "negative"},
            "solved": {"source": "outcome:ticket", "horizon": "14d"},
        },
        "metrics.toml",
    )
    place = locate(path, Path("/"))
    year = None if how == "window" else Year(float(BEGIN), DAYS)
    question = Question(FeedbackRules(), metrics, year, float(BEGIN + (DAYS - 1) * 86400))
    begun = time.perf_counter()
    found = evidence_of(Tables("bench", place, place, segments=("language", "tier")), question)
    assert not found.problems, found.problems
    return time.perf_counter() - begun


def _row(what: str, n: int, ours_: float, unit: str, note: str) -> dict[str, Any]:
    return {"what": what, "n": n, "ours": ours_, "floor": None, "ratio": None, "unit": unit, "note": note}
