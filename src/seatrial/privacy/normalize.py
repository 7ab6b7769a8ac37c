"""Plain spelling of a text for matching: dashes, spaces, digits and escapes become ASCII, invisible characters go.

    normalize("212\u201145\u20116789").text     -> "212-45-6789"
    normalize("jane\u200b@acme.internal").span(0, 18) -> (0, 19)

Only what patterns look at is changed (digits, separators, the characters of addresses); letters of other scripts stay.
"""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_right
from functools import lru_cache
from typing import NamedTuple

_ZEROS = (
    "660 6F0 7C0 966 9E6 A66 AE6 B66 BE6 C66 CE6 D66 DE6 E50 ED0 F20 1040 1090 17E0 1810 1946 19D0 1A80 1A90 1B50 1BB0 "
    "1C40 1C50 A620 A8D0 A900 A9D0 A9F0 AA50 ABF0 104A0 10D30 11066 110F0 11136 111D0 112F0 11450 114D0 11650 116C0 "
    "11730 118E0 11950 11C50 11D50 11DA0 11F50 16A60 16AC0 16B50 1E140 1E2F0 1E4F0 1E950 1FBF0"
)
"""The zero of every set of decimal digits (Unicode category Nd); the other nine follow it."""
_DASHES = "\u02d7\u058a\u05be\u1400\u1806\u2010-\u2015\u2043\u2212\u2e3a\u2e3b\ufe31\ufe32\ufe58"
_SPACES = "\u00a0\u1680\u2000-\u200a\u202f\u205f\u3000"
_INVISIBLE = (
    "\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u20e3\u3164"
    "\ufe00-\ufe0f\ufeff\uffa0\ufff9-\ufffb\U000e0100-\U000e01ef"
)
_FORMS = "\u2024\ufe50-\ufe6b\uff08\uff09\uff0b\uff0d-\uff19\uff20-\uff3a\uff3f\uff41-\uff5a\U0001d400-\U0001d7ff"
"""Full-width, small and mathematical forms of ASCII; not the punctuation that Chinese text is full of."""
_TAGS = "\U000e0020-\U000e007e"
"""Invisible copies of ASCII: what they spell is read by models, though by no person."""
_OTHER = "\u00b7"

_DIGITS = "".join(f"{chr(int(zero, 16))}-{chr(int(zero, 16) + 9)}" for zero in _ZEROS.split())
_ESCAPES = (
    r"\\u[0-9A-Fa-f]{4}|\\x[0-9A-Fa-f]{2}"
    r"|&(?:\#[0-9]{1,7}|\#[xX][0-9A-Fa-f]{1,6}|nbsp|commat|thinsp|ensp|emsp|shy|ndash|mdash|hyphen|period|plus);"
    r"|%(?:40|2[BbDdEe0]|[Cc]2%[Aa]0|[Ee]2%80%(?:[89][0-9A-Fa-f]|[Aa][0-9A-Fa-f]))"
)
_ESCAPE = re.compile(_ESCAPES)
_UNUSUAL = re.compile(f"{_ESCAPES}|[{_DIGITS}{_DASHES}{_SPACES}{_INVISIBLE}{_FORMS}{_TAGS}{_OTHER}]")
_NAMED = {
    "nbsp": " ", "thinsp": " ", "ensp": " ", "emsp": " ", "commat": "@", "shy": "", "ndash": "-", "mdash": "-",
    "hyphen": "-", "period": ".", "plus": "+",
}  # fmt: skip
_DASH = re.compile(f"[{_DASHES}]")
_HIDDEN = re.compile(f"[{_INVISIBLE}]")
_IDEOGRAPHIC_DOT = re.compile(r"(@[\w-]{1,63})[\u3002\uff61](?=[A-Za-z]{2,63}(?![\w.-]))")
"""Between labels of a domain it is a dot (RFC 3490); after a sentence it ends one."""


class Normalized(NamedTuple):
    """A text in plain spelling, and where each part of it stood.

    Attributes:
        text: the plain spelling.
        cuts: positions in `text` from which on positions are shifted, ascending; empty if all characters kept theirs.
        shifts: for each cut, what to add from there on to come to the original's position.
    """

    text: str
    cuts: tuple[int, ...] = ()
    shifts: tuple[int, ...] = ()

    def span(self, start: int, end: int) -> tuple[int, int]:
        """Where `text[start:end]` stood in the original, with what was invisible inside and right behind it."""
        return self._at(start), self._at(end)

    def _at(self, place: int) -> int:
        found = bisect_right(self.cuts, place)
        return place + (self.shifts[found - 1] if found else 0)


def normalize(text: str) -> Normalized:
    """`text` in plain spelling; most texts are plain already."""
    if text.isascii():
        if not ("\\" in text or "&" in text or "%" in text) or not _ESCAPE.search(text):
            return Normalized(text)
    elif not _UNUSUAL.search(text) and "\u3002" not in text and "\uff61" not in text:
        return Normalized(text)
    parts: list[str] = []
    cuts: list[int] = []
    shifts: list[int] = []
    end = length = shift = 0
    for match in _UNUSUAL.finditer(text):
        plain = _plain(match.group())
        length += match.start() - end + len(plain)
        parts += [text[end : match.start()], plain]
        end = match.end()
        if len(plain) != end - match.start():
            shift += end - match.start() - len(plain)
            if cuts and cuts[-1] == length:
                shifts[-1] = shift
            else:
                cuts.append(length)
                shifts.append(shift)
    plain = "".join([*parts, text[end:]])
    return Normalized(_IDEOGRAPHIC_DOT.sub(r"\1.", plain), tuple(cuts), tuple(shifts))


@lru_cache(maxsize=4096)
def _plain(found: str) -> str:
    """The ASCII that one character, or one escape of it, stands for; "" if it is invisible."""
    if len(found) > 1:
        char = _unescaped(found)
        if char is None or (char.isascii() and not char.isprintable()):
            return found  # an escaped line break separates
        return char if char.isascii() or not _UNUSUAL.fullmatch(char) else _plain(char)
    digit = unicodedata.decimal(found, None)
    if digit is not None:
        return str(digit)
    if "\U000e0020" <= found <= "\U000e007e":
        return chr(ord(found) - 0xE0000)
    if _HIDDEN.match(found):
        return ""
    if _DASH.match(found):
        return "-"
    if found == _OTHER:
        return "."
    if unicodedata.category(found) == "Zs":
        return " "
    form = unicodedata.normalize("NFKC", found)
    return form if len(form) == 1 and form.isascii() else found


def _unescaped(found: str) -> str | None:
    if found[0] == "\\":
        return chr(int(found[2:], 16))
    if found[0] == "%":
        return bytes.fromhex(found.replace("%", "")).decode("utf-8")
    name = found[1:-1]
    if name[0] != "#":
        return _NAMED[name]
    code = int(name[2:], 16) if name[1] in "xX" else int(name[1:])
    return chr(code) if code < 0x110000 else None
