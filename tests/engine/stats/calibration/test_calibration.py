"""Descriptions of calibration against reference figures, published forecasts, and their own noise."""

import json
import math
import os
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seatrial.stats.calibration.bins import bin_forecasts
from seatrial.stats.calibration.brier import brier
from seatrial.stats.calibration.error import calibration_error, debiased_squared_error
from seatrial.stats.calibration.hosmer_lemeshow import hosmer_lemeshow
from seatrial.stats.calibration.spiegelhalter import spiegelhalter
from seatrial.stats.interval import CannotTell

REPO_ROOT = next(parent for parent in Path(__file__).parents if (parent / "pyproject.toml").exists())
OUTCOMES = Path(os.environ.get("SEATRIAL_SHARED", REPO_ROOT.parent / "shared")) / "data" / "outcomes"

# Twenty forecasts each of .05, .15 ... .95, with so many positives.
POSITIVES = [1, 2, 6, 6, 10, 10, 12, 16, 15, 17]
STATED = np.repeat(np.arange(10) / 10 + 0.05, 20)
CAME = np.concatenate([[1] * k + [0] * (20 - k) for k in POSITIVES])

FORECASTS = st.lists(st.tuples(st.floats(0.01, 0.99), st.integers(0, 1)), min_size=4, max_size=40)


def rng(seed=0):
    return np.random.default_rng(seed)


@pytest.mark.parametrize("scheme", [pytest.param(s, id=f"cal.all-{s}") for s in ("equal-mass", "equal-width")])
def test_the_reference_set_has_its_errors(scheme):
    # netcal 1.4.0 (ECE, MCE), uncertainty-calibration 0.1.4 (L2), scikit-learn (Brier), closed forms (the rest)
    error = calibration_error(STATED, CAME, 10, scheme)
    assert (error.mean, error.largest, error.root_mean_square) == pytest.approx((0.055, 0.1, 0.0612372436), abs=1e-9)
    debiased = debiased_squared_error(STATED, CAME, rng(), scheme=scheme)
    assert debiased.estimate == pytest.approx(-0.0055789474, abs=1e-9)
    assert 0.0 in debiased.interval
    parts = brier(STATED, CAME, 10, scheme)
    assert (parts.score, parts.reliability, parts.resolution, parts.uncertainty, parts.within) == pytest.approx(
        (0.181, 0.00375, 0.072125, 0.249375, 0.0), abs=1e-9
    )
    chi = hosmer_lemeshow(STATED, CAME, 10, scheme)
    assert (chi.statistic, chi.df, chi.p) == pytest.approx((7.5482448065, 10, 0.6728695587), abs=1e-9)


@pytest.mark.parametrize("expected", [pytest.param((1.0330506648, 0.3015801893), id="cal.all-spiegelhalter")])
def test_the_reference_set_has_its_z(expected):
    found = spiegelhalter(STATED, CAME)
    assert (found.z, found.p) == pytest.approx(expected, abs=1e-9)
    assert spiegelhalter(STATED, CAME, "over-confident").p == pytest.approx(expected[1] / 2, abs=1e-9)


@pytest.mark.parametrize(
    ("n", "expected"),
    [pytest.param(n, e, id=f"cal.ece_bias-{n}") for n, e in ((50, 0.141), (200, 0.07), (1000, 0.032))],
)
def test_a_perfect_scorer_has_an_ece_of_noise_which_the_debiased_error_has_not(n, expected):
    # mean over 300 sets of uniform scores; the reference was simulated too, tolerance .004
    r, plain, debiased = rng(n), [], []
    for _ in range(300):
        p = r.random(n)
        y = r.random(n) < p
        plain.append(calibration_error(p, y).mean)
        bins = bin_forecasts(p, y)
        noise = bins.came * (1 - bins.came) / (bins.count - 1)
        debiased.append(float((bins.count / n * ((bins.came - bins.stated) ** 2 - noise)).sum()))
    assert np.mean(plain) == pytest.approx(expected, abs=0.004)
    # ... up to the spread of p inside a bin, at most .1^2 / 12 / n_b: z 4 on its own spread beside that
    assert abs(np.mean(debiased)) < 4 * np.std(debiased) / math.sqrt(300) + 0.01 / 12 * 10 / n


