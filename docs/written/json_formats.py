"""docs/reference/json.md: every `seatrial/NAME/N` format, the fields of each, and the reasons that stand in them.

What a format holds is read from the code that writes it: the keys of the mapping that names the format, and the types and
meanings of the dataclass that it is made of.
"""

from __future__ import annotations

import ast
import inspect
import re
from dataclasses import fields
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from written.json_types import Types
from written.tables import meanings, table

import seatrial
from seatrial.gate.baseline import Header
from seatrial.gate.report import Report
from seatrial.judge.licence import Licence
from seatrial.reason import KINDS
from seatrial.report.certified import Certified
from seatrial.runner.summary import HASH
from seatrial.verdict import Decision, Finding, State

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

SOURCE = Path(seatrial.__file__).parent
NAME = re.compile(r"seatrial/[a-z][a-z_-]*/[1-9][0-9]*")
PRINTED, WRITTEN, GIVEN = "printed with `--json`", "written", "you write it"


class Format(NamedTuple):
    """One format: its name without `seatrial/`, how it comes to be, by which command or in which file, what it holds."""

    name: str
    how: str
    where: str
    holds: str


FORMATS = (
    Format("gate/1", PRINTED, "`gate`, `compare`, `report`; `-o FILE.json`", "a verdict and its rows"),
    Format("trial/1", PRINTED, "`trial`", "the reports of all trials"),
    Format("eval/1", PRINTED, "`eval`", "what an evaluation scored"),
    Format("import/1", PRINTED, "`import`", "what was read from another tool's results"),
    Format("init/1", PRINTED, "`init`", "the files it wrote"),
    Format("report/1", PRINTED, "`report`", "the pages it wrote"),
    Format("slices/1", PRINTED, "`slices`", "slices that regressed and are not declared as segments"),
    Format("flaky/1", PRINTED, "`flaky`", "variation of each key"),
    Format("quarantine-debt/1", PRINTED, "`flaky --quarantine`", "examples in quarantine, and when they expire"),
    Format("certify/1", PRINTED, "`certify`", "a policy's error rates on your segment sizes"),
    Format("plan/1", PRINTED, "`plan`, `ab plan`", "sample sizes"),
    Format("evaluators/1", PRINTED, "`evaluators check`", "whether each evaluator is pure"),
    Format("fleet/1", PRINTED, "`fleet list`", "the graphs of the registry"),
    Format("pins/1", PRINTED, "`fleet pin`", "hashes of prompt texts"),
    Format("coverage/1", PRINTED, "`fleet coverage`", "nodes and edges that no example reaches"),
    Format("override/1", PRINTED, "`override list`", "overrides that are recorded"),
    Format("anchor/1", PRINTED, "`anchor show`", "baseline and anchor of each graph"),
    Format("spend/1", PRINTED, "`spend`", "cost by group"),
    Format("proposal/1", PRINTED, "`datasets propose`", "how many examples were proposed"),
    Format("feedback/1", PRINTED, "`feedback-gate`", "a [decision](#decisions)"),
    Format("drift/1", PRINTED, "`drift`", "a [decision](#decisions)"),
    Format("monitor/1", PRINTED, "`monitor`", "a [decision](#decisions)"),
    Format("rerun/1", PRINTED, "`rerun`", "a [decision](#decisions)"),
    Format("ab/1", PRINTED, "`ab analyse`", "a [decision](#decisions)"),
    Format("winrate/1", PRINTED, "`judge winrate`", "a [decision](#decisions)"),
    Format("rollout/1", PRINTED, "`rollout step` and its neighbours", "a [decision](#decisions)"),
    Format("replay-traffic/1", PRINTED, "`rollout replay-traffic`", "a [decision](#decisions)"),
    Format("rollout-plan-diff/1", PRINTED, "`rollout plan --diff`", "what a changed plan changes"),
    Format("rollout-simulation/1", PRINTED, "`rollout simulate`", "rollouts on simulated traffic"),
    Format("judge-pairwise/1", PRINTED, "`judge pairwise`", "what was put to a judge, and the win rate"),
    Format("judge-pointwise/1", PRINTED, "`judge pointwise`", "what was put to a judge of single answers"),
    Format("judge-agreement/1", PRINTED, "`judge agreement`", "a judge's agreement with people"),
    Format("judge-licences/1", PRINTED, "`judge licence`", "which judges have a vote"),
    Format("judge-rate/1", PRINTED, "`judge rate`", "win rates corrected by labels"),
    Format("judge-drift/1", PRINTED, "`judge drift`", "whether a judge's verdicts changed"),
    Format("judge-prompts/1", PRINTED, "`judge prompts`", "which of two wordings agrees better with people"),
    Format("run/1", WRITTEN, "`.seatrial/runs/ID/run.json`", "what was run, on which data, how far it came"),
    Format("evidence/1", WRITTEN, "metadata of `evidence.parquet`", "[evidence](evidence.md)"),
    Format("baseline/1", WRITTEN, "first line of `gates/baselines/NAME.jsonl`", "what the stored scores are of"),
    Format("certified/1", WRITTEN, "`.seatrial/certified/`", "the last certificate of a policy"),
    Format("cassette/1", WRITTEN, "`cassettes/`", "recorded model calls"),
    Format("judged/1", WRITTEN, "`judged/` of a run", "what a judge was asked, and with which prompt"),
    Format("verdicts/1", WRITTEN, "`judged/` of a run", "[verdicts of a judge](judge-verdicts.md)"),
    Format("judge-licence/1", WRITTEN, "`judges/NAME.licence.json`", "a judge's measured agreement with people"),
    Format("router-snapshot/1", WRITTEN, "the store", "which version answers which share of the traffic"),
    Format("rollout-ledger/2", WRITTEN, "the store", "one decision of a rollout, chained by hashes"),
    Format("units-seen/1", WRITTEN, "`.seatrial/units-seen/`", "how far a warehouse was read"),
    Format("policy/1", GIVEN, "`gates/*.toml`", "[a policy](policy.md)"),
    Format(
        "quarantine/1", GIVEN, "`gates/quarantine.toml`", "[examples out of the decision](../how-to/flaky-graphs.md)"
    ),
    Format("judge/1", GIVEN, "`judges/NAME.toml`", "[a judge](../how-to/judges.md)"),
    Format("rollout-plan/1", GIVEN, "`experiments/NAME.toml`", "[a rollout](rollout-plan.md)"),
    Format("ab-plan/1", GIVEN, "`experiments/NAME.toml`", "[an A/B test](rollout-plan.md)"),
    Format("feedback/1", GIVEN, "`gates/feedback.toml`", "[rules of the feedback gate](../how-to/feedback.md)"),
    Format("drift/1", GIVEN, "`gates/drift.toml`", "[rules of drift](../how-to/drift.md)"),
)
"""Every format, in the order of the page; a test compares the names with those in the source."""

