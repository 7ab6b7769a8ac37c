"""Routing: the router's snapshot made from a ledger, and the exposure that an assignment leaves."""

from __future__ import annotations

import os
import socket
import time
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from seatrial.errors import DataError
from seatrial.experiment.assign import ALGORITHM
from seatrial.experiment.snapshot import CellRoute, Route, Snapshot, Unread, partition_of
from seatrial.rollout import controller, ledger
from seatrial.rollout.state import Mode
from seatrial.store import ledger as kept
from seatrial.store.exposures import Exposure
from seatrial.store.traffic import write_traffic
from seatrial.unit import unit_text

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from seatrial.experiment.router import Assignment
    from seatrial.experiment.tally import CellTraffic
    from seatrial.rollout.rules import Rules
    from seatrial.rollout.state import State
    from seatrial.store.engine import Store


def snapshot_in(store: Store, now: float) -> Snapshot:
    """Routes of every graph by its latest rollout: what `Router(load=...)` refreshes from.

    A rollout whose units were assigned by another algorithm has no route: they would change versions.

    A rollout whose ledger is damaged stands under `unread` with its graph; where the damage hides which graph it is of, with
    every graph whose own rollout is older, since it may be theirs.

    Raises:
        DataError: there is no rollout to route by, since an empty snapshot is no snapshot.
    """
    routes: dict[str, Route | None] = {}
    damaged: list[tuple[str, str, str, frozenset[str]]] = []
    for name in kept.rollouts(store):
        try:
            rules, last = controller.ends(store, name)
            state = ledger.state_of(last)
        except ledger.CorruptLedger as error:
            damaged.append((name, _graph_of(store, name), str(error), frozenset(routes)))
            continue
        except DataError:  # a ledger of another version of seatrial: nothing is routed by what cannot be read
            continue
        routes.setdefault(rules.graph, route_of(rules, state) if state.algorithm in ("", ALGORITHM) else None)
    found = {graph: route for graph, route in routes.items() if route is not None}
    unread = [
        Unread(name, graphs, text)
        for name, graph, text, newer in damaged
        if (graphs := tuple(sorted(({graph} if graph else set(routes)) - newer)))
    ]
    if not found and not unread:
        raise DataError(f"the store {store.url} holds no rollout that this version assigns for: nothing to route by")
    return Snapshot(found, now, unread=tuple(unread))


def _graph_of(store: Store, rollout: str) -> str:
    """The graph that a damaged ledger names; "" where that is not legible. It is only ever left alone by this, never routed."""
    ends = kept.ends(store, rollout)
    try:
        rules = ledger.Row(*ends[0]).data["rules"] if ends is not None else {}
        return str(rules["graph"])
    except (ledger.CorruptLedger, KeyError, TypeError):
        return ""


def traffic_to(store: Store, router: str = "", clock: Callable[[], float] = time.time) -> Callable[..., None]:
    """What `Router(report=...)` writes its traffic with, so that a unit that is many people holds its cell.

    Args:
        store: of the rollout.
        router: names the process; empty: host and process id.
        clock: seconds since 1970.
    """
    name = router or f"{socket.gethostname()}/{os.getpid()}/{clock():.0f}"

    def write(rows: Sequence[CellTraffic]) -> None:
        write_traffic(store, name, [asdict(row) for row in rows], clock())

    return write


def route_of(rules: Rules, state: State) -> Route:
    """How a graph's requests are routed in this state."""
    pauses = rules.on_rollback == "pause"
    return Route(
        rollout=rules.rollout,
        salt=rules.salt,
        control=rules.control,
        candidate=rules.candidate,
        control_hash=state.control_hash,
        candidate_hash=state.candidate_hash,
        partition=partition_of([dict(part) for part in rules.parts]),
        cells={
            cell.cell: CellRoute(
                rules.share(cell.rung),
                # Zero tolerance pauses what is in flight, whatever the plan says of other rollbacks.
                paused=cell.mode is Mode.ROLLED_BACK and (pauses or cell.stopped),
                attempt=cell.attempt,
                rung=cell.rung,
                shadow=rules.shadow.sample
                if cell.rung == 0 and cell.mode is Mode.CLIMBING and rules.shadow.units
                else 0.0,
            )
            for cell in state.cells
        },
        testers=dict(rules.testers),
    )


def exposure_of(
    assignment: Assignment, unit: Any, thread_id: str, now: float, *, content: str | None = None
) -> Exposure | None:
    """The row to write for an assignment; None where it is no exposure.

    A unit leaves one row per cell, try and rung and arm, however many requests it makes. A tester's row is marked as forced.

    Args:
        assignment: of the router.
        unit: what was assigned.
        thread_id: whose outcomes follow.
        now: seconds since 1970.
        content: hash of the version that really answered, where the server knows it: only so is a version that was rebuilt
            under its name noticed. None: what the snapshot says.
    """
    name = unit_text(unit)
    if name is None or not (assignment.exposed or assignment.forced):
        return None
    place = (assignment.rollout, assignment.cell, assignment.attempt, assignment.rung, assignment.arm, name)
    return Exposure(
        event_id="/".join(map(str, place)),
        rollout=assignment.rollout,
        unit=name,
        thread_id=thread_id,
        cell=assignment.cell,
        arm=assignment.arm,
        attempt=assignment.attempt,
        rung=assignment.rung,
        exposed_at=now,
        content=assignment.content_hash if content is None else content,
        algorithm=assignment.algorithm,
        forced=assignment.forced,
    )
