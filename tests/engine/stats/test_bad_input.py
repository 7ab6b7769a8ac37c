"""Every public function of the statistics room on input that has no answer: a sentence or "cannot tell", never a NaN.

One good call a function, each argument with its kind; the sweep puts every bad value of the kind in the argument's place, one at
a time. What may come back: a result without NaN whose p lie in 0..1 and whose intervals are not upside down, `CannotTell`,
or a ValueError raised by us. A warning is an error here, and so are IndexError, ZeroDivisionError and their like.
"""

import dataclasses
import importlib
import inspect
import math
import pkgutil
import traceback
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import seatrial.stats
from seatrial.stats import (
    beta,
    bootstrap,
    cuped,
    difference,
    fair_binomial,
    joint_flip,
    max_t,
    multiplicity,
    noninferiority,
    normal,
    paired,
    passk,
    power,
    ppi,
    proportions,
    ratio,
    resampled_statistic,
    rogan_gladen,
    sample_size,
    shrinkage,
    student,
    validate,
    welch,
    winrate,
)
from seatrial.stats.agreement import gwet, kappa, krippendorff, resampled, table
from seatrial.stats.agreement import recall as recall_
from seatrial.stats.calibration import (
    band,
    bins,
    brier,
    error,
    hosmer_lemeshow,
    overconfidence,
    spiegelhalter,
)
from seatrial.stats.drift import chart, ks, psi, run_length
from seatrial.stats.interval import CannotTell, Interval
from seatrial.stats.sequential import (
    asymptotic,
    bernstein,
    beta_binomial,
    betting,
    boundary,
    eprocess,
    exchangeable,
    nearest,
    quantile,
    restart,
    sample_ratio,
    spending,
)
from seatrial.stats.strata import homogeneity, odds_ratio, risk_difference
from seatrial.stats.strata import simpson as simpson_
from seatrial.stats.strata import table as strata_table

# what numpy says in our lines
NUMPYS = ("could not convert", "setting an array element", "broadcast", "inhomogeneous", "truth value", "zero-size")
NAN, INF = math.nan, math.inf
ROOM = Path(seatrial.stats.__file__).parent

BAD = {
    # a list of numbers: empty, one, alike, not numbers, negative, huge, of another length
    "list": (
        [],
        [1.0],
        [0.0] * 6,
        [1.0] * 6,
        [0.5] * 6,
        [NAN] * 6,
        [0.0, 1.0, NAN, 1.0, 0.0, 1.0],
        [0.0, 1.0, INF, 1.0, 0.0, 1.0],
        [-1.0, -2.0, -3.0, -4.0, -5.0, -6.0],
        [1e9] * 6,
        [0.0, 1e9, 0.0, 1e9, 0.0, 1e9],
        [1e308, -1e308, 1e308, -1e308, 1e308, 1e308],
        [1e-308, 0.0, 1e-308, 0.0, 1e-308, 1e-308],
        [0.0, 1.0],
        [0, 1, 2, 3, 4, 5, 6],
        ["a", "b", "a", "b", "a", "b"],
        [None] * 6,
        [[0, 1], [2], [3, 4, 5]],
    ),
    "weights": (
        [],
        [1.0],
        [0.0] * 3,
        [1.0] * 3,
        [NAN, 0.5, 0.5],
        [-0.5, 0.5, 1.0],
        [INF, 0.5, 0.5],
        [1e-300] * 3,
        [0.5, 0.5],
    ),
    "table": (
        np.zeros((0, 0)),
        [[5]],
        [[0, 0], [0, 0]],
        [[9, 0], [0, 0]],
        [[9, 0], [0, 9]],
        [[0, 9], [9, 0]],
        [[1, 0], [0, 0]],
        [[NAN, 1], [1, 1]],
        [[INF, 1], [1, 1]],
        [[-1, 1], [1, 1]],
        [[10**9, 1], [1, 10**9]],
        [[1, 2, 3], [4, 5, 6]],
        [1, 2, 3],
        [["a", "b"], ["c", "d"]],
        [[1, 2], [3]],
    ),
    "count": (0, 1, -1, NAN, INF, -INF, 0.5, 10**9, np.int64(3)),
    "share": (0, 1, 0.0, 1.0, -0.1, 1.5, NAN, INF, -INF, 1e-300, 1 - 1e-16),
    "number": (0, 1e9, -1e9, 1e308, NAN, INF, -INF, 1e-300),
    "word": ("nonsense", ""),
    # how much work to do; a billion of it is a long wait and no bad input
    "size": (0, -1, 1, NAN, 2.5),
    "sides": (0, 3, NAN),
    "state": (),
    "object": (),
}
SIX = [0.1, 0.9, 0.4, 0.8, 0.3, 0.6]
YES = [0, 1, 0, 1, 1, 0]
SPREAD = [-0.5, 0.25, 0.1, -0.3, 0.2, -0.75]


