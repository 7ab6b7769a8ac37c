"""The gate on published forecasts and classifications; every figure was computed from them by other code."""

from __future__ import annotations

import math
import os
from pathlib import Path

import pytest

REPO_ROOT = Path(__file__).parents[3]
DATA = Path(os.environ.get("SEATRIAL_SHARED", REPO_ROOT.parent / "shared")) / "data" / "outcomes"
CLINC = ("--outcomes", str(DATA / "clinc150_two_versions.parquet"), "--map", "decision_id=model,item", "--map",
         "classifier=model", "--map", "confidence=confidence", "--map", "label=correct", "--segment", "segment")  # fmt: skip

pytestmark = pytest.mark.external


def z(row):
    return float(row["reason"].partition("z ")[2].partition(",")[0].replace("−", "-"))


def test_out_of_scope_questions_alone_are_over_confident(gate):
    answer = gate("--one-shot", *CLINC)
    assert answer.code == 1
    complete = [f for f in answer.data["findings"] if f["outcomes"]]
    assert {(f["key"], f["segment"]) for f in complete if f["state"] == "blocks"} == {
        ("v1_word_nb", "segment=oos"), ("v2_wordchar_lr", "segment=oos")}  # fmt: skip
    others = [f for f in complete if f["segment"] not in {"overall", "segment=oos"}]
    assert len(others) == 20
    assert all(f["difference"] > 0 for f in others)
    # Of v2, "home" alone lies within chance (z -1.3).
    assert sum(f["state"] == "better" for f in others) == 19
    assert z(answer.row("segment=oos", "v2_wordchar_lr")) == pytest.approx(18, abs=0.5)
    assert z(answer.row("overall", "v1_word_nb")) == pytest.approx(-21, abs=0.5)
    assert answer.row("overall", "v1_word_nb")["candidate"] == pytest.approx(0.7229, abs=5e-5)
    assert gate("--one-shot", "--warn-only", *CLINC).code == 0


def test_basketball_forecasts_are_flagged_in_their_second_season_and_football_never(gate, write):
    write("gates/feedback.toml", 'year = "2015-10-01"\n')
    table = ("--outcomes", str(DATA / "fte_forecasts.parquet"), "--map", "classifier=segment", "--map", "confidence=prob",
             "--map", "label=outcome", "--map", "decided_at=date", "--timezone", "UTC", "--now", "2023-07-01")  # fmt: skip
    answer = gate(*table)
    assert answer.code == 1
    flagged = [f for f in answer.data["findings"] if f["state"] == "blocks"]
    assert {f["key"].split()[0] for f in flagged} == {"nba_games"}
    first = answer.data["details"]["sources"]["fte_forecasts.parquet"]["flagged"][0]["first_day"]
    assert "2016-10" < first < "2017-07"
    # The column `outcome` is the label here, so 0 and 1 are no types of outcome.
    assert "outcome 0" not in " ".join(answer.data["warnings"])
    shot = gate("--one-shot", *table)
    complete = {f["key"]: f["state"] for f in shot.data["findings"] if f["outcomes"] and f["segment"] == "overall"}
    assert complete == {"nba_games": "blocks", "nfl_games": "blocks"}
    assert all(math.isfinite(f["candidate"]) for f in shot.data["findings"])
