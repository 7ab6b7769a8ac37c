"""Golden re-runs: unchanged nights are left alone all year, a silent fall is found, and a known cause is named first."""

from __future__ import annotations

import json
import math
from dataclasses import replace

import numpy as np
import pytest

from seatrial.cli.app import run
from seatrial.feedback.rerun import Change, Night, RerunRules, decide_rerun
from seatrial.stats.sequential.exchangeable import EXPONENTS, night_logs, year_evidence
from seatrial.verdict import Verdict

DAY = 86400.0
RULES = RerunRules(("right",), {f"e{i}": frozenset({"tier=pro" if i % 4 == 0 else "tier=free"}) for i in range(60)})


def nights(rng, count, *, fall_on=None, drop=0.0, model=lambda night: "m-1", size=60):
    """Examples with rates of their own, of which the version loses `drop` from a night on."""
    rate = np.where(np.arange(size) % 3 == 0, 0.7, 1.0)
    out = []
    for night in range(count):
        now = rate - (drop if fall_on is not None and night >= fall_on else 0.0)
        score = rng.random(size) < now
        out.append(
            Night(f"run-{night}", night * DAY, (model(night),), {"right": {f"e{i}": float(score[i]) for i in range(size)}}, 0, size)
        )  # fmt: skip
    return out


def test_a_bet_is_worth_its_mean_over_equal_scores():
    # Third night of a unit that passed twice and failed: ranks 0 to 1/3, e = (1/3)^(x - 1).
    logs = night_logs([[1.0, 1.0], [1.0, 1.0], [0.0, 1.0]])
    assert logs[:2].any() == 0
    np.testing.assert_allclose(logs[2, 0], [(x - 1) * math.log(1 / 3) for x in EXPONENTS])
    assert not logs[2, 1].any()
    # Whatever the earlier nights were, a bet has expectation 1 over an exchangeable latest one.
    for history in ([1, 1, 0, 1], [0.2, 0.9, 0.9, 0.4]):
        ends = [
            np.exp(night_logs([[x] for x in [*history[:i], *history[i + 1 :], history[i]]])[-1, 0]) for i in range(4)
        ]
        np.testing.assert_allclose(np.mean(ends, axis=0), 1.0)


def test_unchanged_years_are_flagged_at_most_as_often_as_stated():
    # 60 years of 120 nights at .05: at most 3 + 3 SE (1.7) = 8 (z 3).
    rng, flagged = np.random.default_rng(7), 0
    rate = np.where(np.arange(40) % 2 == 0, 0.6, 0.95)
    for _ in range(60):
        path = year_evidence(night_logs((rng.random((120, 40)) < rate).astype(float)).sum(axis=1))
        flagged += bool((path >= math.log(20)).any())
    assert flagged <= 8


def test_a_fall_is_found_within_a_week_also_late_in_the_year():
    found = decide_rerun(nights(np.random.default_rng(3), 207, fall_on=200, drop=0.2), RULES, subject="g@v1")
    assert found.verdict is Verdict.FAIL
    assert int(found.details["first_night"].removeprefix("run-")) >= 200
    assert "unexplained" in found.reason
    assert len(found.details["examples"]) == 5
    quiet = decide_rerun(nights(np.random.default_rng(3), 207), RULES, subject="g@v1")
    assert quiet.verdict is Verdict.PASS


def test_the_providers_model_id_is_named_before_prompt_and_code():
    fallen = nights(np.random.default_rng(5), 30, fall_on=25, drop=0.3, model=lambda n: "m-1" if n < 25 else "m-2")
    change = Change("the prompt", 0.0, 4)
    named = decide_rerun(fallen, RULES, subject="g@v1", change=change)
    assert "model id changed from m-1 to m-2 on 1970-01-26" in named.reason
    same = [replace(one, models=("m-1",)) for one in fallen]
    assert "the prompt changed on 1970-01-01: 4 earlier nights are not compared" in decide_rerun(
        same, RULES, subject="g@v1", change=change
    ).reason  # fmt: skip


@pytest.mark.parametrize("what", ["few", "missing", "unfinished"])
def test_what_cannot_be_compared_is_no_pass(what):
    made = nights(np.random.default_rng(1), 2 if what == "few" else 9)
    if what == "missing":
        made[-1] = replace(made[-1], missing=3)
    found = decide_rerun(made, RULES, subject="g@v1", tonight="run-9" if what == "unfinished" else None)
    assert found.verdict is Verdict.INCONCLUSIVE
    assert {"few": "2 comparable nights", "missing": "5.0 % of tonight's 60 rows", "unfinished": "is no night"}[
        what
    ] in found.reason


def test_the_command_runs_judges_and_begins_a_new_series_after_a_change(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert run(["init"]) == 0

    def asked(*more):
        capsys.readouterr()
        code = run(["rerun", GRAPH, "--json", *more])
        return code, json.loads(capsys.readouterr().out)

    GRAPH = next(path.name for path in (tmp_path / "datasets").iterdir() if path.is_dir())  # noqa: N806
    assert [asked()[0] for _ in range(2)] == [2, 0]  # `init` has made a run, too
    code, again = asked("--stored")
    assert (code, len(again["details"]["nights"])) == (0, 3)
    golden = tmp_path / "datasets" / GRAPH / "golden.jsonl"
    lines = golden.read_text().splitlines()
    golden.write_text("\n".join(lines[:-1]) + "\n")
    code, fresh = asked()
    assert code == 2
    assert fresh["details"]["change"]["what"].startswith("the dataset")
    assert fresh["details"]["change"]["nights"] == 3