OF = {"baseline/1": Header, "certified/1": Certified, "judge-licence/1": Licence}
"""Format -> the dataclass whose attributes it holds, beside what its mapping names."""

TYPES = (
    (r"\bfloat\b", "number"),
    (r"\bint\b", "whole number"),
    (r"\bstr\b", "text"),
    (r"\bbool\b", "true or false"),
    (r"\bNone\b", "null"),
    (r"tuple\[(.+), \.\.\.\]", r"list of \1"),
    (r"tuple\[(.+?)\]", r"list of \1"),
    (r"(?:Mapping|dict)\[.*\]", "object"),
    (r"\b(?:Verdict|State|ReasonClass|Level)\b", "text"),
    (r" \| ", " or "),
)
"""What Python calls a type -> what JSON holds."""

BY_HAND = {
    **dict.fromkeys(("exit_code", "pairs", "judged", "requested", "only_a", "only_b", "sequence"), "whole number"),
    **dict.fromkeys(("started", "finished", "seatrial", "verdict", "author", "engine"), "text"),
    **dict.fromkeys(("rows", "tokens", "action", "evidence"), "object"),
    "reason_class": "text or null",
    "limit": "whole number or null",
    **dict.fromkeys(("duration_ms", "alpha", "false_block_rate"), "number"),
    "power": "number or null",
    "warnings": "list of text",
    "trials": "list of objects",
}
"""Field -> what JSON holds, where no annotation says it."""

OTHER_NAMES = {"evidence": "source", "judges": "standings"}
"""Field of a report -> the attribute that it is."""

OTHER_TYPES = {
    "causes": (
        "list of objects",
        "what regressed answers of the failing segments say, most frequent first: `reason` and `regressed`, how many say so",
    )
}
"""Field of a report that is written in another form than the attribute of its name."""


@cache
def texts() -> dict[str, str]:
    """Path below `seatrial/` -> the text of every file of the source."""
    files = sorted(SOURCE.rglob("*.py"))
    return {file.relative_to(SOURCE).as_posix(): file.read_text(encoding="utf-8") for file in files}


def names() -> set[str]:
    """Every format the source names, and those of the kinds of decisions it makes."""
    found = {name for text in texts().values() for name in NAME.findall(text)}
    deciding = [ast.parse(text) for text in texts().values() if "Decision(" in text]
    return found | {f"seatrial/{kind}/1" for tree in deciding for kind in _kinds(tree)}


