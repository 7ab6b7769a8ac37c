"""The order of checks and rules, and that every kind of reason has a sentence and goes through JSON."""

from typing import get_args

import pytest

from seatrial import reason as kind
from seatrial import vote, win_rate
from seatrial.errors import ConfigError
from seatrial.gate.check import CHECKS
from seatrial.gate.merge import check
from seatrial.gate.policy import KeyRule, Policy
from seatrial.gate.row_rules import ROW_RULES
from seatrial.gate.sentence import sentence
from seatrial.reason import reason_data, reason_of
from seatrial.report.data import gate_data
from seatrial.verdict import State, Verdict

EVERY = (
    kind.Unchanged(),
    kind.Thin(3, 20),
    kind.OnlyReported(3, 20),
    kind.Dropped(0.001, 0.01, 0.05),
    kind.Underpowered(20, 33, 0.2, 0.3),
    kind.NotShown(20, 33, 0.2, 0.24, planned=40, planned_at=0.1, own=True),
    kind.Shown(0.2, 0.11),
    kind.Unmeasured("candidate", "unparsed", 3, 60, "no verdict", outage=True, provider=3),
    kind.NotProven(-0.1, 4, 40, 0.04, 0.2),
    kind.Better(),
    kind.NoDrop(0.5),
    kind.Reported(),
    kind.NewHit(6, ("a", "b"), (("t=x", 4), ("u=de", 6))),
    kind.UnclearHit(2),
    kind.UnseenHit(2),
    kind.NothingScored(),
    kind.NoNewHit(),
    kind.Grew(0.001, 0.005),
    kind.WithinMargin(0.5, 0.005),
    kind.OverCeiling("mean", 0.03, 0.02, 0.025, proven=True, level=0.05),
    kind.FewRatios(3, 0.5),
    kind.NotInterleaved(),
    kind.ContractBroken(),
    kind.ContractHolds(),
    kind.ContractUnsteady("baseline"),
    kind.FewRuns(("baseline", "candidate"), 3),
    kind.NewContract(passed=False),
    kind.NotBetter(0.2),
    kind.SmallDrop(0.001, 0.05, 0.002, 0.01),
    kind.BelowFloor(0.4, 0.95, 0.51, proven=True, level=0.05, baseline=0.4),
    kind.FlipRate(0.2, 0.05, single=False),
    kind.Pooled(3),
    kind.JointLevel(4_000, too_large=False),
    kind.TippingPoint(4, 5),
    kind.Fresh(3, 0.2),
    kind.Answers(58, 60),
    kind.Increase("median", 0.12, 0.1, 60, 2),
    kind.Passes((3, 3), (0, 3)),
    vote.NoLicence("helpful@1#ab"),
    vote.LicenceExpired(12),
    vote.LicenceNotBegun(12),
    vote.LicenceSuspended(7, 50),
    vote.ConstantAnswers(60, 80),
    vote.AnswersUnknown(60, 80),
    vote.OtherVersion("helpful@1#ab", "helpful@2#cd", prompt=True),
    vote.OtherModel("m-2", ("m-1",)),
    vote.OtherGraph("desk", ("router",)),
    vote.SameFamily(("openai",)),
    vote.FamilyUnknown(of_judge=True),
    vote.ShortOfLicence("labels", 60, 100),
    win_rate.NoVote(),
    win_rate.MayOnlyHold(),
    win_rate.Wins(0.5),
    win_rate.Loses(0.001, 0.025),
    win_rate.NotShownToWin(0.5, 40, 120, 33),
    win_rate.Unjudged(30, 100, 0.35, 0.65, outage=True),
    win_rate.Inconsistent(0.0, 0.7),
    win_rate.WinRate(0.6, 0.5, 0.7, 100, 55, 10, 35),
)


def test_the_checks_run_in_this_order():
    assert [one.__name__ for one in CHECKS] == [
        "score_family",
        "zero_tolerance",
        "measurements",
        "contracts",
        "win_rates",
    ]


