"""Traffic in a store: what each router has seen of a rollout, one row per router, cell, try and rung."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

    from seatrial.store.engine import Store


def write_traffic(store: Store, router: str, rows: Sequence[dict[str, Any]], now: float) -> None:
    """Replace what this router had written before of the same cells.

    Args:
        store: where.
        router: names the process.
        rows: mappings with rollout, cell, attempt, rung, requests, blank and heaviest, counted since the router began.
        now: seconds since 1970.
    """
    from sqlalchemy import text  # noqa: PLC0415 - only where a store is used

    if not rows:
        return
    insert = text(
        "INSERT INTO router_traffic (router, rollout, cell, attempt, rung, requests, blank, heaviest, written_at) "
        "VALUES (:router, :rollout, :cell, :attempt, :rung, :requests, :blank, :heaviest, :now) "
        "ON CONFLICT (router, rollout, cell, attempt, rung) DO UPDATE SET requests = excluded.requests, blank = excluded.blank, "
        "heaviest = excluded.heaviest, written_at = excluded.written_at"
    )
    values = [{**row, "router": router, "now": now, "heaviest": json.dumps(row["heaviest"])} for row in rows]
    with store.write() as connection:
        connection.execute(insert, values)


def read_traffic(store: Store, rollout: str) -> list[dict[str, Any]]:
    """Every router's rows of a rollout."""
    from sqlalchemy import text  # noqa: PLC0415 - only where a store is used

    query = text(
        "SELECT rollout, cell, attempt, rung, requests, blank, heaviest FROM router_traffic WHERE rollout = :rollout "
        "ORDER BY cell, attempt, rung, router"
    )
    with store.read() as connection:
        found = connection.execute(query, {"rollout": rollout}).mappings()
        return [{**row, "heaviest": [(unit, n) for unit, n in json.loads(row["heaviest"])]} for row in found]
