"""Reading: everything the command line may say about files of results."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from seatrial.evidence.scores import NO_RULES, ScoreRules
from seatrial.table.dialect import PLAIN, Dialect

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


@dataclass(frozen=True, slots=True)
class Reading:
    """How files become evidence; what is not said is taken from the files where it is unambiguous.

    Attributes:
        mapping: evidence column -> the file's columns it is made of.
        segments: the file's columns that become dimensions.
        ignore: the file's columns that are not what their name says.
        blank: what a row without score and outcome is.
        dialect: how the files write a table.
        scores: how they write scores.
        key_columns: columns of scores that become keys of their names.
    """

    mapping: Mapping[str, Sequence[str]] = field(default_factory=dict)
    segments: Sequence[str] = ()
    ignore: Sequence[str] = ()
    blank: str = "missing"
    dialect: Dialect = PLAIN
    scores: ScoreRules = NO_RULES
    key_columns: Sequence[str] = ()