def _kinds(tree: ast.Module) -> Iterator[str]:
    for call in ast.walk(tree):
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id == "Decision":
            yield from (
                str(one.value.value)
                for one in call.keywords
                if one.arg == "kind" and isinstance(one.value, ast.Constant)
            )


def formats() -> str:
    """Every format: where it is met, and what it holds."""
    return table(
        ("`schema`", "how", "where", "holds"),
        ((f"`seatrial/{one.name}`", one.how, one.where, one.holds) for one in FORMATS),
    )


@cache
def _mappings() -> dict[str, list[str]]:
    """Format -> the keys of the mappings in the source that name it, in their order."""
    found: dict[str, list[str]] = {}
    for tree in [ast.parse(text) for text in texts().values() if '"schema"' in text]:
        for mapping in ast.walk(tree):
            if isinstance(mapping, ast.Dict) and "schema" in _names(mapping):
                for name in _format_of(mapping, tree):
                    found.setdefault(name, []).extend(_all_names(mapping, tree))
    found["run/1"] += [*_added("runner/loop.py", "summary"), HASH]
    found["rollout-ledger/2"] += ["evidence", "action"]  # of a step, of a person
    return {name: [key for key in dict.fromkeys(keys) if key != "schema"] for name, keys in found.items()}


@cache
def _types() -> dict[str, dict[str, str]]:
    """Format -> field -> what JSON holds, where annotations of the source say it."""
    found: dict[str, dict[str, str]] = {}
    sources = tuple(texts().values())
    for tree in [ast.parse(text) for text in sources if '"schema"' in text]:
        for function in [one for one in ast.walk(tree) if isinstance(one, ast.FunctionDef)]:
            types = Types(sources, tree, function)
            for mapping in ast.walk(function):
                if isinstance(mapping, ast.Dict) and "schema" in _names(mapping):
                    for name in _format_of(mapping, tree):
                        for key, value in _items(mapping, tree):
                            word = _json_word(types.of(value))
                            if word:
                                found.setdefault(name, {}).setdefault(key, word)
    return found


def _json_word(annotation: str) -> str:
    """An annotation in JSON's words; of a list that holds what no annotation says only that it is one."""
    known = re.sub(r"(?:tuple|list)\[Any(?:, \.\.\.)?\]", "list", annotation).replace("ExitCode", "int")
    known = re.sub(r"\blist\[(.+)\]", r"tuple[\1, ...]", known)
    word = re.sub(r"\blist of object\b", "list of objects", json_type(known))
    return " or ".join(dict.fromkeys(word.split(" or "))) if annotation else ""


def _type_of(name: str, key: str) -> str:
    """What a field of a format holds: as its own mapping says, else as every other format has it, else as written by hand."""
    own = _types().get(name, {}).get(key)
    elsewhere = {types[key] for types in _types().values() if key in types}
    return own or BY_HAND.get(key) or (elsewhere.pop() if len(elsewhere) == 1 else "")


def _all_names(mapping: ast.Dict, tree: ast.Module) -> list[str]:
    """The keys of a mapping, and of those that are spread in it, as far as they are written in the same file."""
    return [key for key, _ in _items(mapping, tree)]


def _items(mapping: ast.Dict, tree: ast.Module) -> Iterator[tuple[str, ast.expr]]:
    """The keys of a mapping with what they hold, and those of mappings that are spread in it."""
    for key, value in zip(mapping.keys, mapping.values, strict=True):
        if isinstance(key, ast.Constant):
            yield str(key.value), value
        elif key is None:
            for inner in _spread(value, tree):
                yield from _items(inner, tree)


def _spread(value: ast.expr, tree: ast.Module) -> Iterator[ast.Dict]:
    if isinstance(value, ast.Dict):
        yield value
    elif isinstance(value, ast.IfExp):
        yield from _spread(value.body, tree)
        yield from _spread(value.orelse, tree)
    elif isinstance(value, ast.Name):
        for one in ast.walk(tree):
            if isinstance(one, ast.Assign) and ast.unparse(one.targets[0]) == value.id:
                yield from _spread(one.value, tree)


def _added(file: str, name: str) -> Iterator[str]:
    """The keys of the mappings that a file puts into the mapping `name` with `|=`."""
    tree = ast.parse(texts()[file])
    for one in ast.walk(tree):
        if isinstance(one, ast.AugAssign) and ast.unparse(one.target) == name and isinstance(one.value, ast.Dict):
            yield from _all_names(one.value, tree)


