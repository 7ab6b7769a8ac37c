"""Adopt: an existing LangGraph project gets its evaluation project, beside it and without a change to it.

Read what there is (langgraph.json, the graphs, examples), draft what can be drafted, write all of it or nothing, run every
graph twice as it is, and say what the gate could see.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from seatrial import toml
from seatrial.dataset.draft import draft_contract
from seatrial.errors import ConfigError, MissingExtra, SeatrialError, UsageError
from seatrial.gate.policy import Policy
from seatrial.privacy.fixture import fixture_findings
from seatrial.project import Project, Settings, TrialRow, mount
from seatrial.project import draft as texts
from seatrial.project.draft_segments import segments_text
from seatrial.project.langgraph_json import read_langgraph_json
from seatrial.trial.init import can_run_graphs, detects, write_files
from seatrial.trial.inspect_graph import look_at, missing_key
from seatrial.wording import count

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from seatrial.certify.detectable import Detectable
    from seatrial.privacy.fixture import FixtureFinding
    from seatrial.project.draft_context import ContextField
    from seatrial.project.draft_segments import Proposed
    from seatrial.project.langgraph_json import Foreign, LanggraphJson, Unusable
    from seatrial.trial.aa_run import AARun
    from seatrial.trial.inspect_graph import Look

PYPROJECT = "pyproject.toml"
PROBE_S = 120.0


@dataclass(frozen=True, slots=True)
class Mounted:
    """One graph after it was mounted.

    Attributes:
        graph: its id.
        text: its path, as langgraph.json has it.
        examples: how many it has; 0 = none yet.
        problem: why it cannot be loaded or run; empty where it can.
        key: the environment's name whose absence is the problem; empty where it is none.
        personal: personal data in its examples.
        segments: dimensions proposed and left out.
        twice: its A/A run; None where there was none.
        sees: what the gate could see today.
        context: fields of its context schema.
        mounted: it is in the registry; a graph that langgraph.json names and that is not there is left out.
    """

    graph: str
    text: str
    examples: int
    problem: str
    key: str
    personal: tuple[FixtureFinding, ...]
    segments: tuple[Proposed, ...]
    aa_run: AARun | None
    detects: tuple[Detectable, ...]
    context: tuple[ContextField, ...] = ()
    mounted: bool = True


@dataclass(frozen=True, slots=True)
class Adopted:
    """What `init --langgraph` did.

    Attributes:
        root: folder of the evaluation project.
        files: what was written, relative to it.
        appended: `[tool.seatrial]` was put at the end of the pyproject.toml that was there.
        settings: text of `[tool.seatrial]` that still has to go into pyproject.toml; empty where it is there.
        env: what langgraph.json says of the environment, which was not read.
        marks: how many FINISH marks its folders have.
        graphs: in the order of langgraph.json.
    """

    root: Path
    files: tuple[str, ...]
    appended: bool
    settings: str
    env: str
    marks: int
    graphs: tuple[Mounted, ...]


def adopt(
    file: Path,
    *,
    into: Path | None = None,
    examples: Mapping[str, Path],
    append: bool = False,
    force: bool = False,
    run: bool = True,
    environ: Mapping[str, str],
    progress: Callable[[str, int, int], None] | None = None,
) -> Adopted:
    """Mount the project of a langgraph.json.

    Args:
        file: the langgraph.json.
        into: folder of the evaluation project; None = the folder the file lies in.
        examples: graph -> JSONL of its examples; `""` stands for the only graph.
        append: put `[tool.seatrial]` at the end of a pyproject.toml that is there.
        force: write over files of the project that are there; `[tool.seatrial]` stays as it is where there is one.
        run: run every graph that has examples twice.
        environ: the environment, asked only whether a key is set.
        progress: told (what, done, planned).

    Raises:
        ConfigError: langgraph.json is wrong.
        DataError: the examples cannot be read.
        UsageError: a file is there already, or a word names nothing; nothing was written.
    """
    if not can_run_graphs():
        raise MissingExtra("langgraph", "fleet", "mounting a LangGraph project")
    wording = read_langgraph_json(file)
    root = (into or file.parent).resolve()
    paths = _by_graph(examples, {foreign.named: foreign.name for foreign in wording.graphs}, file)
    before, has_table = _pyproject(root, force=force)
    taken: dict[str, tuple[str, str]] = {}
    looks = [look_at(foreign, paths.get(foreign.name), wording, taken) for foreign in wording.graphs]
    graphs = _graphs(looks, root)
    fleet = file.resolve().parent.name or "local"
    settings = texts.settings_text(fleet, graphs, alone=before is None)
    wanted = _files(looks, graphs, wording, root)
    if before is None:
        wanted[PYPROJECT] = settings
    complete = _appended(root, before, settings) if append and before is not None and not has_table else None
    root.mkdir(parents=True, exist_ok=True)
    write_files(
        root,
        wanted,
        hint=f"Choose another folder: seatrial init --langgraph {file} --into evals; or write over them with --force",
        force=force,
    )
    if complete is not None:
        (root / PYPROJECT).write_text(complete, encoding="utf-8")
    mount(root)
    rows = tuple(TrialRow(g.name, "0", "0", policy="gates/merge.toml") for g in graphs if g.examples)
    project = Project(root, Settings(fleet=fleet, segments="datasets/segments.toml", trial=rows))
    found = [_measured(project, look, run=run, environ=environ, progress=progress) for look in looks]
    _note_churn(root, graphs, found)
    return Adopted(
        root=root,
        files=tuple(sorted(wanted)),
        appended=complete is not None,
        settings=settings if before is not None and complete is None and not has_table else "",
        env=wording.env,
        marks=sum((root / name).read_text(encoding="utf-8").count("FINISH:") for name in wanted if "/" in name),
        graphs=(*(_seen(project, one) for one in found), *(_unusable(one) for one in wording.unusable)),
    )


def _by_graph(examples: Mapping[str, Path], ids: Mapping[str, str], file: Path) -> dict[str, Path]:
    """Graph's id -> its examples, which may be named by its id or by its name in the file."""
    found, names = {}, list(ids.values())
    for name, path in examples.items():
        if not name and len(names) > 1:
            raise UsageError(
                f"{file} has {count(len(names), 'graph')}: say whose examples these are, --examples {names[0]}={path}"
            )
        graph = ids.get(name, name) or names[0]
        if graph not in names:
            raise UsageError(f"{file} has no graph {graph!r}; it has: {', '.join(names)}")
        found[graph] = path
    return found


