"""Exposures in a store: which version answered which unit, written once per event id."""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from seatrial.errors import UsageError
from seatrial.store.outcomes import write_once
from seatrial.unit import unit_text

if TYPE_CHECKING:
    from collections.abc import Iterable

    from seatrial.store.engine import Store

ARMS = ("control", "candidate")


@dataclass(frozen=True, slots=True)
class Exposure:
    """One unit that a version answered.

    Attributes:
        event_id: makes writing it twice a no-op.
        rollout: which rollout.
        unit: thread or user, as the plan says; 42 and "42" are one unit.
        thread_id: thread whose outcomes follow.
        cell: cell of the request.
        arm: `control` or `candidate`.
        attempt: try of the cell that the router's snapshot showed.
        rung: rung of the cell, likewise.
        exposed_at: when, seconds since 1970 in UTC.
        content: hash of the version that answered; empty where it is not known.
        algorithm: name of the assignment algorithm.
        forced: a tester's assignment, which counts in no rate.
    """

    event_id: str
    rollout: str
    unit: str
    thread_id: str
    cell: str
    arm: str
    attempt: int
    rung: int
    exposed_at: float
    content: str = ""
    algorithm: str = ""
    forced: bool = False


def write_exposures(store: Store, exposures: Iterable[Exposure], *, now: float | None = None) -> int:
    """Write exposures, each event id once.

    Args:
        store: where.
        exposures: what.
        now: when they are written, seconds since 1970; None = the clock.

    Returns:
        How many were new.

    Raises:
        UsageError: an id is empty or the arm is unknown.
        DataError: an event id says something else already; nothing of this call is written.
    """
    recorded = time.time() if now is None else now
    rows = []
    for one in exposures:
        row = {**asdict(one), "unit": unit_text(one.unit) or "", "forced": int(one.forced), "recorded_at": recorded}
        for name in ("event_id", "rollout", "unit", "thread_id", "cell"):
            if not str(row[name]).strip():
                raise UsageError(f"an exposure needs a {name}; got {row[name]!r}")
        if one.arm not in ARMS:
            raise UsageError(f"arm {one.arm!r} is unknown; choose one of: {', '.join(ARMS)}")
        rows.append(row)
    # A user comes back in another thread: the first one's outcomes count.
    return write_once(store, "exposures", "event_id", rows, free=("thread_id",))