def rng():
    return np.random.default_rng(1)


STRATA = strata_table.Strata.of([5, 3], [9, 8], [2, 4], [9, 7])
STRATA_BAD = tuple(
    strata_table.Strata.of(*rows)
    for rows in (
        ([], [], [], []),
        ([0], [0], [0], [0]),
        ([0, 0], [9, 9], [0, 0], [9, 9]),
        ([9, 9], [9, 9], [9, 9], [9, 9]),
        ([1], [1], [0], [1]),
        ([1, 0], [1, 0], [0, 0], [0, 1]),
        ([10**9, 1], [2 * 10**9, 10**9], [10**9, 5], [3 * 10**9, 10**9]),
    )
)
MOMENTS_BAD = tuple(
    welch.Moments(*m)
    for m in (
        (0, 0, 0),
        (1, 1, 1),
        (6, 6, 6),
        (6, NAN, 6),
        (6, 1, INF),
        (-6, 1, 1),
        (6, 1, -1),
        (6, 100, 1),
        (10**9, 1e9, 1e9),
        (6, 1e200, 1e300),
        (6, 1e308, 1e308),
    )
)
RESAMPLED_BAD = tuple(
    found for found in (bootstrap.resample([1.0] * 6, rng(), 100), bootstrap.resample([0.0, 1.0], rng(), 100))
)
REFERENCE_BAD = tuple(chart.Reference(*r) for r in ((0, 0), (NAN, 1), (0, NAN), (0, -1), (0, INF), (1e308, 1e-308)))

FAMILY = [joint_flip.FamilyRow(np.arange(9), np.array([-1.0] * 8 + [1.0]), 1 / 6, single=True)] * 6
FAMILY_BAD = (
    [],
    FAMILY[:5],
    *(
        [joint_flip.FamilyRow(np.arange(9), np.array(d), weight, single)] * 6
        for d, weight, single in (
            ([0.0] * 9, 1 / 6, True),
            ([0.0] * 9, 1 / 6, False),
            ([-0.5] * 9, 1 / 6, True),
            ([NAN] * 9, 1 / 6, True),
            ([INF] * 9, 1 / 6, False),
            ([-1e9] * 9, 1 / 6, False),
            ([-1.0] * 8, 1 / 6, True),
            ([], 1 / 6, False),
            ([-1.0] * 9, 0.0, True),
            ([-1.0] * 9, -1.0, True),
            ([-1.0] * 9, NAN, True),
        )
    ),
)

