"""The text_to_sql graph: generate -> validate -> (repair, once) -> execute.

    build("p1").compile().invoke({"question": "How many orders came in last month?", "customer_tier": "pro"})["rows"]

`validate` is the very function that grades the statement later (`check_sql`), and `execute` runs on a locked connection:
what is not shown to be a read never reaches the database.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, TypedDict

from langchain_core.messages import HumanMessage, SystemMessage
from langgraph.graph import END, START, StateGraph

from seatrial.checks.sql import check_sql, run_select
from seatrial.errors import one_of
from seatrial.model.chat import chat_model

from .contract import Input, Output
from .rules import answer
from .schema import SCHEMA, database

PROMPTS = Path(__file__).parent / "prompts"
MAX_TRIES = 2


class State(TypedDict, total=False):
    """What travels along the edges: the question, the statement, its fault or its rows."""

    question: str
    customer_tier: str
    sql: str
    error: str
    tries: int
    rows: list[list[Any]] | None


def build(
    prompt: str = "p1", model: str = "builtin", model_options: Mapping[str, Any] | None = None
) -> StateGraph[State, None, Input, Output]:
    """The graph, uncompiled.

    Args:
        prompt: name of a file in `prompts/`.
        model: `builtin`, or a `provider:model` name.
        model_options: passed on to the provider; the built-in model has none.

    Raises:
        UsageError: there is no such prompt; the message lists those there are.
    """
    one_of(prompt, sorted(path.stem for path in PROMPTS.glob("*.md")), "prompt")
    guide = (PROMPTS / f"{prompt}.md").read_text(encoding="utf-8")
    chat = chat_model(model, answer, **(model_options or {}))

    def ask(state: State) -> State:
        lines = [f"Workspace: {state['customer_tier']}", f"Question: {' '.join(state['question'].split())}"]
        if state.get("error"):
            lines += [f"Refused: {state['sql']}", f"Fault: {state['error']}"]
        reply = chat.invoke([SystemMessage(guide), HumanMessage("\n".join(lines))])
        return {"sql": _bare(str(reply.content)), "tries": state.get("tries", 0) + 1, "error": ""}

    graph = StateGraph(State, input_schema=Input, output_schema=Output)
    graph.add_node(
        "generate",
        lambda given: ask(State(question=given.question, customer_tier=given.customer_tier)),
        input_schema=Input,
    )
    graph.add_node("validate", validate)
    graph.add_node("repair", ask)
    graph.add_node("execute", execute)
    graph.add_edge(START, "generate")
    graph.add_edge("generate", "validate")
    graph.add_conditional_edges("validate", after_validation)
    graph.add_edge("repair", "validate")
    graph.add_edge("execute", END)
    return graph


def validate(state: State) -> State:
    """Judge the statement with the check the evaluators use; a refusal becomes `error`."""
    verdict = check_sql(state["sql"], schema=SCHEMA)
    return {"error": "" if verdict.ok else f"{verdict.kind.value}: {verdict.message}", "rows": None}


def after_validation(state: State) -> Literal["execute", "repair", "__end__"]:
    """Run what passed, repair once what did not, give up after that."""
    if not state["error"]:
        return "execute"
    return "repair" if state["tries"] < MAX_TRIES else "__end__"


def execute(state: State) -> State:
    """The rows, read through the locked connection; a statement that runs too long or too wide is an error."""
    try:
        with database() as connection:
            rows = run_select(connection, state["sql"])
    except sqlite3.Error as error:
        return {"error": f"explain_failed: SQLite stopped the statement: {error}"}
    return {"rows": [list(row) for row in rows]}


def _bare(reply: str) -> str:
    """The statement without the code fence that chat models like to put around it."""
    text = reply.strip()
    if text.startswith("```"):
        text = text.partition("\n")[2].rpartition("```")[0]
    return text.strip()