def test_the_debiased_estimate_is_the_one_of_its_formula_and_finds_a_true_error():
    # true gap .1 everywhere: squared .01. 100 sets of 400; the mean within 4 standard errors, and 0 outside most intervals
    r, found = rng(3), []
    for _ in range(100):
        p = r.uniform(0.3, 0.9, 400)
        found.append(debiased_squared_error(p, r.random(400) < p - 0.1, r, draws=100))
    estimates = np.array([f.estimate for f in found])
    assert estimates.mean() == pytest.approx(0.01, abs=4 * estimates.std() / 10)
    # conservative: nominal .95, measured .97 to 1
    assert np.mean([0.01 in f.interval for f in found]) >= 0.9
    assert np.mean([f.interval.low > 0 for f in found]) > 0.2


def test_a_calibrated_scorer_is_seldom_out_of_the_interval():
    # 200 sets of 200 at a nominal .05 two-sided: at most .05 + 3.3 x sqrt(.05 x .95 / 200) = .1
    r, out = rng(4), 0
    for _ in range(200):
        p = r.random(200)
        out += 0.0 not in debiased_squared_error(p, r.random(200) < p, r, draws=100).interval
    assert out / 200 <= 0.1


@given(FORECASTS, st.randoms(use_true_random=False), st.sampled_from(["equal-mass", "equal-width"]))
@settings(max_examples=60, deadline=None)
def test_the_order_of_rows_has_no_say(rows, random, scheme):
    shuffled = list(rows)
    random.shuffle(shuffled)
    (p, y), (q, z) = zip(*rows, strict=True), zip(*shuffled, strict=True)
    assert calibration_error(p, y, 5, scheme) == calibration_error(q, z, 5, scheme)
    assert brier(p, y, 5, scheme).reliability == brier(q, z, 5, scheme).reliability
    first, second = spiegelhalter(p, y), spiegelhalter(q, z)
    if isinstance(first, CannotTell):  # every forecast is a coin, and nobody can tell
        assert isinstance(second, CannotTell)
    else:
        assert first.z == pytest.approx(second.z)
    first, second = (debiased_squared_error(*f, rng(1), bins=2, scheme=scheme, draws=20) for f in ((p, y), (q, z)))
    if isinstance(first, CannotTell):
        assert isinstance(second, CannotTell)
    else:
        assert (first.estimate, first.interval.low) == pytest.approx((second.estimate, second.interval.low))


@given(FORECASTS)
@settings(max_examples=60, deadline=None)
def test_forecasting_the_other_label_is_as_good(rows):
    p, y = (np.array(x) for x in zip(*rows, strict=True))
    assert brier(1 - p, 1 - y).score == pytest.approx(brier(p, y).score)
    one, other = spiegelhalter(p, y), spiegelhalter(1 - p, 1 - y)
    if not isinstance(one, CannotTell):
        assert other.z == pytest.approx(one.z, abs=1e-6)
    parts = brier(p, y, 4)
    total = parts.reliability - parts.resolution + parts.uncertainty + parts.within
    assert total == pytest.approx(parts.score)
    found = bin_forecasts(p, y, 4)
    assert (found.count.sum(), (found.count * found.came).sum()) == (len(p), pytest.approx(y.sum()))
    assert np.all(np.diff(found.stated) > 0)


@given(st.lists(st.floats(0.51, 0.99), min_size=5, max_size=30), st.data())
@settings(max_examples=60, deadline=None)
def test_one_more_failure_of_a_confident_forecast_raises_z(p, data):
    y = data.draw(st.lists(st.integers(0, 1), min_size=len(p), max_size=len(p)))
    if 1 in y:
        worse = list(y)
        worse[y.index(1)] = 0
        assert spiegelhalter(p, worse).z > spiegelhalter(p, y).z


