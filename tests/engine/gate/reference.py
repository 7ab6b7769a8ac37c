"""The gate's documented rules once more, slow and plain: an oracle for tables of a few hundred rows.

Written from docs/reference/gate-rules.md, docs/reference/policy.md, docs/reference/evidence.md and docs/decisions. Where they are silent the line
says "(not documented)". Nothing is imported from the gate; of scipy it takes a quantile, of numpy random signs.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from functools import cache
from itertools import product
from math import comb
from typing import Any

import numpy as np
from scipy.special import ndtr, stdtrit

OVERALL = "overall"
SYSTEM_FAILED = ("target_error", "interrupted")
TIE = 1e-9


@dataclass
class Row:
    """One key on one segment."""

    segment: str
    key: str
    critical: bool
    best: list[float]
    worst: list[float]
    complete: list[tuple[float, float]]
    missing: int
    missing_share: float
    binary: bool
    clusters: list[str]
    alpha: float | None = None
    p: float | None = None
    p_worst: float | None = None
    adjusted: float | None = None
    blocks: bool = False
    small: bool = False
    family: float = 0.05
    blocks_worst: bool = False
    state: str = ""
    verdict: str | None = None

    @property
    def n(self):
        return len(self.best)


class Refused(Exception):
    """The two versions cannot be compared."""


def gate(rows: list[dict[str, Any]], policy: Any, critical: tuple[str, ...], baseline="a", candidate="b") -> dict:
    """The verdict and the rows of a table of `example_id, version, key, repetition, outcome, score, segment.*, cluster`."""
    keys = [rule.name for rule in policy.keys] or sorted({row["key"] for row in rows})
    zero = [rule.name for rule in policy.keys if rule.zero_tolerance]
    tested = [key for key in keys if key not in zero]
    primary = [rule.name for rule in policy.keys if rule.primary]
    for key in keys:
        for version in (baseline, candidate):
            if not any(row["key"] == key and row["version"] == version for row in rows):
                raise Refused("no row of a gating key")
    lead = (primary or tested)[0]
    sides = [
        {row["example_id"] for row in rows if row["version"] == v and row["key"] == lead} for v in (baseline, candidate)
    ]
    if not sides[0] & sides[1] or len(sides[0] | sides[1]) < 2:
        raise Refused("nothing to compare")
    unchanged = is_unchanged(rows, keys, baseline, candidate)
    found = [row for key in tested for row in rows_of(rows, key, policy, critical, baseline, candidate)]
    if not unchanged:
        for key in tested:
            refuse_crashed(rows, key, policy, critical, baseline, candidate)
    judge(found, tested, primary, policy, unchanged=unchanged)
    hits = {key: zero_tolerance(rows, key, policy, baseline, candidate, unchanged=unchanged) for key in zero}
    verdicts = [row.verdict for row in found if row.alpha is not None] + list(hits.values())
    verdict = next((word for word in ("fail", "inconclusive") if word in verdicts), "pass")
    return {"verdict": verdict, "unchanged": unchanged, "rows": {(r.segment, r.key): r for r in found}, "hits": hits}


def is_unchanged(rows, keys, baseline, candidate):
    """Every output is identical by its hash, and no score of a gating key moved."""
    outputs, scores = [], []
    for version in (baseline, candidate):
        mine = [row for row in rows if row["version"] == version]
        if not all(row.get("output_hash") for row in mine):
            return False
        outputs.append({(row["example_id"], row["repetition"], row["output_hash"]) for row in mine})
        mine = [row for row in mine if row["key"] in keys]
        if any(row["outcome"] != "scored" for row in mine):
            return False  # a failed run is not identical
        scores.append({(row["example_id"], row["repetition"], row["key"], row["score"]) for row in mine})
    return outputs[0] == outputs[1] and scores[0] == scores[1]


def cells_of(rows, key, policy, baseline, candidate):
    """{example: {repetition: (baseline row or None, candidate row or None)}}: what is planned.

    The baseline's repetitions are the plan of both arms; of these, what either arm ran on an example is planned for it.
    """
    mine = [row for row in rows if row["key"] == key and row["version"] in (baseline, candidate)]
    plan = sorted({row["repetition"] for row in mine if row["version"] == baseline})[: policy.repetitions]
    table = defaultdict(dict)
    for row in mine:
        table.setdefault(row["example_id"], {})
        if row["repetition"] in plan:
            pair = table[row["example_id"]].setdefault(row["repetition"], [None, None])
            pair[row["version"] == candidate] = row
    for pairs in table.values():
        if not pairs:
            pairs[plan[0]] = [None, None]  # an example run only outside the plan is planned once (not documented)
    return table


def bounds(row):
    """(lowest, highest) score a planned cell may have had."""
    if row is None:
        return 0.0, 1.0
    if row["outcome"] == "scored":
        return row["score"], row["score"]
    return (0.0, 0.0) if row["outcome"] in SYSTEM_FAILED else (0.0, 1.0)


def rows_of(rows, key, policy, critical, baseline, candidate):
    """The rows of one key: overall, and every value of every dimension."""
    table = cells_of(rows, key, policy, baseline, candidate)
    about = {row["example_id"]: row for row in rows}
    dimensions = sorted({name for row in rows for name in row if name.startswith("segment.")})
    cluster = {example: about[example].get("cluster") or f"alone {example}" for example in table}
    binary = (
        max(Counter(cluster.values()).values()) == 1
        and all(len(pairs) == 1 for pairs in table.values())
        and all(
            end in (0, 1) for pairs in table.values() for pair in pairs.values() for row in pair for end in bounds(row)
        )
    )
    places = [(OVERALL, False, set(table))]
    for dimension in dimensions:
        name = dimension.removeprefix("segment.")
        values = {about[example][dimension] for example in table}
        values |= {one.partition("=")[2] for one in critical if one.partition("=")[:2] == (name, "=")}
        for value in values:
            members = {example for example in table if about[example][dimension] == value}
            places.append((f"{name}={value}", name in critical or f"{name}={value}" in critical, members))
    return [
        _row(segment, key, critical_values, {e: table[e] for e in members}, cluster, binary)
        for segment, critical_values, members in places
    ]


def _row(segment, key, critical_values, table, cluster, binary):
    groups = defaultdict(list)
    for example in table:
        groups[cluster[example]].append(example)
    best, worst, complete = [], [], []
    for members in groups.values():
        ends = {side: [[], []] for side in (0, 1)}
        exact = True
        for example in members:
            for side in (0, 1):
                pairs = [bounds(pair[side]) for pair in table[example].values()]
                exact = exact and all(low == high for low, high in pairs)
                for end in (0, 1):
                    ends[side][end].append(sum(pair[end] for pair in pairs) / len(pairs))
        (base_low, base_high), (cand_low, cand_high) = ([sum(one) / len(one) for one in ends[side]] for side in (0, 1))
        best.append(cand_high - base_low)
        worst.append(cand_low - base_high)
        if exact:
            complete.append((base_low, cand_low))
    missing_cells = [
        sum(bounds(pair[side])[0] != bounds(pair[side])[1] for t in table.values() for pair in t.values())
        for side in (0, 1)
    ]
    planned = sum(len(pairs) for pairs in table.values())
    # The missing share of a row is that of the arm where more is missing.
    share = max(missing_cells) / planned if planned else 1.0
    return Row(segment, key, critical_values, best, worst, complete, sum(missing_cells), share, binary, list(groups))


def refuse_crashed(rows, key, policy, critical, baseline, candidate):
    """More system failures than the record plus two points, of more than one run; overall and on each critical segment."""
    table = cells_of(rows, key, policy, baseline, candidate)
    about = {row["example_id"]: row for row in rows}
    groups = {OVERALL: set(table)}
    for dimension in {name for row in rows for name in row if name.startswith("segment.")}:
        for example in table:
            name, value = dimension.removeprefix("segment."), about[example][dimension]
            if name in critical or f"{name}={value}" in critical:
                groups.setdefault(f"{name}={value}", set()).add(example)
    for members in groups.values():
        runs = [
            pair[0]["outcome"]
            for e in members
            for pair in table[e].values()
            if pair[0] and pair[0]["outcome"] != "skipped"
        ]
        crashed = sum(word in SYSTEM_FAILED for word in runs)
        if crashed > max(1, (policy.baseline_system_failures + 0.02) * len(runs)):
            raise Refused("the baseline crashed")


def judge(found, tested, primary, policy, *, unchanged):
    """Level, p, adjusted p, state and verdict of every row of the family."""
    alpha = policy.alpha / policy.shared_change * (0.9 if policy.measures else 1.0)
    for key in tested:
        share = (
            1 / len(tested) if not primary or len(tested) == 1 else 0.6 if key in primary else 0.4 / (len(tested) - 1)
        )
        mine = [r for r in found if r.key == key and (r.segment == OVERALL or r.critical or r.n >= policy.min_n)]
        classes = {
            "overall": [r for r in mine if r.segment == OVERALL],
            "critical": [r for r in mine if r.segment != OVERALL and r.critical],
            "rest": [r for r in mine if r.segment != OVERALL and not r.critical],
        }
        w = policy.weights
        part = {"overall": w.overall, "critical": w.critical, "rest": w.rest}
        if not classes["critical"] and not classes["rest"]:
            part = {"overall": 1.0}
        elif not classes["critical"]:
            part = {"overall": w.overall, "rest": 1 - w.overall}
        elif not classes["rest"]:
            part = {"overall": w.overall, "critical": 1 - w.overall}
        for name, members in classes.items():
            for r in members:
                r.alpha = alpha * share * part[name] / len(members)
    family = [r for r in found if r.alpha is not None and r.n]
    for r in family:
        r.family = alpha
        r.p, r.p_worst = p_value(r.best, r, policy), p_value(r.worst, r, policy)
    for r, (value, fell) in zip(family, stepped_down(family, "p", "best", alpha, policy), strict=True):
        r.adjusted, r.blocks, r.small = value, fell and drop_of(r.best) >= 0.01, fell and drop_of(r.best) < 0.01
    for r, (_, fell) in zip(family, stepped_down(family, "p_worst", "worst", alpha, policy), strict=True):
        r.blocks_worst = fell and drop_of(r.worst) >= 0.01
    for r in found:
        if r.alpha is None:
            r.state, r.verdict = "cannot_tell", "inconclusive"  # left the family: shown, decides nothing
        else:
            r.state, r.verdict = _state(r, policy, covers=not primary or r.key in primary, unchanged=unchanged)


def _state(r, policy, *, covers, unchanged):
    if unchanged:
        return "no_drop", "pass"
    if r.blocks:
        return "blocks", "fail"
    rules_out = covers and (r.critical or r.segment == OVERALL)
    if rules_out:
        least = policy.must_detect_overall if r.segment == OVERALL else policy.must_detect
        base = sum(one for one, _ in r.complete) / len(r.complete) if r.complete else None
        if base is None or base <= least or largest_drop(r.worst) >= least:
            return "cannot_tell", "inconclusive"
    if r.segment == OVERALL and not rules_out and r.n < policy.min_n:
        return "cannot_tell", "inconclusive"
    tolerated = 0.0 if r.critical else policy.missing_tolerance
    if not rules_out and r.blocks_worst and r.missing_share > tolerated:
        return "cannot_tell", "inconclusive"
    if r.n and not r.complete:
        return "cannot_tell", "inconclusive"  # no pair was measured (not documented)
    if r.segment == OVERALL and not rules_out and power(r.n, 1.0, policy.churn, r.alpha, policy.test) < 0.8:
        return "cannot_tell", "inconclusive"  # not even a total loss would show (not documented)
    if r.small or (r.p is not None and r.p <= 0.05):
        return (
            ("cannot_tell", "inconclusive")
            if policy.watch == "hold" and (r.critical or r.segment == OVERALL)
            else ("watch", "pass")
        )
    if r.n and p_value([-d for d in r.worst], r, policy) <= r.alpha:
        return "better", "pass"
    return "no_drop", "pass"


def largest_drop(d):
    """Upper end of a one-sided 95 % Student's t interval of the drop, with one added cluster that lost everything."""
    more = [*d, -1.0]
    mean = sum(more) / len(more)
    variance = sum((one - mean) ** 2 for one in more) / (len(more) - 1)
    return -mean + float(stdtrit(len(more) - 1, 0.95)) * (variance / len(more)) ** 0.5


