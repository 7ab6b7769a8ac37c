"""Names: words of ours as one metric name MLflow takes, and back again.

A name is its parts joined by `/`. What MLflow refuses inside a part is written `_xHEX_`, its code point in hexadecimal,
and so is an underscore before an `x`, so that no two names are written the same way.
"""

from __future__ import annotations

import hashlib
import re

LONGEST = 250
"""Characters a name may have."""

_REFUSED = re.compile(r"[^\w.\- :]|_(?=x)")
_WRITTEN = re.compile(r"_x([0-9A-F]*)_")
_HALF = re.compile(r"_x[0-9A-F]*$")
_CUT = re.compile(r"_xh[0-9a-f]{16}$")
_NOTHING = "_x_"
"""How a part without a character is written: MLflow takes a name for a path, and a path has none."""


def metric_name(*words: str) -> str:
    """The parts as one name; one that would be too long keeps its beginning and ends in `_xh` and its hash."""
    name = "/".join(_part(word) for word in words)
    if len(name) <= LONGEST:
        return name
    return f"{_HALF.sub('', name[: LONGEST - 19])}_xh{hashlib.sha256(name.encode()).hexdigest()[:16]}"


def parts(name: str) -> tuple[str, ...]:
    """What `metric_name` was given; a name that was cut gives the beginnings it kept."""
    return tuple(_WRITTEN.sub(lambda found: chr(int(found[1], 16)) if found[1] else "", p) for p in name.split("/"))


def is_cut(name: str) -> bool:
    """Whether the name lost its end: ours never holds `_xh` otherwise."""
    return _CUT.search(_WRITTEN.sub("", name)) is not None


def _part(word: str) -> str:
    if word in (".", ".."):
        return _hex(word)
    return _REFUSED.sub(lambda found: _hex(found[0]), word) if word else _NOTHING


def _hex(text: str) -> str:
    return "".join(f"_x{ord(character):X}_" for character in text)
