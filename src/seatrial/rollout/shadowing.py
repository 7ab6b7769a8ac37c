"""Shadowing: the shadow of a running rollout, put together from its ledger, the router and the registry."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from seatrial.errors import ConfigError, UsageError
from seatrial.rollout import controller
from seatrial.rollout.shadow import Shadow, refuse_side_effects
from seatrial.rollout.shadow_request import Place
from seatrial.rollout.shadow_score import Recorder, graph_candidate, shadow_evaluators

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from seatrial.experiment.router import Router
    from seatrial.graph.runtime import Runtime
    from seatrial.rollout.shadow_judge import ShadowJudge
    from seatrial.rollout.shadow_request import Request
    from seatrial.scoring import Bound
    from seatrial.store.engine import Store


def shadow_of(
    store: Store,
    rollout: str,
    router: Router,
    runtime: Runtime,
    suite: Sequence[Bound],
    judge: ShadowJudge | None = None,
    **more: Any,
) -> Shadow:
    """A shadow that copies requests of cells in their shadow stage and records both versions' scores.

    Args:
        store: holds the ledger, and takes the scores.
        rollout: its name or full name.
        router: says, by its snapshot, in which cells requests are copied now; pausing a cell stops that.
        runtime: makes the candidate.
        suite: the graph's evaluators.
        judge: the one that the plan names.
        more: of `Shadow`: workers, waiting, killed, seed.

    Raises:
        UsageError: no such rollout, or its plan has no shadow stage.
        ConfigError: the graph does not declare that it has no side effects, a key has no evaluator, or the plan names a judge
            and none is given.
    """
    name = controller.full_name(store, rollout)
    rules, _ = controller.ends(store, name)
    if not rules.shadow.units:
        raise UsageError(f"rollout {name} has no shadow stage; its plan says it as [shadow] units = 200")
    spec = runtime.spec(rules.graph)
    refuse_side_effects(spec.side_effects)
    if bool(rules.shadow.judge) != (judge is not None):
        raise ConfigError(
            f"rollout {name}: its plan names {rules.shadow.judge or 'no judge'}, which must be given, and no other"
        )
    evaluators = shadow_evaluators(rules, suite)
    compiled = runtime.compiled(rules.graph, rules.candidate)
    return Shadow(
        graph_candidate(compiled),
        side_effects=spec.side_effects,
        keep=Recorder(store, evaluators, contract=compiled.contract, judge=judge),
        place=place_in(router, rules.graph, name),
        **more,
    )


def place_in(router: Router, graph: str, rollout: str) -> Callable[[Request], Place | None]:
    """Where a request belongs, by the router's snapshot; None unless its cell is in the shadow stage of this rollout."""

    def place(request: Request) -> Place | None:
        snapshot = router.snapshot
        route = snapshot.routes.get(graph) if snapshot is not None else None
        if route is None or route.rollout != rollout or not isinstance(request.inputs, Mapping):
            return None  # a command that resumes a thread is no request: the candidate has no such thread
        cell = route.partition.cell_of(request.row)
        rule = route.cells.get(cell)
        return Place(rollout, cell, rule.attempt, rule.shadow) if rule is not None and rule.shadow else None

    return place
