"""Evidence: a judge's verdicts as evidence rows of the key `winrate:<judge>`, one per example and repetition of the runs."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from seatrial.evidence.schema import WINRATE
from seatrial.judge.verdicts import ORDERS
from seatrial.table import SEGMENT_PREFIX
from seatrial.verdict import ErrorKind, Outcome

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from seatrial.judge.table import Rows


def evidence_rows(rows: Rows) -> list[dict[str, Any]]:
    """One row per example: the mean over orders and draws, or missing where any of them has no verdict."""
    of: dict[str, Rows] = {}
    for row in rows:
        of.setdefault(row["example_id"], []).append(row)
    return [_row(example, found) for example, found in of.items()]


def write_evidence(made: list[dict[str, Any]], path: Path, name: str, identity: str, graph: str) -> str:
    """Write evidence rows of a judge or a panel, and return their content hash."""
    from seatrial.evidence.write import write_parquet  # noqa: PLC0415 - Arrow, for those who judge

    names = list(dict.fromkeys(name for row in made for name in row))
    columns: dict[str, Any] = {name: [row.get(name) for row in made] for name in names}
    columns |= {"key": [f"{WINRATE}{name}"] * len(made), "graph": [graph] * len(made)}
    return write_parquet(columns, path, {"judge": identity})


def _row(example: str, found: Rows) -> dict[str, Any]:
    first = found[0]
    segments = {name: value for name, value in first.items() if name.startswith(SEGMENT_PREFIX)}
    row = {"example_id": example, "version": first["version"], "judge": first["judge"], **segments}
    draws = {one["repetition"] for one in found}
    have = {(one["repetition"], one["order"]) for one in found if one["outcome"] == Outcome.SCORED}
    if len(have) == len(draws) * len(ORDERS):
        mean = sum(one["preference"] for one in found) / len(found)
        return {**row, "outcome": Outcome.SCORED.value, "score": mean, "reason": str(first["reason"] or "")}
    lacking = [one for one in found if one["outcome"] != Outcome.SCORED]
    outcome = str(lacking[0]["outcome"])
    kind = _kind(one["error_kind"] for one in lacking) if outcome == Outcome.SKIPPED else None
    reason = f"{len(found) - len(lacking)} of {len(found)} verdicts: {lacking[0]['reason']}"
    return {**row, "outcome": outcome, "error_kind": kind, "score": None, "reason": reason}


def _kind(kinds: Iterable[str | None]) -> str | None:
    """The commonest of those that evidence knows."""
    known = Counter(kind for kind in kinds if kind in set(ErrorKind))
    return known.most_common(1)[0][0] if known else None
