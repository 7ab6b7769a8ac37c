"""One owner of alpha: what a decision spends is what every surface states."""

from dataclasses import astuple

import pytest

from seatrial.gate.budget import Budget
from seatrial.gate.merge import check
from seatrial.gate.policy import KeyRule, MeasureRule, Policy
from seatrial.report.data import gate_data
from seatrial.report.view import view

MEASURES = (MeasureRule("input_tokens", 0.1),)


@pytest.mark.parametrize(
    ("policy", "anchored", "total", "family", "measures", "anchor"),
    [
        (Policy(), False, 0.05, 0.05, 0, 0),
        (Policy(), True, 0.05, 0.04, 0, 0.01),
        (Policy(measures=MEASURES), False, 0.05, 0.045, 0.005, 0),
        # .05 x .8 = .04 for the merge, a tenth of it for the measurements
        (Policy(measures=MEASURES), True, 0.05, 0.036, 0.004, 0.01),
        (Policy(shared_change=5), False, 0.01, 0.01, 0, 0),
        (Policy(alpha=0.1, shared_change=5, measures=MEASURES), True, 0.02, 0.0144, 0.0016, 0.004),
    ],
)
def test_every_part_of_alpha_has_its_share(policy, anchored, total, family, measures, anchor):
    budget = Budget.of(policy, anchored=anchored)
    assert astuple(budget) == pytest.approx((total, family, measures, anchor))
    assert budget.family + budget.measures + budget.anchor == pytest.approx(budget.total)


def test_the_anchor_spends_its_part_on_score_rows_alone():
    assert astuple(Budget.of(Policy(measures=MEASURES), anchored=True).of_anchor) == pytest.approx((0.01, 0.01, 0, 0))


def test_a_shared_change_states_what_one_graph_spends(build, pairs):
    rows = [{**row, "input_tokens": 10} for row in pairs({"x": (30, 0, 0, 0), "y": (30, 0, 0, 0)})]
    policy = Policy(shared_change=5, keys=(KeyRule("score"),), measures=MEASURES)
    report = check(build(rows), policy, baseline="a", candidate="b")
    spent = sum(f.alpha_row or 0 for f in report.findings)
    spent += sum(f.threshold or 0 for f in report.findings if f.key == "input_tokens")
    assert report.alpha == pytest.approx(spent) == pytest.approx(0.01)
    assert gate_data(report)["alpha"] == pytest.approx(0.01)
    assert view(report).error_rate.startswith("≤ 1 % false block")
