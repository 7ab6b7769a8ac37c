"""DeepEval: its metrics as evaluators whose calls pass through the hub at hand, and evaluators as its metrics.

    from seatrial.adapters.deepeval import deepeval_judge

    def rubric(model):
        from deepeval.metrics import GEval
        from deepeval.test_case import SingleTurnParams

        steps = ["Is every claim of the answer in the source?"]      # pinned: with criteria= a model makes them up anew
        return GEval(name="faithful", evaluation_steps=steps, model=model, async_mode=False,
                     evaluation_params=[SingleTurnParams.INPUT, SingleTurnParams.ACTUAL_OUTPUT])

    SUITES = {"desk": (deepeval_judge("faithful", rubric, model="openai:gpt-4o-mini"),)}

Telemetry, reading of .env and writing of files are off before deepeval is imported.
"""

from __future__ import annotations

import json
import os
from functools import lru_cache
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from seatrial.adapters.pointwise import as_words, hub_chat, pointwise_judge, pointwise_key
from seatrial.canonical import canonical_json
from seatrial.errors import MissingExtra
from seatrial.scoring import bind
from seatrial.scoring.identity import identity

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

QUIET = {
    "DEEPEVAL_TELEMETRY_OPT_OUT": "1",
    "DEEPEVAL_DISABLE_DOTENV": "1",
    "DEEPEVAL_FILE_SYSTEM": "READ_ONLY",
    "DEEPEVAL_UPDATE_WARNING_OPT_OUT": "1",
}
"""Read by deepeval when it is imported: it sends usage, loads .env into the process and writes test cases to a folder."""


def deepeval_judge(
    name: str,
    metric: Callable[[Any], Any],
    *,
    model: str,
    parameters: Mapping[str, Any] | None = None,
    reported: str = "",
    threshold: float | None = None,
) -> Callable[..., dict[str, Any]]:
    """An evaluator that measures by a metric of deepeval's; nothing is imported and nobody is asked before its first run.

    Args:
        name: of the rubric; the scores carry the key `judge:NAME`.
        metric: makes the metric (`GEval`, `DAGMetric` ...) with the model it is given; asked for each answer, since a metric
            keeps what it measured last.
        model: `provider:model`.
        parameters: of the model.
        reported: the name under which a gateway answers; empty = that of `model`.
        threshold: a score of at least this is 1, a lower one 0; None leaves scores as they are.
    """
    key, settings = pointwise_key(name), canonical_json(dict(parameters or {}))

    @pointwise_judge(name, model=model, prompt=identity(metric), reported=reported, threshold=threshold)
    def judge(inputs: Any, outputs: Any, reference_outputs: Any) -> dict[str, Any]:
        _imported(key)
        from deepeval.test_case import LLMTestCase  # noqa: PLC0415 - an optional package

        case = LLMTestCase(
            input=as_words(inputs),
            actual_output=as_words(outputs),
            expected_output=None if reference_outputs is None else as_words(reference_outputs),
        )
        measured = metric(_hub_model(model, settings))
        measured.measure(case, _show_indicator=False)
        return {"key": key, "score": measured.score, "reason": measured.reason or ""}

    return judge


@lru_cache(maxsize=64)
def _hub_model(model: str, settings: str) -> Any:
    return hub_model(model, **json.loads(settings))


def hub_model(model: str, **parameters: Any) -> Any:
    """A `DeepEvalBaseLLM` whose every call passes through the hub at hand."""
    _imported("a model for deepeval")
    from deepeval.models import DeepEvalBaseLLM  # noqa: PLC0415 - an optional package

    class HubModel(DeepEvalBaseLLM):  # type: ignore[misc, unused-ignore]
        """The provider's chat model, behind the hub."""

        def __init__(self) -> None:
            self.model = self.load_model()

        def load_model(self) -> Any:
            return hub_chat(model, **parameters)

        def generate(self, prompt: str, schema: Any = None) -> Any:
            return (
                self.model.with_structured_output(schema).invoke(prompt) if schema else _text(self.model.invoke(prompt))
            )

        async def a_generate(self, prompt: str, schema: Any = None) -> Any:
            if schema:
                return await self.model.with_structured_output(schema).ainvoke(prompt)
            return _text(await self.model.ainvoke(prompt))

        def get_model_name(self) -> str:
            return model

    return HubModel()


def as_deepeval_metric(evaluator: Callable[..., Any], *, threshold: float = 0.5) -> Any:
    """An evaluator as a metric of deepeval's: `evaluate(cases, [metric])`, `assert_test(case, [metric])`.

    The evaluator's `outputs` are `{"output": actual_output}`, its `inputs` `{"input": input}`, its `reference_outputs`
    `{"output": expected_output}`, or None. One that abstains, or returns several scores, is an error.
    """
    _imported("an evaluator as a metric of deepeval's")
    from deepeval.metrics import BaseMetric  # noqa: PLC0415 - as above

    bound = bind(evaluator)

    class SeatrialMetric(BaseMetric):  # type: ignore[misc, unused-ignore]
        """The evaluator, as deepeval calls it."""

        def __init__(self) -> None:
            self.threshold, self.success, self.error = threshold, False, None
            self.score: float | None = None
            self.reason: str | None = None

        def measure(self, test_case: Any, *_: Any, **__: Any) -> float:
            expected = test_case.expected_output
            reference = None if expected is None else {"output": expected}
            run = SimpleNamespace(outputs={"output": test_case.actual_output}, inputs={"input": test_case.input})
            example = SimpleNamespace(inputs=run.inputs, outputs=reference, reference_outputs=reference)
            (found,) = bound(run, example)
            if found.score is None:
                raise ValueError(f"{bound.key} abstains: {found.reason}")
            self.score, self.reason = found.score, found.reason
            self.success = found.score >= self.threshold
            return found.score

        async def a_measure(self, test_case: Any, *_: Any, **__: Any) -> float:
            return self.measure(test_case)

        def is_successful(self) -> bool:
            return bool(self.success)

        @property
        def __name__(self) -> str:
            return bound.key

    return SeatrialMetric()


def _imported(what: str) -> None:
    """deepeval, quiet from its first line on."""
    for name, value in QUIET.items():
        os.environ.setdefault(name, value)
    try:
        import deepeval  # noqa: F401, PLC0415 - an optional package
    except ImportError:
        raise MissingExtra("deepeval", "deepeval", what) from None


def _text(message: Any) -> str:
    return message.content if isinstance(message.content, str) else message.text()
