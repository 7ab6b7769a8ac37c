"""The ramp simulator: the e-process' own figures, its bounds, and what a stage, a cell and the pooled rows do."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from seatrial.rollout.ramp_simulation import Ramp, Stage, block_size, looks, walk
from seatrial.rollout.ramp_simulation.walks import Share, quantile
from seatrial.stats.sequential import eprocess

NEVER = math.inf


def one_cell(threshold=20.0, margin=0.05, units=40_000, share=0.1, advance=20.0, base=0.95, estimates="shrunk"):
    """One cell, one metric, one stage."""
    return Ramp(
        np.ones(1),
        np.array([[base]]),
        (Stage(share, units, margin, 1.0),),
        np.array([[threshold]]),
        np.array([NEVER]),
        advance,
        estimates,
    )


def stops(threshold, canary, runs, seed, units=20_000):
    ramp = one_cell(threshold, units=units, advance=NEVER)
    return walk(ramp, np.array([[canary]]), runs, np.random.default_rng(seed)).stop_units[0, 0]


@pytest.mark.parametrize(("threshold", "published"), [(20, 242), (40, 300), (100, 349), (720, 442)])
def test_units_to_stop_five_points_are_the_published_ones(threshold, published):
    # .95 -> .90, blocks 1 : 9. 1,000 runs: a median's standard error is near 8 (12 at 720), the published one's taken alike;
    # z = 3.29 of both. Measured with 3,000: 245 / 291 / 351 / 477, so 720 lies in the upper half of its band.
    error = (12 if threshold == 720 else 8) * math.sqrt(2)
    assert quantile(stops(threshold, 0.90, 1_000, 21), 0.5) == pytest.approx(published, abs=3.29 * error)


@pytest.mark.parametrize(
    ("margin", "published", "error"), [(0.10, 75, 3), (0.05, 260, 11), (0.03, 598, 25), (0.02, 1303, 55)]
)
def test_units_to_clear_a_margin_are_the_published_ones(margin, published, error):
    # no difference at .95, threshold 20, 600 runs; the median's standard error is near `error`, the published one's alike
    ramp = one_cell(NEVER, margin, 40 * published, estimates="separate")
    found = walk(ramp, np.array([[0.95]]), 600, np.random.default_rng(5))
    assert found.advance_quantile(0, 0, 0.5) == pytest.approx(published, abs=3.29 * error * math.sqrt(2))


@pytest.mark.parametrize(
    ("margin", "measured", "error"), [(0.10, 54, 3), (0.05, 164, 8), (0.03, 377, 18), (0.02, 766, 40)]
)
def test_estimates_drawn_to_the_common_rate_clear_a_margin_sooner(margin, measured, error):
    # As above; measured with 3,000 runs.
    found = walk(one_cell(NEVER, margin, 40 * measured), np.array([[0.95]]), 400, np.random.default_rng(8))
    assert found.advance_quantile(0, 0, 0.5) == pytest.approx(measured, abs=3.29 * error)


def test_a_process_begun_afresh_stops_a_late_regression_long_before_one_that_must_unlearn():
    # 2,000 good canary units, then .95 -> .85. Published: cumulative 385 more, restarted 105. Measured with 3,000 runs: begun
    # afresh 74 at threshold 20 and 106 at 100; cumulative 373 at 20. 400 runs; se near 4 and 8, z = 3.29 (two samples each)
    afresh = [quantile(stops(threshold, 0.85, 400, 3, 10_000), 0.5) for threshold in (20, 100)]
    assert afresh[0] == pytest.approx(74, abs=3.29 * 4)
    assert afresh[1] == pytest.approx(105, abs=3.29 * 4 * math.sqrt(2))
    rng = np.random.default_rng(4)
    good_c = (rng.random((300, 3_000)) < np.where(np.arange(3_000) < 2_000, 0.95, 0.85)).astype(float)
    good_b = rng.binomial(9, 0.95, good_c.shape).astype(float)
    late = eprocess.run(good_c, 1 - good_c, good_b, 9 - good_b).log_e[:, 2_000:] >= math.log(20)
    after = np.where(late.any(axis=1), late.argmax(axis=1) + 1, math.inf)
    assert quantile(after, 0.5) == pytest.approx(385, abs=3.29 * 8 * math.sqrt(2))


def three_stages(cells=2, threshold=50.0, pooled=400.0):
    return Ramp(
        shares=np.array([0.3, 0.7])[:cells],
        rates=np.array([[0.95, 0.98], [0.9, 0.99]])[:cells],
        stages=tuple(Stage(share, 8_000, margin, 1 / 3) for share, margin in ((0.1, 0.1), (0.2, 0.1), (0.3, 0.1))),
        thresholds=np.full((cells, 2), threshold),
        pooled=np.full(2, pooled),
        advance=20.0,
    )


def test_an_unchanged_canary_is_stopped_less_often_than_the_rows_may_spend():
    # 4 rows at 1 / 50 and 2 at 1 / 400: Ville and the union bound give .085. 250 runs, band z = 3.29 of .085: .058
    ramp = three_stages()
    found = walk(ramp, ramp.rates, 250, np.random.default_rng(6))
    assert found.any_stop.rate <= 0.085 + 0.058
    assert found.any_stop.count >= max(found.roll_back(0).count, found.roll_back(1).count)
    assert found.arrive(0).rate > 0.9


def test_the_same_rows_without_a_threshold_worth_the_name_do_stop_it():
    ramp = three_stages(threshold=1.2, pooled=1.2)
    assert walk(ramp, ramp.rates, 100, np.random.default_rng(6)).any_stop.rate > 0.5


def test_a_worse_canary_is_stopped_and_a_better_one_moves_on():
    ramp = three_stages()
    worse = walk(ramp, ramp.rates - [0.2, 0.0], 100, np.random.default_rng(7))
    assert min(worse.roll_back(i).rate for i in range(2)) > 0.95
    assert max(worse.arrive(i).rate for i in range(2)) == 0.0
    better = walk(ramp, np.minimum(ramp.rates + 0.02, 1.0), 100, np.random.default_rng(7))
    assert better.any_stop.rate < 0.06
    assert min(better.arrive(i).rate for i in range(2)) > 0.95


def test_a_canary_that_turns_bad_late_is_stopped_in_that_stage():
    ramp = three_stages()
    truth = np.broadcast_to(ramp.rates, (3, 2, 2)).copy()
    truth[2, 0, 0] -= 0.2
    found = walk(ramp, truth, 100, np.random.default_rng(8))
    assert found.stop(0, 0).rate < 0.03
    assert found.stop(2, 0).rate > 0.95
    # the other cell, too, is stopped when the traffic as a whole is, and otherwise not
    assert found.stop(2, 1).rate < 0.03
    assert (found.reached[0][found.rolled_back[0]] == 2).mean() > 0.9


def test_a_loss_too_small_for_each_cell_shows_in_the_traffic_as_a_whole():
    cells = 8
    ramp = Ramp(
        np.full(cells, 1 / cells),
        np.full((cells, 1), 0.95),
        (Stage(0.1, 16_000, 0.05, 1.0),),
        np.full((cells, 1), 200.0),
        np.array([200.0]),
        NEVER,
    )
    found = walk(ramp, ramp.rates - 0.06, 200, np.random.default_rng(9))
    assert found.pooled_stop(0).rate > 0.95
    assert found.stop(0, 0).rate < 0.5


def test_the_pooled_rows_read_blocks_in_the_order_of_exposure_and_stop_every_cell_at_once():
    good = three_stages()
    ramp = Ramp(good.shares, good.rates, good.stages[:1], np.full((2, 2), NEVER), np.array([20.0, NEVER]), NEVER)
    found = walk(ramp, ramp.rates - [0.3, 0.0], 60, np.random.default_rng(13))
    assert found.roll_back(0).rate == found.roll_back(1).rate == 1.0
    assert np.array_equal(found.traffic[0], found.traffic[1])
    # some 20 of 800 canary units show it: a fraction of the stage's traffic, in step with it
    assert quantile(found.traffic[0], 0.5) < 0.1 * 8_000
    assert found.traffic[0] == pytest.approx(found.pooled_units[0] / 0.1, rel=0.1, abs=60)


def test_what_moved_on_before_its_alarm_was_not_rolled_back():
    # 4 points worse, margin 10: some clear it first, some are stopped first, each run does one of the two
    found = walk(one_cell(20.0, 0.10, 20_000), np.array([[0.91]]), 200, np.random.default_rng(14))
    assert found.arrive(0).count == found.advance(0, 0).count
    assert found.roll_back(0).count == 200 - found.arrive(0).count
    assert min(found.arrive(0).count, found.roll_back(0).count) > 10


def test_a_stake_on_more_stages_costs_units():
    # three equal stakes ask E of one stage alone to reach 3 x 20 - later ones' worth of 1 each
    alone, shared = one_cell(20.0, advance=NEVER), three_stages(1, 20.0, NEVER)
    first = walk(alone, np.array([[0.85]]), 400, np.random.default_rng(10)).stop_quantile(0, 0, 0.5)
    ramp = Ramp(np.ones(1), np.array([[0.95]]), shared.stages, np.array([[20.0]]), np.array([NEVER]), NEVER)
    found = walk(ramp, np.array([[0.85]]), 400, np.random.default_rng(10))
    medians = [found.stop_quantile(s, 0, 0.5) for s in range(3)]
    assert min(medians) > first


def test_a_cell_without_a_whole_block_neither_stops_nor_moves():
    ramp = one_cell(units=9, share=0.1)
    found = walk(ramp, np.array([[0.1]]), 50, np.random.default_rng(11))
    assert (found.any_stop.count, found.advance(0, 0).count, found.arrive(0).count) == (0, 0, 0)
    assert found.traffic.tolist() == [[9.0] * 50], "it waits until the stage's time is up"
    assert found.stop_quantile(0, 0, 0.5) is None


def test_the_same_seed_says_the_same_and_progress_is_told():
    ramp, reported = three_stages(), []
    first, second = (
        walk(ramp, ramp.rates, 60, np.random.default_rng(12), lambda *at: reported.append(at)) for _ in range(2)
    )
    assert np.array_equal(first.stop_units, second.stop_units)
    assert np.array_equal(first.traffic, second.traffic)
    assert reported == [(1, 3), (2, 3), (3, 3)] * 2


@given(st.integers(0, 200_000))
def test_looks_take_every_block_once_and_the_first_ones_singly(blocks):
    found = looks(blocks)
    assert int(found.sum()) == blocks
    assert np.all(found[:512] == 1)
    before = np.cumsum(found) - found
    assert np.all(found[512:] <= np.maximum(1, before[512:] / 512))


@given(st.floats(0.001, 0.999))
def test_a_block_has_the_canarys_share(share):
    n_c, n_b = block_size(share)
    small = min(share, 1 - share)
    assert min(n_c, n_b) >= 1
    assert min(n_c, n_b) / (n_c + n_b) == pytest.approx(small, rel=0.0201)
    assert (n_c <= n_b) == (share <= 0.5) or n_c == n_b


def test_blocks_of_the_usual_shares():
    assert [block_size(share) for share in (0.01, 0.05, 0.1, 0.25, 0.3, 0.5, 0.9)] == [
        (1, 99), (1, 19), (1, 9), (1, 3), (3, 7), (1, 1), (9, 1),
    ]  # fmt: skip


def test_a_quantile_that_is_never_reached_is_none():
    times = np.array([3.0, 1.0, math.inf, 2.0])
    # 1, 2, 3, never: half by 2, three quarters by 3, nine tenths never
    assert [quantile(times, q) for q in (0.5, 0.75, 0.9)] == [2.0, 3.0, None]
    assert quantile(np.empty(0), 0.5) is None
    with pytest.raises(ValueError, match="q must lie"):
        quantile(times, 1.0)


def test_a_share_knows_its_error():
    # sqrt(.2 x .8 / 400) = .02
    assert (Share(80, 400).rate, Share(80, 400).error) == (0.2, pytest.approx(0.02))


@pytest.mark.parametrize(
    ("change", "reported"),
    [
        ({"shares": np.array([0.6, 0.6])}, "sum to at most 1"),
        ({"shares": np.array([0.6])}, "one share a cell"),
        ({"rates": np.array([[0.9, float("nan")], [0.9, 0.9]])}, "rates must lie"),
        ({"thresholds": np.full((2, 2), 0.5)}, "above 1"),
        ({"pooled": np.array([20.0])}, "pooled thresholds"),
        ({"advance": float("nan")}, "above 1"),
        ({"stages": ()}, "at least one stage"),
        ({"stages": (Stage(1.0, 10, 0.1, 1.0),)}, "share in"),
        ({"stages": (Stage(0.1, 10, 0.1, 0.7),) * 2}, "weights must sum"),
    ],
)
def test_a_ramp_that_means_nothing_is_refused(change, reported):
    good = three_stages()
    fields = {name: getattr(good, name) for name in ("shares", "rates", "stages", "thresholds", "pooled", "advance")}
    with pytest.raises(ValueError, match=reported):
        Ramp(**{**fields, **change})


def test_wrong_arguments_are_errors():
    ramp, rng = three_stages(), np.random.default_rng(0)
    with pytest.raises(ValueError, match="shape"):
        walk(ramp, np.zeros((3, 2)), 10, rng)
    with pytest.raises(ValueError, match="must lie in 0"):
        walk(ramp, ramp.rates + 0.5, 10, rng)
    with pytest.raises(ValueError, match="runs"):
        walk(ramp, ramp.rates, 0, rng)
    with pytest.raises(ValueError, match="share must lie"):
        block_size(1.0)
    with pytest.raises(ValueError, match="0 or more"):
        looks(-1)


def test_blocks_to_look_at_are_a_whole_number():
    with pytest.raises(ValueError, match="blocks must be a whole number"):
        looks(3.7)
