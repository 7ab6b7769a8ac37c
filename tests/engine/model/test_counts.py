"""Counts of a message's usage: what is told apart, by every name a provider's client gives it."""

import pytest

from seatrial.model.counts import Counts, Details, counts_of, details_of
from seatrial.runner.record import Record, head, line, more, parse


@pytest.mark.parametrize(
    ("usage", "details"),
    [
        (None, Details(None, None, None)),
        ({"input_tokens": 9, "output_tokens": 1}, Details(None, None, None)),
        ({"input_token_details": {"cache_read": 0}, "output_token_details": {"reasoning": 3}}, Details(0, None, 3)),
        ({"input_token_details": {"cache_read": 5, "cache_creation": 7}}, Details(5, 7, None)),
        # Anthropic's client: where it says how long they are kept it leaves cache_creation at 0
        (
            {
                "input_token_details": {
                    "cache_creation": 0,
                    "ephemeral_5m_input_tokens": 7,
                    "ephemeral_1h_input_tokens": 2,
                }
            },
            Details(None, 9, None),
        ),
    ],
)
def test_every_name_of_what_was_written_to_a_cache_counts(usage, details):
    assert details_of(usage) == details


def test_the_calls_of_a_run_are_added_up_and_what_none_tells_stays_unknown():
    told, silent = {"input_token_details": {"cache_read": 5}}, {"input_tokens": 9}
    assert counts_of([told, silent, told]) == Counts(3, 10, None, None)


def test_a_line_of_the_row_log_gives_the_counts_back():
    record = Record("scored", None, None, 1.0, 9, 1, "m", "t", "h", (), (), Counts(2, 5, None, 1))
    text = line(record, head("e", 0), '{"a":1}', "", more(record))
    assert parse(text, ())[2] == record
    with pytest.raises(TypeError, match="calls is"):
        parse(text.replace(b'"calls": 2', b'"calls": "2"'), ())
