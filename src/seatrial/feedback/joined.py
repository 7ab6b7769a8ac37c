"""Joined: a table with the outcome beside the decision, as the two tables that `judge` takes."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from seatrial.errors import DataError
from seatrial.feedback.clean import read_once
from seatrial.feedback.columns import DECISIONS, OUTCOMES
from seatrial.feedback.join import counted
from seatrial.table import SEGMENT_PREFIX, Codes, Table
from seatrial.wording import count

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from seatrial.outcome import Metric
    from seatrial.table.table import Data

ABSENT = frozenset({"", "nan", "none", "null"})
"""How exports write that a row has no outcome yet, in any case."""


def split(table: Table, *, classifier: str, pick: str, one_shot: bool) -> tuple[Table, Table]:
    """Decisions and outcomes of a joined table; each decision is a thread of its own, since the join is given.

    Args:
        table: columns of `JOINED`.
        classifier: name of the classifier where the table has none.
        pick: of several decisions of one classifier in a thread, the one that counts.
        one_shot: whether the table may lack `decided_at`.

    Raises:
        DataError: `decided_at` is absent and this is no fixed window, or a decision id has two contents.
    """
    n = len(table)
    if not table.has("decided_at") and not one_shot:
        raise DataError(
            f"{table.source} has no column decided_at (when it decided), which a yearly gate needs; map it with --map decided_at=COLUMN, or judge the table as one window with --one-shot"
        )
    at = table.numbers("decided_at") if table.has("decided_at") else np.zeros(n)
    data: dict[str, Data] = {
        "decision_id": table.codes("decision_id") if table.has("decision_id") else _numbered(n),
        "classifier": table.codes("classifier") if table.has("classifier") else _constant(classifier, n),
        "confidence": table.numbers("confidence"),
        "decided_at": at,
    }
    names = [column.name for column in DECISIONS if column.name not in data and column.name != "thread_id"]
    for name in [*names, *(SEGMENT_PREFIX + one for one in table.dimensions)]:
        if table.has(name):
            data[name] = table.column(name)
    ids = data["decision_id"]
    assert isinstance(ids, Codes)  # noqa: S101 - set above
    if (ids.index < 0).any():
        raise DataError(f"{table.source}: decision_id is empty in {count(int((ids.index < 0).sum()), 'row')}")
    events = _events(table, ids, at)
    decisions = read_once(Table(data, n, table.source), "decision_id")
    if table.has("thread_id") and pick != "all":
        decisions = decisions.where(_counted(table, decisions, pick))
    return Table({**_all(decisions), "thread_id": decisions.codes("decision_id")}, len(decisions), table.source), events


def untimed(table: Table, metrics: Mapping[str, Metric]) -> dict[str, Metric]:
    """Metrics as a joined table can be asked for them: without times no horizon, without `observed_at` no delay."""
    if not table.has("decided_at"):
        return {}
    if not table.has("observed_at"):
        return {name: replace(metric, min_delay=0.0) for name, metric in metrics.items()}
    return dict(metrics)


def _events(table: Table, ids: Codes, at: NDArray[np.float64]) -> Table:
    label = table.codes("label")
    nothing = np.array([*(word.strip().lower() in ABSENT for word in label.values), True])[label.index]
    if table.has("outcome"):
        nothing &= table.missing("outcome")
    observed = table.numbers("observed_at") if table.has("observed_at") else at
    observed = np.where(np.isnan(observed), at, observed)
    data: dict[str, Data] = {"thread_id": ids, "label": label, "observed_at": observed}
    if table.has("outcome"):
        data["outcome"] = table.codes("outcome")
    events = Table(data, len(table), table.source).where(~nothing)
    assert {*events.names} <= {column.name for column in OUTCOMES}  # noqa: S101 - our bug
    return events


def _counted(table: Table, decisions: Table, pick: str) -> NDArray[np.bool_]:
    """Which decisions count, by the thread that each one's first row names."""
    ids, threads = (
        table.codes("decision_id") if table.has("decision_id") else _numbered(len(table)),
        table.codes("thread_id"),
    )
    first = {int(code): row for row, code in reversed(list(enumerate(ids.index.tolist())))}
    own = decisions.codes("decision_id")
    place = {text: code for code, text in enumerate(ids.values)}
    rows = np.array([first[place[own.values[code]]] for code in own.index.tolist()], np.int64)
    classifier = decisions.codes("classifier").index.astype(np.int64)
    thread = threads.index[rows].astype(np.int64)
    together = np.where(thread < 0, -1, thread * (classifier.max() + 1) + classifier)
    return counted(together, decisions.numbers("decided_at"), pick)


def _all(table: Table) -> dict[str, Data]:
    return {name: table.column(name) for name in table.names}


def _numbered(n: int) -> Codes:
    return Codes(tuple(map(str, range(1, n + 1))), np.arange(n, dtype=np.int32))


def _constant(text: str, n: int) -> Codes:
    return Codes((text,), np.zeros(n, np.int32))
