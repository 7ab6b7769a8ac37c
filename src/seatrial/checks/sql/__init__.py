"""SQL checks: read-only by allow-list, resolved against a schema, planned in a locked sandbox."""

from seatrial.checks.sql.check import check_sql
from seatrial.checks.sql.evaluators import sql_read_only, sql_valid
from seatrial.checks.sql.explain_sqlite import lock_sqlite, run_select
from seatrial.checks.sql.functions import allowed
from seatrial.checks.sql.limited import sql_limited
from seatrial.checks.sql.scoped import sql_scoped_to
from seatrial.checks.sql.verdict import SqlKind, SqlVerdict

__all__ = [
    "SqlKind",
    "SqlVerdict",
    "allowed",
    "check_sql",
    "lock_sqlite",
    "run_select",
    "sql_limited",
    "sql_read_only",
    "sql_scoped_to",
    "sql_valid",
]
