"""Displaced: the rollout of the same graph that a new one takes the traffic from; a graph is routed by its latest rollout."""

from __future__ import annotations

from typing import TYPE_CHECKING

from seatrial.errors import DataError, UsageError
from seatrial.rollout import controller, ledger
from seatrial.rollout.state import Mode
from seatrial.store import ledger as kept

if TYPE_CHECKING:
    from seatrial.rollout.rules import Rules
    from seatrial.rollout.state import State
    from seatrial.store.engine import Store


def displaced_by(store: Store, rules: Rules) -> tuple[str, ...]:
    """What to say of the open rollout whose place this one takes: an earlier version of the same plan; empty where there is none.

    Raises:
        UsageError: another plan's rollout of the same graph is open, and would end without a word.
    """
    names = kept.rollouts(store)
    if rules.rollout in names:  # started already: nothing is displaced now
        return ()
    for name in names:
        try:
            other, last = controller.ends(store, name)
            state = ledger.state_of(last)
        except DataError:  # damaged, or of another version: it routes nothing
            continue
        if other.graph != rules.graph:
            continue
        if not _open(state):
            return ()
        plan = name.partition("@")[0]
        if plan == rules.rollout.partition("@")[0]:
            return (f"it takes the place of {name}, which was open",)
        raise UsageError(
            f"rollout {name} of graph {rules.graph} is open, and a graph's requests are routed by one rollout: let it finish, or "
            f"end it with seatrial rollout rollback {plan} --author NAME --reason TEXT"
        )
    return ()


def _open(state: State) -> bool:
    return any(
        cell.mode is not Mode.DONE and not (cell.mode is Mode.ROLLED_BACK and cell.rung == 0) for cell in state.cells
    )
