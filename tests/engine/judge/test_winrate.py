"""Win rate of a verdict table: rows that lack an order, judges that lean on the position, rules and exit codes."""

from __future__ import annotations

import csv
import gzip
import json
import os
import random
from pathlib import Path

import numpy as np
import pytest

from seatrial.cli.app import run
from seatrial.evidence.against_half import Rules, rate_of
from seatrial.judge.length import length_adjusted
from seatrial.judge.position import position_of
from seatrial.judge.scores import scores_of
from seatrial.judge.verdicts import VERDICT_COLUMNS
from seatrial.stats.interval import CannotTell
from seatrial.table import read_table

DATA = Path(os.environ.get("SEATRIAL_SHARED", Path(__file__).parents[4] / "shared")) / "data" / "judge"
real = pytest.mark.skipif(not DATA.exists(), reason="real verdicts are absent; SEATRIAL_SHARED names their folder")
PINNED = {"judge": "helpful@1#abc123", "reported_model": "m", "family": "openai"}


def table(path: Path, rows: list[dict]) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def pair(name: str, ab: float | None, ba: float | None, **more) -> list[dict]:
    return [
        {
            "example_id": name,
            "order": order,
            "preference": p,
            "outcome": "unparsed" if p is None else "scored",
            **PINNED,
            **more,
        }
        for order, p in (("AB", ab), ("BA", ba))
    ]


def pairs(wins: int, ties: int, losses: int, **more) -> list[dict]:
    scores = [1.0] * wins + [0.5] * ties + [0.0] * losses
    return [row for place, p in enumerate(scores) for row in pair(f"e{place}", p, p, **more)]


@pytest.fixture
def winrate(tmp_path, capsys):
    def call(rows, *arguments):
        file = rows if isinstance(rows, Path) else table(tmp_path / "verdicts.jsonl", rows)
        code = run(["judge", "winrate", str(file), "--json", *arguments])
        reported = capsys.readouterr()
        return code, json.loads(reported.out) if reported.out else reported.err

    return call


def test_a_pair_that_lacks_one_order_is_missing_and_not_half_a_win(winrate):
    rows = pairs(35, 0, 35)
    for place in range(30):
        rows += pair(f"x{place}", 1.0, None)
    code, reported = winrate(rows)
    overall = reported["details"]["rates"][0]
    assert (overall["judged"], overall["missing"], overall["rate"]) == (70, 30, 0.5)
    assert overall["bounds"] == [0.35, 0.65]
    assert (code, reported["reason_class"]) == (2, "missing")


def test_few_decided_among_many_ties_prove_nothing(winrate):
    code, reported = winrate(pairs(1, 98, 1))
    overall = reported["details"]["rates"][0]
    assert (overall["rate"], overall["decided"], code, reported["reason_class"]) == (0.5, 2, 2, "underpowered")


@pytest.mark.parametrize(("wins", "code"), [(1, 2), (5, 2), (6, 0)])
def test_wins_alone_clear_from_six_on(winrate, wins, code):
    # (1/2)^5 = .031 > .025 >= (1/2)^6 = .016
    assert winrate(pairs(wins, 0, 0))[0] == code


def test_losses_alone_lose_from_six_on(winrate):
    assert [winrate(pairs(0, 0, losses))[0] for losses in (5, 6)] == [2, 1]


def test_always_the_first_answer_has_no_winner(winrate):
    rows = [row for place in range(60) for row in pair(f"e{place}", 1.0, 0.0)]
    code, reported = winrate(rows)
    assert (code, reported["reason_class"]) == (2, "invalid")
    assert "0.0 % consistent" in reported["reason"]
    assert "no winner" in reported["reason"]
    position = reported["details"]["position"]
    assert (position["consistency"], position["first"]) == (0.0, 1.0)


def test_an_outage_is_no_tie(winrate):
    rows = pairs(10, 0, 0)
    for place in range(30):
        rows += pair(f"x{place}", None, None, outcome="skipped", error_kind="outage")
    code, reported = winrate(rows)
    overall = reported["details"]["rates"][0]
    assert (overall["judged"], overall["planned"], code, reported["reason_class"]) == (10, 40, 2, "outage")


