"""Read-only by allow-list: one statement, a SELECT at its root, made of nothing but what a SELECT is made of.

A deny-list fails here: a CTE may hold an INSERT under a Select root, `SELECT ... INTO` and `FOR UPDATE` are Selects
too, and DETACH parses as an alias. So three lists say what is allowed (how a statement starts, node types, functions),
and the rest is refused. Text is looked at before it is parsed: what a comment hides from one parser another may run.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from seatrial.checks.sql.verdict import PARSER_FAULTS, SqlKind, SqlVerdict, short, words

if TYPE_CHECKING:
    from seatrial.checks.sql.functions import Allowed

STARTS = frozenset({"SELECT", "WITH", "("})

VERBS = words(
    # Only to tell "DETACH x" (a command) from "SELEC x" (a typing error): both are refused.
    """
    alter analyze attach begin call checkpoint cluster comment commit copy create deallocate declare delete
    describe detach discard do drop end exec execute explain export fetch flush force from grant handler
    import insert install kill listen load lock merge move notify optimize pivot pragma prepare purge reassign
    refresh reindex release rename repair replace reset revoke rollback savepoint set show shutdown start
    summarize table truncate unlisten update use vacuum values
    """
)

NODES = words(
    """
    Select Union Except Intersect Subquery With CTE From Join Lateral Where Group Having Qualify Order Ordered
    Limit Offset Fetch Distinct Window WindowSpec Filter WithinGroup IgnoreNulls RespectNulls Values Tuple
    Cube Rollup GroupingSets Table TableAlias Alias Column Identifier Star Dot Paren Literal Var
    Null Boolean National HexString BitString ByteString RawString UnicodeString Heredoc DataType
    DataTypeParam Interval IntervalSpan AtTimeZone Add Sub Mul Div IntDiv Mod DPipe Neg Not EQ NEQ GT GTE LT
    LTE Is Like ILike Glob SimilarTo Escape Between In Any All NullSafeEQ NullSafeNEQ BitwiseAnd BitwiseOr
    BitwiseXor BitwiseNot BitwiseLeftShift BitwiseRightShift Overlaps Bracket Slice RegexpLike RegexpILike
    Placeholder JSONPath JSONPathRoot JSONPathKey JSONPathSubscript Kwarg Hint
    """
)

MAX_CHARACTERS = 100_000


def opening(sql: str, dialect: str) -> tuple[list[Any], SqlVerdict | None]:
    """The statement's tokens, and a refusal where the text already shows that it is no single SELECT."""
    import sqlglot  # noqa: PLC0415 - heavy, and only a SQL check needs it

    if not sql.strip():
        return [], SqlVerdict(SqlKind.EMPTY, "there is no statement")
    if "\0" in sql or len(sql) > MAX_CHARACTERS:
        what = "holds a NUL character" if "\0" in sql else f"is longer than {MAX_CHARACTERS} characters"
        return [], SqlVerdict(SqlKind.SYNTAX_ERROR, f"the statement {what}")
    try:
        tokens = sqlglot.tokenize(sql, read=dialect)
    except sqlglot.errors.SqlglotError as error:
        return [], SqlVerdict(SqlKind.SYNTAX_ERROR, f"the text cannot be read as {dialect} SQL: {_first_line(error)}")
    hidden = _ambiguous_comment(sql, tokens, dialect)
    if hidden:
        return [], SqlVerdict(SqlKind.NOT_READ_ONLY, hidden)
    if tokens and tokens[-1].token_type.name == "SEMICOLON":
        tokens = tokens[:-1]
    if not tokens:
        return [], SqlVerdict(SqlKind.EMPTY, "there is no statement, only comments or semicolons")
    for token in tokens:
        if token.token_type.name == "SEMICOLON":
            message = "more than one statement stands in the text; one SELECT is allowed"
            return tokens, SqlVerdict(SqlKind.NOT_READ_ONLY, message, (token.line, token.col))
    first = tokens[0]
    if first.text.upper() not in STARTS or first.token_type.name in {"STRING", "IDENTIFIER"}:
        command = first.text.lower() in VERBS or first.token_type.name not in {"VAR", "STRING", "IDENTIFIER", "NUMBER"}
        kind = SqlKind.NOT_READ_ONLY if command else SqlKind.SYNTAX_ERROR
        return tokens, SqlVerdict(
            kind, f"the statement starts with {short(first.text)}, not with SELECT or WITH", (1, 1)
        )
    return tokens, None


