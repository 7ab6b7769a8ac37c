"""Disguise: the forms in which a secret known by value may stand in a text: escaped, wrapped, encoded, inside base64.

A model that is told a key can be made to repeat it in any form. These are the ones that programs produce on their own way:
JSON in JSON, addresses, headers, HTML, line breaks. What somebody hides on purpose (backwards, spelled out) is not found.
"""

from __future__ import annotations

import base64
import json
import re
from functools import lru_cache
from itertools import pairwise
from urllib.parse import quote

SHORTEST = 6
"""Characters below which a value is a placeholder, not a key; replacing `test` everywhere would hide what was said."""

PIECE = 12
"""Characters that a line of a secret needs to be one by itself."""

LONGEST = 200
"""Characters up to which a secret is looked for letter by letter; of a longer one, a private key say, each line is."""

_GAP = "(?:[\\s\u00ad\u200b-\u200d\u2060\ufeff]|\\\\{1,8}[rn]){0,3}"
"""What may stand between two letters: a line that was wrapped, spaces, marks that nobody sees."""

_JUST = ((0, 0), (1, 2), (2, 3))
"""Bytes before a secret in its first group of three, and the letters of base64 that depend on them."""


_SHORT = {"\r": "r", "\n": "n", "\t": "t"}


def pieces(secret: str) -> list[str]:
    """The secret, and each of its lines or entries that is long enough to be one."""
    found = [secret.strip(), *(one.strip() for one in re.split(r"[\n,;]|\\{1,4}[rn]", secret))]
    return [one for one in found[:1] if len(one) >= SHORTEST] + [
        one for one in found[1:] if len(one) >= PIECE and not one.startswith("-----")
    ]


@lru_cache(maxsize=512)
def pattern(secret: str) -> re.Pattern[str]:
    """Finds the secret in every form."""
    forms = sorted({*_encoded(secret), *_written(secret)}, key=lambda form: (-len(form), form))
    found = [re.escape(form) for form in forms]
    if len(secret) <= LONGEST:
        found.insert(0, "".join(_gap(*two) + _letter(two[1]) for two in pairwise(f" {secret}")))
    return re.compile("|".join(found))


def literals(secret: str) -> tuple[set[str], set[str]]:
    """The forms that stand in a text letter by letter: written ones, without white space, and encoded ones.

    One of them is in every text that holds the secret and is neither escaped nor full of invisible characters.
    """
    written = {packed for form in _written(secret) if (packed := "".join(form.split()))}
    return written, _encoded(secret)


_ESCAPED = re.compile(
    r"\\{1,8}(?:u([0-9A-Fa-f]{4})|x([0-9A-Fa-f]{2}))|%(?:25){0,4}([0-9A-Fa-f]{2})|&\#(?:0{0,6}(\d{1,7})|[xX]0{0,6}([0-9A-Fa-f]{1,6}));"
    r"|\\{1,8}[nrt]?|[\s\u00ad\u200b-\u200d\u2060\ufeff]"
)


def decoded(text: str) -> str:
    """`text` without escapes, white space and invisible characters: holds every known value that `pattern` finds in it."""
    plain = _ESCAPED.sub(_unescaped, text)
    if any("\x80" <= one <= "\xff" or "\ud800" <= one <= "\udfff" for one in plain) and not plain.isascii():
        # Escapes of one byte or half a character each are put together.
        plain += plain.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
        plain += plain.encode("latin-1", "ignore").decode("utf-8", "ignore")
    return plain


def _unescaped(match: re.Match[str]) -> str:
    four, two, byte, decimal, number = match.groups()
    code = int(four or two or byte or number or "0", 16) if decimal is None else int(decimal)
    if match.lastindex is None or code > 0x10FFFF:
        return ""
    return "" if chr(code).isspace() else chr(code)


def _written(secret: str) -> set[str]:
    return {secret, quote(secret, safe=""), json.dumps(secret)[1:-1]}


def _encoded(secret: str) -> set[str]:
    """As hexadecimal, and as base64 wherever it stands in what was encoded: `user:KEY`, say."""
    raw = secret.encode("utf-8", "surrogatepass")
    found = {raw.hex(), raw.hex().upper()}
    for before, affected in _JUST:
        text = base64.b64encode(b"\0" * before + raw).decode()
        # A letter is six bits: those that hold a bit of what follows differ with it.
        known = text[affected : (before + len(raw)) * 8 // 6]
        if len(known) >= SHORTEST:
            found |= {known, known.replace("+", "-").replace("/", "_")}
    return found


def _gap(one: str, other: str) -> str:
    # Beside a space or a backslash it could be read in many ways, and a long text would take forever.
    return "" if any(letter.isspace() or letter == "\\" for letter in (one, other)) else _GAP


@lru_cache(maxsize=4096)
def _letter(one: str) -> str:
    """One letter of it: as it is, or escaped for JSON, Python, an address or HTML."""
    raw = one.encode("utf-8", "surrogatepass")
    units = one.encode("utf-16-be", "surrogatepass").hex()
    ways = [
        re.escape(one),
        "".join(rf"\\{{1,8}}u(?i:{units[at : at + 4]})" for at in range(0, len(units), 4)),
        "".join(rf"%(?:25){{0,4}}(?i:{byte:02x})" for byte in raw),
        rf"&\#0{{0,6}}{ord(one)};|&\#[xX]0{{0,6}}(?i:{ord(one):x});",
    ]
    if ord(one) < 256:
        ways.append(rf"\\{{1,8}}x(?i:{ord(one):02x})")
    if one in "\"'/":  # a backslash among many could be read in many ways; that it is doubled, `_written` knows
        ways.append(rf"\\{{1,8}}{re.escape(one)}")
    if one in _SHORT:
        ways.append(rf"\\{{1,8}}{_SHORT[one]}")
    return f"(?:{'|'.join(ways)})"
