"""How large the result of one call is written to be: `repeat('x', 2000000000)`, `generate_series(1, 2000000000)`.

Only what the text says counts. What depends on the data alone (`repeat('*', rating)`) passes.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from seatrial.checks.sql.verdict import SqlKind, SqlVerdict, short

MAX_SIZE = 1_000_000
"""Characters, bytes or rows that one call may be written to make."""

_GROWS = frozenset(
    [
        "repeat",
        "replicate",
        "space",
        "lpad",
        "rpad",
        "zeroblob",
        "randomblob",
        "array_fill",
        "generate_series",
        "range",
        "generate_array",
        "array_generate_range",
        "generate_date_array",
        "generate_timestamp_array",
        "generator",
    ]
)
_CLASSES = frozenset(
    [
        "Repeat",
        "Space",
        "Pad",
        "GenerateSeries",
        "ExplodingGenerateSeries",
        "GenerateDateArray",
        "GenerateTimestampArray",
        "Generator",
    ]
)
_SERIES = frozenset(["GenerateSeries", "ExplodingGenerateSeries", "GenerateDateArray", "GenerateTimestampArray"])
_SERIES_NAMES = frozenset(["generate_series", "range", "generate_array", "array_generate_range"])
_SECONDS = {
    "microsecond": 1e-6,
    "millisecond": 1e-3,
    "second": 1.0,
    "minute": 60.0,
    "hour": 3600.0,
    "day": 86400.0,
    "week": 604800.0,
    "month": 2.6e6,
    "quarter": 7.8e6,
    "year": 3.15e7,
}
_HUGE = 1e18


def oversized(tree: Any) -> SqlVerdict | None:
    """The first call that is written to make more than `MAX_SIZE` characters or rows, or None."""
    for node in tree.walk():
        if _grows(node) and size(node) > MAX_SIZE:
            return SqlVerdict(
                SqlKind.UNBOUNDED, f"{short(node.sql())} makes more than {MAX_SIZE:,} characters or rows in one call"
            )
    return None


def _grows(node: Any) -> bool:
    kind = type(node).__name__
    return kind in _CLASSES or (kind == "Anonymous" and node.name.lower() in _GROWS) or _width(node) > MAX_SIZE


def _width(node: Any) -> float:
    """The largest field width in the format text of printf or format."""
    name = node.name.lower() if type(node).__name__ == "Anonymous" else type(node).__name__.lower()
    if name not in {"printf", "format"}:
        return 0
    first = (node.expressions or [node.this])[0] if type(node).__name__ == "Anonymous" else node.this
    if not getattr(first, "is_string", False):
        return 0
    digits = "".join(char if char.isdigit() else " " for char in first.this).split()
    return max((float(one) for one in digits), default=0)


def size(node: Any) -> float:  # noqa: PLR0912 - one case per kind of expression
    """An estimate of the number, or of the length of the text, that an expression makes; data counts as 1."""
    kind = type(node).__name__
    if kind == "Literal":
        return _number(node)
    if kind in {"Column", "Placeholder", "Star", "Null", "Boolean", "DataType", "Identifier"}:
        return 1
    if kind == "Mul":
        return min(size(node.left) * size(node.right), _HUGE)
    if kind == "Pow":
        return _power(size(node.this), size(node.expression))
    if kind == "BitwiseLeftShift":
        return min(size(node.this) * _power(2, size(node.expression)), _HUGE)
    if kind in {"Add", "Sub", "DPipe"}:
        return size(node.left) + size(node.right)
    if kind == "Concat":
        return sum(size(one) for one in node.expressions)
    if kind == "Array" and type(node.parent).__name__ == "Anonymous" and node.parent.name.lower() == "array_fill":
        return _product(node)
    if kind == "Least":
        return min(size(one) for one in (node.this, *node.expressions))
    if kind in _SERIES or (kind == "Anonymous" and node.name.lower() in _SERIES_NAMES):
        return _rows(node)
    if kind == "Repeat" or (kind == "Anonymous" and node.name.lower() in {"repeat", "replicate", "array_fill"}):
        return _product(node)
    if kind == "Replace":
        return min(size(node.this) * max(size(node.args.get("replacement")), 1), _HUGE) if node.this else 1
    if _width(node) > 1:
        return _width(node)
    inner = [size(one) for one in node.iter_expressions()]
    return max(inner, default=1)


def _number(node: Any) -> float:
    try:
        return min(abs(float(node.this)), _HUGE)
    except ValueError:
        return max(float(len(node.this)), 1.0)


def _power(base: float, exponent: float) -> float:
    try:
        return float(min(max(base, 2) ** min(exponent, 200), _HUGE))
    except OverflowError:
        return _HUGE


def _product(node: Any) -> float:
    total = 1.0
    for one in node.iter_expressions():
        total = min(total * max(size(one), 1), _HUGE)
    return total


def _rows(node: Any) -> float:
    """How many rows a series has: by its written bounds, as numbers or as dates."""
    named = [node.args.get(key) for key in ("start", "end", "step", "interval")]
    arguments = [one for one in named if one is not None] or list(node.iter_expressions())
    dates = [_date(one) for one in arguments[:2]]
    step = arguments[2] if len(arguments) > 2 else None
    if len(dates) > 1 and dates[0] is not None and dates[1] is not None:
        return abs((dates[1] - dates[0]).total_seconds()) / _seconds(step)
    if len(arguments) == 1:
        return size(arguments[0])
    if any(_date(one) is not None or "Date" in type(one).__name__ or "Time" in type(one).__name__ for one in arguments):
        return 1
    if type(step).__name__ == "Interval" or any(_is_date_text(one) for one in arguments):
        return 1
    stride = _number(step) if step is not None and type(step).__name__ == "Literal" else 1
    return sum(size(one) for one in arguments[:2]) / max(stride, 1e-9)


def _is_date_text(node: Any) -> bool:
    kind = node.to.sql().upper() if type(node).__name__ == "Cast" else ""
    return "DATE" in kind or "TIME" in kind


def _date(node: Any) -> datetime | None:
    inner = node
    while type(inner).__name__ in {"Cast", "Date", "Timestamp", "TsOrDsToDate", "Paren"} and inner.this is not None:
        inner = inner.this
    if type(inner).__name__ != "Literal" or not inner.is_string:
        return None
    try:
        return datetime.fromisoformat(inner.this).replace(tzinfo=None)
    except ValueError:
        return None


def _seconds(step: Any) -> float:
    """The length of a step in seconds; a day where it is not written."""
    if type(step).__name__ == "Cast":
        step = step.this
    text = " ".join(str(part) for part in ((step.this, step.args.get("unit") or "") if step is not None else ()))
    pieces = text.replace("'", " ").lower().split()
    number = next((float(one) for one in pieces if one.replace(".", "", 1).isdigit()), 1.0)
    unit = next((length for name, length in _SECONDS.items() if any(one.startswith(name) for one in pieces)), 86400.0)
    return max(number, 1e-9) * unit
