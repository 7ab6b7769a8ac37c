"""Design: the shape a gate meets, without any score: examples in joint cells, the rows over them, their shares of alpha."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from seatrial.canonical import content_hash
from seatrial.errors import ConfigError, UsageError, did_you_mean
from seatrial.gate.budget import Budget
from seatrial.gate.family import row_weights
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
        segments: `overall`, then every `NAME=value`.
        critical: per segment, whether it is declared critical.
        keys: tested keys, the leading one first.
        zero: zero-tolerance keys.
        measures: gating measurements.
        alpha: what the score rows together may spend.
        alpha_row: keys x segments, each row's first-step level; 0 where the row left the family.
        names: joint cell -> the segments it lies in, by name.
        member: segments x cells, 1 where the cell lies in the segment.
        cell: per example, its joint cell (one cell per combination of segments that occurs).
        cluster: per example, its cluster, as small integers.
        asked: keys and zero-tolerance keys x examples: whether the key is asked of the example.
    """

    name: str
    segments: tuple[str, ...]
    critical: tuple[bool, ...]
    keys: tuple[str, ...]
    zero: tuple[str, ...]
    measures: tuple[str, ...]
    alpha: float
    alpha_row: NDArray[np.float64]
    names: tuple[tuple[str, ...], ...]
    member: NDArray[np.int64]
    cell: NDArray[np.int64]
    cluster: NDArray[np.int64]
    requested: NDArray[np.bool_]

    @cached_property
    def alone(self) -> bool:
        """Every cluster is one example."""
        return int(np.bincount(self.cluster).max()) == 1

    @cached_property
    def cells(self) -> NDArray[np.int64]:
        """Examples per key and joint cell."""
        return np.stack(
            [
                np.bincount(self.cell[requested], minlength=len(self.names))
                for requested in self.requested[: len(self.keys)]
            ]
        )

    @cached_property
    def n(self) -> NDArray[np.int64]:
        """Clusters per key and segment: what the gate calls n."""
        return np.stack([_clusters(self.member, self.cell, self.cluster, requested) for requested in self.requested])[
            : len(self.keys)
        ]

    @property
    def sizes(self) -> NDArray[np.int64]:
        """Clusters per segment, of the leading key."""
        return np.asarray(self.n[0])

    @property
    def thin(self) -> NDArray[np.bool_]:
        """Segments that left the family before looking."""
        return np.asarray(self.alpha_row.max(axis=0) <= 0)

    def shape_hash(self, repetitions: int) -> str:
        """Hash of segments, sizes, keys and what is critical; a gate's report with the same rows has the same one."""
        rows = [
            (key, segment, int(self.n[k, s]), self.critical[s])
            for k, key in enumerate(self.keys)
            for s, segment in enumerate(self.segments)
            if self.n[k, s] or self.critical[s]
        ]
        zero = [(key, OVERALL, int(self.requested[len(self.keys) + i].sum()), False) for i, key in enumerate(self.zero)]
        clusters = np.unique(self.cluster).size
        measured = [(name, OVERALL, int(clusters), False) for name in self.measures]
        return rows_hash([*rows, *zero, *measured], planned=2 * repetitions * int(self.requested.sum()))


def rows_hash(rows: Collection[tuple[str, str, int, bool]], planned: int) -> str:
    """Hash of a gate's rows, (key, segment, n, critical) each, and of its planned cells."""
    return content_hash({"rows": sorted([list(row) for row in rows]), "planned": planned})


