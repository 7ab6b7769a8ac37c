"""Assignment: pure, stable over versions, monotone in the share, and one salt for one question."""

from __future__ import annotations

import uuid
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scipy.stats import chi2_contingency

from seatrial.experiment.assign import (
    ALGORITHM,
    arm,
    bucket,
    buckets,
    edges,
    exposed,
    exposed_many,
    hash64,
    hash64s,
    limit,
)
from seatrial.unit import unit_text

GOLDEN = Path(__file__).parent / "data" / "buckets.tsv"
UNITS = [f"user-{i}" for i in range(20_000)]
COMPLETE = 1 << 60


def golden() -> list[tuple[str, str, int]]:
    rows = [line.split("\t") for line in GOLDEN.read_text(encoding="utf-8").splitlines()]
    return [(salt, unit, int(number)) for salt, unit, number in rows]


def test_the_algorithm_has_not_changed_since_its_name():
    # R04
    # Written by a plain implementation of the rule; splitmix64(1234567) is the value its authors' code gives.
    assert ALGORITHM == "sha256-splitmix64/1"
    assert bucket(1234567, 0) == 6457827717110365317 >> 4
    rows = golden()
    assert len(rows) == 1000
    assert [bucket(hash64(unit), hash64(salt)) for salt, unit, _ in rows] == [number for *_, number in rows]


def test_the_vectorised_twin_gives_the_same_numbers():
    for salt in {salt for salt, *_ in golden()}:
        rows = [(unit, number) for name, unit, number in golden() if name == salt]
        found = buckets(hash64s(unit for unit, _ in rows), hash64(salt))
        assert found.tolist() == [number for _, number in rows]


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(st.lists(st.integers(0, 2**64 - 1), max_size=40), st.integers(0, 2**64 - 1))
def test_the_vectorised_twin_agrees_on_any_number(unit64, salt64):
    assert buckets(np.array(unit64, dtype=np.uint64), salt64).tolist() == [bucket(one, salt64) for one in unit64]


def test_the_vectorised_twin_agrees_beyond_one_chunk_and_on_any_stride():
    unit64 = hash64s(UNITS)
    assert buckets(unit64[::-3], 7).tolist() == [bucket(int(one), 7) for one in unit64[::-3]]
    assert exposed_many(UNITS, 7, 0.3).tolist() == [exposed(unit, 7, limit(0.3)) for unit in UNITS]


@given(st.text(), st.integers(0, 2**64 - 1), st.floats(0, 1))
def test_the_fast_way_is_the_definition(unit, salt64, share):
    assert exposed(unit, salt64, limit(share)) == (bucket(hash64(unit), salt64) < limit(share))


@given(st.text(min_size=1), st.integers(0, 2**64 - 1))
def test_the_fast_way_is_exact_at_the_end_of_a_share(unit, salt64):
    own = bucket(hash64(unit), salt64)
    assert not exposed(unit, salt64, own)
    assert exposed(unit, salt64, own + 1)


def test_a_lone_surrogate_is_a_unit_like_any_other():
    assert exposed("\ud800", 1, limit(1.0))
    assert bucket(hash64("\ud800"), 1) == buckets(hash64s(["\ud800"]), 1)[0]


@given(st.text(min_size=1), st.floats(0, 1), st.floats(0, 1))
def test_raising_the_share_keeps_everyone_in(unit, one, other):
    low, high = sorted((one, other))
    assert exposed(unit, 3, limit(low)) <= exposed(unit, 3, limit(high))


def test_none_and_all_are_exact():
    assert limit(0) == 0
    assert limit(1) == COMPLETE
    with pytest.raises(ValueError, match="between 0 and 1"):
        limit(float("nan"))


class Failing:
    """Has no text."""

    def __str__(self):
        raise RuntimeError("no text")


NOBODY = (
    None, "", "  ", "\t\n", float("nan"), np.float32("nan"), Decimal("NaN"), Decimal("sNaN"), np.datetime64("NaT"), pd.NA, pd.NaT,
    float("inf"), 10**5000, Failing(), np.array([1, 2]),
)  # fmt: skip


@pytest.mark.parametrize("unit", NOBODY, ids=lambda unit: type(unit).__name__)
def test_what_names_nobody_has_no_text(unit):
    assert unit_text(unit) is None


def test_a_number_and_its_text_are_one_unit():
    same = (42, 42.0, "42", " 42\n", np.float32(42), np.int64(42), Decimal("42.0"), Fraction(42))
    assert {unit_text(unit) for unit in same} == {"42"}
    assert (unit_text(0.5), unit_text(0), unit_text(uuid.UUID(int=7))) == ("0.5", "0", str(uuid.UUID(int=7)))


def test_arms_are_drawn_apart_from_exposure():
    # One hash for both questions would put all the exposed 10 % into one arm.
    unit64 = hash64s(UNITS)
    seen = exposed_many(UNITS, hash64("rollout"), 0.1)
    n = int(seen.sum())
    assert abs(n - 2000) < 3 * np.sqrt(20_000 * 0.1 * 0.9)
    ends = edges((0.5, 0.5))
    first = sum(arm(int(one), hash64("rollout/arms"), ends) == 0 for one in unit64[seen])
    assert abs(first - n / 2) < 3 * np.sqrt(n / 4)


def test_every_split_of_a_thousandth_occurs():
    # R01
    # A hash of 1,000 or 10,000 buckets has gaps: some splits are the same as their neighbours.
    found = np.sort(buckets(hash64s(UNITS), hash64("grid")))
    shares = np.searchsorted(found, np.array([limit(k / 1000) for k in range(1001)], dtype=np.uint64))
    assert (np.diff(shares) > 0).all()


def test_the_arms_of_two_experiments_are_independent():
    ends, unit64 = edges((0.5, 0.5)), hash64s(UNITS)
    one, two = ([arm(int(u), hash64(f"exp{k}/arms"), ends) for u in unit64] for k in (1, 2))
    table = np.array([[sum((a, b) == (i, j) for a, b in zip(one, two, strict=True)) for j in (0, 1)] for i in (0, 1)])
    assert chi2_contingency(table).pvalue > 0.001


def test_unequal_arms_get_their_shares():
    ends = edges((0.2, 0.3, 0.5))
    found = np.searchsorted(np.array(ends, dtype=np.uint64), buckets(hash64s(UNITS), hash64("three")), side="right")
    counts = np.bincount(found, minlength=3)
    assert np.abs(counts - np.array([4000, 6000, 10_000])).max() < 3.5 * np.sqrt(5000)
    assert [arm(int(u), hash64("three"), ends) for u in hash64s(UNITS[:200])] == found[:200].tolist()


@pytest.mark.parametrize("weights", [(1.0,), (0.5, 0.6), (0.0, 1.0), (float("nan"), 0.5)])
def test_arms_that_are_no_partition_are_refused(weights):
    with pytest.raises(ValueError, match="sum to 1"):
        edges(weights)
