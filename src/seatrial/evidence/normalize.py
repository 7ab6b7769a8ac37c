"""Normalize: a table of evidence columns gets the defaults of those that are not there."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from seatrial.evidence.table import Evidence
from seatrial.table.codes import Codes, constant, filled, rewritten
from seatrial.verdict import ROUNDING, Outcome

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from numpy.typing import NDArray

    from seatrial.table.table import Data, Table


def canonical(table: Table, blank: Outcome = Outcome.SKIPPED, metadata: Mapping[str, str] | None = None) -> Evidence:
    """The table with outcome, key and repetition on every row; a row without score and outcome has the outcome `blank`."""
    rows = len(table)
    columns: dict[str, Data | Callable[[], Data]] = {name: partial(table.column, name) for name in table.names}
    score = _rounded(table.numbers("score")) if table.has("score") else np.full(rows, np.nan)
    columns["score"] = score
    implied = np.isnan(score).astype(np.int32)
    if not table.has("outcome"):
        columns["outcome"] = Codes((Outcome.SCORED.value, blank.value), implied).used()
    elif (wording := table.codes("outcome")).index.min(initial=0) < 0:
        values = tuple(dict.fromkeys((*wording.values, Outcome.SCORED.value, blank.value)))
        place = np.array([values.index(Outcome.SCORED.value), values.index(blank.value)], dtype=np.int32)
        columns["outcome"] = Codes(values, np.where(wording.index < 0, place[implied], wording.index)).used()
    columns["key"] = filled(table.codes("key"), "score") if table.has("key") else constant("score", rows)
    tries = table.numbers("repetition") if table.has("repetition") else np.zeros(rows)
    columns["repetition"] = np.nan_to_num(tries, nan=0.0) if np.isnan(tries).any() else tries
    if table.has("cluster"):
        columns["cluster"] = lambda: rewritten(table.codes("cluster"), lambda text: text.strip() or None)
    return Evidence(columns, rows, table.source, metadata)


def _rounded(score: NDArray[np.float64]) -> NDArray[np.float64]:
    """The scores, with those that lie outside 0..1 by rounding alone on its edge."""
    over, under = (score > 1) & (score <= 1 + ROUNDING), (score < 0) & (score >= -ROUNDING)
    if not (over.any() or under.any()):
        return score
    return np.where(over, 1.0, np.where(under, 0.0, score))
