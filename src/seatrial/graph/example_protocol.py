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
    def metadata(self) -> Mapping[str, Any]:
        """`resume` in it scripts interrupts."""
        ...


_ATOMS = frozenset({str, int, float, bool, type(None)})


def own(inputs: Mapping[str, Any]) -> dict[str, Any]:
    """A run's own copy of an example's inputs: what it changes in them, no other run and no other version is given."""
    return {name: value if type(value) in _ATOMS else copy.deepcopy(value) for name, value in inputs.items()}
