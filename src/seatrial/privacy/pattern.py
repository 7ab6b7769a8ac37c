"""The patterns of personal data and the ranges reserved for examples, as one tuple.

Every pattern has bounded repetition, so a hostile text costs time in proportion to its length.

Known limits: names and postal addresses are no pattern; ten digits in a row are an order number as often as a telephone
number and are not reported without a separator or a leading plus; IP addresses look like version numbers and are left
out, because a check with zero tolerance must not stop a release over `1.2.3.4`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from seatrial.privacy.iban import IBAN_LENGTHS, is_iban
from seatrial.privacy.telephone import is_international

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

RESERVED_DOMAINS = ("example.com", "example.org", "example.net", "example", "test", "invalid", "localhost")
RESERVED_CARDS = (
    "4242424242424242",
    "4111111111111111",
    "4012888888881881",
    "4000056655665556",
    "5555555555554444",
    "5105105105105100",
    "5200828282828210",
    "2223003122003222",
    "378282246310005",
    "371449635398431",
    "6011111111111117",
    "6011000990139424",
    "30569309025904",
    "38520000023237",
    "3530111333300000",
    "3566002020360505",
    "6200000000000005",
)
"""Published by the card networks and payment services for tests."""
RESERVED_IBANS = ("DE89370400440532013000", "GB82WEST12345698765432", "GB29NWBK60161331926819")
"""Printed in the standard's own examples."""
_ISSUER = re.compile(
    r"4\d{12}(?:\d{3}){0,2}"  # Visa
    r"|5[0-8]\d{14}(?:\d{3})?|2(?:22[1-9]|2[3-9]\d|[3-6]\d\d|7[01]\d|720)\d{12}"  # Mastercard, Maestro
    r"|3[47]\d{13}|3(?:0[0-5]|[689]\d)\d{11}|35\d{14}"  # American Express, Diners Club, JCB
    r"|6(?:0\d\d|2\d\d|304|390|4[4-9]\d|5\d\d|7\d\d)\d{12}(?:\d{3})?"  # Discover, UnionPay, RuPay, Maestro
)


@dataclass(frozen=True, slots=True)
class Pattern:
    """One kind of personal data.

    Attributes:
        kind: its name, also what it is replaced by: `<kind>`.
        needs: names in NEEDS, the first of them in FIRST; without each of them there is no candidate.
        regex: finds candidates in plain spelling; bounded repetition only. The group `part`, if there is one, is
            the candidate. What may stand before it is asked after its first character: beginning with a set of
            characters makes searching four times as fast.
        accept: the leading part of a candidate that really is one ("" if none): checksums live here.
        reserved: is this one from a range set aside for examples.
    """

    kind: str
    needs: tuple[str, ...]
    regex: re.Pattern[str]
    accept: Callable[[str], str]
    reserved: Callable[[str], bool]


def _digits(text: str) -> str:
    return re.sub(r"\D", "", text)


def luhn(digits: str) -> bool:
    """Whether a string of digits satisfies the Luhn checksum (ISO/IEC 7812-1, annex B)."""
    total = 0
    for place, digit in enumerate(reversed(digits)):
        doubled = int(digit) * (1 + place % 2)
        total += doubled - 9 * (doubled > 9)
    return total % 10 == 0


def _prefixes(text: str) -> Iterator[str]:
    """`text`, and what is left of it when groups are cut from its end: a number next to it is not part of it."""
    yield text
    for end in range(len(text) - 1, 7, -1):
        if text[end] in _SEPARATORS and text[end - 1] not in _SEPARATORS:
            yield text[:end]


def _card(text: str) -> str:
    """All of it, or all but a last group of three: a card's security code is often written behind it."""
    for part in (text, text[:-4]) if len(text) == 23 else (text,):
        digits = _digits(part)
        if _ISSUER.fullmatch(digits) and luhn(digits):
            return part
    return ""


