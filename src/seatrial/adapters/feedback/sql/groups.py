"""Groups: what a database added up, as the columns that cells are made of."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from seatrial.adapters.feedback.sql.tables import CHOSEN, SCALE
from seatrial.feedback.sums import Histogram, in_order
from seatrial.outcome import Answer
from seatrial.table import Codes
from seatrial.table.codes import encode
from seatrial.table.read import UNKNOWN

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from seatrial.adapters.feedback.sql.words import Words


def came(parts: Sequence[Mapping[str, NDArray[Any]]], words: Words) -> dict[str, set[str]]:
    """Classifier -> outcome types of which an event was joined to a decision that counts."""
    rows, _ = split(parts)
    out: dict[str, set[str]] = {}
    for i, name in enumerate(words.types):
        for dv in np.unique(rows["dv"][rows[f"t{i}"].astype(np.float64) > 0]).astype(int).tolist():
            out.setdefault(words.decisions[dv].classifier, set()).add(name)
    return out


def split(
    parts: Sequence[Mapping[str, NDArray[Any]]],
) -> tuple[dict[str, NDArray[Any]], dict[str, NDArray[Any]]]:
    """Groups by row of the family, and by hundredth of confidence."""
    joined = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    # `grouping(hundredth)` is 1 where hundredth is not among the group's columns.
    by_row = joined["by_row"].astype(int) == 1
    return (
        {name: values[by_row] for name, values in joined.items()},
        {name: values[~by_row] for name, values in joined.items()},
    )


def segment(values: NDArray[Any]) -> Codes:
    """A dimension as the reader in memory has it: space is stripped, and a row that names no segment is `unknown`."""
    return in_order(
        encode([(str(one).strip() or UNKNOWN) if isinstance(one, str) else UNKNOWN for one in values.tolist()])
    )


def histograms(bins: Mapping[str, NDArray[Any]], words: Words, *, exact: bool) -> list[Histogram]:
    """Answered decisions of each classifier by hundredth of confidence."""
    use = (bins["part"] == CHOSEN) & (bins["kind"] <= Answer.POSITIVE) & np.array(words.wanted)[bins["dv"].astype(int)]
    dv, at = bins["dv"][use].astype(int), bins["hundredth"][use].astype(int)
    n = bins["n"][use].astype(np.float64)
    positive = np.where(bins["kind"][use] == Answer.POSITIVE, n, 0)
    stated = bins["p"][use].astype(np.float64) / (SCALE if exact else 1.0)
    names = np.array([one.classifier for one in words.decisions], object)[dv]
    return [
        Histogram(
            name,
            *(
                np.bincount(at[names == name], one[names == name], 100).astype(np.float64)
                for one in (n, positive, stated)
            ),
        )
        for name in sorted(
            {one.classifier for one, wanted in zip(words.decisions, words.wanted, strict=True) if wanted}
        )
    ]
