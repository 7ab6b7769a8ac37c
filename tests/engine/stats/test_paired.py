"""The paired tests against values anyone can recompute."""

import numpy as np
import pytest

from seatrial.stats.interval import CannotTell, Interval
from seatrial.stats.paired import mcnemar, mean_interval, newcombe_paired, sign_flip

# Fisher, Design of Experiments (1935), chapter III: Darwin's maize, cross- minus self-fertilised, eighths of an inch.
DARWIN = [49, -67, 8, 16, 6, 23, 28, 41, 14, 29, 56, 24, 75, 60, -48]


@pytest.mark.parametrize(
    ("b", "c", "exact", "midp"),
    [
        # two-sided figures halved: statsmodels 0.15 mcnemar(exact=True), mid-p = 2 (cdf - pmf / 2)
        (150, 86, 3.7159361e-05 / 2, 2.8933895e-05 / 2),
        (10, 2, 0.03857421875 / 2, 0.0224609375 / 2),
        # six of six broke: exact 1/64, mid-p half of it
        (6, 0, 1 / 64, 1 / 128),
    ],
)
def test_mcnemar_known_values(b, c, exact, midp):
    assert mcnemar(b, c, "exact") == pytest.approx(exact, rel=1e-6)
    assert mcnemar(b, c) == pytest.approx(midp, rel=1e-6)


def test_no_discordant_pair_is_no_evidence():
    assert mcnemar(0, 0) == 1.0
    assert mcnemar(0, 0, "exact") == 1.0


def test_negative_or_missing_counts_are_refused():
    with pytest.raises(ValueError, match="finite and not negative"):
        mcnemar(-1, 2)
    with pytest.raises(ValueError, match="finite and not negative"):
        mcnemar(float("nan"), 2)


def test_sign_flip_of_darwins_maize_is_863_of_32768():
    # the candidate is worse where the difference is negative: turn the sign
    found = sign_flip(-np.array(DARWIN), np.random.default_rng(0))
    assert (found.p, found.method) == (863 / 32768, "exact")


def test_sign_flip_on_and_off_the_lattice_agree():
    lattice = np.array(DARWIN * 2)
    exact = sign_flip(-lattice, np.random.default_rng(0))
    drawn = sign_flip(-lattice * np.sqrt(2), np.random.default_rng(0), alpha=0.0004)
    assert exact.method == "exact"
    assert drawn.method == "monte-carlo"
    assert drawn.draws >= 20 / 0.0004
    # binomial error of the draw, z = 3.29 (99.9 %)
    assert drawn.p == pytest.approx(exact.p, abs=3.29 * np.sqrt(exact.p / drawn.draws))


def test_newcombe_paired_matches_the_published_example():
    # Newcombe 1998, Statistics in Medicine 17:2635, method 10 on (36, 12, 2, 0): 0.0569 to 0.3404 for first minus second
    found = newcombe_paired(36, 12, 2, 0)
    assert isinstance(found, Interval)
    assert (round(-found.high, 4), round(-found.low, 4)) == (0.0569, 0.3404)


def test_an_interval_without_spread_is_cannot_tell():
    assert isinstance(mean_interval([0.5, 0.5, 0.5]), CannotTell)
    assert isinstance(mean_interval([0.5]), CannotTell)
    assert isinstance(newcombe_paired(0, 0, 0, 0), CannotTell)


@pytest.mark.parametrize("counts", [(-1, 2, 3, 4), (1, 2.5, 3, 4), (1, 2, 3, float("nan"))])
def test_counts_of_examples_are_whole_and_not_negative(counts):
    with pytest.raises(ValueError, match="whole number"):
        newcombe_paired(*counts)
