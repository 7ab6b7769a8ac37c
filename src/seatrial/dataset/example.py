"""Example: one golden case, what a graph is given and what a right answer looks like."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class Example:
    """One golden example; attribute names are LangSmith's.

    >>> Example("m1", {"text": "Checkout is down"}, {"label": "urgent"}, tags=("language:en",)).outputs
    {'label': 'urgent'}

    Attributes:
        id: unique in its dataset.
        inputs: what the graph is given.
        outputs: the reference, what a right answer looks like (None when there is none).
        metadata: anything else; `{"resume": [{"match": ..., "value": ...}]}` scripts interrupts, `config` gives
            context, configurable and store items.
        tags: `dimension:value` labels that segments read.
        split: `test` unless said otherwise.
        contract: version of the graph's contract this payload was written for.
    """

    id: str
    inputs: Mapping[str, Any]
    outputs: Mapping[str, Any] | None = None
    metadata: Mapping[str, Any] = field(default_factory=dict)
    tags: tuple[str, ...] = ()
    split: str = "test"
    contract: str = "1"

    def row(self) -> dict[str, Any]:
        """The example as the mapping that segments, hashes and files are made from (shallow: nothing is copied)."""
        return {
            "id": self.id,
            "inputs": self.inputs,
            "outputs": self.outputs,
            "metadata": self.metadata,
            "tags": list(self.tags),
            "split": self.split,
            "contract": self.contract,
        }
