"""Find: which slices lost beyond chance, with one error rate for all of them together, on the whole of the evidence.

Every slice is tested on every example it holds; the law of the largest statistic under sign flips pays for having looked
at them all, so nothing is split off to confirm on. Features must be fixed before the candidate answered.
"""

from __future__ import annotations

import hashlib
import math
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from seatrial.errors import UsageError
from seatrial.slice.difference import movement
from seatrial.slice.family import SIGNIFICANT, contrast, families, statistic
from seatrial.slice.features import derive
from seatrial.slice.found import Family, Finding, Found
from seatrial.slice.lattice import lattice
from seatrial.slice.propose import propose
from seatrial.slice.visible import visible
from seatrial.stats.interval import CannotTell
from seatrial.stats.max_t import max_t
from seatrial.wording import count

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from seatrial.slice.difference import Differences
    from seatrial.slice.features import Column, Feature
    from seatrial.slice.features_source import Given
    from seatrial.slice.lattice import Slice

ALPHA = 0.10
DRAWS = 4000
LEAST_ALPHA = 0.0001


def find(
    compared: Differences,
    given: Given,
    *,
    alpha: float = ALPHA,
    draws: int | None = None,
    seed: int | None = None,
    graph: str = "",
) -> Found:
    """Search every feature and every pair of features for a slice that lost.

    Args:
        compared: both versions, example by example.
        given: what is known about the same examples, in the same order.
        alpha: chance that anything at all is found when nothing changed.
        draws: sign flips; None takes 4,000, or 20 / alpha where that is more.
        seed: of the sign flips; None takes it from a hash of the evidence, so that the answer is a function of it.
        graph: named in the proposed segments.

    Raises:
        UsageError: alpha is out of range, or no feature makes a slice of a testable size.
    """
    if not LEAST_ALPHA <= alpha < 1:
        raise UsageError(f"--alpha {alpha:g}: choose a rate from {LEAST_ALPHA:g} to under 1, such as 0.1")
    # A p cannot be smaller than 1 / (1 + flips): with too few of them nothing would ever be found.
    flips = draws if draws is not None else max(DRAWS, math.ceil(20 / alpha))
    features = derive(given.columns)
    before, after, unit, units = compared.before, compared.after, "example", features
    if np.unique(compared.cluster).size < compared.cluster.size:
        unit = "cluster"
        before, after = _by_cluster(compared.cluster, before), _by_cluster(compared.cluster, after)
        # A cluster is in a slice when all of its examples are: flips are the cluster's, and so is its place.
        units = tuple(
            replace(one, members=_by_cluster(compared.cluster, one.members.astype(float)) == 1.0) for one in features
        )
    d = movement(before, after)
    slices = lattice(units)
    written = {id(one): feature for one, feature in zip(units, features, strict=True)}
    if not slices:
        raise UsageError(
            f"no feature parts the {d.size} {unit}s into a slice of 8 or more with 8 or more beside it; give some with --features FILE, or more examples"
        )
    notes = list(compared.notes)
    unused = _unused(given.columns, features)
    if unused:
        notes.append(
            f"nothing is asked of {', '.join(unused)}: values of a kind, or of several kinds, that no feature is made of"
        )
    if given.unknown:
        notes.append(
            f"nothing is known about {given.unknown} of {count(len(compared.ids), 'example')}: they are in no slice"
        )
    drawn = _seed(compared.key, d, slices) if seed is None else seed
    missing = _test(slices, d, np.random.default_rng(drawn), alpha, flips)
    grouped = families(
        [one for one, _ in missing], d, before > 0, min((statistic(one.members, d) for one, _ in missing), default=0.0)
    )
    p = {id(one): at for one, at in missing}
    if grouped and contrast(grouped[0][0].members, ~grouped[0][0].members, d) < SIGNIFICANT:
        notes.append("no slice stands out from the others: the loss is everywhere, not in a segment")
    wording = [
        Family(
            _finding(speaker, p[id(speaker)], unit, before, after, d),
            tuple(_finding(one, p[id(one)], unit, before, after, d) for one in others),
            propose([written[id(feature)] for feature in speaker.features], graph=graph),
        )
        for speaker, others in grouped
    ]
    return Found(
        source=compared.source,
        key=compared.key,
        baseline=compared.baseline,
        candidate=compared.candidate,
        n=int(d.size),
        unit=unit,
        difference=float(d.mean()),
        features=len(features),
        slices=len(slices),
        alpha=alpha,
        draws=flips,
        seed=drawn,
        families=tuple(sorted(wording, key=lambda one: (one.speaker.p, one.speaker.difference, one.speaker.name))),
        visible=visible(slices, d.size, alpha),
        notes=tuple(notes),
    )


def _test(
    slices: Sequence[Slice], d: NDArray[np.float64], rng: np.random.Generator, alpha: float, draws: int
) -> list[tuple[Slice, float]]:
    """Slices that lost beyond chance with their adjusted p, smallest p first, then largest loss."""
    moved = d != 0.0
    if not moved.any():
        return []
    # Only what moved can flip; the rest of the examples would cost memory and change no p.
    tested = max_t(np.array([one.members[moved] for one in slices]), d[moved], rng, draws=draws)
    if isinstance(tested, CannotTell):
        return []
    found = [(one, float(p)) for one, p in zip(slices, tested.p, strict=True) if p <= alpha]
    return sorted(found, key=lambda pair: (pair[1], float(d[pair[0].members].mean()), pair[0].name))


def _seed(key: str, d: NDArray[np.float64], slices: Sequence[Slice]) -> int:
    """The search is a function of what is searched: machine, clock and the order of rows have no say in it."""
    wording = hashlib.sha256(key.encode())
    wording.update(d.tobytes())
    for one in slices:
        wording.update(np.packbits(one.members).tobytes())
    # 53 bits, which every reader of JSON keeps.
    return int.from_bytes(wording.digest()[:8], "big") >> 11


def _unused(columns: Sequence[Column], features: Sequence[Feature]) -> list[str]:
    """Columns that differ between examples and ask nothing."""
    requested = {id(feature.column) for feature in features}
    return [one.label for one in columns if id(one) not in requested and len({repr(value) for value in one.values}) > 1]


def _by_cluster(cluster: NDArray[np.int64], values: NDArray[np.float64]) -> NDArray[np.float64]:
    mean: NDArray[np.float64] = np.bincount(cluster, weights=values) / np.bincount(cluster)
    return mean


def _finding(
    one: Slice, p: float, unit: str, before: NDArray[np.float64], after: NDArray[np.float64], d: NDArray[np.float64]
) -> Finding:
    mine = one.members
    return Finding(
        name=one.name,
        features=tuple(feature.name for feature in one.features),
        n=int(mine.sum()),
        unit=unit,
        baseline=float(before[mine].mean()),
        candidate=float(after[mine].mean()),
        difference=float(d[mine].mean()),
        p=p,
        regressed=int((d[mine] < 0).sum()),
        fixed=int((d[mine] > 0).sum()),
        outside=float(d[~mine].mean()),
        regressed_everywhere=int((d < 0).sum()),
    )
