"""Personal data in unusual spellings is found where it stands; ordinary text that looks like it is not.

Whatever looks real is put together from parts, so that no file of the repository holds any.
"""

from __future__ import annotations

import random
import re
import unicodedata
import uuid
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seatrial.checks import no_pii
from seatrial.dataset import Example
from seatrial.graph.run import Run
from seatrial.privacy import find_pii, strip_text
from seatrial.privacy.iban import _BBAN, IBAN_LENGTHS
from seatrial.privacy.normalize import _ZEROS, normalize
from seatrial.privacy.telephone import CALLING_CODES

SSN = "212-45" + "-6789"
CARD = "4539 1488" + " 0343 6467"
IBAN = "GB33 BUKB 2020" + " 1555 5555 55"
PHONE = "+1 415-" + "555-2671"
NATIONAL = "(415) " + "555-2671"
MAIL = "jane.doe@" + "acme.internal"
DASHES = "\u2010\u2011\u2012\u2013\u2014\u2015\u2212\ufe58\ufe63\uff0d\u2043"
SPACES = "\u00a0\u2002\u2003\u2007\u2008\u2009\u200a\u202f\u205f\u3000\u1680"
INVISIBLE = "\u200b\u200c\u200d\u200e\u200f\u2060\u2063\ufeff\u00ad\u034f\u202a\u202c\u2066\u2069\ufe0f\u180e"


def wide(text: str) -> str:
    return "".join(chr(ord(one) + 0xFEE0) if "!" <= one <= "~" else one for one in text)


def digits(text: str, zero: int) -> str:
    return "".join(chr(zero + int(one)) if one.isdigit() else one for one in text)


POSITIVES = [
    *(("ssn", SSN.replace("-", dash)) for dash in DASHES),
    *((kind, text.replace(" ", space)) for space in SPACES for kind, text in (("card", CARD), ("phone", PHONE))),
    *(("phone", NATIONAL.replace(" ", space)) for space in SPACES),
    *(("iban", IBAN.replace(" ", sign)) for sign in ["-", "\u2011", "\u00a0", "\u202f", "\u2009", ""]),
    *(("iban", IBAN.lower().replace(" ", sign)) for sign in (" ", "-", "\u2011", "")),
    ("iban", "nl91 abna 0417" + " 1643 00"),
    ("iban", "IQ98NBIQ8501" + "23456789012"),
    *(
        (kind, text[:at] + mark + text[at:])
        for mark in INVISIBLE
        for kind, text, at in (("ssn", SSN, 5), ("card", CARD, 7), ("phone", PHONE, 8), ("email", MAIL, 8))
    ),
    *(
        (kind, wide(text))
        for kind, text in (("ssn", SSN), ("card", CARD), ("iban", IBAN), ("phone", PHONE), ("email", MAIL))
    ),
    *(
        (kind, digits(text, zero))
        for zero in (0x660, 0x6F0, 0x966, 0x9E6, 0xE50, 0xFF10, 0x1D7CE, 0x1D7F6)
        for kind, text in (("ssn", SSN), ("card", CARD), ("phone", PHONE), ("iban", IBAN))
    ),
    ("email", MAIL.replace("@", "\uff20")),
    ("email", MAIL.replace("@", "\ufe6b")),
    ("email", MAIL.replace(".internal", "\uff0einternal")),
    ("email", MAIL.replace(".internal", "\u3002internal")),
    ("email", MAIL.replace("@", "%40")),
    ("email", MAIL.replace("@", "\\u0040")),
    ("email", MAIL.replace("@", "&#64;")),
    ("email", MAIL.replace("@", "&commat;")),
    ("ssn", SSN.replace("-", "\\u2011")),
    ("ssn", SSN.replace("-", "&#8209;")),
    ("phone", PHONE.replace(" ", "&nbsp;")),
    ("phone", PHONE.replace(" ", "\\u00a0")),
    ("phone", PHONE.replace("+", "%2B").replace(" ", "%20")),
    ("card", "4\ufe0f\u20e35\ufe0f\u20e33\ufe0f\u20e39\ufe0f\u20e3 1488" + " 0343 6467"),
    ("ssn", "".join(chr(0xE0000 + ord(one)) for one in SSN)),
    ("phone", "415.555" + ".2671"),
    ("phone", "+1.415.555" + ".2671"),
    ("phone", "415\u00b7555" + "\u00b72671"),
    ("phone", "+49 (0)30 " + "901820"),
    ("phone", "0049 30 " + "901820"),
    ("phone", "004930" + "90182000"),
    ("phone", "06 12 34" + " 56 78"),
    ("phone", "06.12.34" + ".56.78"),
    ("phone", "0151.234" + "56789"),
    ("card", "4539.1488" + ".0343.6467"),
    ("card", "378734" + "493671000"),
]


@pytest.mark.parametrize(("kind", "text"), POSITIVES)
def test_an_unusual_spelling_is_found_where_it_stands(kind: str, text: str) -> None:
    given = f"Write \u201c{text}\u201d here"
    assert [(one.kind, given[one.start : one.end]) for one in find_pii(given)] == [(kind, text)]
    assert strip_text(given) == f"Write \u201c<{kind}>\u201d here"


