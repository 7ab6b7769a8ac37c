"""Work: one planned run, from example to record and line; what a worker of the pool does."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING

from seatrial import pool
from seatrial.canonical import canonical_json, short_hash
from seatrial.graph.run import NOTHING, Run
from seatrial.graph.state import is_plain, kept
from seatrial.graph.target import CRASHES, AwaitedTarget, by_user, one_line
from seatrial.graph.thread_id import ThreadIds, assign
from seatrial.model.context import at_repetition
from seatrial.privacy.exits import redacted, redacted_json
from seatrial.runner.evaluators import NO_ANSWERS, Panel
from seatrial.runner.record import Record, as_text, head, line, more, passed
from seatrial.verdict import ErrorKind, Outcome

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from seatrial.dataset import Example
    from seatrial.graph.target import Target
    from seatrial.runner.evaluators import Answers
    from seatrial.scoring import Bound

SLOW_S = 0.005
"""Evaluators that once took longer than this are asked in threads, where a run is awaited."""

CHANGED = "evaluator {} changed the run or the example it was given; the other evaluators were given both unchanged"

SCORED = Outcome.SCORED.value
ERROR, LATENCY, MEASURED = map(Run._fields.index, ("error", "latency_ms", "input_tokens"))


def _plain_run(run: Run) -> Run:
    """The run with messages, models, sets and times in its final state made plain; what has no plain form is named.

    Raises:
        ValueError: no field of it has one.
    """
    outputs, without = kept(run.outputs or {})
    if not without:
        return run._replace(outputs=outputs)
    if len(without) == len(outputs):
        raise ValueError(f"no plain form of {', '.join(without)}")
    note = f"no plain form, kept as null: {', '.join(without)}"
    return run._replace(outputs=outputs, extra={**run.extra, "warnings": (*run.extra.get("warnings", ()), note)})


class Work:
    """Does planned run number `position`: example `position // repetitions`, repetition `position % repetitions`.

    Attributes:
        awaited: the same to be awaited, where the target can be; raises `pool.Disturbed` when a run was out of time
            because its neighbours took it.
    """

    def __init__(
        self,
        target: Target,
        evaluators: Sequence[Bound],
        examples: Sequence[Example],
        *,
        repetitions: int,
        timeout_s: float | None,
        first: int = 0,
    ) -> None:
        self._target = target
        self.awaited = self._awaiting(target.awaited) if isinstance(target, AwaitedTarget) else None
        self._panel = Panel(evaluators)
        self._examples = examples
        self._repetitions, self._first = repetitions, first
        self._timeout_s = timeout_s
        self._threads = ThreadIds()
        self._awaited: set[int] = set()
        self._slow = False
        self._at_evaluators: dict[int, tuple[Run, str, str]] = {}

    def __call__(self, position: int) -> tuple[Record, bytes]:
        """Run and evaluate; never raises for what the target or an evaluator does."""
        number, repetition = divmod(position, self._repetitions)
        example = self._examples[number]
        run_id = f"{example.id}#{repetition}"
        at_repetition(self._first + repetition)
        assign(self._threads.of(position))
        try:
            run = self._target(example, run_id, self._timeout_s)
        except CRASHES as error:  # a target that breaks its promise has failed
            if by_user(error):
                raise
            run = _broken(run_id, example, error)
        return self._evaluate(position, example, run)

    def _awaiting(
        self, target: Callable[[Example, str, float | None], Awaitable[Run]]
    ) -> Callable[[int], Awaitable[tuple[Record, bytes]]]:
        async def awaited(position: int) -> tuple[Record, bytes]:
            number, repetition = divmod(position, self._repetitions)
            example = self._examples[number]
            run_id = f"{example.id}#{repetition}"
            at_repetition(self._first + repetition)
            if position in self._awaited:  # done again, after another task on the loop, or the loop itself, starved it
                self._threads.renew(position)
            self._awaited.add(position)
            assign(self._threads.of(position))
            try:
                run = await target(example, run_id, self._timeout_s)
            except CRASHES as error:
                if by_user(error):
                    raise
                run = _broken(run_id, example, error)
            if run.error_kind == ErrorKind.TIMEOUT and self._timeout_s is not None and pool.disturbed(self._timeout_s):
                raise pool.Disturbed
            if run.error_kind == ErrorKind.EXCEPTION and pool.loops_abandoned():
                raise pool.LoopAbandoned(
                    f"{run_id} failed ({run.error}) after code that never awaits had kept the event loop beyond the timeout, "
                    "so that it was replaced; what the project made for the old loop (clients, semaphores) fails on the new "
                    "one, so nobody can tell whose failure this is: make the blocking step a plain def or await it, and run "
                    "again; what was done is kept"
                )
            kept = await self._evaluate_aside(position, example, run)
            self._awaited.discard(position)
            return kept

        return awaited

    async def _evaluate_aside(self, position: int, example: Example, run: Run) -> tuple[Record, bytes]:
        """Evaluate on the event loop while evaluators are quick, else in a thread: they must not keep it from the runs."""
        if not self._slow:
            began = time.perf_counter()
            try:
                with pool.as_if_no_loop():
                    return self._evaluate(position, example, run)
            except pool.OnTheLoop:  # an evaluator waits for something that runs there
                self._slow = True
            finally:
                self._slow = self._slow or time.perf_counter() - began > SLOW_S
        return await pool.in_thread(self._evaluate, position, example, run)

    def _evaluate(self, position: int, example: Example, run: Run) -> tuple[Record, bytes]:
        if run.outcome != SCORED:
            return self._close(position, run, None, None, NO_ANSWERS)
        try:
            try:
                outputs = canonical_json(run.outputs)
                output_hash = short_hash(outputs.encode())
            except (TypeError, ValueError):
                run = _plain_run(run)
                outputs = canonical_json(run.outputs)
                output_hash = short_hash(outputs.encode())
            if not is_plain(run.outputs):  # a text that is a StrEnum, a tuple: evaluators see what evidence keeps
                run = run._replace(outputs=json.loads(outputs))
        except (TypeError, ValueError, RecursionError) as error:
            reason = f"the final state is no JSON: {one_line(error)}"
            run = run._replace(
                outputs=None, outcome=Outcome.TARGET_ERROR, error_kind=ErrorKind.INVALID_OUTPUT, error=reason
            )
            return self._close(position, run, None, None, NO_ANSWERS)
        if self._timeout_s is None:
            answers = self._panel.ask(run, example)
        else:
            self._at_evaluators[position] = (run, outputs, output_hash)
            pool.restart_clock()
            answers = self._panel.ask(run, example)
            self._at_evaluators.pop(position, None)
        return self._close(position, run, outputs, output_hash, answers)

    def abandoned(self, position: int, seconds: float) -> tuple[Record, bytes]:
        """What a run has come to whose worker hangs: the target's timeout, or its evaluators'."""
        reason = f"no answer within {self._timeout_s:g} s"
        reached = self._at_evaluators.pop(position, None)
        if reached is not None:
            return self._close(position, *reached, self._panel.timed_out(f"an evaluator gave {reason}"))
        number, repetition = divmod(position, self._repetitions)
        run = Run(
            f"{self._examples[number].id}#{repetition}",
            self._examples[number].inputs,
            error=reason,
            outcome=Outcome.TARGET_ERROR,
            error_kind=ErrorKind.TIMEOUT,
            latency_ms=seconds * 1000.0,
        )
        return self._close(position, run, None, None, NO_ANSWERS)

    def _close(
        self, position: int, run: Run, outputs: str | None, output_hash: str | None, answers: Answers
    ) -> tuple[Record, bytes]:
        number, repetition = divmod(position, self._repetitions)
        begin = head(self._examples[number].id, repetition)
        results, wording, changed = answers
        path, thread_id = run.path, run.thread_id or self._threads.of(position)
        if (
            outputs is not None
            and not changed
            and run[ERROR] is None
            and run[MEASURED:]
            == (None, None, None, path, "", run.thread_id, NOTHING, None)  # no tokens, nothing printed
        ):
            # Runs of a plain function and of a graph without a model are all like this, and so fast that each step counts.
            record = tuple.__new__(
                Record, (SCORED, None, None, run[LATENCY], None, None, None, thread_id, output_hash, results, (), None)
            )
            way = f'{passed(path) if path else ""}"thread_id":"{thread_id}",'
            return record, line(record, begin, redacted_json(outputs), wording, way)
        _, _, _, error, outcome, kind, latency_ms, read, written, model, _, stdout, _, extra, counts = run
        scored = outputs is not None
        record = Record(
            SCORED if scored else str(outcome),
            None if scored or kind is None else str(kind),
            None if error is None else redacted(as_text(error)),
            latency_ms,
            read,
            written,
            None if model is None else as_text(model),
            thread_id,
            output_hash,
            results,
            (*map(redacted, extra.get("warnings", ())), *map(CHANGED.format, changed)),
            counts,
        )
        stored = None if outputs is None else redacted_json(outputs)
        return record, line(record, begin, stored, wording, more(record, path, redacted(stdout)))


def _broken(run_id: str, example: Example, error: BaseException) -> Run:
    return Run(
        run_id, example.inputs, error=one_line(error), outcome=Outcome.TARGET_ERROR, error_kind=ErrorKind.EXCEPTION
    )
