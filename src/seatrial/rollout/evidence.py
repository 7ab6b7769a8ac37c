"""Evidence: what one look at production found, as counts; folding it into a state is pure.

A block holds the units that were first exposed in one minute, in one cell, try and rung, once their metric's horizon has
passed. Blocks are made by time of exposure, never by arrival of outcomes: failures come early and successes late.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

from seatrial.rollout.reason import Reason, reason_data, reason_from
from seatrial.rollout.state import MeanRow, Mode, Row, Stream, UnknownRow
from seatrial.stats.sequential import eprocess

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from seatrial.rollout.rules import Rules
    from seatrial.rollout.state import CellState, Overall, State


@dataclass(frozen=True, slots=True)
class Block:
    """Good and bad outcomes of both arms: units first exposed in one minute, in one cell, try and rung."""

    minute: int
    cell: str
    metric: str
    attempt: int
    rung: int
    candidate_good: int
    candidate_bad: int
    control_good: int
    control_bad: int

    @property
    def counts(self) -> tuple[int, int, int, int]:
        """As `eprocess.update` takes them."""
        return self.candidate_good, self.candidate_bad, self.control_good, self.control_bad


@dataclass(frozen=True, slots=True)
class MeanBlock:
    """Values of a mean metric since the last look, in one cell, try and rung: units, sum and squares of both arms."""

    cell: str
    metric: str
    attempt: int
    rung: int
    candidate: int
    candidate_total: float
    candidate_squares: float
    control: int
    control_total: float
    control_squares: float


@dataclass(frozen=True, slots=True)
class UnknownBlock:
    """Units since the last look whose outcomes of one metric have no label that is known; `label`: the most frequent one."""

    cell: str
    metric: str
    attempt: int
    rung: int
    candidate: int
    control: int
    label: str


@dataclass(frozen=True, slots=True)
class Exposed:
    """Units first exposed since the last look, in one cell, try and rung."""

    cell: str
    attempt: int
    rung: int
    control: int
    candidate: int


@dataclass(frozen=True, slots=True)
class Hit:
    """Zero-tolerance events of the candidate in one cell and try."""

    cell: str
    metric: str
    attempt: int
    count: int
    thread: str


@dataclass(frozen=True, slots=True)
class Problem:
    """Something that keeps a cell from being judged; cell "" stands for every cell."""

    cell: str
    reason: Reason


@dataclass(frozen=True, slots=True)
class Shadowed:
    """What the shadow stage says of one cell.

    Attributes:
        cell: its name.
        units: threads compared.
        passed: whether the gate passed the candidate on them.
        verdict: the gate's; empty while threads are missing.
        text: the gate's sentence.
    """

    cell: str
    units: int
    passed: bool
    verdict: str = ""
    text: str = ""


@dataclass(frozen=True, slots=True)
class Evidence:
    """One look.

    Attributes:
        counted: time of exposure up to which units are counted now.
        closed: per metric, the time of exposure up to which its outcomes are counted now.
        exposed: new units.
        blocks: new blocks.
        hits: new zero-tolerance events.
        problems: what could not be read or is not as it should be.
        shadow: per cell, while it is on rung 0.
        requested: per cell and type of webhook, whether it said yes.
        control_hash: content of the control that answered; empty where no unit was exposed.
        candidate_hash: content of the candidate, likewise.
        algorithm: the assignment algorithm, likewise.
        late: exposures and outcomes that came after their block was closed, counted and left out.
        unknown: outcomes whose label is unknown, counted and left out.
        means: new values of mean metrics.
        unclear: new units that count nowhere because of such labels.
        elsewhere: of the new blocks the units whose first exposure was in another cell: the traffic as a whole has counted them.
    """

    counted: float
    closed: tuple[tuple[str, float], ...]
    exposed: tuple[Exposed, ...] = ()
    blocks: tuple[Block, ...] = ()
    hits: tuple[Hit, ...] = ()
    problems: tuple[Problem, ...] = ()
    shadow: tuple[Shadowed, ...] = ()
    requested: tuple[tuple[str, str, bool], ...] = ()
    control_hash: str = ""
    candidate_hash: str = ""
    algorithm: str = ""
    late: int = 0
    unknown: int = 0
    means: tuple[MeanBlock, ...] = ()
    unclear: tuple[UnknownBlock, ...] = ()
    elsewhere: tuple[Block, ...] = ()

    @property
    def empty(self) -> bool:
        """Whether nothing was found that a decision could rest on."""
        return not (self.exposed or self.blocks or self.hits or self.problems or self.shadow or self.unclear)


def fold(rules: Rules, state: State, evidence: Evidence) -> State:
    """The state with this look's counts added; positions do not change."""
    exposed, hits = defaultdict(list), defaultdict(list)
    blocks: dict[str, list[Block]] = defaultdict(list)
    for new in evidence.exposed:
        exposed[new.cell].append(new)
    for hit in evidence.hits:
        hits[hit.cell].append(hit)
    for block in sorted(evidence.blocks, key=lambda b: (b.minute, b.cell, b.metric, b.rung)):
        blocks[block.cell].append(block)
    cells = tuple(
        replace(
            _fold_cell(rules, cell, exposed[cell.cell], blocks[cell.cell], hits[cell.cell]),
            means=_fold_means(cell, [one for one in evidence.means if one.cell == cell.cell]),
            unknown=_fold_unknown(cell, [one for one in evidence.unclear if one.cell == cell.cell]),
        )
        for cell in state.cells
    )
    return replace(
        state,
        cells=cells,
        overall=_fold_overall(rules, state, evidence),
        closed=evidence.closed,
        counted=evidence.counted,
        control_hash=state.control_hash or evidence.control_hash,
        candidate_hash=state.candidate_hash or evidence.candidate_hash,
        algorithm=state.algorithm or evidence.algorithm,
    )


