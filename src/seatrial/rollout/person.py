"""Person: what somebody may do to a rollout, with author and reason; as pure as the rules' own steps."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from seatrial.errors import UsageError
from seatrial.rollout.ladder import Move, Step, new_try
from seatrial.rollout.reason import AFRESH, Reason, Why
from seatrial.rollout.state import Mode

if TYPE_CHECKING:
    from collections.abc import Mapping

    from seatrial.rollout.rules import Rules
    from seatrial.rollout.state import CellState, State


class Act(StrEnum):
    """What a person does."""

    PAUSE = "pause"
    RESUME = "resume"
    ROLLBACK = "rollback"
    OVERRIDE = "override"


@dataclass(frozen=True, slots=True)
class Action:
    """One action of a person.

    Attributes:
        act: what.
        cells: which cells; empty: all.
        author: who answers for it.
        reason: why, in a sentence.
        share: with `override` only: the candidate's share of the cells' traffic, one of the plan's or 1.
    """

    act: Act
    cells: tuple[str, ...]
    author: str
    reason: str
    share: float | None = None


def act(rules: Rules, state: State, action: Action, now: float) -> tuple[Step, ...]:
    """One step per cell; those that are not named hold.

    Raises:
        UsageError: author or reason is blank, a cell or a share is unknown, or a cell cannot do it.
    """
    for name in ("author", "reason"):
        if not getattr(action, name).strip():
            raise UsageError(f"{action.act} needs --{name}: what a person does to a rollout is signed and explained")
    known = [cell.cell for cell in state.cells]
    for name in action.cells:
        if name not in known:
            raise UsageError(f"cell {name!r} is unknown; choose one of: {', '.join(known)}")
    chosen = action.cells or tuple(known)
    why = Reason(Why.PERSON, text=action.reason, author=action.author)
    return tuple(
        _one(rules, cell, action, why, now)
        if cell.cell in chosen
        else Step(cell.cell, Move.HOLD, cell.rung, Reason(Why.PERSON), cell)
        for cell in state.cells
    )


def _one(rules: Rules, cell: CellState, action: Action, why: Reason, now: float) -> Step:
    after, move = cell, Move.HOLD
    if action.act is Act.PAUSE:
        if cell.mode is Mode.CLIMBING:
            after = replace(cell, mode=Mode.PAUSED)
    elif action.act is Act.RESUME:
        after, move = _resumed(rules, cell, now)
    elif action.act is Act.ROLLBACK:
        if cell.rung or cell.mode is not Mode.ROLLED_BACK:
            after, move = new_try(rules, cell, 0, Mode.ROLLED_BACK, now), Move.OFF
    else:
        rung = _rung(rules, action.share)
        if rung > cell.rung and cell.mode is Mode.ROLLED_BACK:
            raise UsageError(
                f"cell {cell.cell!r} was rolled back, and only `resume --cell {cell.cell}` lets it in again; "
                "after that it can be put on any share"
            )
        if rung != cell.rung:
            after = new_try(rules, cell, rung, Mode.CLIMBING if rung else Mode.ROLLED_BACK, now)
            move = Move.UP if rung > cell.rung else Move.BACK
    return Step(cell.cell, move, cell.rung, why, after)


def _resumed(rules: Rules, cell: CellState, now: float) -> tuple[CellState, Move]:
    if cell.mode is Mode.PAUSED:
        return replace(cell, mode=Mode.CLIMBING), Move.HOLD
    if cell.mode is Mode.CLIMBING:
        return _held_by_its_reason(rules, cell, now)
    if cell.mode is Mode.DONE:
        return cell, Move.HOLD
    # The try was counted when it ended; evidence since then belongs to the one that goes on.
    if cell.rung or rules.shadow.units:
        return replace(cell, mode=Mode.CLIMBING, since=now, stopped=False), Move.HOLD
    return replace(cell, mode=Mode.CLIMBING, since=now, rung=1, control=0, candidate=0, stopped=False), Move.UP


def _held_by_its_reason(rules: Rules, cell: CellState, now: float) -> tuple[CellState, Move]:
    """A climbing cell that called a person: its stage's time begins again, or its comparison does, as what was wrong with it asks."""
    why = cell.reported.partition(":")[0]
    if why == Why.DWELL:
        return replace(cell, since=now, reported=""), Move.HOLD
    if why in AFRESH:
        return new_try(rules, replace(cell, reported=""), cell.rung, Mode.CLIMBING, now), Move.RESTART
    return cell, Move.HOLD


def _rung(rules: Rules, share: float | None) -> int:
    shares = [rules.share(rung) for rung in range(rules.top + 1)]
    for rung, one in enumerate(shares):
        if share is not None and abs(one - share) < 1e-9:
            return rung
    choices = ", ".join(f"{one:g}" for one in shares)
    raise UsageError(f"share {share!r} is on no rung of this plan; choose one of: {choices}")


def action_data(action: Action) -> dict[str, Any]:
    """The action as plain data."""
    return {
        "act": action.act.value,
        "cells": list(action.cells),
        "author": action.author,
        "reason": action.reason,
        "share": action.share,
    }


def action_from(data: Mapping[str, Any]) -> Action:
    """The action that `action_data` wrote."""
    return Action(Act(data["act"]), tuple(data["cells"]), data["author"], data["reason"], data["share"])