def parsed(sql: str, tokens: list[Any], dialect: str) -> tuple[Any, SqlVerdict | None]:
    """The tree of a statement whose opening was fine, or a syntax error with its place."""
    from sqlglot import Dialect, errors  # noqa: PLC0415

    try:
        trees = Dialect.get_or_raise(dialect).parser().parse(tokens, sql)
    except errors.ParseError as error:
        place = error.errors[0] if error.errors else {}
        where = (place["line"], place["col"]) if place.get("line") and place.get("col") else None
        what = place.get("description") or _first_line(error)
        near = f" near {short(place['highlight'])}" if place.get("highlight") else ""
        return None, SqlVerdict(
            SqlKind.SYNTAX_ERROR, f"the statement cannot be read as {dialect} SQL: {what}{near}", where
        )
    except PARSER_FAULTS as error:
        return None, SqlVerdict(
            SqlKind.SYNTAX_ERROR,
            f"the parser gave up on the statement ({type(error).__name__}), so nobody can say what it does",
        )
    return trees[0], None


def read_only(tree: Any, functions: Allowed) -> SqlVerdict | None:
    """A refusal where the tree holds anything a read-only SELECT is not made of, else None."""
    from sqlglot import exp  # noqa: PLC0415

    if not isinstance(tree.unnest() if isinstance(tree, exp.Subquery) else tree, (exp.Select, exp.SetOperation)):
        return SqlVerdict(SqlKind.NOT_READ_ONLY, f"the statement is a {type(tree).__name__}, not a SELECT")
    for node in tree.walk():
        name = type(node).__name__
        if isinstance(node, exp.Func) and name not in NODES:
            refusal = _refused_call(node, name, functions)
            if refusal:
                return refusal
        elif isinstance(node, exp.Hint):
            if node.find(exp.Anonymous):
                return SqlVerdict(
                    SqlKind.NOT_READ_ONLY, "the statement holds a hint with arguments, which may change settings"
                )
        elif name == "Placeholder" and type(node.parent).__name__ in _NAME_PLACES:
            return SqlVerdict(
                SqlKind.SYNTAX_ERROR, "a bound parameter stands where a name must, and a driver binds values only"
            )
        elif name not in NODES:
            return SqlVerdict(
                SqlKind.NOT_READ_ONLY,
                f"the statement holds {_ARTICLES.get(name, name)}, which is no part of a read-only SELECT",
            )
    return None


_NAME_PLACES = frozenset({"Table", "TableAlias", "Column", "Dot"})

_ARTICLES = {
    "Insert": "an INSERT",
    "Update": "an UPDATE",
    "Delete": "a DELETE",
    "Merge": "a MERGE",
    "Into": "SELECT INTO",
    "Lock": "FOR UPDATE or FOR SHARE",
    "Command": "a command",
    "Parameter": "a variable",
    "SessionParameter": "a setting of the server",
}


def _refused_call(node: Any, name: str, functions: Allowed) -> SqlVerdict | None:
    from sqlglot import exp  # noqa: PLC0415

    if isinstance(node.parent, exp.Dot) and node.parent.expression is node:
        # schema.lower(x) is whatever somebody created under that name, not the function on the list
        return SqlVerdict(
            SqlKind.FORBIDDEN_FUNCTION,
            f"function {short(node.parent.sql())} is called through a schema, so it is nobody's listed function",
        )
    if isinstance(node, (exp.Anonymous, exp.AnonymousAggFunc)):
        quoted = isinstance(node.this, exp.Identifier) and node.this.quoted
        called = node.name.lower()
        if called in functions.names and not quoted:
            return None
        return SqlVerdict(
            SqlKind.FORBIDDEN_FUNCTION, f"function {called}() is not on the list of functions a query may call"
        )
    if name in functions.classes:
        return None
    return SqlVerdict(
        SqlKind.FORBIDDEN_FUNCTION,
        f"function {node.sql_name().lower()}() is not on the list of functions a query may call",
    )


def _ambiguous_comment(sql: str, tokens: list[Any], dialect: str) -> str | None:
    """Why a comment of this text may be code to another parser, or None."""
    comments = [comment for token in tokens for comment in token.comments]
    has_comment = bool(comments) or (not tokens and bool(sql.strip()))
    if has_comment and "\r" in sql.replace("\r\n", ""):
        return "a bare carriage return stands beside a comment: it ends the comment for one parser and not for another"
    for comment in comments:
        if "/*" in comment or "*/" in comment:
            return "a comment stands inside a comment: one parser nests them, another runs what follows"
        if dialect == "mysql" and comment.lstrip().upper().startswith(("!", "M!")):
            return "a comment that MySQL executes stands in the text"
    return None


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]
