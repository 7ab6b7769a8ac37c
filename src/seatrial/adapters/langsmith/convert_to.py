"""Ours in theirs: an evaluator of ours as a function that `langsmith.evaluate` takes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

from seatrial.adapters.langsmith.row import MARK
from seatrial.adapters.langsmith.run_view import SeenExample, SeenRun, reported_error, stopped_at
from seatrial.graph.target import one_line
from seatrial.scoring import bind

if TYPE_CHECKING:
    from collections.abc import Callable

    from seatrial.scoring import Bound

Feedback: TypeAlias = dict[str, list[dict[str, Any]]]
"""LangSmith's `EvaluationResults`."""


def for_langsmith(evaluator: Callable[..., Any]) -> Callable[[Any, Any], Feedback]:
    """An evaluator of ours for `langsmith.evaluate(..., evaluators=[for_langsmith(f)])`.

    The reason becomes LangSmith's `comment`. An abstention is feedback without a score. A crash, and anything that is no
    score, is feedback without a score that is marked as an error; left to itself, LangSmith may drop it, and the mean with
    it. A run that failed, or a graph that stopped to ask, is not evaluated.

    Args:
        evaluator: anything `bind` takes: a function of `(run, example)` or of names, or a bound evaluator. It sees our
            attributes (`example.tags`, `run.latency_ms`) and LangSmith's (`run.child_runs`).

    Raises:
        ConfigError: it is no evaluator.
    """
    bound = bind(evaluator)

    def evaluate(run: Any, example: Any) -> Feedback:
        failed = reported_error(run) or stopped_at(run)
        if failed is not None:
            return _failure(bound, f"not evaluated: the run did not finish: {failed}")
        try:
            scores = bound(SeenRun(run), SeenExample(example))
        except (Exception, SystemExit) as error:  # noqa: BLE001 - a crash is an outcome, never a score
            return _failure(bound, one_line(error))
        return {
            "results": [
                _stamped(bound, key, score, reason or ("the evaluator abstained" if score is None else None))
                for key, score, reason in scores
            ]
        }

    evaluate.__name__ = bound.key  # LangSmith shows it
    return evaluate


def _failure(bound: Bound, reason: str) -> Feedback:
    return {"results": [_stamped(bound, bound.key, None, reason) | {"extra": {"error": True}}]}


def _stamped(bound: Bound, key: str, score: float | None, comment: str | None) -> dict[str, Any]:
    """One result, and who said it: several keys are one evaluator's, and fail together."""
    stamp = {MARK: {"evaluator": bound.key, "version": bound.version}}
    return {"key": key, "score": score, "comment": comment, "evaluator_info": stamp}
