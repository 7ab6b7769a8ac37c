"""Weighted Holm against a published example, statsmodels, and the closed test it is a shortcut of."""

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from statsmodels.stats.multitest import multipletests

from seatrial.stats.multiplicity import weighted_holm

# Benjamini and Hochberg 1995, JRSS B 57:289, section 3; Holm rejects 3 of 15 at .05 (statsmodels 0.15.0).
BH1995 = [0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344]
BH1995 += [0.0459, 0.324, 0.4262, 0.5719, 0.6528, 0.759, 1.0]

P = st.one_of(st.floats(1e-290, 1), st.floats(1e-290, 0.06), st.sampled_from([0.0, 0.01, 0.05, 1.0]))
FAMILY = st.lists(st.tuples(P, st.floats(0.01, 1)), min_size=1, max_size=5).map(
    lambda rows: ([p for p, _ in rows], [w / sum(w for _, w in rows) for _, w in rows])
)


@pytest.mark.parametrize(("p", "rejected"), [pytest.param(BH1995, 3, id="mult.bh1995")])
def test_the_published_example_loses_three_of_fifteen_nulls(p, rejected):
    found = weighted_holm(p, [1 / len(p)] * len(p), 0.05)
    assert int(found.rejected.sum()) == rejected
    assert list(np.flatnonzero(found.rejected)) == [0, 1, 2]


@pytest.mark.parametrize("p", [BH1995, [0.5], [0.01, 0.01, 0.04], [0.0, 1.0, 0.026, 0.024]])
def test_equal_weights_are_the_holm_of_statsmodels(p):
    found = weighted_holm(p, [1 / len(p)] * len(p), 0.05)
    rejected, adjusted, _, _ = multipletests(p, 0.05, method="holm")
    assert found.adjusted == pytest.approx(adjusted, rel=1e-9, abs=1e-15)
    on_the_edge = np.abs(adjusted - 0.05) < 1e-9
    assert np.array_equal(found.rejected[~on_the_edge], rejected[~on_the_edge])


def closed_test(p, w, alpha):
    """Reject i iff every set that holds i has some j with p_j <= alpha w_j / weight of the set."""
    out = []
    for i in range(len(p)):
        sets = [s for size in range(1, len(p) + 1) for s in combinations(range(len(p)), size) if i in s]
        out.append(all(any(p[j] <= alpha * w[j] / sum(w[k] for k in s) * (1 + 1e-9) for j in s) for s in sets))
    return out


@given(FAMILY)
@settings(max_examples=150, deadline=None)
def test_it_rejects_what_the_closed_weighted_bonferroni_test_rejects(family):
    p, w = family
    assert list(weighted_holm(p, w, 0.05).rejected) == closed_test(p, w, 0.05)


@given(FAMILY, st.randoms(use_true_random=False))
@settings(max_examples=80, deadline=None)
def test_the_order_of_the_tests_has_no_say(family, random):
    p, w = family
    order = list(range(len(p)))
    random.shuffle(order)
    straight, mixed = weighted_holm(p, w, 0.05), weighted_holm([p[i] for i in order], [w[i] for i in order], 0.05)
    assert mixed.adjusted == pytest.approx(straight.adjusted[order], rel=1e-9, abs=1e-15)


@given(FAMILY)
@settings(max_examples=100, deadline=None)
def test_an_adjusted_p_lies_between_p_and_p_over_its_weight(family):
    p, w = (np.array(x) for x in family)
    found = weighted_holm(p, w, 0.05)
    assert np.all(found.adjusted >= p * (1 - 1e-9))
    assert np.all(found.adjusted <= np.minimum(1, p / w) * (1 + 1e-9))
    # the first to fall pays its own weight and nothing else
    first = int(np.argmin(p / w))
    assert found.adjusted[first] == pytest.approx(min(1.0, p[first] / w[first]))
    assert found.first_alpha == pytest.approx(0.05 * w)


@given(FAMILY, st.integers(0, 4), st.floats(0, 1))
@settings(max_examples=100, deadline=None)
def test_a_smaller_p_never_raises_anybodys_adjusted_p(family, at, factor):
    p, w = family
    smaller = [x * factor if i == at % len(p) else x for i, x in enumerate(p)]
    before, after = weighted_holm(p, w, 0.05).adjusted, weighted_holm(smaller, w, 0.05).adjusted
    assert np.all(after <= before * (1 + 1e-9) + 1e-15)


def test_weights_that_leave_something_spend_only_their_share():
    # One test with weight .4: its level is .05 x .4 = .02, and no step ever gives it more.
    assert not weighted_holm([0.021], [0.4], 0.05).rejected[0]
    assert weighted_holm([0.0199], [0.4], 0.05).rejected[0]
    # Two tests of .2 each: when the first has fallen the second has .02, the weight still standing is all its own.
    assert list(weighted_holm([0.001, 0.0199], [0.2, 0.2], 0.05).rejected) == [True, True]
    assert list(weighted_holm([0.001, 0.021], [0.2, 0.2], 0.05).rejected) == [True, False]


def test_no_test_is_no_rejection():
    found = weighted_holm([], [], 0.05)
    assert (found.adjusted.size, found.rejected.size) == (0, 0)


@pytest.mark.parametrize(
    ("p", "w", "alpha"),
    [
        ([0.1], [0.5, 0.5], 0.05),
        ([float("nan")], [1.0], 0.05),
        ([1.2], [1.0], 0.05),
        ([-0.1], [1.0], 0.05),
        ([0.1, 0.1], [0.7, 0.7], 0.05),
        ([0.1], [0.0], 0.05),
        ([0.1], [float("nan")], 0.05),
        ([0.1], [1.0], 0.0),
        ([0.1], [1.0], float("nan")),
    ],
)
def test_what_is_no_p_no_weight_or_no_alpha_is_refused(p, w, alpha):
    with pytest.raises(ValueError, match=r"weights|p-values|alpha"):
        weighted_holm(p, w, alpha)
