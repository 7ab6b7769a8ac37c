"""Draft: the files of an evaluation project beside a foreign one, as texts; nothing is read or written here."""

from __future__ import annotations

import json
import keyword
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from seatrial.project.draft_context import ContextField, context_text
from seatrial.project.draft_segments import LABEL, toml_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from seatrial.dataset import Example

TAKEN = ("registry",)
ANSWERED = "answered"
FINISH = "FINISH"
SHOWN = 12


@dataclass(frozen=True, slots=True)
class Graph:
    """What the drafts know of one graph.

    Attributes:
        name: its id.
        package: its folder under `graphs/`.
        text: its path as langgraph.json has it.
        source: expression of the entry file that says where it lies.
        attribute: what to take there.
        keys: fields of the reference that an exact match makes sense of, the leading one first.
        not_keys: the rest: (field, why).
        examples: how many there are; 0 = none yet.
        context: fields of its context schema.
    """

    name: str
    package: str
    text: str
    source: str
    attribute: str
    keys: tuple[str, ...] = ()
    not_keys: tuple[tuple[str, str], ...] = ()
    examples: int = 0
    context: tuple[ContextField, ...] = ()


def packages(names: Iterable[str]) -> dict[str, str]:
    """Graph -> a folder of its own that Python can import."""
    found: dict[str, str] = {}
    for name in names:
        own = re.sub(r"\W", "_", name)
        if own[0].isdigit() or keyword.iskeyword(own) or own in TAKEN or own.startswith("__"):
            own = f"graph_{own}"
        while own in found.values():
            own += "_"
        found[name] = own
    return found


