"""Drive: one thread per campaign and contact, started, woken and resumed by the same call.

    advance(graph, inputs, now, outbox=Path("outbox.db"))      # from cron, as often as you like

It is safe to call at any time and after any crash: what is done is not done again.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from langgraph.types import Command

_CAMPAIGNS = uuid.UUID("6f1c2d0e-8f0a-5b51-9a55-2f6a5d3f0c11")


def thread_of(campaign: str, contact: str) -> str:
    """The thread of a contact in a campaign: always the same, so a second start finds the first."""
    return str(uuid.uuid5(_CAMPAIGNS, f"{campaign}/{contact}"))


def advance(graph: Any, inputs: Mapping[str, Any], now: datetime, *, outbox: Path | None = None) -> str:
    """Start the thread, go on with what a crash interrupted, or wake it; what it waits for, or its status.

    Args:
        graph: the campaign, compiled with a durable checkpointer.
        inputs: of the contact; read only where the thread is new.
        now: the time.
        outbox: file that messages are handed over to.
    """
    configurable = {"thread_id": thread_of(inputs["campaign"], inputs["contact"])}
    if outbox is not None:
        configurable["outbox"] = str(outbox)
    config = {"configurable": configurable}
    state = graph.get_state(config)
    if not state.created_at:
        graph.invoke(dict(inputs), config, durability="sync")
        state = graph.get_state(config)
    elif state.tasks and not state.interrupts:
        # Not `next`: a task that was saved as done, in a process that died before its step was, is no longer in it.
        graph.invoke(None, config, durability="sync")
        state = graph.get_state(config)
    if state.interrupts and _is_due(state.interrupts[0].value, now):
        graph.invoke(Command(resume={"now": now.isoformat()}), config, durability="sync")
        state = graph.get_state(config)
    return str(state.interrupts[0].value["kind"] if state.interrupts else state.values["status"])


def _is_due(question: Mapping[str, Any], now: datetime) -> bool:
    return question["kind"] == "wake" and datetime.fromisoformat(question["at"]) <= now
