"""The contract is held against every call and every output of a graph, not only against the examples."""

from __future__ import annotations

from typing import Any, TypedDict

import pytest
from langchain_core.messages import AIMessage, AnyMessage
from langgraph.graph import END, START, StateGraph
from pydantic import BaseModel, Field

from seatrial.dataset import Contract, Example
from seatrial.errors import ConfigError, ContractError
from seatrial.graph.invoke import graph_target
from seatrial.graph.runtime import Compiled, needs_loop
from seatrial.graph.spec import GraphSpec
from seatrial.project import open_project
from seatrial.trial.evaluate import evaluate


class State(TypedDict, total=False):
    text: str
    label: Any
    messages: list[Any]


class Input(BaseModel):
    text: str


class Output(BaseModel):
    label: str
    score: float | None = Field(default=None, ge=0, le=1)


def target(node: Any, contract: Any = None) -> Any:
    graph = StateGraph(State).add_node("node", node).add_edge(START, "node").add_edge("node", END).compile()
    spec = GraphSpec("g", module="m")
    kept = contract or Contract(Input, Output, "1.1")
    return graph_target(Compiled(spec, spec.version(), graph, needs_loop(graph), contract=kept))


def label(value: Any) -> Any:
    return lambda state: {"label": value}


async def label_later(state: State) -> State:
    return {"label": 5}


@pytest.mark.parametrize("node", [label(5), label_later])
def test_an_output_that_breaks_the_contract_is_an_invalid_output(node) -> None:
    run = target(node)(Example("e", {"text": "x"}), "r", None)
    assert (run.outcome, run.error_kind, run.outputs) == ("target_error", "invalid_output", None)
    assert run.error == (
        "the final state breaks the graph's contract: outputs.label: Input should be a valid string, got 5"
    )


def test_unknown_fields_of_an_output_are_ignored() -> None:
    run = target(label("a"))(Example("e", {"text": "x"}), "r", None)
    assert (run.error, run.outputs) == (None, {"text": "x", "label": "a"})


class Typed(BaseModel):
    messages: list[AnyMessage]


class Plain(BaseModel):
    messages: list[dict[str, Any]]


@pytest.mark.parametrize("outputs", [Typed, Plain])
def test_messages_keep_a_contract_as_objects_and_in_the_form_evidence_keeps(outputs) -> None:
    run = target(lambda state: {"messages": [AIMessage("hello")]}, Contract(Input, outputs))(
        Example("e", {"text": "x"}), "r", None
    )
    assert run.error is None


@pytest.mark.parametrize(
    ("inputs", "version", "words"),
    [
        ({"text": "x", "txet": "y"}, "1.1", r"inputs.txet: Extra inputs are not permitted"),
        ({}, "1", r"inputs.text: Field required"),
        ({"text": "x"}, "2", r"contract: is '2', and the graph's contract is 1.1: another major"),
        ({"text": "x"}, "0.9", "another major"),
        ({"text": "x"}, "latest", "another major"),
    ],
)
def test_a_call_that_breaks_the_contract_never_reaches_the_graph(inputs, version, words) -> None:
    reached: list[State] = []
    with pytest.raises(ContractError, match=words):
        target(lambda state: reached.append(state) or {"label": "a"})(Example("e", inputs, contract=version), "r", None)
    assert reached == []


@pytest.mark.parametrize("version", ["1", "1.0", "1.1", "1.7"])
def test_an_older_and_a_newer_minor_of_the_same_major_are_taken(version) -> None:
    assert target(label("a"))(Example("e", {"text": "x"}, contract=version), "r", None).error is None


@pytest.mark.parametrize("version", ["", "v1", "1.2.3", "one"])
def test_a_version_of_another_shape_is_refused_where_it_is_written(version) -> None:
    with pytest.raises(ConfigError, match=r"write it as '1' or '1\.2'"):
        Contract(Input, Output, version)


PROJECT = {
    "pyproject.toml": '[tool.seatrial]\nfleet = "t"\n',
    "graphs/__init__.py": "",
    "graphs/registry.py": (
        "from seatrial.graph.spec import GraphSpec, fleet\n"
        'GRAPHS = fleet(GraphSpec("desk", module="graphs.desk", family="rules"))\n'
    ),
    "graphs/contract.py": (
        'from pydantic import BaseModel\nVERSION = "2.0"\n'
        "class Input(BaseModel):\n    text: str\nclass Output(BaseModel):\n    label: str\n"
    ),
    "graphs/desk.py": (
        "from typing import Any, TypedDict\nfrom langgraph.graph import START, StateGraph\n"
        "class State(TypedDict, total=False):\n    text: str\n    label: Any\n"
        "def build():\n"
        "    node = lambda state: {'label': state['text'] if state['text'] != 'none' else None}\n"
        "    return StateGraph(State).add_node('node', node).add_edge(START, 'node')\n"
    ),
    "evaluators/__init__.py": 'SUITES = {"desk": (lambda run, example: True,)}\n',
    "datasets/desk/dataset.toml": 'contract = "graphs.contract:Input,Output"\n',
    "datasets/desk/golden.jsonl": (
        '{"id": "a", "inputs": {"text": "refund"}, "contract": "2.4"}\n'
        '{"id": "b", "inputs": {"text": "none"}, "contract": "2"}\n'
    ),
}


@pytest.fixture
def project(tmp_path):
    for name, text in PROJECT.items():
        file = tmp_path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    return tmp_path


def test_every_output_of_an_evaluation_is_held_against_the_contract(project) -> None:
    result = evaluate(open_project(project), "desk")
    assert dict(result.rows)["scored"] == 1
    assert (result.rows["target_error"], result.system_failures) == (1, 1)
    text = (result.run_dir / "rows.jsonl").read_text()
    assert '"error_kind": "invalid_output"' in text
    assert "outputs.label: Input should be a valid string, got None" in text


def test_an_example_of_another_major_is_refused_with_its_line(project) -> None:
    rows = project / "datasets/desk/golden.jsonl"
    rows.write_text(rows.read_text().replace('"2.4"', '"1.4"'))
    words = r"line 1, example 'a', contract: is '1.4', and the graph's contract is 2.0: another major"
    with pytest.raises(ContractError, match=words):
        open_project(project).dataset("desk")
