"""Base of every reason: it names its kind in JSON, and says how large it is beside others."""

from __future__ import annotations

from typing import ClassVar


class Kind:
    """A reason names its kind in JSON; one without a `share` of its own weighs nothing against the others."""

    __slots__ = ()
    kind: ClassVar[str]

    @property
    def share(self) -> float:
        """How large it is, 0..1: of the reasons of several rows the largest is spoken of first."""
        return 0.0

    @property
    def count(self) -> int:
        """How many things it is about: among equal shares the larger count comes first."""
        return 0
