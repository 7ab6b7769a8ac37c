"""A/A on real outcomes: a coin per example decides which of two models is called the baseline, so nothing changed by design."""

import math
import os
from pathlib import Path

import numpy as np
import pytest

from seatrial.evidence import Evidence, read_evidence
from seatrial.gate.merge import check
from seatrial.gate.policy import Policy
from seatrial.table import Codes
from seatrial.verdict import Verdict

SHARED = Path(os.environ.get("SEATRIAL_SHARED", Path(__file__).parents[4] / "shared"))
FILE = SHARED / "data/outcomes/bfcl_2024-07-06_outcomes.parquet"
PAIRS = (
    ("gpt-4-turbo-2024-04-09-FC", "gpt-4o-2024-05-13-FC"),
    ("claude-3-opus-20240229", "claude-3-5-sonnet-20240620"),
    ("gemini-1.5-pro-preview-0409", "gemini-1.5-pro-preview-0514"),
    ("command-r-plus", "command-r-plus-optimized"),
    ("claude-3-haiku-20240307", "claude-3-haiku-20240307-FC"),
)


def blocked(a: str, b: str, swaps: int, seed: int, chance: float = 0.5) -> int:
    """How many of `swaps` random relabellings of the pair the gate blocks."""
    evidence = read_evidence(
        FILE,
        mapping={"example_id": ("segment", "item"), "score": ("valid",), "version": ("model",)},
        segments=("segment",),
    )
    versions, examples = evidence.codes("version"), evidence.codes("example_id")
    mine = np.isin(versions.index, [versions.values.index(a), versions.values.index(b)])
    names = ("example_id", "version", "key", "repetition", "outcome", "score", "segment.segment")
    kept = evidence.where(mine)
    table = Evidence({name: kept.column(name) for name in names}, len(kept), "swapped")
    first = versions.index[mine] == versions.values.index(a)
    of = examples.index[mine]
    rng = np.random.default_rng(seed)
    count = 0
    for _ in range(swaps):
        named = first ^ (rng.random(len(examples.values)) < chance)[of]
        swapped = table.replaced("version", Codes(("b", "a"), named.astype(np.int32)).used())
        count += check(swapped, Policy(), baseline="a", candidate="b").verdict is Verdict.FAIL
    return count


def within(count: int, swaps: int) -> bool:
    """Alpha .05 plus simulation error at z = 3.29 (99.9 %)."""
    return count / swaps <= 0.05 + 3.29 * math.sqrt(0.05 * 0.95 / swaps)


@pytest.mark.external
@pytest.mark.skipif(not FILE.exists(), reason=f"real outcomes are absent: {FILE}; SEATRIAL_SHARED names their folder")
@pytest.mark.parametrize(
    "pair", PAIRS[1:], ids=lambda pair: pair[1]
)  # the first takes as long as all others: it is below
def test_relabelled_models_are_blocked_no_more_often_than_alpha(pair):
    assert within(blocked(*pair, swaps=60, seed=1), 60)


@pytest.mark.external
@pytest.mark.skipif(not FILE.exists(), reason=f"real outcomes are absent: {FILE}; SEATRIAL_SHARED names their folder")
def test_the_same_harness_blocks_a_pair_whose_labels_are_left_alone():
    assert blocked(*PAIRS[0], swaps=3, seed=1, chance=0.0) == 3


@pytest.mark.slow
@pytest.mark.external
@pytest.mark.skipif(not FILE.exists(), reason=f"real outcomes are absent: {FILE}; SEATRIAL_SHARED names their folder")
@pytest.mark.parametrize("pair", PAIRS, ids=lambda pair: pair[1])
def test_five_hundred_relabellings_a_pair(pair):
    assert within(blocked(*pair, swaps=500, seed=2), 500)
