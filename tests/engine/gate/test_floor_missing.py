"""A floor holds what was not measured, and nothing that a policy names and the evidence lacks passes unheard."""

import pytest

from seatrial.errors import ConfigError
from seatrial.gate.merge import check
from seatrial.gate.policy import KeyRule, Policy
from seatrial.gate.thresholds import SegmentRule
from seatrial.verdict import Verdict


def rows(free, missing, score=1.0, n=300, wrong=0):
    """`n` examples, `free` of them `tier=free`, of which the candidate lacks the first `missing` and both fail the last `wrong`."""
    for i in range(n):
        tier = "free" if i < free else "pro"
        for version in "xy":
            lacks = version == "y" and i < missing
            yield {
                "example_id": f"e{i:03}",
                "version": version,
                "key": "k",
                "repetition": 0,
                "outcome": "evaluator_error" if lacks else "scored",
                "score": None if lacks else 0.0 if free - wrong <= i < free else (score if tier == "free" else 1.0),
                "segment.tier": tier,
            }


def judged(build, *given, segment="tier=free", rule="proven", floor=0.9, tolerance=0.02, **options):
    limits = (SegmentRule(segment, floor=floor, floor_rule=rule),)
    policy = Policy(keys=(KeyRule("k", primary=True, segments=limits),), missing_tolerance=tolerance)
    return check(build(list(rows(*given, **options))), policy, baseline="x", candidate="y")


@pytest.mark.parametrize("rule", ["proven", "observed"])
@pytest.mark.parametrize("free", [10, 25], ids=["thin", "in the family"])
def test_a_floor_of_a_segment_that_was_not_measured_cannot_be_told(build, free, rule):
    report = judged(build, free, free, rule=rule)
    assert (report.verdict, report.reason_class) == (Verdict.INCONCLUSIVE, "missing")
    assert "tier=free" in report.reason


def test_scores_that_are_missing_do_not_lift_a_segment_over_its_floor(build):
    # 100 examples, 20 of them unmeasured: at the worst case 80 of 100, of which Clopper-Pearson's upper bound at .05 is .86
    assert judged(build, 100, 20).verdict is Verdict.INCONCLUSIVE
    # one of 100 is within missing_tolerance (.02), and 99 of 100 would not be under the floor
    assert judged(build, 100, 1).verdict is Verdict.PASS
    assert judged(build, 100, 0, score=0.0).verdict is Verdict.FAIL


def test_the_worst_case_of_what_is_missing_decides_and_not_one_example_more(build):
    # Clopper-Pearson at .05: 90 of 100 are at most .9447, 91 at most .9523. No drop hides in so few: the floor alone asks.
    two, one = (judged(build, 100, missing, floor=0.95, tolerance=0.0, wrong=8) for missing in (2, 1))
    assert (two.verdict, one.verdict) == (Verdict.INCONCLUSIVE, Verdict.PASS)
    assert "tier=free" in two.reason


def test_a_floor_on_a_segment_that_is_not_there_is_refused(build):
    with pytest.raises(ConfigError, match=r"tier=fre.*tier has: free, pro"):
        judged(build, 25, 0, segment="tier=fre")
    with pytest.raises(ConfigError, match=r"no dimension 'plan'; it has: tier"):
        judged(build, 25, 0, segment="plan=free")
