"""Group-sequential limits against the published tables and a simulation."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import special

from seatrial.stats.sequential.spending import (
    crossing,
    lan_demets,
    obrien_fleming_constant,
    peeking_error,
    pocock_constant,
    spent_by,
)

FIVE = [0.2, 0.4, 0.6, 0.8, 1]
CANARY = [0.01, 0.05, 0.1, 0.25, 1]


def test_peek_z_error_of_looking_at_a_fixed_limit():
    # case peek.z, Armitage, McPherson and Rowe 1969; |z| > 1.95996
    looks = [1, 2, 3, 5, 10, 14, 20, 30]
    published = [0.05, 0.08312, 0.10726, 0.14169, 0.19336, 0.21965, 0.24791, 0.28016]
    assert [peeking_error(k) for k in looks] == pytest.approx(published, abs=1e-5)


def test_gs_pocock_constants():
    # case gs.pocock, Jennison and Turnbull 2000, table 2.1
    found = [pocock_constant(k) for k in (2, 3, 4, 5)]
    assert found == pytest.approx([2.17827, 2.28948, 2.3613, 2.41318], abs=1e-5)


def test_gs_obf_constants():
    # case gs.obf, ibid., table 2.3
    found = [obrien_fleming_constant(k) for k in (2, 3, 4, 5)]
    assert found == pytest.approx([1.97743, 2.00404, 2.0243, 2.04007], abs=1e-5)


def test_gs_ld_obf5_limits():
    # case gs.ld_obf5, ldBounds; Reboussin et al. 2000
    assert lan_demets(FIVE).z == pytest.approx([4.87688, 3.35701, 2.68028, 2.28982, 2.03103], abs=1e-5)


def test_gs_ld_pocock5_limits():
    # case gs.ld_pocock5
    found = lan_demets(FIVE, kind="pocock").z
    assert found == pytest.approx([2.43798, 2.42681, 2.41019, 2.39665, 2.38598], abs=1e-5)


def test_gs_obf_canary_limits():
    # case gs.obf_canary, one-sided .05. The case prints ">8.9" for the first two; the second is 8.6868: the spend there,
    # 2 (1 - Phi(1.95996 / sqrt .05)) = 1.9e-18, is a float, and so is its limit
    z = lan_demets(CANARY, sides=1).z
    assert z[2:] == pytest.approx([6.0879, 3.7496, 1.6452], abs=1e-3)
    assert z[0] > 8.9
    spend = 2 * special.ndtr(special.ndtri(0.025) / math.sqrt(0.05))
    assert z[1] == pytest.approx(-special.ndtri(spend), abs=1e-3)


@given(
    st.lists(st.floats(0.05, 0.99), min_size=0, max_size=4),
    st.sampled_from(["obrien-fleming", "pocock"]),
    st.sampled_from([1, 2]),
    st.sampled_from([0.01, 0.05, 0.2]),
)
@settings(max_examples=25, deadline=None)
def test_limits_spend_what_they_may_at_each_look(times, kind, sides, alpha):
    times = [*sorted(times), 1.0]
    if min(np.diff([0, *times])) < 0.01:
        return
    plan = lan_demets(times, alpha, kind, sides)
    assert np.cumsum(crossing(plan.z, times, sides)) == pytest.approx(plan.spent, rel=1e-6, abs=1e-9)
    assert plan.spent[-1] == pytest.approx(alpha)


def test_crossing_meets_a_simulation():
    # 200,000 walks, one-sided Pocock-type limits at the canary's looks; band z = 3.29 (99.9 %) of each share
    plan = lan_demets(CANARY, kind="pocock", sides=1)
    rng = np.random.default_rng(6)
    steps = np.sqrt(np.diff(CANARY, prepend=0)) * rng.normal(size=(200_000, 5))
    over = np.cumsum(steps, axis=1) / np.sqrt(CANARY) >= plan.z
    first = np.where(over.any(axis=1), over.argmax(axis=1), 5)
    share = np.bincount(first, minlength=6)[:5] / 200_000
    chance = crossing(plan.z, CANARY, 1)
    assert np.all(np.abs(share - chance) < 3.29 * np.sqrt(chance / 200_000))


def test_one_look_is_the_plain_test():
    assert lan_demets([1.0]).z[0] == pytest.approx(special.ndtri(0.975))
    assert pocock_constant(1, 0.05, 1) == pytest.approx(special.ndtri(0.95))
    assert peeking_error(1, 0.01) == pytest.approx(0.01)


def test_more_looks_cost_more():
    errors = [peeking_error(k, 0.05, 1) for k in range(1, 12)]
    assert errors == sorted(errors)


def test_a_spend_too_small_for_a_float_is_an_infinite_limit():
    assert lan_demets([0.001, 1], 1e-6).z[0] == math.inf


def test_wrong_arguments_are_errors():
    for times in ([], [0.0, 1], [0.5, 0.4], [0.5, 1.1], [float("nan")]):
        with pytest.raises(ValueError, match="times must rise"):
            lan_demets(times)
    with pytest.raises(ValueError, match="use an e-process"):
        lan_demets([0.5, 0.5001])
    for alpha in (0, 1, float("nan")):
        with pytest.raises(ValueError, match="alpha must lie"):
            lan_demets([1.0], alpha)
        with pytest.raises(ValueError, match="alpha must lie"):
            peeking_error(3, alpha)
    with pytest.raises(ValueError, match="obrien-fleming, pocock"):
        spent_by([0.5], 0.05, "haybittle")
    with pytest.raises(ValueError, match="sides"):
        lan_demets([1.0], sides=3)
    with pytest.raises(ValueError, match="looks must be"):
        pocock_constant(0)
    for z in ([1.0], [0.0, 1.0], [float("nan"), 1]):
        with pytest.raises(ValueError, match="positive z limit"):
            crossing(z, [0.5, 1])
