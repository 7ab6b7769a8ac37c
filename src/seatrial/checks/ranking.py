"""Retrieval: how well a ranking of ids holds the relevant ones (recall@k, reciprocal rank, nDCG@k).

The run gives ids in order, best first; the reference gives the relevant ids, or a gain for each. An id that is ranked
again is not found again: it takes its rank and gains nothing.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from seatrial.checks.field import MISSING, Check, abstains, lacks, read, show
from seatrial.errors import ConfigError, one_of
from seatrial.scoring import Score, evaluator

GAINS = ("linear", "exponential")


def recall_at(k: int, field: str = "ids", *, reference_field: str | None = None, key: str = "") -> Check:
    """The share of the relevant ids among the first `k` of the ranking (Manning et al. 2008, section 8.4).

    >>> run = Run("r1", {}, {"ids": ["d7", "d2", "d9"]})
    >>> recall_at(2)(run, Example("e1", {}, {"ids": ["d2", "d4"]})).score
    0.5

    Args:
        k: ranks that count.
        field: the run's ids, best first; objects with an `id` count as their id.
        reference_field: the relevant ids, if not at `field`; without one relevant id the check abstains.
        key: the score's key; `recall_at_K` where none is given.
    """
    _rank(k)

    def score(ids: Sequence[Any], gains: Mapping[Any, float]) -> tuple[float, str]:
        found = len(set(ids[:k]) & gains.keys())
        return found / len(gains), f"{found} of {len(gains)} relevant ids are among the first {k}"

    return _check(key or f"recall_at_{k}", field, reference_field, score)


def mrr(field: str = "ids", *, k: int | None = None, reference_field: str | None = None, key: str = "mrr") -> Check:
    """1 / rank of the first relevant id, 0 where none is ranked (among the first `k`); its mean is the MRR.

    Source: Voorhees 1999, TREC-8. Use it where one right answer is enough; it says nothing about the second.

    >>> mrr()(Run("r1", {}, {"ids": ["d7", "d2"]}), Example("e1", {}, {"ids": ["d2", "d4"]})).score
    0.5
    """
    if k is not None:
        _rank(k)

    def score(ids: Sequence[Any], gains: Mapping[Any, float]) -> tuple[float, str]:
        rank = next((n for n, one in enumerate(ids[:k], start=1) if one in gains), None)
        if rank is None:
            return 0.0, f"no relevant id among {len(ids[:k])}"
        return 1 / rank, f"the first relevant id has rank {rank}"

    return _check(key, field, reference_field, score)


def ndcg_at(
    k: int, field: str = "ids", *, reference_field: str | None = None, gain: str = "linear", key: str = ""
) -> Check:
    """Discounted gain of the first `k`, over that of the best possible ranking (Jarvelin and Kekalainen 2002).

    >>> run = Run("r1", {}, {"ids": ["d7", "d2", "d9"]})
    >>> round(ndcg_at(3)(run, Example("e1", {}, {"ids": ["d2", "d4"]})).score, 3)  # (1 / log2(3)) / (1 + 1 / log2(3))
    0.387

    Args:
        k: ranks that count.
        field: the run's ids, best first.
        reference_field: relevant ids (gain 1 each), or an object of ids and their gains.
        gain: `linear` takes gains as they are, `exponential` as 2^gain - 1.
        key: the score's key; `ndcg_at_K` where none is given.
    """
    _rank(k)
    one_of(gain, GAINS, "gain")

    def score(ids: Sequence[Any], gains: Mapping[Any, float]) -> tuple[float, str]:
        worth = {one: value if gain == "linear" else 2.0**value - 1 for one, value in gains.items()}
        ranked = [worth.get(one, 0.0) if one not in ids[:n] else 0.0 for n, one in enumerate(ids[:k])]
        got, best = discounted(ranked), discounted(sorted(worth.values(), reverse=True)[:k])
        return min(got / best, 1.0), f"discounted gain {got:.3f} of {best:.3f} among the first {k}"

    return _check(key or f"ndcg_at_{k}", field, reference_field, score)


def discounted(gains: Sequence[float]) -> float:
    """Sum of gains, each divided by log2(rank + 1).

    >>> round(discounted([3, 2, 3, 0, 1, 2]), 3)  # 3 + 2/1.585 + 3/2 + 0 + 1/2.585 + 2/2.807
    6.861
    """
    return sum(gain / math.log2(rank + 1) for rank, gain in enumerate(gains, start=1))


def _check(
    key: str,
    field: str,
    reference_field: str | None,
    score: Callable[[Sequence[Any], Mapping[Any, float]], tuple[float, str]],
) -> Check:
    where = reference_field or field

    @evaluator(version="1", key=key)
    def check(run: Any, example: Any) -> Score:
        want = read(example.outputs, where)
        if want is MISSING:
            return abstains(key, where)
        gains = _gains(want)
        if isinstance(gains, str):
            return Score(key, None, gains)
        got = read(run.outputs, field)
        if got is MISSING:
            return lacks(key, field)
        ids = _ids(got)
        if ids is None:
            return Score(key, 0.0, f"{field} is {show(got)}, which is no list of ids")
        if isinstance(want, Mapping):  # JSON has no keys but texts
            ids = [str(one) for one in ids]
        return Score(key, *score(ids, gains))

    return check


def _gains(want: Any) -> Mapping[Any, float] | str:
    """The gain of each relevant id, or the sentence that says why there is none."""
    if isinstance(want, Mapping):
        numbers = [value for value in want.values() if isinstance(value, (int, float)) and 0 <= value < math.inf]
        if len(numbers) < len(want):
            return f"the reference {show(want)} has a gain that is no number of 0 or more"
        gains = {str(one): float(value) for one, value in want.items() if value > 0}
    else:
        ids = _ids(want)
        if ids is None:
            return f"the reference {show(want)} is no list of ids"
        gains = dict.fromkeys(ids, 1.0)
    return gains or "the reference names no relevant id"


def _ids(value: Any) -> list[Any] | None:
    if not isinstance(value, (list, tuple)):
        return None
    ids = [one.get("id") if isinstance(one, Mapping) else one for one in value]
    return ids if all(isinstance(one, (str, int)) for one in ids) else None


def _rank(k: int) -> None:
    if k < 1:
        raise ConfigError(f"k is {k}; it must be 1 or more")