def _iban(text: str) -> str:
    """As many characters as the country's IBANs have, if they are one: a word that follows is not part."""
    wanted = IBAN_LENGTHS.get(text[:2].upper(), 0)
    place = [n for n, letter in enumerate(text) if letter not in " -"]
    if not 0 < wanted <= len(place):
        return ""
    part = text[: place[wanted - 1] + 1]
    if text[len(part) : len(part) + 1].isalnum():
        return ""
    return part if is_iban(_bare(part)) else ""


def _bare(iban: str) -> str:
    return iban.replace(" ", "").replace("-", "").upper()


def _ssn(text: str) -> str:
    digits = _digits(text)
    area, group, serial = digits[:3], digits[3:5], digits[5:]
    return "" if area in {"000", "666"} or area[0] == "9" or group == "00" or serial == "0000" else text


def _international(text: str) -> str:
    """The longest part that a country's plan allows; digits without a separator only if they are many enough."""
    for part in _prefixes(text):
        digits = _digits(part.replace("(0)", ""))
        is_solid = not any(letter in _SEPARATORS for letter in part)
        if part[0] != "+":
            digits = digits[2:]
            enough = not is_solid or len(digits) >= 10  # not an id that is padded with zeros
        else:
            enough = not is_solid or len(digits) >= 9  # not a difference written with its sign
        if enough and len(set(digits)) > 1 and is_international(digits):
            return part
    return ""


def _national(text: str) -> str:
    digits = _digits(text)
    dotted = "." in text
    if not (10 if dotted else 8) <= len(digits) <= 15 or len(set(digits)) == 1 or _OPENING.fullmatch(text):
        return ""
    return text


def _north_american(text: str) -> str:
    return text if len(set(_digits(text))) > 1 else ""


def _reserved_mail(text: str) -> bool:
    domain = text.rpartition("@")[2].lower().rstrip(".")
    return any(domain == one or domain.endswith(f".{one}") for one in RESERVED_DOMAINS)


def _reserved_phone(text: str) -> bool:
    return re.fullmatch(r"(?:1|001)?(?:[2-9]\d\d)?55501\d\d", _digits(text)) is not None


def _is_domain(domain: str) -> bool:
    """A dotted name that ends in letters, or localhost: `user@host` alone is a handle, `a@1.2` a version."""
    last = domain.rpartition(".")[2]
    return domain.lower() == "localhost" or ("." in domain and last.isalpha())


NEEDS = {
    "at": re.compile("@"),
    "iban head": re.compile(r"\d(?<=[A-Za-z]{2}\d)\d[A-Za-z0-9 -]{11}"),
    "digits": re.compile(r"\d(?:[ ./()-]{0,4}\d){7}"),
    "card digits": re.compile(r"[2-6]\d{3}(?:[ .-]?\d){9}"),
    "free digits": re.compile(r"[^\w.]\d{9}|\d{3}[ ./]\d\d[ ./]\d{4}"),
    "name": re.compile(r"(?i)ssn|social|phone|mobile|fax|whatsapp|tel"),
    "marks": re.compile(r"\d[ /()-]{1,2}\d|[+(]\d|00[1-9]\d{9}|\d\.\d{2,4}\.\d|0[1-9]\d{1,3}\.\d"),
}
"""What a text must hold for a pattern to be tried; that it holds none of the FIRST is all that most texts cost."""
FIRST = ("at", "iban head", "digits")

_SEPARATORS = " .-/()"
_OPENING = re.compile(r"(?:[01]\d|2[0-3])[0-5]\d-(?:[01]\d|2[0-4])[0-5]\d")
"""Opening hours look like a number with an area code: 0800-1700."""

