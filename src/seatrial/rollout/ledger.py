"""Ledger: every decision of a rollout as one row that hashes the row before it; replaying it rebuilds every byte.

A row holds all that its decision rested on: the look's evidence or the person's action, and the clock. What it decided is
a function of that and of the rows before it, so `replay` computes each row anew and compares the bytes.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from seatrial.canonical import canonical_json, content_hash
from seatrial.errors import DataError
from seatrial.rollout.evidence import evidence_data, evidence_from, fold
from seatrial.rollout.judge import findings
from seatrial.rollout.ladder import Move, Step, apply, step, verdict
from seatrial.rollout.person import act, action_data, action_from
from seatrial.rollout.reason import CALLS_A_PERSON, reason_data
from seatrial.rollout.rules import rules_data, rules_from
from seatrial.rollout.state import Mode, first_state, state_data, state_from

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from seatrial.rollout.evidence import Evidence
    from seatrial.rollout.judge import Findings
    from seatrial.rollout.person import Action
    from seatrial.rollout.rules import Rules
    from seatrial.rollout.state import State

SCHEMA = "seatrial/rollout-ledger/2"
START, STEP, PERSON = "start", "step", "person"


class CorruptLedger(DataError):
    """A row of a ledger is not what its hash says."""


@dataclass(frozen=True, slots=True)
class Row:
    """One row as it is stored.

    Attributes:
        sequence: 0 is the start.
        body: canonical JSON of the row.
        hash: sha256 of the body, in hex.
    """

    sequence: int
    body: str
    hash: str

    @property
    def data(self) -> dict[str, Any]:
        """The body as plain data.

        Raises:
            CorruptLedger: it is none.
        """
        try:
            found: dict[str, Any] = json.loads(self.body)
        except ValueError:
            raise CorruptLedger(f"row {self.sequence} of a ledger is no JSON") from None
        return found


@dataclass(frozen=True, slots=True)
class Decided:
    """A row with what it decided.

    Attributes:
        row: to be appended.
        state: afterwards.
        steps: one per cell; empty at the start.
        findings: what a rule's step rested on; None at the start and for a person's action.
        news: whether anything changed that is worth a row: counts, a position, or a reason.
        reported: the steps that are worth a message: moves, and reasons that call a person, once each.
    """

    row: Row
    state: State
    steps: tuple[Step, ...] = ()
    findings: Findings | None = None
    news: bool = True
    reported: tuple[Step, ...] = ()


def started(
    rules: Rules,
    now: float,
    *,
    code: str,
    author: str,
    reason: str,
    control_hash: str = "",
    candidate_hash: str = "",
    notes: Sequence[str] = (),
) -> Decided:
    """The first row: rules and first state."""
    state = first_state(rules, now, control_hash=control_hash, candidate_hash=candidate_hash)
    extra = {
        "rules": rules_data(rules),
        "author": author,
        "reason": reason,
        "hashes": [control_hash, candidate_hash],
        "notes": list(notes),
    }
    return Decided(_row(START, None, rules, now, code, state, (), extra), state)


def stepped(rules: Rules, last: Row, evidence: Evidence, now: float, *, code: str) -> Decided:
    """What the rules decide on one look, as the row after `last`."""
    before = state_of(last)
    folded = fold(rules, before, evidence)
    found = findings(rules, folded, evidence)
    steps = step(rules, folded, found, now)
    state = apply(rules, folded, tuple(_stated(one) for one in steps))
    given = tuple(
        one
        for one, cell in zip(steps, before.cells, strict=True)
        if one.move is not Move.HOLD or _is_news(one, cell.reported)
    )
    news = bool(given or evidence.exposed or evidence.blocks or evidence.hits or evidence.late)
    row = _row(STEP, last, rules, now, code, state, steps, {"evidence": evidence_data(evidence)})
    return Decided(row, state, steps, found, news, given)


def acted(rules: Rules, last: Row, action: Action, now: float, *, code: str) -> Decided:
    """What a person does, as the row after `last`."""
    before = state_of(last)
    steps = act(rules, before, action, now)
    state = apply(rules, before, steps)
    row = _row(PERSON, last, rules, now, code, state, steps, {"action": action_data(action)})
    given = tuple(one for one, cell in zip(steps, before.cells, strict=True) if one.after != cell)
    return Decided(row, state, steps, None, state != before, given)


def state_of(row: Row) -> State:
    """The state after a row."""
    return state_from(data_of(row)["state"])


def rules_in(rows: Sequence[Row]) -> Rules:
    """The rules that a ledger began with."""
    if not rows:
        raise DataError("the ledger is empty: no such rollout was started")
    return rules_from(data_of(rows[0])["rules"])


def data_of(row: Row) -> Mapping[str, Any]:
    """The row's data; a DataError where another version of seatrial wrote another format."""
    data = row.data
    if data.get("schema") != SCHEMA:
        raise DataError(
            f"the ledger of {data.get('rollout')} is {data.get('schema')!r} and this version of seatrial reads {SCHEMA!r}: "
            "end that rollout with the version that began it, or start a new one"
        )
    return data


