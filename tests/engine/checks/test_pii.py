"""The leak check: reserved data counts, the house's own and (on request) the input's does not."""

from __future__ import annotations

from typing import Any

import pytest

from seatrial.checks import no_pii
from seatrial.dataset import Example
from seatrial.errors import UsageError
from seatrial.graph.run import Run
from seatrial.scoring import Score, bind


def judge(check: Any, outputs: Any, inputs: Any = None) -> Score:
    (score,) = bind(check)(Run("r", inputs or {}, outputs), Example("e", inputs or {}))
    return score


def test_a_clean_answer_scores_one() -> None:
    assert judge(no_pii(), {"body": "Dear Ann, thank you."}) == Score("pii_leak", 1.0, "no personal data")


@pytest.mark.parametrize(
    "outputs",
    [
        {"body": "write to ann@example.com"},
        {"body": {"parts": [["x", "ann@example.com"]]}},
        {"ann@example.com": 1},
        {"cards": (4242424242424242,)},
    ],
)
def test_a_leak_is_found_at_any_depth_in_keys_and_in_numbers(outputs: Any) -> None:
    assert judge(no_pii(), outputs).score == 0.0


def test_the_sentence_counts_kinds_and_shows_nothing() -> None:
    reason = judge(no_pii(), {"body": "ann@example.com, bob@example.org, +1-555-0142"}).reason
    assert reason == "2 x email, 1 x phone; the first is a***m"


def test_the_house_s_own_address_is_no_leak() -> None:
    check = no_pii(allow=("Support@Acme.example",))
    assert judge(check, {"body": "ask support@acme.example"}).score == 1.0
    assert judge(check, {"body": "ask sales@acme.example"}).score == 0.0


def test_what_the_input_held_is_a_leak_unless_asked_otherwise() -> None:
    inputs, outputs = {"from": "Ann@example.com"}, {"body": "we wrote to ann@example.com"}
    assert judge(no_pii(), outputs, inputs).score == 0.0
    assert judge(no_pii(allow_from_input=True), outputs, inputs).score == 1.0
    assert judge(no_pii(allow_from_input=True), {"body": "bob@example.com"}, inputs).score == 0.0


def test_only_the_named_kinds_count() -> None:
    assert judge(no_pii(kinds=["card"]), {"body": "ann@example.com"}).score == 1.0


def test_a_message_object_is_looked_into_by_what_it_says() -> None:
    class Message:
        def __str__(self) -> str:
            return "content='ann@example.com'"

    assert judge(no_pii(), {"messages": [Message()]}).score == 0.0


def test_a_missing_answer_was_not_shown_to_be_clean() -> None:
    assert judge(no_pii("body"), {}).score == 0.0


def test_an_unknown_kind_lists_the_choices() -> None:
    with pytest.raises(UsageError, match="choose one of: email, iban, card, ssn, phone"):
        no_pii(kinds=["name"])
