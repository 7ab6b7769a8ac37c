"""The types a cast may name, by dialect: a type of one's own may run code of its own, and a typing error is no type."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from seatrial.checks.sql.verdict import SqlKind, SqlVerdict, short, words

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

TYPES: dict[str, frozenset[str]] = {
    "postgres": words(
        """
        smallint integer int bigint int2 int4 int8 decimal dec numeric real float float4 float8 double money char
        character varchar text bpchar name bytea timestamp timestamptz date time timetz interval boolean bool point
        line lseg box path polygon circle cidr inet macaddr bit varbit uuid xml json jsonb jsonpath tsvector tsquery
        int4range int8range numrange tsrange tstzrange daterange national nchar
        """
    ),
    "duckdb": words(
        """
        bigint int8 long int64 bit bitstring blob bytea binary varbinary boolean bool logical date decimal dec numeric
        double float8 float float4 real hugeint int128 integer int4 int int32 signed interval json smallint int2 int16
        short time timetz timestamp timestamptz timestamp_s timestamp_ms timestamp_ns timestamp_us datetime tinyint
        int1 ubigint uhugeint uinteger usmallint utinyint uint8 uint16 uint32 uint64 uuid guid varchar char bpchar text
        string nvarchar character struct map list union
        """
    ),
    "mysql": words("binary char character nchar national date datetime decimal dec double float json real signed time")
    | words("unsigned year point linestring polygon multipoint multilinestring multipolygon geometrycollection"),
    "bigquery": words(
        """
        int64 int integer bigint smallint tinyint byteint float64 numeric decimal bignumeric bigdecimal bool boolean
        string bytes date datetime time timestamp json interval geography array struct range
        """
    ),
    "tsql": words(
        """
        bigint int integer smallint tinyint bit decimal dec numeric money smallmoney float real double date datetime
        datetime2 datetimeoffset smalldatetime time char character varchar text nchar nvarchar national ntext binary
        varbinary image uniqueidentifier xml sql_variant rowversion timestamp sysname geometry geography
        """
    ),
    "snowflake": words(
        """
        number decimal dec numeric int integer bigint smallint tinyint byteint float float4 float8 double real decfloat
        varchar char character string text nchar nvarchar nvarchar2 binary varbinary boolean date datetime time
        timestamp timestamp_ltz timestamp_ntz timestamp_tz timestampltz timestampntz timestamptz variant object array
        map geography geometry vector
        """
    ),
}
"""The types a cast may name. SQLite takes any name: it only looks for INT, CHAR, BLOB and the like inside it."""


def unknown_type(tokens: Sequence[Any], dialect: str) -> SqlVerdict | None:
    """The first cast to a type that `dialect` does not list, or None; a type of one's own may run code of its own."""
    known = TYPES.get(dialect)
    if known is None:
        return None
    for token in _cast_types(tokens):
        words = token.text.lower().split()
        quoted = token.token_type.name in {"IDENTIFIER", "STRING"}
        if quoted or not words or words[0] not in known:
            return SqlVerdict(
                SqlKind.SYNTAX_ERROR,
                f"a cast names the type {short(token.text)}, which is no {dialect} type that a cast may name",
                (token.line, token.col),
            )
    return None


def _cast_types(tokens: Sequence[Any]) -> Iterator[Any]:
    """The token that names the type, of every `CAST(... AS type)` and `::type`."""
    open_casts: list[int] = []
    depth = 0
    for at, token in enumerate(tokens[:-1]):
        kind = token.token_type.name
        if kind == "L_PAREN":
            depth += 1
            if at and tokens[at - 1].text.upper() in {"CAST", "TRY_CAST", "SAFE_CAST"}:
                open_casts.append(depth)
        elif kind == "R_PAREN":
            if open_casts and open_casts[-1] == depth:
                open_casts.pop()
            depth -= 1
        elif kind == "DCOLON" or (kind == "ALIAS" and open_casts and open_casts[-1] == depth):
            yield tokens[at + 1]