def intact(row: Row) -> bool:
    """Whether a row is what its hash says."""
    return row.hash == _hash(row.body)


def broken_at(rows: Sequence[Row]) -> int | None:
    """Sequence of the first row that is not what its hash or its successor says; None where the chain is unbroken."""
    previous = ""
    for i, row in enumerate(rows):
        if not intact(row):
            return i
        data = row.data
        if data["previous"] != previous or row.sequence != i or data["sequence"] != i:
            return i
        previous = row.hash
    return None


def replayed(rows: Sequence[Row]) -> int | None:
    """Sequence of the first row that computing it anew does not rebuild byte for byte; None where all are rebuilt."""
    rules = rules_in(rows)
    for i, row in enumerate(rows):
        if not intact(row) or _repeated(rules, rows, i, row.data).row != row:
            return i
    return None


def _repeated(rules: Rules, rows: Sequence[Row], i: int, data: Mapping[str, Any]) -> Decided:
    now, code = data["at"], data["code"]
    if i == 0:
        control_hash, candidate_hash = data["hashes"]
        return started(
            rules,
            now,
            code=code,
            author=data["author"],
            reason=data["reason"],
            control_hash=control_hash,
            candidate_hash=candidate_hash,
            notes=data["notes"],
        )
    if data["kind"] == PERSON:
        return acted(rules, rows[i - 1], action_from(data["action"]), now, code=code)
    return stepped(rules, rows[i - 1], evidence_from(data["evidence"]), now, code=code)


def _stated(one: Step) -> Step:
    """The step with its reason noted in the cell: the same reason at the next look is no news.

    After a fall the next look finds the cell rolled back or held, which the fall has told already.
    """
    fell = one.after.mode in (Mode.ROLLED_BACK, Mode.HELD)
    return replace(one, after=replace(one.after, reported=one.after.mode.value if fell else one.reason.key))


def _is_news(one: Step, reported: str) -> bool:
    """Whether a reason that calls a person appeared, or the one that was told has gone."""
    if one.reason.key == reported:
        return False
    return one.reason.why in CALLS_A_PERSON or reported.partition(":")[0] in CALLS_A_PERSON


def _row(
    kind: str,
    last: Row | None,
    rules: Rules,
    now: float,
    code: str,
    state: State,
    steps: tuple[Step, ...],
    extra: Mapping[str, Any],
) -> Row:
    sequence = 0 if last is None else last.sequence + 1
    header = {"verdict": verdict(steps).value, "evidence_hash": _hash_of(extra)} if rules.header else {}
    body = canonical_json(
        {
            **header,
            "schema": SCHEMA,
            "rollout": rules.rollout,
            "plan_hash": rules.plan_hash,
            "sequence": sequence,
            "previous": "" if last is None else last.hash,
            "kind": kind,
            "at": now,
            "code": code,
            "steps": [
                {
                    "cell": one.cell,
                    "move": one.move.value,
                    "from": rules.share(one.rung),
                    "to": rules.share(one.after.rung),
                    "reason": reason_data(one.reason),
                }
                for one in steps
            ],
            "state": state_data(state),
            **extra,
        }
    )
    return Row(sequence, body, _hash(body))


def _hash_of(extra: Mapping[str, Any]) -> str:
    """Of the evidence that a row rests on; empty where it rests on a person's word."""
    return content_hash(extra["evidence"]) if "evidence" in extra else ""


def _hash(body: str) -> str:
    return hashlib.sha256(body.encode()).hexdigest()
