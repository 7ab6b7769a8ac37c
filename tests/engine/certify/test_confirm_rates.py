"""Error rates and power of a gate in two stages, as published: suspicious rows on fresh repetitions, unshown ones pooled."""

import math

import numpy as np
import pytest

from seatrial.certify.confirm import confirm
from seatrial.certify.design import design
from seatrial.certify.scenario import Truth
from seatrial.certify.simulate import simulate
from seatrial.gate.policy import Policy

pytestmark = pytest.mark.slow
CRITICAL = ("tier=c1", "tier=c2")
EIGHT = [{"tier": f"c{i}"} for i in (1, 2) for _ in range(60)]
EIGHT += [{"tier": f"o{i}"} for i, n in enumerate((47, 47, 47, 47, 46, 46)) for _ in range(n)]


def error(share, times):
    return math.sqrt(share * (1 - share) / times)


@pytest.mark.parametrize("churn", [0.05, 0.1, 0.2])
def test_an_unchanged_candidate_is_blocked_at_most_as_published(churn):
    """Published A/A .022 to .040, and alpha is the bound; 2,000 gates, z = 3."""
    shape, times = design("d", EIGHT, Policy(), critical=CRITICAL), 2_000
    found = confirm(shape, Policy(), Truth(churn), times, np.random.default_rng(1))
    assert found.by_score / times <= 0.040 + 3 * error(0.040, times)


@pytest.mark.parametrize("churn", [0.0, 0.05, 0.1, 0.3])
@pytest.mark.parametrize("n", [14, 20, 28, 60])
def test_a_lost_critical_segment_passes_at_most_as_published(n, churn):
    """Published false pass at most .052 where both looks are pooled ("either look alone" .074); 4,000 gates, z = 3."""
    examples = [{"tier": "c1"}] * n + [{"tier": "free"}] * 200
    shape, times = design("d", examples, Policy(), critical=("tier=c1",)), 4_000
    truth = Truth(churn, rate=0.7, segment="tier=c1", drop=0.2)
    found = confirm(shape, Policy(), truth, times, np.random.default_rng(2))
    assert found.passed / times <= 0.052 + 3 * error(0.052, times)


@pytest.mark.parametrize(("churn", "once", "twice"), [(0.05, 0.72, 0.98), (0.1, 0.60, 0.94)])
def test_twenty_examples_of_an_unchanged_candidate_are_shown_as_often_as_published(churn, once, twice):
    """2,000 gates of each kind, 3 errors of both; two digits are published (.005)."""
    examples = [{"tier": "c1"}] * 20 + [{"tier": "free"}] * 280
    shape, times = design("d", examples, Policy(), critical=("tier=c1",)), 2_000
    single = simulate(shape, Policy(), Truth(churn), times, np.random.default_rng(3)).shown("tier=c1")
    pooled = confirm(shape, Policy(), Truth(churn), times, np.random.default_rng(4)).shown("tier=c1")
    for found, published in ((single, once), (pooled, twice)):
        assert found == pytest.approx(published, abs=0.005 + 3 * math.sqrt(2) * error(published, times))


@pytest.mark.parametrize(("segment", "drop", "published"), [("tier=o1", 0.2, 0.83), ("tier=c1", 0.15, 0.90)])
def test_power_is_at_least_as_published(segment, drop, published):
    """Churn .06; published .83 for an ordinary segment -20, .90 for a critical one -15; 1,000 gates, z = 3."""
    shape, times = design("d", EIGHT, Policy(), critical=CRITICAL), 1_000
    found = confirm(shape, Policy(), Truth(0.06, segment=segment, drop=drop), times, np.random.default_rng(5))
    assert found.by_score / times >= published - 0.005 - 3 * math.sqrt(2) * error(published, times)
