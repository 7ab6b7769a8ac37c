"""Look: what can be known of a foreign graph before anything is written: its schemas, its examples, what keeps it from loading."""

from __future__ import annotations

import contextlib
import re
import sys
import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, get_origin, get_type_hints

from seatrial.dataset import load
from seatrial.errors import SeatrialError
from seatrial.gate.policy import Policy
from seatrial.project.draft_context import ContextField, fields_of_context
from seatrial.project.draft_segments import propose
from seatrial.project.foreign import load_graph

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from seatrial.dataset import Dataset
    from seatrial.project.draft_segments import Proposed
    from seatrial.project.langgraph_json import Foreign, LanggraphJson

KEY = re.compile(r"\b[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)*_(?:KEY|TOKEN|SECRET)\b")
NAMELESS = {"Could not resolve authentication method": "ANTHROPIC_API_KEY", "x-api-key": "ANTHROPIC_API_KEY"}
"""What a provider says of a missing key when it does not name it."""


@dataclass(frozen=True, slots=True)
class Look:
    """What could be known of one graph.

    Attributes:
        foreign: its row of langgraph.json.
        dataset: its examples; None = none yet.
        examples: the file they came from.
        problem: why it cannot be loaded; empty where it can.
        inputs: its input's JSON schema; None where it has none.
        outputs: the same of its output.
        segments: dimensions proposed and left out.
        context: fields of its context schema; empty where it has none.
    """

    foreign: Foreign
    dataset: Dataset | None
    examples: Path | None
    problem: str
    inputs: Mapping[str, Any] | None
    outputs: Mapping[str, Any] | None
    segments: tuple[Proposed, ...]
    context: tuple[ContextField, ...] = ()


def missing_key(message: str, environ: Mapping[str, str]) -> str:
    """The environment's name a message asks for and that is not set; empty when it asks for none."""
    named = [*KEY.findall(message), *(key for words, key in NAMELESS.items() if words in message)]
    return next((name for name in named if not environ.get(name)), "")


def look_at(
    foreign: Foreign, examples: Path | None, reported: LanggraphJson, taken: dict[str, tuple[str, str]]
) -> Look:
    """Read its examples and load it; what keeps it from loading is kept as a sentence.

    Raises:
        DataError: the examples cannot be read.
    """
    dataset = load(examples, graph=foreign.name) if examples else None
    problem, inputs, outputs = "", None, None
    context: tuple[ContextField, ...] = ()
    try:
        # What a foreign module prints or warns of while it is loaded is no output of ours.
        with contextlib.redirect_stdout(sys.stderr), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            graph = load_graph(foreign.source, foreign.attribute, search=reported.search)
            inputs, outputs = _schema(graph, "input"), _schema(graph, "output")
            context = fields_of_context(getattr(graph, "context_schema", None))
    except (Exception, SystemExit) as error:  # noqa: BLE001 - a foreign project's failure is one graph's, and a sentence
        problem = f"it cannot be loaded: {_one_line(error)}"
    segments = propose(foreign.name, dataset.examples, min_n=Policy().min_n, taken=taken) if dataset is not None else ()
    return Look(foreign, dataset, examples, problem, inputs, outputs, segments, context)


def _schema(graph: Any, side: str) -> Mapping[str, Any] | None:
    """The graph's own JSON schema; else the names and plain types of its state; None where neither can be had."""
    try:
        found: Mapping[str, Any] = getattr(graph, f"get_{side}_jsonschema")()
    except Exception:  # noqa: BLE001 - any type may stand in a state; before Python 3.12 pydantic refuses every TypedDict
        return _hinted(getattr(getattr(graph, "builder", None), f"{side}_schema", None))
    return found


def _hinted(state: Any) -> Mapping[str, Any] | None:
    try:
        hints = get_type_hints(state)
    except Exception:  # noqa: BLE001 - a name that only a type checker sees
        return None
    kinds = {str: "string", int: "integer", float: "number", bool: "boolean", list: "array", dict: "object"}
    named = {name: kinds.get(get_origin(hint) or hint) for name, hint in hints.items()}
    return {"properties": {name: {"type": kind} if kind else {} for name, kind in named.items()}}


def _one_line(error: BaseException) -> str:
    if isinstance(error, SeatrialError):
        return str(error)
    return f"{type(error).__name__}: {' '.join(str(error).split())}".rstrip(": ")
