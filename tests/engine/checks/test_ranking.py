"""Retrieval metrics: known values, ids that repeat, and references that name nothing."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seatrial.checks import mrr, ndcg_at, recall_at
from seatrial.dataset import Example
from seatrial.errors import ConfigError, UsageError
from seatrial.graph.run import Run
from seatrial.scoring import Score, bind


def judge(check: Any, got: Any, want: Any) -> Score:
    (score,) = bind(check)(Run("r", {}, {"ids": got}), Example("e", {}, {"ids": want}))
    return score


def value(check: Any, got: Any, want: Any) -> float:
    score = judge(check, got, want).score
    assert score is not None
    return score


@pytest.mark.parametrize(("k", "share"), [(1, 0.0), (2, 1 / 3), (3, 1 / 3), (4, 2 / 3), (9, 2 / 3)])
def test_recall_is_the_share_of_relevant_ids_among_the_first_k(k: int, share: float) -> None:
    assert value(recall_at(k), ["x", "a", "y", "b"], ["a", "b", "c"]) == pytest.approx(share)


@pytest.mark.parametrize(("ids", "want"), [(["a"], 1.0), (["x", "a"], 0.5), (["x", "y", "z", "a"], 0.25), (["x"], 0.0)])
def test_the_reciprocal_rank_is_one_over_the_first_relevant_rank(ids: Any, want: float) -> None:
    assert value(mrr(), ids, ["a", "b"]) == want


def test_a_rank_beyond_k_does_not_count_for_the_reciprocal_rank() -> None:
    assert value(mrr(k=2), ["x", "y", "a"], ["a"]) == 0.0


def test_ndcg_of_the_textbook_ranking() -> None:
    # gains 3, 2, 3, 0, 1, 2 in the order ranked; DCG = 3 + 2/1.585 + 3/2 + 0 + 1/2.585 + 2/2.807 = 6.861
    # all gains there are: 3, 3, 3, 2, 2, 2, 1; ideal DCG of 6 = 3 + 3/1.585 + 3/2 + 2/2.322 + 2/2.585 + 2/2.807 = 8.740
    gains = {"d1": 3, "d2": 2, "d3": 3, "d4": 0, "d5": 1, "d6": 2, "d7": 3, "d8": 2}
    ranked = ["d1", "d2", "d3", "d4", "d5", "d6"]
    score = judge(ndcg_at(6), ranked, gains)
    assert score.score == pytest.approx(0.785, abs=5e-4)
    assert score.reason == "discounted gain 6.861 of 8.740 among the first 6"


def test_exponential_gains_weigh_the_best_more() -> None:
    # 2^1 - 1 = 1 first, 2^3 - 1 = 7 second: 1 + 7/log2(3) = 5.416; ideal 7 + 1/log2(3) = 7.631
    expected = (1 + 7 / math.log2(3)) / (7 + 1 / math.log2(3))
    assert value(ndcg_at(2, gain="exponential"), ["a", "b"], {"a": 1, "b": 3}) == pytest.approx(expected)


def test_an_id_that_is_ranked_again_gains_nothing_again() -> None:
    assert value(recall_at(2), ["a", "a"], ["a", "b"]) == 0.5
    assert value(ndcg_at(2), ["a", "a"], ["a"]) == 1.0
    assert value(ndcg_at(3), ["a", "a", "b"], ["a", "b"]) == pytest.approx(1.5 / (1 + 1 / math.log2(3)))


def test_objects_count_as_their_id_and_numbers_as_the_texts_that_json_makes_of_keys() -> None:
    assert value(recall_at(2), [{"id": 7, "text": "x"}], [7]) == 1.0
    assert value(ndcg_at(2), [7], {"7": 2.0}) == 1.0


@pytest.mark.parametrize("check", [recall_at(3), mrr(), ndcg_at(3)])
def test_without_a_relevant_id_it_abstains_and_without_a_ranking_it_is_wrong(check: Any) -> None:
    assert judge(check, ["a"], []).score is None
    assert judge(check, ["a"], {"a": 0}).reason == "the reference names no relevant id"
    assert judge(check, ["a"], {"a": -1}).score is None
    assert judge(check, ["a"], "a").score is None
    assert bind(check)(Run("r", {}, {"ids": ["a"]}), Example("e", {}, {}))[0].score is None
    assert bind(check)(Run("r", {}, {}), Example("e", {}, {"ids": ["a"]}))[0].score == 0.0
    assert judge(check, "a", ["a"]) == Score(bind(check).key, 0.0, "ids is 'a', which is no list of ids")
    assert judge(check, [], ["a"]).score == 0.0


@given(st.lists(st.integers(0, 9)), st.dictionaries(st.integers(0, 9).map(str), st.floats(0.1, 5), min_size=1))
def test_all_are_between_0_and_1_and_the_ideal_ranking_is_1(ids: list[int], gains: dict[str, float]) -> None:
    for check in (recall_at(3), mrr(), ndcg_at(3), ndcg_at(3, gain="exponential")):
        assert 0.0 <= value(check, ids, gains) <= 1.0
    ideal = sorted(gains, key=lambda one: -gains[one])
    assert value(ndcg_at(5), ideal, gains) == pytest.approx(1.0)
    assert value(recall_at(len(gains)), ideal, gains) == value(mrr(), ideal, gains) == 1.0


def test_keys_name_k_and_wrong_arguments_are_refused() -> None:
    assert (bind(recall_at(5)).key, bind(ndcg_at(10)).key) == ("recall_at_5", "ndcg_at_10")
    with pytest.raises(ConfigError, match="must be 1 or more"):
        recall_at(0)
    with pytest.raises(UsageError, match="linear, exponential"):
        ndcg_at(3, gain="log")
