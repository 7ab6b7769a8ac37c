"""Bases of every reason: it names its kind in JSON, and says how large it is beside others."""

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


class Short(Kind):
    """A reason of too few examples: `needs` of them are enough, None where no number is."""

    __slots__ = ()
    n: int
    needs: int | None

    @property
    def share(self) -> float:
        """Share of the needed examples that it lacks."""
        return 1.0 if self.needs is None else max(0.0, 1 - self.n / max(self.needs, 1))

    @property
    def count(self) -> int:
        """Examples it lacks."""
        return 0 if self.needs is None else max(0, self.needs - self.n)
