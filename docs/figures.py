"""The figures of statistics.md: each table and each picture is computed here, from the functions a gate decides with.

python docs/figures.py [NAME]

prints the table NAME, or all of them. `docs/generate.py` writes tables and pictures into docs/ and checks that they are today's.
Simulations are seeded, 2,000 to 20,000 runs; what is enumerated exactly says so.
"""

from __future__ import annotations

import math
import sys
from functools import cache, lru_cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from jinja2 import Environment, FileSystemLoader
from scipy import special

from seatrial.certify.design import design
from seatrial.certify.scenario import Truth
from seatrial.certify.simulate import look, simulate
from seatrial.gate.policy import KeyRule, Policy, Weights
from seatrial.stats.bootstrap import Resampled, interval, resample_verdicts
from seatrial.stats.calibration.error import calibration_error, debiased_squared_error
from seatrial.stats.interval import Interval
from seatrial.stats.noninferiority import clusters_to_rule_out, largest_drops
from seatrial.stats.power import critical_values, detectable_drop, mcnemar_power
from seatrial.stats.sequential import eprocess
from seatrial.stats.sequential.spending import peeking_error
from seatrial.stats.winrate import sign_test

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from numpy.typing import NDArray

DOCS = Path(__file__).parent
ALPHA, CHURN, CRITICAL = 0.05, 0.05, 0.025
"""The defaults of a policy, and what alpha leaves one critical segment: .05 x .5."""

GATES = 1_000
"""Simulated gates a world of the table of levels."""

WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 720, 320, 56, 500, 40, 264
CURVES = (
    ("#1f2937", "#e6edf3", ""),
    ("#b45309", "#f0883e", "7 3"),
    ("#2563a8", "#6cb6ff", "2 3"),
    ("#6b7280", "#9aa4af", "9 3 2 3"),
)
"""Colour on white, colour on black, dash: told apart without colour too."""

Point = tuple[float, float]


class Curve(NamedTuple):
    """A line of a picture."""

    name: str
    points: Sequence[Point]


class Chart(NamedTuple):
    """A picture: shares (0..1) over a number."""

    title: str
    x_label: str
    xs: Sequence[float]
    top: float
    curves: Sequence[Curve]
    rule: tuple[float, str] | None = None
    log: bool = False
    rule_left: bool = True


def drawn(chart: Chart) -> str:
    """The picture as one SVG that needs nothing else and follows the reader's light or dark."""
    scale: Callable[[float], float] = math.log if chart.log else float
    first, last = scale(chart.xs[0]), scale(chart.xs[-1])

    def x(value: float) -> float:
        return round(LEFT + (scale(value) - first) / (last - first) * (RIGHT - LEFT), 1)

    def y(share: float) -> float:
        return round(BOTTOM - share / chart.top * (BOTTOM - TOP), 1)

    curves: list[dict[str, Any]] = []
    for i, curve in enumerate(chart.curves):
        light, dark, dash = CURVES[i]
        curves.append(
            {
                "name": curve.name,
                "light": light,
                "dark": dark,
                "dash": dash,
                "points": " ".join(f"{x(at)},{y(share)}" for at, share in curve.points),
                "said": f"{curve.name}: {_stated(curve.points)}",
                "legend": TOP + 12 + 20 * i,
            }
        )
    rule = None
    if chart.rule:
        rule = {
            "at": y(chart.rule[0]),
            "label": chart.rule[1],
            "x": LEFT + 4 if chart.rule_left else RIGHT - 4,
            "anchor": "start" if chart.rule_left else "end",
        }
    page = Environment(loader=FileSystemLoader(DOCS), autoescape=True, keep_trailing_newline=True)
    return page.get_template("chart.svg.j2").render(
        title=chart.title,
        x_label=chart.x_label,
        width=WIDTH,
        height=HEIGHT,
        left=LEFT,
        right=RIGHT,
        bottom=BOTTOM,
        xs=[{"at": x(tick), "label": f"{tick:,g}"} for tick in chart.xs],
        ys=[{"at": y(chart.top * i / 5), "label": f"{100 * chart.top * i / 5:g} %"} for i in range(6)],
        rule=rule,
        curves=curves,
    )


