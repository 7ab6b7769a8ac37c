"""Scorers: evaluators as MLflow's scorers, for `mlflow.genai.evaluate(data, scorers=[as_scorer(f)])`."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from seatrial.adapters.mlflow.session import installed
from seatrial.errors import MissingExtra
from seatrial.scoring import bind

if TYPE_CHECKING:
    from collections.abc import Callable


def as_scorer(evaluator: Callable[..., Any]) -> Any:
    """An evaluator as a scorer: one Feedback per score, `error` where the evaluator abstains.

    MLflow's `inputs`, `outputs` and `expectations` are the evaluator's `inputs`, `outputs` and `reference_outputs`.

    Raises:
        MissingExtra: mlflow is not installed.
    """
    if not installed():
        raise MissingExtra("mlflow", "mlflow", "an evaluator as a scorer")
    from mlflow.entities import Feedback  # noqa: PLC0415 - an optional package
    from mlflow.genai.scorers import scorer  # noqa: PLC0415 - as above

    bound = bind(evaluator)

    def score(*, inputs: Any = None, outputs: Any = None, expectations: Any = None) -> list[Any]:
        run = SimpleNamespace(inputs=inputs, outputs=outputs)
        example = SimpleNamespace(inputs=inputs, outputs=expectations, reference_outputs=expectations)
        return [
            Feedback(name=one.key, value=one.score, rationale=one.reason or None)
            if one.score is not None
            else Feedback(name=one.key, error=f"it abstains: {one.reason}")
            for one in bound(run, example)
        ]

    return scorer(score, name=bound.key)