def _pyproject(root: Path, *, force: bool) -> tuple[str | None, bool]:
    """Text of the pyproject.toml that is there, None where there is none; and whether it has [tool.seatrial] already."""
    file = root / PYPROJECT
    try:
        text = file.read_text(encoding="utf-8")
        raw = toml.parse(text, str(file))
    except FileNotFoundError:
        return None, False
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{file} cannot be read: {error}; nothing was written") from error
    except ConfigError as error:
        raise UsageError(f"{error}; nothing was written") from error
    has_table = "seatrial" in raw.get("tool", {})
    if has_table and not force:
        raise UsageError(
            f"{file} has a [tool.seatrial] table already: this is a seatrial project, and nothing was written. Add a row to its registry, or draft everything again with --force, which writes over the files that are there"
        )
    return text, has_table


def _appended(root: Path, before: str, settings: str) -> str:
    text = f"{before.rstrip()}\n\n{settings}" if before.strip() else settings
    try:
        toml.parse(text, PYPROJECT)
    except ConfigError as error:
        raise UsageError(
            f"{root / PYPROJECT} cannot take [tool.seatrial] at its end ({error}); nothing was written. Leave out --append and paste the table"
        ) from error
    return text


def _graphs(looks: Sequence[Look], root: Path) -> list[texts.Graph]:
    packages = texts.packages(look.foreign.name for look in looks)
    found = []
    for look in looks:
        rows = look.dataset.examples if look.dataset else ()
        keys, others = texts.keys_of(rows, look.outputs)
        source = look.foreign.source
        found.append(
            texts.Graph(
                name=look.foreign.name,
                package=packages[look.foreign.name],
                # It is shown inside a docstring.
                text=look.foreign.text.replace("\\", "/").replace('"', "'"),
                source=f"HERE / {texts.quoted(_from(root, source))}"
                if isinstance(source, Path)
                else texts.quoted(source),
                attribute=look.foreign.attribute,
                keys=keys,
                not_keys=others,
                examples=len(rows),
                context=look.context,
            )
        )
    return found


def _from(root: Path, path: Path) -> str:
    try:
        return Path(os.path.relpath(path, root)).as_posix()
    except ValueError:  # another drive
        return path.as_posix()


