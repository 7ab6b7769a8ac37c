"""MLflow's `make_judge` as an evaluator whose calls pass through the hub at hand.

from seatrial.adapters.mlflow.judge import mlflow_judge

RUBRIC = "Is {{ outputs }} a concise answer to {{ inputs }}?"
SUITES = {"desk": (mlflow_judge("concise", RUBRIC, model="openai:gpt-4o-mini"),)}
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from seatrial.adapters.hub_endpoint import HubEndpoint
from seatrial.adapters.mlflow.session import OFF, installed
from seatrial.adapters.pointwise import pointwise_judge, pointwise_key
from seatrial.errors import MissingExtra

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

KEY, NO_KEY = "OPENAI_API_KEY", "the call is carried by seatrial"
WORDS = {"yes": 1.0, "no": 0.0}


def mlflow_judge(
    name: str,
    instructions: str,
    *,
    model: str,
    parameters: Mapping[str, Any] | None = None,
    feedback_value_type: Any = bool,
    reported: str = "",
    threshold: float | None = None,
) -> Callable[..., dict[str, Any]]:
    """An evaluator that asks MLflow's judge; nothing is imported and nobody is asked before its first run.

    Args:
        name: of the rubric; the scores carry the key `judge:NAME`.
        instructions: the rubric with `{{ inputs }}`, `{{ outputs }}` and `{{ expectations }}`.
        model: `provider:model`.
        parameters: of the model.
        feedback_value_type: bool, or float for a score from 0 to 1.
        reported: the name under which a gateway answers; empty = that of `model`.
        threshold: a score of at least this is 1, a lower one 0; None leaves scores as they are.
    """
    key, given = pointwise_key(name), dict(parameters or {})
    wants = [one for one in ("inputs", "outputs", "expectations") if one in instructions]

    @pointwise_judge(name, model=model, prompt=instructions, reported=reported, threshold=threshold)
    def judge(inputs: Any, outputs: Any, reference_outputs: Any) -> dict[str, Any]:
        if not installed():
            raise MissingExtra("mlflow", "mlflow", f"the evaluator {key}")
        for variable, value in OFF.items():
            os.environ.setdefault(variable, value)
        if not model.startswith("openai:"):
            os.environ.setdefault(KEY, NO_KEY)  # asked for by MLflow; the call is of the provider that `model` names
        from mlflow.genai.judges import make_judge  # noqa: PLC0415 - an optional package

        shown = {"inputs": inputs, "outputs": outputs, "expectations": reference_outputs}
        with HubEndpoint(model, given) as endpoint:
            requested = make_judge(
                name=name,
                instructions=instructions,
                model=f"openai:/{model.partition(':')[2]}",
                base_url=endpoint.url,
                feedback_value_type=feedback_value_type,
            )
            try:
                found = requested(**{one: shown[one] for one in wants})
            except Exception:
                if endpoint.error is not None:
                    raise endpoint.error from None
                raise
        if endpoint.error is not None:
            raise endpoint.error
        score = WORDS.get(found.value.lower(), found.value) if isinstance(found.value, str) else found.value
        return {"key": key, "score": score, "reason": found.rationale or ""}

    return judge
