"""Shadow score: both answers to one request, scored by evaluators that need no reference, as rows of evidence."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from seatrial.dataset.example import Example
from seatrial.errors import ConfigError
from seatrial.graph.run import Run
from seatrial.outcome.metric import SourceKind
from seatrial.runner.table import cells, learn_keys
from seatrial.runner.work import Work
from seatrial.scoring import Bound
from seatrial.store.shadow import ShadowAnswer, write_shadow
from seatrial.verdict import ErrorKind, Outcome

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from seatrial.graph.runtime import Compiled
    from seatrial.graph.target import CallContract
    from seatrial.rollout.rules import Rules
    from seatrial.rollout.shadow_judge import ShadowJudge
    from seatrial.rollout.shadow_request import Compared, Request
    from seatrial.store.engine import Store

ANSWERED = "answered"
"""The key that every shadow has: 1 where the version answered; a version that raised scores 0 on every key."""


def shadow_evaluators(rules: Rules, suite: Sequence[Bound]) -> tuple[Bound, ...]:
    """The evaluators of a shadow: those that the plan names, those of zero tolerance, and `answered`.

    Raises:
        ConfigError: the plan names a key that no evaluator of the suite is called by.
    """
    known = {bound.key: bound for bound in suite}
    for key in rules.shadow.keys:
        if key not in known:
            raise ConfigError(
                f"plan {rules.rollout}: [shadow] keys: no evaluator of {rules.graph} is called {key!r}; "
                f"it has: {', '.join(known) or 'none'}"
            )
    zero = [one.source.name for one in rules.zero_tolerance if one.source.kind is SourceKind.KEY]
    chosen = dict.fromkeys((*rules.shadow.keys, *(key for key in zero if key in known)))
    return (*(known[key] for key in chosen), Bound(ANSWERED, "1", _answered))


def _answered(_run: Any, _example: Any) -> bool:
    return True


class Recorder:
    """What a `Shadow` keeps with: scores a pair and writes it into the store.

    Args:
        store: where; None: nowhere, rows are only made (`scored`).
        evaluators: of `shadow_evaluators`.
        contract: what outputs of the graph are held against; both versions' are.
        judge: asked about every pair, where the plan names one.
        clock: seconds since 1970.
    """

    def __init__(
        self,
        store: Store | None,
        evaluators: Sequence[Bound],
        *,
        contract: CallContract | None = None,
        judge: ShadowJudge | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._store, self._evaluators, self._contract, self._clock = store, tuple(evaluators), contract, clock
        self._judge = judge
        self._hashes = {bound.key: bound.hash for bound in evaluators}

    def __call__(self, one: Compared) -> bool:
        """Write the pair; False where its thread was recorded already, or there is no store."""
        return self._store is not None and write_shadow(self._store, self.scored(one))

    def scored(self, one: Compared) -> list[ShadowAnswer]:
        """The rows of both versions."""
        live = self._run(one.live, one.live_error, one.live_ms)
        candidate = self._run(one.candidate, one.error, one.candidate_ms)
        now = self._clock()
        control_rows = self._rows(one, "control", live, now)
        candidate_rows = self._rows(one, "candidate", candidate, now)
        if self._judge is None:
            return [*control_rows, *candidate_rows]
        hashes = (control_rows[0].output_hash, candidate_rows[0].output_hash)
        found = self._judge.row(one.request.thread_id, one.request.inputs, live, candidate, hashes)
        verdict = replace(
            candidate_rows[0],
            key=self._judge.key,
            outcome=found["outcome"],
            error_kind=found.get("error_kind"),
            score=found["score"],
            reason=found["reason"],
            evaluator_hash=self._judge.identity,
        )
        return [*control_rows, *candidate_rows, verdict]

    def _run(self, answer: Any, error: str, spent: float) -> Run:
        if isinstance(answer, Run):
            return answer
        kind: ErrorKind | None = ErrorKind.EXCEPTION
        outcome = Outcome.TARGET_ERROR
        if not error:
            if not isinstance(answer, Mapping):
                error, kind = (
                    f"the final state is a {type(answer).__name__}, not a mapping",
                    ErrorKind.INVALID_OUTPUT,
                )
            elif "__interrupt__" in answer:
                error, kind, outcome = "it stopped at an interrupt", None, Outcome.INTERRUPTED
            elif self._contract is not None and (refused := self._contract.refused_outputs(answer)) is not None:
                error, kind = refused, ErrorKind.INVALID_OUTPUT
        if error:
            return Run("", {}, None, error, outcome, kind, spent)
        return Run("", {}, answer, latency_ms=spent)

    def _rows(self, one: Compared, arm: str, run: Run, now: float) -> list[ShadowAnswer]:
        inputs = one.request.inputs if isinstance(one.request.inputs, Mapping) else {}
        example = Example(one.request.thread_id, inputs, metadata=dict(one.request.metadata))
        record, _ = Work(lambda *_: run, self._evaluators, (example,), repetitions=1, timeout_s=None)(0)
        keys = learn_keys(self._evaluators, [record])
        names = [(name, bound.key) for bound, of in zip(self._evaluators, keys.of, strict=True) for name in of]
        return [
            ShadowAnswer(
                rollout=one.place.rollout,
                cell=one.place.cell,
                attempt=one.place.attempt,
                thread_id=one.request.thread_id,
                arm=arm,
                key=name,
                outcome=cell.outcome,
                error_kind=cell.error_kind,
                score=cell.score,
                reason=cell.reason,
                output_hash=record.output_hash,
                latency_ms=record.latency_ms,
                input_tokens=record.input_tokens if arm == "candidate" else None,
                output_tokens=record.output_tokens if arm == "candidate" else None,
                model=record.model,
                evaluator_hash=self._hashes[by],
                rate=one.rate,
                recorded_at=now,
            )
            for (name, by), cell in zip(names, cells(keys, [record]), strict=True)
        ]


def graph_candidate(compiled: Compiled) -> Callable[[Request], Run]:
    """A version of the registry as a shadow's candidate: a fresh thread and an empty store for every request."""
    from seatrial.graph.invoke import graph_target  # noqa: PLC0415 - LangGraph, where graphs run

    target, contract = graph_target(compiled), str(getattr(compiled.contract, "version", "1"))

    def call(request: Request) -> Run:
        given = {"configurable": dict(request.configurable)}
        if isinstance(request.context, Mapping):
            given["context"] = dict(request.context)
        metadata = {"config": {name: value for name, value in given.items() if value}}
        return target(
            Example(request.thread_id, request.inputs, metadata=metadata, contract=contract), request.thread_id, None
        )

    return call
