"""guard: the evaluators of CI inside a graph, before an answer leaves its node.

    def reply(state):
        run = Run(id="reply", inputs=state, outputs=draft(state))
        return guard((no_pii(),), run, on_fail="fallback", fallback={"answer": "A person will answer you."}).outputs

Unknown is not a pass: an evaluator that crashes or abstains has failed.
"""

from __future__ import annotations

import inspect
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from seatrial.errors import ConfigError, SeatrialError, UsageError, one_of
from seatrial.monitor.score import as_kept, score
from seatrial.runner.record import Unscored
from seatrial.scoring import Score, bind

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from seatrial.graph.run import Run
    from seatrial.scoring import Bound

ON_FAIL = ("raise", "fallback", "record")


@dataclass(frozen=True, slots=True)
class GuardDecision:
    """What a guard decided about one run.

    Attributes:
        name: which guard.
        passed: every score reached its threshold.
        action: `passed`, `raise`, `fallback` or `record`.
        scores: every score, in the evaluators' order; None where the evaluator crashed or abstained.
        failed: those that did not reach their threshold.
        outputs: what the node should return: the run's outputs, or the fallback.
        thread_id: thread of the run; empty where none is known.
    """

    name: str
    passed: bool
    action: str
    scores: tuple[Score, ...]
    failed: tuple[Score, ...]
    outputs: Any
    thread_id: str

    @property
    def sentence(self) -> str:
        """`guard 'reply': pii_leak 0 (found an address)`."""
        reported = ", ".join(
            f"{one.key} {'unknown' if one.score is None else f'{one.score:g}'} ({one.reason})" for one in self.failed
        )
        return f"guard {self.name!r}: {reported or 'passed'}"


class GuardFailed(SeatrialError):
    """A guarded run failed and `on_fail` is `raise`.

    Attributes:
        decision: what was decided.
    """

    reason_class = "invalid"

    def __init__(self, decision: GuardDecision) -> None:
        super().__init__(decision.sentence)
        self.decision = decision


def guard(
    evaluators: Sequence[Callable[..., Any]],
    run: Run,
    on_fail: str = "raise",
    *,
    fallback: Mapping[str, Any] | Callable[[GuardDecision], Mapping[str, Any]] | None = None,
    threshold: float | Mapping[str, float] = 1.0,
    name: str = "",
) -> GuardDecision:
    """Evaluate what a node is about to return, record the decision, and act on a failure.

    The decision is written into the project's store (see `seatrial.emit`); during an evaluation it becomes a note of the
    run instead, and in a shadow run it is discarded.

    >>> from seatrial.checks import no_pii
    >>> guard((no_pii(),), Run("r1", {}, {"body": "Thank you."})).passed
    True

    Args:
        evaluators: as in a suite; one that reads the reference is refused, because a run in production has none.
        run: what the node was given and is about to return.
        on_fail: `raise` a GuardFailed, return the `fallback`, or only `record`.
        fallback: outputs to return instead, or a function of the decision that makes them; they are not evaluated.
        threshold: least score that passes, for all keys or by key.
        name: of the guard, in records; the run's id where it is empty.

    Raises:
        GuardFailed: the run failed and `on_fail` is `raise`.
        ConfigError: there is no evaluator, or one needs a reference.
        UsageError: `on_fail` is unknown, or the fallback is missing or superfluous.
        DataError: the decision could not be recorded.
    """
    one_of(on_fail, ON_FAIL, "on_fail")
    if (on_fail == "fallback") != (fallback is not None):
        raise UsageError('on_fail="fallback" and fallback=... go together: say what is returned instead')
    suite = tuple(map(bind, evaluators))
    if not suite:
        raise ConfigError("a guard needs at least one evaluator; with none, everything would pass")
    for bound in suite:
        if _takes_reference(bound):
            raise _needs_reference(bound)
    scores = _scores(suite, run)
    low = tuple(one for one in scores if one.score is None or one.score < _threshold(threshold, one.key))
    thread_id = run.thread_id or _thread_id()
    action = on_fail if low else "passed"
    decision = GuardDecision(name or run.id, not low, action, scores, low, run.outputs, thread_id)
    if action == "fallback":
        other = fallback(decision) if callable(fallback) else fallback
        decision = GuardDecision(decision.name, False, action, scores, low, other, thread_id)
    _record(decision, run)
    if action == "raise":
        raise GuardFailed(decision)
    return decision


def _scores(suite: Sequence[Bound], run: Run) -> tuple[Score, ...]:
    try:
        kept = run._replace(outputs=as_kept(run.outputs))
    except ValueError as error:
        return tuple(Score(bound.key, None, str(error)) for bound in suite)
    found: list[Score] = []
    for bound in suite:
        result = score(bound, kept)
        if result is None:
            raise _needs_reference(bound)
        if isinstance(result, Unscored):
            found.append(Score(bound.key, None, result.reason))
        else:
            found += [Score(*one) for one in result]
    return tuple(found)


def _takes_reference(bound: Bound) -> bool:
    parameter = inspect.signature(bound.given or bound.call).parameters.get("reference_outputs")
    return parameter is not None and parameter.default is parameter.empty


def _needs_reference(bound: Bound) -> ConfigError:
    return ConfigError(
        f"evaluator {bound.key!r} reads the reference, and a run in production has none; guard with evaluators of the inputs and the outputs alone"
    )


def _threshold(threshold: float | Mapping[str, float], key: str) -> float:
    return float(threshold.get(key, 1.0) if isinstance(threshold, Mapping) else threshold)


def _thread_id() -> str:
    """The thread of the LangGraph run that this is called in; empty outside of one."""
    from langchain_core.runnables.config import var_child_runnable_config  # noqa: PLC0415 - loaded by the graph already

    config = var_child_runnable_config.get() or {}
    return str(config.get("configurable", {}).get("thread_id", ""))


def _record(decision: GuardDecision, run: Run) -> None:
    """Into the notes of an evaluation's run, else into the project's store."""
    from seatrial.graph.evaluating import evaluating  # noqa: PLC0415 - small, and loaded by every evaluation
    from seatrial.model.context import calls_here  # noqa: PLC0415 - likewise

    if evaluating():
        calls = calls_here()
        if calls is not None and not decision.passed:
            calls.notes.append(f"{decision.sentence}; {decision.action}")
        return
    from seatrial.store.guards import write_guard_decision  # noqa: PLC0415 - opens a store

    write_guard_decision(
        guard=decision.name,
        run_id=run.id,
        thread_id=decision.thread_id,
        action=decision.action,
        scores=[(one.key, one.score, one.reason) for one in decision.scores],
        decided_at=time.time(),
    )
