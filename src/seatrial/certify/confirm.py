"""Confirm: simulated gates of two stages, decided as `gate --confirm` decides, and the calls the second one takes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from seatrial.certify.cluster_means import draw_looks, look_at_answers
from seatrial.certify.decide import Decided, Second, decide_gates, fails_of, shown_rows
from seatrial.certify.floors import without_floors
from seatrial.certify.guardrails import beside, hit_law
from seatrial.certify.paired_counts import counted, look_at_counts
from seatrial.certify.required import rules_out
from seatrial.certify.simulate import by_counts, uncovered_segments
from seatrial.gate.confirm import REPETITIONS, SCREEN
from seatrial.stats.noninferiority import clusters_to_rule_out

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from seatrial.certify.design import Design
    from seatrial.certify.observed import Look
    from seatrial.certify.scenario import Truth
    from seatrial.gate.policy import Policy
    from seatrial.stats.paired import Method

_AT_ONCE = 2_000_000
"""Answers held at once; more gates than that are simulated in turns."""


@dataclass(frozen=True, slots=True)
class Confirming:
    """What `gates` simulated gates with `--confirm` did; counts, each out of `gates`.

    Attributes:
        gates: how many were simulated.
        blocked: FAIL, by whatever.
        by_score: of these, by a row of the family.
        uncertain: not blocked, and INCONCLUSIVE.
        unshown: per critical segment, and overall, the gates that do not show it not worse, on both looks pooled.
        calls: mean runs of the graph that the fresh repetitions take, both versions.
    """

    gates: int
    blocked: int
    by_score: int
    uncertain: int
    unshown: tuple[tuple[str, int], ...]
    calls: float

    @property
    def passed(self) -> int:
        """PASS."""
        return self.gates - self.blocked - self.uncertain

    def shown(self, segment: str) -> float:
        """Share of the gates that show the segment not worse by the drop it has to rule out."""
        return 1 - dict(self.unshown).get(segment, 0) / self.gates


class Drawn(NamedTuple):
    """Both stages of some gates, per key: the first look, the fresh repetitions, and both pooled."""

    first: Sequence[Look]
    fresh: Sequence[Look]
    pooled: Sequence[Look]


class TwoStages(NamedTuple):
    """What the gates say after the second stage, and which examples each repeated (gates x examples)."""

    decided: Decided
    repeated: NDArray[np.bool_]


def confirm(
    design: Design,
    policy: Policy,
    truth: Truth,
    gates: int,
    rng: np.random.Generator,
    repetitions: int = REPETITIONS,
) -> Confirming:
    """Simulate `gates` gates that screen at p <= SCREEN, then repeat what is suspicious and what is not shown.

    Args:
        design: what is simulated.
        policy: the rules.
        truth: what is so; its repetitions are those of the first look.
        gates: how many.
        rng: draws.
        repetitions: fresh runs per repeated example and version.

    An example keeps its chance to pass over both stages, and one that broke outright is broken in both. Floors are left out
    where the pass rate is only assumed.
    """
    policy = policy if truth.rate_known else without_floors(policy)
    blocked, by_score, unsure = (np.zeros(gates, dtype=bool) for _ in range(3))
    open_, calls = np.zeros(len(design.segments), dtype=np.int64), 0
    first_hits = beside(design, policy, truth, gates, rng)
    turn = max(50, _AT_ONCE // max(1, design.cell.size * len(design.keys)))
    for start in range(0, gates, turn):
        now = slice(start, min(start + turn, gates))
        _, looks = draw_stages(design, policy, truth, now.stop - start, repetitions, rng)
        did, repeated = decide_stages(design, policy, looks, rng)
        by_score[now], unsure[now] = did.blocked, did.unsure
        hit = first_hits.hit[now] | _fresh_hits(design, truth, repeated, repetitions, rng)
        blocked[now] = fails_of(did) | hit | first_hits.grew[now]
        open_ += did.unshown.sum(axis=0)
        calls += 2 * repetitions * int(repeated.sum())
    unsure |= first_hits.unseen
    if uncovered_segments(design, policy):
        unsure[:] = True
    must = np.asarray(rules_out(design, policy).any(axis=0))
    return Confirming(
        gates=gates,
        blocked=int(blocked.sum()),
        by_score=int(by_score.sum()),
        uncertain=int((unsure & ~blocked).sum()),
        unshown=tuple((name, int(n)) for name, n, has in zip(design.segments, open_, must, strict=True) if has),
        calls=calls / gates,
    )


def draw_stages(
    design: Design, policy: Policy, truth: Truth, gates: int, repetitions: int, rng: np.random.Generator
) -> tuple[list[list[NDArray[np.int64]]], Drawn]:
    """The answers of both stages, [first, fresh] per key, as if every example were repeated; and what the gate sees of them."""
    method: Method = "exact" if policy.test == "exact" else "mid-p"
    answers, first, fresh, pooled = [], [], [], []
    for k in range(len(design.keys)):
        drawn = draw_looks(design, truth, k, gates, (truth.repetitions, repetitions), rng)
        answers.append(drawn)
        first.append(
            look_at_counts(design, k, counted(design, k, drawn[0]), method)
            if by_counts(design, truth)
            else look_at_answers(design, k, drawn[0], truth.repetitions)
        )
        fresh.append(
            look_at_counts(design, k, counted(design, k, drawn[1]), method)
            if design.alone and repetitions == 1
            else look_at_answers(design, k, drawn[1], repetitions)
        )
        pooled.append(look_at_answers(design, k, drawn[0] + drawn[1], truth.repetitions + repetitions))
    return answers, Drawn(first, fresh, pooled)


def decide_stages(design: Design, policy: Policy, looks: Drawn, rng: np.random.Generator) -> TwoStages:
    """What the gates say once the suspicious rows, and those not shown that repetitions may show, have been repeated."""
    suspicious = _suspicious(design, looks.first)
    shown = shown_rows(design, policy, looks.first)
    open_ = ~shown & (rules_out(design, policy) > 0)
    needed = suspicious | (open_ & _repetitions_help(design, policy, looks.first))
    by_both = open_ & needed
    shown |= by_both & shown_rows(design, policy, looks.pooled)
    # Where nothing is suspicious no row can have blocked, so one family serves the gates of one stage too.
    decided = decide_gates(
        design, policy, looks.first, rng, Second(suspicious, looks.fresh, shown, by_both, looks.pooled)
    )
    repeated = np.zeros((suspicious.shape[0], design.cell.size), dtype=bool)
    for k in range(len(design.keys)):
        here = needed[:, k].astype(np.int64) @ design.member[:, design.cell] > 0
        repeated |= here & design.requested[k]
    return TwoStages(decided, repeated)


def _suspicious(design: Design, first: Sequence[Look]) -> NDArray[np.bool_]:
    """Gates x keys x segments: rows of the family that the first look does not clear."""
    found = np.zeros((first[0].fails.shape[0], *design.n.shape), dtype=bool)
    every = np.arange(found.shape[0])
    for k, s in np.argwhere((design.alpha_row > 0) & (design.n > 0)):
        found[:, k, s] = first[k].p_best(int(s), every) <= max(SCREEN, design.alpha)
    return found


def _repetitions_help(design: Design, policy: Policy, first: Sequence[Look]) -> NDArray[np.bool_]:
    """Gates x keys x segments: rows with enough clusters, of a baseline high enough to fall so far."""
    drops = rules_out(design, policy)
    enough = np.array(
        [
            [0 < (clusters_to_rule_out(float(drop)) or 0) <= n for drop, n in zip(*row, strict=True)]
            for row in zip(drops, design.n, strict=True)
        ]
    )
    rate, nothing = (np.stack([getattr(one, name) for one in first], axis=1) for name in ("rate", "nothing"))
    return np.asarray(enough & ((rate > drops) | nothing))


def _fresh_hits(
    design: Design, truth: Truth, repeated: NDArray[np.bool_], repetitions: int, rng: np.random.Generator
) -> NDArray[np.bool_]:
    """Gates in which a repeated example is a new hit of a zero-tolerance key on its fresh runs."""
    found = np.zeros(repeated.shape[0], dtype=bool)
    for i, key in enumerate(design.zero):
        new, _ = hit_law(truth.hits.get(key, 0.0), truth.missing_of(key), repetitions)
        n = (repeated & design.requested[len(design.keys) + i]).sum(axis=1)
        found |= rng.random(found.size) < -np.expm1(n * np.log1p(-new))
    return found
