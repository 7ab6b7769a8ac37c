"""Router: which version answers a request, from one snapshot in memory; no look-up per request, and no exception.

The snapshot is replaced in the background. A source that is down, empty or damaged leaves the last good one in place; where
there never was one, the caller's default version answers and nobody is exposed.
"""

from __future__ import annotations

import threading
import time
from collections import Counter
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from seatrial.experiment.assign import ALGORITHM, exposed, hash64, limit
from seatrial.experiment.partition import REST
from seatrial.experiment.snapshot import Route, Snapshot
from seatrial.experiment.tally import CellTraffic, Tally
from seatrial.unit import unit_text

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence


class Why(StrEnum):
    """What decided an assignment.

    PAUSED asks the caller to stop: the thread was begun by a candidate whose cell was rolled back with `on_rollback = "pause"`.
    """

    SHARE = "share"
    FULL_CELL = "whole_cell"
    TESTER = "tester"
    KEPT = "kept"
    PAUSED = "paused"
    NO_UNIT = "no_unit"
    NO_CELL = "no_cell"
    NO_ROLLOUT = "no_rollout"
    NO_SNAPSHOT = "no_snapshot"


@dataclass(frozen=True, slots=True)
class Assignment:
    """The version that answers one request.

    Attributes:
        version: name; None where there is no rollout to ask and the graph's current version answers.
        arm: `control` or `candidate`.
        cell: the request's cell.
        why: what decided it.
        exposed: whether it is recorded as an exposure and counts.
        rollout: id of the rollout; "" where there is none.
        content_hash: of the version that answers.
        algorithm: of the assignment.
        attempt: try of the cell, as the snapshot says.
        rung: step of the ramp, likewise.
    """

    version: str | None
    arm: str
    cell: str
    why: Why
    exposed: bool = False
    rollout: str = ""
    content_hash: str = ""
    algorithm: str = ALGORITHM
    attempt: int = 0
    rung: int = 0

    @property
    def forced(self) -> bool:
        """Whether it is a tester's: recorded, and counted in no rate."""
        return self.why is Why.TESTER


@dataclass(frozen=True, slots=True)
class _Ready:
    """A route with its hashes and limits made once."""

    route: Route
    salt64: int
    limits: Mapping[str, int]


