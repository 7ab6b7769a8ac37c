"""Which calls a read-only statement may hold: by the name as it is written, or by syntax that stands for a listed name.

sqlglot turns most calls into classes of its own, several names into one. A call is therefore judged by the text at its
place. Calls with a grammar of their own (EXTRACT, TRIM, LISTAGG) leave no place: for them `classes_of` asks the dialect's
parser which classes the listed names become.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from seatrial.checks.sql.function_lists import DIALECTS
from seatrial.checks.sql.verdict import PARSER_FAULTS, words
from seatrial.errors import one_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from collections.abc import Set as AbstractSet

SYNTAX = words(
    # The grammar writes these as syntax, sqlglot files them under functions; none of them calls anything.
    """
    And Or Xor Case If Cast TryCast Exists Extract Collate Array Struct Columns JSONExtract JSONExtractScalar
    JSONBExtract JSONBExtractScalar JSONBContains JSONBContainsAllTopKeys JSONBContainsAnyTopKeys ArrayContainsAll
    ArrayContainedBy ArrayOverlaps TsOrDsToTimestamp TsOrDsToDate TsOrDsToTime TsOrDsToDatetime TimeStrToTime
    UnixToTime WeekStart Interval CurrentDate CurrentTime CurrentTimestamp CurrentDatetime Localtime Localtimestamp
    SafeFunc
    """
)

_SPECIAL = (
    *("{f}(a)", "{f}(a, b)", "{f}(a, b, c)", "{f}(DISTINCT a)", "{f}(DAY FROM a)", "{f}('a' IN b)", "{f}(a AS date)"),
    *("{f}(a FROM 1 FOR 2)", "{f}(BOTH 'a' FROM b)", "{f}(a PLACING b FROM 1)", "{f}(a) WITHIN GROUP (ORDER BY b)"),
    *("{f}(a USING utf8)", "{f}(date, a)", "{f}(a TO DAY)", "{f}(DAY, a)", "{f}('a': b)", "{f}"),
)
"""The shapes of calls that have a grammar of their own."""


@dataclass(frozen=True, slots=True)
class Allowed:
    """What may be called in one dialect: `names` as written, in lower case."""

    dialect: str
    names: frozenset[str]

    @property
    def classes(self) -> frozenset[str]:
        """The sqlglot classes of listed names that leave no written name in the tree."""
        return classes_of(self.dialect, self.names)


def allowed(dialect: str, functions: AbstractSet[str] | None = None) -> Allowed:
    """The allow-list of `dialect`, or of exactly `functions` where given.

    Raises:
        UsageError: `dialect` has no allow-list; the message names those that have.
    """
    one_of(dialect, DIALECTS, "SQL dialect")
    return Allowed(dialect, DIALECTS[dialect] if functions is None else frozenset(name.lower() for name in functions))


@lru_cache(maxsize=32)
def classes_of(dialect: str, names: frozenset[str]) -> frozenset[str]:
    """Every class that the dialect's parser makes of these names, the anonymous one excepted; asked when first needed."""
    from sqlglot import exp  # noqa: PLC0415 - heavy, and only a SQL check needs it

    classes = set(SYNTAX)
    for name in names:
        for tree in _built(dialect, name.upper()):
            classes |= {type(node).__name__ for node in tree.find_all(exp.Func)}
    return frozenset(classes - {"Anonymous", "AnonymousAggFunc"})


def _built(dialect: str, name: str) -> Iterator[Any]:
    """The trees that calls of one function become, in the shapes such a call can take."""
    import sqlglot  # noqa: PLC0415
    from sqlglot import exp  # noqa: PLC0415

    known = sqlglot.Dialect.get_or_raise(dialect)
    parser = known.parser_class
    if name in parser.FUNCTION_PARSERS or name.startswith(("CURRENT", "LOCAL")):
        for shape in _SPECIAL:
            try:
                yield sqlglot.parse_one("SELECT " + shape.format(f=name), read=dialect)
            except (sqlglot.errors.SqlglotError, *PARSER_FAULTS):
                continue
        return
    build: Any = parser.FUNCTIONS.get(name)
    if build is None:
        return
    a, b, c = exp.column("a"), exp.column("b"), exp.column("c")
    day, month = exp.var("DAY"), exp.Literal.string("month")
    interval = exp.Interval(this=exp.Literal.string("1"), unit=day)
    for arguments in ([], [a], [a, b], [a, b, c], [month, a], [a, interval], [a, b, day], [day, a, b], [month, a, b]):
        copies = [one.copy() for one in arguments]
        try:
            tree = build(copies)
        except TypeError:
            try:
                tree = build(copies, dialect=known)
            except (sqlglot.errors.SqlglotError, *PARSER_FAULTS):
                continue
        except (sqlglot.errors.SqlglotError, *PARSER_FAULTS):
            continue
        if isinstance(tree, exp.Expr):
            yield tree
