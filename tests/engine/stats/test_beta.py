"""The beta law without scipy: closed forms, and scipy's own values."""

import numpy as np
import pytest
from scipy import special

from seatrial.stats.beta import beta_below, beta_quantile
from seatrial.stats.paired import mcnemar


@pytest.mark.parametrize("x", [0.0, 0.01, 0.3, 0.5, 0.99, 1.0])
def test_closed_forms(x):
    # Beta(1, b): 1 - (1 - x)^b; Beta(a, 1): x^a; Beta(2, 2): 3 x^2 - 2 x^3
    assert beta_below(x, 1, 7) == pytest.approx(1 - (1 - x) ** 7, abs=1e-15)
    assert beta_below(x, 5, 1) == pytest.approx(x**5, abs=1e-15)
    assert beta_below(x, 2, 2) == pytest.approx(3 * x**2 - 2 * x**3, abs=1e-15)


def test_scipys_values_and_back():
    rng = np.random.default_rng(1)
    for a, b in rng.integers(1, 3000, size=(60, 2)).tolist():
        for p in (1e-4, 0.025, 0.5, 0.99):
            x = beta_quantile(p, a, b)
            assert x == pytest.approx(special.betaincinv(a, b, p), rel=1e-10)
            assert beta_below(x, a, b) == pytest.approx(p, rel=1e-9)


def test_many_tables_are_the_tables_one_by_one():
    missing_cells, won = np.arange(200) * 7 % 61, np.arange(200) * 5 % 43
    for method in ("mid-p", "exact"):
        one_by_one = [mcnemar(int(b), int(c), method) for b, c in zip(missing_cells, won, strict=True)]
        np.testing.assert_allclose(mcnemar(missing_cells, won, method), one_by_one, rtol=1e-13)
