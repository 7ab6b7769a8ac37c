"""Grounding: supported, unsupported, and what words cannot tell; citations that lead somewhere."""

from __future__ import annotations

from typing import Any

import pytest

from seatrial.checks import grounded
from seatrial.dataset import Example
from seatrial.errors import ConfigError, UsageError
from seatrial.graph.run import Run
from seatrial.scoring import Score, bind

PASSAGES = [
    {"id": "refunds", "text": "Refunds reach your account within 5 business days. Orders above 1,500 EUR need a second approval."},
    {"id": "shipping", "text": "We ship to Austria and Switzerland. We do not ship to Peru. The warehouse opened on 2026-01-05."},
]  # fmt: skip


def judge(answer: Any, passages: Any = PASSAGES, **how: Any) -> Score:
    outputs = {"answer": answer, "passages": passages}
    (score,) = bind(grounded(**how))(Run("r", {}, outputs), Example("e", {}))
    return score


@pytest.mark.parametrize(
    ("answer", "score", "sentence"),
    [
        ("Refunds reach your account within 5 business days.", 1.0, "the words of 1 sentences stand in 2 passages"),
        ("Hello! A refund reaches your account within five business days. Let me know if you need more.", 1.0, ""),
        ("Hello! Refunds reach the account within five business days. Can I help you further?", 1.0, ""),
        ("Orders above 1500 EUR need a second approval.", 1.0, ""),
        ("Refunds reach your account within 9 business days.", 0.0, "the number 9 is in no passage"),
        ("Our parrots sing opera every evening.", 0.0, "0% of its words are in one passage"),
        ("Refunds reach your account within 1,500 business days.", None, "no sentence of a passage has its numbers"),
        ("We ship to Peru.", None, "negated"),
        ("We ship to Austria and Atlantis and Switzerland.", None, "the name Atlantis is in no passage"),
        ("The money arrives in your account in under a week.", 0.0, "of its words are in one passage"),
        ("The warehouse opened on 2026-01-05.", 1.0, ""),
        ("The warehouse opened on 05/01/2026.", None, "may be written otherwise"),
        ("I could not find that in the documents.", None, "what the passages do not say"),
        ("Sure!", None, "claims nothing"),
        ("", None, "claims nothing"),
        ("1. Refunds reach your account within 5 business days.\n2. We ship to Austria and Switzerland.", 1.0, "2 sentences"),
        ("We ship to Austria. Refunds take 77 years.", 0.0, "the number 77"),
    ],
)  # fmt: skip
def test_a_sentence_is_supported_unsupported_or_unknown(answer: str, score: Any, sentence: str) -> None:
    found = judge(answer)
    assert found.score == score, found
    assert sentence in found.reason


@pytest.mark.parametrize(
    ("answer", "score"),
    [
        ("Refunds reach your account within 5 business days [refunds].", 1.0),
        ("Refunds reach your account within 5 business days. [refunds] We ship to Austria. [shipping]", 1.0),
        ("Refunds reach your account within 5 business days [refunds, shipping].", 1.0),
        ("Refunds reach your account within 5 business days [shipping].", 0.0),
        ("Refunds reach your account within 5 business days [doc-9].", 0.0),
        ("Refunds reach your account within 5 business days [3].", 0.0),
        ("Refunds reach your account within 5 business days【refunds】.", 1.0),
        ("Refunds reach your account within 5 business days [sic].", 1.0),
        ("Refunds reach [your account](https://example.com/9) within 5 business days.", 1.0),
    ],
)
def test_a_citation_leads_to_a_passage_that_supports_its_sentence(answer: str, score: Any) -> None:
    assert judge(answer).score == score


def test_passages_without_ids_are_cited_by_their_place() -> None:
    texts = [one["text"] for one in PASSAGES]
    assert judge("We ship to Austria and Switzerland [2].", texts).score == 1.0
    assert (
        judge("We ship to Austria and Switzerland [3].", texts).reason == "the citation [3] leads to none of 2 passages"
    )
    assert judge("We ship to Austria and Switzerland (source 2).", texts).score == 1.0
    assert judge("We ship to Austria and Switzerland.", {"a": texts[1]}).score == 1.0
    assert judge("We ship to Austria and Switzerland.", [{"page_content": texts[1]}]).score == 1.0


def test_a_claim_must_cite_where_that_is_required() -> None:
    assert judge("Hello! We ship to Austria and Switzerland [shipping].", must_cite=True).score == 1.0
    assert judge("We ship to Austria and Switzerland.", must_cite=True).score == 0.0


def test_without_passages_a_claim_is_unsupported_and_missing_ones_are_no_pass() -> None:
    assert judge("We ship to Austria and Switzerland.", []).score == 0.0
    assert judge("We ship to Austria.", 5).score is None
    assert judge("We ship to Austria.", [{"url": "x"}]).score is None
    check = bind(grounded())
    assert check(Run("r", {}, {"answer": "x"}), Example("e", {}))[0].score == 0.0
    assert check(Run("r", {}, {"passages": []}), Example("e", {}))[0].score == 0.0
    assert bind(grounded(source="inputs"))(Run("r", {}, {"answer": "x"}), Example("e", {}))[0].score is None
    given = Example("e", {"passages": PASSAGES})
    assert bind(grounded(source="inputs"))(Run("r", {}, {"answer": "We ship to Austria."}), given)[0].score == 1.0


def test_wrong_arguments_are_refused() -> None:
    with pytest.raises(UsageError, match="outputs, inputs, reference"):
        grounded(source="memory")
    with pytest.raises(ConfigError, match="above 0"):
        grounded(at_least=0)
