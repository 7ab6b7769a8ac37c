"""How alpha is shared: fixed shares per key and class, and never more than all of it."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from seatrial.gate.family import key_weights
from seatrial.gate.merge import check
from seatrial.gate.policy import KeyRule, MeasureRule, Policy, Weights


def alphas(report, key="score"):
    return {f.segment: f.alpha_row for f in report.findings if f.key == key}


def test_the_primary_key_takes_six_tenths_and_the_others_share_the_rest():
    rules = [KeyRule("p", primary=True), KeyRule("q"), KeyRule("r"), KeyRule("z", zero_tolerance=True)]
    assert key_weights(rules) == pytest.approx({"p": 0.6, "q": 0.2, "r": 0.2})


def test_a_single_key_takes_everything_and_keys_without_a_primary_share_equally():
    assert key_weights([KeyRule("p", primary=True)]) == {"p": 1.0}
    assert key_weights([KeyRule("p", primary=True), KeyRule("z", zero_tolerance=True)]) == {"p": 1.0}
    assert key_weights([KeyRule("p"), KeyRule("q"), KeyRule("r"), KeyRule("s")]) == dict.fromkeys("pqrs", 0.25)
    assert key_weights([KeyRule("z", zero_tolerance=True)]) == {}


def test_five_keys_on_twelve_segments_spend_exactly_alpha(build, pairs):
    sizes = {f"s{i}": (20 + i, 0, 0, 1) for i in range(12)}
    rows = [row for key in "pqrst" for row in pairs(sizes, key=key)]
    policy = Policy(keys=(KeyRule("p", primary=True), *(KeyRule(k) for k in "qrst")))
    report = check(build(rows), policy, baseline="a", candidate="b", critical=["t=s0", "t=s1"])
    assert report.family_size == 5 * 13
    assert sum(f.alpha_row for f in report.findings) == pytest.approx(0.05)
    # primary .6, others .4 / 4 = .1; overall .2, two critical share .5, ten others share .3
    assert alphas(report, "p")["overall"] == pytest.approx(0.05 * 0.6 * 0.2)
    assert alphas(report, "p")["t=s0"] == pytest.approx(0.05 * 0.6 * 0.5 / 2)
    assert alphas(report, "p")["t=s7"] == pytest.approx(0.05 * 0.6 * 0.3 / 10)
    assert alphas(report, "q")["t=s7"] == pytest.approx(0.05 * 0.1 * 0.3 / 10)


@pytest.mark.parametrize(
    ("sizes", "critical", "expected"),
    [
        # no segments at all is asked elsewhere; no critical: .2 / .8
        ({"x": 30, "y": 30}, [], {"overall": 0.2, "t=x": 0.4, "t=y": 0.4}),
        # no rest: .2 / .8
        ({"x": 30, "y": 30}, ["t"], {"overall": 0.2, "t=x": 0.4, "t=y": 0.4}),
        ({"x": 30, "y": 30}, ["t=x"], {"overall": 0.2, "t=x": 0.5, "t=y": 0.3}),
        # a thin row leaves before looking, its weight goes to its class
        ({"x": 30, "y": 30, "z": 19}, ["t=x"], {"overall": 0.2, "t=x": 0.5, "t=y": 0.3, "t=z": None}),
        # min_n itself is not thin
        ({"x": 30, "y": 30, "z": 20}, ["t=x"], {"overall": 0.2, "t=x": 0.5, "t=y": 0.15, "t=z": 0.15}),
        # a class of thin rows only leaves its share to the other segment class
        ({"x": 30, "z": 19}, ["t=x"], {"overall": 0.2, "t=x": 0.8, "t=z": None}),
        # a critical row never leaves
        ({"x": 3, "y": 30}, ["t=x"], {"overall": 0.2, "t=x": 0.5, "t=y": 0.3}),
        # all thin: overall takes all
        ({"x": 19, "y": 19}, [], {"overall": 1.0, "t=x": None, "t=y": None}),
    ],
)
def test_a_class_without_rows_and_a_thin_row_leave_their_share_to_others(build, pairs, sizes, critical, expected):
    rows = pairs({name: (n, 0, 0, 0) for name, n in sizes.items()})
    report = check(build(rows), Policy(), baseline="a", candidate="b", critical=critical)
    shares = {name: None if a is None else a / 0.05 for name, a in alphas(report).items()}
    assert shares == pytest.approx(expected)


def test_without_segments_overall_takes_all(build):
    rows = [{"example_id": str(i), "version": v, "score": 1.0} for i in range(30) for v in "ab"]
    report = check(build(rows), Policy(), baseline="a", candidate="b")
    assert alphas(report) == pytest.approx({"overall": 0.05})


def test_the_policys_own_weights_and_measurements_reach_the_rows(build, pairs):
    rows = [{**row, "input_tokens": 10} for row in pairs({"x": (30, 0, 0, 0), "y": (30, 0, 0, 0)})]
    policy = Policy(
        alpha=0.1,
        weights=Weights(0.2, 0.7, 0.1),
        keys=(KeyRule("score"),),
        measures=(MeasureRule("input_tokens", 0.1),),
        shared_change=2,
    )
    report = check(build(rows), policy, baseline="a", candidate="b", critical=["t=x"])
    # .1 / 2 graphs x .9 beside the measurement
    assert alphas(report) == pytest.approx({"overall": 0.045 * 0.2, "t=x": 0.045 * 0.7, "t=y": 0.045 * 0.1})
    assert next(f for f in report.findings if f.key == "input_tokens").threshold == pytest.approx(0.005)


@given(
    sizes=st.lists(st.integers(1, 40), min_size=1, max_size=6),
    critical=st.sets(st.integers(0, 5)),
    keys=st.integers(1, 3),
    primary=st.booleans(),
)
@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_the_segments_all_of_alpha_is_spent_and_no_more(build, pairs, sizes, critical, keys, primary):
    names = [f"k{i}" for i in range(keys)]
    counts = {f"s{i}": (n, 0, 0, 1) for i, n in enumerate(sizes)}
    rows = [row for key in names for row in pairs(counts, key=key)]
    policy = Policy(keys=tuple(KeyRule(name, primary=primary and name == "k0") for name in names))
    critical_values = [f"t=s{i}" for i in critical if i < len(sizes)]
    report = check(build(rows), policy, baseline="a", candidate="b", critical=critical_values)
    assert sum(f.alpha_row or 0.0 for f in report.findings) == pytest.approx(0.05)
    assert all(f.alpha_row is None or f.alpha_row > 0 for f in report.findings)