def drop_of(d):
    """Mean drop; a hair is added, as a mean of a few numbers may miss a threshold by one."""
    return -sum(d) / len(d) + 1e-12


def stepped_down(family, p, ends, alpha, policy):
    """[(adjusted p, rejected)] by weighted Holm or by the joint level of sign flips, whichever is smaller."""
    holm = adjusted([(getattr(r, p), r.alpha / alpha) for r in family], alpha)
    first = min(family, key=lambda r: getattr(r, p) / r.alpha, default=None)
    if first is None or getattr(first, p) > alpha:
        return holm
    joint = flipped(family, ends, alpha, policy)
    both = [min(one, other) for (one, _), other in zip(holm, joint, strict=True)]
    return [(value, value <= alpha) for value in both]


def flipped(family, ends, alpha, policy, draws=20_000):
    """Step-down adjusted p: each cluster's sign is one coin in every row it belongs to."""
    names = sorted({name for r in family for name in r.clusters})
    moves = np.zeros((len(names), len(family)))
    for j, r in enumerate(family):
        for name, d in zip(r.clusters, getattr(r, ends), strict=True):
            moves[names.index(name), j] = d
    moves = moves[np.abs(moves).max(axis=1) > TIE]
    signs = np.random.default_rng(1).choice([-1.0, 1.0], size=(draws, len(moves)))

    def scores(sums):
        out = np.empty_like(sums)
        for j, r in enumerate(family):
            m = int((np.abs(moves[:, j]) > TIE).sum())
            if r.binary:
                table = np.array([mcnemar(lost, m - lost, policy.test) for lost in range(m + 1)])
                out[:, j] = table[np.rint((m - sums[:, j]) / 2).astype(int)]
            else:  # any score that grows with the sum
                out[:, j] = ndtr(np.round(sums[:, j] / (np.sqrt((moves[:, j] ** 2).sum()) or 1.0), 9))
        return out / np.array([r.alpha / alpha for r in family])

    drawn, seen = scores(signs @ moves), scores(moves.sum(axis=0)[None])[0]
    order = np.argsort(seen, kind="stable")
    high, found = 0.0, [1.0] * len(family)
    for at, j in enumerate(order):
        least = drawn[:, order[at:]].min(axis=1)
        near = np.abs(least - seen[j]) <= 1e-9 * seen[j]
        under, tied = int(((least < seen[j]) & ~near).sum()), int(near.sum())
        high = max(high, (under + (tied + 1 if policy.test == "exact" else tied / 2 + 0.5)) / (1 + draws))
        found[j] = min(1.0, high)
    return found


