"""Design: the shape a gate meets, without any score: joint cells of examples, the rows over them, their shares of alpha."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from seatrial.errors import UsageError
from seatrial.gate.family import family_alpha, row_weights
from seatrial.gate.policy import KeyRule
from seatrial.gate.row import OVERALL, Row

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from numpy.typing import NDArray

    from seatrial.evidence import Evidence
    from seatrial.gate.policy import Policy


@dataclass(frozen=True)
class Design:
    """What is simulated.

    Attributes:
        name: graph or file it stands for.
        cells: examples per joint cell (one cell per combination of segments that occurs).
        segments: `overall`, then every `NAME=value`.
        member: segments x cells, 1 where the cell lies in the segment.
        critical: per segment, whether it is declared critical.
        keys: tested keys, the leading one first.
        alpha: the family's alpha.
        alpha_row: keys x segments, each row's first-step level; 0 where the row left the family.
        thin: segments x bool, rows that left it for having fewer than `min_n` examples.
    """

    name: str
    cells: NDArray[np.int64]
    segments: tuple[str, ...]
    member: NDArray[np.int64]
    critical: tuple[bool, ...]
    keys: tuple[str, ...]
    alpha: float
    alpha_row: NDArray[np.float64]

    @property
    def sizes(self) -> NDArray[np.int64]:
        """Examples per segment."""
        sizes: NDArray[np.int64] = self.member @ self.cells
        return sizes

    @property
    def thin(self) -> NDArray[np.bool_]:
        """Segments that left the family before looking."""
        return np.asarray(self.alpha_row.max(axis=0) <= 0)


def design(
    name: str,
    examples: Sequence[Mapping[str, str]],
    policy: Policy,
    *,
    critical: Collection[str] = (),
    keys: Sequence[str] = (),
) -> Design:
    """The design of `examples` (each a mapping dimension -> value) under `policy`.

    Args:
        name: what it stands for.
        examples: one mapping per example; every example has the same dimensions.
        policy: the rules.
        critical: critical segments, `NAME=value` or `NAME`.
        keys: evaluator keys, where the policy names none.
    """
    if not examples:
        raise UsageError(f"{name}: there is no example to certify a policy on")
    rules = [rule for rule in policy.keys if not rule.zero_tolerance] or [KeyRule(key) for key in (keys or ("score",))]
    rules.sort(key=lambda rule: not rule.primary)
    dimensions = sorted({dimension for example in examples for dimension in example})
    joint: dict[tuple[str, ...], int] = {}
    for example in examples:
        cell = tuple(f"{dimension}={example.get(dimension, 'unknown')}" for dimension in dimensions)
        joint[cell] = joint.get(cell, 0) + 1
    found = sorted({segment for cell in joint for segment in cell})
    absent = sorted(name for name in critical if "=" in name and name not in found)
    segments = (OVERALL, *found, *absent)
    order = sorted(joint)
    member = np.array([[1 if segment == OVERALL or segment in cell else 0 for cell in order] for segment in segments])
    cells = np.array([joint[cell] for cell in order])
    vital = tuple(segment in critical or segment.partition("=")[0] in critical for segment in segments)
    alpha = family_alpha(policy, measures=bool(policy.measures))
    rows = [
        _sized(rule.name, segment, vital[i], int(member[i] @ cells))
        for rule in rules
        for i, segment in enumerate(segments)
    ]
    weights = np.array(row_weights(rows, rules, policy)).reshape(len(rules), len(segments))
    return Design(name, cells, segments, member, vital, tuple(rule.name for rule in rules), alpha, alpha * weights)


def design_of(evidence: Evidence, policy: Policy, critical: Collection[str]) -> Design:
    """The design of the examples that a table of evidence holds."""
    codes = evidence.codes("example_id")
    rows = {int(example): row for row, example in enumerate(codes.index)}
    columns = {name: evidence.codes(f"segment.{name}") for name in evidence.dimensions}
    examples = [{name: column.values[column.index[row]] for name, column in columns.items()} for row in rows.values()]
    return design(evidence.source, examples, policy, critical=critical, keys=evidence.keys)


def _sized(key: str, segment: str, critical: bool, n: int) -> Row:
    """A row that has a size and nothing else: what the family's weights are made from."""
    nothing = np.empty(0)
    return Row(segment, key, critical, n, nothing, nothing, None, None, None, 0, 0, 0, 0, 2 * n, 0.0, {})
