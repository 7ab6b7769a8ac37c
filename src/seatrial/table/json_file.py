"""JSON: one document that holds a table, as a list of objects or in the forms that pandas writes."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from seatrial.errors import DataError
from seatrial.table.jsonl_file import only_once, refuse_constant
from seatrial.table.raw import Listed

if TYPE_CHECKING:
    from pathlib import Path

    from seatrial.table.raw import Raw, Spelling

LARGEST = 500_000_000
"""Most bytes of one document."""


def read_document(path: Path) -> Any:
    """The JSON document of a file.

    Raises:
        DataError: it is no JSON, no UTF-8, or too large.
    """
    try:
        if path.stat().st_size > LARGEST:
            raise DataError(f"{path} is larger than {LARGEST:,} bytes; write one object a line, as .jsonl")
        text = path.read_bytes().decode("utf-8-sig")
        return json.loads(text, parse_constant=refuse_constant, object_pairs_hook=only_once)
    except OSError as error:
        raise DataError(f"{path} cannot be opened: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise DataError(f"{path} is not in UTF-8: {error.reason} at byte {error.start}") from error
    except (ValueError, RecursionError) as error:
        raise DataError(f"{path} is no JSON document (cut short?): {str(error)[:200]}") from error


def read_json(path: Path, spelling: Spelling) -> tuple[dict[str, Raw], int]:
    """The columns of a JSON file and the number of its rows.

    Raises:
        DataError: it holds no table.
    """
    rows = rows_of(read_document(path))
    if rows is None:
        raise DataError(
            f"{path} holds no table: a list of objects is one, or what pandas writes with to_json; other harnesses' results are read with seatrial import FORMAT PATH"
        )
    return columns_of(rows, spelling), len(rows)


def columns_of(rows: list[dict[str, Any]], spelling: Spelling) -> dict[str, Raw]:
    """Objects as columns; a name that an object lacks is null there."""
    names = dict.fromkeys(name for row in rows for name in row)
    return {name: Listed([row.get(name) for row in rows], spelling) for name in names}


def rows_of(document: Any) -> list[dict[str, Any]] | None:
    """The objects of a document that holds a table, else None."""
    if isinstance(document, list):
        return document if document and all(isinstance(row, dict) for row in document) else None
    if not isinstance(document, dict):
        return None
    if set(document) >= {"columns", "data"} and isinstance(document["columns"], list):  # pandas, orient="split"
        return [dict(zip(document["columns"], row, strict=True)) for row in document["data"]]
    columns = list(document.values())
    if columns and all(isinstance(one, dict) and one.keys() == columns[0].keys() for one in columns):
        # pandas, orient="columns": name -> row -> value
        return [{name: one[row] for name, one in document.items()} for row in columns[0]]
    lists = [one for one in columns if rows_of(one) and isinstance(one, list)]
    return lists[0] if len(lists) == 1 else None
