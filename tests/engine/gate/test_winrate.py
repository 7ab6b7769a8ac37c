"""A judge's win rate in the gate: what it may do by its standing, and what its rows say, by their reasons."""

import json
from dataclasses import replace

import pytest

from seatrial.gate.merge import check
from seatrial.gate.policy import JudgeRule, KeyRule, Policy
from seatrial.reason import OnlyReported, Underpowered
from seatrial.report.data import gate_data, gate_json
from seatrial.report.read import report_of
from seatrial.report.view import view
from seatrial.segment import Guard
from seatrial.verdict import ReasonClass, Verdict
from seatrial.vote import (
    AnswersUnknown,
    ConstantAnswers,
    FamilyUnknown,
    Level,
    LicenceExpired,
    LicenceSuspended,
    NoLicence,
    OtherGraph,
    OtherModel,
    OtherVersion,
    SameFamily,
    ShortOfLicence,
    Standing,
    bar_sentence,
)
from seatrial.win_rate import Inconsistent, Loses, MayOnlyHold, NotShownToWin, NoVote, Unjudged, Wins

N = 120
FULL = Standing(Level.FULL, (), (0.95, 0.9, 0.98))
EXPIRED = Standing(Level.NONE, (LicenceExpired(12),))
FEW = Standing(Level.PROVISIONAL, (ShortOfLicence("labels", 60, 100),))
WIN, LOSE, EVEN = (1.0, 1.0, 1.0, 0.0), (0.0, 0.0, 0.0, 1.0), (1.0, 0.0)