def _fold_cell(
    rules: Rules, cell: CellState, exposed: Iterable[Exposed], blocks: Iterable[Block], hits: Iterable[Hit]
) -> CellState:
    now = [new for new in exposed if (new.attempt, new.rung) == (cell.attempt, cell.rung)]
    counts = dict(cell.hits)
    for hit in hits:
        if hit.attempt == cell.attempt:
            counts[hit.metric] = counts.get(hit.metric, 0) + hit.count
    return replace(
        cell,
        control=cell.control + sum(new.control for new in now),
        candidate=cell.candidate + sum(new.candidate for new in now),
        hits=tuple(sorted(counts.items())),
        rows=_fold_rows(rules, cell.rows, [block for block in blocks if block.attempt == cell.attempt]),
    )


def _fold_means(cell: CellState, blocks: Iterable[MeanBlock]) -> tuple[MeanRow, ...]:
    """Sums of each mean metric by rung: shares differ from rung to rung, and sums over them would be confounded."""
    found = {(row.metric, row.rung): row for row in cell.means}
    for one in blocks:
        if one.attempt == cell.attempt:
            key = (one.metric, one.rung)
            before = found.get(key, MeanRow(*key))
            added = list(asdict(one).values())[4:]
            found[key] = MeanRow(*key, *(a + b for a, b in zip(before.sums, added, strict=True)))
    return tuple(found[key] for key in sorted(found))


def _fold_unknown(cell: CellState, blocks: Iterable[UnknownBlock]) -> tuple[UnknownRow, ...]:
    found = {(row.metric, row.rung): row for row in cell.unknown}
    for one in blocks:
        if one.attempt == cell.attempt:
            key = (one.metric, one.rung)
            before = found.get(key, UnknownRow(*key, 0, 0, one.label))
            found[key] = UnknownRow(
                *key, before.candidate + one.candidate, before.control + one.control, before.label or one.label
            )
    return tuple(found[key] for key in sorted(found))