def design(
    name: str,
    examples: Sequence[Mapping[str, str]],
    policy: Policy,
    *,
    critical: Collection[str] = (),
    keys: Sequence[str] = (),
    clusters: Sequence[int] | NDArray[np.int64] | None = None,
    requested: Mapping[str, NDArray[np.bool_]] | None = None,
) -> Design:
    """The design of `examples` (each a mapping dimension -> value) under `policy`.

    Args:
        name: what it stands for.
        examples: one mapping per example; every example has the same dimensions.
        policy: the rules.
        critical: critical segments, `NAME=value` or `NAME`.
        keys: evaluator keys, where the policy names none.
        clusters: per example, which cluster it belongs to; None = each its own.
        asked: key -> per example, whether it is asked of it; None = every key of every example.
    """
    if not examples:
        raise UsageError(f"{name}: there is no example to certify a policy on")
    rules = [rule for rule in policy.keys if not rule.zero_tolerance] or [KeyRule(key) for key in (keys or ("score",))]
    rules.sort(key=lambda rule: not rule.primary)
    zero = tuple(rule.name for rule in policy.keys if rule.zero_tolerance)
    dimensions = sorted({dimension for example in examples for dimension in example})
    joint: dict[tuple[str, ...], int] = {}
    place = np.array(
        [
            joint.setdefault(tuple(f"{d}={example.get(d, 'unknown')}" for d in dimensions), len(joint))
            for example in examples
        ]
    )
    # Cells in the order of their names: the order of examples has no say in what a seed draws.
    order = sorted(joint)
    rank = np.empty(len(joint), dtype=np.int64)
    rank[[joint[cell] for cell in order]] = np.arange(len(joint))
    found = sorted({segment for cell in joint for segment in cell})
    absent = sorted(name for name in critical if "=" in name and name not in found)
    segments = (OVERALL, *found, *absent)
    member = np.array([[1 if segment == OVERALL or segment in cell else 0 for cell in order] for segment in segments])
    critical_rows = tuple(segment in critical or segment.partition("=")[0] in critical for segment in segments)
    cluster = (
        np.arange(len(examples))
        if clusters is None
        else np.unique(np.asarray(clusters), return_inverse=True)[1].ravel()
    )
    names = (*(rule.name for rule in rules), *zero)
    every = np.ones(len(examples), dtype=bool)
    of = np.stack([every if requested is None else requested.get(key, every) for key in names])
    sizes = [_clusters(member, rank[place], cluster, of[k]) for k in range(len(rules))]
    rows = [
        _sized(rule.name, segment, critical_rows[i], int(sizes[k][i]))
        for k, rule in enumerate(rules)
        for i, segment in enumerate(segments)
    ]
    alpha = Budget.of(policy).family
    weights = np.array(row_weights(rows, rules, policy)).reshape(len(rules), len(segments))
    return Design(
        name=name,
        segments=segments,
        critical=critical_rows,
        keys=names[: len(rules)],
        zero=zero,
        measures=tuple(rule.name for rule in policy.measures),
        alpha=alpha,
        alpha_row=alpha * weights,
        names=tuple(order),
        member=member,
        cell=rank[place],
        cluster=cluster,
        requested=of,
    )


def design_of(evidence: Evidence, policy: Policy, critical: Collection[str]) -> Design:
    """The design of the examples, clusters and keys that a table of evidence holds.

    Raises:
        ConfigError: the policy names a key the evidence does not hold, as in the gate.
    """
    for rule in policy.keys:
        if rule.name not in evidence.keys:
            raise ConfigError(
                f"{policy.source}: key {rule.name!r} gates but is not in {evidence.source}; it holds: {', '.join(evidence.keys)}{did_you_mean(rule.name, evidence.keys)}"
            )
    codes, keys = evidence.codes("example_id"), evidence.codes("key")
    first = np.full(len(codes.values), -1, dtype=np.int64)
    first[codes.index[::-1]] = np.arange(len(evidence))[::-1]
    columns = {name: evidence.codes(f"segment.{name}") for name in evidence.dimensions}
    examples = [{name: column.values[column.index[row]] for name, column in columns.items()} for row in first.tolist()]
    requested = {}
    for i, key in enumerate(keys.values):
        requested[key] = np.zeros(len(codes.values), dtype=bool)
        requested[key][codes.index[keys.index == i]] = True
    clusters = None
    if evidence.has("cluster"):
        named = evidence.codes("cluster")
        mine = named.index[first].astype(np.int64)
        # A null cluster is the example's own.
        clusters = np.where(mine < 0, len(named.values) + np.arange(mine.size), mine)
    return design(
        evidence.source, examples, policy, critical=critical, keys=evidence.keys, clusters=clusters, requested=requested
    )


def _clusters(
    member: NDArray[np.int64], cell: NDArray[np.int64], cluster: NDArray[np.int64], requested: NDArray[np.bool_]
) -> NDArray[np.int64]:
    """Clusters of the asked examples per segment."""
    pairs = np.unique(np.stack([cluster[requested], cell[requested]]), axis=1)
    counts = np.zeros(member.shape[0], dtype=np.int64)
    complete = np.unique(pairs[0]).size
    if complete == pairs.shape[1]:
        counts[:] = member @ np.bincount(pairs[1], minlength=member.shape[1])
        return counts
    for s in range(member.shape[0]):
        counts[s] = np.unique(pairs[0][member[s][pairs[1]] > 0]).size
    return counts


def _sized(key: str, segment: str, critical: bool, n: int) -> Row:
    """A row that has a size and nothing else: what the family's weights are made from."""
    nothing = np.empty(0)
    return Row(segment, key, critical, n, n, nothing, nothing, None, None, None, 0, 0, 0, 0, 2 * n, 0.0, {})
