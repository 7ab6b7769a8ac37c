"""openevals: `create_llm_as_judge` as an evaluator whose calls pass through the hub at hand.

from seatrial.adapters.openevals import openevals_judge
from openevals.prompts import CONCISENESS_PROMPT

SUITES = {"desk": (openevals_judge("concise", CONCISENESS_PROMPT, model="openai:gpt-4o-mini"),)}
"""

from __future__ import annotations

import json
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from seatrial.adapters.pointwise import hub_chat, pointwise_judge, pointwise_key
from seatrial.canonical import canonical_json
from seatrial.errors import MissingExtra

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


def openevals_judge(
    name: str,
    prompt: str,
    *,
    model: str,
    parameters: Mapping[str, Any] | None = None,
    reported: str = "",
    threshold: float | None = None,
    **options: Any,
) -> Callable[..., dict[str, Any]]:
    """An evaluator that asks openevals' judge; nothing is imported and nobody is asked before its first run.

    Args:
        name: of the rubric; the scores carry the key `judge:NAME`.
        prompt: the rubric with `{inputs}`, `{outputs}` and `{reference_outputs}`.
        model: `provider:model`.
        parameters: of the model.
        reported: the name under which a gateway answers; empty = that of `model`.
        threshold: a score of at least this is 1, a lower one 0; None leaves scores as they are.
        options: of `create_llm_as_judge`: `continuous`, `choices`, `use_reasoning` ...
    """
    key, settings = pointwise_key(name), canonical_json({"options": options, "parameters": dict(parameters or {})})

    @pointwise_judge(name, model=model, prompt=prompt, reported=reported, threshold=threshold)
    def judge(inputs: Any, outputs: Any, reference_outputs: Any) -> dict[str, Any]:
        found = _judge(prompt, model, key, settings)(
            inputs=inputs, outputs=outputs, reference_outputs=reference_outputs
        )
        return {"key": key, "score": found["score"], "reason": found.get("comment") or ""}

    return judge


@lru_cache(maxsize=64)
def _judge(prompt: str, model: str, key: str, settings: str) -> Any:
    """openevals' judge of these settings, made once: setting up a client takes as long as several calls."""
    try:
        from openevals.llm import create_llm_as_judge  # noqa: PLC0415 - an optional package
    except ImportError:
        raise MissingExtra("openevals", "judges", f"the evaluator {key}") from None
    given = json.loads(settings)
    chat = hub_chat(model, **given["parameters"])
    return create_llm_as_judge(prompt=prompt, judge=chat, feedback_key=key, **given["options"])
