"""Given: as much of an example as a graph needs to know, so that graphs need not know datasets."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping


class Given(Protocol):
    """What a run is given: `seatrial.dataset.Example` is one."""

    @property
    def id(self) -> str:
        """Unique in its dataset."""
        ...

    @property
    def inputs(self) -> Mapping[str, Any]:
        """What the graph is invoked on."""
        ...

    @property
    def contract(self) -> str:
        """Version of the contract its inputs were written for."""
        ...

    @property
    def metadata(self) -> Mapping[str, Any]:
        """`resume` in it scripts interrupts."""
        ...


_ATOMS = frozenset({str, int, float, bool, type(None)})


def copied(value: Any) -> Any:
    """A deep copy; of plain JSON values in a tenth of the time that `copy.deepcopy` takes."""
    kind = type(value)
    if kind in _ATOMS:
        return value
    if kind is dict:
        return {name: one if type(one) in _ATOMS else copied(one) for name, one in value.items()}
    if kind is list:
        return [one if type(one) in _ATOMS else copied(one) for one in value]
    return copy.deepcopy(value)


def own(inputs: Mapping[str, Any]) -> dict[str, Any]:
    """A run's own copy of an example's inputs: what it changes in them, no other run and no other version is given."""
    return {name: value if type(value) in _ATOMS else copy.deepcopy(value) for name, value in inputs.items()}