# function -> its good call: argument -> (value, kind); `object` with a third entry has bad values of its own
GOOD = {
    gwet.gwet_ac1: {"table": ([[9, 2], [1, 8]], "table"), "level": (0.95, "share"), "convention": ("n", "word")},
    kappa.cohen_kappa: {"table": ([[9, 2], [1, 8]], "table"), "weights": ("linear", "word"), "level": (0.9, "share")},
    resampled.resampled_agreement: {
        "table": ([[9, 2], [1, 8]], "table"),
        "rng": (rng, "rng"),
        "measure": ("kappa", "word"),
        "level": (0.95, "share"),
        "draws": (200, "size"),
    },
    exchangeable.night_logs: {"scores": ([SIX, SIX[::-1], SIX], "table")},
    exchangeable.year_evidence: {
        "logs": ([[0.1, -0.2], [0.0, 0.3]], "table"),
        "nights": (366, "count", (0, 1, -1, NAN, INF, 0.5)),
    },
    krippendorff.krippendorff_alpha: {
        "ratings": (
            [SIX, SIX],
            "object",
            (
                [],
                [[]],
                [[NAN] * 6, SIX],
                [[None] * 3, [None] * 3],
                [[1] * 6] * 2,
                [[1], [2]],
                [[INF] * 6, SIX],
                [[1e308, -1e308], [-1e308, 1e308]],
                [[1, 2], [1]],
            ),
        ),
        "scale": ("interval", "word"),
        "rng": (rng, "rng"),
        "level": (0.95, "share"),
        "draws": (50, "size"),
    },
    recall_.recall: {"found": (3, "count"), "present": (9, "count"), "confidence": (0.95, "share")},
    table.cross: {
        "first": (["a", "b", "a"], "object", ([], ["a"], [None, "a", "b"], [NAN, "a", "b"])),
        "second": (["a", "b", "b"], "object", ([], ["a"], [None, "a", "b"], [NAN, "a", "b"])),
        "labels": (["a", "b"], "object", ([], ["a"], ["a", "a"], ["a", NAN])),
    },
    table.square: {"table": ([[9, 2], [1, 8]], "table")},
    table.raw_agreement: {"table": ([[9, 2], [1, 8]], "table")},
    validate.numbers: {"name": ("x", "name"), "values": (SIX, "object", (["a"], [[1], [1, 2]]))},
    validate.complete: {"name": ("x", "name"), "value": (3, "count"), "least": (1, "name")},
    validate.finite: {"name": ("x", "name"), "values": (SIX, "list")},
    validate.counts: {"name": ("x", "name"), "values": (SIX, "list")},
    noninferiority.largest_drop: {"d": (SIX, "list"), "alpha": (0.05, "share")},
    beta.beta_below: {"x": (0.3, "share"), "a": (3, "number"), "b": (5, "number")},
    beta.beta_quantile: {"p": (0.3, "share"), "a": (3, "number"), "b": (5, "number")},
    student.t_quantile: {"p": (0.95, "share"), "df": (9, "count")},
    validate.share: {"name": ("x", "name"), "value": (0.5, "share")},
    validate.forecasts: {"p": (SIX, "list"), "y": (YES, "list")},
    validate.trials: {"successes": (1, "count"), "total": (3, "count"), "what": ("arm", "name")},
    bootstrap.resample_verdicts: {
        "wins": (5, "count"),
        "ties": (1, "count"),
        "losses": (4, "count"),
        "rng": (rng, "rng"),
        "draws": (200, "size"),
    },
    bootstrap.resample: {"scores": (SIX, "list"), "rng": (rng, "rng"), "draws": (200, "size")},
    bootstrap.cluster_means: {"scores": (SIX, "list"), "clusters": ([1, 1, 2, 2, 3, 3], "list")},
    bootstrap.interval: {
        "found": (bootstrap.resample(SIX, rng(), 200), "object", RESAMPLED_BAD),
        "level": (0.95, "share"),
        "method": ("bca", "word"),
    },
    bootstrap.lower_bound: {
        "found": (bootstrap.resample(SIX, rng(), 200), "object", RESAMPLED_BAD),
        "alpha": (0.025, "share"),
    },
    band.low_tail: {"k": (3, "count"), "n": (9, "count"), "rate": (0.8, "share")},
    band.band_flag: {
        "positive": (12, "count"),
        "n": (20, "count"),
        "floor": (0.8, "share"),
        "alpha": (0.05, "share"),
        "min_n": (10, "count"),
    },
    band.bands: {
        "positive": ([12, 9, 15], "list"),
        "n": ([20, 20, 20], "list"),
        "floors": ([0.8, 0.5, 0.5], "list"),
        "weights": ([0.5, 0.25, 0.25], "weights"),
        "alpha": (0.05, "share"),
        "min_n": (10, "count"),
    },
    bins.bin_forecasts: {"p": (SIX, "list"), "y": (YES, "list"), "bins": (2, "size"), "scheme": ("equal-mass", "word")},
    brier.brier: {"p": (SIX, "list"), "y": (YES, "list"), "bins": (2, "size"), "scheme": ("equal-mass", "word")},
    error.calibration_error: {
        "p": (SIX, "list"),
        "y": (YES, "list"),
        "bins": (2, "size"),
        "scheme": ("equal-mass", "word"),
    },
    error.debiased_squared_error: {
        "p": (SIX, "list"),
        "y": (YES, "list"),
        "rng": (rng, "rng"),
        "bins": (2, "size"),
        "scheme": ("equal-mass", "word"),
        "level": (0.95, "share"),
        "draws": (50, "size"),
    },
    hosmer_lemeshow.hosmer_lemeshow: {
        "p": (SIX, "list"),
        "y": (YES, "list"),
        "bins": (2, "size"),
        "scheme": ("equal-mass", "word"),
    },
    overconfidence.update: {
        "state": (overconfidence.OverConfidence(), "state"),
        "p": (SIX, "list"),
        "y": (YES, "list"),
    },
    spiegelhalter.spiegelhalter: {"p": (SIX, "list"), "y": (YES, "list"), "suspicion": ("over-confident", "word")},
    cuped.cuped: {
        "y1": (SIX, "list"),
        "x1": (SPREAD, "list"),
        "y2": (SIX[::-1], "list"),
        "x2": (SPREAD, "list"),
        "level": (0.95, "share"),
    },
    difference.pooled_z: {
        "x1": (5, "count"),
        "n1": (9, "count"),
        "x2": (3, "count"),
        "n2": (9, "count"),
        "alternative": ("larger", "word"),
    },
    difference.newcombe: {
        "x1": (5, "count"),
        "n1": (9, "count"),
        "x2": (3, "count"),
        "n2": (9, "count"),
        "level": (0.95, "share"),
    },
    difference.restricted_rates: {
        "x1": (5, "count"),
        "n1": (9, "count"),
        "x2": (3, "count"),
        "n2": (9, "count"),
        "difference": (0.1, "number"),
    },
    difference.score_z: {
        "x1": (5, "count"),
        "n1": (9, "count"),
        "x2": (3, "count"),
        "n2": (9, "count"),
        "value": (0.1, "number"),
        "method": ("farrington-manning", "word"),
    },
    difference.score_interval: {
        "x1": (5, "count"),
        "n1": (9, "count"),
        "x2": (3, "count"),
        "n2": (9, "count"),
        "level": (0.95, "share"),
        "method": ("farrington-manning", "word"),
    },
    difference.non_inferiority: {
        "x1": (5, "count"),
        "n1": (9, "count"),
        "x2": (3, "count"),
        "n2": (9, "count"),
        "margin": (0.1, "share"),
        "method": ("farrington-manning", "word"),
    },
    chart.freeze: {"values": (SIX, "list")},
    chart.rate_points: {"k": (YES, "list"), "n": ([9] * 6, "list"), "rate": (0.2, "share")},
    chart.ewma: {
        "values": (SIX, "list"),
        "reference": (chart.Reference(0, 1), "object", REFERENCE_BAD),
        "weight": (0.1, "share"),
        "width": (2.7, "number"),
    },
    chart.cusum: {
        "values": (SIX, "list"),
        "reference": (chart.Reference(0, 1), "object", REFERENCE_BAD),
        "slack": (0.5, "number"),
        "limit": (5.0, "number"),
    },
    ks.kolmogorov_smirnov: {"a": (SIX, "list"), "b": (SPREAD, "list"), "law": ("exact", "word")},
    psi.psi: {"a": ([1, 2, 3, 4, 5, 6], "list"), "b": ([6, 5, 4, 3, 2, 1], "list")},
    psi.psi_drift: {
        "a": ([1, 2, 3, 4, 5, 6], "list"),
        "b": ([6, 5, 4, 3, 2, 1], "list"),
        "alpha": (0.05, "share"),
        "band": (0.1, "number"),
    },
    psi.jensen_shannon: {"a": ([1, 2, 3, 4, 5, 6], "list"), "b": ([6, 5, 4, 3, 2, 1], "list")},
    run_length.cusum_run_length: {
        "slack": (0.5, "number"),
        "limit": (4.0, "number"),
        "shift": (0.0, "number"),
        "states": (50, "size"),
    },
    run_length.ewma_run_length: {
        "weight": (0.1, "share"),
        "width": (2.7, "number"),
        "shift": (0.0, "number"),
        "states": (51, "size"),
    },
    max_t.max_t: {
        "memberships": (
            [[1, 1, 1, 0, 0, 0], [0, 0, 0, 1, 1, 1]],
            "object",
            ([], [[]], [[0] * 6], [[1] * 6], [[1]], [[NAN] * 6], [[2] * 6], [1] * 6, [[1, 0]]),
        ),
        "d": (SPREAD, "list"),
        "rng": (rng, "rng"),
        "draws": (50, "size"),
        "direction": ("lower", "word"),
        "step_down": (True, "flag"),
    },
    multiplicity.weighted_holm: {
        "p": ([0.01, 0.2, 0.04], "list"),
        "weights": ([0.5, 0.25, 0.25], "weights"),
        "alpha": (0.05, "share"),
    },
    multiplicity.benjamini_hochberg: {"p": ([0.01, 0.2, 0.04], "list"), "rate": (0.1, "share")},
    normal.below: {"z": (1.0, "number")},
    normal.quantile: {"p": (0.9, "share")},
    normal.p_of: {"z": (1.0, "number"), "alternative": ("larger", "word")},
    normal.around: {
        "estimate": (1.0, "number"),
        "error": (0.5, "number"),
        "level": (0.95, "share"),
        "alternative": ("larger", "word"),
    },
    fair_binomial.heads: {"b": (3, "count"), "m": (9, "count")},
    fair_binomial.law: {"m": (9, "count")},
    paired.mcnemar: {"b": (5, "count"), "c": (2, "count"), "method": ("exact", "word")},
    paired.sign_flip: {"d": (SPREAD, "list"), "rng": (rng, "rng"), "alpha": (0.05, "share")},
    paired.newcombe_paired: {
        "both": (5, "count"),
        "b": (2, "count"),
        "c": (1, "count"),
        "neither": (3, "count"),
        "level": (0.95, "share"),
    },
    paired.mean_interval: {"d": (SPREAD, "list"), "level": (0.95, "share")},
    passk.pass_k: {"successes": ([1, 2, 3], "list"), "tries": ([4, 4, 4], "list"), "k": (2, "count")},
    power.mcnemar_power: {
        "n": (40, "count"),
        "drop": (0.2, "share"),
        "churn": (0.05, "share"),
        "alpha": (0.02, "share"),
        "method": ("exact", "word"),
    },
    power.detectable_drop: {
        "n": (40, "count"),
        "churn": (0.05, "share"),
        "alpha": (0.02, "share"),
        "method": ("exact", "word"),
        "power": (0.8, "share"),
    },
    power.needed_n: {
        "drop": (0.2, "share"),
        "churn": (0.05, "share"),
        "alpha": (0.02, "share"),
        "method": ("exact", "word"),
        "power": (0.8, "share"),
    },
    power.critical_values: {"alpha": (0.02, "share"), "method": ("exact", "word"), "largest": (40, "size")},
    ppi.ppi_mean: {
        "labels": (YES, "list"),
        "judged": (SIX, "list"),
        "judged_only": (SIX * 3, "list"),
        "power": (0.5, "share"),
    },
    proportions.wilson: {"k": (3, "count"), "n": (9, "count"), "level": (0.95, "share")},
    proportions.highest_rate: {"k": (3, "count"), "n": (9, "count"), "alpha": (0.05, "share")},
    proportions.clopper_pearson: {"k": (3, "count"), "n": (9, "count"), "level": (0.95, "share")},
    resampled_statistic.statistic: {"values": (SIX, "list"), "name": ("p95", "word")},
    resampled_statistic.resampled: {
        "values": (SIX, "list"),
        "cluster": (SIX, "list"),
        "name": ("mean", "word"),
        "rng": (rng, "rng"),
        "draws": (200, "size"),
    },
    resampled_statistic.ratio_p: {
        "base": (SIX, "list"),
        "cand": (SIX, "list"),
        "cluster": (SIX, "list"),
        "name": ("median", "word"),
        "limit": (1.1, "number"),
        "rng": (rng, "rng"),
        "alpha": (0.05, "share"),
    },
    resampled_statistic.at_least: {
        "values": (SIX, "list"),
        "cluster": (SIX, "list"),
        "name": ("mean", "word"),
        "rng": (rng, "rng"),
        "alpha": (0.05, "share"),
    },
    ratio.sample_ratio: {
        "counts": ([30, 40, 30], "list"),
        "weights": ([0.5, 0.25, 0.25], "weights"),
        "alpha": (0.001, "share"),
    },
    ratio.ratio_log_e: {
        "counts": ([30, 40, 30], "list"),
        "weights": ([0.5, 0.25, 0.25], "weights"),
        "concentration": (200.0, "number"),
    },
    ratio.ratio_p: {
        "looks": (
            [[3, 4, 3], [30, 40, 30]],
            "object",
            (
                [],
                [[]],
                [3, 4, 3],
                [[1, 2]],
                [[NAN, 1, 2]],
                [[-1, 1, 1]],
                [[0, 0, 0]],
                [[10**9] * 3],
                [[0.5, 1, 1]],
                [["a", "b", "c"]],
            ),
        ),
        "weights": ([0.5, 0.25, 0.25], "weights"),
        "concentration": (200.0, "number"),
    },
    rogan_gladen.rogan_gladen: {
        "flagged": (70, "count"),
        "n": (100, "count"),
        "hits": (9, "count"),
        "positives": (10, "count"),
        "clears": (8, "count"),
        "negatives": (10, "count"),
        "level": (0.95, "share"),
    },
    sample_size.per_arm: {
        "p1": (0.9, "share"),
        "p2": (0.8, "share"),
        "alpha": (0.05, "share"),
        "power": (0.8, "share"),
        "sides": (2, "sides"),
        "formula": ("pooled", "word"),
        "share_of_second": (0.4, "share"),
    },
    sample_size.paired: {
        "difference": (0.1, "number"),
        "discordance": (0.2, "share"),
        "alpha": (0.05, "share"),
        "power": (0.8, "share"),
        "sides": (1, "sides"),
    },
    sample_size.paired_non_inferiority: {
        "margin": (0.05, "share"),
        "discordance": (0.1, "share"),
        "alpha": (0.05, "share"),
        "power": (0.8, "share"),
    },
    sample_size.traffic: {"needed": ([100, 50, 20], "list"), "shares": ([0.5, 0.25, 0.25], "weights")},
    asymptotic.tuned_rho: {"alpha": (0.05, "share"), "t_opt": (500, "number"), "side": ("upper", "word")},
    asymptotic.half_width: {
        "n": (500, "count"),
        "sd": (1.0, "number"),
        "alpha": (0.05, "share"),
        "rho": (0.1, "number"),
        "side": ("upper", "word"),
    },
    asymptotic.interval: {
        "n": (500, "count"),
        "estimate": (0.1, "number"),
        "standard_error": (0.1, "number"),
        "alpha": (0.05, "share"),
        "t_opt": (500, "number"),
        "side": ("upper", "word"),
        "burn_in": (100, "count"),
    },
    asymptotic.p_value: {
        "n": (500, "count"),
        "estimate": (-0.1, "number"),
        "standard_error": (0.1, "number"),
        "rho": (0.1, "number"),
        "side": ("upper", "word"),
        "burn_in": (100, "count"),
    },
    bernstein.bernstein_band: {"x": (SIX, "list"), "alpha": (0.05, "share"), "running": (True, "flag")},
    bernstein.bernstein_interval: {"x": (SIX, "list"), "alpha": (0.05, "share"), "running": (True, "flag")},
    bernstein.scores: {"x": (SIX, "list"), "alpha": (0.05, "share")},
    bernstein.limits: {"low": (0.2, "share"), "high": (0.3, "share"), "alpha": (0.05, "share")},
    bernstein.plug_in: {"x": (np.array(SIX), "state"), "alpha": (0.05, "share")},
    beta_binomial.log_e: {
        "k": (3, "count"),
        "n": (9, "count"),
        "rate": (0.5, "share"),
        "a": (0.5, "number"),
        "b": (0.5, "number"),
    },
    beta_binomial.beta_binomial_interval: {
        "k": (3, "count"),
        "n": (9, "count"),
        "alpha": (0.05, "share"),
        "a": (0.5, "number"),
        "b": (0.5, "number"),
    },
    beta_binomial.sub_bernoulli_interval: {
        "k": (3, "count"),
        "n": (9, "count"),
        "alpha": (0.05, "share"),
        "t_opt": (100, "number"),
    },
    betting.betting_interval: {"x": (SIX, "list"), "alpha": (0.05, "share"), "running": (True, "flag")},
    betting.log_capital: {"x": (SIX, "list"), "mean": (0.5, "share"), "alpha": (0.05, "share")},
    boundary.normal_log_mixture: {
        "s": (SIX, "list"),
        "v": ([1, 2, 3, 4, 5, 6], "list"),
        "v_opt": (100, "number"),
        "sides": (1, "sides"),
        "tuned_at": (0.05, "share"),
    },
    boundary.normal_bound: {
        "v": ([1, 2, 3, 4, 5, 6], "list"),
        "alpha": (0.05, "share"),
        "v_opt": (100, "number"),
        "sides": (1, "sides"),
        "tuned_at": (0.05, "share"),
    },
    boundary.gamma_exponential_bound: {
        "v": ([1, 2, 3, 4, 5, 6], "list"),
        "alpha": (0.05, "share"),
        "v_opt": (100, "number"),
        "scale": (1.0, "number"),
        "tuned_at": (0.05, "share"),
    },
    boundary.beta_binomial_log_mixture: {
        "s": (SIX, "list"),
        "v": ([1, 2, 3, 4, 5, 6], "list"),
        "v_opt": (100, "number"),
        "down": (0.2, "share"),
        "up": (0.8, "share"),
        "sides": (1, "sides"),
        "tuned_at": (0.05, "share"),
    },
    boundary.beta_binomial_bound: {
        "v": ([1, 2, 3, 4, 5, 6], "list"),
        "alpha": (0.05, "share"),
        "v_opt": (100, "number"),
        "down": (0.2, "share"),
        "up": (0.8, "share"),
        "sides": (1, "sides"),
        "tuned_at": (0.05, "share"),
    },
    boundary.stitched_bound: {
        "v": ([1, 2, 3, 4, 5, 6], "list"),
        "alpha": (0.05, "share"),
        "v_min": (1.0, "number"),
        "scale": (0.5, "number"),
    },
    eprocess.update: {
        "state": (eprocess.State(0.5, 9, 1, 9, 1), "state"),
        "canary_good": (1, "count"),
        "canary_bad": (1, "count"),
        "control_good": (1, "count"),
        "control_bad": (1, "count"),
        "margin": (0.02, "share"),
        "evidence": ("not_worse", "word"),
        "estimates": ("shrunk", "word"),
    },
    eprocess.run: {
        "canary_good": (YES, "list"),
        "canary_bad": (YES[::-1], "list"),
        "control_good": (YES, "list"),
        "control_bad": (YES, "list"),
        "state": (eprocess.START, "state"),
        "margin": (0.02, "share"),
        "evidence": ("worse", "word"),
        "estimates": ("separate", "word"),
    },
    eprocess.blocks: {
        "canary": (YES, "list"),
        "control": (YES, "list"),
        "n_canary": (1, "size"),
        "n_control": (2, "size"),
    },
    eprocess.combine: {"log_e": ([0.1, 2.0, -1.0], "list"), "weights": ([0.5, 0.25, 0.25], "weights")},
    eprocess.first_alarm: {"log_e": ([0.1, 2.0, 9.0], "list"), "alpha": (0.05, "share")},
    nearest.nearest: {
        "t_c": (0.8, "inner"),
        "t_b": (0.95, "inner"),
        "n_c": (1, "inner"),
        "n_b": (9, "inner"),
        "margin": (0.02, "inner"),
    },
    nearest.nearest_array: {
        "t_c": (np.array([0.8]), "inner"),
        "t_b": (np.array([0.95]), "inner"),
        "n_c": (np.array([1.0]), "inner"),
        "n_b": (np.array([9.0]), "inner"),
        "margin": (0.02, "inner"),
    },
    quantile.quantile_ranks: {
        "n": (200, "count"),
        "q": (0.95, "share"),
        "alpha": (0.05, "share"),
        "t_opt": (500, "number"),
    },
    quantile.quantile_interval: {
        "values": (SIX * 30, "list"),
        "q": (0.5, "share"),
        "alpha": (0.05, "share"),
        "t_opt": (500, "number"),
    },
    quantile.equal_quantiles_p: {
        "a": (SIX, "list"),
        "b": (SPREAD, "list"),
        "q": (0.5, "share"),
        "t_opt": (500, "number"),
    },
    quantile.stitched_radius: {
        "n": (200, "count"),
        "q": (0.95, "share"),
        "alpha": (0.05, "share"),
        "t_opt": (500, "number"),
    },
    quantile.distribution_radius: {"n": (200, "count"), "alpha": (0.05, "share"), "t_min": (100, "number")},
    restart.shares: {"starts": ([0, 5], "object", ([],))},
    restart.run: {
        "canary_good": (YES, "list"),
        "canary_bad": (YES, "list"),
        "control_good": (YES, "list"),
        "control_bad": (YES, "list"),
        "starts": ([0, 2, 4], "object", ([], [-1], [2, 2], [3, 1], [NAN, 2, 4])),
        "state": (None, "state"),
        "weights": ([0.5, 0.25, 0.25], "weights"),
        "margin": (0.02, "share"),
        "evidence": ("worse", "word"),
    },
    spending.spent_by: {"times": ([0.5, 1.0], "list"), "alpha": (0.05, "share"), "kind": ("pocock", "word")},
    spending.lan_demets: {
        "times": ([0.5, 1.0], "list"),
        "alpha": (0.05, "share"),
        "kind": ("pocock", "word"),
        "sides": (2, "sides"),
    },
    spending.crossing: {"z": ([2.0, 2.0], "list"), "times": ([0.5, 1.0], "list"), "sides": (2, "sides")},
    spending.peeking_error: {"looks": (3, "count"), "alpha": (0.05, "share"), "sides": (2, "sides")},
    spending.pocock_constant: {"looks": (2, "count"), "alpha": (0.05, "share"), "sides": (2, "sides")},
    spending.obrien_fleming_constant: {"looks": (2, "count"), "alpha": (0.05, "share"), "sides": (2, "sides")},
    shrinkage.shrink: {"effects": (SPREAD, "list"), "errors": ([0.1, 0.2, 0.3, 0.1, 0.2, 0.3], "list")},
    homogeneity.breslow_day: {"strata": (STRATA, "object", STRATA_BAD)},
    odds_ratio.odds_ratio: {"strata": (STRATA, "object", STRATA_BAD), "level": (0.95, "share")},
    odds_ratio.cochran_mantel_haenszel: {"strata": (STRATA, "object", STRATA_BAD), "correction": (True, "flag")},
    risk_difference.mantel_haenszel: {"strata": (STRATA, "object", STRATA_BAD), "level": (0.95, "share")},
    risk_difference.post_stratified: {
        "strata": (STRATA, "object", STRATA_BAD),
        "weights": ([0.5, 0.5], "weights"),
        "level": (0.95, "share"),
    },
    simpson_.simpson: {"strata": (STRATA, "object", STRATA_BAD)},
    strata_table.Strata.of: {
        "x1": ([5, 3], "list"),
        "n1": ([9, 8], "list"),
        "x2": ([2, 4], "list"),
        "n2": ([9, 7], "list"),
    },
    welch.welch: {
        "first": (welch.Moments(6, 3, 2), "object", MOMENTS_BAD),
        "second": (welch.Moments(6, 2, 2), "object", MOMENTS_BAD),
        "level": (0.95, "share"),
    },
    joint_flip.joint_level: {
        "rows": (FAMILY, "object", FAMILY_BAD),
        "p": ([0.01] * 6, "list"),
        "alpha": (0.05, "share"),
        "method": ("mid-p", "word"),
        "least": (200, "size"),
        "most": (400, "size"),
    },
    noninferiority.clusters_to_rule_out: {
        "drop": (0.1, "number"),
        "flips": (0.02, "share"),
        "alpha": (0.05, "share"),
        "power": (0.8, "share"),
    },
    noninferiority.largest_drops: {
        "total": (SPREAD, "list"),
        "squares": (SIX, "list"),
        "n": (9, "count"),
        "alpha": (0.05, "share"),
    },
    sample_ratio.log_e_sample_ratio: {
        "counts": ([600, 250, 150], "list"),
        "planned": ([0.6, 0.25, 0.15], "weights"),
        "concentration": (200.0, "number"),
    },
    student.t_below: {"t": (1.5, "number"), "df": (9, "count")},
    winrate.win_rate: {"wins": (5, "count"), "ties": (1, "count"), "losses": (4, "count")},
    winrate.score_rate: {"scores": (SIX, "list")},
    winrate.sign_test: {"wins": (5, "count"), "losses": (4, "count")},
    winrate.check_verdicts: {"wins": (5, "count"), "ties": (1, "count"), "losses": (4, "count")},
}
LONG = {bootstrap.resample_verdicts, restart.run}