@pytest.fixture
def gated(build):
    """`gated(free, pro, standing)` gates a candidate that answers as its baseline; scores of a judge repeat per segment."""

    def make(
        free=WIN,
        pro=WIN,
        found=FULL,
        *,
        critical=("tier=pro",),
        drop=0,
        only_judged=N,
        inconclusive="block",
        guards=(),
        **rule,
    ):
        rows = []
        for i in range(N):
            tier = "pro" if i % 2 else "free"
            common = {"example_id": f"e{i}", "segment.tier": tier}
            rows.append({**common, "version": "a", "score": 1.0})
            rows.append({**common, "version": "b", "score": 0.0 if i < drop else 1.0})
            scores = pro if i % 2 else free
            score = scores[(i // 2) % len(scores)] if i < only_judged else None
            known = {"score": score} if score is not None else {"outcome": "skipped", "error_kind": "outage"}
            rows.append({**common, "version": "b", "key": "winrate:helpful", **known, "judge": "helpful@1#ab"})
        policy = Policy(
            keys=(KeyRule("score"),), judges=(JudgeRule("helpful", **rule),), inconclusive=inconclusive, guards=guards
        )
        standings = {} if found is None else {"helpful": found}
        return check(build(rows), policy, baseline="a", candidate="b", critical=critical, standings=standings)

    return make


def row(report, segment="overall"):
    return next(f for f in report.findings if f.segment == segment and f.key == "winrate:helpful")


@pytest.mark.parametrize(
    ("free", "pro", "verdict", "kind"),
    [
        (WIN, WIN, Verdict.PASS, Wins),
        (WIN, LOSE, Verdict.FAIL, Loses),
        (WIN, EVEN, Verdict.INCONCLUSIVE, NotShownToWin),
        (LOSE, WIN, Verdict.INCONCLUSIVE, Wins),  # overall is even, and no segment but the critical one decides
    ],
)
def test_under_a_full_licence_the_critical_rows_decide(gated, free, pro, verdict, kind):
    report = gated(free, pro)
    assert report.verdict is verdict
    assert isinstance(row(report, "tier=pro").reasons[0], kind)
    assert row(report, "tier=free").verdict is None
    assert report.family_size == 3  # of the evaluator's rows alone: judges take no share of alpha


@pytest.mark.parametrize("scores", [WIN, LOSE, EVEN])
@pytest.mark.parametrize(
    ("found", "bar"),
    [
        (EXPIRED, LicenceExpired),
        (Standing(Level.NONE, (OtherVersion("helpful@1#ab", "helpful@2#cd"),)), OtherVersion),
        (Standing(Level.NONE, (ShortOfLicence("labels", 12, 100),)), ShortOfLicence),
        (None, NoLicence),
    ],
)
def test_a_judge_without_a_vote_is_shown_with_the_reason_and_counts_for_nothing(gated, scores, found, bar):
    report = gated(scores, scores, found)
    assert report.verdict is Verdict.PASS
    assert [type(one) for one in row(report, "tier=pro").reasons[:2]] == [NoVote, bar]
    assert any(text.startswith("judge helpful has no vote") for text in view(report).warnings)


@pytest.mark.parametrize(
    ("scores", "verdict", "kinds"),
    [(WIN, Verdict.PASS, [MayOnlyHold, Wins]), (LOSE, Verdict.INCONCLUSIVE, [Loses, MayOnlyHold])],
)
def test_a_provisional_judge_may_hold_and_neither_pass_nor_fail(gated, scores, verdict, kinds):
    report = gated(scores, scores, FEW)
    assert report.verdict is verdict
    assert [type(one) for one in row(report).reasons[:2]] == kinds


def test_a_drop_of_an_evaluator_fails_whatever_a_judge_prefers(gated):
    assert gated(WIN, WIN, drop=60).verdict is Verdict.FAIL


GREEN = {Verdict.FAIL: 0, Verdict.INCONCLUSIVE: 1, Verdict.PASS: 2}
NO_WIN = [ConstantAnswers(61, 120), AnswersUnknown(120, 120)]
BARS = [
    *NO_WIN,
    LicenceSuspended(7, 50),
    OtherGraph("desk", ("router",)),
    OtherModel("m-2", ("m-1",)),
    SameFamily(("openai",)),
    FamilyUnknown(),
]


@pytest.mark.parametrize("scores", [WIN, LOSE, EVEN])
@pytest.mark.parametrize("bar", BARS, ids=lambda bar: bar.kind)
def test_where_no_licence_is_required_a_further_bar_makes_no_gate_greener(gated, bar, scores):
    without = gated(scores, scores, None, require_licence=False).verdict
    assert without is (Verdict.PASS if scores is WIN else Verdict.INCONCLUSIVE)
    barred = Standing(Level.NONE, (NoLicence("helpful@1#ab"), bar))
    assert GREEN[gated(scores, scores, barred, require_licence=False).verdict] <= GREEN[without]


@pytest.mark.parametrize("bar", NO_WIN, ids=lambda bar: bar.kind)
@pytest.mark.parametrize("level", [Level.FULL, Level.PROVISIONAL])
@pytest.mark.parametrize("scores", [WIN, LOSE, EVEN])
def test_what_the_answers_bar_is_a_win_and_never_a_loss(gated, bar, level, scores):
    without = gated(scores, scores, Standing(level)).verdict
    report = gated(scores, scores, Standing(level, (bar,)), inconclusive="pass")
    assert report.verdict is (Verdict.INCONCLUSIVE if scores is WIN else without)
    assert report.reason_class is {WIN: ReasonClass.INVALID, EVEN: ReasonClass.UNDERPOWERED}.get(
        scores, None if level is Level.FULL else ReasonClass.INVALID
    )
    if scores is WIN:
        assert bar_sentence(bar) in row(report).reason
    if scores is not EVEN:
        assert report.exit_code == (1 if report.verdict is Verdict.FAIL else 2)  # what is invalid is never let through


def test_a_loss_that_a_judge_may_only_hold_is_not_let_through_as_missing(gated):
    report = gated(LOSE, LOSE, FEW, inconclusive="pass")
    assert (report.verdict, report.reason_class, report.exit_code) == (Verdict.INCONCLUSIVE, ReasonClass.INVALID, 2)


def test_a_judge_that_follows_the_order_of_the_answers_decides_nothing(gated):
    report = gated(LOSE, LOSE, Standing(Level.FULL, (), (0.3, 0.2, 0.4)))
    assert (report.verdict, report.reason_class) == (Verdict.INCONCLUSIVE, ReasonClass.INVALID)
    assert row(report).reasons[0] == Inconsistent(0.3, 0.7)


@pytest.mark.parametrize("judged", [0, 60])
def test_examples_without_a_verdict_are_missing_and_never_left_out(gated, judged):
    report = gated(only_judged=judged)
    assert (report.verdict, report.reason_class) == (Verdict.INCONCLUSIVE, ReasonClass.OUTAGE)
    found = row(report).reasons[0]
    assert (type(found), found.missing, found.planned) == (Unjudged, N - judged, N)


def test_a_critical_segment_may_be_not_worse_where_the_rule_says_so(gated):
    even = (1.0, 0.0) * 30
    assert gated(WIN, even).verdict is Verdict.INCONCLUSIVE
    rule = {"ship_rule": "superior_overall_noninferior_critical", "margin": 0.2}
    assert gated((1.0,), even, **rule).verdict is Verdict.PASS
    assert gated((1.0,), (0.0,) * 3 + (1.0,), **rule).verdict is Verdict.FAIL


@pytest.mark.parametrize("found", [FULL, FEW])
@pytest.mark.parametrize(
    ("pro", "thin", "verdict", "kinds"),
    [
        (WIN, "report", Verdict.PASS, [Wins, OnlyReported]),
        (EVEN, "report", Verdict.PASS, [NotShownToWin, OnlyReported]),
        (LOSE, "report", Verdict.FAIL, [Loses]),
        (WIN, None, Verdict.INCONCLUSIVE, [Underpowered, Wins]),
        (EVEN, None, Verdict.INCONCLUSIVE, [Underpowered, NotShownToWin]),
        (LOSE, None, Verdict.FAIL, [Loses]),
    ],
)
def test_a_critical_segment_is_as_large_as_its_dimension_asks_or_only_reported(gated, pro, thin, verdict, kinds, found):
    # 60 examples of a segment that is to have 100.
    report = gated((1.0,), pro, found, guards=(Guard("tier", 100, thin),))
    if found is FEW and verdict is Verdict.FAIL:
        verdict = Verdict.INCONCLUSIVE
    assert report.verdict is verdict
    kept = (Wins, NotShownToWin, Loses, OnlyReported, Underpowered)
    assert [type(one) for one in row(report, "tier=pro").reasons if isinstance(one, kept)] == kinds


def test_an_unchanged_candidate_passes_and_its_win_rate_is_only_reported(build):
    rows = [
        {"example_id": f"e{i}", "version": version, "score": 1.0, "output_hash": f"h{i}"}
        for i in range(30)
        for version in "ab"
    ]
    ties = [{"example_id": f"e{i}", "version": "b", "key": "winrate:helpful", "score": 0.5} for i in range(30)]
    policy = Policy(keys=(KeyRule("score"),), judges=(JudgeRule("helpful"),))
    report = check(build(rows + ties), policy, baseline="a", candidate="b", standings={"helpful": FULL})
    assert (report.verdict, report.unchanged) == (Verdict.PASS, True)
    assert row(report).verdict is None


def test_win_rates_are_no_keys_that_gate_where_every_key_does(build, pairs):
    rates = [
        {"example_id": f"x-{i}", "version": "b", "key": "winrate:helpful", "score": 0.0, "segment.t": "x"}
        for i in range(40)
    ]
    rows = pairs({"x": (40, 0, 0, 0)})
    alone, beside = (check(build(one), Policy(), baseline="a", candidate="b") for one in (rows, rows + rates))
    assert (alone.verdict, alone.findings) == (beside.verdict, beside.findings)
    assert {f.key for f in beside.reported} == {"winrate:helpful"}


def test_the_report_names_what_decides_a_win_rate_that_nobody_can_tell(gated):
    shown = view(gated(pro=(1.0, 1.0, 1.0, 0.0, 0.0)))
    assert "winrate:helpful" in shown.headline
    assert "seatrial judge pairwise a b --judge helpful" in shown.todo
    data = gate_data(gated(WIN, LOSE))
    assert data["judges"] == {
        "helpful": {"level": "full", "reasons": [], "consistency": [0.95, 0.9, 0.98], "floor": 0.7}
    }
    assert data["reason"].startswith("1 of 6 rows failed; first tier=pro · winrate:helpful: wins 25.0 %")


@pytest.mark.parametrize("found", [FULL, EXPIRED, FEW])
def test_what_a_judge_was_allowed_to_do_comes_back_from_the_json(gated, found):
    report = gated(LOSE, LOSE, found)
    back = report_of(json.loads(gate_json(gate_data(report))), "gate.json")
    assert back.standings == {"helpful": replace(found, floor=0.7)}
    kinds = [[[one.kind for one in f.reasons] for f in one.findings] for one in (back, report)]
    assert kinds[0] == kinds[1]
