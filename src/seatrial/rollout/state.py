"""State of a rollout: where every cell stands and the evidence it has gathered, as plain numbers."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from seatrial.stats.sequential import eprocess

if TYPE_CHECKING:
    from collections.abc import Mapping

    from seatrial.rollout.rules import Rules


class Mode(StrEnum):
    """Whether a cell may climb: only `climbing` does; all but `done` still fall."""

    CLIMBING = "climbing"
    PAUSED = "paused"
    HELD = "held"
    ROLLED_BACK = "rolled_back"
    DONE = "done"


@dataclass(frozen=True, slots=True)
class Stream:
    """Evidence of one metric on one rung: an e-process each way, with its counts.

    Attributes:
        rung: the stage, from 1.
        worse: against "not worse".
        not_worse: against "worse by the stage's margin".
    """

    rung: int
    worse: eprocess.State = eprocess.START
    not_worse: eprocess.State = eprocess.START


@dataclass(frozen=True, slots=True)
class Row:
    """Streams of one metric in this try, in order of their rungs."""

    metric: str
    streams: tuple[Stream, ...] = ()

    def on(self, rung: int) -> Stream:
        """The stream of a rung; an empty one where nothing was seen there."""
        return next((stream for stream in self.streams if stream.rung == rung), Stream(rung))


@dataclass(frozen=True, slots=True)
class MeanRow:
    """Values of one mean metric on one rung in this try: units, sum and squares of both arms."""

    metric: str
    rung: int
    candidate: int = 0
    candidate_total: float = 0.0
    candidate_squares: float = 0.0
    control: int = 0
    control_total: float = 0.0
    control_squares: float = 0.0

    @property
    def sums(self) -> tuple[float, ...]:
        """The six numbers, in order."""
        return (
            self.candidate, self.candidate_total, self.candidate_squares, self.control, self.control_total, self.control_squares
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class UnknownRow:
    """Units of both arms whose outcomes of one metric have no label that is known, on one rung in this try; and such a label."""

    metric: str
    rung: int
    candidate: int
    control: int
    label: str


@dataclass(frozen=True, slots=True)
class CellState:
    """One cell.

    Attributes:
        cell: its name.
        rung: 0 none of its traffic, 1 the first stage, ..., `Rules.top` all of it.
        mode: whether it may climb.
        attempt: tries begun so far minus one; evidence of an earlier try does not count.
        since: when it came to this rung, or when this try began: seconds since 1970.
        control: control units first exposed on this rung in this try.
        candidate: candidate units, likewise.
        hits: zero-tolerance events of the candidate in this try.
        rows: one per metric that acts.
        reported: the reason it was last ledgered with; another one is news.
        stopped: whether zero tolerance took it off: threads in flight are paused.
        means: values of mean metrics.
        unknown: units that count nowhere because no label of theirs is known.
    """

    cell: str
    rung: int
    mode: Mode
    attempt: int
    since: float
    control: int = 0
    candidate: int = 0
    hits: tuple[tuple[str, int], ...] = ()
    rows: tuple[Row, ...] = ()
    reported: str = ""
    stopped: bool = False
    means: tuple[MeanRow, ...] = ()
    unknown: tuple[UnknownRow, ...] = ()

    @property
    def exposed(self) -> int:
        """Units of both arms on this rung."""
        return self.control + self.candidate


@dataclass(frozen=True, slots=True)
class Overall:
    """All climbing cells together: its try and its rows; a cell that leaves begins another try."""

    attempt: int = 0
    rows: tuple[Row, ...] = ()


@dataclass(frozen=True, slots=True)
class State:
    """Where a rollout stands.

    Attributes:
        cells: one per cell of the plan, in its order.
        overall: the traffic as a whole; without rows where the plan has one cell.
        closed: per metric, the time up to which exposures are counted with their outcomes.
        counted: the time up to which exposures are counted.
        control_hash: content of the control; empty until the first exposure says it.
        candidate_hash: content of the candidate, likewise.
        algorithm: name of the assignment algorithm; empty until the first exposure says it.
    """

    cells: tuple[CellState, ...]
    overall: Overall
    closed: tuple[tuple[str, float], ...]
    counted: float
    control_hash: str = ""
    candidate_hash: str = ""
    algorithm: str = ""

    def cell(self, name: str) -> CellState:
        """The cell of that name; KeyError where there is none."""
        for cell in self.cells:
            if cell.cell == name:
                return cell
        raise KeyError(name)

    def until(self, metric: str) -> float:
        """Up to which time of exposure a metric is counted."""
        return dict(self.closed)[metric]


def first_state(rules: Rules, now: float, *, control_hash: str = "", candidate_hash: str = "") -> State:
    """Where a rollout begins: in the shadow (rung 0) where the plan has one, else on the first stage."""
    rung = 0 if rules.shadow.units else 1
    rows = empty_rows(rules)
    return State(
        cells=tuple(CellState(cell.name, rung, Mode.CLIMBING, 0, now, rows=rows) for cell in rules.cells),
        overall=Overall(0, rows if len(rules.cells) > 1 else ()),
        closed=tuple((metric.name, now) for metric in (*rules.metrics, *rules.means, *rules.zero_tolerance)),
        counted=now,
        control_hash=control_hash,
        candidate_hash=candidate_hash,
    )


def empty_rows(rules: Rules) -> tuple[Row, ...]:
    """Rows of a try that begins."""
    return tuple(Row(metric.name) for metric in rules.metrics)


def state_data(state: State) -> dict[str, Any]:
    """The state as plain data; `state_from` reads it back without loss. What older ledgers do not have is left out where empty."""
    data = asdict(state)
    for cell in data["cells"]:
        if not cell["unknown"]:
            del cell["unknown"]
    return data


def state_from(data: Mapping[str, Any]) -> State:
    """The state that `state_data` wrote.

    Raises:
        KeyError, TypeError, ValueError: it wrote none.
    """
    return State(
        **{
            **data,
            "cells": tuple(
                CellState(
                    **{
                        **cell,
                        "mode": Mode(cell["mode"]),
                        "hits": tuple((name, count) for name, count in cell["hits"]),
                        "rows": _rows(cell["rows"]),
                        "means": tuple(MeanRow(**one) for one in cell["means"]),
                        "unknown": tuple(UnknownRow(**one) for one in cell.get("unknown", ())),
                    }
                )
                for cell in data["cells"]
            ),
            "overall": Overall(data["overall"]["attempt"], _rows(data["overall"]["rows"])),
            "closed": tuple((name, until) for name, until in data["closed"]),
        }
    )


def _rows(data: Any) -> tuple[Row, ...]:
    return tuple(
        Row(
            row["metric"],
            tuple(
                Stream(one["rung"], eprocess.State(*one["worse"]), eprocess.State(*one["not_worse"]))
                for one in row["streams"]
            ),
        )
        for row in data
    )