def name_of(function):
    return f"{function.__module__.removeprefix('seatrial.stats.')}.{function.__name__}"


def call(function, **other):
    given = {name: value() if kind == "rng" else value for name, (value, kind, *_) in GOOD[function].items()} | other
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        return function(**given)


def check(found, where):
    """No NaN at any depth, p-values in 0..1, intervals the right way up."""
    if isinstance(found, CannotTell):
        assert found.reason, where
    elif dataclasses.is_dataclass(found):
        for field in dataclasses.fields(found):
            value = getattr(found, field.name)
            if field.name in {"p", "adjusted"}:
                assert np.all((np.asarray(value) >= 0) & (np.asarray(value) <= 1)), f"{where}: {field.name} = {value}"
            check(value, f"{where}.{field.name}")
        if isinstance(found, Interval):
            assert found.low <= found.high, f"{where}: {found}"
    elif isinstance(found, (tuple, list)):
        for i, one in enumerate(found):
            check(one, f"{where}[{i}]")
    elif isinstance(found, (float, np.ndarray)):
        assert not np.any(np.isnan(np.asarray(found, dtype=float))), f"{where} is NaN"


def complaint(function, argument_, value):
    """What is wrong with how a function takes a bad value; None where it takes it well."""
    where = f"{name_of(function)}({argument_}={value!r})"
    try:
        check(call(function, **{argument_: value}), where)
    except ValueError as error_:
        if any(words in str(error_) for words in NUMPYS):
            return f"{where}: not our sentence: {error_}"
        ours = Path(traceback.extract_tb(error_.__traceback__)[-1].filename).is_relative_to(ROOM)
        return None if ours and str(error_) else f"{where}: not our sentence: {error_}"
    except AssertionError as error_:
        return str(error_)
    except Exception as error_:  # noqa: BLE001 - every other class is what is looked for
        return f"{where}: {type(error_).__name__}: {error_}"
    return None


