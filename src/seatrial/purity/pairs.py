"""Pairs: runs to try an evaluator on, made from the references of a dataset, so that no graph has to run.

The reference is the right answer; the reference of the next example is a wrong one; an answer without one of its fields,
and one without any, are what a broken graph leaves behind.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from seatrial.graph.run import Run

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from seatrial.dataset.example import Example

EXAMPLES = 25
"""Examples an audit looks at unless asked for more: evaluators branch on kinds of answers, not on their number."""

BROKEN = 3
"""Examples whose answers are broken as well."""


class Pair(NamedTuple):
    """What an evaluator is given."""

    run: Run
    example: Example


def pairs(examples: Sequence[Example], most: int = EXAMPLES) -> tuple[Pair, ...]:
    """Right, wrong and broken answers to at most `most` examples, spread evenly over the dataset."""
    step = max(1, len(examples) / most)
    chosen = [examples[int(at * step)] for at in range(min(most, len(examples)))]
    found = []
    for at, example in enumerate(chosen):
        answers = [example.outputs or {}, chosen[(at + 1) % len(chosen)].outputs or {}]
        if at < BROKEN:
            answers += list(_broken(dict(example.outputs or {})))
        found += [Pair(_run(f"{example.id}/{number}", example, one), example) for number, one in enumerate(answers)]
    return tuple(found)


def _broken(outputs: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield {}
    for name in outputs:
        yield {key: value for key, value in outputs.items() if key != name}


def _run(name: str, example: Example, outputs: Any) -> Run:
    """A finished run; what it cost is made up, the same for all."""
    return Run(
        id=name,
        inputs=example.inputs,
        outputs=outputs,
        latency_ms=100.0,
        input_tokens=100,
        output_tokens=10,
        thread_id=name,
    )
