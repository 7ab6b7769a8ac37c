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

MORE_STARTS = {
    "duckdb": frozenset({"FROM", "VALUES"}),
    "postgres": frozenset({"VALUES"}),
    "sqlite": frozenset({"VALUES"}),
    "mysql": frozenset({"VALUES"}),
}
"""What else a read may start with: rows of its own, and DuckDB's FROM without a SELECT."""

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
    Placeholder JSONPath JSONPathRoot JSONPathKey JSONPathSubscript JSONPathWildcard Kwarg Hint
    TableSample WithTableHint LimitOptions TableFromRows Lambda PropertyEQ JSONKeyValue JSONExtractQuote Distance
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
    if first.text.upper() not in STARTS | MORE_STARTS.get(dialect, frozenset()) or first.token_type.name in {
        "STRING",
        "IDENTIFIER",
    }:
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


def read_only(tree: Any, functions: Allowed, sql: str) -> SqlVerdict | None:
    """A refusal where the tree holds anything a read-only SELECT is not made of, else None."""
    from sqlglot import exp  # noqa: PLC0415

    root = tree.unnest() if isinstance(tree, exp.Subquery) else tree
    if not isinstance(root, (exp.Select, exp.SetOperation, exp.Values)):
        return SqlVerdict(SqlKind.NOT_READ_ONLY, f"the statement is a {type(tree).__name__}, not a SELECT")
    for node in tree.walk():
        name = type(node).__name__
        if isinstance(node, exp.Func) and name not in NODES:
            refusal = _refused_call(node, name, functions, sql)
        elif name not in NODES:
            what = _ARTICLES.get(name, name)
            refusal = SqlVerdict(
                SqlKind.NOT_READ_ONLY, f"the statement holds {what}, which is no part of a read-only SELECT"
            )
        else:
            refusal = _refused_detail(node, name, functions.dialect)
        if refusal:
            return refusal
    return None


def _refused_detail(node: Any, name: str, dialect: str) -> SqlVerdict | None:
    """A refusal of a node that may stand in a SELECT, but not in this form."""
    from sqlglot import exp  # noqa: PLC0415

    if name == "Placeholder" and type(node.parent).__name__ in _NAME_PLACES:
        message = "a bound parameter stands where a name must, and a driver binds values only"
        return SqlVerdict(SqlKind.SYNTAX_ERROR, message)
    if name == "Hint" and node.find(exp.Anonymous):
        message = "the statement holds a hint with arguments, which may change settings"
        return SqlVerdict(SqlKind.NOT_READ_ONLY, message)
    if name == "WithTableHint":
        hints = {str(one.name).upper() for one in node.expressions}
        if not hints <= _READ_HINTS:
            message = f"the table hint {short(' '.join(sorted(hints - _READ_HINTS)))} is none of a read"
            return SqlVerdict(SqlKind.NOT_READ_ONLY, message)
    if name == "TableSample" and node.args.get("method") and node.args["method"].name.upper() not in _SAMPLES:
        message = f"function {node.args['method'].name}() is no way to sample a table"
        return SqlVerdict(SqlKind.FORBIDDEN_FUNCTION, message)
    if name == "PropertyEQ" and not isinstance(node.parent, exp.Func):
        return SqlVerdict(SqlKind.NOT_READ_ONLY, "the statement assigns a variable")
    if name == "Column" and dialect == "snowflake" and node.name.upper() in {"NEXTVAL", "CURRVAL"}:
        return SqlVerdict(SqlKind.NOT_READ_ONLY, f"{node.name} moves a sequence")
    if name == "Select":
        extra = {one.name.upper() for one in node.args.get("operation_modifiers") or ()} - _MODIFIERS
        if extra:
            message = f"{sorted(extra)[0]} changes the session or its place in line; a read does without"
            return SqlVerdict(SqlKind.NOT_READ_ONLY, message)
        if dialect == "tsql" and any(isinstance(one, exp.EQ) for one in node.expressions):
            return SqlVerdict(SqlKind.NOT_READ_ONLY, "the SELECT list assigns a variable")
    return None


_READ_HINTS = frozenset({"NOLOCK", "READUNCOMMITTED", "READCOMMITTED", "READPAST", "SNAPSHOT", "FORCESEEK"})
_SAMPLES = frozenset({"SYSTEM", "BERNOULLI", "RESERVOIR", "ROW", "BLOCK"})
_MODIFIERS = frozenset({"STRAIGHT_JOIN", "SQL_SMALL_RESULT", "SQL_BIG_RESULT", "SQL_BUFFER_RESULT", "SQL_NO_CACHE"})
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


def _refused_call(node: Any, name: str, functions: Allowed, sql: str) -> SqlVerdict | None:
    from sqlglot import exp  # noqa: PLC0415

    if isinstance(node.parent, exp.Dot) and node.parent.expression is node:
        # schema.lower(x) is whatever somebody created under that name, not the function on the list
        return SqlVerdict(
            SqlKind.FORBIDDEN_FUNCTION,
            f"function {short(node.parent.sql())} is called through a schema, so it is nobody's listed function",
        )
    written = _written(node, sql)
    named = isinstance(node, (exp.Anonymous, exp.AnonymousAggFunc))
    if named and written is not None and written.lower() != node.name.lower() and written.isidentifier():
        written = node.name  # the parser dropped the call around this one and left its place here
    if written is None:
        if not named and name in functions.classes:
            return None
        written = node.name if named else node.sql_name().lower()
    elif written.isidentifier() or "$" in written:
        if written.lower() in functions.names and (named or name in functions.classes):
            return None
    else:
        message = f"function {short(written)} is quoted, which may name another one than the function on the list"
        return SqlVerdict(SqlKind.FORBIDDEN_FUNCTION, message)
    return SqlVerdict(
        SqlKind.FORBIDDEN_FUNCTION, f"function {written}() is not on the list of functions a query may call"
    )


def _written(node: Any, sql: str) -> str | None:
    """The name of a call as it stands in the text; None for calls that are syntax."""
    start, end = node.meta.get("start"), node.meta.get("end")
    if start is None and type(node.this).__name__ == "Identifier":
        start, end = node.this.meta.get("start"), node.this.meta.get("end")
    return None if start is None or end is None else sql[start : end + 1]


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