def p_value(d, row, policy):
    """One-sided p that the candidate is worse: McNemar's for single binary answers, else sign flips over clusters."""
    regressed, fixed = sum(one < -TIE for one in d), sum(one > TIE for one in d)
    if row.binary:
        return mcnemar(regressed, fixed, policy.test)
    moved = [one for one in d if abs(one) > TIE]
    total = sum(moved)
    # The tail of the sums of all signs; every sign of a cluster that did not move gives the same sum.
    sums = Counter({0.0: 1})
    for one in moved:
        after = Counter()
        for value, ways in sums.items():
            for sign in (1, -1):
                after[round(value + sign * one, 9)] += ways
        sums = after
        if len(sums) > 200_000:
            return None
    return sum(ways for value, ways in sums.items() if value <= total + 1e-7) / 2 ** len(moved)


@cache
def mcnemar(regressed, fixed, test):
    """Chance of so many regressions or more among the flips; mid-p counts the observed number by half."""
    m = regressed + fixed
    if m == 0:
        return 1.0
    at = comb(m, regressed) / 2**m
    more = sum(comb(m, k) for k in range(regressed + 1, m + 1)) / 2**m
    return more + (at if test == "exact" else at / 2)


@cache
def power(n, drop, churn, alpha, test):
    """Chance that McNemar's test rejects at alpha when a share `drop` is lost and `churn` of the rest flips, half each way."""
    regresses, fixes = drop + churn * (1 - drop) / 2, churn * (1 - drop) / 2
    total = 0.0
    for b, c in product(range(n + 1), repeat=2):
        if b + c <= n and mcnemar(b, c, test) <= alpha:
            stay = 1 - regresses - fixes
            total += comb(n, b) * comb(n - b, c) * regresses**b * fixes**c * (stay if stay > 0 else 0.0) ** (n - b - c)
    return total


