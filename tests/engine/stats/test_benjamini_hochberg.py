"""Benjamini and Hochberg against their own example and statsmodels."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from statsmodels.stats.multitest import multipletests

from seatrial.stats.multiplicity import benjamini_hochberg, weighted_holm

# Benjamini and Hochberg 1995, JRSS B 57:289, section 3.
BH1995 = [0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344]
BH1995 += [0.0459, 0.324, 0.4262, 0.5719, 0.6528, 0.759, 1.0]
P = st.lists(st.floats(1e-200, 1), min_size=1, max_size=8)


@pytest.mark.parametrize(("p", "found"), [pytest.param(BH1995, 4, id="mult.bh1995")])
def test_the_published_example_has_four_discoveries(p, found):
    assert int(benjamini_hochberg(p, 0.05).rejected.sum()) == found


@given(P)
@settings(max_examples=80, deadline=None)
def test_statsmodels_adjusts_the_same_way(p):
    found = benjamini_hochberg(p, 0.05)
    assert found.adjusted == pytest.approx(multipletests(p, 0.05, method="fdr_bh")[1], rel=1e-9)


@given(P, st.randoms(use_true_random=False))
@settings(max_examples=60, deadline=None)
def test_it_finds_what_holm_finds_and_order_has_no_say(p, random):
    found, holm = benjamini_hochberg(p, 0.05), weighted_holm(p, [1 / len(p)] * len(p), 0.05)
    assert np.all(found.adjusted <= holm.adjusted * (1 + 1e-9))
    order = list(range(len(p)))
    random.shuffle(order)
    assert benjamini_hochberg([p[i] for i in order], 0.05).adjusted == pytest.approx(found.adjusted[order])


def test_no_test_is_no_discovery():
    assert benjamini_hochberg([], 0.1).rejected.size == 0


@pytest.mark.parametrize(
    ("p", "rate"), [([float("nan")], 0.1), ([1.1], 0.1), ([-0.1], 0.1), ([0.1], 0.0), ([0.1], 1.0)]
)
def test_what_is_no_p_or_no_rate_is_refused(p, rate):
    with pytest.raises(ValueError, match=r"rate|p-values"):
        benjamini_hochberg(p, rate)
