"""Plain: text from outside loses what drives a terminal or turns the reading direction, and nothing that can be read."""

import unicodedata

from hypothesis import given
from hypothesis import strategies as st

from seatrial.report.sanitize import plain, plain_block

TEXT = st.text(st.characters(codec=None))


@given(TEXT)
def test_nothing_is_left_that_a_screen_would_obey(text):
    for found in (plain(text), plain_block(text).replace("\n", "").replace("\t", "")):
        assert not [c for c in found if unicodedata.category(c) in ("Cc", "Cs", "Zl", "Zp")]
        assert not [
            c
            for c in found
            if unicodedata.bidirectional(c) in ("LRE", "RLE", "PDF", "LRO", "RLO", "LRI", "RLI", "FSI", "PDI")
        ]
        found.encode()


@given(TEXT)
def test_what_is_plain_stays_as_it_is(text):
    assert plain(plain(text)) == plain(text)
    assert plain_block(plain_block(text)) == plain_block(text)


@given(st.text(st.characters(categories=("L", "N", "P", "S", "Zs", "M"))))
def test_what_can_be_read_is_not_touched(text):
    assert plain(text) == plain_block(text) == text


def test_breaks_become_one_space_and_the_rest_a_sign_that_something_was_there():
    assert plain("a\r\nb\tc\u2028d") == "a b c d"
    assert plain("\x1b[2Jred\x07") == "�[2Jred�"
    assert plain("\u202egnp.exe") == "�gnp.exe"
    assert plain_block("a\r\n\tb\rc\x1b") == "a\n\tb\nc�"


def test_letters_that_are_written_from_the_right_stay():
    assert plain("שלום") == "שלום"
