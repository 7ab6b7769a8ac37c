"""Turns: two versions over one dataset, some examples of the one and then of the other, so that a day meets both alike."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from seatrial.trial.evaluate import Turn, evaluate, new_run_id

if TYPE_CHECKING:
    from collections.abc import Callable

    from seatrial.gate.policy import Policy
    from seatrial.project import Project
    from seatrial.runner import RunResult

TURNS = 10
"""How often each version has its turn: a provider that drifts within minutes meets both."""


def take_turns(project: Project, graph: str, policy: Policy) -> bool:
    """Whether two versions of a graph are run in turns: where a real model answers, or where latency gates."""
    latency = any(rule.name == "latency_ms" for rule in policy.measures)
    return latency or not project.spec(graph).deterministic


def in_turns(
    project: Project,
    graph: str,
    versions: tuple[str, str],
    *,
    kind: str,
    repeat: int,
    concurrency: int | None = None,
    progress: Callable[[str, int, int], None] | None = None,
) -> tuple[RunResult, RunResult]:
    """Run both versions whole, a tenth of the examples at a time; the arguments are those of `evaluate`.

    A run that was stopped ends it: the other version is not run further than that.
    """
    now = datetime.now(UTC)
    ids = [new_run_id(graph, version, now) for version in versions]
    named = (Turn(ids[0], ids[1]), Turn(ids[1], ids[0]))
    examples = len(project.dataset(graph, kind).examples)
    results: dict[str, RunResult] = {}

    def tell(what: str, done: int, _planned: int) -> None:
        if progress is not None:
            progress(what, done, examples * repeat)  # of the whole, not of this turn

    for turn in range(1, TURNS + 1):
        limit = None if turn == TURNS else -(-examples * turn // TURNS)
        for version, name in zip(versions, named, strict=True):
            results[name.run_id] = evaluate(
                project,
                graph,
                version,
                kind=kind,
                repeat=repeat,
                concurrency=concurrency,
                limit=limit,
                turn=name,
                progress=tell,
            )
            if not results[name.run_id].complete:
                return results[name.run_id], results[name.run_id]
    return results[ids[0]], results[ids[1]]
