"""The statistics room against its budgets, beside what scipy, statsmodels and gbstats take for the same work in the same run.

gbstats pins an older numpy and pandas, so it lives in an environment of its own, `.seatrial/bench-gbstats`. Nothing here imports
numpy before `work` is called, in a process of its own: see child.py. (Not called statistics.py: what is run as a script from this
folder would import it for the standard library's.)
"""

from __future__ import annotations

import json
import random
import shutil
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from benchmarks.child import CLI, ROOT, environment, expect, middle, ours, spawn

if TYPE_CHECKING:
    from collections.abc import Callable

APART = "import json, sys; from benchmarks.stats import work; print(json.dumps(work(int(sys.argv[1]))))"
PINS = Path(__file__).with_name("gbstats.txt")
HOME = ROOT / ".seatrial" / "bench-gbstats"
PYTHON = HOME / "bin" / "python"

COMPARISONS, DRAWS, CLUSTER = 1_000_000, 10_000, 5
ROWS = 10_000
EVENTS, SHARE = 1_000_000, 10
SEGMENTS, METRICS = 100, 5
FEWER = 100
"""Draws that scipy is given: it resamples rows, and 10,000 of a million are half a minute a hundred."""

GBSTATS = """
import json, sys, time
from gbstats.frequentist.tests import FrequentistConfig, TwoSidedTTest
from gbstats.models.statistics import SampleMeanStatistic
pairs = json.load(open(sys.argv[1]))
arms = [[SampleMeanStatistic(n=n, sum=s, sum_squares=q) for n, s, q in pair] for pair in pairs]
def analyse():
    # the effect is second minus first there
    return [TwoSidedTTest(a, b, FrequentistConfig(difference_type="absolute")).compute_result() for b, a in arms]
results, took = analyse(), []
for _ in range(int(sys.argv[2])):
    started = time.process_time()
    analyse()
    took.append(time.process_time() - started)
print(json.dumps({"cpu_s": sorted(took)[len(took) // 2], "expected": [r.expected for r in results], "p": [r.p_value for r in results]}))
"""


class Pair(NamedTuple):
    """One row: ours beside a peer (None: nobody offers it), the note that names the peer, and how to compare their answers."""

    what: str
    n: int
    ours: Callable[[], Any]
    peer: Callable[[], Any] | None
    note: str
    per: int = 1
    unit: str = "ms CPU"


def measure(say: Callable[[str], None], *, quick: bool = False, peers: bool = True) -> list[dict[str, Any]]:
    """One row per budget; `floor` is the peer that `note` names, where there is one."""
    rounds = 1 if quick else 5
    took = spawn([ours(), "-c", APART, str(rounds)], environment(), timeout_s=300)
    rows: list[dict[str, Any]] = json.loads(expect(took).out.splitlines()[-1])
    say("  arrays done")
    analysis = next(row for row in rows if row["what"].startswith("analysis"))
    if peers:
        rows.append({**analysis, **_gbstats(say, rounds, analysis)})
    rows.append(_certify(say, 1 if quick else 3))
    return rows


_NONE: dict[str, Any] = {"floor": None, "ratio": None}


def work(rounds: int) -> list[dict[str, Any]]:
    """Every pair of ways in this process, their order alternating; medians of CPU."""
    return [_row(pair, rounds) for pair in _pairs()]


def _row(pair: Pair, rounds: int) -> dict[str, Any]:
    ways = {"ours": pair.ours} | ({"peer": pair.peer} if pair.peer else {})
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    for way in ways.values():
        way()
    for turn in range(rounds):
        for name in sorted(ways, reverse=bool(turn % 2)):
            started = time.process_time()
            ways[name]()
            seconds[name].append(time.process_time() - started)
    scale = (1e6 if pair.unit.startswith("us") else 1e3) / pair.per
    mine = middle(seconds["ours"]) * scale
    floor = middle(seconds["peer"]) * scale if pair.peer else None
    return {
        "what": pair.what,
        "n": pair.n,
        "ours": mine,
        "floor": floor,
        "ratio": None if floor is None else mine / floor,
        "unit": pair.unit,
        "note": pair.note,
    }


def moments() -> list[tuple[tuple[float, float, float], tuple[float, float, float]]]:
    """Count, sum and sum of squares of both arms: segments x metrics pairs."""
    draw = random.Random(4)
    arms = []
    for _ in range(SEGMENTS * METRICS):
        pair = []
        for _ in range(2):
            n, mean, spread = draw.randint(200, 5_000), draw.uniform(0.2, 0.9), draw.uniform(0.2, 0.4)
            pair.append((float(n), n * mean, n * (mean * mean + spread * spread)))
        arms.append((pair[0], pair[1]))
    return arms


