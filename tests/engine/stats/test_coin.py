"""Fair coins against fractions counted by hand, against scipy, and against themselves."""

from fractions import Fraction
from math import comb

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import special

from seatrial.stats.fair_binomial import FEW, heads, law


def test_four_of_five_heads_are_six_thirty_seconds():
    # C(5, 4) + C(5, 5) = 6 of 2^5
    # and less half of C(5, 4): 6 - 2.5
    assert heads(4, 5) == (6 / 32, 3.5 / 32)
    assert heads(0, 5) == (1.0, 1 - 0.5 / 32)
    assert heads(0, 0) == (1.0, 0.5)


def test_as_many_heads_as_tails_are_exactly_a_half_by_mid_p():
    assert {heads(n, 2 * n).mid for n in range(1, FEW // 2 + 1)} == {0.5}


@given(st.integers(0, FEW).flatmap(lambda m: st.tuples(st.integers(0, m), st.just(m))))
def test_few_coins_give_the_float_nearest_to_the_true_fraction(pair):
    b, m = pair
    true = Fraction(sum(comb(m, k) for k in range(b, m + 1)), 2**m)
    assert heads(b, m) == (float(true), float(true - Fraction(comb(m, b), 2 ** (m + 1))))


@pytest.mark.parametrize("m", [FEW + 1, FEW + 2, 5_000, 77_777, 1_000_000])
def test_many_coins_agree_with_the_incomplete_beta(m):
    for z in (-3.0, -0.5, 0.0, 0.5, 3.0, 8.0):
        b = int(m / 2 + z * m**0.5 / 2)
        # P(at least b) is the regularised incomplete beta at (b, m - b + 1)
        assert heads(b, m).at_least == pytest.approx(special.betainc(b, m - b + 1, 0.5), rel=1e-11)


@pytest.mark.parametrize("m", [0, 1, 2, 7, FEW - 1, FEW, FEW + 1, FEW + 2])
def test_a_law_is_whole_symmetrical_and_says_what_its_tails_say(m):
    found = law(m)
    assert found.size == m + 1
    assert found.sum() == pytest.approx(1.0, abs=1e-12)
    assert np.array_equal(found, found[::-1])
    assert found[m // 3 :].sum() == pytest.approx(heads(m // 3, m).at_least, rel=1e-12)


def test_where_counting_ends_the_law_goes_on():
    # P(half of 2n) is (2n - 1) / 2n times that of 2n - 2: across the border as well as on either side of it
    middles = [law(m)[m // 2] for m in (FEW, FEW + 2)]
    assert middles[1] / middles[0] == pytest.approx((FEW + 1) / (FEW + 2), rel=1e-14)


@pytest.mark.parametrize(("b", "m"), [(3, 2), (-1, 2), (0.5, 2), (1, float("nan"))])
def test_heads_that_cannot_be_are_refused(b, m):
    with pytest.raises(ValueError, match=r"heads|whole number"):
        heads(b, m)
