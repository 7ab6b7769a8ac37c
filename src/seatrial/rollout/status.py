"""Status: where a rollout stands, read from its ledger alone."""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import TYPE_CHECKING

from seatrial.errors import DataError
from seatrial.rollout import ledger
from seatrial.rollout.decision import advice, look_decision
from seatrial.rollout.event import event_data, fall_sentence, last_events, last_falls
from seatrial.rollout.evidence import Evidence
from seatrial.rollout.headline import headline, needs_sentence
from seatrial.rollout.judge import findings
from seatrial.rollout.ladder import Move, Step
from seatrial.rollout.reason import INVALID, Reason, Why
from seatrial.rollout.state import Mode
from seatrial.verdict import SYSTEM_FAILURES, ReasonClass, Verdict
from seatrial.wording import percent

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from seatrial.experiment.tally import CellTraffic
    from seatrial.rollout.event import Event
    from seatrial.rollout.ledger import Row
    from seatrial.rollout.rules import Rules
    from seatrial.rollout.state import CellState, State
    from seatrial.store.shadow import ShadowAnswer
    from seatrial.verdict import Decision, Finding


def status_decision(
    rows: Sequence[Row], traffic: Sequence[CellTraffic] = (), shadow: Mapping[str, Sequence[ShadowAnswer]] | None = None
) -> Decision:
    """The last row as a decision in mode `observe`: FAIL while a cell is rolled back, and exit code 0.

    Args:
        rows: the ledger.
        traffic: what the routers saw of the rollout.
        shadow: cell -> shadow evidence of its present try.
    """
    if not rows:
        raise DataError("the ledger is empty: no such rollout was started")
    rules, last = ledger.rules_in(rows), rows[-1]
    state = ledger.state_of(last)
    found = findings(rules, state, Evidence(state.counted, state.closed))
    steps, falls = current_steps(rules, rows, state), last_falls(rows, state)
    decision = look_decision(rules, state, steps, found, None)
    more = (*shadow_facts(rules, shadow or {}), *traffic_facts(rules, traffic))
    modes = {cell.mode for cell in state.cells}
    doubt = Mode.HELD in modes or any(step.reason.why in INVALID for step in steps)
    verdict = Verdict.FAIL if Mode.ROLLED_BACK in modes else Verdict.INCONCLUSIVE if doubt else Verdict.PASS
    return replace(
        decision,
        verdict=verdict,
        reason_class=ReasonClass.INVALID if verdict is Verdict.INCONCLUSIVE else None,
        mode="observe",  # shown, exit 0: what is to be done about it was told by the step that decided it
        reason=". ".join(filter(None, (needs_sentence(steps), headline(rules, steps, falls)))),
        next_step=advice(rules, tuple(_stopped_by(step, falls.get(step.cell)) for step in steps)),
        findings=tuple(_caused(rules, row, falls) for row in decision.findings),
        facts=(*decision.facts, *more),
        # On a terminal too, where facts are not shown.
        warnings=(*decision.warnings, *(f"{name}: {text}" for name, text in more)),
        details={
            **decision.details,
            "cells": [
                {**cell, "fall": event_data(falls[cell["cell"]]) if cell["cell"] in falls else None}
                for cell in decision.details["cells"]
            ],
            "rows": len(rows),
            "last": last.hash,
            "traffic": [asdict(row) for row in traffic],
        },
    )


def current_steps(rules: Rules, rows: Sequence[Row], state: State) -> tuple[Step, ...]:
    """One step per cell with its latest reason: a person's action leaves the reasons of the cells it does not concern."""
    latest = last_events(rows)
    return tuple(
        Step(cell.cell, one.move, cell.rung, one.reason, cell)
        if (one := latest.get(cell.cell)) is not None
        else Step(cell.cell, Move.HOLD, cell.rung, _first_need(rules, cell), cell)
        for cell in state.cells
    )


def _stopped_by(step: Step, fall: Event | None) -> Step:
    """The step of a cell that waits with what stopped it as its reason."""
    if fall is None or step.reason.why not in (Why.ROLLED_BACK, Why.HELD):
        return step
    return replace(step, reason=fall.reason)


def _caused(rules: Rules, row: Finding, falls: Mapping[str, Event]) -> Finding:
    """The row of a cell that waits for a person says what took the cell back."""
    fall = falls.get(row.segment)
    if fall is None or not row.reason:
        return row
    return replace(row, reason=fall_sentence(rules, fall) if fall.reason.metric in ("", row.key) else "")


def _first_need(rules: Rules, cell: CellState) -> Reason:
    """What a cell needs of which no row says anything yet."""
    if cell.rung == 0 and rules.shadow.units:
        return Reason(Why.SHADOW, units=rules.shadow.units)
    return Reason(Why.NEEDS_UNITS, units=rules.min_units)


def shadow_facts(rules: Rules, shadow: Mapping[str, Sequence[ShadowAnswer]]) -> tuple[tuple[str, str], ...]:
    """How far each cell's shadow stage is, and what it spent: its tokens are never part of the live spend."""
    found = []
    for cell, rows in shadow.items():
        answered = {row.thread_id: row for row in rows if row.arm == "candidate"}
        failed = {row.thread_id for row in answered.values() if row.outcome in SYSTEM_FAILURES}
        tokens = [
            row.input_tokens + row.output_tokens
            for row in answered.values()
            if row.input_tokens is not None and row.output_tokens is not None
        ]
        spent = f", {sum(tokens):,} tokens of its own" if tokens else ""
        found.append(
            (f"Shadow · {cell}", f"{len(answered):,} of {rules.shadow.units:,} threads, {len(failed):,} failed{spent}")
        )
    return tuple(found)


def traffic_facts(rules: Rules, traffic: Sequence[CellTraffic]) -> tuple[tuple[str, str], ...]:
    """How many requests had no unit, and what answered them; nothing where no router reports."""
    requests, blank = sum(row.requests for row in traffic), sum(row.blank for row in traffic)
    if not requests:
        return ()
    full = sum(row.blank for row in traffic if row.rung == rules.top)
    got = "they got the control"
    if full:
        got = f"{blank - full:,} got the control, {full:,} the candidate (in cells at 100 %)"
    return (("Requests without a unit", f"{percent(blank / requests)} of {requests:,}: {got}"),)
