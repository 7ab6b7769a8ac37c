"""Work: one planned run, from example to record and line; what a worker of the pool does."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import TYPE_CHECKING

from seatrial import pool
from seatrial.evidence import canonical_json
from seatrial.graph.run import Run
from seatrial.graph.state import plain
from seatrial.graph.target import one_line
from seatrial.runner.record import Record, Said, Unscored, cleaned, evaluator_failure, head, line
from seatrial.verdict import ErrorKind, Outcome

if TYPE_CHECKING:
    from collections.abc import Sequence

    from seatrial.dataset import Example
    from seatrial.evaluator import Bound
    from seatrial.graph.target import Target

SCORED = Outcome.SCORED.value


class Work:
    """Does planned run number `position`: example `position // repetitions`, repetition `position % repetitions`."""

    def __init__(
        self,
        target: Target,
        evaluators: Sequence[Bound],
        examples: Sequence[Example],
        inputs_hashes: Sequence[str],
        *,
        repetitions: int,
        timeout_s: float | None,
    ) -> None:
        self._target = target
        self._evaluators = tuple(evaluators)
        self._keys = tuple(bound.key for bound in evaluators)
        self._examples = examples
        self._inputs_hashes = inputs_hashes
        self._repetitions = repetitions
        self._timeout_s = timeout_s
        self._at_evaluators: dict[int, tuple[Run, str]] = {}

    def __call__(self, position: int) -> tuple[Record, bytes]:
        """Run and evaluate; never raises for what the target or an evaluator does."""
        example = self._examples[position // self._repetitions]
        repetition = position % self._repetitions
        run_id = f"{example.id}#{repetition}"
        try:
            run = self._target(example, run_id, self._timeout_s)
        except (Exception, SystemExit) as error:  # noqa: BLE001 - a target that breaks its promise has failed
            run = Run(
                run_id,
                example.inputs,
                error=one_line(error),
                outcome=Outcome.TARGET_ERROR,
                error_kind=ErrorKind.EXCEPTION,
            )
        outputs: str | None = None
        if run.outcome == SCORED:
            run, outputs = _canonical(run)
        if outputs is None:
            return self._close(position, _record(run, None, ()), run, None)
        if self._timeout_s is not None:
            self._at_evaluators[position] = (run, outputs)
            pool.restart_clock()
        results: list[tuple[Said, ...] | Unscored] = []
        for bound in self._evaluators:
            try:
                scores = bound(run, example)
                if len(scores) == 1:  # nearly always; a comprehension for one costs as much as the evaluator
                    results.append(((scores[0].key, scores[0].score, scores[0].reason),))
                else:
                    results.append(tuple((score.key, score.score, score.reason) for score in scores))
            except (Exception, SystemExit) as error:  # noqa: BLE001 - a crash is an outcome, never a score
                results.append(evaluator_failure(one_line(error)))
        if self._timeout_s is not None:
            self._at_evaluators.pop(position, None)
        return self._close(position, _record(run, outputs, tuple(results)), run, outputs)

    def abandoned(self, position: int, seconds: float) -> tuple[Record, bytes]:
        """What a run has come to whose worker hangs: the target's timeout, or its evaluators'."""
        reason = f"no answer within {self._timeout_s:g} s"
        reached = self._at_evaluators.pop(position, None)
        if reached is not None:
            run, outputs = reached
            hung = evaluator_failure(f"an evaluator gave {reason}", ErrorKind.TIMEOUT)
            return self._close(position, _record(run, outputs, (hung,) * len(self._keys)), run, outputs)
        record = Record(
            Outcome.TARGET_ERROR.value,
            ErrorKind.TIMEOUT.value,
            reason,
            seconds * 1000.0,
            None,
            None,
            None,
            None,
            None,
            (),
        )
        return self._close(position, record, None, None)

    def _close(self, position: int, record: Record, run: Run | None, outputs: str | None) -> tuple[Record, bytes]:
        number, repetition = divmod(position, self._repetitions)
        begin = head(self._examples[number].id, repetition, self._inputs_hashes[number])
        try:
            return record, line(record, run, begin, self._keys, outputs)
        except (TypeError, UnicodeEncodeError):
            record = cleaned(record)
            return record, line(record, run, begin, self._keys, outputs)


def _canonical(run: Run) -> tuple[Run, str | None]:
    """The run with its final state as canonical JSON; a state that has none is the target's error."""
    try:
        try:
            outputs = canonical_json(run.outputs)
        except TypeError:
            # Messages and models: what is scored is what the evidence holds, so the evaluators see the plain form too.
            run = replace(run, outputs=plain(run.outputs))
            outputs = canonical_json(run.outputs)
        outputs.encode()
    except (TypeError, ValueError, RecursionError) as error:
        reason = f"the final state is no JSON: {one_line(error)}"
        return replace(
            run, outputs=None, outcome=Outcome.TARGET_ERROR, error_kind=ErrorKind.INVALID_OUTPUT, error=reason
        ), None
    return run, outputs


def _record(run: Run, outputs: str | None, results: tuple[tuple[Said, ...] | Unscored, ...]) -> Record:
    scored = outputs is not None
    return Record(
        SCORED if scored else str(run.outcome),
        None if scored or run.error_kind is None else str(run.error_kind),
        run.error,
        run.latency_ms,
        run.input_tokens,
        run.output_tokens,
        run.model,
        run.thread_id,
        None if outputs is None else hashlib.sha256(outputs.encode()).hexdigest()[:16],
        results,
        run.extra.get("warnings", ()) if run.extra else (),
    )
