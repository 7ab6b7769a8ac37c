"""Syntax that some dialects have and others reject, for dialects whose engine is not here to ask.

sqlglot reads every dialect's syntax in each of them (`a::int` as SQLite, ILIKE as MySQL), so a statement that it parses
may still be rejected by its database. Sources: the reference manuals of SQLite 3.45, PostgreSQL 16, DuckDB 1.x, MySQL
8.4, BigQuery (GoogleSQL), SQL Server 2022 and Snowflake.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from seatrial.checks.sql.verdict import SqlKind, SqlVerdict

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


class Feature(NamedTuple):
    """A piece of syntax: its name, the dialects that have it, and whether a node of the tree is one."""

    name: str
    dialects: frozenset[str]
    found: Callable[[Any], bool]


def _is(*names: str) -> Callable[[Any], bool]:
    return lambda node: type(node).__name__ in names


def _has(name: str, *arguments: str) -> Callable[[Any], bool]:
    return lambda node: type(node).__name__ == name and any(node.args.get(one) for one in arguments)


def _full_join(node: Any) -> bool:
    return type(node).__name__ == "Join" and str(node.args.get("side") or "").upper() == "FULL"


def _unnamed_subquery(node: Any) -> bool:
    place = type(node.parent).__name__ if node.parent is not None else ""
    return type(node).__name__ == "Subquery" and place in {"From", "Join"} and not node.alias and not _wraps(node)


def _wraps(node: Any) -> bool:
    return type(node.this).__name__ not in {"Select", "Union", "Except", "Intersect"}


def _ordinal(node: Any) -> bool:
    return type(node).__name__ == "Group" and any(one.is_int for one in node.expressions)


def _only(text: str) -> frozenset[str]:
    return frozenset(text.split())


def _not(text: str) -> frozenset[str]:
    return _only("sqlite postgres duckdb mysql bigquery tsql snowflake") - _only(text)


FEATURES: tuple[Feature, ...] = (
    Feature("ILIKE", _only("postgres duckdb snowflake"), _is("ILike")),
    Feature("SIMILAR TO", _only("postgres duckdb"), _is("SimilarTo")),
    Feature("GLOB", _only("sqlite duckdb"), _is("Glob")),
    Feature("QUALIFY", _only("duckdb bigquery snowflake"), _is("Qualify")),
    Feature("DISTINCT ON", _only("postgres duckdb"), _has("Distinct", "on")),
    Feature("an aggregate's FILTER clause", _only("sqlite postgres duckdb"), _is("Filter")),
    Feature("TABLESAMPLE", _not("sqlite mysql"), _is("TableSample")),
    Feature("FULL JOIN", _not("mysql"), _full_join),
    Feature("AT TIME ZONE", _not("sqlite mysql snowflake"), _is("AtTimeZone")),
    Feature("an INTERVAL", _not("sqlite tsql"), _is("Interval")),
    Feature("an array in brackets", _only("postgres duckdb bigquery snowflake"), _is("Array")),
    Feature("a struct in braces", _only("duckdb snowflake"), _is("Struct")),
    Feature("* EXCEPT or * EXCLUDE", _only("duckdb bigquery snowflake"), _has("Star", "except_", "except")),
    Feature("* REPLACE", _only("duckdb bigquery snowflake"), _has("Star", "replace")),
    Feature("LATERAL", _not("sqlite tsql bigquery"), _is("Lateral")),
    Feature("a join with USING", _not("tsql"), _has("Join", "using")),
    Feature("TRUE and FALSE", _not("tsql"), _is("Boolean")),
    Feature("GROUP BY a position", _not("tsql"), _ordinal),
    Feature("a derived table without a name", _not("mysql tsql"), _unnamed_subquery),
)
"""Syntax that some dialects have and others reject."""

WORDS: tuple[tuple[tuple[str, ...], frozenset[str]], ...] = (
    (("::",), _only("postgres duckdb snowflake")),
    (("TRY_CAST", "("), _only("duckdb tsql snowflake")),
    (("SAFE_CAST", "("), _only("bigquery")),
    (("LIMIT",), _not("tsql")),
    (("TOP",), _only("tsql snowflake")),
    (("NULLS", "FIRST"), _not("mysql tsql")),
    (("NULLS", "LAST"), _not("mysql tsql")),
    (("RECURSIVE",), _not("tsql")),
    (("<=>",), _only("mysql")),
    (("{", "{"), frozenset()),  # an unfilled template
)
"""Syntax that the tree no longer shows, as runs of tokens."""

_KEYWORDS = frozenset({"::", "LIMIT", "RECURSIVE", "<=>", "{", "TOP"})


def foreign_syntax(tree: Any, tokens: Sequence[Any], dialect: str) -> SqlVerdict | None:
    """The first piece of syntax that `dialect` does not have, or None."""
    for run, dialects in WORDS:
        if dialect in dialects:
            continue
        for at, token in enumerate(tokens):
            following = tokens[at : at + len(run)]
            if _text(token) == run[0] and [_text(one) for one in following] == list(run) and _is_syntax(token, run):
                name = "an unfilled template" if run == ("{", "{") else "".join(run) if "(" in run else " ".join(run)
                return _refused(name.rstrip("("), dialect, (token.line, token.col))
    for node in tree.walk():
        for feature in FEATURES:
            if dialect not in feature.dialects and feature.found(node):
                return _refused(feature.name, dialect, None)
    return None


def _is_syntax(token: Any, run: tuple[str, ...]) -> bool:
    """Whether the token is the keyword, not a column or text of that spelling."""
    kind = token.token_type.name
    return kind not in {"STRING", "IDENTIFIER"} and (len(run) > 1 or run[0] not in _KEYWORDS or kind != "VAR")


def _text(token: Any) -> str:
    return str(token.text).upper()


def _refused(what: str, dialect: str, place: tuple[int, int] | None) -> SqlVerdict:
    return SqlVerdict(SqlKind.SYNTAX_ERROR, f"the statement uses {what}, which {dialect} does not have", place)
