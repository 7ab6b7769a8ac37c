"""A mapping of confidence is offered with its held-out gain, and never applied."""

from __future__ import annotations

import numpy as np
import pytest

from seatrial.feedback.recalibrate import isotonic, offers
from seatrial.feedback.units import Units
from seatrial.table import Codes


def units(p, y):
    n = len(p)
    return Units("s", Codes(("c",), np.zeros(n, np.int32)), Codes((), np.full(n, -1, np.int32)), np.asarray(p, float),
                 np.asarray(y, np.int8), np.zeros(n, bool), np.arange(n, dtype=float), {})  # fmt: skip


def test_an_over_confident_classifier_gains_on_decisions_that_were_held_out():
    rng = np.random.default_rng(1)
    p = rng.uniform(0.5, 1, 4000)
    found = offers(units(p, rng.random(4000) < p - 0.2))
    assert [one.method for one in found] == ["isotonic", "platt"]
    for one in found:
        assert (one.fitted, one.validation) == (2000, 2000)
        assert one.helps
        # Brier falls by the squared gap of .2.
        assert one.gain[0] == pytest.approx(0.04, abs=0.012)
        assert one.thresholds[0.7] == pytest.approx(0.9, abs=0.05)


def test_a_calibrated_classifier_gains_nothing():
    rng = np.random.default_rng(2)
    p = rng.uniform(0.3, 1, 4000)
    assert not any(one.helps for one in offers(units(p, rng.random(4000) < p)))


def test_few_decisions_or_one_class_get_no_offer():
    assert offers(units([0.9] * 99, [1] * 99)) == []
    assert offers(units(np.linspace(0.5, 1, 300), np.ones(300))) == []


def test_the_isotonic_map_is_the_pooled_one():
    # Answers 0, 1, 0, 1 at rising confidence: the middle two violate the order and pool to 1/2.
    mapped = isotonic(np.array([0.1, 0.2, 0.3, 0.4]), np.array([0.0, 1.0, 0.0, 1.0]))
    np.testing.assert_allclose(mapped(np.array([0.1, 0.2, 0.3, 0.4])), [0, 0.5, 0.5, 1])


def test_the_gate_offers_it_and_changes_nothing(gate, write):
    rows = [{"confidence": 0.6 + 0.001 * (i % 400), "label": int(i % 2)} for i in range(800)]
    table = ("--one-shot", "--outcomes", write("j.csv", rows))
    plain, offered = gate(*table), gate(*table, "--recalibrate")
    assert plain.code == offered.code == 1
    assert plain.data["findings"] == offered.data["findings"]
    found = offered.data["details"]["recalibration"]
    assert {one["method"] for one in found} == {"isotonic", "platt"}
    assert all(one["gain"] > 0 for one in found)
    assert any(name == "Recalibration of classifier (isotonic)" for name, _ in offered.data["facts"])
