"""The statistics room on judgements and outcomes nobody here made: published figures must come out again."""

import csv
import gzip
import io
import json
import os
from collections import defaultdict
from pathlib import Path

import numpy as np
import pytest

from seatrial.stats.agreement.gwet import gwet_ac1
from seatrial.stats.agreement.kappa import cohen_kappa
from seatrial.stats.agreement.resampled import resampled_agreement
from seatrial.stats.agreement.table import cross
from seatrial.stats.bootstrap import cluster_means, interval, resample
from seatrial.stats.calibration.brier import brier
from seatrial.stats.calibration.error import calibration_error
from seatrial.stats.difference import newcombe, pooled_z
from seatrial.stats.paired import mcnemar
from seatrial.stats.ratio import sample_ratio
from seatrial.stats.winrate import score_rate, win_rate

REPO_ROOT = next(parent for parent in Path(__file__).parents if (parent / "pyproject.toml").exists())
DATA = Path(os.environ.get("SEATRIAL_SHARED", REPO_ROOT.parent / "shared")) / "data"
pytestmark = [
    pytest.mark.external,
    pytest.mark.skipif(not DATA.exists(), reason="real evidence is absent; SEATRIAL_SHARED names its folder"),
]


def expected(room):
    return json.loads((DATA / room / "EXPECTED.json").read_text())


def table(path):
    raw = path.read_bytes()
    text = (gzip.decompress(raw) if path.suffix == ".gz" else raw).decode()
    return list(csv.DictReader(io.StringIO(text)))


def columns(name):
    parquet = pytest.importorskip("pyarrow.parquet")
    return {name: np.array(values) for name, values in parquet.read_table(DATA / "outcomes" / name).to_pydict().items()}


def test_twelve_models_have_their_published_win_rate_and_error_in_all_and_in_every_segment():
    # AlpacaEval 2; rates and errors there in points. The file holds preferences to 1e-10.
    rows, published = table(DATA / "judge" / "alpaca_eval2_annotations.csv"), expected("judge")["alpaca_eval2"]
    scores = defaultdict(list)
    for row in rows:
        for segment in (None, row["segment"]):
            scores[row["model"], segment].append(float(row["preference"]) - 1)
    assert len(published) == 12
    for model, figures in published.items():
        found = score_rate(scores[model, None])
        assert found.n == figures["n_total"]
        assert found.rate == pytest.approx(figures["win_rate"] / 100, abs=1e-9)
        assert found.standard_error == pytest.approx(figures["standard_error"] / 100, abs=1e-9)
        counts = (int(figures[name]) for name in ("n_wins", "n_draws", "n_wins_base"))
        assert win_rate(*counts).rate == pytest.approx(figures["discrete_win_rate"] / 100, abs=1e-12)
        assert len(figures["segments"]) == 5
        for segment, part in figures["segments"].items():
            found = score_rate(scores[model, segment])
            assert found.n == part["n"]
            assert found.rate == pytest.approx(part["win_rate"] / 100, abs=1e-9)
            assert found.standard_error == pytest.approx(part["se"] / 100, abs=1e-9)


def test_ten_thousand_draws_give_the_published_length_controlled_intervals():
    # published with 1,000 draws of its own, within .25 of a point
    rows, published = (
        table(DATA / "judge" / "alpaca_lc_per_example.csv"),
        expected("judge")["alpaca_lc_bootstrap_ci95"],
    )
    assert len(published) == 10
    for model, figures in published.items():
        found = resample([float(row[model]) for row in rows if row[model]], np.random.default_rng(0))
        ours = interval(found)
        assert 100 * found.estimate == pytest.approx(figures["score"], abs=1e-6)
        assert 100 * ours.low == pytest.approx(figures["lower"], abs=figures["tolerance"])
        assert 100 * ours.high == pytest.approx(figures["upper"], abs=figures["tolerance"])


def test_battles_share_their_question_and_the_interval_must_know():
    # Arena-Hard: 2,136 verdicts on 120 questions
    rows, figures = table(DATA / "judge" / "arena_hard_battles.csv"), expected("judge")["arena_hard_battles"]
    scores = [{"model_a": 0.0, "tie": 0.5, "model_b": 1.0}[row["winner"]] for row in rows]
    by_question = cluster_means(scores, [row["question_id"] for row in rows])
    assert (len(scores), by_question.size) == (figures["rows"], figures["questions"])
    assert 100 * np.mean(scores) == pytest.approx(figures["mean_model_b"], abs=1e-9)
    width = {}
    for name, units in (("rows", scores), ("questions", by_question)):
        found = interval(resample(units, np.random.default_rng(0)))
        width[name] = found.high - found.low
    assert width["questions"] > 1.5 * width["rows"]