def test_the_first_row_rule_that_matches_decides_in_this_order():
    names = [
        "dropped",
        "under_floor",
        "floor_unmeasured",
        "thin",
        "too_few_critical",
        "unshown",
        "too_few",
        "unmeasured",
        "unshown_better",
    ]
    names += ["small_drop", "near_floor", "suspicious", "only_reported", "better", "no_drop"]
    assert [rule.__name__ for rule in ROW_RULES] == names


def test_a_drop_decides_before_a_segment_that_is_too_small(build, pairs):
    report = check(
        build(pairs({"x": (2, 8, 0, 0), "y": (90, 0, 0, 0)})), Policy(), baseline="a", candidate="b", critical=["t=x"]
    )
    (x,) = [f for f in report.findings if f.segment == "t=x"]
    assert (x.state, type(x.reasons[0])) == (State.BLOCKS, kind.Dropped)


@pytest.mark.parametrize("reason", EVERY, ids=lambda one: one.kind)
def test_every_reason_is_read_back_from_its_json_and_has_a_sentence(reason):
    assert reason_of(reason_data(reason)) == reason
    assert sentence(reason)


def test_no_kind_of_reason_is_left_out_here():
    assert {type(one) for one in EVERY} == set(get_args(kind.Reason))
    assert len({one.kind for one in EVERY}) == len(EVERY)


def test_json_carries_the_reason_of_every_row_as_data(build, pairs):
    rows = pairs({"x": (10, 0, 0, 0), "y": (60, 9, 0, 0), "z": (5, 0, 0, 0)})
    data = gate_data(check(build(rows), Policy(), baseline="a", candidate="b", critical=["t=x"]))
    kinds = {row["segment"]: row["reasons"][0]["kind"] for row in (data["overall"], *data["segments"])}
    assert kinds == {"overall": "dropped", "t=x": "not_shown", "t=y": "dropped", "t=z": "thin"}
    (x,) = [row for row in data["segments"] if row["segment"] == "t=x"]
    # (1 + 1.8125) / 11
    assert x["reasons"][0] == {
        "kind": "not_shown",
        "n": 10,
        "needs": 13,
        "rules_out": 0.2,
        "at_most": pytest.approx(2.8125 / 11, abs=1e-4),
        "baseline": None,
        "planned": 21,
        "planned_at": 0.05,
        "own": False,
    }


def identical(rows, hashes):
    return [
        {**row, "output_hash": row["example_id"], "dataset_hash": hashes[row["version"]], "dataset": "d"}
        for row in rows
    ]


def test_unchanged_is_decided_before_two_dataset_hashes_are_refused(build, pairs):
    rows = identical(pairs({"x": (30, 0, 0, 5)}), {"a": "h1", "b": "h2"})
    report = check(build(rows), Policy(), baseline="a", candidate="b")
    assert (report.verdict, report.unchanged) == (Verdict.PASS, True)
    # and the difference is named all the same
    assert any("dataset_hash differs" in reported for reported in report.warnings)


def test_one_identical_example_is_unchanged(build, pairs):
    rows = identical(pairs({"x": (1, 0, 0, 0)}), {"a": "h", "b": "h"})
    assert check(build(rows), Policy(), baseline="a", candidate="b").unchanged


def with_verdicts(pairs):
    """Rows of both versions, and a judge's win rate, which only the candidate has."""
    rows = pairs({"x": (30, 0, 0, 5)})
    return [*rows, *({**row, "key": "winrate:helpful", "score": 0.0} for row in rows if row["version"] == "b")]


def test_a_win_rate_is_not_among_every_key(build, pairs):
    found = check(build(with_verdicts(pairs)), Policy(), baseline="a", candidate="b")
    bare = check(build(pairs({"x": (30, 0, 0, 5)})), Policy(), baseline="a", candidate="b")
    assert (found.verdict, found.family_size) == (bare.verdict, bare.family_size)
    assert {row.key for row in (found.overall, *found.segments)} == {"score"}


def test_a_win_rate_as_a_gating_key_is_refused(build, pairs):
    policy = Policy(keys=(KeyRule("winrate:helpful"),))
    with pytest.raises(ConfigError, match="win rate against 1/2"):
        check(build(with_verdicts(pairs)), policy, baseline="a", candidate="b")
