"""Shadows: where a rollout's cell is in its shadow stage, live requests are also given to the candidate, after their answer.

A shadow is made beside the requests when a route first asks for one: until the candidate is compiled nothing is copied. One
that cannot be made is named under `shadow` in /health, and tried again after a minute.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any, NamedTuple

from seatrial.errors import SeatrialError
from seatrial.privacy.exits import shown
from seatrial.project.shadow import shadow_for
from seatrial.rollout.shadow import LiveFailed
from seatrial.serve.errors import RequestFailed

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from contextlib import AbstractContextManager

    from seatrial.experiment.router import Router
    from seatrial.project import Project
    from seatrial.rollout.shadow import Shadow
    from seatrial.serve.fields import RunRequest
    from seatrial.serve.shadow_spend import ShadowSpend
    from seatrial.store.engine import Store

RETRY_S = 60.0
COMPARED = ("graph_error", "invalid_output")
"""Failures that are the live version's own; any other leaves nothing to compare with."""


class _Kept(NamedTuple):
    """The shadow of a rollout; None while it is made, and where it cannot be."""

    rollout: str
    shadow: Shadow | None = None
    problem: str = ""
    made_at: float = 0.0


class Shadows:
    """The shadows of a server.

    Args:
        project: its evaluators, its judges and its candidates.
        store: of the rollouts.
        router: its snapshot says which cells are in their shadow stage.
        within: entered by the threads that run candidates: their limits of model calls are the server's.
        clock: seconds since 1970.
        waiting: copies that may wait.
        spend: of a graph and its candidate: what copies cost, and whether there may be any.
    """

    def __init__(
        self,
        project: Project,
        store: Store,
        router: Router,
        within: Callable[[], AbstractContextManager[object]],
        clock: Callable[[], float],
        waiting: int,
        spend: Callable[[str, str], ShadowSpend],
    ) -> None:
        self._project, self._store, self._router, self._clock = project, store, router, clock
        self._more, self._spend = {"within": within, "waiting": waiting}, spend
        self._kept: dict[str, _Kept] = {}
        self._lock = threading.Lock()

    def around(self, graph: str, request: RunRequest, thread_id: str, live: Callable[[], Any]) -> Any:
        """The live answer, unchanged; where the graph has a shadow it is compared afterwards.

        Raises:
            RequestFailed: the live version failed.
        """
        shadow = self._of(graph)
        if shadow is None:
            return live()

        def called(_: Any, config: Any, *, context: Any = None) -> Any:
            try:
                return live()
            except RequestFailed as error:
                if error.type in COMPARED:
                    raise
                raise LiveFailed from error

        config = {
            "configurable": {**request.configurable, "thread_id": thread_id},
            "metadata": dict(request.metadata),
            "tags": list(request.tags),
        }
        try:
            return shadow.around(called)(request.input, config, context=request.context or None)
        except LiveFailed as error:
            raise error.__cause__ or error from None

    def trouble(self, graph: str) -> None:
        """The live side is short of places: copy less."""
        kept = self._kept.get(graph)
        if kept is not None and kept.shadow is not None:
            kept.shadow.trouble()

    @property
    def counts(self) -> Mapping[tuple[str, str], int]:
        """(rollout, count) -> n of every shadow that runs."""
        return {
            (kept.rollout, name): getattr(kept.shadow.counts, name)
            for kept in list(self._kept.values())
            if kept.shadow is not None
            for name in kept.shadow.counts.__dataclass_fields__
        }

    @property
    def problems(self) -> dict[str, str]:
        """Rollout -> why it has no shadow, or what went wrong last."""
        found = {
            kept.rollout: kept.problem or (kept.shadow.problem if kept.shadow else "") for kept in self._kept.values()
        }
        return {rollout: shown(problem) for rollout, problem in found.items() if problem}

    def close(self, seconds: float = 2.0) -> None:
        """Compare what waits if it goes quickly; the rest is dropped with the process."""
        found = [kept.shadow for kept in self._kept.values() if kept.shadow is not None]
        self._kept.clear()
        ends = [threading.Thread(target=shadow.close, daemon=True) for shadow in found]
        for thread in ends:
            thread.start()
        for thread in ends:
            thread.join(seconds)

    def _of(self, graph: str) -> Shadow | None:
        snapshot = self._router.snapshot
        route = snapshot.routes.get(graph) if snapshot is not None else None
        if route is None or not any(cell.shadow for cell in route.cells.values()):
            return None
        kept = self._kept.get(graph)
        if kept is None or kept.rollout != route.rollout or self._is_due(kept):
            self._begin(graph, route.rollout, route.candidate)
            return None
        return kept.shadow

    def _is_due(self, kept: _Kept) -> bool:
        return bool(kept.problem) and kept.shadow is None and self._clock() - kept.made_at > RETRY_S

    def _begin(self, graph: str, rollout: str, candidate: str) -> None:
        with self._lock:
            kept = self._kept.get(graph)
            if kept is not None and kept.rollout == rollout and not self._is_due(kept):
                return
            self._kept[graph] = _Kept(rollout)
        old = kept.shadow if kept is not None else None
        given = (graph, rollout, candidate, old)
        threading.Thread(target=self._make, args=given, name="seatrial-shadows", daemon=True).start()

    def _make(self, graph: str, rollout: str, candidate: str, old: Shadow | None) -> None:
        if old is not None:
            old.close()
        shadow, problem = None, ""
        try:
            spend = self._spend(graph, candidate)
            more = {**self._more, "killed": spend.killed, "spent": spend}
            shadow = shadow_for(self._project, self._store, rollout, self._router, **more)
        except SeatrialError as error:
            problem = str(error)
        except Exception as error:  # noqa: BLE001 - a project's own code, which no request may suffer from
            problem = f"{type(error).__name__}: {error}"
        self._kept[graph] = _Kept(rollout, shadow, problem, self._clock())