def test_a_panel_without_a_majority_of_its_planned_judges_is_missing(winrate):
    rows = []
    for place in range(20):
        for number in range(3):
            reported = 1.0 if number == 0 or place < 10 else None
            rows += pair(f"e{place}", reported, reported, judge=f"j{number}@1#abc")
    _, reported = winrate(rows)
    overall = reported["details"]["rates"][0]
    assert (overall["judged"], overall["missing"]) == (10, 10)


def test_a_judge_with_no_row_at_all_is_missing_from_its_panel(winrate):
    rows = [row for number in range(2) for row in pairs(20, 0, 0, judge=f"j{number}@1#abc")]
    rows = [row for row in rows if not (row["judge"] == "j1@1#abc" and row["example_id"] == "e3")]
    assert winrate(rows)[1]["details"]["rates"][0]["judged"] == 19


def test_repetitions_are_averaged_inside_the_example(winrate):
    rows = [
        row
        for place in range(8)
        for draw in range(5)
        for row in pair(f"e{place}", float(place < 7), float(place < 7), repetition=draw)
    ]
    overall = winrate(rows)[1]["details"]["rates"][0]
    assert (overall["judged"], overall["wins"], overall["losses"]) == (8, 7, 1)


def test_every_critical_segment_must_be_shown(winrate):
    rows = pairs(60, 0, 0, **{"segment.tier": "free"})
    rows += [row | {"example_id": "v" + row["example_id"]} for row in pairs(5, 0, 5, **{"segment.tier": "vip"})]
    assert winrate(rows)[0] == 0
    assert winrate(rows, "--critical", "vip")[0] == 2
    assert winrate(rows, "--critical", "tier=vip")[0] == 2


def test_a_loss_on_a_critical_segment_fails_whatever_the_rest(winrate):
    rows = pairs(60, 0, 0, **{"segment.tier": "free"})
    rows += [row | {"example_id": "v" + row["example_id"]} for row in pairs(0, 0, 8, **{"segment.tier": "vip"})]
    assert winrate(rows)[0] == 0
    assert winrate(rows, "--critical", "vip")[0] == 1


def test_not_worse_is_enough_on_a_critical_segment_where_the_rule_says_so(winrate):
    rows = pairs(200, 0, 60, **{"segment.tier": "free"})
    rows += [row | {"example_id": "v" + row["example_id"]} for row in pairs(30, 60, 30, **{"segment.tier": "vip"})]
    rule = ("--ship-rule", "superior_overall_noninferior_critical")
    assert winrate(rows, "--critical", "vip")[0] == 2
    assert winrate(rows, "--critical", "vip", *rule)[0] == 0
    # Five ties resample to [.5, .5]; Wilson's bound on 2.5 of 5 is .12.
    few = pairs(200, 0, 60, **{"segment.tier": "free"})
    few += [row | {"example_id": "v" + row["example_id"]} for row in pairs(0, 5, 0, **{"segment.tier": "vip"})]
    assert winrate(few, "--critical", "vip", *rule)[0] == 2


def test_missing_examples_count_as_lost_before_a_win_is_called(winrate):
    rows = pairs(65, 0, 35)
    assert winrate(rows)[0] == 0
    for place in range(20):
        rows += pair(f"x{place}", None, None)
    code, reported = winrate(rows)
    assert (code, reported["reason_class"]) == (2, "missing")


def test_one_order_only_is_judged_as_given_and_barred_from_a_gate(winrate):
    rows = [{"example_id": f"e{place}", "winner": "candidate"} for place in range(20)]
    code, reported = winrate(rows)
    assert code == 0
    assert reported["details"]["inadmissible"] == [
        "one order only, so position bias cannot be seen",
        "the judge is not named",
        "the model that answered is not recorded",
        "the family of the judge's model is unknown",
    ]
    assert "may not decide" in reported["warnings"][0]
    assert winrate(pairs(20, 0, 0))[1]["details"]["inadmissible"] == []


