"""Restarted processes: still an e-process, resumable, and quick after a long good spell."""

import itertools
import math

import numpy as np
import pytest

from seatrial.stats.sequential import eprocess
from seatrial.stats.sequential.restart import Restarts, run, shares

START_EARLY_AND_LATE = (0, 2, 3)


def random_blocks(rng, canary, n, control=0.95):
    good_c, good_b = (rng.random(n) < canary).astype(float), rng.binomial(9, control, n).astype(float)
    return good_c, 1 - good_c, good_b, 9 - good_b


def test_one_start_with_the_whole_stake_is_the_plain_process():
    rows = random_blocks(np.random.default_rng(0), 0.8, 300)
    assert run(*rows, (0,), weights=[1]).log_e == pytest.approx(eprocess.run(*rows).log_e, abs=1e-9)


@pytest.mark.parametrize("margin", [0.0, 0.1])
def test_the_mixture_is_at_most_one_on_average_under_the_null(margin):
    # every path of 5 blocks 1 : 1 through its four outcomes
    paths = np.array(list(itertools.product(range(4), repeat=5)))
    c, b = paths // 2, paths % 2
    log_e = np.array(
        [run(x, 1 - x, y, 1 - y, START_EARLY_AND_LATE, margin=margin).log_e for x, y in zip(c, b, strict=True)]
    )
    for p_c, p_b in [(0.5, 0.5), (0.9, 0.9), (0.8, 0.8 + margin), (0.1, 0.1 + margin), (0.9, 0.3)]:
        chance = (np.where(c, p_c, 1 - p_c) * np.where(b, p_b, 1 - p_b)).prod(axis=1)
        assert np.all(chance @ np.exp(log_e) <= 1 + 1e-9)


def test_a_run_resumes_where_it_stopped():
    rows = random_blocks(np.random.default_rng(1), 0.8, 60)
    starts = (0, 10, 25, 59, 200)
    complete = run(*rows, starts)
    for cut in (0, 1, 10, 11, 59, 60):
        first = run(*(r[:cut] for r in rows), starts)
        rest = run(*(r[cut:] for r in rows), starts, first.state)
        assert np.concatenate([first.log_e, rest.log_e]) == pytest.approx(complete.log_e, abs=1e-9)
        assert rest.state.seen == complete.state.seen == 60
        assert np.array(rest.state.states) == pytest.approx(np.array(complete.state.states), abs=1e-9)


def test_after_a_long_good_spell_the_mixture_alarms_first():
    # 2,000 good blocks, then .95 -> .85; starts each 250 blocks. Medians over 60 runs: the plain process must unlearn the spell
    rng = np.random.default_rng(4)
    starts = tuple(range(0, 4_000, 250))
    plain, mixed = [], []
    for _ in range(60):
        good, bad = random_blocks(rng, 0.95, 2_000), random_blocks(rng, 0.85, 1_500)
        rows = [np.concatenate(pair) for pair in zip(good, bad, strict=True)]
        for log_e, times in ((eprocess.run(*rows).log_e, plain), (run(*rows, starts).log_e, mixed)):
            hit = log_e[2_000:] >= math.log(20)
            times.append(int(hit.argmax()) if hit.any() else 10_000)
    # published without restart: 385
    assert np.median(mixed) < 0.75 * np.median(plain)


def test_default_shares_never_exceed_the_stake():
    assert shares((0, 1, 2)).tolist() == [1 / 2, 1 / 6, 1 / 12]
    assert shares(range(10_000)).sum() < 1


def test_wrong_arguments_are_errors():
    for starts in ((), (1, 1), (3, 2), (-1,)):
        with pytest.raises(ValueError, match="rising block numbers"):
            run([1], [0], [1], [0], starts)
    for weights in ([0.9, 0.9], [0.5], [0, 0.5], [float("nan"), 0.1]):
        with pytest.raises(ValueError, match="weights must be positive"):
            run([1], [0], [1], [0], (0, 5), weights=weights)
    with pytest.raises(ValueError, match="other starts"):
        run([1], [0], [1], [0], (0, 1), Restarts(5, (eprocess.START,)))
    with pytest.raises(ValueError, match="finite and not negative"):
        run([-1], [0], [1], [0], (0,))
