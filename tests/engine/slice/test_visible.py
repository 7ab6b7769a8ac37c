"""Visible: the promised loss is really found four times of five, and never depends on what was observed."""

import math

import numpy as np

from seatrial.slice.features import derive
from seatrial.slice.find import find
from seatrial.slice.lattice import lattice
from seatrial.slice.visible import visible


def test_the_promised_loss_is_found_four_times_of_five(simulated):
    rng = np.random.default_rng(5)
    _, known, _ = simulated(rng, 300)
    detectable = {one.n: one.loss for one in visible(lattice(derive(known.columns)), 300, 0.10)}
    times, hits = 40, 0
    for _ in range(times):
        compared, known, _ = simulated(rng, 300, missing_cells=detectable[45])
        families = find(compared, known, draws=400).families
        hits += "language=fr" in {one.name for family in families for one in (family.speaker, *family.others)}
    # z = 3.29 on both sides of .8; the model of the sight is coarse, so .05 more
    assert abs(hits / times - 0.8) <= 3.29 * math.sqrt(0.8 * 0.2 / times) + 0.05


def test_a_larger_slice_shows_a_smaller_loss(simulated):
    _, known, _ = simulated(np.random.default_rng(2), 500)
    losses = [one.loss for one in visible(lattice(derive(known.columns)), 500, 0.10) if one.loss is not None]
    assert losses == sorted(losses, reverse=True)
    assert len(losses) >= 4


def test_too_few_examples_see_nothing(field):
    # 8 of 16 with alpha .001: eight losses of eight have p = 1 / 256 at best, and no loss would do.
    slices = lattice(derive([field("a", [True, False] * 8)]))
    assert [(one.n, one.loss) for one in visible(slices, 16, 0.001)] == [(8, None)]
    assert visible((), 16, 0.1) == ()
