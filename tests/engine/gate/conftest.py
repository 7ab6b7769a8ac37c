"""Evidence in memory for the gate's tests: a table from rows, or from a 2x2 count per segment."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from seatrial.evidence import Evidence
from seatrial.evidence.check import check as check_evidence
from seatrial.evidence.frame import unchecked_rows
from seatrial.table import Codes

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


def table(rows: Iterable[Mapping[str, Any]], metadata: Mapping[str, str] | None = None) -> Evidence:
    """Rows as checked evidence; key, repetition and outcome have their usual defaults."""
    full = []
    for row in rows:
        implied = "scored" if row.get("score") is not None else "target_error"
        full.append({"key": "score", "repetition": 0, "outcome": implied, "score": None, **row})
    evidence = unchecked_rows(full, "memory", metadata)
    check_evidence(evidence)
    return evidence


def pair_rows(
    counts: Mapping[str, tuple[int, int, int, int]], key: str = "score", dimension: str = "t"
) -> list[dict[str, Any]]:
    """Rows of versions `a` and `b` whose segments have these (both, broke, fixed, neither); one segment a value."""
    rows = []
    for value, (both, regressed, fixed, neither) in counts.items():
        scores = [(1.0, 1.0)] * both + [(1.0, 0.0)] * regressed + [(0.0, 1.0)] * fixed + [(0.0, 0.0)] * neither
        for i, pair in enumerate(scores):
            for version, score in zip("ab", pair, strict=True):
                rows.append(
                    {
                        "example_id": f"{value}-{i}",
                        "version": version,
                        "key": key,
                        "score": score,
                        f"segment.{dimension}": value,
                    }
                )
    return rows


@pytest.fixture(scope="session")
def build() -> Any:
    """`build(rows, metadata)` -> Evidence."""
    return table


@pytest.fixture(scope="session")
def pairs() -> Any:
    """`pairs({value: (both, broke, fixed, neither)})` -> rows of versions a and b."""
    return pair_rows


def quick_table(sizes: Mapping[str, int], baseline: Any, candidate: Any) -> Evidence:
    """The same from two score arrays, one example after the other: what a simulation can afford."""
    n = sum(sizes.values())
    names = list(sizes)

    def coded(values: list[str], index: Any) -> Codes:
        return Codes(tuple(values), np.asarray(index, dtype=np.int32)).used()

    place = np.repeat(np.arange(len(names)), list(sizes.values()))
    columns = {
        "example_id": coded([f"e{i}" for i in range(n)], np.tile(np.arange(n), 2)),
        "version": coded(["a", "b"], np.repeat([0, 1], n)),
        "key": coded(["score"], np.zeros(2 * n)),
        "repetition": np.zeros(2 * n),
        "outcome": coded(["scored"], np.zeros(2 * n)),
        "score": np.concatenate([baseline, candidate]).astype(float),
        "segment.t": coded(names, np.tile(place, 2)),
    }
    return Evidence(columns, 2 * n, "memory")


@pytest.fixture(scope="session")
def quick() -> Any:
    """`quick({value: n}, baseline scores, candidate scores)` -> Evidence."""
    return quick_table
