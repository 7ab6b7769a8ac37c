"""statement: the tree of one SELECT in which each bound parameter is a text that carries its name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from seatrial.checks.sql.parameters import bound
from seatrial.checks.sql.readonly import opening, parsed

if TYPE_CHECKING:
    from seatrial.checks.sql.verdict import SqlVerdict

MARK = "\0"
"""Begins the text that stands for a parameter; `opening` refuses a statement that holds one."""


def statement(sql: str | None, dialect: str) -> tuple[Any, SqlVerdict | None]:
    """The tree, or why there is none: no text, no single SELECT, a syntax error."""
    from sqlglot.tokens import Token, TokenType  # noqa: PLC0415 - heavy, and only a SQL check needs it

    tokens, refusal = opening(sql or "", dialect)
    if refusal or sql is None:
        return None, refusal
    found = bound(tokens, dialect)
    named = {mark.start: mark for mark in found.marks}
    marked = [
        Token(TokenType.STRING, MARK + _name(sql, named[token.start]), token.line, token.col, token.start, token.end)
        if token.token_type is TokenType.PLACEHOLDER and token.start in named
        else token
        for token in found.tokens
    ]
    return parsed(sql, marked, dialect)


def parameter_of(node: Any) -> str | None:
    """The name of the parameter that an expression is, a cast of it included; None for anything else."""
    from sqlglot import exp  # noqa: PLC0415 - as above

    while isinstance(node, (exp.Paren, exp.Cast)):
        node = node.this
    if isinstance(node, exp.Literal) and node.is_string and node.this.startswith(MARK):
        return str(node.this).removeprefix(MARK)
    return None


def _name(sql: str, mark: Any) -> str:
    """The parameter's name without its sign; its number where the driver gives it none."""
    name = sql[mark.start : mark.end + 1].strip(":@$?%")
    name = name.removeprefix("(").removesuffix("s").removesuffix(")") if name.startswith("(") else name
    return name if name and name != "s" else str(mark.number)