@pytest.mark.parametrize(
    ("rows", "reported"),
    [
        ([{"example_id": "a", "preference": 1.5}], "off the scale 0:1"),
        ([{"example_id": "a", "preference": 1, "order": "first"}], "choose one of: AB, BA"),
        ([{"example_id": "a", "winner": "model_b"}], "choose one of: candidate, tie, baseline"),
        ([{"example_id": "a", "preference": 1}] * 2, "judged twice"),
        ([{"example_id": "a", "reason": "good"}], "no column preference"),
        (
            [{"example_id": "a", "outcome": "scored", "preference": None}, {"example_id": "b", "preference": 1}],
            "no preference",
        ),
        ([{"example_id": "a", "preference": 1, "version": v} for v in ("v1", "v2")], "--candidate: v1, v2"),
    ],
)
def test_a_table_that_cannot_be_judged_is_refused_with_its_reason(winrate, rows, reported):
    code, message = winrate(rows)
    assert code in (2, 3)
    assert reported in message["reason"]


def test_an_example_in_two_segments_is_refused(winrate):
    rows = pair("e1", 1.0, 1.0, **{"segment.tier": "free"})
    rows[1]["segment.tier"] = "vip"
    assert "in two segments of tier" in winrate(rows)[1]["reason"]


def test_an_unknown_critical_segment_lists_those_that_are(winrate):
    message = winrate(pairs(9, 0, 0, **{"segment.tier": "free"}), "--critical", "gold")[1]
    assert "tier=free" in message["reason"]


def test_shuffled_rows_give_the_same_decision(winrate):
    rng = random.Random(5)
    rows = [row for place in range(90) for row in pair(f"e{place}", rng.random(), rng.random())]
    _, first = winrate(rows)
    rng.shuffle(rows)
    _, second = winrate(rows)
    assert first["details"]["rates"] == second["details"]["rates"]


def test_the_page_draws_every_segment_against_one_half(winrate, tmp_path):
    page = tmp_path / "page.html"
    winrate(pairs(20, 2, 3, **{"segment.tier": "free"}), "-o", str(page))
    text = page.read_text()
    assert "Win rate by judge" in text
    assert "tier=free" in text


MODELS = {"FuseChat-Gemma-2-9B-Instruct": 0, "claude-2": 1, "FuseChat-Llama-3.2-3B-Instruct": 2}
ALPACA = [
    *(
        "--map",
        "example_id=index",
        "--map",
        "version=model",
        "--map",
        "preference=preference",
        "--preference-scale",
        "1:2",
    ),
    *("--map", "length_candidate=len_model", "--map", "length_baseline=len_baseline", "--segment", "segment"),
    *("--critical", "helpful_base", "--candidate"),
]


@pytest.mark.external
@real
@pytest.mark.parametrize("model", MODELS)
def test_alpaca_eval_rates_errors_and_exit_codes(winrate, model):
    expected = json.loads((DATA / "EXPECTED.json").read_text())["alpaca_eval2"]
    code, reported = winrate(DATA / "alpaca_eval2_annotations.csv", *ALPACA, model)
    assert code == MODELS[model]
    assert len(reported["details"]["versions"]) == 12
    for one in reported["details"]["versions"]:
        published = expected[one["version"]]
        assert 100 * one["rate"] == pytest.approx(published["win_rate"], abs=1e-9)
        assert 100 * one["standard_error"] == pytest.approx(published["standard_error"], abs=1e-9)
    for rate in reported["details"]["rates"][1:]:
        published = expected[model]["segments"][rate["segment"].removeprefix("segment=")]
        assert (rate["judged"], 100 * rate["rate"]) == (published["n"], pytest.approx(published["win_rate"], abs=1e-9))
        assert 100 * rate["error"] == pytest.approx(published["se"], abs=1e-9)


