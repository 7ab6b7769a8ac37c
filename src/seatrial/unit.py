"""Unit: the thread, user or account that is assigned, recorded and counted as one, as text."""

from __future__ import annotations

from typing import Any


def unit_text(unit: Any) -> str | None:
    """The unit as text, so that 42, 42.0, "42" and " 42 " are one; None for what names no unit. Never raises.

    None, blanks, every kind of "not a number" and what has no text name no unit. What is assigned, what is recorded and what
    is counted all go by this text: a unit that had two of them would meet both versions.
    """
    if isinstance(unit, str):
        return unit.strip() or None
    try:
        return _text_of(unit)
    except Exception:  # noqa: BLE001 - a number too long to write, a value that compares with nothing, an object's own mistake
        return None


def _text_of(unit: Any) -> str | None:
    if unit is None or unit != unit:  # noqa: PLR0124 - NaN of float, numpy, decimal and pandas
        return None
    if not isinstance(unit, int) and hasattr(unit, "__int__"):  # of any package: float32 and Decimal are no floats
        integer = int(unit)
        unit = integer if integer == unit else unit
    return str(unit).strip() or None
