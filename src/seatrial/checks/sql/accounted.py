"""What the text holds and the tree may not: sqlglot's builders drop arguments that they think a function does not have.

`json_extract_path_text(a, b, (SELECT x FROM secret))` is parsed without its last argument, `array_agg(a, pg_sleep(1))`
too. So every call and every SELECT of the text is accounted for before the tree is trusted.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from seatrial.checks.sql.verdict import SqlKind, SqlVerdict, words

if TYPE_CHECKING:
    from collections.abc import Sequence

    from seatrial.checks.sql.functions import Allowed


NOT_CALLS = words(
    # Words that a parenthesis may follow without a call, where sqlglot's tokenizer has no keyword for them.
    """
    materialized sets sample bernoulli system reservoir exclude except rows row top ordinality within ties include group
    cast try_cast safe_cast zone symmetric placing both leading trailing separator of percent
    """
)


def unlisted_call(tokens: Sequence[Any], tree: Any, allowed_calls: Allowed) -> SqlVerdict | None:
    """The first `name(` of the text that is neither a listed function nor the column list of an alias, or None.

    A quoted name is no listed function: it may be one that somebody made.
    """
    from sqlglot import exp  # noqa: PLC0415

    lists = Counter(one.name.lower() for one in tree.find_all(exp.TableAlias) if one.columns)
    for at, token in enumerate(tokens[:-1]):
        kind, name = token.token_type.name, token.text.lower()
        if kind not in {"VAR", "IDENTIFIER"} or tokens[at + 1].token_type.name != "L_PAREN":
            continue
        dotted = at > 1 and tokens[at - 1].token_type.name == "DOT" and tokens[at - 2].text.lower() != "safe"
        if kind == "VAR" and not dotted and (name in allowed_calls.names or name in NOT_CALLS):
            continue
        if lists[name] > 0 and not dotted:
            lists[name] -= 1
            continue
        what = "is quoted or called through a schema, so it" if dotted or kind == "IDENTIFIER" else ""
        return SqlVerdict(
            SqlKind.FORBIDDEN_FUNCTION,
            " ".join(f"function {token.text}() {what} is not on the list of functions a query may call".split()),
            (token.line, token.col),
        )
    return None


def unread_query(tokens: Sequence[Any], tree: Any) -> SqlVerdict | None:
    """A refusal where the text holds more queries than the tree, else None."""
    from sqlglot import exp  # noqa: PLC0415 - heavy, and only a SQL check needs it

    written = [token for token in tokens if token.token_type.name == "SELECT"]
    read = sum(1 for _ in tree.find_all(exp.Select))
    for at, token in enumerate(tokens[:-1]):  # DuckDB's FROM without a SELECT, as an argument
        if token.token_type.name == "L_PAREN" and tokens[at + 1].token_type.name == "FROM":
            before = tokens[at - 1].token_type.name if at else ""
            if before not in {"", "ALIAS", "FROM", "JOIN"}:
                return SqlVerdict(SqlKind.SYNTAX_ERROR, "a query without SELECT stands in an expression")
    if len(written) > read:
        message = f"the text holds {len(written)} queries and the parser read {read}, so nobody can say what it reads"
        return SqlVerdict(SqlKind.SYNTAX_ERROR, message)
    return None
