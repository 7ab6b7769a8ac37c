"""Score one run that has no reference, by the same call, copies and redaction as an evaluation in CI."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from seatrial.canonical import canonical_json
from seatrial.dataset.example import Example
from seatrial.graph.state import is_plain, plain
from seatrial.graph.target import one_line, unfit
from seatrial.runner.evaluators import Panel
from seatrial.runner.record import Unscored

if TYPE_CHECKING:
    from seatrial.graph.run import Run
    from seatrial.runner.record import Result
    from seatrial.scoring import Bound


class NoReference(Exception):
    """An evaluator read the reference of a run that has none."""


class Reference(Mapping[str, Any]):
    """The reference of a production run: there is none, and any use of it is noticed.

    Attributes:
        used: whether an evaluator read anything of it, even if it caught the error.
    """

    def __init__(self) -> None:
        self.used = False

    def _noticed(self) -> NoReference:
        self.used = True
        return NoReference("a production run has no reference")

    def __getitem__(self, _: str) -> Any:
        raise self._noticed()

    def __iter__(self) -> Iterator[str]:
        raise self._noticed()

    def __len__(self) -> int:
        raise self._noticed()

    def __bool__(self) -> bool:
        raise self._noticed()

    def __contains__(self, _: object) -> bool:
        raise self._noticed()

    def __eq__(self, _: object) -> bool:
        raise self._noticed()

    def __repr__(self) -> str:
        raise self._noticed()

    __hash__ = None  # type: ignore[assignment]

    def __deepcopy__(self, _: object) -> Reference:
        return self  # evaluators get copies of the example: a use of a copy counts


def as_kept(outputs: Any) -> dict[str, Any]:
    """Outputs in the plain JSON form that evidence keeps and evaluators are given.

    Raises:
        ValueError: they have no such form; the message says why.
    """
    reason = unfit(outputs)
    if reason is not None:
        raise ValueError(reason)
    try:
        try:
            text = canonical_json(outputs)
        except TypeError:
            outputs = plain(outputs)
            text = canonical_json(outputs)
    except (TypeError, ValueError, RecursionError) as error:
        raise ValueError(f"the outputs are no JSON: {one_line(error)}") from error
    kept: dict[str, Any] = outputs if is_plain(outputs) else json.loads(text)
    return kept


def score(bound: Bound, run: Run, *, example_id: str = "", metadata: Mapping[str, Any] | None = None) -> Result | None:
    """What one evaluator says of a run without a reference; None where it needs the reference.

    Args:
        bound: the evaluator.
        run: its inputs and its outputs, in plain form.
        example_id: id of the example that stands for the request; the run's own where it is empty.
        metadata: of the example.
    """
    reference = Reference()
    example = Example(example_id or run.id, run.inputs, reference, metadata or {})
    results = Panel((bound,)).ask(run, example)[0]
    return None if reference.used else results[0]


def failed(result: Result) -> str | None:
    """Why an evaluator gave no score at all; None where it gave some."""
    return f"{result.outcome}: {result.reason}" if isinstance(result, Unscored) else None