def adjusted(tests, alpha):
    """Weighted Holm: [(adjusted p, rejected)] of [(p, weight)], in their order."""
    order = sorted(range(len(tests)), key=lambda i: tests[i][0] / tests[i][1])
    # A critical segment without examples keeps its share: what is stepped down is what the others had.
    total = left = sum(weight for _, weight in tests)
    high, found = 0.0, {}
    for i in order:
        p, weight = tests[i]
        high = min(1.0, max(high, p * left / total / weight))
        found[i] = (high, high <= alpha)
        left -= weight
    return [found[i] for i in range(len(tests))]


def zero_tolerance(rows, key, policy, baseline, candidate, *, unchanged):
    """A hit is a score under 1; new where the baseline scored 1 on the same example; what is unmeasured may be one."""
    if unchanged:
        return "pass"
    table = cells_of(rows, key, policy, baseline, candidate)
    reported = {v: defaultdict(list) for v in (baseline, candidate)}
    for row in rows:
        if row["key"] == key and row["version"] in reported:
            reported[row["version"]][row["example_id"]].append(row)
    unclear = unseen = False
    for example in table:
        base = [row["score"] for row in reported[baseline][example] if row["outcome"] == "scored"]
        cand = [row["score"] for row in reported[candidate][example] if row["outcome"] == "scored"]
        if any(score < 1 for score in cand):
            if base and all(score == 1 for score in base):
                return "fail"
            unclear = unclear or not base
        planned = [bounds(pair[1]) for pair in table[example].values()]
        extra = [row["outcome"] for row in reported[candidate][example]]
        unseen = unseen or any(low != high for low, high in planned)
        unseen = unseen or any(word in ("evaluator_error", "unparsed") for word in extra)
    looked = any(row["outcome"] == "scored" for found in reported[candidate].values() for row in found)
    return "inconclusive" if unclear or unseen or not looked else "pass"
