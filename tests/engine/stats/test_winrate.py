"""Win rate and sign test against closed forms and published counts."""

import math
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seatrial.stats.interval import CannotTell
from seatrial.stats.winrate import WinRate, sign_test, win_rate


@pytest.mark.parametrize(
    ("verdicts", "rate", "error"),
    [
        ((60, 20, 40), 0.5833333333, 0.0409663367),
        ((55, 0, 45), 0.55, 0.0497493719),
        ((30, 50, 20), 0.55, 0.035),
        ((12, 3, 5), 0.675, 0.0953611556),
        ((120, 0, 80), 0.6, 0.0346410162),
    ],
)
def test_win_analytic_rate_and_its_error(verdicts, rate, error):
    # case win.analytic, closed form
    found = win_rate(*verdicts)
    assert found.rate == pytest.approx(rate, abs=1e-9)
    assert found.standard_error == pytest.approx(error, abs=1e-9)


@pytest.mark.parametrize(
    ("wins", "losses", "p"),
    [
        (60, 40, 0.0284439668),
        (55, 45, 0.1841008087),  # by exact fractions; the case prints .1841008039, off from the 8th digit on
        (30, 20, 0.1013193755),
        (12, 5, 0.0717315674),
        (9, 0, 0.001953125),  # 1 / 512
        (120, 80, 0.0028425776),
    ],
)
def test_win_sign_exact_test_on_decided_comparisons(wins, losses, p):
    # case win.sign, scipy 1.17.1 binomtest(alternative="greater")
    assert sign_test(wins, losses) == pytest.approx(p, abs=1e-9)


def test_published_leaderboard_counts_give_the_published_rate():
    # AlpacaEval 2, FuseChat-Gemma-2-9B-Instruct: 575 wins, 5 draws, 225 losses, discrete_win_rate 71.73913043478261
    assert win_rate(575, 5, 225).rate == pytest.approx(0.7173913043478261, abs=1e-12)
    # FuseChat-Llama-3.1-8B-Instruct: 518 / 1 / 286, 64.40993788819875
    assert win_rate(518, 1, 286).rate == pytest.approx(0.6440993788819875, abs=1e-12)


def test_the_smallest_number_of_decided_comparisons_that_can_reach_a_level():
    # 1/64 = .0156 <= .025 < 1/32 = .03125 <= .05 < 1/16
    assert [sign_test(n, 0) <= 0.025 for n in (5, 6)] == [False, True]
    assert [sign_test(n, 0) <= 0.05 for n in (4, 5)] == [False, True]


@given(st.integers(0, 40), st.integers(0, 40))
@settings(max_examples=50, deadline=None)
def test_the_sign_test_is_the_binomial_tail(wins, losses):
    n = wins + losses
    found = sign_test(wins, losses)
    if n == 0:
        assert isinstance(found, CannotTell)
        return
    tail = Fraction(sum(math.comb(n, k) for k in range(wins, n + 1)), 2**n)
    assert found == pytest.approx(float(tail), rel=1e-10)


@given(st.integers(0, 10**9), st.integers(0, 10**9), st.integers(0, 10**9))
@settings(max_examples=50, deadline=None)
def test_swapping_the_labels_mirrors_the_rate_and_keeps_the_error(wins, ties, losses):
    one, other = win_rate(wins, ties, losses), win_rate(losses, ties, wins)
    if wins + ties + losses == 0:
        assert one == other == CannotTell("no comparison")
        return
    assert one.rate + other.rate == pytest.approx(1, abs=1e-12)
    if one.standard_error is None:
        assert other.standard_error is None
    else:
        assert one.standard_error == pytest.approx(other.standard_error, rel=1e-4)


@pytest.mark.parametrize("verdicts", [(9, 0, 0), (0, 9, 0), (0, 0, 9), (1, 0, 0)])
def test_equal_verdicts_have_no_known_error(verdicts):
    assert win_rate(*verdicts) == WinRate((verdicts[0] + verdicts[1] / 2) / sum(verdicts), None, sum(verdicts))


@pytest.mark.parametrize("bad", [-1, 0.5, float("nan"), float("inf")])
def test_counts_that_are_no_counts_are_refused(bad):
    with pytest.raises(ValueError, match="whole counts"):
        win_rate(bad, 0, 3)
    with pytest.raises(ValueError, match="whole counts"):
        sign_test(3, bad)


def test_a_billion_comparisons():
    assert sign_test(500_000_000, 500_000_000) == pytest.approx(0.5, abs=1e-4)
    assert sign_test(0, 5) == 1.0
