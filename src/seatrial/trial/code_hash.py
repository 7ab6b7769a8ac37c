"""Code: what a version of a graph is by content, so that a prompt edited under the same name is another version."""

from __future__ import annotations

import hashlib
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from seatrial.canonical import content_hash
from seatrial.graph.run_config import RunConfig, run_config
from seatrial.project.prompts import PINS
from seatrial.trial.local_imports import imported

if TYPE_CHECKING:
    from pathlib import Path

    from seatrial.graph.spec import GraphSpec, Version
    from seatrial.project import Project


def code_hash(project: Project, graph: str, version: str) -> str:
    """What a version is by content: its config, every file of the folder its graph's module lies in, and what these import.

    A version recorded under a label of its own is its label: nothing else is known of it.
    """
    spec = project.spec(graph)
    row = next((one for one in spec.versions if one.name == version), None)
    if row is None:
        return content_hash({"graph": graph, "version": version})
    at = project.root.joinpath(*spec.module.split("."))
    folder = at if at.is_dir() else at.parent
    # A module that lies beside the registry has no folder of its own: then it is the one file.
    alone = folder == project.root / "graphs" or folder == project.root
    own = [at.with_suffix(".py")] if alone else [file for file in folder.rglob("*") if _is_source(file)]
    factory = run_config(spec, row).factory.partition(":")[0]
    if factory:
        own.append(project.root.joinpath(*factory.split(".")).with_suffix(".py"))
    # A helper beside the folder is part of what answers: a change of it is a change of the version.
    files = sorted({*own, *imported(own, project.root)})
    return content_hash(
        {
            "graph": graph,
            "config": dict(row.config),
            **_run_config(spec, row),
            "files": {str(file.relative_to(project.root)): _sha(file) for file in files if file.is_file()},
        }
    )


def _run_config(spec: GraphSpec, version: Version) -> dict[str, Any]:
    """What every run is given beside its inputs, where it is given anything: without it the hash is what it always was."""
    given = run_config(spec, version)
    return {"run_config": asdict(given)} if given != RunConfig({}, {}) else {}


def _is_source(file: Path) -> bool:
    """A file that may change what a graph answers; prompts.toml only records what the prompts are."""
    return file.is_file() and file.suffix != ".pyc" and "__pycache__" not in file.parts and file.name != PINS


def _sha(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()
