"""Shape: what a source's tables are, and whether a query may take them for it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from seatrial.adapters.feedback.sql.engine import Held, NotBySql
from seatrial.adapters.feedback.sql.tables import (
    Shape,
    text,
)
from seatrial.errors import SeatrialError
from seatrial.feedback.columns import DECISIONS, OUTCOMES
from seatrial.feedback.judge import OUTCOME
from seatrial.table import SEGMENT_PREFIX, Codes
from seatrial.table.names import name_columns

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from seatrial.adapters.feedback.source import Question, Tables
    from seatrial.adapters.feedback.sql.engine import Engine


@dataclass(frozen=True, slots=True)
class _Named:
    """A column of a table that is not read yet; stands where the naming of columns looks for a raw one."""

    name: str
    held: Held
    nested: bool = False

    def texts(self) -> Codes:
        """Several columns made one id."""
        raise NotBySql("an id of several columns")


class SourceShape:
    """The tables of one source, and what is known of them before anything is joined."""

    def __init__(self, engine: Engine, tables: Tables, question: Question) -> None:
        self.engine, self.tables, self.question = engine, tables, question
        self.rules, self.metrics = question.rules, question.metrics
        self.dimensions: tuple[str, ...] = ()
        self.counts: dict[str, int] = {}

    def shape(self) -> Shape:
        """Read the columns, check every row, and see whether ids and threads repeat."""
        decisions, names = self._select("decisions", DECISIONS, self.tables.mapping, self.tables.segments)
        self.dimensions = tuple(name.removeprefix(SEGMENT_PREFIX) for name in names if name.startswith(SEGMENT_PREFIX))
        events, held = self._select("outcomes", OUTCOMES, self.tables.outcomes_mapping, ())
        self._check("decisions", decisions, ("classifier", "moment"))
        self._check("events", events, ("raw_thread", "moment"))
        asks = [f"SELECT decision_id AS x FROM ({decisions}) AS t", f"SELECT thread AS x FROM ({decisions}) AS t"]
        asks.append(f"SELECT thread AS x FROM ({events}) AS t")
        if "event_id" in held:
            asks.append(f"SELECT event_id AS x FROM ({events}) AS t")
        unique, one_thread, one_event, *rest = self.engine.all_different(asks)
        if not unique:
            decisions = self._once(decisions, "decision_id")
        if rest and not rest[0]:
            events = self._once(events, "event_id")
        if not (one_thread and unique):
            self._no_ties(decisions)
        one_event = one_event and one_thread and unique
        return Shape(decisions, events, len(self.dimensions), one_thread and unique, one_event, self.rules.pick)

    def _select(
        self, table: str, columns: Sequence[Any], mapping: Mapping[str, Sequence[str]], segments: Sequence[str]
    ) -> tuple[str, list[str]]:
        """A query of the canonical columns, with `never`: what no row may be."""
        held = self.engine.columns(table)
        place = self.tables.decisions if table == "decisions" else self.tables.outcomes
        have = {name: _Named(name, kind) for name, kind in held.items()}
        try:
            found = name_columns(have, columns, str(place), mapping=mapping, segments=segments).columns  # type: ignore[arg-type]  # names are looked at, not values
        except SeatrialError as error:
            raise NotBySql("its columns have other names") from error
        utc = str(self.tables.zone) == "UTC"
        parts, never, number = [], [], 0
        for name, one in found.items():
            assert isinstance(one, _Named)  # noqa: S101 - nothing else was handed in
            alias = {"thread_id": "raw_thread", "confidence": "p", "decided_at": "moment", "observed_at": "moment"}.get(
                name, name
            )
            if name == "confidence":
                reading = self.engine.number(one.name, one.held)
            elif name in ("decided_at", "observed_at"):
                reading = self.engine.instant(one.name, one.held, utc=utc)
            else:
                reading = self.engine.text(one.name, one.held)
            if name.startswith(SEGMENT_PREFIX):
                alias, number = f"s{number}", number + 1
            parts.append(f"{reading.value} AS {alias}")
            if name == "thread_id":
                parts.append(f"{self.engine.thread(reading.value)} AS thread")
            never += [f"({reading.never})"] if reading.never else []
        null = f"CAST(NULL AS {'varchar' if self.engine.dialect.exact else 'text'})"
        absent = {"decisions": ("verdict",), "outcomes": ("outcome", "label")}[table]
        parts += [f"{null} AS {name}" for name in absent if name not in found]
        parts.append(f"CASE WHEN {' OR '.join(never) or '1 = 0'} THEN 1 ELSE 0 END AS never")
        query = f"SELECT {', '.join(parts)} FROM {self.engine.relation(table)}"
        if table == "outcomes":
            others = [part.rpartition(" AS ")[2] for part in parts]
            kept = ", ".join(one for one in others if one != "outcome")
            query = f"SELECT {kept}, coalesce(outcome, {text(OUTCOME)}) AS outcome FROM ({query}) AS o"
        return query, list(found)

    def _check(self, table: str, query: str, filled: Sequence[str]) -> None:
        """Refuse what the reader in memory has a sentence for.

        Raises:
            NotBySql: a row is not what the query takes it for.
        """
        requested = ["count(*)", "sum(never)", *(f"count({name})" for name in filled)]
        requested += ["min(p)", "max(p)"] if table == "decisions" else []
        n, never, *rest = self.engine.rows(f"SELECT {', '.join(requested)} FROM ({query}) AS t")[0]
        full, bounds = rest[: len(filled)], rest[len(filled) :]
        if not n or never or any(one != n for one in full):
            raise NotBySql(f"{table} holds nothing, or empty or odd values")
        if any(one is not None and not 0 <= one <= 1 for one in bounds):
            raise NotBySql("a confidence outside 0..1")
        self.counts[table] = int(n)

    def _no_ties(self, decisions: str) -> None:
        """Refuse two decisions of a classifier at one instant of a thread: the row order says which is later.

        Raises:
            NotBySql: there are some.
        """
        by = "thread, classifier, moment"
        tied = f"SELECT 1 AS one FROM ({decisions}) AS t WHERE thread IS NOT NULL GROUP BY {by} HAVING count(DISTINCT decision_id) > 1"
        if self.engine.rows(f"SELECT count(*) FROM ({tied}) AS t")[0][0]:
            raise NotBySql("two decisions at one instant")

    def _once(self, query: str, key: str) -> str:
        """Each id once, where its rows are the same word for word."""
        once = f"SELECT DISTINCT * FROM ({query}) AS t WHERE {key} IS NOT NULL"
        rest = f"SELECT * FROM ({query}) AS t WHERE {key} IS NULL"
        n, different = self.engine.rows(f"SELECT count({key}), count(DISTINCT {key}) FROM ({once}) AS t")[0]
        if n != different:
            raise NotBySql("one id with two contents")
        both = f"{once} UNION ALL {rest}"
        self.counts["events" if key == "event_id" else "decisions"] = int(
            self.engine.rows(f"SELECT count(*) FROM ({both}) AS t")[0][0]
        )
        return both