def _files(looks: Sequence[Look], graphs: Sequence[texts.Graph], reported: LanggraphJson, root: Path) -> dict[str, str]:
    search = [_from(root, folder) for folder in reported.search]
    wanted = {
        "graphs/registry.py": texts.registry_text(graphs),
        "evaluators/__init__.py": texts.evaluators_text(graphs),
        "gates/merge.toml": texts.policy_text(graphs, churn=Policy().churn, measured=False),
        "datasets/segments.toml": segments_text([one for look in looks for one in look.segments]),
    }
    for look, graph in zip(looks, graphs, strict=True):
        package, data = f"graphs/{graph.package}", f"datasets/{graph.name}"
        wanted[f"{package}/__init__.py"] = f'"""{graph.name}, mounted from {graph.text}."""\n'
        wanted[f"{package}/entry.py"] = texts.entry_text(graph, 2, search)
        wanted[f"{data}/dataset.toml"] = texts.dataset_text(graph)
        if look.dataset is None or look.examples is None:
            wanted[f"{data}/golden.jsonl.example"] = texts.example_rows(look.inputs, look.outputs)
            continue
        rows = look.dataset.examples
        wanted[f"{package}/contract.py"] = draft_contract(
            graph.name,
            [example.inputs for example in rows],
            [example.outputs for example in rows if example.outputs is not None],
            input_schema=look.inputs,
            output_schema=look.outputs,
        )
        golden = f"{data}/golden.jsonl"
        if look.examples.resolve() != root / golden:
            wanted[golden] = "".join(
                json.dumps({k: v for k, v in example.row().items() if v or k == "inputs"}, ensure_ascii=False) + "\n"
                for example in rows
            )
    return wanted


def _measured(
    project: Project,
    look: Look,
    *,
    run: bool,
    environ: Mapping[str, str],
    progress: Callable[[str, int, int], None] | None,
) -> Mounted:
    graph, problem = look.foreign.name, look.problem
    duplicates = None
    if look.dataset is not None and not problem and run:
        from seatrial.trial.aa_run import run_aa  # noqa: PLC0415 - numpy, for those who run

        row = next(row for row in project.settings.trial if row.graph == graph)
        problem = _cannot_run(project, look, environ)
        if not problem:
            try:
                duplicates = run_aa(project, row, progress=progress)
            except SeatrialError as error:
                problem = str(error)
    return Mounted(
        graph=graph,
        text=_text(look.foreign),
        examples=len(look.dataset.examples) if look.dataset else 0,
        problem=problem,
        key=missing_key(problem, environ) if problem else "",
        personal=fixture_findings(look.examples) if look.examples else (),
        segments=look.segments,
        aa_run=duplicates,
        detects=(),
        context=look.context,
    )


def _text(foreign: Foreign) -> str:
    """Where the graph lies, and its own name where it has another here."""
    return foreign.text if foreign.named == foreign.name else f"{foreign.text} ({foreign.named!r} in langgraph.json)"


def _unusable(one: Unusable) -> Mounted:
    return Mounted(one.name, one.text, 0, f"{one.problem}; it was left out", "", (), (), None, (), mounted=False)


def _cannot_run(project: Project, look: Look, environ: Mapping[str, str]) -> str:
    """Why not even one example can be run, where the reason is a key; every other failure is an outcome."""
    from seatrial.graph.invoke import graph_target  # noqa: PLC0415 - LangGraph

    assert look.dataset is not None  # noqa: S101 - the caller looked
    try:
        target = graph_target(project.runtime.compiled(look.foreign.name))
        run = target(look.dataset.examples[0], "probe", PROBE_S)
    except SeatrialError as error:
        return str(error)
    return run.error if run.error and missing_key(run.error, environ) else ""


def _note_churn(root: Path, graphs: Sequence[texts.Graph], found: Sequence[Mounted]) -> None:
    """Write the measured churn into the policy just written, where it is more than was guessed."""
    proposed = [one.proposed for mounted in found if mounted.aa_run for one in mounted.aa_run.churn]
    if proposed:
        churn = min(0.99, max(Policy().churn, *proposed))
        text = texts.policy_text(graphs, churn=churn, measured=True)
        (root / "gates/merge.toml").write_text(text, encoding="utf-8")


def _seen(project: Project, one: Mounted) -> Mounted:
    row = next((row for row in project.settings.trial if row.graph == one.graph), None)
    return one if row is None else replace(one, detects=detects(project, row))
