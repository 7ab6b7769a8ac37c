"""Times on the command line: a time zone by name, an instant by ISO 8601."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from seatrial.errors import UsageError

if TYPE_CHECKING:
    from datetime import tzinfo


def time_zone(name: str | None) -> tzinfo | None:
    """The zone of this name; None where none is named.

    Raises:
        UsageError: there is no such zone.
    """
    if not name:
        return None
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise UsageError(f"--timezone {name!r} is no time zone; write e.g. UTC or Europe/Berlin") from None


def moment(text: str | None, flag: str, zone: tzinfo | None, otherwise: float | None = None) -> float:
    """Seconds since 1970 of an instant; where none is given `otherwise`, or the clock.

    Raises:
        UsageError: it is no instant.
    """
    if text is None:
        return time.time() if otherwise is None else otherwise
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise UsageError(f"{flag} {text!r} is no time; write e.g. 2026-03-01 or 2026-03-01T09:30:00+00:00") from None
    return (found if found.tzinfo else found.replace(tzinfo=zone or UTC)).timestamp()
