"""The composer: gate -> draft -> validate -> refine (at most twice, under a token ceiling) -> ready, or the draft is kept.

    state = build("p1").compile().invoke({"first_name": "Ada", "company": "Dunmore Mills", "stage": "follow_up", "points": [...]})
    state["status"]                                                          # ready

A contact who asked to be left alone is skipped before a model is asked. A body that is still wrong after the last
refinement is thrown away and the draft is kept with its problems, for a person to look at.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypedDict

from langchain_core.messages import HumanMessage, SystemMessage
from langgraph.graph import END, START, StateGraph
from pydantic import ValidationError

from seatrial.errors import one_of
from seatrial.model import chat_model

from .contract import Input, Reply, ReplyError
from .rules import answer
from .validate import problems

PROMPTS = Path(__file__).parent / "prompts"
MOST_REFINEMENTS = 2


class InputState(TypedDict, total=False):
    """The fields of the contract's Input."""

    first_name: str
    company: str
    stage: str
    points: list[str]
    customer_tier: str
    do_not_contact: bool


class OutputState(TypedDict, total=False):
    """The fields of the contract's Output: what the graph returns."""

    status: str
    subject: str | None
    body: str | None
    problems: list[str]
    refinements: int
    tokens: int
    skip_reason: str | None


class State(InputState, OutputState, total=False):
    """What travels along the edges: input, output and the draft with its problems."""

    draft: OutputState
    last_call: int


def build(
    prompt: str = "p1",
    model: str = "builtin",
    model_options: Mapping[str, Any] | None = None,
    token_ceiling: int = 1_500,
) -> StateGraph[State, None, InputState, OutputState]:
    """The composer, uncompiled.

    Args:
        prompt: name of the guide, a file in `prompts/`.
        model: `builtin`, or a `provider:model` name.
        model_options: passed on to the provider; the built-in model has none.
        token_ceiling: tokens one e-mail may take; a refinement that would probably exceed them is not begun.

    Raises:
        UsageError: there is no such guide; the message lists those there are.
    """
    names = sorted(path.stem for path in PROMPTS.glob("*.md"))
    guide = (PROMPTS / f"{one_of(prompt, names, 'email_compose prompt')}.md").read_text(encoding="utf-8")
    chat = chat_model(model, answer, **(model_options or {}))

    def ask(text: str) -> tuple[Reply, int]:
        message = chat.invoke([SystemMessage(guide), HumanMessage(text)])
        usage = getattr(message, "usage_metadata", None) or {}
        return parse(str(message.text)), int(usage.get("total_tokens") or 0)

    def draft(state: State) -> State:
        reply, tokens = ask(request(state))
        wrong = problems(reply.body, state["first_name"])
        kept: State = {"subject": reply.subject, "body": reply.body, "problems": wrong}
        return {**kept, "draft": kept, "tokens": tokens, "last_call": tokens}

    def refine(state: State) -> State:
        tries = state["refinements"] + 1
        told = "\n".join(f"- problem: {one}" for one in state["problems"])
        reply, tokens = ask(f"{request(state)}\n\nYour last e-mail:\n{state['body']}\n\n{told}\n- try: {tries}")
        return {
            "subject": reply.subject,
            "body": reply.body,
            "problems": problems(reply.body, state["first_name"]),
            "refinements": tries,
            "tokens": state["tokens"] + tokens,
            "last_call": tokens,
        }

    def next_step(state: State) -> str:
        if not state["problems"]:
            return "finish"
        affordable = state["tokens"] + state["last_call"] <= token_ceiling
        return "refine" if state["refinements"] < MOST_REFINEMENTS and affordable else "keep_draft"

    graph = StateGraph(State, input_schema=InputState, output_schema=OutputState)
    graph.add_node("gate", gate)
    graph.add_node("draft", draft)
    graph.add_node("refine", refine)
    graph.add_node("keep_draft", lambda state: {**state["draft"], "status": "draft_kept"})
    graph.add_node("finish", lambda _: {"status": "ready"})
    graph.add_edge(START, "gate")
    graph.add_conditional_edges("gate", lambda state: END if state.get("status") else "draft", ["draft", END])
    graph.add_conditional_edges("draft", next_step, ["finish", "refine", "keep_draft"])
    graph.add_conditional_edges("refine", next_step, ["finish", "refine", "keep_draft"])
    graph.add_edge("keep_draft", END)
    graph.add_edge("finish", END)
    return graph


def gate(state: State) -> State:
    """Nothing is written to a contact who asked to be left alone."""
    given = Input.model_validate({name: state[name] for name in Input.model_fields if name in state})  # type: ignore[literal-required]
    clear: State = {"refinements": 0, "tokens": 0, "skip_reason": None}
    if given.do_not_contact:
        return {**clear, "status": "skipped", "skip_reason": "do_not_contact", "subject": None, "body": None}
    return clear


def request(state: State) -> str:
    """What the model is told of the contact."""
    points = "\n".join(f"* {' '.join(point.split())}" for point in state["points"])
    return f"- first_name: {state['first_name']}\n- company: {state['company']}\n- stage: {state['stage']}\n\n{points}"


def parse(text: str) -> Reply:
    """The model's reply, strictly.

    Raises:
        ReplyError: it is no JSON object of a subject and a body; the message repeats nothing of the reply.
    """
    try:
        return Reply.model_validate_json(text)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False, include_context=False)[0]
        where = ".".join(str(part) for part in first["loc"]) or "the whole reply"
        raise ReplyError(
            f"email_compose: the model's reply ({len(text)} characters) is not the JSON object the compose guide asks "
            f"for, at {where}: {first['msg']}; check the guide's Reply section against this model"
        ) from None