def _format_of(mapping: ast.Dict, tree: ast.Module) -> Iterator[str]:
    (value,) = (
        value
        for key, value in zip(mapping.keys, mapping.values, strict=True)
        if isinstance(key, ast.Constant) and key.value == "schema"
    )
    for statement in tree.body:
        if isinstance(statement, ast.Assign) and ast.unparse(statement.targets[0]) == ast.unparse(value):
            value = statement.value
    if isinstance(value, ast.Constant) and NAME.fullmatch(str(value.value)):
        yield str(value.value).removeprefix("seatrial/")


def _keys_of(function: str, file: str) -> list[str]:
    tree = ast.parse(texts()[file])
    (found,) = (one for one in tree.body if isinstance(one, ast.FunctionDef) and one.name == function)
    (answer,) = (one.value for one in found.body if isinstance(one, ast.Return))
    assert isinstance(answer, ast.Dict)
    return _names(answer)


def _names(mapping: ast.Dict) -> list[str]:
    return [str(key.value) for key in mapping.keys if isinstance(key, ast.Constant)]


Row = tuple[str, str, str]
"""A field: its name, its type, its meaning."""


def rows_of_report() -> list[Row]:
    """The fields of `seatrial/gate/1`."""
    keys = [*_keys_of("gate_data", "report/data.py"), "judges", *_keys_of("looks_data", "report/annotations.py")]
    return [_field(key, Report) for key in keys]


def rows_of_row() -> list[Row]:
    """The fields of one row of a report."""
    return [_field(key, Finding) for key in _keys_of("_finding", "report/data.py")]


def rows_of_decision() -> list[Row]:
    """The fields of a decision."""
    return [_field(key, Decision) for key in _keys_of("decision_data", "report/decision_data.py")]


def fields_of(rows: Callable[[], list[Row]]) -> Callable[[], str]:
    """The table of some fields."""
    return lambda: table(("field", "type", "meaning"), rows())


def _fields(keys: list[str], shape: type[Any]) -> str:
    return table(("field", "type", "meaning"), (_field(key, shape) for key in keys))


def _field(key: str, shape: type[Any]) -> tuple[str, str, str]:
    if key == "schema":
        return "`schema`", "text", "the format's name"
    if shape is Report and key in OTHER_TYPES:
        return f"`{key}`", *OTHER_TYPES[key]
    name = OTHER_NAMES.get(key, key) if shape is Report else key
    types = {one.name: str(one.type) for one in fields(shape)}
    if name in types:
        return f"`{key}`", json_type(types[name]), _null(meanings(shape)[name])
    own = getattr(shape, name)
    text = (inspect.getdoc(own) or "").partition("\n")[0].rstrip(".")
    return f"`{key}`", json_type(str(own.fget.__annotations__["return"])), text


def json_type(annotation: str) -> str:
    """A Python annotation in JSON's words.

    >>> json_type("tuple[str, ...]"), json_type("float | None"), json_type("Mapping[str, int]")
    ('list of text', 'number or null', 'object')
    """
    for pattern, word in TYPES:
        annotation = re.sub(pattern, word, annotation)
    annotation = re.sub(r"\blist of [A-Z]\w+\b", "list of objects", annotation)
    annotation = re.sub(
        r"list of list of .*", "list of lists", annotation.replace("list of number, number", "2 numbers")
    )
    return re.sub(r"\b[A-Z]\w+\b", "object", annotation)


def other_fields() -> str:
    """The fields of every other format that a mapping in the source writes."""
    parts = []
    for one in FORMATS:
        keys = [key for key in _mappings().get(one.name, ()) if one.how != GIVEN]
        if one.name in OF:
            parts.append(f"### {_title(one)}\n\n{_fields([one.name for one in fields(OF[one.name])], OF[one.name])}")
        elif keys and one.name != "gate/1":
            rows = ((f"`{key}`", _type_of(one.name, key)) for key in keys)
            parts.append(f"### {_title(one)}\n\n{table(('field', 'type'), rows)}")
    return "\n".join(dict.fromkeys(parts))


def _title(one: Format) -> str:
    return f"seatrial/{one.name}"


def states() -> str:
    """The words that a row carries."""
    return table(("`state`", "meaning"), ((f"`{word}`", meanings(State)[word.name]) for word in State))


def reasons() -> str:
    """Every kind of reason: what it says, and its numbers."""
    return table(
        ("`kind`", "says", "fields"),
        ((f"`{kind}`", _says(of), _numbers(of)) for kind, of in KINDS.items()),
    )


def _says(of: type[Any]) -> str:
    return (inspect.getdoc(of) or "").partition("\n")[0].rstrip(".")


def _numbers(of: type[Any]) -> str:
    meaning = meanings(of)
    return "; ".join(f"`{one.name}` {_null(meaning[one.name])}" for one in fields(of))


def _null(text: str) -> str:
    return re.sub(r"\bNone\b", "null", text)
