"""Ladder: the next step of every cell, as a pure function of rules, state, findings and clock.

Rung 0 is no traffic (the shadow stage, or rolled back), rungs 1..k are the plan's stages, rung k + 1 is all traffic. A cell
falls on evidence alone and climbs on evidence, units and time; whatever is missing, unreadable or in doubt holds it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING

from seatrial.experiment.plan import OnMismatch
from seatrial.rollout.reason import INVALID, UNTRUSTED, Reason, Why
from seatrial.rollout.state import Mode, Overall, empty_rows
from seatrial.verdict import Verdict

if TYPE_CHECKING:
    from seatrial.rollout.evidence import Shadowed
    from seatrial.rollout.judge import CellFindings, Findings
    from seatrial.rollout.rules import Rules
    from seatrial.rollout.state import CellState, State


class Move(StrEnum):
    """What a cell does at one step."""

    UP = "up"
    BACK = "back"
    OFF = "off"
    DONE = "done"
    RESTART = "restart"
    HOLD = "hold"


FALLS = (Move.BACK, Move.OFF)
SKEW = 60.0
"""Seconds by which the clocks of two controllers may differ."""


@dataclass(frozen=True, slots=True)
class Step:
    """One cell's step.

    Attributes:
        cell: its name.
        move: what it does.
        rung: where it was.
        reason: why.
        after: the cell afterwards.
    """

    cell: str
    move: Move
    rung: int
    reason: Reason
    after: CellState


def step(rules: Rules, state: State, findings: Findings, now: float) -> tuple[Step, ...]:
    """One step per cell, in the order of the state.

    Args:
        rules: of the rollout.
        state: with this look's evidence folded in.
        findings: of that state.
        now: the clock, seconds since 1970.
    """
    # A cell that fails by its own row explains the whole: it leaves, and the whole begins another try without it.
    explained = any(found.hits or _worse(found) for found in findings.cells)
    overall = None if explained else next((row for row in findings.overall if row.verdict is Verdict.FAIL), None)
    worse = None
    if overall is not None and overall.sequential is not None:
        worse = Reason(
            Why.WORSE_OVERALL,
            overall.key,
            overall.sequential.log_e,
            overall.sequential.log_threshold,
            overall.baseline,
            overall.candidate,
            overall.n,
        )
    return tuple(_cell(rules, cell, found, worse, now) for cell, found in zip(state.cells, findings.cells, strict=True))


def apply(rules: Rules, state: State, steps: tuple[Step, ...]) -> State:
    """The state after these steps. A cell that falls leaves the traffic as a whole, which begins another try."""
    overall = state.overall
    if overall.rows and any(one.move in FALLS for one in steps):
        overall = Overall(overall.attempt + 1, empty_rows(rules))
    changed = {
        one.reason.metric: one.reason.text
        for one in steps
        if one.move is Move.RESTART and one.reason.why is Why.CONTENT_CHANGED
    }
    return replace(
        state,
        cells=tuple(one.after for one in steps),
        overall=overall,
        control_hash=changed.get("control", state.control_hash),
        candidate_hash=changed.get("candidate", state.candidate_hash),
    )


def verdict(steps: tuple[Step, ...]) -> Verdict:
    """FAIL where a cell was rolled back now, INCONCLUSIVE where one could not be judged, else PASS."""
    if any(one.move in FALLS for one in steps):
        return Verdict.FAIL
    return Verdict.INCONCLUSIVE if any(one.reason.why in INVALID for one in steps) else Verdict.PASS


def exit_code(steps: tuple[Step, ...]) -> int:
    """Of `rollout step`: 1 a cell was rolled back now, 2 a cell could not be judged, else 0."""
    return verdict(steps).exit_code


def new_try(rules: Rules, cell: CellState, rung: int, mode: Mode, now: float) -> CellState:
    """The cell on a rung with no evidence: its next try, which may spend half as much alpha as this one."""
    return replace(
        cell,
        rung=rung,
        mode=mode,
        attempt=cell.attempt + 1,
        since=now,
        control=0,
        candidate=0,
        hits=(),
        means=(),
        unknown=(),
        rows=empty_rows(rules),
        stopped=False,
    )


def _cell(rules: Rules, cell: CellState, found: CellFindings, overall: Reason | None, now: float) -> Step:
    falls = cell.rung > 0
    if found.hits and falls:
        metric, count = found.hits[0]
        off = _moved(Move.OFF, cell, Reason(Why.ZERO_TOLERANCE, metric, units=count), rules, 0, now)
        return replace(off, after=replace(off.after, stopped=True))
    if found.called_back and falls:
        return _moved(Move.OFF, cell, Reason(Why.HOOK), rules, 0, now)
    doubt = next((one for one in found.problems if one.why in UNTRUSTED and _holds(rules, one)), None)
    if doubt is not None:
        return _in_doubt(rules, cell, doubt, now)
    worse = _worse(found) or (overall if cell.mode is Mode.CLIMBING else None)
    if worse is not None and falls:
        return _moved(Move.BACK, cell, worse, rules, cell.rung - 1, now)
    missing = next((one for one in found.problems if one.why is Why.OUTCOMES_MISSING), None)
    if missing is not None and rules.stage(cell.rung) is not None and cell.mode in (Mode.CLIMBING, Mode.PAUSED):
        return _anew(rules, cell, missing, now)
    problem = next((one for one in found.problems if one.why not in UNTRUSTED), None)
    if problem is None and now < cell.since - SKEW:
        problem = Reason(Why.CLOCK, seconds=cell.since - now)
    if problem is not None:
        return _hold(cell, problem)
    if cell.mode is not Mode.CLIMBING:
        return _hold(cell, Reason(Why(cell.mode.value)))
    return _climb(rules, cell, found, now)


def _holds(rules: Rules, problem: Reason) -> bool:
    return problem.why is not Why.SAMPLE_RATIO or rules.on_mismatch is not OnMismatch.WARN


def _in_doubt(rules: Rules, cell: CellState, doubt: Reason, now: float) -> Step:
    if doubt.why is Why.SAMPLE_RATIO and rules.on_mismatch is OnMismatch.ROLLBACK and cell.rung:
        return _moved(Move.OFF, cell, doubt, rules, 0, now)
    if doubt.why is Why.CONTENT_CHANGED and cell.rung:
        return _anew(rules, cell, doubt, now)  # another candidate under the same name
    return _hold(cell, doubt)


def _anew(rules: Rules, cell: CellState, reason: Reason, now: float) -> Step:
    """Its evidence begins anew, and a person says whether it climbs."""
    return Step(cell.cell, Move.RESTART, cell.rung, reason, new_try(rules, cell, cell.rung, Mode.HELD, now))


def _worse(found: CellFindings) -> Reason | None:
    for row in found.rows:
        if row.verdict is Verdict.FAIL and row.sequential is not None:
            return Reason(
                Why.WORSE,
                row.key,
                row.sequential.log_e,
                row.sequential.log_threshold,
                row.baseline,
                row.candidate,
                row.n,
            )
    return None


def _climb(rules: Rules, cell: CellState, found: CellFindings, now: float) -> Step:
    spent = now - cell.since
    if cell.rung == rules.top:
        if spent < rules.bake:
            return _hold(cell, Reason(Why.BAKING, seconds=rules.bake - spent))
        return Step(cell.cell, Move.DONE, cell.rung, Reason(Why.BAKED), replace(cell, mode=Mode.DONE))
    if cell.rung == 0:
        return _leave_shadow(rules, cell, found.shadow, now)
    short = _short(rules, cell, found, now)
    if short is None and not found.confirmed and cell.rung + 1 == rules.top:
        return _hold(cell, Reason(Why.CONFIRM))
    if short is None:
        primary = found.rows[0]
        reason = Reason(
            Why.NOT_WORSE, primary.key, control=primary.baseline, candidate=primary.candidate, units=found.units
        )
        return _up(cell, reason, now)
    if short.why is not Why.BAKING and _dwelt(rules, cell, spent):
        return _hold(cell, replace(short, why=Why.DWELL))
    return _hold(cell, short)


def _leave_shadow(rules: Rules, cell: CellState, shadow: Shadowed | None, now: float) -> Step:
    """The shadow stage is judged once, when its threads are complete; a person begins another try of it."""
    seen = shadow.units if shadow else 0
    if shadow is None or seen < rules.shadow.units:
        return _hold(cell, Reason(Why.SHADOW, units=rules.shadow.units - seen))
    if shadow.passed:
        return _up(cell, Reason(Why.SHADOW, units=seen), now)
    if shadow.verdict == Verdict.FAIL:
        return _moved(Move.OFF, cell, Reason(Why.SHADOW_WORSE, units=seen, text=shadow.text), rules, 0, now)
    reason = Reason(Why.SHADOW_NOT_SHOWN, units=seen, text=shadow.text)
    return Step(cell.cell, Move.RESTART, cell.rung, reason, new_try(rules, cell, 0, Mode.HELD, now))


def _short(rules: Rules, cell: CellState, found: CellFindings, now: float) -> Reason | None:
    """What the cell lacks to climb; None where it lacks nothing."""
    spent = now - cell.since

    def time_for(units: int, seen: int) -> float | None:
        return units * spent / seen if seen and spent > 0 else None

    if found.units < rules.min_units:
        lacking = rules.min_units - found.units
        return Reason(Why.NEEDS_UNITS, units=lacking, seconds=time_for(lacking, found.units))
    for row in found.rows:
        if not row.promotable:
            lacking = max(1, (row.needed_n or row.n) - row.n)
            return Reason(Why.NEEDS_EVIDENCE, row.key, units=lacking, seconds=time_for(lacking, row.n))
    return Reason(Why.BAKING, seconds=rules.bake - spent) if spent < rules.bake else None


def _dwelt(rules: Rules, cell: CellState, spent: float) -> bool:
    """Whether the stage's time is over: the hours of the plan, or this cell's part of its units."""
    stage = rules.stage(cell.rung)
    if stage is None:
        return False
    if stage.hours is not None:
        return spent >= stage.hours * 3600
    return cell.exposed >= stage.units * rules.cell(cell.cell).share


def _up(cell: CellState, reason: Reason, now: float) -> Step:
    after = replace(cell, rung=cell.rung + 1, since=now, control=0, candidate=0)
    return Step(cell.cell, Move.UP, cell.rung, reason, after)


def _moved(move: Move, cell: CellState, reason: Reason, rules: Rules, rung: int, now: float) -> Step:
    return Step(cell.cell, move, cell.rung, reason, new_try(rules, cell, rung, Mode.ROLLED_BACK, now))


def _hold(cell: CellState, reason: Reason) -> Step:
    return Step(cell.cell, Move.HOLD, cell.rung, reason, cell)
