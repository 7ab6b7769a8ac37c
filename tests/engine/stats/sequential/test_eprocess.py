"""The block e-process: its published block, its expectation by enumeration, its error under looking, its two forms."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import special

from seatrial.stats.interval import CannotTell
from seatrial.stats.sequential.asymptotic import half_width, tuned_rho
from seatrial.stats.sequential.eprocess import START, Path, State, blocks, combine, first_alarm, run, update
from seatrial.stats.sequential.nearest import nearest, nearest_array

counts = st.integers(0, 5)
block = st.tuples(counts, counts, counts, counts)
margins = st.sampled_from([0.0, 0.02, 0.1, 0.3])
SHRUNK = ("not_worse", "shrunk")
claims = st.sampled_from([("worse", "separate"), ("not_worse", "separate"), SHRUNK])


def outcomes(n_c, n_b):
    """Every result of a block with the number of ways it can come about."""
    for c, b in itertools.product(range(n_c + 1), range(n_b + 1)):
        yield (c, n_c - c, b, n_b - b), math.comb(n_c, c) * math.comb(n_b, b)


def mean_e(n_c, n_b, length, p_c, p_b, margin, *claim):
    """E[E] after `length` blocks, by walking every path; paths with the same state are walked together."""
    level = {START: 1.0}
    for _ in range(length):
        following = {}
        for state, weight in level.items():
            for result, ways in outcomes(n_c, n_b):
                chance = ways * p_c ** result[0] * (1 - p_c) ** result[1] * p_b ** result[2] * (1 - p_b) ** result[3]
                new = update(state, *result, margin, *claim)
                following[new] = following.get(new, 0.0) + weight * chance
        level = following
    return sum(weight * math.exp(state.log_e) for state, weight in level.items())


def test_evalue_block_of_the_published_rates():
    # case evalue.block: theta_c .85, theta_b .95, n_c 1, n_b 9 -> theta_0 = (.85 + 9 x .95) / 10 = .94.
    # With n units seen, (good + .18) / (n + .36) is .85 and .95 for fractional goods; the factor is a pure function of them.
    n = 1000
    before = State(
        0.0,
        0.85 * (n + 0.36) - 0.18,
        n - 0.85 * (n + 0.36) + 0.18,
        0.95 * (n + 0.36) - 0.18,
        n - 0.95 * (n + 0.36) + 0.18,
    )
    # E(fail, 9 ok) = (.15 / .06) (.95 / .94)^9, E(ok, 9 ok) = (.85 / .94) (.95 / .94)^9
    assert math.exp(update(before, 0, 1, 9, 0).log_e) == pytest.approx(2.7498042197, abs=1e-8)
    assert math.exp(update(before, 1, 0, 9, 0).log_e) == pytest.approx(0.9946100357, abs=1e-8)


@pytest.mark.parametrize(("n_c", "n_b", "length"), [(1, 1, 4), (1, 3, 3), (2, 2, 2), (3, 1, 2)])
@pytest.mark.parametrize("margin", [0.0, 0.1, 0.5])
def test_e_is_at_most_one_on_average_wherever_the_null_holds(n_c, n_b, length, margin):
    grid = (0.0, 0.05, 0.3, 0.5, 0.8, 0.95, 1.0)
    for p_c, p_b in itertools.product(grid, grid):
        if p_c >= p_b - margin:
            assert mean_e(n_c, n_b, length, p_c, p_b, margin, "worse") <= 1 + 1e-9
        if p_c <= p_b - margin:
            assert mean_e(n_c, n_b, length, p_c, p_b, margin, "not_worse") <= 1 + 1e-9
            assert mean_e(n_c, n_b, length, p_c, p_b, margin, *SHRUNK) <= 1 + 1e-9


def test_e_grows_on_average_where_the_claim_is_true():
    assert mean_e(1, 1, 6, 0.1, 0.95, 0.0, "worse") > 1.5
    assert mean_e(1, 1, 6, 0.95, 0.9, 0.5, "not_worse") > 1.5
    assert mean_e(1, 1, 6, 0.9, 0.9, 0.5, *SHRUNK) > 1.5


@given(st.floats(0.001, 0.999), st.floats(0.001, 0.999), st.integers(1, 9), st.integers(1, 99), st.floats(-0.9, 0.9))
@settings(max_examples=150, deadline=None)
def test_the_nearest_point_of_the_null_is_where_halving_finds_it(t_c, t_b, n_c, n_b, margin):
    if t_c >= t_b - margin - 1e-6 or abs(margin) < 1e-6:
        return
    low, high = max(t_c, -margin), min(t_b - margin, 1.0)
    for _ in range(100):
        q = (low + high) / 2
        pull = n_c * (t_c - q) / (q * (1 - q)) + n_b * (t_b - q - margin) / ((q + margin) * (1 - q - margin))
        low, high = (q, high) if pull > 0 else (low, q)
    assert nearest(t_c, t_b, n_c, n_b, margin) == pytest.approx(low, abs=1e-8)
    arrays = [np.array([float(v)]) for v in (t_c, t_b, n_c, n_b)]
    assert nearest_array(*arrays, margin)[0] == pytest.approx(nearest(t_c, t_b, n_c, n_b, margin), abs=1e-12)


@given(st.lists(block, max_size=30), margins, claims)
@settings(max_examples=60, deadline=None)
def test_streamed_equals_vectorised(rows, margin, claim):
    state, path = START, []
    for row in rows:
        state = update(state, *row, margin, *claim)
        path.append(state.log_e)
    found = run(*np.array(rows).reshape(-1, 4).T, START, margin, *claim)
    assert found.log_e == pytest.approx(np.array(path), abs=1e-9)
    assert found.state == pytest.approx(state, abs=1e-9)


@given(st.lists(block, min_size=2, max_size=30), st.integers(0, 30), margins, claims)
@settings(max_examples=40, deadline=None)
def test_a_run_resumes_where_it_stopped(rows, cut, margin, claim):
    columns = np.array(rows).T
    complete = run(*columns, START, margin, *claim)
    first = run(*columns[:, :cut], START, margin, *claim)
    rest = run(*columns[:, cut:], first.state, margin, *claim)
    assert np.concatenate([first.log_e, rest.log_e]) == pytest.approx(complete.log_e, abs=1e-9)
    assert rest.state == pytest.approx(complete.state, abs=1e-9)


@given(st.lists(block, min_size=1, max_size=20))
@settings(max_examples=40, deadline=None)
def test_without_a_margin_worse_with_the_arms_swapped_is_not_worse(rows):
    cg, cb, bg, bb = np.array(rows).T
    assert run(cg, cb, bg, bb, evidence="not_worse").log_e == pytest.approx(run(bg, bb, cg, cb).log_e, abs=1e-9)


@given(st.lists(block, min_size=1, max_size=20), margins)
@settings(max_examples=40, deadline=None)
def test_one_canary_failure_instead_of_a_success_never_weakens_the_evidence_of_its_block(rows, margin):
    state = run(*np.array(rows).T, margin=margin).state
    assert update(state, 0, 1, 4, 0, margin).log_e >= update(state, 1, 0, 4, 0, margin).log_e - 1e-12


def test_estimates_inside_the_null_bet_nothing():
    state = State(1.5, 90, 10, 80, 20)
    assert update(state, 0, 1, 1, 0).log_e == 1.5
    # 85 % against 90 % lies within ten points
    assert update(State(0.0, 85, 15, 90, 10), 0, 1, 1, 0, 0.1).log_e == 0.0


def test_a_block_without_one_of_the_arms_counts_but_bets_nothing():
    state = State(0.7, 50, 50, 90, 10)
    assert update(state, 0, 0, 3, 1) == State(0.7, 50, 50, 93, 11)


def test_sign_a_worse_canary_is_stopped_and_a_better_one_is_not():
    rng = np.random.default_rng(11)
    control = rng.random(18_000) < 0.9
    worse, better = rng.random(2_000) < 0.8, rng.random(2_000) < 0.97
    assert first_alarm(run(*blocks(worse, control, 1, 9)).log_e, 0.05) is not None
    assert first_alarm(run(*blocks(better, control, 1, 9)).log_e, 0.05) is None
    cleared = run(*blocks(better, control, 1, 9), margin=0.02, evidence="not_worse").log_e
    assert first_alarm(cleared, 0.05) is not None
    kept = run(*blocks(worse, control, 1, 9), margin=0.02, evidence="not_worse").log_e
    assert first_alarm(kept, 0.05) is None


@pytest.mark.parametrize(
    ("margin", "claim", "canary"), [(0, ("worse",), 0.95), (0.05, ("not_worse",), 0.9), (0.05, SHRUNK, 0.9)]
)
def test_looking_after_every_block_keeps_the_error(margin, claim, canary):
    # 1,000 runs of 1,000 blocks 1 : 9 on the null's edge, alpha .05; Ville: share <= .05; band z = 3.29 of a share at .05: .023
    rng = np.random.default_rng(3)
    good_c = (rng.random((1_000, 1_000)) < canary).astype(float)
    good_b = rng.binomial(9, 0.95, (1_000, 1_000)).astype(float)
    log_e = run(good_c, 1 - good_c, good_b, 9 - good_b, START, margin, *claim).log_e
    crossed = float((log_e.max(axis=1) >= math.log(20)).mean())
    assert crossed <= 0.05 + 0.023


@pytest.mark.slow
@pytest.mark.parametrize(
    ("rate", "share", "margin", "size"),
    [
        (0.68, 0.25, 0.05, 40),
        (0.95, 0.1, 0.05, 100),
        (0.95, 0.5, 0.03, 40),
        (0.98, 0.1, 0.02, 100),
        (0.5, 0.5, 0.1, 20),
    ],
)
def test_shrunk_estimates_show_a_candidate_that_is_worse_by_the_margin_in_at_most_alpha(rate, share, margin, size):
    # 10,000 runs of 600 blocks; Ville: share <= .05; band z = 3.29 of a share at .05: .0072. Measured .036 to .045 (decision 019).
    rng, crossed = np.random.default_rng(4), 0
    for _ in range(10):
        n_c = rng.binomial(size, share, (1_000, 600))
        good_c, good_b = rng.binomial(n_c, rate - margin), rng.binomial(size - n_c, rate)
        path = run(good_c, n_c - good_c, good_b, size - n_c - good_b, START, margin, *SHRUNK).log_e
        crossed += int((path.max(axis=1) >= math.log(20)).sum())
    assert crossed / 10_000 <= 0.05 + 0.0072


def test_margins_need_the_planned_number_of_canary_units():
    # no difference at .95, margin .10: published 75 canary units in the median to advance; blocks 1 : 9, threshold 20.
    # 400 runs; the sample median of such times has a standard error near 4
    rng = np.random.default_rng(8)
    good_c = (rng.random((400, 400)) < 0.95).astype(float)
    good_b = rng.binomial(9, 0.95, (400, 400)).astype(float)
    log_e = run(good_c, 1 - good_c, good_b, 9 - good_b, margin=0.1, evidence="not_worse").log_e
    hit = log_e >= math.log(20)
    times = np.where(hit.any(axis=1), hit.argmax(axis=1) + 1, 10**6)
    assert float(np.median(times)) == pytest.approx(75, abs=3.29 * 4)


def test_blocks_are_cut_in_order_and_the_rest_waits():
    found = blocks([1, 0, 1, 1, 1], [1, 1, 0, 0], 2, 1)
    # canary 10 | 11 | (1 waits), control 1 | 1 | (0 0 wait)
    assert found.tolist() == [[1, 2], [1, 0], [1, 1], [0, 0]]
    assert blocks([], []).shape == (4, 0)
    with pytest.raises(ValueError, match="0 or 1"):
        blocks([0.5], [1])
    with pytest.raises(ValueError, match="whole number"):
        blocks([1], [1], 0, 1)


def test_an_empty_run_leaves_the_state_alone():
    state = State(0.4, 1, 2, 3, 4)
    found = run([], [], [], [], state)
    assert isinstance(found, Path)
    assert (found.log_e.tolist(), found.state) == ([], state)


def test_combining_is_the_fixed_weight_mean():
    # (8 + 2) / 2 = 5; .2 x 8 + .3 x 2 + .5 idle = 2.7
    assert combine([math.log(8), math.log(2)]) == pytest.approx(math.log(5))
    assert combine([math.log(8), math.log(2)], [0.2, 0.3]) == pytest.approx(math.log(2.7))
    assert combine([5_000.0, -5_000.0]) == pytest.approx(5_000 - math.log(2))
    assert combine([-math.inf, 0.0], [0.5, 0.5]) == pytest.approx(-math.log(2))
    assert combine([math.inf, 0.0]) == math.inf
    assert isinstance(combine([]), CannotTell)
    for weights in ([0.7, 0.7], [1, 0], [float("nan"), 0.1]):
        with pytest.raises(ValueError, match="weights must be positive"):
            combine([0, 0], weights)
    with pytest.raises(ValueError, match="2 processes but 1 weights"):
        combine([0, 0], [1])
    with pytest.raises(ValueError, match="NaN"):
        combine([float("nan")])


def test_an_alarm_is_the_first_look_at_one_over_alpha():
    assert first_alarm([0, 2.9, math.log(20), 0], 0.05) == 2
    assert first_alarm([0, 2.9], 0.05) is None
    assert first_alarm([], 0.05) is None
    with pytest.raises(ValueError, match="NaN"):
        first_alarm([float("nan")], 0.05)
    for alpha in (0, 1, -1, float("nan")):
        with pytest.raises(ValueError, match="alpha must lie"):
            first_alarm([0.0], alpha)


@pytest.mark.parametrize("bad", [-1, float("nan"), float("inf")])
def test_counts_that_are_no_counts_are_refused(bad):
    for at in range(4):
        row = [1, 1, 1, 1]
        row[at] = bad
        with pytest.raises(ValueError, match="finite and not negative"):
            update(START, *row)
        with pytest.raises(ValueError, match="finite and not negative"):
            run(*([x] for x in row))


@pytest.mark.parametrize("call", [lambda **k: update(START, 1, 1, 1, 1, **k), lambda **k: run([1], [1], [1], [1], **k)])
def test_wrong_arguments_are_errors(call):
    for margin in (-0.1, 1, float("nan")):
        with pytest.raises(ValueError, match="margin must lie"):
            call(margin=margin)
    with pytest.raises(ValueError, match="choose one of: worse, not_worse"):
        call(evidence="better")
    with pytest.raises(ValueError, match="choose one of: separate, shrunk"):
        call(estimates="pooled")
    with pytest.raises(ValueError, match="go with evidence 'not_worse'"):
        call(estimates="shrunk")


def test_shapes_must_agree():
    with pytest.raises(ValueError, match="one shape"):
        run([1, 2], [1], [1], [1])
    with pytest.raises(ValueError, match="one shape"):
        run(1, 1, 1, 1)


@pytest.mark.parametrize("margin", [0.0, 0.02, 0.5])
@pytest.mark.parametrize("claim", [("worse", "separate"), ("not_worse", "separate"), SHRUNK])
def test_a_billion_units_stay_finite_and_agree(margin, claim):
    big = 10**9
    state = State(0.0, big, 0, big, 0)
    for row in [(0, 1, 9, 0), (1, 0, 0, 9), (big, 0, 0, big), (0, big, big, 0)]:
        one = update(state, *row, margin, *claim).log_e
        many = run(*([x] for x in row), state, margin, *claim).log_e[0]
        assert math.isfinite(one)
        assert one == pytest.approx(many, rel=1e-9, abs=1e-9)


def simulate_canary(rng, runs, canary):
    """Successes in each of 100 looks of 20 canary and 180 control units."""
    return rng.binomial(20, canary, (runs, 100)).astype(float), rng.binomial(180, 0.95, (runs, 100)).astype(float)


@pytest.mark.slow
def test_gate_canary_false_alarms_and_delays():
    # case gate.canary: canary 10 % of 20,000 units, a look each 20 canary units, which are also one block; one-sided alpha .05.
    # R = 2,000 here, 1,000 published. Published null: peeking z .335, asymptotic .008, e-process .016; band .02 as published,
    # plus z = 3.29 for the large share. Published median canary units to alarm .95 -> .90: asymptotic 300, e-process 240; the
    # medians' standard errors are near 5 and looks are 20 apart, so two looks.
    looks = np.arange(20, 2_001, 20)

    def alarms(good_c, good_b):
        log_e = run(good_c, 20 - good_c, good_b, 180 - good_b).log_e
        p_c, p_b = np.cumsum(good_c, 1) / looks, np.cumsum(good_b, 1) / (9 * looks)
        pooled = (p_c + 9 * p_b) / 10
        drop, se = p_b - p_c, np.sqrt(p_c * (1 - p_c) / looks + p_b * (1 - p_b) / (9 * looks))
        with np.errstate(divide="ignore", invalid="ignore"):
            z = drop / np.sqrt(pooled * (1 - pooled) * (1 / looks + 1 / (9 * looks)))
        # t_opt 500 canary units are 5,000 of both arms
        half = [half_width(n, math.sqrt(n), 0.05, tuned_rho(0.05, 5_000, "lower"), "lower") for n in 10 * looks]
        return (
            np.nan_to_num(z) > special.ndtri(0.95),
            (drop > se * np.array(half)) & (looks >= 100),
            log_e >= math.log(20),
        )

    def share(crossed):
        return float(crossed.any(axis=1).mean())

    def median(crossed):
        return float(np.median(np.where(crossed.any(axis=1), looks[crossed.argmax(axis=1)], 10**6)))

    rng = np.random.default_rng(12)
    peek, asymptotic, e = alarms(*simulate_canary(rng, 2_000, 0.95))
    assert share(peek) == pytest.approx(0.335, abs=0.02 + 3.29 * math.sqrt(0.335 * 0.665 * (1 / 1_000 + 1 / 2_000)))
    assert share(asymptotic) == pytest.approx(0.008, abs=0.02)
    assert share(e) == pytest.approx(0.016, abs=0.02)
    assert max(share(asymptotic), share(e)) <= 0.05
    _, asymptotic, e = alarms(*simulate_canary(rng, 2_000, 0.90))
    assert median(asymptotic) == pytest.approx(300, abs=40)
    assert median(e) == pytest.approx(240, abs=40)


def test_checking_every_block_stops_after_the_published_number_of_units():
    # .95 -> .90, blocks 1 : 9: published medians 242 / 300 / 349 / 442 canary units at threshold 20 / 40 / 100 / 720.
    # 1,000 runs here; such a median's standard error is near 6 to 8, theirs as large again: z = 3.29 of both
    rng = np.random.default_rng(21)
    good_c = (rng.random((1_000, 1_000)) < 0.90).astype(float)
    good_b = rng.binomial(9, 0.95, (1_000, 1_000)).astype(float)
    log_e = run(good_c, 1 - good_c, good_b, 9 - good_b).log_e
    for threshold, published in [(20, 242), (40, 300), (100, 349), (720, 442)]:
        hit = log_e >= math.log(threshold)
        times = np.where(hit.any(axis=1), hit.argmax(axis=1) + 1, 10**6)
        assert float(np.median(times)) == pytest.approx(published, abs=3.29 * 8 * math.sqrt(2))


@pytest.mark.parametrize(
    "state",
    [State(math.nan), State(math.inf), State(0.0, -1), State(0.0, 1, math.nan), State(0.0, 1, 1, math.inf)],
)
def test_a_state_that_no_blocks_lead_to_is_refused(state):
    # A log E that is NaN is under every threshold: nothing would ever be rolled back again.
    with pytest.raises(ValueError, match="a state needs"):
        update(state, 1, 1, 1, 1)
    with pytest.raises(ValueError, match="a state needs"):
        run([1], [1], [1], [1], state)