@pytest.mark.parametrize(
    ("kind", "text", "part"),
    [
        ("card", f"card {CARD} 12/27 123", CARD),
        ("card", f"card {CARD} 124", CARD),
        ("card", f"1 {CARD.replace(' ', '')} 2", CARD.replace(" ", "")),
        ("iban", f"ref ab12 {IBAN} and more words", IBAN),
        ("iban", f"Key be16 {IBAN.lower()}", IBAN.lower()),
        ("phone", f"call {PHONE} 2 times", PHONE),
        ("ssn", "SSN: 212" + "456789", "212" + "456789"),
        ("ssn", "social security number 212" + " 45 6789", "212" + " 45 6789"),
        ("phone", "Tel: 415" + "5552671", "415" + "5552671"),
        ("email", f"{MAIL}\u3002\u8c22\u8c22", MAIL),
    ],
)
def test_a_neighbour_does_not_hide_it(kind: str, text: str, part: str) -> None:
    assert [(one.kind, text[one.start : one.end]) for one in find_pii(text)] == [(kind, part)]


NEGATIVES = [
    "account 00125648 for the past 7 days",
    "invoice 0012345678",
    "open 0800-1700 and 0930\u20131830",
    "pages 212\u2013245",
    "2015\u20132024, 1999\u20132001",
    "2024\u201101\u201115 10:30:00",
    "2024-01-15T10:30:00.123456+00:00",
    "20240115-103000",
    "1700000000000 1700000000.123456 1700000000000000000",
    "+20241130 +12500000 +31536000 rows",
    "0.8912345678 3412.345678901234 -0.0123456789",
    "052.520008, 13.404954",
    "192.168.100.200 10.0.0.1 2001:0db8:85a3:0000",
    "127.0.0.1:5432 255.255.255.255",
    "v2024.11.30 1.2.3.4-rc1 pkg@1.2.3",
    "550e8400-e29b-41d4-a716-446655440000",
    "be16" + "de89370400440532013000" * 2,
    "sha256:de89" + "ab" * 30,
    "de8937040044053201300012345678ab",
    "GB82 TEST 1234 5698 7654 33",
    "DE12 is the postcode of Ripley 2020 in 1555",
    "ISBN 978-0-306-40615-7, EAN 4006381333931",
    "0x1234567890abcdef 00 12 34 56 78 9a",
    "01 02 03 04 05 06 07",
    "SELECT id FROM t WHERE total BETWEEN 100 AND 20000 AND name LIKE '%40%'",
    "SELECT * FROM orders WHERE id IN (1001, 1002, 1003) -- 12345678",
    "INSERT INTO t VALUES (4539, 1488, 343, 6467)",
    "WHERE price > 1e-10 AND qty = 0012",
    "WHERE day BETWEEN '2023-01-01' AND '2023-12-31'",
    "total 1,234,567.89 EUR; 1 234 567,89",
    "100 200 3000 40000",
    "[[4539 1488 343 6467] [912 536 80]] 7465 6910 2385 912 536 8086 5475",
    "9764 5536 1081 5078 5822 5014 7876 5173",
    "212 45 6789",
    "212456789",
    "x = 4155552671",
    "msg_id 7239847239847239847",
    "C:\\u2011\\x20\\temp",
    "@property @pytest.mark.slow user@host a@b",
    "\u0661\u0662\u0663 \u0669",
    "\u4ef7\u683c\uff11\uff12\uff13\u5143",
    "caf\u00e9 \u2014 d\u00e9j\u00e0 vu \u00b7 na\u00efve",
    "3\u00d73 x\u00b2 + 10\u207b\u00b9",
    "\U0001f3f4\U000e0067\U000e0062\U000e007f flag",
    "jane@example.com\u3002\u8c22\u8c22",
    "jane\uff20example.com and jane\u200b@example.org",
    "4242\u20114242\u20114242\u20114242",
    "de89-3704-0044-0532-0130-00",
    "+1\u202f212\u202f555\u202f0142",
    "Tel: 2125550142",
    "run-20241130-12345-67890 job 2024/11/30",
    "track 1Z999AA10123456784",
    "commit 0b1c2d3 and 4482120",
    "lat=0051 5007 lon=-0012 7600",
    "%20%20%20 100%25 5%2D10",
]


@pytest.mark.parametrize("text", NEGATIVES)
def test_ordinary_text_holds_no_personal_data(text: str) -> None:
    assert find_pii(text) == ()
    assert strip_text(text) == text


@pytest.mark.parametrize(
    "text", ["plain", "caf\u00e9 \u2014", "a\u200bb\u2011c\\u2011d", "\u200b", "\u200bx", "x\u200b\u200b"]
)
def test_positions_lead_back_to_the_original(text: str) -> None:
    plain = normalize(text)
    spans = [plain.span(at, at + 1) for at in range(len(plain.text))]
    assert all(before[1] == after[0] for before, after in pairwise(spans))
    assert all(normalize(text[start:end]).text == plain.text[at] for at, (start, end) in enumerate(spans))


