"""Text rules: each rule on both sides of its edge, with its sentence."""

from __future__ import annotations

from typing import Any

import pytest

from seatrial.checks import contains, forbids, length, matches, starts_with
from seatrial.dataset import Example
from seatrial.errors import ConfigError, UsageError
from seatrial.graph.run import Run
from seatrial.scoring import Score, bind


def judge(check: Any, text: Any) -> Score:
    (score,) = bind(check)(Run("r", {}, {"body": text}), Example("e", {}))
    return score


@pytest.mark.parametrize(
    ("check", "text", "score", "reason"),
    [
        (contains("body", "Refund", "days"), "your REFUND in 3 days", 1.0, "body contains 'Refund', 'days'"),
        (contains("body", "refund", "days"), "your refund", 0.0, "body does not contain 'days'"),
        (contains("body", "refund", "days", every=False), "your refund", 1.0, "body does not contain 'days'"),
        (contains("body", "refund", "days", every=False), "no", 0.0, "body does not contain 'refund', 'days'"),
        (forbids("body", "guarantee", "AI model"), "We promise.", 1.0, "body says none of 2 forbidden phrases"),
        (forbids("body", "guarantee"), "We GUARANTEE it", 0.0, "body says 'guarantee'"),
        (forbids("body", "ass"), "a class", 1.0, "body says none of 1 forbidden phrases"),
        (forbids("body", "$100"), "only $100!", 0.0, "body says '$100'"),
        (matches("body", r"^\d+$"), "123", 1.0, r"body matches '^\\d+$'"),
        (matches("body", r"^\d+$"), "12a", 0.0, r"body does not match '^\\d+$'"),
        (
            length("body", at_least=2, at_most=4),
            "abcd",
            1.0,
            "body has 4 characters, allowed are at least 2 and at most 4",
        ),
        (
            length("body", at_least=2, at_most=4),
            "abcde",
            0.0,
            "body has 5 characters, allowed are at least 2 and at most 4",
        ),
        (length("body", at_least=2), "a", 0.0, "body has 1 characters, allowed are at least 2"),
        (
            length("body", at_most=2, unit="words"),
            "a bc",
            1.0,
            "body has 2 words, allowed are at least 0 and at most 2",
        ),
        (starts_with("body", "Dear", "Hello"), "\n hello Ann", 1.0, "body begins with 'hello Ann'"),
        (starts_with("body", "Dear"), "Hi Ann", 0.0, "body begins with 'Hi Ann', expected 'Dear'"),
    ],
)
def test_each_rule_says_what_it_found(check: Any, text: str, score: float, reason: str) -> None:
    found = judge(check, text)
    assert (found.score, found.reason) == (score, reason)


@pytest.mark.parametrize(
    "check",
    [
        contains("body", "a"),
        forbids("body", "a"),
        matches("body", "a"),
        length("body", at_most=9),
        starts_with("body", "a"),
    ],
)
@pytest.mark.parametrize("text", [None, 5, ["a"]])
def test_what_is_no_text_fails_every_rule_even_the_forbidding_ones(check: Any, text: Any) -> None:
    assert judge(check, text).score == 0.0
    assert "which is no text" in judge(check, text).reason


def test_a_missing_field_fails_a_forbidding_rule_too() -> None:
    (score,) = bind(forbids("body", "a"))(Run("r", {}, {}), Example("e", {}))
    assert score == Score("forbids", 0.0, "the outputs have no field 'body'")


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (lambda: contains("body"), "needs at least one text"),
        (lambda: forbids("body", ""), "none of them empty"),
        (lambda: matches("body", "("), "is no regular expression"),
        (lambda: length("body"), "needs at_least or at_most"),
        (lambda: length("body", at_least=5, at_most=4), "at_least <= at_most"),
    ],
)
def test_a_rule_that_can_only_pass_or_never_be_read_is_refused(make: Any, sentence: str) -> None:
    with pytest.raises(ConfigError, match=sentence):
        make()


def test_an_unknown_unit_lists_the_choices() -> None:
    with pytest.raises(UsageError, match="choose one of: characters, words"):
        length("body", at_most=3, unit="tokens")


def test_a_rule_may_have_its_own_key() -> None:
    assert judge(starts_with("body", "Hi", key="greets"), "Hi").key == "greets"
