"""Terms of a rollout and of replayed traffic: the words their decisions are shown in."""

from __future__ import annotations

from dataclasses import replace

from seatrial.report.terms import Terms
from seatrial.verdict import State, Verdict

ROLLOUT = Terms(
    gate="rollout",
    verdicts={
        Verdict.FAIL: ("✕", "ROLLED BACK"),
        Verdict.INCONCLUSIVE: ("?", "CANNOT TELL"),
        Verdict.PASS: ("✓", "ON COURSE"),
    },
    states={
        State.BLOCKS: "Worse",
        State.CANNOT_TELL: "Collecting",
        State.WATCH: "Watch",
        State.NO_DROP: "Not worse",
        State.BETTER: "Better",
        State.REPORTED: "Reported",
    },
    n="units",
    rates="good outcomes",
    flips="",
    detects="",
    unit="unit",
    every="-o FILE.html",
)

DONE_BY_A_PERSON = replace(ROLLOUT, verdicts={**ROLLOUT.verdicts, Verdict.PASS: ("✓", "DONE")})
"""A person's action is no verdict on the candidate."""

TRAFFIC = Terms(
    gate="replayed traffic",
    verdicts={
        Verdict.FAIL: ("✕", "WORSE"),
        Verdict.INCONCLUSIVE: ("?", "CANNOT TELL"),
        Verdict.PASS: ("✓", "NOT WORSE"),
    },
    states={**ROLLOUT.states, State.CANNOT_TELL: "Too few"},
    n="requests",
    rates="good answers",
    flips="",
    detects="",
    unit="request",
    every="-o FILE.html",
)