def test_ids_hashes_and_lists_are_rarely_taken_for_personal_data() -> None:
    draw = random.Random(5)
    kinds = {
        "uuid": lambda: str(uuid.UUID(int=draw.getrandbits(128))),
        "md5": lambda: f"{draw.getrandbits(128):032x}",
        "float": lambda: str(draw.random() * 10 ** draw.randint(0, 6)),
        "time": lambda: (
            f"20{draw.randint(10, 99)}-1{draw.randint(0, 2)}-2{draw.randint(0, 8)}T2{draw.randint(0, 3)}:59:1"
        ),
        "numbers": lambda: " ".join(str(draw.randint(0, 9999)) for _ in range(8)),
        "microseconds": lambda: str(draw.randint(15 * 10**14, 19 * 10**14)),
    }
    false = {kind: sum(bool(find_pii(make())) for _ in range(1000)) for kind, make in kinds.items()}
    # A list of numbers that ends in three of three, three and four digits cannot be told from a telephone number.
    assert false.pop("numbers") <= 10
    assert not any(false.values()), false


@given(st.text(st.sampled_from("7a-@. \\u2011&;%40" + DASHES + SPACES + INVISIBLE)))
def test_every_position_of_the_plain_spelling_is_one_of_the_original(text: str) -> None:
    plain = normalize(text)
    places = [plain.span(at, at + 1) for at in range(len(plain.text))]
    assert all(0 <= start < end <= len(text) for start, end in places)
    assert places == sorted(places)


def test_every_decimal_digit_of_unicode_is_known() -> None:
    known = {int(zero, 16) for zero in _ZEROS.split()} | {0xFF10, *range(0x1D7CE, 0x1D800, 10)}
    assert {code for code in range(0x80, 0x20000) if unicodedata.decimal(chr(code), None) == 0} <= known


def test_every_dash_and_space_of_unicode_is_plain() -> None:
    for code in range(0x80, 0x3100):
        sign = chr(code)
        if unicodedata.category(sign) == "Zs":
            assert normalize(f"1{sign}2").text == "1 2"
        if "DASH" in unicodedata.name(sign, "") and unicodedata.category(sign) == "Pd" and sign not in "\u301c\u3030":
            assert normalize(f"1{sign}2").text == "1-2"


def test_ibans_agree_with_the_maintained_registry() -> None:
    maintained = pytest.importorskip("stdnum.iban")
    for entry in _BBAN.split():
        country, _, form = entry.partition(":")
        theirs: list[tuple[int, str]] = []
        for n, kind in re.findall(r"(\d+)!([nac])", maintained._ibandb.info(country + "9" * 30)[0][1]["bban"]):
            # 4!n4!n12!c is 8 digits, then 12 of either
            before = theirs.pop() if theirs and theirs[-1][1] == kind else (0, kind)
            theirs.append((before[0] + int(n), kind))
        assert [(int(n), kind) for n, kind in re.findall(r"(\d+)([nac])", form)] == theirs, country
        assert IBAN_LENGTHS[country] == 4 + sum(n for n, _ in theirs)
    assert len(IBAN_LENGTHS) == 89


def test_calling_codes_agree_with_the_maintained_plans() -> None:
    phonenumbers = pytest.importorskip("phonenumbers")
    assert set(CALLING_CODES) == {str(code) for code in phonenumbers.COUNTRY_CODE_TO_REGION_CODE}
    for code, regions in phonenumbers.COUNTRY_CODE_TO_REGION_CODE.items():
        for region in regions:
            if region == "001":
                meta = phonenumbers.PhoneMetadata.metadata_for_nongeo_region(code)
            else:
                meta = phonenumbers.PhoneMetadata.metadata_for_region(region)
            national = {n for n in meta.general_desc.possible_length if code != 1 or n == 10}
            assert national <= set(CALLING_CODES[str(code)]), code


def test_every_country_s_example_number_is_found() -> None:
    phonenumbers = pytest.importorskip("phonenumbers")
    missed = []
    for region in sorted(phonenumbers.SUPPORTED_REGIONS):
        number = phonenumbers.example_number_for_type(region, phonenumbers.PhoneNumberType.MOBILE)
        if number is None:
            continue
        for form in (phonenumbers.PhoneNumberFormat.INTERNATIONAL, phonenumbers.PhoneNumberFormat.E164):
            text = phonenumbers.format_number(number, form)
            if [one.kind for one in find_pii(f"call {text} now", reserved=True)] != ["phone"]:
                missed.append(text)
    # Written without a separator, fewer than nine digits are as often a difference with its sign.
    assert [text for text in missed if len(text) > 9] == []
    assert len(missed) <= 12


def test_what_the_input_held_in_another_spelling_is_no_leak() -> None:
    example = Example("e", {"body": f"my number is {PHONE}"})
    answer = {"body": "We call " + PHONE.replace(" ", "\u202f").replace("-", "\u2011")}
    assert no_pii(allow_from_input=True)(Run("r", {}, answer), example).score == 1.0
    assert no_pii()(Run("r", {}, answer), example).score == 0.0