def _pairs() -> list[Pair]:
    import numpy as np  # noqa: PLC0415 - the process that starts others stays small
    from scipy import stats  # noqa: PLC0415
    from statsmodels.stats.contingency_tables import mcnemar as their_mcnemar  # noqa: PLC0415
    from statsmodels.stats.multitest import multipletests  # noqa: PLC0415

    from seatrial.stats.bootstrap import cluster_means, interval, resample, resample_verdicts  # noqa: PLC0415
    from seatrial.stats.multiplicity import weighted_holm  # noqa: PLC0415
    from seatrial.stats.paired import mcnemar  # noqa: PLC0415
    from seatrial.stats.sequential import eprocess  # noqa: PLC0415
    from seatrial.stats.welch import Moments, welch  # noqa: PLC0415

    rng = np.random.default_rng(20)
    counts = (520_000, 60_000, 420_000)
    verdicts = np.repeat([1.0, 0.5, 0.0], counts)
    scores = rng.permutation(verdicts)
    inputs = np.repeat(np.arange(COMPARISONS // CLUSTER), CLUSTER)

    def bounds(found: Any) -> Any:
        return interval(found)

    def theirs(values: Any) -> Any:
        return stats.bootstrap((values,), np.mean, n_resamples=FEWER, method="percentile", batch=1, rng=rng)

    def clustered() -> Any:
        return np.bincount(inputs, scores) / np.bincount(inputs)

    p = rng.random(ROWS)
    weights = np.full(ROWS, 1 / ROWS)
    sizes = {0.90: EVENTS // SHARE, 0.95: EVENTS - EVENTS // SHARE}
    good = [(rng.random(size) < rate).astype(float) for rate, size in sizes.items()]

    def at_once() -> Any:
        canary_good, canary_bad, control_good, control_bad = eprocess.blocks(good[0], good[1], 1, SHARE - 1)
        return eprocess.run(canary_good, canary_bad, control_good, control_bad, margin=0.02)

    def stream() -> Any:
        # from a state that bets, always: a process that holds its stake is quicker
        behind = eprocess.State(0.0, 90, 20, 950, 50)
        for _ in range(ROWS):
            eprocess.update(behind, 1, 0, SHARE - 1, 0, 0.02)

    flips = rng.integers(0, 60, size=(1_000, 2))
    sums = moments()
    arms = [(Moments(*one), Moments(*other)) for one, other in sums]

    def by_scipy() -> Any:
        found = []
        for one, other in arms:
            spread = (one.variance**0.5, other.variance**0.5)
            found.append(
                stats.ttest_ind_from_stats(one.mean, spread[0], one.n, other.mean, spread[1], other.n, equal_var=False)
            )
        return found

    return [
        Pair(
            "win-rate interval, 1,000,000 comparisons, 10,000 draws",
            COMPARISONS,
            lambda: bounds(resample_verdicts(*counts, rng, DRAWS)),
            lambda: theirs(verdicts),
            f"beside scipy.stats.bootstrap with {FEWER} draws",
        ),
        Pair(
            "clustered win rate, 1,000,000 half-point comparisons on 200,000 inputs, 10,000 draws",
            COMPARISONS,
            lambda: bounds(resample(cluster_means(scores, inputs), rng, DRAWS)),
            lambda: theirs(clustered()),
            f"beside scipy.stats.bootstrap of the means with {FEWER} draws",
        ),
        Pair(
            "weighted Holm, 10,000 rows",
            ROWS,
            lambda: weighted_holm(p, weights, 0.05),
            lambda: multipletests(p, 0.05, "holm"),
            "beside statsmodels' unweighted Holm",
        ),
        Pair(
            "mid-p McNemar, 1,000 tables",
            1_000,
            lambda: mcnemar(flips[:, 0], flips[:, 1]),
            lambda: [their_mcnemar([[0, b], [c, 0]], exact=True) for b, c in flips],
            "beside statsmodels' exact one, a call a table",
        ),
        Pair(
            "e-process, 1,000,000 events at once",
            EVENTS,
            at_once,
            None,
            "blocks of 1 canary and 9 control units at .90 and .95, margin .02",
        ),
        Pair(
            "e-process, one block streamed",
            ROWS,
            stream,
            None,
            "margin .02",
            ROWS,
            "us CPU",
        ),
        Pair(
            "analysis of 100 segments x 5 metrics from sums",
            SEGMENTS * METRICS,
            lambda: [welch(one, other) for one, other in arms],
            by_scipy,
            "beside scipy.stats.ttest_ind_from_stats, which has no interval",
        ),
    ]


def _gbstats(say: Callable[[str], None], rounds: int, mine: dict[str, Any]) -> dict[str, Any]:
    """The same analysis there: its milliseconds, once its answers are ours; a note where it is missing."""
    missing = _install(say)
    if missing:
        return {**_NONE, "note": f"gbstats {missing}"}
    with tempfile.TemporaryDirectory() as folder:
        given = Path(folder) / "sums.json"
        given.write_text(json.dumps(moments()), encoding="utf-8")
        env = {name: value for name, value in environment().items() if name != "PYTHONPATH"}
        took = spawn([str(PYTHON), "-c", GBSTATS, str(given), str(rounds)], env, 120, Path(folder))
    if took.code != 0:
        return {**_NONE, "note": f"gbstats did not finish: {_last(took.err)}"}
    found = json.loads(took.out.splitlines()[-1])
    from seatrial.stats.welch import Moments, Welch, welch  # noqa: PLC0415 - after the last process was started

    for (one, other), expected, p in zip(moments(), found["expected"], found["p"], strict=True):
        here = welch(Moments(*one), Moments(*other))
        if not isinstance(here, Welch) or abs(here.difference - expected) > 1e-9 or abs(here.p - p) > 1e-6:
            return {**_NONE, "note": f"gbstats answers otherwise: {expected}, p {p}; here {here}"}
    floor = 1e3 * float(found["cpu_s"])
    return {"floor": floor, "ratio": mine["ours"] / floor, "note": "beside gbstats' two-sided t-test, same answers"}


def _install(say: Callable[[str], None]) -> str:
    """Put gbstats into its environment, once per `gbstats.txt`; why it is missing, or nothing."""
    stamp, pins = HOME / ".installed", PINS.read_text(encoding="utf-8")
    if stamp.exists() and stamp.read_text(encoding="utf-8") == pins:
        return ""
    say(f"  installing gbstats into {HOME.relative_to(ROOT)}")
    uv = shutil.which("uv")
    create = [uv, "venv", "-q", "--python", ours(), str(HOME)] if uv else [ours(), "-m", "venv", str(HOME)]
    add = [uv, "pip", "install", "-q", "--python", str(PYTHON)] if uv else [str(PYTHON), "-m", "pip", "install", "-q"]
    steps = ([] if PYTHON.exists() else [create]) + [[*add, "-r", str(PINS)]]
    for step in steps:
        took = spawn(step, environment(), timeout_s=600)
        if took.code != 0:
            return f"does not install: {_last(took.err)}"
    stamp.write_text(pins, encoding="utf-8")
    return ""


def _certify(say: Callable[[str], None], rounds: int) -> dict[str, Any]:
    """The command as a person runs it, start to end: 2,000 gates in which nothing changed, and 500 a segment and drop."""
    with tempfile.TemporaryDirectory() as folder:
        evidence, policy = Path(folder) / "evidence.csv", Path(folder) / "gate.toml"
        lines = ["example_id,version,key,score,topic"]
        lines += [
            f"{i},{version},{key},{int(i % 10 > 0)},t{i % 11:02d}"
            for i in range(1_100)
            for version in ("v1", "v2")
            for key in ("correct", "polite", "short")
        ]
        evidence.write_text("\n".join(lines), encoding="utf-8")
        keys = "[key.correct]\nprimary = true\n[key.polite]\n[key.short]\n"
        policy.write_text(f'schema = "seatrial/policy/1"\n{keys}', encoding="utf-8")
        command = [ours(), "-c", CLI, "certify", str(policy), "--evidence", str(evidence), "--segment", "topic"]
        command += ["--critical", "topic=t00", "--gates", "2000", "--json"]
        took = [expect(spawn(command, environment(), 120, Path(folder))) for _ in range(rounds)]
    say("  certify done")
    return {
        "what": "certify, 2,000 gates x 12 segments x 3 keys",
        "n": 2_000,
        "ours": middle([one.wall_s for one in took]),
        **_NONE,
        "unit": "s wall",
        "note": "the whole command, with the power of every segment",
    }


def _last(text: str) -> str:
    return (text.strip().splitlines() or ["it said nothing"])[-1][:160]
