"""The campaign: wait -> approve -> write -> send, for each step; durable over weeks.

    graph = build("p1").compile(checkpointer=...)              # one thread per campaign and contact: see drive.py
    graph.invoke({"campaign": "spring", "contact": "c-17", ...}, config)       # interrupted: {"kind": "wake", "at": ...}
    graph.invoke(Command(resume={"now": "2026-03-06T09:00:00+00:00"}), config)

It stops at two kinds of interrupt. `wake` is answered with the time (`{"now": ISO}`), with what the contact did
(`{"outcome": "reply"}`) or by a person (`"approve"`: send now); before its time it waits on. `approval` is answered with
`"approve"` or `"reject"`. A message is written in one step and sent in the next, so a resumed thread sends the text that
was saved, under the same idempotency key.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from operator import add
from pathlib import Path
from typing import Annotated, Any, TypedDict

from langchain_core.messages import HumanMessage, SystemMessage
from langchain_core.runnables import RunnableConfig
from langgraph.graph import END, START, StateGraph
from langgraph.types import interrupt

from seatrial.errors import DataError, one_of
from seatrial.model import chat_model

from .contract import Input
from .outbox import deliver
from .rules import Step, answer, steps

PROMPTS = Path(__file__).parent / "prompts"
STOPS = ("reply", "bounce", "unsubscribe")


class InputState(TypedDict, total=False):
    """The fields of the contract's Input."""

    campaign: str
    contact: str
    first_name: str
    company: str
    started_at: str
    customer_tier: str


class OutputState(TypedDict, total=False):
    """The fields of the contract's Output: what the graph returns."""

    status: str
    steps: Annotated[list[int], add]
    sent: Annotated[list[dict[str, Any]], add]
    stop_reason: str | None
    log: Annotated[list[dict[str, Any]], add]


class State(InputState, OutputState, total=False):
    """What travels along the edges: input, output, and where the sequence stands."""

    step: int
    due: str
    ready: bool
    approved: bool
    text: str


def build(
    prompt: str = "p1", model: str = "builtin", model_options: Mapping[str, Any] | None = None
) -> StateGraph[State, None, InputState, OutputState]:
    """The campaign, uncompiled; messages leave through the outbox file that `configurable.outbox` names, else nowhere.

    Args:
        prompt: name of the guide, a file in `prompts/`.
        model: `builtin`, or a `provider:model` name.
        model_options: passed on to the provider; the built-in model has none.

    Raises:
        UsageError: there is no such guide; the message lists those there are.
    """
    names = sorted(path.stem for path in PROMPTS.glob("*.md"))
    guide = (PROMPTS / f"{one_of(prompt, names, 'campaign prompt')}.md").read_text(encoding="utf-8")
    chat = chat_model(model, answer, **(model_options or {}))
    sequence = {step.number: step for step in steps(guide)}

    def write(state: State) -> State:
        told = f"- step: {state['step']}\n- first_name: {state['first_name']}\n- company: {state['company']}"
        return {"text": str(chat.invoke([SystemMessage(guide), HumanMessage(told)]).text)}

    def advance(state: State) -> State:
        following = sequence.get(state["step"] + 1)
        return {"status": "finished"} if following is None else _waiting(following, state["due"])

    graph = StateGraph(State, input_schema=InputState, output_schema=OutputState)
    graph.add_node("begin", lambda state: begin(state, sequence[1]))
    graph.add_node("wait", wait)
    graph.add_node("approve", approve)
    graph.add_node("write", write)
    graph.add_node("send", send)
    graph.add_node("advance", advance)
    graph.add_edge(START, "begin")
    graph.add_edge("begin", "wait")
    graph.add_conditional_edges("wait", after_waiting, ["wait", "approve", "write", END])
    graph.add_conditional_edges("approve", lambda state: "write" if state["approved"] else END, ["write", END])
    graph.add_edge("write", "send")
    graph.add_edge("send", "advance")
    graph.add_conditional_edges("advance", lambda state: END if state.get("status") else "wait", ["wait", END])
    return graph


def begin(state: State, first: Step) -> State:
    """Check the input and wait for the first step."""
    given = Input.model_validate({name: state[name] for name in Input.model_fields if name in state})  # type: ignore[literal-required]
    return {"stop_reason": None, **_waiting(first, given.started_at.isoformat())}


def wait(state: State) -> State:
    """Interrupt until the wake time, until the contact did something, or until a person says so."""
    told = interrupt({"kind": "wake", "step": state["step"], "at": state["due"]})
    if told == "approve":
        return {"ready": True, "approved": True, "log": [{"kind": "approved", "step": state["step"]}]}
    if isinstance(told, Mapping) and told.get("outcome") in STOPS:
        reason = str(told["outcome"])
        return {"status": "stopped", "stop_reason": reason, "log": [{"kind": reason, "step": state["step"]}]}
    try:
        now = datetime.fromisoformat(told["now"])
        early = now < datetime.fromisoformat(state["due"])
    except (KeyError, TypeError, ValueError):
        raise DataError(
            f'campaign: a wake is answered with "approve", {{"now": ISO time with its zone}} or {{"outcome": one of {", ".join(STOPS)}}}'
        ) from None
    return {"ready": False} if early else {"ready": True, "due": now.isoformat()}


def after_waiting(state: State) -> str:
    """Wait on, stop, ask a person, or write."""
    if state.get("status"):
        return END
    if not state["ready"]:
        return "wait"
    return "approve" if state.get("customer_tier") == "enterprise" and not state["approved"] else "write"


def approve(state: State) -> State:
    """Interrupt until a person says yes or no."""
    told = interrupt({"kind": "approval", "step": state["step"], "contact": state["contact"]})
    if told == "approve":
        return {"approved": True, "log": [{"kind": "approved", "step": state["step"]}]}
    if told != "reject":
        raise DataError('campaign: an approval is answered with "approve" or "reject"')
    return {"approved": False, "status": "rejected", "log": [{"kind": "rejected", "step": state["step"]}]}


def send(state: State, config: RunnableConfig) -> State:
    """Hand the message over once; the key is the same whenever this step of this contact is run."""
    key = f"{state['campaign']}/{state['contact']}/{state['step']}"
    outbox = config.get("configurable", {}).get("outbox")
    if outbox:
        deliver(Path(outbox), key, state["text"])
    message = {"step": state["step"], "key": key, "text": state["text"]}
    return {"steps": [state["step"]], "sent": [message], "log": [{"kind": "sent", "step": state["step"]}]}


def _waiting(step: Step, since: str) -> State:
    due = datetime.fromisoformat(since) + timedelta(days=step.after_days)
    return {"step": step.number, "due": due.isoformat(), "ready": False, "approved": False}