PATTERNS = (
    Pattern(
        "email",
        ("at",),
        re.compile(r"\w[\w.%+'-]{0,63}@(?:[\w-]{1,63}\.){0,8}[\w-]{2,63}"),
        lambda text: text if _is_domain(text.rpartition("@")[2]) else "",
        _reserved_mail,
    ),
    Pattern(
        "iban",
        ("iban head",),
        re.compile(r"[A-Za-z](?<![^\W_].)[A-Za-z]\d{2}(?:[ -]?[A-Za-z0-9]){11,31}"),
        _iban,
        lambda text: _bare(text) in RESERVED_IBANS,
    ),
    Pattern(
        "card",
        ("digits", "card digits"),
        re.compile(r"[2-6](?<![\w.-].)\d{12,18}(?![\w-])"),
        _card,
        lambda text: _digits(text) in RESERVED_CARDS,
    ),
    Pattern(  # as it is printed: 4-4-4-4, 4-6-5, 4-6-4; not out of the middle of a list of numbers
        "card",
        ("digits", "card digits"),
        re.compile(
            r"[2-6](?<![\w.-].)(?<!\d[ -].)\d{3}(?P<mark>[ .-])"
            r"(?:\d{4}(?P=mark)\d{4}(?P=mark)\d{4}(?:(?P=mark)\d{3})?|\d{6}(?P=mark)\d{4,5})"
            r"(?![\w-]|\.\d)(?! \d+ \d+ \d| \d{4} \d)"
        ),
        _card,
        lambda text: _digits(text) in RESERVED_CARDS,
    ),
    Pattern("ssn", ("digits", "marks"), re.compile(r"\d(?<![\w-].)\d\d-\d{2}-\d{4}(?![\w-])"), _ssn, lambda _: False),
    Pattern(  # only after its name: nine digits alone are any number
        "ssn",
        ("digits", "free digits", "name"),
        re.compile(
            r"(?i:\b(?:ssn|social security)\b[^\d\n]{0,20})(?P<part>\d{3}(?P<mark>[ ./]?)\d{2}(?P=mark)\d{4})(?![\w-])"
        ),
        _ssn,
        lambda _: False,
    ),
    Pattern(  # international
        "phone",
        ("digits", "marks"),
        re.compile(r"[+0](?<![\w.+/-].)(?:(?<=\+)|0[ ./-]?)[1-9]\d{0,2}(?:[ ./-]{0,2}\(?\d\)?){6,15}(?![\w-])"),
        _international,
        _reserved_phone,
    ),
    Pattern(  # North America; three numbers in the middle of a list are none
        "phone",
        ("digits", "marks"),
        re.compile(
            r"[1-9(](?<![\w.+/-].)(?:(?<=1)[ .-]\(?[2-9]\d\d|(?<=\()[2-9]\d\d|(?<=[2-9])\d\d)\)?[ .-] ?[2-9]\d{2}[ .-]"
            r"\d{4}(?![\w-])(?!(?<=\d \d{3} \d{4}) \d)(?<!\d \d{3} \d{3} \d{4})"
        ),
        _north_american,
        _reserved_phone,
    ),
    Pattern(  # without separators, after its name
        "phone",
        ("digits", "free digits", "name"),
        re.compile(
            r"(?i:\b(?:telephone|phone|mobile|fax|whatsapp|tel)\b[^\w\n]{1,4})"
            r"(?P<part>[2-9]\d{2}[2-9]\d{6}|0[1-9]\d{8,10})(?![\w-])"
        ),
        _north_american,
        _reserved_phone,
    ),
    Pattern(  # national, with a trunk zero: in pairs as in France, or after an area code
        "phone",
        ("digits", "marks"),
        re.compile(
            r"[0(](?<![\w.+/-].)(?<!\d[ -].)(?:(?<=0)[1-9](?P<mark>[ .-])\d\d(?:(?P=mark)\d\d){3}(?![\w-]|[ .-]\d)"
            r"|(?:(?<=0)|(?<=\()0)[1-9]\d{1,3}\)?[ /.-]\d{3,8}(?:[ -]\d{2,5}){0,2}(?![\w-]))"
        ),
        _national,
        _reserved_phone,
    ),
)
"""In order of precedence: a digit that belongs to a card is not also part of a telephone number."""

KINDS = tuple(dict.fromkeys(pattern.kind for pattern in PATTERNS))