@pytest.mark.parametrize("function", GOOD, ids=name_of)
def test_a_list_a_tuple_an_array_and_a_series_are_alike(function):
    lists = {name: value for name, (value, kind, *_) in GOOD[function].items() if kind in {"list", "weights"}}
    plain = repr(call(function))
    for shape in (tuple, np.asarray, lambda x: pd.Series(x, index=range(7, 7 + len(x)))):
        assert repr(call(function, **{name: shape(value) for name, value in lists.items()})) == plain


def bad_values(entry):
    _, kind, *own = entry
    return own[0] if own else BAD.get(kind, ())


def test_every_public_function_is_in_the_sweep():
    found = set()
    for module in pkgutil.walk_packages(seatrial.stats.__path__, "seatrial.stats."):
        there = importlib.import_module(module.name)
        for name, thing in vars(there).items():
            plain = inspect.unwrap(thing) if callable(thing) else thing
            if inspect.isfunction(plain) and not name.startswith("_") and plain.__module__ == module.name:
                found.add(f"{module.name.removeprefix('seatrial.stats.')}.{name}")
    swept = {name_of(inspect.unwrap(function)) for function in GOOD}
    assert found <= swept, f"not swept: {sorted(found - swept)}"


@pytest.mark.parametrize("function", GOOD, ids=name_of)
def test_every_argument_is_in_the_sweep_and_the_good_call_is_good(function):
    assert set(GOOD[function]) == set(inspect.signature(function).parameters)
    found = call(function)
    assert not isinstance(found, CannotTell)
    check(found, name_of(function))


@pytest.mark.parametrize("function", GOOD, ids=name_of)
def test_bad_input_gets_a_sentence_or_cannot_tell(function):
    found = [
        reported
        for argument_, entry in GOOD[function].items()
        for value in bad_values(entry)
        if (reported := complaint(function, argument_, value)) is not None
    ]
    assert not found, "\n".join(found)
