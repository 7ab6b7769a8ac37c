"""Bound parameters: every driver's way of writing one becomes a plain `?` before the statement is parsed.

`?`, `?1`, `$1`, `$name`, `:id`, `:1`, `@p`, `%s` and `%(id)s` are values that the driver sends beside the statement; they
cannot change what it does. sqlglot reads only some of them in some dialects, so the tokens are rewritten first.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

DOLLAR_IN_NAMES = frozenset({"mysql", "tsql", "bigquery"})
"""Dialects in which `$name` may be a column; `$1` is a parameter everywhere."""

AT_IS_ABS = frozenset({"duckdb"})
"""Dialects in which `@x` is the absolute value of x."""

_VALUE_ENDS = frozenset(
    {"VAR", "IDENTIFIER", "STRING", "NUMBER", "R_PAREN", "R_BRACKET", "R_BRACE", "END", "NULL", "TRUE", "FALSE"}
)
"""After one of these a `%`, `:` or `?` is an operator (`a % s`, `a[1:n]`, `data ? 'key'`), not a parameter."""


class Mark(NamedTuple):
    """One place of a parameter: where its text stands, and which parameter it is, counted from 1."""

    start: int
    end: int
    number: int


@dataclass(frozen=True, slots=True)
class Bound:
    """A statement whose parameters are known.

    Attributes:
        tokens: the statement's tokens, each parameter as one `?`.
        marks: the parameters, in order; a name that comes back is the same parameter.
    """

    tokens: list[Any]
    marks: tuple[Mark, ...] = ()

    @property
    def count(self) -> int:
        """How many values the statement needs."""
        return max((mark.number for mark in self.marks), default=0)

    def text(self, sql: str, sign: str) -> str:
        """`sql` with its parameters written `sign1`, `sign2`, ... as an engine reads them."""
        pieces, at = [], 0
        for mark in self.marks:
            pieces += [sql[at : mark.start], f"{sign}{mark.number}"]
            at = mark.end + 1
        return "".join((*pieces, sql[at:]))


def bound(tokens: Sequence[Any], dialect: str) -> Bound:
    """The statement with each parameter as one token, whatever the driver's style."""
    from sqlglot.tokens import Token, TokenType  # noqa: PLC0415 - heavy, and only a SQL check needs it

    found: list[Any] = []
    marks: list[Mark] = []
    numbers: dict[str, int] = {}
    at = 0
    while at < len(tokens):
        length = _length(tokens, at, dialect)
        if not length:
            found.append(tokens[at])
            at += 1
            continue
        run = tokens[at : at + length]
        name = "".join(token.text for token in run)
        key = f"{len(marks)}:{name}" if name in ("?", "%s") else name
        number = numbers.setdefault(key, len(numbers) + 1)
        comments = [comment for token in run for comment in token.comments]
        first, last = run[0], run[-1]
        found.append(Token(TokenType.PLACEHOLDER, "?", last.line, last.col, first.start, last.end, comments))
        marks.append(Mark(first.start, last.end, number))
        at += length
    return Bound(found, tuple(marks))


def _length(tokens: Sequence[Any], at: int, dialect: str) -> int:
    """How many tokens the parameter that starts at `at` is made of; 0 where none starts there."""
    token = tokens[at]
    kind, text = token.token_type.name, token.text
    before = tokens[at - 1] if at else None
    after = _adjacent(tokens, at)
    if before is not None and before.token_type.name == "DOT":
        return 0
    if kind == "VAR" and text.startswith("$"):
        return int(text[1:].isdigit() or (dialect not in DOLLAR_IN_NAMES and text[1:].isidentifier()))
    if kind == "PARAMETER":
        doubled = before is not None and before.token_type.name == "PARAMETER"  # @@version is a setting
        named = bool(after) and (_is_name(after[0]) or (text == "$" and after[0].token_type.name == "NUMBER"))
        return 2 * int(named and not doubled and not (text == "@" and dialect in AT_IS_ABS))
    if before is not None and _ends_a_value(before):
        return 0
    if kind == "PLACEHOLDER" and text == "?":
        return 2 if after and after[0].token_type.name == "NUMBER" and after[0].text.isdigit() else 1
    if kind == "COLON" and after:
        return 2 * int(_is_name(after[0]) or (after[0].token_type.name == "NUMBER" and after[0].text.isdigit()))
    if kind == "MOD" and after:
        if after[0].text == "s":
            return 2
        words = [one.text for one in after[:4]]
        return 5 * int(len(words) == 4 and words[0] == "(" and _is_name(after[1]) and words[2:] == [")", "s"])
    return 0


def _adjacent(tokens: Sequence[Any], at: int) -> list[Any]:
    """The tokens that follow without a blank between them, at most four."""
    run: list[Any] = []
    end = tokens[at].end
    for token in tokens[at + 1 : at + 5]:
        if token.start != end + 1:
            break
        run.append(token)
        end = token.end
    return run


def _is_name(token: Any) -> bool:
    return token.token_type.name not in {"STRING", "IDENTIFIER"} and str(token.text).isidentifier()


def _ends_a_value(token: Any) -> bool:
    if token.token_type.name == "VAR" and token.text.upper() == "ZONE":
        return False  # AT TIME ZONE :tz
    return token.token_type.name in _VALUE_ENDS
