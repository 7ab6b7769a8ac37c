"""Retry-After: how long a provider asks to be left alone, in whichever way it says so."""

from __future__ import annotations

import math
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

DAY_S = 86_400.0


def retry_after_s(headers: Mapping[str, str], date: float) -> float | None:
    """Seconds to wait, never below 0; None where nothing legible is said.

    Args:
        headers: of the response; names in lower case, or a mapping that does not mind.
        date: seconds since 1970, which an HTTP date is compared with.

    Source: RFC 9110, section 10.2.3 (seconds, or an HTTP date); `retry-after-ms` is OpenAI's own, and finer.
    """
    milliseconds = _number(headers.get("retry-after-ms"))
    if milliseconds is not None:
        return min(milliseconds / 1000.0, DAY_S)
    wording = headers.get("retry-after") or headers.get("Retry-After")
    seconds = _number(wording)
    if seconds is not None:
        return min(seconds, DAY_S)
    try:
        until = parsedate_to_datetime(str(wording)).timestamp()
    except (ValueError, TypeError, OverflowError):
        return None
    return min(max(0.0, until - date), DAY_S)


def _number(text: str | None) -> float | None:
    try:
        value = float(text or "")
    except ValueError:
        return None
    return value if math.isfinite(value) and value >= 0 else None
