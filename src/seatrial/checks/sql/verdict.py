"""SqlVerdict: what the check says about one statement, in a closed set of kinds."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class SqlKind(StrEnum):
    """Why a statement was accepted (`ok`) or refused (every other word)."""

    OK = "ok"
    EMPTY = "empty"
    SYNTAX_ERROR = "syntax_error"
    NOT_READ_ONLY = "not_read_only"
    FORBIDDEN_FUNCTION = "forbidden_function"
    UNBOUNDED = "unbounded"
    UNKNOWN_TABLE = "unknown_table"
    UNKNOWN_COLUMN = "unknown_column"
    EXPLAIN_FAILED = "explain_failed"
    UNDECIDED = "undecided"
    """The database that should have decided gave no answer; says nothing about the statement."""


@dataclass(frozen=True, slots=True)
class SqlVerdict:
    """One statement's verdict.

    Attributes:
        kind: the first thing found wrong, or `ok`.
        message: one sentence.
        position: line and column the parser points at, both counted from 1; None where it points nowhere.
    """

    kind: SqlKind
    message: str
    position: tuple[int, int] | None = None

    @property
    def ok(self) -> bool:
        """Whether the statement may run."""
        return self.kind is SqlKind.OK


SHOWN = 40


def words(text: str) -> frozenset[str]:
    """A long list of names, written as running text."""
    return frozenset(text.split())


PARSER_FAULTS = (AttributeError, IndexError, KeyError, RecursionError, TypeError, ValueError)
"""What sqlglot 30 raises by mistake on odd text (`DATE()` in BigQuery is one): a refusal, never a way through."""


def short(text: object) -> str:
    """`text` on one line, quoted and cut so that a sentence stays a sentence."""
    line = " ".join(str(text).split())
    return repr(line if len(line) <= SHOWN else line[: SHOWN - 1] + "…")
