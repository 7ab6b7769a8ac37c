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

if TYPE_CHECKING:
    from collections.abc import Callable

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
IBAN_LENGTHS = {
    country: int(length)
    for country, length in re.findall(
        r"([A-Z]{2})(\d\d)",
        "AD24 AE23 AL28 AT20 AZ28 BA20 BE16 BG22 BH22 BR29 BY28 CH21 CR22 CY28 CZ24 DE22 DK18 DO28 EE20 EG29 ES24 FI18 "
        "FO18 FR27 GB22 GE22 GI23 GL18 GR27 GT28 HR21 HU28 IE22 IL23 IS26 IT27 JO30 KW30 KZ20 LB28 LI21 LT20 LU20 LV21 "
        "MC27 MD24 ME22 MK19 MR27 MT31 MU30 NL18 NO15 PK24 PL28 PS29 PT25 QA29 RO24 RS22 SA24 SC31 SE24 SI19 SK24 SM27 "
        "TN24 TR26 UA29 VA22 VG24 XK20",
    )
}
"""Characters of an IBAN by country (ISO 13616 registry)."""
_ISSUER = re.compile(
    r"4\d{12}(?:\d{3}){0,2}"  # Visa
    r"|5[0-8]\d{11,17}|2(?:22[1-9]|2[3-9]\d|[3-6]\d\d|7[01]\d|720)\d{12}"  # Mastercard, Maestro
    r"|3[47]\d{13}|3(?:0[0-5]|[689]\d)\d{11}|35\d{14}|6\d{12,18}"  # Amex, Diners, JCB, Discover, UnionPay
)


@dataclass(frozen=True, slots=True)
class Pattern:
    """One kind of personal data.

    Attributes:
        kind: its name, also what it is replaced by: `<kind>`.
        needs: a cheap pattern without which there is no candidate: most texts are done with after this one.
        regex: finds candidates; bounded repetition only.
        accept: the part of a candidate that really is one ("" if none): checksums live here.
        reserved: is this one from a range set aside for examples.
    """

    kind: str
    needs: re.Pattern[str]
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


def mod97(iban: str) -> bool:
    """Whether an IBAN without spaces satisfies ISO 7064 mod 97-10."""
    rotated = iban[4:] + iban[:4]
    return int("".join(str(int(letter, 36)) for letter in rotated)) % 97 == 1


def _card(text: str) -> str:
    digits = _digits(text)
    return text if _ISSUER.fullmatch(digits) and luhn(digits) else ""


def _iban(text: str) -> str:
    """As many characters as the country's IBANs have, if they satisfy the checksum: a word that follows is not part."""
    wanted = IBAN_LENGTHS.get(text[:2], 0)
    place = [n for n, letter in enumerate(text) if letter != " "]
    if not 0 < wanted <= len(place):
        return ""
    part = text[: place[wanted - 1] + 1]
    return part if mod97(part.replace(" ", "")) else ""


def _ssn(text: str) -> str:
    area, group, serial = text.split("-")
    return "" if area in {"000", "666"} or area[0] == "9" or group == "00" or serial == "0000" else text


def _phone(text: str) -> str:
    digits = _digits(text)
    return text if 8 <= len(digits) <= 15 and len(set(digits)) > 1 else ""


def _reserved_mail(text: str) -> bool:
    domain = text.rpartition("@")[2].lower().rstrip(".")
    return any(domain == one or domain.endswith(f".{one}") for one in RESERVED_DOMAINS)


def _reserved_phone(text: str) -> bool:
    return re.fullmatch(r"(?:1|001)?(?:[2-9]\d\d)?55501\d\d", _digits(text)) is not None


def _is_domain(domain: str) -> bool:
    """A dotted name that ends in letters, or localhost: `user@host` alone is a handle, `a@1.2` a version."""
    last = domain.rpartition(".")[2]
    return domain.lower() == "localhost" or ("." in domain and last.isalpha())


_AT = re.compile("@")
_IBAN_HEAD = re.compile(r"[A-Z][A-Z]\d\d")
_EIGHT_DIGITS = re.compile(r"\d(?:[ ./()-]{0,4}\d){7}")
NEEDS = (_AT, _IBAN_HEAD, _EIGHT_DIGITS)
"""What a text must hold for any pattern to be tried; three quick looks are all that most texts cost."""

PATTERNS = (
    Pattern(
        "email",
        _AT,
        re.compile(r"\w[\w.%+'-]{0,63}@(?:[\w-]{1,63}\.){0,8}[\w-]{2,63}"),
        lambda text: text if _is_domain(text.rpartition("@")[2]) else "",
        _reserved_mail,
    ),
    Pattern(
        "iban",
        _IBAN_HEAD,
        re.compile(r"(?<!\w)[A-Z]{2}\d{2}(?: ?[A-Z0-9]{1,4}){3,8}(?![A-Z0-9])"),
        _iban,
        lambda text: text.replace(" ", "") in RESERVED_IBANS,
    ),
    Pattern(
        "card",
        _EIGHT_DIGITS,
        re.compile(r"(?<![\w.-])[2-6]\d{3}(?:[ -]?\d){9,15}(?![\w-])"),
        _card,
        lambda text: _digits(text) in RESERVED_CARDS,
    ),
    Pattern("ssn", _EIGHT_DIGITS, re.compile(r"(?<![\w-])\d{3}-\d{2}-\d{4}(?![\w-])"), _ssn, lambda _: False),
    Pattern(
        "phone",
        _EIGHT_DIGITS,
        re.compile(
            r"(?<![\w.+/-])(?:"
            r"(?:\+|00 ?)[1-9]\d{0,2}(?:[ ./-]{0,2}\(?\d{1,5}\)?){2,6}"  # international
            r"|(?:1[ .-])?\(?[2-9]\d{2}\)?[ .-] ?[2-9]\d{2}[ .-]\d{4}"  # North America
            r"|(?<!\d[ -])\(?0\d{2,4}\)?[ /-]\d{3,8}(?:[ -]\d{2,5}){0,2}"  # national, with a trunk zero
            r")(?![\w-])"
        ),
        _phone,
        _reserved_phone,
    ),
)
"""In order of precedence: a digit that belongs to a card is not also part of a telephone number."""

KINDS = tuple(pattern.kind for pattern in PATTERNS)