def test_every_judge_of_llmbar_agrees_with_itself_as_its_verdicts_say():
    rows, published = table(DATA / "judge" / "llmbar_verdicts.csv.gz"), expected("judge")["llmbar"]
    pairs = defaultdict(list)
    for row in rows:
        pairs[f"{row['subset']}/evaluators/{row['judge']}/{row['prompt']}"].append(
            (row["winner_fwd"], row["winner_rev"])
        )
    exact = unread = 0
    for name, figures in published.items():
        if "kappa_fwd_rev" not in figures:
            continue
        read = [(a, b) for a, b in pairs[name] if a and b]
        found = cohen_kappa(cross([a for a, _ in read], [b for _, b in read]).counts)
        if len(read) == figures["n"]:
            assert found.estimate == pytest.approx(figures["kappa_fwd_rev"], abs=1e-9)
            exact += 1
        else:
            # what the published figure took an unread answer for is not in the file: one or two of 100
            assert found.estimate == pytest.approx(figures["kappa_fwd_rev"], abs=0.02 * (figures["n"] - len(read)))
            unread += 1
    assert (exact, unread) == (118, 28)
    assert published["LLMBar/Natural/evaluators/GPT-4/Vanilla"]["kappa_fwd_rev"] == pytest.approx(0.898, abs=5e-4)


def test_people_of_pandalm_agree_in_every_interval_we_have():
    rows, published = table(DATA / "judge" / "pandalm_human_vs_judge.csv"), expected("judge")["pandalm"]
    for (first, second), reported in zip(((1, 2), (1, 3), (2, 3)), (0.852, 0.879, 0.862), strict=True):
        counts = cross(*([row[f"annotator{who}"] for row in rows] for who in (first, second))).counts
        kappa, ac1 = cohen_kappa(counts), gwet_ac1(counts)
        assert kappa.estimate == pytest.approx(published["kappa_reproduced"][f"a{first}a{second}"], abs=1e-12)
        assert kappa.estimate == pytest.approx(reported, abs=5e-4)
        for plain, measure in ((kappa, "kappa"), (ac1, "ac1")):
            drawn = resampled_agreement(counts, np.random.default_rng(0), measure).interval
            # 999 items, no rare class: the bootstrap and the large-sample interval are one to a hundredth
            assert (drawn.low, drawn.high) == pytest.approx((plain.interval.low, plain.interval.high), abs=0.01)


def test_cookie_cats_was_split_unevenly_and_its_retention_fell():
    seen, figures = columns("cookie_cats.parquet"), expected("outcomes")["cookie_cats"]
    arm = seen["version"]
    n = [int((arm == name).sum()) for name in ("gate_30", "gate_40")]
    assert n == [figures["n"][name] for name in ("gate_30", "gate_40")]
    split = sample_ratio(n, [0.5, 0.5])
    assert split.p == pytest.approx(0.008608, abs=5e-7)
    # strict at .01, not at the .001 of a planned experiment
    assert not split.alarm
    assert sample_ratio(n, [0.5, 0.5], alpha=0.01).alarm
    for day in ("retention_1", "retention_7"):
        kept = [int(seen[day][arm == name].sum()) for name in ("gate_40", "gate_30")]
        found = pooled_z(kept[0], n[1], kept[1], n[0])
        assert found.difference == pytest.approx(figures[day]["diff"], abs=5.1e-6)
        assert found.z == pytest.approx(figures[day]["z"], abs=5.1e-5)
        assert found.p == pytest.approx(figures[day]["p_two_sided"], abs=5.1e-6)
        hybrid = newcombe(kept[0], n[1], kept[1], n[0])
        assert (hybrid.low, hybrid.high) == pytest.approx(figures[day]["wald95"], abs=3e-5)


def test_two_classifiers_of_clinc150_flip_as_many_and_as_significantly():
    seen, figures = columns("clinc150_two_versions.parquet"), expected("outcomes")["clinc150_mcnemar_v1_v2"]
    old, new = (seen["model"] == name for name in ("v1_word_nb", "v2_wordchar_lr"))
    assert np.array_equal(seen["item"][old], seen["item"][new])
    before, after, segment = seen["correct"][old], seen["correct"][new], seen["segment"][old]
    for name, reported in figures.items():
        keep = (segment == name) | (name == "ALL")
        regressed = int(((before == 1) & (after == 0) & keep).sum())
        fixed = int(((before == 0) & (after == 1) & keep).sum())
        assert (regressed, fixed) == (reported["a_only"], reported["b_only"])
        two_sided = min(1.0, 2 * min(mcnemar(regressed, fixed, "exact"), mcnemar(fixed, regressed, "exact")))
        assert two_sided == pytest.approx(reported["p"], rel=5e-3)


def test_every_season_of_fivethirtyeight_has_its_brier_score_and_error():
    seen, figures = columns("fte_forecasts.parquet"), expected("outcomes")["fte_calibration_by_season"]
    season = np.array([str(value) for value in seen["season"]])
    for name, reported in figures.items():
        league, year = name.split("/")
        keep = (seen["segment"] == league) & (season == year)
        p, y = seen["prob"][keep], seen["outcome"][keep]
        assert p.size == reported["n"]
        assert brier(p, y).score == pytest.approx(reported["brier"], abs=5.1e-6)
        assert calibration_error(p, y).mean == pytest.approx(reported["ece10"], abs=5.1e-6)