@pytest.mark.external
@real
def test_every_cell_of_llmbar_is_as_consistent_and_as_right_as_published(tmp_path):
    published = json.loads((DATA / "EXPECTED.json").read_text())["llmbar"]
    rows, labels = [], {}
    for row in csv.DictReader(gzip.decompress((DATA / "llmbar_verdicts.csv.gz").read_bytes()).decode().splitlines()):
        cell = f"{row['subset']}/evaluators/{row['judge']}/{row['prompt']}"
        name = f"{cell}#{row['item']}"
        # The first answer plays the candidate.
        rows += pair(name, *({"1": 1.0, "2": 0.0}.get(row[f"winner_{way}"]) for way in ("fwd", "rev")))
        labels[name] = 1.0 if row["label"] == "1" else 0.0
    random.Random(1).shuffle(rows)
    read = read_table(table(tmp_path / "llmbar.jsonl", rows), VERDICT_COLUMNS)
    scores, found = scores_of(read), {}
    for name, score, consistent in zip(read.codes("example_id").values, scores.score, scores.consistent, strict=True):
        n, same, right = found.get(name.partition("#")[0], (0, 0, 0))
        if not np.isnan(score):
            found[name.partition("#")[0]] = (n + 1, same + int(consistent), right + (score == labels[name]))
    complete = {cell: of for cell, of in published.items() if "kappa_fwd_rev" in of and found[cell][0] == of["n"]}
    assert len(complete) == 118
    assert {cell: found[cell][1:] for cell in complete} == {
        cell: (of["consistent"], of["correct_both"]) for cell, of in complete.items()
    }


@pytest.mark.external
@real
def test_length_adjusted_rates_lie_near_the_published_ones():
    expected = json.loads((DATA / "EXPECTED.json").read_text())["alpaca_eval2"]
    with (DATA / "alpaca_eval2_annotations.csv").open() as file:
        rows = list(csv.DictReader(file))
    shown = 0
    for model, published in expected.items():
        mine = [row for row in rows if row["model"] == model]
        longer = np.array([float(row["len_model"]) - float(row["len_baseline"]) for row in mine])
        found = length_adjusted(np.array([float(row["preference"]) - 1 for row in mine]), longer)
        if not 25 <= published["win_rate"] <= 75:
            assert isinstance(found, CannotTell)
            continue
        shown += 1
        assert 100 * found == pytest.approx(published["length_controlled_winrate"], abs=0.5)
    assert shown == 3


def test_pairs_that_no_judge_was_asked_about_say_nothing_of_its_position_bias(tmp_path):
    rows = ["example_id,order,preference,requested_model"]
    rows += [f"asked-{i},{order},{preference},m" for i in range(4) for order, preference in (("AB", 1), ("BA", 0))]
    rows += [f"tied-{i},{order},0.5," for i in range(20) for order in ("AB", "BA")]
    file = tmp_path / "verdicts.csv"
    file.write_text("\n".join(rows) + "\n", encoding="utf-8")
    position = position_of(scores_of(read_table(file, VERDICT_COLUMNS)))
    assert (position.n, position.consistency, position.first) == (4, 0.0, 1.0)


def _called(draw, times: int, seed: int) -> float:
    """Share of made-up comparisons in which the candidate is called the winner."""
    rng = np.random.default_rng(seed)
    return sum(rate_of(draw(rng), "overall", Rules()).clears for _ in range(times)) / times


@pytest.mark.slow
def test_an_equal_candidate_is_seldom_called_the_winner():
    # 600 runs of 40 examples, 5 verdicts each that share their example (intra-class correlation .5): nominal .025, band 4 errors.
    def draw(rng: np.random.Generator) -> np.ndarray:
        shared = rng.random((40, 1)) < 0.5
        own = rng.random((40, 5)) < 0.5
        return np.where(rng.random((40, 5)) < 0.5**0.5, shared, own).mean(axis=1)

    assert _called(draw, 600, 11) <= 0.025 + 4 * (0.025 * 0.975 / 600) ** 0.5


def test_a_better_candidate_is_called_the_winner():
    # P(lower end > .5) at .70 over 100 examples without ties is .98: 1 - Phi((1.96 x .5 - 2) / .458).
    assert _called(lambda rng: (rng.random(100) < 0.7).astype(float), 200, 12) >= 0.93
