"""docs/reference/checks.md: the list of the stock checks, each with its signature, its docstring and its doctest."""

from __future__ import annotations

import doctest
import inspect
import re
from typing import TYPE_CHECKING, Any

from written.tables import table

import seatrial.checks
import seatrial.checks.sql
from seatrial.dataset import Example
from seatrial.graph.run import Run

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

SECTIONS = {
    "match": "Match",
    "text": "Text",
    "schema": "Schema",
    "pii": "Personal data",
    "trajectory": "Tool calls and node paths",
    "call_rules": "Rules for tool calls",
    "approval": "Rules for tool calls",
    "cap": "Caps",
    "grounding": "Grounding",
    "refusal": "Refusal",
    "ranking": "Retrieval",
    "budget": "Budgets",
    "cost": "Budgets",
    "sql": "SQL",
}
"""Module of a check -> its section of the page."""

SQL = tuple(name for name in seatrial.checks.sql.__all__ if name.startswith("sql_"))
CHECKS: dict[str, Callable[..., Any]] = {name: getattr(seatrial.checks, name) for name in seatrial.checks.__all__} | {
    name: getattr(seatrial.checks.sql, name) for name in SQL
}
"""Every stock check by name."""


class _WithoutReference(Example):
    """An example that has no reference, whatever it is given."""

    def __init__(self, id: str, inputs: Mapping[str, Any], *_: Any) -> None:  # noqa: A002 - as Example has it
        """Leave out what comes third."""
        super().__init__(id, inputs)


class _Raw(str):
    """An annotation that is shown as it is written."""

    __slots__ = ()
    __repr__ = str.__str__


def example_of(name: str) -> list[doctest.Example]:
    """The steps of a check's doctest.

    Raises:
        LookupError: it has none.
    """
    steps = doctest.DocTestParser().get_examples(inspect.getdoc(CHECKS[name]) or "")
    if not steps:
        raise LookupError(f"the check {name} has no doctest, which is its example in docs/reference/checks.md")
    return steps


def needs_reference(name: str) -> str:
    """`yes`, `no` or `optional`: whether the steps of its doctest answer otherwise once the reference is taken away."""
    names: dict[str, Any] = {**CHECKS, "Run": Run, "Example": _WithoutReference}
    needs = set()
    for step in example_of(name):
        if not step.want:
            exec(step.source, names)
            continue
        try:
            needs.add(f"{eval(step.source, names)!r}\n" != step.want)
        except TypeError:  # round(None, 3): without the reference it abstains
            needs.add(True)
    return "optional" if len(needs) == 2 else "yes" if needs == {True} else "no"


def by_section() -> Mapping[str, list[str]]:
    """Section -> the names of its checks, in the order of the page."""
    sections: dict[str, list[str]] = {title: [] for title in SECTIONS.values()}
    for name, check in CHECKS.items():
        sections[SECTIONS[check.__module__.split(".")[2]]].append(name)
    return sections


def index() -> str:
    """Every check in one line: what it asks, the key of its score, and whether it needs the reference."""
    rows = [
        (f"[`{name}`](#{name})", _first_sentence(name), f"`{_key(name)}`", needs_reference(name))
        for names in by_section().values()
        for name in names
    ]
    return table(("check", "scores", "key", "needs a reference"), rows)


def _first_sentence(name: str) -> str:
    return (inspect.getdoc(CHECKS[name]) or "").splitlines()[0].removeprefix("An evaluator: ").rstrip(".")


def _key(name: str) -> str:
    return inspect.signature(CHECKS[name]).parameters["key"].default or f"{name}_K"  # recall_at(3) is recall_at_3


def entries() -> str:
    """The checks by section: signature, docstring, arguments and example."""
    parts = []
    for title, names in by_section().items():
        parts += [f"## {title}\n", *(_entry(name) for name in names)]
    return "\n".join(parts)


def _entry(name: str) -> str:
    text = inspect.getdoc(CHECKS[name]) or ""
    steps = "\n".join(line for step in example_of(name) for line in shown(step))
    body, *sections = re.split(
        r"^(Args|Raises):\n", re.sub(r"^>>> .*\n(?:(?!\n).+\n?)*", "", text, flags=re.MULTILINE), flags=re.MULTILINE
    )
    parts = [f"### {name}\n", f"`{name}{signature(CHECKS[name])}`\n", body.strip() + "\n"]
    for kind, listed in zip(sections[::2], sections[1::2], strict=True):
        if kind == "Args":
            parts.append(_listed(listed))
    return "\n".join([*parts, f"```pycon\n{steps}\n```\n"])


def signature(thing: Callable[..., Any]) -> inspect.Signature:
    """Its parameters, with annotations as they are written, long defaults as `...`, and without the type it returns."""
    found = inspect.signature(thing)
    return inspect.Signature([_plain(one) for one in found.parameters.values()])


def _plain(parameter: inspect.Parameter) -> inspect.Parameter:
    annotation, default = parameter.annotation, parameter.default
    if annotation is not parameter.empty:
        parameter = parameter.replace(annotation=_Raw(getattr(annotation, "__forward_arg__", annotation)))
    literal = default is None or isinstance(default, (str, int, float))
    texts = isinstance(default, tuple) and all(isinstance(one, str) for one in default)
    return parameter if default is parameter.empty or literal or texts else parameter.replace(default=_Raw("..."))


def shown(step: doctest.Example) -> list[str]:
    """A step of a doctest as the prompt shows it."""
    first, *more = step.source.rstrip().splitlines()
    return [f">>> {first}", *(f"... {line}" for line in more), *step.want.splitlines()]


def _listed(arguments: str) -> str:
    lines = []
    for line in arguments.rstrip().splitlines():
        new = re.match(r"    (\w+): (.*)", line)
        lines.append(f"- `{new[1]}`: {new[2]}" if new else f"  {line.strip()}")
    return "\n".join(lines) + "\n"
