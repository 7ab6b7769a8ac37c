"""Control: pairs of two stored runs put to a judge once more, beside the verdicts it gave before."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import numpy as np

from seatrial.canonical import canonical_json
from seatrial.errors import UsageError
from seatrial.judge.drift import drift_of
from seatrial.judge.licence import licence_data, read_licence
from seatrial.judge.pairs import resolved
from seatrial.judge.spend import Purse
from seatrial.judge.standing import licence_file
from seatrial.judge.verdicts import VERDICT_COLUMNS
from seatrial.table import read_table
from seatrial.trial.judging import VERDICTS, comparison, judge_pairs

if TYPE_CHECKING:
    from pathlib import Path

    from seatrial.judge.drift import JudgeDrift
    from seatrial.project import Project

CONTROL = "control"


def judge_control(
    project: Project, a: str, b: str, name: str, *, now: float, limit: int, most: float, max_usd: float | None
) -> tuple[JudgeDrift, tuple[str, ...]]:
    """Ask a judge anew about the first `limit` pairs that it has judged; on one day each is asked once.

    Raises:
        UsageError: the judge has not judged these runs.
        Whatever `comparison` and `judge_pairs` raise.
    """
    made = comparison(project, a, b, name)
    before = made.folder / VERDICTS
    if not before.is_file():
        raise UsageError(
            f"judge {name!r} has no verdicts on {a} and {b}; seatrial judge pairwise {a} {b} --judge {name}"
        )
    first = read_table(before, VERDICT_COLUMNS)
    requested = set(first.codes("example_id").values)
    pairs = [pair for pair in made.pairs if pair.example_id in requested and resolved(pair) is None]
    if not pairs:
        raise UsageError(f"no pair of {a} and {b} needs a judge: there is nothing to ask once more")
    chosen = list(dict.fromkeys(pair.example_id for pair in pairs))[:limit]
    day = datetime.fromtimestamp(now, UTC).strftime("%Y-%m-%d")
    control = replace(
        made,
        folder=made.folder / CONTROL / day,
        pairs=tuple(pair for pair in pairs if pair.example_id in set(chosen)),
    )
    done, _ = judge_pairs(project, control, purse=Purse(max_usd))
    examples = first.codes("example_id")
    mine = np.array([one in set(chosen) for one in examples.values])[examples.index]
    first = first.where(mine)
    found = drift_of(first, read_table(control.folder / VERDICTS, VERDICT_COLUMNS), most)
    return found, (*([done.ended] if done.ended else []), *done.warnings)


def suspend(root: Path, name: str, found: JudgeDrift, now: float) -> bool:
    """Write into a judge's licence that it is suspended; False where it has none."""
    file = licence_file(root, name)
    licence = read_licence(file)
    if licence is None:
        return False
    licence = replace(licence, suspended=(found.flips, found.of, now))
    beside = file.with_name(f"{file.name}.partial")
    beside.write_text(f"{canonical_json(licence_data(licence))}\n", encoding="utf-8")
    beside.replace(file)
    return True
