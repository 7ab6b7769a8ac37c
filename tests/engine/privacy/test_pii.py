"""Privacy: what is found, what is reserved, what stripping leaves, and that a hostile text costs no more than its length.

Real-looking data is put together here from parts, so that no file of the repository holds any.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seatrial.errors import DataError, UsageError
from seatrial.privacy import KINDS, FixtureFinding, find_pii, fixture_findings, strip_pii
from seatrial.privacy.iban import mod97
from seatrial.privacy.pattern import RESERVED_CARDS, RESERVED_IBANS, luhn

MAIL = "jane.doe@" + "acme.internal"
PHONE = "+1 415-" + "555-2671"
CARD = "4539 1488 " + "0343 6467"
IBAN = "GB33 BUKB 2020 " + "1555 5555 55"
SSN = "123-" + "45-6789"


def kinds(text: str, *, reserved: bool = False) -> list[str]:
    return [finding.kind for finding in find_pii(text, reserved=reserved)]


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("email", MAIL),
        ("email", "o'neil+x@" + "mail.uk.acme.internal"),
        ("email", "jürgen@" + "bücher.internal"),
        ("phone", PHONE),
        ("phone", "(415) " + "555-2671"),
        ("phone", "+4930" + "1234567"),
        ("phone", "+44 20 " + "7946 0958"),
        ("phone", "0044 20 " + "7946 0958"),
        ("phone", "030 " + "12345678"),
        ("card", CARD),
        ("card", CARD.replace(" ", "")),
        ("card", CARD.replace(" ", "-")),
        ("iban", IBAN),
        ("iban", IBAN.replace(" ", "")),
        ("ssn", SSN),
    ],
)
def test_each_kind_is_found_where_it_stands(kind: str, text: str) -> None:
    found = find_pii(f"Please note: {text}, thanks")
    assert [(one.kind, one.start, one.end) for one in found] == [(kind, 13, 13 + len(text))]
    assert found[0].excerpt == f"{text[0]}***{text[-1]}"


@pytest.mark.parametrize(
    "text",
    [
        "a@b",
        "version 1.2.3.4 of pkg@1.2.3",
        "order 5551234567",
        "2024-01-15 10:30",
        "2024-01-15T10:30:00Z",
        "12/05/2024 12:30:45",
        "1,234,567.89",
        "1700000000000",
        "123e4567-e89b-12d3-a456-426614174000",
        "978-3-16-148410-0",
        "SELECT 100 200 3000",
        CARD[:-1] + "8",
        "0000 0000 0000 0000",
        "GB33 BUKB 2020 1555 5555 56",
        "000-12-3456",
        "666-12-3456",
        "900-12-3456",
        "sha " + CARD.replace(" ", "") + "abcdef",
        "",
    ],
)
def test_what_only_looks_like_personal_data_is_not_found(text: str) -> None:
    assert kinds(text, reserved=True) == []


RESERVED = [
    *(
        ("email", f"jane@{domain}")
        for domain in ("example.com", "mail.example.org", "a.example", "b.test", "c.invalid")
    ),
    ("email", "root@localhost"),
    ("phone", "+1-555-0100"),
    ("phone", "+1 212 555 0199"),
    ("phone", "(212) 555-0142"),
    *(("card", number) for number in RESERVED_CARDS),
    *(("iban", number) for number in RESERVED_IBANS),
]


@pytest.mark.parametrize(("kind", "text"), RESERVED)
def test_reserved_ranges_are_found_on_request_only(kind: str, text: str) -> None:
    assert kinds(text) == []
    assert kinds(text, reserved=True) == [kind]


@pytest.mark.parametrize(
    "text", ["jane@" + "notexample.com", "jane@" + "example.com.acme.internal", "+1 212 555 " + "0200"]
)
def test_the_neighbours_of_a_reserved_range_are_real(text: str) -> None:
    assert len(kinds(text)) == 1


def test_a_reserved_iban_hides_the_telephone_number_its_digits_look_like() -> None:
    assert kinds("DE89 3704 0044 0532 0130 00 AND MORE") == []


def test_the_published_test_numbers_satisfy_their_checksums() -> None:
    assert all(luhn(number) for number in RESERVED_CARDS)
    assert all(mod97(number) for number in RESERVED_IBANS)


def test_luhn_by_hand() -> None:
    # 7992739871x, the textbook case: doubled from the right 2+7+9+6+7+6+9+7+4+9+1 = 67 with x = 0, so x = 3.
    assert [digit for digit in range(10) if luhn(f"7992739871{digit}")] == [3]


def test_mod_97_by_hand() -> None:
    # GB82 WEST 1234 5698 7654 32 -> 3214282912345698765432161182 = 97 k + 1 (the standard's own example).
    assert 3214282912345698765432161182 % 97 == 1
    assert mod97("GB82WEST12345698765432")


def test_stripping_replaces_each_kind_by_its_name_everywhere() -> None:
    value = {
        "to": f"{MAIL} or {PHONE}",
        "cards": [CARD, {"iban": IBAN}],
        "card_number": int(CARD.replace(" ", "")),
        "n": 3,
        "share": 0.5,
        "none": None,
        "ok": True,
        MAIL: "as a key",
        "kept": "jane@example.com",
    }
    assert strip_pii(value) == {
        "to": "<email> or <phone>",
        "cards": ["<card>", {"iban": "<iban>"}],
        "card_number": "<card>",
        "n": 3,
        "share": 0.5,
        "none": None,
        "ok": True,
        "<email>": "as a key",
        "kept": "jane@example.com",
    }


def test_keys_that_become_equal_lose_no_value() -> None:
    value = {f"{name}@" + "acme.internal": name for name in ("a", "b", "c")}
    assert strip_pii(value) == {"<email>": "a", "<email>#2": "b", "<email>#3": "c"}


def test_what_cannot_be_looked_into_is_refused() -> None:
    with pytest.raises(UsageError, match="cannot look into a bytes"):
        strip_pii({"x": MAIL.encode()})


PARTS = st.sampled_from(
    [MAIL, PHONE, CARD, IBAN, SSN, " ", ", ", "x", "7", "-", "+", "@", "jane@example.com", "<email>"]
)


@settings(max_examples=150)
@given(st.lists(PARTS, max_size=8).map("".join))
def test_after_stripping_nothing_is_left_and_stripping_again_changes_nothing(text: str) -> None:
    once = strip_pii(text)
    assert find_pii(once) == ()
    assert strip_pii(once) == once


@settings(max_examples=100)
@given(st.text() | st.lists(PARTS).map("".join))
def test_findings_lie_in_the_text_in_order_without_overlap(text: str) -> None:
    found = find_pii(text, reserved=True)
    ends = [0, *(one.end for one in found)]
    assert all(before <= one.start < one.end <= len(text) for before, one in zip(ends, found, strict=False))
    assert {one.kind for one in found} <= set(KINDS)


def test_a_long_run_of_signs_before_an_address_does_not_hide_it() -> None:
    assert strip_pii("-" * 200 + MAIL) == "-" * 200 + "<email>"
    assert kinds("x" * 200 + MAIL) == ["email"]


def test_a_megabyte_of_almost_addresses_holds_none() -> None:
    assert find_pii("a@a." * 250_000) == ()


def test_fixtures_are_searched_line_by_line_with_their_escapes_undone(tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    good = tmp_path / "a.jsonl"
    bad = tmp_path / "deep" / "b.jsonl"
    good.write_text(json.dumps({"to": "jane@example.com", "n": 5}) + "\n")
    escaped = json.dumps({"to": MAIL}).replace("@", "\\u0040")
    bad.write_text("{}\n" + escaped + "\n" + f"no json {SSN}\n" + json.dumps({"n": int(CARD.replace(" ", ""))}))
    assert fixture_findings(tmp_path) == (
        FixtureFinding(str(bad), 2, "email", "j***l"),
        FixtureFinding(str(bad), 3, "ssn", "1***9"),
        FixtureFinding(str(bad), 4, "card", "4***7"),
    )
    assert fixture_findings(good) == ()


@pytest.mark.parametrize(
    ("data", "sentence"), [(None, "there are no fixtures at"), (b"\xff\xfe", "is not UTF-8 at byte 0")]
)
def test_fixtures_that_cannot_be_read_prove_nothing(tmp_path: Path, data: Any, sentence: str) -> None:
    path = tmp_path / "x.jsonl"
    if data is not None:
        path.write_bytes(data)
    with pytest.raises(DataError, match=sentence):
        fixture_findings(path)
