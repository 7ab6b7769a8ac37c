"""The fast sign flips decide what the gate's own `sign_flip` decides."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seatrial.certify.sign_flip import Flips
from seatrial.stats.paired import sign_flip


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 4), st.integers(1, 60), st.floats(-0.4, 0.1), st.integers(0, 2**32 - 1))
def test_rows_on_a_lattice_reject_where_the_gate_rejects(runs, n, lean, seed):
    rng = np.random.default_rng(seed)
    steps = np.rint(np.clip(rng.normal(lean, 0.4, (8, n)), -1, 1) * runs) / runs
    for alpha in (0.0005, 0.01, 0.03, 0.05, 0.3):
        reported = Flips(np.array([runs])).rejects(steps, alpha)
        assert reported.tolist() == [sign_flip(row, rng, alpha).p <= alpha for row in steps]


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 40), st.integers(0, 2**32 - 1))
def test_a_p_that_matters_is_the_gates(n, seed):
    rng = np.random.default_rng(seed)
    steps = np.rint(np.clip(rng.normal(-0.2, 0.4, (6, n)), -1, 1) * 2) / 2
    found = Flips(np.array([2])).p(steps, 0.05)
    for row, p in zip(steps, found, strict=True):
        own = sign_flip(row, rng).p
        assert p == pytest.approx(own, rel=0.25) if own <= 0.05 else p > 0.05


def test_off_every_lattice_the_normal_limit_is_near_what_the_gate_draws():
    rng = np.random.default_rng(1)
    rows = rng.normal(-0.12, 0.5, (40, 60))
    found = Flips(np.array([7])).p(rows, 0.5)
    drawn = np.array([sign_flip(row, rng, 0.001).p for row in rows])
    below = drawn < 0.4
    assert below.sum() > 20
    # 20,000 draws: their own error at p = .01 is 7 %
    assert np.all(np.abs(found[below] - drawn[below]) < 0.15 * drawn[below] + 0.002)


def test_a_row_without_a_difference_never_rejects():
    assert not Flips(np.array([1])).rejects(np.zeros((3, 10)), 0.3).any()