class Router:
    """Answers from the newest good snapshot.

    Args:
        load: returns a snapshot; whatever it raises leaves the last good one in place.
        every: seconds between two refreshes in the background (`start`).
        report: given the traffic of every cell after each refresh in the background; what it raises is kept in `problem`.
    """

    def __init__(
        self,
        load: Callable[[], Snapshot],
        every: float = 10.0,
        report: Callable[[Sequence[CellTraffic]], None] | None = None,
    ) -> None:
        self._load, self._every, self._report = load, every, report
        self._ready: Mapping[str, _Ready] | None = None
        self._stop, self._lock = threading.Event(), threading.Lock()
        self._thread: threading.Thread | None = None
        self._counts: Counter[tuple[str, Why]] = Counter()
        self._tallies: dict[tuple[str, str, int, int], Tally] = {}
        self.snapshot: Snapshot | None = None
        self.problem: str = ""

    def refresh(self) -> bool:
        """Ask for a snapshot once; False where the last good one stays, or a graph's last good route: `problem` says why."""
        try:
            found = self._load()
            if found.algorithm != ALGORITHM:
                raise ValueError(f"the snapshot was written for assignment {found.algorithm!r}, not {ALGORITHM!r}")  # noqa: TRY301 - kept like any other failure
            routes = self._routes(found)
            if not routes:
                raise ValueError(_no_route(found))  # noqa: TRY301
            ready = {graph: _made_ready(route) for graph, route in routes.items()}
        except Exception as error:  # noqa: BLE001 - a request must be answered whatever became of the store
            self.problem = f"{type(error).__name__}: {error}"
            return False
        self._ready, self.snapshot = ready, replace(found, routes=routes)
        self.problem = "; ".join(one.problem for one in found.unread)
        return not self.problem

    def _routes(self, found: Snapshot) -> dict[str, Route]:
        """Its routes; a graph whose latest rollout may be an unread one keeps its last good route, if by another rollout."""
        last = self.snapshot.routes if self.snapshot is not None else {}
        routes = dict(found.routes)
        for graph in {graph for one in found.unread for graph in one.graphs}:
            before, now = last.get(graph), routes.pop(graph, None)
            if before is not None:
                routes[graph] = now if now is not None and now.rollout == before.rollout else before
        return routes

    def start(self) -> Router:
        """Refresh now and then every `every` seconds in a daemon thread."""
        self.refresh()
        self._thread = threading.Thread(target=self._run, name="seatrial-router", daemon=True)
        self._thread.start()
        return self

    def close(self) -> None:
        """End the background refresh and report once more; the snapshot stays."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join()
        self._send()

    def age(self, now: float | None = None) -> float | None:
        """Seconds since the snapshot in use was written; None where there is none."""
        return None if self.snapshot is None else (time.time() if now is None else now) - self.snapshot.taken

    def counts(self, graph: str) -> dict[Why, int]:
        """Requests of a graph by what decided them, since this router was made."""
        with self._lock:
            return {why: n for (name, why), n in self._counts.items() if name == graph}

    def traffic(self) -> tuple[CellTraffic, ...]:
        """Requests of every cell of a rollout since this router was made, by try and rung."""
        with self._lock:
            return tuple(
                CellTraffic(*place, tally.requests, tally.blank, tally.heaviest)
                for place, tally in self._tallies.items()
            )

    def assign(self, graph: str, request: Any, unit: Any, began: str | None = None) -> Assignment:
        """Which version answers; never raises.

        Args:
            graph: its id.
            request: mapping with `inputs`, `metadata`, `tags`: what the cell is read from.
            unit: thread or user, whatever the plan names; blank: the control answers and nobody is exposed.
            began: the version this thread began with, if it has begun: a thread keeps its version.
        """
        try:
            hash(graph)
            found = self._assign(graph, request, unit, began)
        except Exception as error:  # noqa: BLE001 - a graph's name that is none is the caller's mistake, and its request is answered
            self.problem = f"{type(error).__name__}: {error}"
            return Assignment(None, "control", REST, Why.NO_ROLLOUT)
        with self._lock:
            self._counts[graph, found.why] += 1
            if found.rollout and found.why is not Why.TESTER:
                place = (found.rollout, found.cell, found.attempt, found.rung)
                tally = self._tallies.get(place)
                if tally is None:
                    tally = self._tallies[place] = Tally()
                tally.add(unit_text(unit))
        return found

    def _assign(self, graph: str, request: Any, unit: Any, began: str | None) -> Assignment:
        ready = self._ready
        if ready is None or graph not in ready:
            return Assignment(None, "control", REST, Why.NO_SNAPSHOT if ready is None else Why.NO_ROLLOUT)
        one = ready[graph]
        route, cell = one.route, one.route.partition.cell_of(request)
        rule, name = route.cells.get(cell), unit_text(unit)
        tester = route.testers.get(name) if name is not None else None
        if tester is not None:
            return _answer(route, tester == "candidate", cell, Why.TESTER)
        if began in (route.control, route.candidate):
            new = began == route.candidate
            return _answer(route, new, cell, Why.PAUSED if new and rule and rule.paused else Why.KEPT)
        if rule is None:
            return _answer(route, False, cell, Why.NO_CELL)
        if rule.share >= 1:
            return _answer(route, True, cell, Why.FULL_CELL, exposed=name is not None)
        if name is None:
            return _answer(route, False, cell, Why.NO_UNIT)
        return _answer(route, exposed(name, one.salt64, one.limits[cell]), cell, Why.SHARE, exposed=True)

    def _run(self) -> None:
        while not self._stop.wait(self._every):
            self.refresh()
            self._send()

    def _send(self) -> None:
        if self._report is None:
            return
        try:
            self._report(self.traffic())
        except Exception as error:  # noqa: BLE001 - as for the snapshot
            self.problem = f"{type(error).__name__}: {error}"


def _no_route(found: Snapshot) -> str:
    """Why there is none."""
    return (
        "; ".join(one.problem for one in found.unread)
        or "the snapshot holds no route; an empty snapshot is no snapshot"
    )


def _made_ready(route: Route) -> _Ready:
    return _Ready(route, hash64(route.salt), {name: limit(cell.share) for name, cell in route.cells.items()})


def _answer(route: Route, new: bool, cell: str, why: Why, *, exposed: bool = False) -> Assignment:
    rule = route.cells.get(cell)
    return Assignment(
        attempt=rule.attempt if rule else 0,
        rung=rule.rung if rule else 0,
        version=route.candidate if new else route.control,
        arm="candidate" if new else "control",
        cell=cell,
        why=why,
        exposed=exposed,
        rollout=route.rollout,
        content_hash=route.candidate_hash if new else route.control_hash,
    )
