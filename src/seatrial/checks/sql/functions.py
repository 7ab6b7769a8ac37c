"""The functions a read-only statement may call: one allow-list per dialect, in the names that dialect's users write.

sqlglot turns `strftime(...)` into a class of its own and leaves `julianday(...)` anonymous, so a list of names alone
would miss half of them. `allowed` asks the dialect's own parser which class each listed name becomes.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from seatrial.checks.sql.verdict import PARSER_FAULTS, words
from seatrial.errors import one_of

if TYPE_CHECKING:
    from collections.abc import Set as AbstractSet

_COMMON = words(
    """
    abs avg cast ceil ceiling coalesce concat count dense_rank exp first_value floor lag last_value lead
    length ln log lower ltrim max min mod ntile nullif percent_rank power rank replace round row_number rtrim
    sign sqrt substr substring sum trim upper
    """
)
_POSTGRES_LIKE = words(
    """
    age array_agg bool_and bool_or btrim char_length concat_ws corr cume_dist date_part date_trunc every
    extract greatest initcap justify_days least left lpad make_date mode nth_value percentile_cont
    percentile_disc position regexp_replace reverse right rpad split_part stddev stddev_pop stddev_samp
    string_agg strpos to_char to_date to_timestamp translate trunc unnest var_pop var_samp variance now
    current_date current_timestamp date random
    """
)

DIALECTS: dict[str, frozenset[str]] = {
    "sqlite": _COMMON
    | words(
        """
    char date datetime group_concat hex ifnull iif instr json_array_length json_extract json_type julianday
    like glob likely unlikely nth_value cume_dist pow printf format quote random strftime string_agg time
    total trunc typeof unicode unixepoch current_date current_time current_timestamp -> ->>
    """
    ),
    "postgres": _COMMON | _POSTGRES_LIKE,
    "duckdb": _COMMON
    | _POSTGRES_LIKE
    | words(
        """
    any_value arg_max arg_min approx_count_distinct contains date_add date_diff date_sub datediff day dayname
    dayofweek epoch hour ifnull json_extract json_extract_string list list_contains median minute month
    monthname pow quantile quantile_cont quarter second starts_with strftime strptime week year
    """
    ),
    "mysql": _COMMON
    | words(
        """
    concat_ws curdate current_date current_timestamp date date_add date_format date_sub datediff day dayname
    dayofmonth dayofweek dayofyear extract format greatest group_concat hour if ifnull instr json_extract
    json_unquote last_day least left locate lpad minute month monthname now nth_value cume_dist pow quarter
    reverse right rpad second stddev str_to_date substring_index timestampdiff to_days truncate unix_timestamp
    var_pop variance week year
    """
    ),
    "bigquery": _COMMON
    | words(
        """
    any_value approx_count_distinct approx_quantiles array_agg array_length countif current_date
    current_datetime current_timestamp date date_add date_diff date_sub date_trunc datetime datetime_diff
    extract format_date format_timestamp greatest if ifnull json_extract_scalar json_value least logical_and
    logical_or lpad parse_date parse_timestamp percentile_cont pow regexp_contains regexp_extract
    regexp_replace rpad safe_cast safe_divide split starts_with stddev string_agg strpos time timestamp
    timestamp_add timestamp_diff timestamp_sub timestamp_trunc trunc unix_seconds unnest variance
    """
    ),
    "tsql": _COMMON,
    "snowflake": _COMMON,
}
"""Default allow-lists. What is not listed is refused: table functions (`read_csv`, `pragma_table_info`,
`generate_series`), anything that sleeps, signals, reads files, moves sequences, changes settings or runs another
statement."""

SYNTAX = words(
    # The grammar writes these as syntax, sqlglot files them under functions; none of them calls anything.
    """
    And Or Xor Case If Cast TryCast Exists Extract Collate Array Struct Columns JSONExtract JSONExtractScalar
    TsOrDsToTimestamp TsOrDsToDate TsOrDsToTime TsOrDsToDatetime UnixToTime WeekStart Interval CurrentDate
    CurrentTime CurrentTimestamp CurrentDatetime
    """
)

_SHAPES = (
    *("{f}()", "{f}(a)", "{f}(a, b)", "{f}(a, b, c)", "{f}(*)", "{f}('month', a)", "{f}('month', a, b)"),
    *(
        "{f}(a, INTERVAL '1' DAY)",
        "{f}(a, INTERVAL 1 DAY)",
        "{f}(a, b, DAY)",
        "{f}(a, DAY)",
        "{f}(DAY, a, b)",
        "{f}('a' IN b)",
    ),
    *("a FROM {f}(b)", "{f}(a) OVER (ORDER BY b)", "{f}(0.5) WITHIN GROUP (ORDER BY a)"),
)


@dataclass(frozen=True, slots=True)
class Allowed:
    """What may be called: `names` as written (lower case) and `classes`, the sqlglot classes those names parse to."""

    names: frozenset[str]
    classes: frozenset[str]


def allowed(dialect: str, functions: AbstractSet[str] | None = None) -> Allowed:
    """The allow-list of `dialect`, or of exactly `functions` where given.

    Raises:
        UsageError: `dialect` has no allow-list; the message names those that have.
    """
    one_of(dialect, DIALECTS, "SQL dialect")
    names = DIALECTS[dialect] if functions is None else frozenset(name.lower() for name in functions)
    return _probe(dialect, names)


@lru_cache(maxsize=32)
def _probe(dialect: str, names: frozenset[str]) -> Allowed:
    """Parse each name in the shapes a call can take and note the classes met, the anonymous one excepted."""
    import sqlglot  # noqa: PLC0415 - heavy, and only a SQL check needs it
    from sqlglot import exp  # noqa: PLC0415

    classes = set(SYNTAX)
    for name in names:
        if not name.isidentifier():
            continue
        for shape in _SHAPES:
            try:
                tree = sqlglot.parse_one("SELECT " + shape.format(f=name), read=dialect)
            except (sqlglot.errors.SqlglotError, *PARSER_FAULTS):
                continue
            found = {type(node).__name__ for node in tree.find_all(exp.Func)}
            classes |= found - {"Anonymous", "AnonymousAggFunc"}
    return Allowed(names, frozenset(classes))