def _fold_overall(rules: Rules, state: State, evidence: Evidence) -> Overall:
    """Blocks of one minute and rung summed over the cells that climb: the same share of each, so nothing is confounded.

    A unit that came in several cells counts once, in the cell of its first exposure.
    """
    if not state.overall.rows:
        return state.overall
    tries = {cell.cell: cell.attempt for cell in state.cells if cell.mode in (Mode.CLIMBING, Mode.PAUSED, Mode.DONE)}
    sums: dict[tuple[int, str, int], list[int]] = defaultdict(lambda: [0, 0, 0, 0])
    for sign, blocks in ((1, evidence.blocks), (-1, evidence.elsewhere)):
        for block in blocks:
            if tries.get(block.cell) == block.attempt:
                total = sums[block.minute, block.metric, block.rung]
                for i, count in enumerate(block.counts):
                    total[i] += sign * count
    merged = [
        Block(minute, "", metric, state.overall.attempt, rung, *counts)
        for (minute, metric, rung), counts in sorted(sums.items())
        if any(counts)
    ]
    return replace(state.overall, rows=_fold_rows(rules, state.overall.rows, merged))


def _fold_rows(rules: Rules, rows: tuple[Row, ...], blocks: list[Block]) -> tuple[Row, ...]:
    if not blocks:
        return rows
    found = {row.metric: {stream.rung: stream for stream in row.streams} for row in rows}
    for block in blocks:
        stage = rules.stage(block.rung)
        if stage is None or block.metric not in found:
            continue
        stream = found[block.metric].get(block.rung, Stream(block.rung))
        found[block.metric][block.rung] = Stream(
            block.rung,
            eprocess.update(stream.worse, *block.counts),
            eprocess.update(stream.not_worse, *block.counts, stage.margin, "not_worse", rules.estimates),
        )
    return tuple(Row(name, tuple(streams[rung] for rung in sorted(streams))) for name, streams in found.items())


def evidence_data(evidence: Evidence) -> dict[str, Any]:
    """The evidence as plain data, blocks as rows of numbers; `evidence_from` reads it back without loss."""
    data = {
        "counted": evidence.counted,
        "closed": [list(one) for one in evidence.closed],
        "exposed": [list(asdict(one).values()) for one in evidence.exposed],
        "blocks": [list(asdict(one).values()) for one in evidence.blocks],
        "hits": [list(asdict(one).values()) for one in evidence.hits],
        "problems": [[one.cell, reason_data(one.reason)] for one in evidence.problems],
        "shadow": [list(asdict(one).values()) for one in evidence.shadow],
        "requested": [list(one) for one in evidence.requested],
        "control_hash": evidence.control_hash,
        "candidate_hash": evidence.candidate_hash,
        "algorithm": evidence.algorithm,
        "means": [list(asdict(one).values()) for one in evidence.means],
        "late": evidence.late,
        "unknown": evidence.unknown,
    }
    for name in ("unclear", "elsewhere"):  # ledgers of before do not have them
        if found := getattr(evidence, name):
            data[name] = [list(asdict(one).values()) for one in found]
    return data


def evidence_from(data: Mapping[str, Any]) -> Evidence:
    """The evidence that `evidence_data` wrote.

    Raises:
        KeyError, TypeError, ValueError: it wrote none.
    """
    return Evidence(
        **{
            **data,
            "closed": tuple((name, until) for name, until in data["closed"]),
            "exposed": tuple(Exposed(*one) for one in data["exposed"]),
            "blocks": tuple(Block(*one) for one in data["blocks"]),
            "hits": tuple(Hit(*one) for one in data["hits"]),
            "means": tuple(MeanBlock(*one) for one in data["means"]),
            "unclear": tuple(UnknownBlock(*one) for one in data.get("unclear", ())),
            "elsewhere": tuple(Block(*one) for one in data.get("elsewhere", ())),
            "problems": tuple(Problem(cell, reason_from(reason)) for cell, reason in data["problems"]),
            "shadow": tuple(Shadowed(*one) for one in data["shadow"]),
            "requested": tuple((cell, kind, yes) for cell, kind, yes in data["requested"]),
        }
    )