def _stated(points: Sequence[Point]) -> str:
    some = points[:: max(1, len(points) // 6)]
    return "; ".join(f"{at:g} {100 * share:.1f} %" for at, share in some)


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    return "".join(f"| {' | '.join(line)} |\n" for line in (head, ["---"] * len(head), *rows))


def _share(value: float) -> str:
    """.029: two digits that matter."""
    return f"{value:.3f}".removeprefix("0") if value < 0.995 else "1.00"


# -- what a gate can see


def power_chart() -> Chart:
    """Chance to block by examples in a critical segment, for four true drops; exact enumeration."""
    sizes = sorted({round(10 * 1.06**i) for i in range(68)} - {0})
    curves = [
        Curve(f"lost {100 * drop:g} points", [(n, mcnemar_power(n, drop, CHURN, CRITICAL)) for n in sizes if n <= 500])
        for drop in (0.30, 0.20, 0.10, 0.05)
    ]
    return Chart(
        "A critical segment that lost this much blocks the merge",
        "examples in the segment",
        (10, 20, 40, 80, 160, 320, 500),
        1.0,
        curves,
        (0.8, "with power 0.8"),
        log=True,
    )


def detects() -> str:
    """Blind zones: what a critical and an ordinary segment of a size would show with power 0.8."""
    ordinary = ALPHA * 0.3 / 8

    def points(n: int, alpha: float) -> str:
        drop = detectable_drop(n, CHURN, alpha)
        # Rounded up, as a report does, so that it never promises too much.
        return "nothing" if drop is None else str(math.ceil(round(100 * drop, 6)))

    return _table(
        ("examples", "detects, as the one critical segment", "detects, as one of eight others"),
        ((f"{n:,}", points(n, CRITICAL), points(n, ordinary)) for n in (10, 20, 40, 80, 160, 320, 1000)),
    )


def needed() -> str:
    """Examples on which four of five unchanged candidates are shown not worse on a critical segment."""
    flips = (0.0, 0.02, 0.05, 0.10, 0.20)
    return _table(
        ("`must_detect`", *(f"{100 * share:g} % flip" for share in flips)),
        (
            (f"{drop:g}", *(str(clusters_to_rule_out(drop, share)) for share in flips))
            for drop in (0.05, 0.10, 0.15, 0.20, 0.30)
        ),
    )


def critical() -> str:
    """How often a critical segment passes: unchanged, by churn, and at most when it lost 20 points."""
    churns = (0.0, 0.05, 0.15, 0.30)
    rows = [
        (
            str(n),
            *(_share(_passes(n, churn, 0.0)) for churn in churns),
            _share(max(_passes(n, churn, 0.2) for churn in churns)),
        )
        for n in (14, 20, 28, 40, 60, 100)
    ]
    head = ("examples", *(f"unchanged, churn {churn:g}" for churn in churns), "lost 20 points, at most")
    return _table(head, rows)


WORLDS = (
    ("nothing changed", None, 0.0),
    ("all examples −3 points", "overall", 0.03),
    ("all examples −5 points", "overall", 0.05),
    ("one critical segment −10 points", "t=c1", 0.10),
    ("one critical segment −15 points", "t=c1", 0.15),
    ("one ordinary segment −20 points", "t=o1", 0.20),
)


def levels() -> str:
    """How often a family of nine rows blocks: by weighted Holm alone, and beside the joint level."""
    segments = {"c1": 60, "c2": 60, **{f"o{i}": 40 for i in range(1, 7)}}
    examples = [{"t": name} for name, n in segments.items() for _ in range(n)]
    policy = Policy(keys=(KeyRule("score", min_drop=0.0),))
    shape = design("nine rows", examples, policy, critical=("t=c1", "t=c2"))
    rows = []
    for world, segment, drop in WORLDS:
        truth = Truth(0.06, segment=segment, drop=drop)
        alone = look(shape, policy, truth, 0, GATES, np.random.default_rng(7))
        both = simulate(shape, policy, truth, GATES, np.random.default_rng(7))
        rows.append((world, _share(float(alone.fails.any(axis=1).mean())), _share(both.rate(both.by_score))))
    return _table(("what is so", "Holm alone", "Holm or joint level"), rows)


@cache
def _passes(n: int, churn: float, drop: float) -> float:
    """Share of 20,000 gates that pass the critical segment: it is shown not worse, and does not block."""
    regressed, fixed = drop + churn * (1 - drop) / 2, churn * (1 - drop) / 2
    u = np.random.default_rng(2026).random((20_000, n))
    b, c = (u < regressed).sum(axis=1), ((u >= regressed) & (u < regressed + fixed)).sum(axis=1)
    blocked = b >= critical_values(CRITICAL, "mid-p", n)[b + c]
    return float((~blocked & (largest_drops(c - b, b + c, n) < 0.2)).mean())


def shares() -> str:
    """How alpha is divided with one key, two critical segments and eight others."""
    weights = Weights()
    rows = (
        ("overall", weights.overall, 1),
        ("each of 2 critical segments", weights.critical, 2),
        ("each of 8 others", weights.rest, 8),
    )
    return _table(
        ("row", "share of alpha", "its own level", "with a second key: primary", "the other key"),
        (
            (name, f"{share:g} / {many}", *(f"{ALPHA * share / many * part:.4f}" for part in (1, 0.6, 0.4)))
            for name, share, many in rows
        ),
    )


# -- what blocks when nothing changed

SIZES = (400, 300, 200, 150, 100, 80, 60, 40)
RULES = ("any drop over 2 points", "any p < .05", "any p < .05 by mid-p", "the gate")


def _blocks(sizes: Sequence[int], flips: float, runs: int, seed: int) -> dict[str, float]:
    """Share of unchanged candidates that each rule blocks; the last segment is critical."""
    rng = np.random.default_rng(seed)
    n = np.array(sizes)
    regressed = rng.binomial(n, flips / 2, (runs, n.size))
    fixed = rng.binomial(n - regressed, flips / 2 / (1 - flips / 2))
    weights = Weights()
    rest = max(1, n.size - 1)
    levels = [ALPHA * weights.rest / rest] * (n.size - 1) + [ALPHA * weights.critical]
    if n.size == 1:
        levels = [ALPHA * (1 - weights.overall)]

    def rejects(b: NDArray[Any], c: NDArray[Any], alpha: float, exact: bool = False) -> NDArray[np.bool_]:
        table = critical_values(alpha, "exact" if exact else "mid-p", int((b + c).max()))
        return np.asarray(b >= table[b + c])

    gate = rejects(regressed.sum(axis=1), fixed.sum(axis=1), ALPHA * weights.overall)
    for s, level in enumerate(levels):
        gate |= rejects(regressed[:, s], fixed[:, s], level)
    blocked = (
        ((regressed - fixed) / n > 0.02).any(axis=1),
        rejects(regressed, fixed, ALPHA, exact=True).any(axis=1),
        rejects(regressed, fixed, ALPHA).any(axis=1),
        gate,
    )
    return {rule: float(np.mean(did)) for rule, did in zip(RULES, blocked, strict=True)}


def blocks_chart() -> Chart:
    """False blocks by number of segments of 100 examples, 10 % of which flip on their own."""
    counts = (1, 2, 4, 6, 8, 12, 16, 20, 24)
    found = {k: _blocks([100] * k, 0.10, 4_000, k) for k in counts}
    named = ("any drop over 2 points", "any p < .05", "the gate")
    return Chart(
        "Unchanged candidates that each rule blocks",
        "segments of 100 examples; 10 % of answers flip when nothing changed",
        (1, 4, 8, 12, 16, 20, 24),
        1.0,
        [Curve(rule, [(k, found[k][rule]) for k in counts]) for rule in named],
        (ALPHA, ""),
    )


def rules() -> str:
    """The same for eight segments of 400 to 40 examples, 20,000 runs."""
    found = _blocks(SIZES, 0.10, 20_000, 0)
    return _table(("rule", "blocks an unchanged candidate"), ((rule, _share(rate)) for rule, rate in found.items()))


# -- answers that share an example


def _inflated(per: int, icc: float) -> float:
    """One-sided error at a nominal .025 when `per` rows a cluster of this correlation are taken for independent."""
    return float(special.ndtr(special.ndtri(0.025) / math.sqrt(1 + (per - 1) * icc)))


def clusters_chart() -> Chart:
    """What taking rows for examples does, by the correlation inside a cluster; large-sample law."""
    at = [i / 20 for i in range(21)]
    curves = [Curve(f"{per} rows an example", [(icc, _inflated(per, icc)) for icc in at]) for per in (10, 5, 3, 2)]
    return Chart(
        "False wins when rows are counted as examples",
        "correlation of the rows of one example",
        (0, 0.2, 0.4, 0.6, 0.8, 1),
        0.3,
        curves,
        (0.025, "promised"),
        rule_left=False,
    )


# -- looking often

LOOKS = (1, 2, 3, 5, 7, 10, 14, 20, 30)


@lru_cache(maxsize=1)
def _flagged() -> dict[int, float]:
    """Share of unchanged canaries that the e-process ever flags within so many looks; 4,000 runs of 50 + 50 a look."""
    rng = np.random.default_rng(12)
    good = [rng.binomial(50, 0.95, (4_000, max(LOOKS))) for _ in range(2)]
    path = eprocess.run(good[0], 50 - good[0], good[1], 50 - good[1]).log_e
    ever = np.maximum.accumulate(path, axis=1) >= -math.log(ALPHA)
    return {k: float(ever[:, k - 1].mean()) for k in LOOKS}


def peeking_chart() -> Chart:
    """The error of looking again and again at a test made for one look, and that of the e-process."""
    return Chart(
        "False alarms when nothing changed, by number of looks",
        "looks at equal distances",
        (1, 5, 10, 14, 20, 30),
        0.3,
        [
            Curve("p < .05 at any look", [(k, peeking_error(k)) for k in range(1, 31)]),
            Curve("e-process at 1 / .05", list(_flagged().items())),
        ],
        (ALPHA, "promised"),
        rule_left=False,
    )


def peeking() -> str:
    """Both as a table."""
    return _table(
        ("looks", "p < .05 at any look", "e-process ≥ 20"),
        ((str(k), _share(peeking_error(k)), _share(rate)) for k, rate in _flagged().items()),
    )


# -- rollout


def rollout_chart() -> Chart:
    """The candidate's share in two cells over time, one simulated rollout: worse in DE from 25 % on, equal in the rest."""
    from seatrial.experiment import parse_rollout_plan  # noqa: PLC0415 - for this picture
    from seatrial.outcome.metric import parse_metrics  # noqa: PLC0415
    from seatrial.rollout.rules import rules_of  # noqa: PLC0415
    from seatrial.rollout.simulate import Effect, play, truth_of  # noqa: PLC0415

    cells = {"DE": {"share": 0.4, "rate": 0.95, "critical": True}, "rest": {"share": 0.6, "rate": 0.95}}
    cells["DE"]["where"] = [{"field": "inputs.region", "op": "equals", "arg": "DE"}]  # type: ignore[assignment]
    ramp = ((0.05, 0.10), (0.10, 0.10), (0.25, 0.05))
    plan = {
        "schema": "seatrial/rollout-plan/1",
        "units_per_day": 20_000,
        "metric": {"resolved": {}},
        "cell": cells,
        "stage": [{"share": share, "margin": margin, "hours": 48} for share, margin in ramp],
    }
    metrics = parse_metrics({"resolved": {"source": "outcome:resolved", "horizon": "1h"}}, "metrics.toml")
    rules = rules_of(parse_rollout_plan(plan, "plan.toml", name="picture"), metrics)
    truth = truth_of(rules, (Effect(0.25, cell="DE", from_share=0.25),))
    played = play(rules, truth, np.random.default_rng(4), units_per_day=20_000, every=600)
    end = played.ended / 3600
    curves = []
    for cell in rules.cells:
        points, share = [(0.0, rules.share(1))], rules.share(1)
        for at, step in played.moves:
            if step.cell == cell.name:
                points += [(at / 3600, share), (at / 3600, rules.share(step.after.rung))]
                share = rules.share(step.after.rung)
        curves.append(Curve(cell.name, [*points, (end, share)]))
    ticks = [float(hour) for hour in range(0, int(end) + 7, 6)]
    return Chart("Share of the candidate, cell by cell", "hours since the start", ticks, 1.0, curves)


# -- anchor


def anchor() -> str:
    """Twelve steps of -.7 points each: unseen against the last merge, and against the last release; the overall row, exactly."""
    rows, overall = [], ALPHA * Weights().overall
    for n in (100, 200, 400, 800):
        step = 1 - mcnemar_power(n, 0.007, CHURN, 0.8 * overall)
        rows.append((f"{n:,}", _share(step**12), _share(1 - mcnemar_power(n, 12 * 0.007, CHURN, 0.2 * overall))))
    return _table(
        ("examples", "all twelve pass against the last merge", "the twelfth passes against the release"), rows
    )


# -- win rate


def _clears(n: int, true: float) -> float:
    """Chance that n comparisons without ties clear one half: bootstrap bound above it and sign test at .025."""
    rng = np.random.default_rng(n)

    def clear(wins: int) -> bool:
        p, found = sign_test(wins, n - wins), resample_verdicts(wins, 0, n - wins, rng, 4_000)
        bound = interval(found) if isinstance(found, Resampled) else None
        return isinstance(p, float) and p <= 0.025 and isinstance(bound, Interval) and bound.low > 0.5

    least = next(wins for wins in range(n // 2, n + 1) if clear(wins))
    return float(special.betainc(least, n - least + 1, true))


def wins() -> str:
    """Chance that a candidate with a true win rate clears every one of k critical segments."""
    rows = []
    for true in (0.55, 0.60, 0.70):
        for n in (100, 200, 400):
            one = _clears(n, true)
            rows.append((f"{true:.2f}".removeprefix("0"), str(n), *(_share(one**k) for k in (1, 3, 5))))
    return _table(("true win rate", "comparisons a segment", "clears 1 segment", "3 segments", "5 segments"), rows)


# -- calibration

FORECASTS = (50, 100, 200, 500, 1_000, 2_000, 5_000)


@lru_cache(maxsize=1)
def _perfect() -> dict[int, tuple[float, float]]:
    """Mean ECE and mean debiased squared error of a scorer that is right about its own confidence; 400 runs a size."""
    rng = np.random.default_rng(5)
    found = {}
    for n in FORECASTS:
        errors = []
        for _ in range(400):
            p = rng.random(n)
            y = (rng.random(n) < p).astype(float)
            plain, debiased = calibration_error(p, y), debiased_squared_error(p, y, rng, draws=2)
            errors.append((getattr(plain, "mean", math.nan), getattr(debiased, "estimate", math.nan)))
        found[n] = (float(np.mean([e[0] for e in errors])), float(np.mean([e[1] for e in errors])))
    return found


def calibration_chart() -> Chart:
    """ECE of a perfect scorer by number of forecasts."""
    return Chart(
        "Calibration error of a scorer without any",
        "forecasts",
        (50, 100, 200, 500, 1_000, 2_000, 5_000),
        0.15,
        [
            Curve("ECE, ten bins", [(n, e[0]) for n, e in _perfect().items()]),
            Curve("squared error, debiased", [(n, max(0.0, e[1])) for n, e in _perfect().items()]),
        ],
        (0.05, "a floor of .05 blocks it up to about 400"),
        log=True,
        rule_left=False,
    )


TABLES: dict[str, Callable[[], str]] = {
    "detects": detects,
    "needed": needed,
    "critical": critical,
    "levels": levels,
    "shares": shares,
    "rules": rules,
    "peeking": peeking,
    "anchor": anchor,
    "wins": wins,
}
CHARTS: dict[str, Callable[[], Chart]] = {
    "power": power_chart,
    "false-blocks": blocks_chart,
    "clusters": clusters_chart,
    "peeking": peeking_chart,
    "calibration": calibration_chart,
    "rollout": rollout_chart,
}
PICTURES: dict[Path, Callable[[], str]] = {
    DOCS / "plots" / f"{name}.svg": partial(lambda chart: drawn(chart()), chart) for name, chart in CHARTS.items()
}


def main(names: list[str]) -> int:
    """Print the tables named, or all."""
    for name in names or TABLES:
        print(f"{name}\n\n{TABLES[name]()}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