def test_over_confidence_is_the_upper_tail():
    p = np.full(200, 0.9)
    bold, shy = np.array([1] * 160 + [0] * 40), np.array([1] * 200)
    assert spiegelhalter(p, bold, "over-confident").p < 1e-4
    assert spiegelhalter(p, shy, "over-confident").p > 0.99
    assert spiegelhalter(p, shy).p < 1e-4
    # the error of the test itself: 2,000 calibrated sets of 60 at .05, band .05 +- 3.3 x .0049 = .016
    r = rng(5)
    hits = 0
    for _ in range(2000):
        q = r.uniform(0.5, 0.95, 60)
        hits += spiegelhalter(q, r.random(60) < q, "over-confident").p <= 0.05
    assert hits / 2000 == pytest.approx(0.05, abs=0.016)


def test_equal_probabilities_share_a_bin_and_an_edge_belongs_above():
    assert bin_forecasts([0.5] * 7, [1, 0, 1, 0, 1, 0, 1], 10).count.tolist() == [7]
    assert bin_forecasts([0.1, 0.2, 0.3, 0.4], [0, 1, 0, 1], 2).index.tolist() == [0, 0, 1, 1]
    # .29 x 100 is 28.999999999999996 in floats and lies in bin 29 of 100 all the same
    both = bin_forecasts([0.29, 0.295], [0, 1], 100, "equal-width")
    assert both.index.tolist() == [0, 0]
    assert bin_forecasts([0.0, 1.0], [0, 1], 10, "equal-width").count.tolist() == [1, 1]


def test_nothing_forecast_and_nothing_that_varies_are_cannot_tell():
    for call in (calibration_error, brier, spiegelhalter, hosmer_lemeshow, bin_forecasts):
        assert isinstance(call([], []), CannotTell)
    assert isinstance(debiased_squared_error([], [], rng()), CannotTell)
    assert isinstance(debiased_squared_error([0.5], [1], rng()), CannotTell)
    assert isinstance(debiased_squared_error([0.2, 0.4, 0.6], [0, 1, 1], rng(), bins=3), CannotTell)
    assert isinstance(debiased_squared_error([0.9] * 9, [1] * 9, rng()), CannotTell)
    assert isinstance(spiegelhalter([0.5, 0.5], [0, 1]), CannotTell)
    assert isinstance(spiegelhalter([1.0, 0.0], [1, 0]), CannotTell)
    assert isinstance(hosmer_lemeshow([1.0, 1.0], [1, 0]), CannotTell)


def test_a_certainty_that_came_out_wrong_refutes_calibration():
    found = spiegelhalter([1.0, 0.6, 0.7], [0, 1, 1], "over-confident")
    assert (found.z, found.p) == (math.inf, 0.0)


def test_one_forecast_is_described_and_a_million_are_fast():
    assert calibration_error([0.8], [1]).mean == pytest.approx(0.2)
    p = np.linspace(0.01, 0.99, 1_000_000)
    assert spiegelhalter(p, rng(1).random(p.size) < p).n == 1_000_000


@pytest.mark.parametrize(
    "call",
    [
        lambda: calibration_error([0.5, 0.5], [1]),
        lambda: calibration_error([1.5], [1]),
        lambda: calibration_error([math.nan], [1]),
        lambda: calibration_error([0.5], [0.5]),
        lambda: calibration_error([0.5], [1], 0),
        lambda: calibration_error([0.5], [1], 10, "quantile"),
        lambda: brier([0.5], [2]),
        lambda: spiegelhalter([0.5], [1], "larger"),
        lambda: debiased_squared_error([0.5], [1], rng(), level=1.0),
        lambda: debiased_squared_error([0.5], [1], rng(), draws=0),
    ],
)
def test_what_is_no_forecast_is_refused(call):
    with pytest.raises(ValueError, match=r"must|choose|but"):
        call()


def read(name):
    parquet = pytest.importorskip("pyarrow.parquet")
    path = OUTCOMES / name
    if not path.exists():
        pytest.skip("real outcomes are absent; SEATRIAL_SHARED names their folder")
    return parquet.read_table(path).to_pydict(), json.loads((OUTCOMES / "EXPECTED.json").read_text())


