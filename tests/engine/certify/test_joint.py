"""The joint level of simulated gates: bounds that need no draw, and an early end that decides as every draw would."""

from itertools import product

import numpy as np
import pytest
from scipy.stats import binom

from seatrial.certify import joint
from seatrial.certify.joint import joint_rejections
from seatrial.certify.joint_bounds import joint_between
from seatrial.certify.observed import Flipped
from seatrial.stats.paired import mcnemar

ALPHA = 0.05
# Overall, and two dimensions of two segments over four cells.
MEMBER = np.array([[1, 1, 1, 1], [1, 1, 0, 0], [0, 0, 1, 1], [1, 0, 1, 0], [0, 1, 0, 1]], dtype=float)


def counted(rng, gates, keys=2, most=4):
    """Gates whose cells flip so often, most of them for the worse."""
    found = []
    for _ in range(keys):
        count = rng.integers(0, most, size=(gates, 4))
        wins = rng.binomial(count, 0.2)
        found.append(Flipped(MEMBER.T[None], count, (2.0 * wins - count) @ MEMBER.T, single=True, shared=False))
    return found


def clustered(rng, gates, clusters=40, shift=0.35):
    """Gates of one key whose clusters move by fractions, one cell of four each."""
    of = rng.integers(0, 4, size=clusters)
    moved = rng.normal(-shift, 1.0, size=(gates, clusters))
    size = moved[:, :, None] * MEMBER.T[of][None]
    return [Flipped(size, np.ones((gates, clusters), dtype=np.int64), size.sum(axis=1), single=False, shared=True)]


def p_of(losses, flips, method):
    return np.asarray(mcnemar(losses, flips - losses, method), dtype=float)


def enumerated(keys, weights, gate, method):
    """The joint p of the gate's first row, over every way its cells can flip."""
    laws, least = [], np.inf
    for one, share in zip(keys, weights, strict=True):
        count = one.count[gate]
        flips = (MEMBER @ count).astype(int)
        least = min(least, (p_of((flips - one.total[gate]) / 2, flips, method) / share).min())
        ways = np.array(list(product(*(range(n + 1) for n in count))))
        chance = np.prod(binom.pmf(ways, count, 0.5), axis=1)
        laws.append((chance, (p_of(ways @ MEMBER.T, flips, method) / share).min(axis=1)))
    below = [float(chance[smallest < least * (1 - 1e-9)].sum()) for chance, smallest in laws]
    tied = [float(chance[smallest <= least * (1 + 1e-9)].sum()) for chance, smallest in laws]
    any_below, any_tied = (1 - np.prod(1 - np.array(one)) for one in (below, tied))
    return any_tied if method == "exact" else (any_below + any_tied) / 2


def shares(keys):
    weights = np.array([[4.0, 2.0, 1.0, 1.0, 1.0], [3.0, 1.0, 1.0, 2.0, 1.0]])[:keys]
    return weights / weights.sum()


@pytest.mark.parametrize("method", ["mid-p", "exact"])
@pytest.mark.parametrize("keys", [1, 2])
def test_bounds_hold_the_joint_p_and_no_decision_differs_from_it(method, keys):
    rng = np.random.default_rng(7)
    gates, weights = 150, shares(keys)
    drawn = counted(rng, gates, keys)
    of = np.ones((gates, keys, 5), dtype=bool)
    between = joint_between(drawn, np.broadcast_to(weights, of.shape), method)
    rejected = joint_rejections(drawn, weights, ALPHA, method, rng, of)
    decided = 0
    for gate in range(gates):
        p = enumerated(drawn, weights, gate, method)
        assert between.low[gate] - 1e-12 <= p <= between.high[gate] + 1e-12
        if between.high[gate] <= ALPHA or between.low[gate] > ALPHA:
            decided += 1
            assert rejected[gate] == (p <= ALPHA)
        elif abs(p - ALPHA) > 0.015:  # 4,000 draws: more than four standard errors
            assert rejected[gate] == (p <= ALPHA)
    assert decided > gates * 0.8
    assert 0 < rejected.sum() < gates


@pytest.mark.parametrize("method", ["mid-p", "exact"])
@pytest.mark.parametrize("kind", [counted, clustered])
def test_an_early_end_decides_as_all_draws_do(kind, method, monkeypatch):
    """Same flips, gate by gate. Where p lies just beside alpha the risk of another decision is 1 in 1,000; here none differs."""
    monkeypatch.setattr(joint, "joint_between", no_bounds)
    gates = 40
    keys = kind(np.random.default_rng(3), gates)
    weights = shares(len(keys))
    of = np.ones((gates, len(keys), 5), dtype=bool)
    of[gates // 2 :, :, 0] = False  # the later half are decided by a row behind the first

    def decisions():
        return [one(keys, weights, gate, method, of) for gate in range(gates)]

    early, ends = decisions(), []
    decide = joint._decided
    monkeypatch.setattr(joint, "_decided", lambda seen, draws, alpha: bool(ends.append(decide(seen, draws, alpha))))
    complete = decisions()
    assert early == complete
    assert 0 < sum(complete) < gates
    assert any(ends)


def one(keys, weights, gate, method, of):
    here = slice(gate, gate + 1)
    alone = [
        Flipped(
            key.size[here] if key.size.shape[0] > 1 else key.size,
            key.count[here],
            key.total[here],
            key.single,
            key.shared,
        )
        for key in keys
    ]
    return bool(joint_rejections(alone, weights, ALPHA, method, np.random.default_rng(gate), of[here])[0])


def no_bounds(keys, weights, method):
    between = joint_between(keys, weights, method)
    nothing = np.zeros_like(between.low)
    return type(between)(between.first, between.own, nothing, nothing + 1)


def test_an_early_end_is_as_rare_as_it_says_where_p_is_alpha():
    """A row whose joint p is alpha: over all looks the bound is 1 in 1,000, both sides. 4,000 of them, draw by draw."""
    rng = np.random.default_rng(11)
    draws = np.arange(joint._TURN, 200 / ALPHA, joint._TURN).astype(int)
    reached = np.cumsum(rng.binomial(joint._TURN, ALPHA, size=(4_000, draws.size)), axis=1)
    ended = sum(
        any(joint._decided(np.array([r / n]), int(n), ALPHA) for r, n in zip(row, draws, strict=True))
        for row in reached
    )
    assert ended <= 10  # 4 expected at most; more than 10 has a chance of .003


def test_heads_of_fair_coins_follow_their_law():
    rng = np.random.default_rng(5)
    for count in (np.array([1, 3, 64]), np.array([1, 3, 65])):  # bits of a word, and more coins than it has bits
        heads = np.concatenate([joint._heads(count, rng) for _ in range(40)])
        assert np.allclose(heads.mean(axis=0), count / 2, atol=4.5 * np.sqrt(count / 4 / heads.shape[0]))
        assert np.allclose(heads.var(axis=0), count / 4, rtol=0.06)
        assert (heads >= 0).all()
        assert (heads <= count).all()
