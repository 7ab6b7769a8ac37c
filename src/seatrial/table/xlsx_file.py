"""Workbooks: one sheet of an .xlsx file as raw columns, its header in the first row that holds anything."""

from __future__ import annotations

from datetime import date, datetime, time
from typing import TYPE_CHECKING, Any

from seatrial.errors import DataError, MissingExtra, UsageError, did_you_mean
from seatrial.table.raw import Listed
from seatrial.table.title_row import LOOKED_AT, title_above

if TYPE_CHECKING:
    from pathlib import Path

    from seatrial.table.raw import Raw, Spelling


def read_xlsx(path: Path, sheet: str | None, spelling: Spelling) -> tuple[dict[str, Raw], int, str]:
    """The columns of a sheet, the number of its rows, and the sheet's name.

    Raises:
        MissingExtra: openpyxl is not installed.
        UsageError: there is no such sheet, or several hold something and none was named.
        DataError: it is no workbook, or a formula in it was never calculated.
    """
    try:
        import openpyxl  # type: ignore[import-untyped]  # noqa: PLC0415 - an extra
    except ImportError:
        raise MissingExtra("openpyxl", "excel", f"reading {path.name}") from None
    try:
        book = openpyxl.load_workbook(path, read_only=True, data_only=True)
    except Exception as error:
        raise DataError(f"{path} is no readable .xlsx workbook: {str(error)[:200]}") from error
    try:
        name = _sheet(book, sheet, path)
        cells = enumerate(book[name].iter_rows(values_only=True), start=1)
        placed = [(at, row) for at, row in cells if any(cell is not None for cell in row)]
    finally:
        book.close()
    rows = [row for _, row in placed]
    if not rows:
        raise DataError(f"{path}: sheet {name!r} is empty")
    header, *rest = rows
    width = max((i + 1 for row in rows for i, cell in enumerate(row) if cell is not None), default=0)
    names = [_text(cell) for cell in header[:width]]
    if not all(names) or len(names) < width:
        shown = [(at, [_text(cell) for cell in row]) for at, row in placed[:LOOKED_AT]]
        if title := title_above(shown):
            raise DataError(f"{path}: sheet {name!r}: {title}")
        raise DataError(
            f"{path}: sheet {name!r} has a column without a name; its first row names the columns, and every column has one"
        )
    several = sorted({one for one in names if names.count(one) > 1})
    if several:
        raise DataError(f"{path} has the column {several[0]!r} more than once; which one counts cannot be known")
    if any(cell is None for row in rest for cell in row[:width]):
        _refuse_uncalculated(path, name)
    return (
        {
            one: Listed([_value(row[i]) if i < len(row) else None for row in rest], spelling)
            for i, one in enumerate(names)
        },
        len(rest),
        name,
    )


def _sheet(book: Any, wanted: str | None, path: Path) -> str:
    names: list[str] = book.sheetnames
    if wanted is not None:
        if wanted not in names:
            raise UsageError(
                f"--sheet {wanted!r}: {path} has no such sheet; it has: {', '.join(names)}{did_you_mean(wanted, names)}"
            )
        return wanted
    filled = [name for name in names if any(any(row) for row in book[name].iter_rows(max_row=5, values_only=True))]
    if len(filled) > 1:
        raise UsageError(f"{path} has several sheets: {', '.join(filled)}; name the one to read with --sheet")
    return filled[0] if filled else names[0]


def _refuse_uncalculated(path: Path, sheet: str) -> None:
    """Raise where an empty cell is a formula that no program has calculated: it is not a missing value."""
    import openpyxl  # noqa: PLC0415

    values = openpyxl.load_workbook(path, read_only=True, data_only=True)
    formulas = openpyxl.load_workbook(path, read_only=True)
    try:
        for shown, written in zip(values[sheet].iter_rows(), formulas[sheet].iter_rows(), strict=True):
            for cell, formula in zip(shown, written, strict=True):
                if cell.value is None and isinstance(formula.value, str) and formula.value.startswith("="):
                    raise DataError(
                        f"{path}: cell {formula.coordinate} of sheet {sheet!r} is a formula that was never calculated; open the workbook, save it, or save it as CSV"
                    )
    finally:
        values.close()
        formulas.close()


def _text(cell: Any) -> str:
    return "" if cell is None else str(cell).strip()


def _value(cell: Any) -> Any:
    return cell.isoformat() if isinstance(cell, (datetime, date, time)) else cell
