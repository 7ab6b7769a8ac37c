"""Controller: reads the ledger and the source, decides by the pure rules, and appends one row; safe to run at any time."""

from __future__ import annotations

import shlex
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from seatrial.errors import DataError, UsageError, did_you_mean
from seatrial.rollout import ledger
from seatrial.rollout.evidence import Evidence, Problem
from seatrial.rollout.gather import gather
from seatrial.rollout.ladder import SKEW
from seatrial.rollout.reason import Reason, Why
from seatrial.rollout.sentence import duration
from seatrial.store import ledger as kept

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from seatrial.rollout.ledger import Decided, Row
    from seatrial.rollout.person import Action
    from seatrial.rollout.rules import Rules
    from seatrial.rollout.shadow_gate import Standings
    from seatrial.rollout.source import Source
    from seatrial.store.engine import Store
    from seatrial.store.ledger import Message


@dataclass(frozen=True, slots=True)
class Look:
    """What one look came to.

    Attributes:
        rules: of the rollout.
        decided: row, state and steps.
        evidence: what was read; None for a person's action.
        written: whether its row was appended; False also where nothing was new.
        superseded: another controller had decided this sequence already; nothing was written.
    """

    rules: Rules
    decided: Decided
    evidence: Evidence | None
    written: bool
    superseded: bool = False


def start(store: Store, decided: Decided, rules: Rules) -> bool:
    """Append the first row; False where this rollout has been started already."""
    return kept.append(store, rules.rollout, _kept(decided.row), kind=ledger.START, at=decided.row.data["at"])


def look(
    store: Store,
    rollout: str,
    source: Source,
    now: float,
    *,
    code: str,
    plan_hash: str | None = None,
    requested: Sequence[tuple[str, str, bool]] = (),
    standings: Standings = lambda _: {},
    following: Callable[[Rules, Decided], Sequence[Message]] = lambda *_: (),
) -> Look:
    """One step of a rollout: what has become known is judged, and a row is appended where anything is new.

    Args:
        store: holds the ledger.
        rollout: its full name.
        source: holds exposures and outcomes.
        now: the clock, seconds since 1970.
        code: version of seatrial.
        plan_hash: of the plan file as it is now; None where it is not at hand.
        requested: what webhooks answered, per cell and type.
        standings: what the judge of the shadow stage may do.
        following: messages that follow the row.
    """
    rules, last = ends(store, rollout)
    state = ledger.state_of(last)
    try:
        evidence = gather(source, rules, state, now, last.data["at"], standings)
    except DataError as error:  # the events as a whole: every cell holds and calls a person, once
        unread = Problem("", Reason(Why.UNREADABLE, text=str(error)))
        evidence = Evidence(state.counted, state.closed, problems=(unread,))
    if plan_hash is not None and plan_hash != rules.plan_hash:
        changed = Problem("", Reason(Why.PLAN_CHANGED, text=f"{rules.plan_hash} → {plan_hash}"))
        evidence = replace(evidence, problems=(*evidence.problems, changed))
    evidence = replace(evidence, requested=tuple(requested))
    decided = ledger.stepped(rules, last, evidence, now, code=code)
    if not decided.news:
        return Look(rules, decided, evidence, written=False)
    written = kept.append(
        store, rollout, _kept(decided.row), kind=ledger.STEP, at=now, messages=following(rules, decided)
    )
    return Look(rules, decided, evidence, written, superseded=not written)


def person(
    store: Store,
    rollout: str,
    action: Action,
    now: float,
    *,
    code: str,
    following: Callable[[Rules, Decided], Sequence[Message]] = lambda *_: (),
) -> Look:
    """A person's action as one row; nothing is written where it changes nothing.

    Raises:
        UsageError: the action is not signed, names an unknown cell, is dated before the last row, or another row was appended
            meanwhile.
    """
    rules, last = ends(store, rollout)
    early = last.data["at"] - now
    if early > SKEW:
        raise UsageError(
            f"the clock is {duration(early)} behind the last row of {rollout}: nothing was changed; correct the clock, or leave out --at"
        )
    decided = ledger.acted(rules, last, action, now, code=code)
    if not decided.news:
        return Look(rules, decided, None, written=False)
    written = kept.append(
        store, rollout, _kept(decided.row), kind=ledger.PERSON, at=now, messages=following(rules, decided)
    )
    if not written:
        raise UsageError(f"{rollout}: a controller decided at the same moment; nothing was changed, run it once more")
    return Look(rules, decided, None, written)


def ends(store: Store, rollout: str) -> tuple[Rules, Row]:
    """Rules and last row of a rollout.

    Raises:
        UsageError: no such rollout.
        CorruptLedger: one of the two rows is not what its hash says.
        DataError: another version of seatrial wrote another format.
    """
    found = kept.ends(store, rollout)
    if found is None:
        raise UsageError(f"rollout {rollout!r} was never started; seatrial rollout start PLAN starts one")
    first, last = (ledger.Row(*row) for row in found)
    for row in (first, last):
        if not ledger.intact(row):
            raise _corrupt(rollout, row.sequence, "its hash says", "nothing is decided or routed by it")
    return ledger.rules_in([first]), last


def all_rows(store: Store, rollout: str) -> tuple[Row, ...]:
    """Every row of a rollout."""
    return tuple(ledger.Row(*row) for row in kept.rows(store, rollout))


def checked_rows(store: Store, rollout: str) -> tuple[Row, ...]:
    """Every row of a rollout, for those who show what the rows say.

    Raises:
        CorruptLedger: a row is not what its hash or the row after it says.
    """
    rows = all_rows(store, rollout)
    wrong = ledger.broken_at(rows)
    if wrong is not None:
        raise _corrupt(rollout, wrong, "its hash, or the row after it, says", "nothing of the ledger is shown")
    return rows


def _corrupt(rollout: str, sequence: int, what: str, effect: str) -> ledger.CorruptLedger:
    return ledger.CorruptLedger(
        f"row {sequence} of the ledger of {rollout} is not what {what}, so {effect}: "
        f"restore it from a backup, or start a new rollout; seatrial rollout verify {rollout} checks every row"
    )


def full_name(store: Store, name: str) -> str:
    """The latest rollout of a plan's name, or the one whose full name (`NAME@HASH`) is given.

    Raises:
        UsageError: there is none; lists those that are.
    """
    known = kept.rollouts(store)
    for one in known:
        if name in (one, one.partition("@")[0]):
            return one
    if not known:
        raise UsageError(f"no rollout was started here yet; start one: seatrial rollout start {shlex.quote(name)}")
    names = [one.partition("@")[0] for one in known]
    raise UsageError(
        f"rollout {name!r} was never started; choose one of: {', '.join(known)}{did_you_mean(name, names)}"
    )


def _kept(row: Row) -> kept.LedgerRow:
    return kept.LedgerRow(row.sequence, row.body, row.hash)
