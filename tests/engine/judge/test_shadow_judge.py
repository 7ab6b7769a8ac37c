"""A judge of a rollout's shadow stage: asked in both orders about each copied request, counted as far as its licence goes."""

from __future__ import annotations

import pytest

from seatrial.experiment import parse_rollout_plan
from seatrial.graph.run import Run
from seatrial.outcome.metric import parse_metrics
from seatrial.rollout.rules import rules_of
from seatrial.rollout.shadow_gate import judge_shadow
from seatrial.rollout.shadow_judge import ShadowJudge
from seatrial.rollout.shadow_request import Compared, Place, Request
from seatrial.rollout.shadow_score import Recorder, shadow_evaluators
from seatrial.vote import ConstantAnswers, Level, NoLicence, OtherVersion, SameFamily, Standing

from .asking import hub, shown

UNITS = 30
PLAN = {
    "schema": "seatrial/rollout-plan/1",
    "graph": "support",
    "control": "v3",
    "candidate": "v4",
    "units_per_day": 20000,
    "shadow": {"units": UNITS, "margin": 0.2, "judge": "helpful"},
    "metric": {"resolved": {}},
    "cell": {
        "DE": {"share": 0.4, "rate": 0.95, "critical": True, "where": [{"field": "inputs.region", "op": "equals", "arg": "DE"}]},
        "rest": {"share": 0.6, "rate": 0.95},
    },
    "stage": [{"share": 0.1, "margin": 0.1, "hours": 24}],
}  # fmt: skip
METRICS = parse_metrics({"resolved": {"source": "outcome:resolved", "horizon": "1h"}}, "metrics.toml")
FULL, HOLDS = Standing(Level.FULL), Standing(Level.PROVISIONAL)
NONE = Standing(Level.NONE, (NoLicence("helpful"),))
KIN = Standing(Level.PROVISIONAL, (SameFamily(("openai",)),))
UNNAMED = Standing(Level.PROVISIONAL, (OtherVersion("helpful@1#ab", ""),))
SAME = Standing(Level.FULL, (ConstantAnswers(20, 30),))


@pytest.mark.parametrize(
    ("candidate", "cell", "vote", "verdict"),
    [
        ("good", "DE", FULL, "pass"),
        ("bad", "DE", FULL, "fail"),
        ("good", "DE", NONE, "inconclusive"),  # reported only, and that is no pass of a critical cell
        ("bad", "DE", HOLDS, "inconclusive"),  # it may hold, never decide
        ("good", "DE", KIN, "inconclusive"),
        ("good", "DE", UNNAMED, "inconclusive"),
        ("good", "DE", SAME, "inconclusive"),
        ("bad", "DE", SAME, "fail"),
        ("bad", "rest", FULL, "pass"),  # the judge counts in critical cells
    ],
)
def test_a_licensed_judge_decides_on_critical_cells(judges, server, candidate, cell, vote, verdict):
    rules = rules_of(parse_rollout_plan(PLAN, "plan.toml", (), name="support_v4"), METRICS)
    judge = ShadowJudge(judges(server.url, answer=["text"]), hub())
    clock = iter(range(1000))
    recorder = Recorder(None, shadow_evaluators(rules, ()), judge=judge, clock=lambda: float(next(clock)))
    rows = []
    for i in range(UNITS):
        live, new = ("bad", "good") if candidate == "good" else ("good", "bad")
        request = Request({"question": f"question {i}"}, f"t{i}")
        place = Place(rules.rollout, cell)
        rows += recorder.scored(
            Compared(request, place, {"text": f"{live} {i}"}, "", 1.0, {"text": f"{new} {i}"}, "", 1.0, 1.0)
        )
    assert len(server.requests) == 2 * UNITS
    found = judge_shadow(rules, cell, rows, lambda evidence: {"helpful": vote})
    assert (found.verdict, found.passed) == (verdict, verdict == "pass"), found.text
    if vote in (NONE, KIN, UNNAMED):
        assert found.text.startswith("judge helpful has no vote")


def test_a_version_that_failed_loses_without_a_question(judges, server):
    judge = ShadowJudge(judges(server.url, answer=["text"]), hub())
    rules = rules_of(parse_rollout_plan(PLAN, "plan.toml", (), name="support_v4"), METRICS)
    recorder = Recorder(None, shadow_evaluators(rules, ()), judge=judge, clock=lambda: 1.0)
    one = Compared(
        Request({}, "t1"), Place(rules.rollout, "DE"), {"text": "good"}, "", 1.0, None, "KeyError: 'x'", 1.0, 1.0
    )
    *_, row = recorder.scored(one)
    assert (row.key, row.outcome, row.score) == ("winrate:helpful", "scored", 0.0)
    assert row.evaluator_hash.startswith("helpful@1#")
    assert not server.requests


def test_the_judge_is_shown_a_state_as_its_licence_was_measured_on(judges, server):
    judge = ShadowJudge(judges(server.url), hub())
    inputs = {"question": "who?", "tier": "free"}
    live, new = (Run("r", inputs, {"text": f"{word} Ada", "cites": [1]}) for word in ("bad", "good"))
    judge.row("t1", inputs, live, new, ("a", "b"))
    # As trial/run_pairs.py shows two stored runs: one line a field, and no JSON of the state.
    texts = shown(server.requests[0].body["messages"])
    assert texts["inputs"] == "question: who?\ntier: free"
    assert texts["answer A"] == "cites: [1]\ntext: good Ada"