def keys_of(
    examples: Sequence[Example], output_schema: Mapping[str, Any] | None
) -> tuple[tuple[str, ...], tuple[tuple[str, str], ...]]:
    """Reference fields for exact match, those with few values first; and the others, each with its reason."""
    references = [example.outputs for example in examples if example.outputs]
    declared = (output_schema or {}).get("properties")
    keys: list[tuple[bool, str]] = []
    others: list[tuple[str, str]] = []
    for name in dict.fromkeys(name for row in references for name in row):
        values = [row[name] for row in references if row.get(name) is not None]
        if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_-]*", name):
            others.append((name, "its name cannot be a key"))
        elif not values or not all(isinstance(value, (str, int, float, bool)) for value in values):
            others.append((name, "it is no single value"))
        elif any(isinstance(value, str) and len(value) > LABEL for value in values):
            others.append((name, "it is a text, of which exact match would ask for the same words"))
        elif declared and name not in declared:
            others.append((name, "the graph's output schema does not have it"))
        else:
            few = 1 < len({str(value) for value in values}) <= max(2, len(values) // 2)
            keys.append((not few, name))
    return tuple(name for _, name in sorted(keys, key=lambda key: key[0])), tuple(others)


def entry_text(graph: Graph, above: int, search: Sequence[str]) -> str:
    """`graphs/NAME/entry.py`: where the foreign graph lies, and what its imports may find."""
    folders = "".join(f"    HERE / {quoted(folder)},\n" for folder in search)
    return f'''"""{graph.name}: the graph that langgraph.json names as {graph.text}, mounted where it lies.

Nothing is moved or copied. Its file is loaded by its path, as LangGraph's own server does, and its absolute imports are
looked up in the folders below after everything that is installed. What stands there may be a compiled graph, a StateGraph,
or a function that makes one of them; such a function is called once per version, with its `configurable`.
"""

from pathlib import Path
from typing import Any

from seatrial.project.foreign import load_graph

HERE = Path(__file__).resolve().parents[{above}]
SEARCH = (
{folders})


def build(configurable: dict[str, Any]) -> Any:
    """The graph that {quoted(graph.attribute)} is, or makes."""
    return load_graph(
        {graph.source},
        {quoted(graph.attribute)},
        search=SEARCH,
        configurable=configurable,
    )
'''


def registry_text(graphs: Sequence[Graph]) -> str:
    """`graphs/registry.py`."""
    rows = "".join(
        f"""    GraphSpec(
        {quoted(graph.name)},
        module="graphs.{graph.package}.entry",
{context_text(graph.context)}        family="unknown",  # FINISH: "rules" when no model answers inside, else the family of the model that does
        side_effects=None,  # FINISH: "none", or one sentence about what a call changes in the world
        versions=(Version("0"),),
        current="0",
    ),
"""
        for graph in graphs
    )
    return f'''"""The fleet: one row per graph of langgraph.json; importing this imports no graph."""

from seatrial.graph.spec import GraphSpec, Version, fleet

GRAPHS = fleet(
{rows})
'''


def evaluators_text(graphs: Sequence[Graph]) -> str:
    """`evaluators/__init__.py`: exact match where the reference names single values, else whether there was an answer."""
    exact = any(graph.keys for graph in graphs)
    answered = any(not graph.keys for graph in graphs)
    suites = []
    for graph in graphs:
        suites += [f"    # {FINISH}: no evaluator asks for {name!r}: {why}\n" for name, why in graph.not_keys]
        if graph.keys:
            suites.append(f"    # {FINISH}: exact match is the strictest question there is; is it the right one?\n")
        checks = [f"exact({quoted(name)}, key={quoted(name)})" for name in graph.keys] or [ANSWERED]
        suites.append(f"    {quoted(graph.name)}: ({', '.join(checks)},),\n")
    imports = [
        *(["from typing import Any\n"] if answered else []),
        *(["from seatrial.checks import exact"] if exact else []),
        *(["from seatrial import Score, evaluator"] if answered else []),
    ]
    return f'''"""What a right answer is: one tuple of evaluators per graph; "*" holds what every graph is asked."""

{chr(10).join(imports)}
{ANSWERED_TEXT if answered else ""}
SUITES = {{
{"".join(suites)}}}
'''


ANSWERED_TEXT = '''

@evaluator(version="1", key="answered")
def answered(run: Any, example: Any) -> Score:
    """1 when the graph said anything that was not in its input. FINISH: that is no proof that it is right."""
    new = [name for name, value in run.outputs.items() if value and example.inputs.get(name) != value]
    return Score("answered", bool(new), f"wrote {', '.join(new)}" if new else "wrote nothing of its own")

'''


def policy_text(graphs: Sequence[Graph], *, churn: float, measured: bool) -> str:
    """`gates/merge.toml`, which watches and stops nothing yet."""
    why = "measured by seatrial init" if measured else f"{FINISH}: a guess; seatrial flaky GRAPH measures it"
    parts = [
        f"""# What a merge must clear.
schema = "seatrial/policy/1"
owner = "you"                              # {FINISH}: whom a report names
mode = "observe"                           # observe -> warn -> block: it shows its verdict and stops nothing yet
alpha = 0.05                               # chance to block a change that changed nothing
must_detect = 0.20                         # a drop that every critical segment is shown not to have had
must_detect_overall = 0.10                 # and one that all examples together are shown not to have had
churn = {churn:<4g}                               # share of answers that flip with nothing changed; {why}
min_n = 20                                 # smaller segments are shown and decide nothing
"""
    ]
    for graph in graphs:
        first, *rest = graph.keys or (ANSWERED,)
        table = f"graph.{toml_text(graph.name)}.key"
        limits = f"min_drop = 0.01   # a proven drop smaller than this does not block\n# floor = 0.70    {FINISH}: the candidate's own rate, whatever the baseline's is\n"
        parts.append(f"[{table}.{first}]\nprimary = true\n{limits}")
        parts += [f"# [{table}.{name}]    {FINISH}: reported; without the comment sign it gates too\n" for name in rest]
    return "\n".join(parts)


def dataset_text(graph: Graph) -> str:
    """`datasets/NAME/dataset.toml`."""
    contract = f'contract = "graphs.{graph.package}.contract:Input,Output"\n'
    return f'version = 1\nkind = "golden"\n{contract if graph.examples else ""}'


def example_rows(input_schema: Mapping[str, Any] | None, output_schema: Mapping[str, Any] | None) -> str:
    """`golden.jsonl.example`: two rows to be finished, in the shape the graph's own schemas name."""
    rows = [
        {
            "id": f"{FINISH}-{n}",
            "inputs": _blank(input_schema),
            "outputs": _blank(output_schema, but=_blank(input_schema)),
            "tags": [f"tier:{FINISH}"],
        }
        for n in (1, 2)
    ]
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


def settings_text(fleet: str, graphs: Sequence[Graph], *, alone: bool) -> str:
    """`[tool.seatrial]`; `alone` makes it a whole pyproject.toml."""
    parts = [
        f'[tool.seatrial]\nfleet = {toml_text(fleet)}\nregistry = "graphs/registry.py"\nsegments = "datasets/segments.toml"\n'
    ]
    for graph in graphs:
        row = [
            "[[tool.seatrial.trial]]",
            f"graph = {toml_text(graph.name)}",
            'baseline = "0"',
            'candidate = "0"',
            'dataset = "golden"',
            'policy = "gates/merge.toml"',
        ]
        if not graph.examples:
            row = [f"# {FINISH}: when datasets/{graph.name}/golden.jsonl is there", *row]
            row = [line if line.startswith("#") else f"# {line}" for line in row]
        parts.append("\n".join(row) + "\n")
    if alone:
        parts.insert(0, "# An evaluation project for seatrial. Run the gate with: pytest gates/merge.toml\n")
        parts.append(
            '[tool.pytest.ini_options]\naddopts = "--import-mode=importlib -p no:deepeval -p no:langsmith_plugin"\n'
        )
    return "\n".join(parts)


def quoted(text: str) -> str:
    """A text as Python's formatters write it."""
    return json.dumps(text, ensure_ascii=False)


def _blank(schema: Mapping[str, Any] | None, but: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """An object of the schema with a mark in every place; `but` are names that were given already."""
    properties = (schema or {}).get("properties")
    if not isinstance(properties, dict) or not properties:
        return {FINISH: "the graph says nothing of its schema"}
    left = [name for name in properties if name not in (but or {})] or list(properties)
    return {name: _value(name, properties[name]) for name in left[:SHOWN]}


def _value(name: str, schema: Any) -> Any:
    kind = schema.get("type") if isinstance(schema, dict) else None
    if name == "messages" and kind == "array":
        return [{"role": "user", "content": f"{FINISH}: text"}]
    blanks: dict[str, Any] = {"integer": 0, "number": 0.0, "boolean": False, "array": [], "object": {}, "null": None}
    return blanks.get(str(kind), f"{FINISH}: {kind or 'a value'}")