@pytest.mark.external
def test_clinc150_hides_per_segment_error_in_its_pooled_figure():
    rows, expected = read("clinc150_two_versions.parquet")
    conf, correct, segment, model = (np.array(rows[k]) for k in ("confidence", "correct", "segment", "model"))
    for version in ("v1_word_nb", "v2_wordchar_lr"):
        for name, figures in expected["clinc150_two_versions"][version].items():
            keep = (model == version) & ((segment == name) | (name == "ALL"))
            assert int(keep.sum()) == figures["n"]
            assert calibration_error(conf[keep], correct[keep]).mean == pytest.approx(figures["ece10"], abs=5.1e-5)
    # version 2: pooled .026 although every segment lies between .05 and .23
    v2 = model == "v2_wordchar_lr"
    pooled = calibration_error(conf[v2], correct[v2]).mean
    apart = [calibration_error(conf[v2 & (segment == s)], correct[v2 & (segment == s)]).mean for s in set(segment)]
    assert round(pooled, 3) == 0.026
    assert 0.05 < min(apart) < max(apart) < 0.23


@pytest.mark.external
def test_fivethirtyeight_forecasts_have_their_brier_and_ece():
    rows, expected = read("fte_forecasts.parquet")
    prob, outcome, league = (np.array(rows[k]) for k in ("prob", "outcome", "segment"))
    for name, figures in expected["fte_calibration"].items():
        p, y = prob[league == name], outcome[league == name]
        assert brier(p, y).score == pytest.approx(figures["brier"], abs=5.1e-6)
        assert calibration_error(p, y).mean == pytest.approx(figures["ece10"], abs=5.1e-6)
    # 8,886 NBA games: over-confident beyond doubt; 1,882 NFL games: z 2.2
    nba, nfl = (
        spiegelhalter(prob[league == s], outcome[league == s], "over-confident") for s in ("nba_games", "nfl_games")
    )
    assert nba.p < 1e-15
    assert nfl.p == pytest.approx(0.0136, abs=1e-4)


def test_too_few_positives_points_down_on_both_sides_of_one_half():
    # 60 decisions at .4 without one positive: each term is -.4 x .2 for "too extreme", +.4 x .2 for "too few";
    # the root is .2 x sqrt(60 x .24)
    p, none = np.full(60, 0.4), np.zeros(60)
    z = 60 * 0.4 / math.sqrt(60 * 0.24)
    calm, alarm = (spiegelhalter(p, none, side) for side in ("over-confident", "too-few-positives"))
    assert (calm.z, alarm.z) == pytest.approx((-z, z))
    assert calm.p > 0.999
    assert alarm.p < 1e-9
    assert spiegelhalter(p, np.ones(60), "too-few-positives").p > 0.999
    # above one half the two are one
    rng = np.random.default_rng(3)
    high = rng.uniform(0.5, 1, 200)
    came = (rng.random(200) < high).astype(float)
    assert spiegelhalter(high, came, "too-few-positives").z == pytest.approx(
        spiegelhalter(high, came, "over-confident").z
    )
    # a certainty that failed is too few; a stated 0 that came is not
    assert spiegelhalter([1, 0.7], [0, 1], "too-few-positives").p == 0
    assert spiegelhalter([0, 0.7], [1, 1], "too-few-positives").p > 0.5


@pytest.mark.parametrize("low", [0.0, 0.5])
def test_too_few_positives_keeps_its_level_on_perfect_confidences(low):
    # 4,000 windows of 200 perfect decisions, one-sided .05: band .011 (z 3.3)
    rng = np.random.default_rng(4)
    hits = 0
    for _ in range(4_000):
        p = rng.uniform(low, 1, 200)
        hits += spiegelhalter(p, (rng.random(200) < p).astype(float), "too-few-positives").p <= 0.05
    assert hits / 4_000 == pytest.approx(0.05, abs=0.0115)
