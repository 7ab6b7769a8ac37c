"""The purity audit beside the plain calls it makes: 30 evaluators, 200 pairs of run and example, both passes.

PYTHONPATH=src python -m benchmarks.purity
"""

from __future__ import annotations

import random
import statistics
import time
from typing import TYPE_CHECKING, Any

from seatrial.checks import contains, exact, json_equal, length, no_pii
from seatrial.dataset import Example
from seatrial.purity import audit, pairs
from seatrial.scoring import bind

if TYPE_CHECKING:
    from collections.abc import Callable

    from seatrial.purity import Pair

EVALUATORS, PAIRS, ROUNDS = 30, 200, 5
KINDS = (exact("label"), json_equal("words"), contains("body", "mail"), length("body", at_most=500), no_pii())


def given() -> tuple[Pair, ...]:
    body = "Dear Ann, your mail of Monday reached us and the refund of 20 EUR is on its way. " * 3
    examples = tuple(
        Example(f"e{n}", {"text": f"mail {n}"}, {"label": f"l{n % 7}", "words": [n, n + 1], "body": f"{n} {body}"})
        for n in range(PAIRS)
    )
    return pairs(examples, PAIRS)[:PAIRS]


def audited(suite: list[Any], tried: tuple[Pair, ...]) -> float:
    began = time.process_time()
    if not all(audit(bound, tried, random.Random(0)).pure for bound in suite):
        raise RuntimeError("the benchmark measured an impure evaluator")
    return time.process_time() - began


def called(suite: list[Any], tried: tuple[Pair, ...]) -> float:
    began = time.process_time()
    for bound in suite:
        for pair in (*tried, *tried):
            bound(pair.run, pair.example)
    return time.process_time() - began


def measure(say: Callable[[str], None], *, quick: bool = False) -> list[dict[str, Any]]:
    """CPU seconds of the whole audit beside its calls alone, medians of alternating rounds."""
    tried, suite = given(), [bind(KINDS[n % len(KINDS)]) for n in range(EVALUATORS)]
    audited(suite[:1], tried)
    taken = [(audited(suite, tried), called(suite, tried)) for _ in range(1 if quick else ROUNDS)]
    ours, bare = (statistics.median(times) for times in zip(*taken, strict=True))
    say(f"  {EVALUATORS} evaluators x {PAIRS} pairs, both passes: {ours:.2f} s of CPU")
    return [
        {
            "what": f"purity audit, {EVALUATORS} evaluators x {PAIRS} examples",
            "n": 2 * EVALUATORS * PAIRS,
            "ours": ours,
            "floor": bare,
            "ratio": ours / bare,
            "unit": "s CPU",
        }
    ]


if __name__ == "__main__":
    print(measure(print))
