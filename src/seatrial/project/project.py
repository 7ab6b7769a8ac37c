"""Project: everything the engine asks of a user's folder, read when it is asked for."""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from seatrial.errors import ConfigError, SeatrialError
from seatrial.graph.runtime import Runtime
from seatrial.graph.spec import checked
from seatrial.privacy.exits import know
from seatrial.project.mount import PACKAGE, module, mount
from seatrial.project.prompts import check_pinned
from seatrial.project.settings import Settings, find_root, read_settings
from seatrial.scoring import Bound, bind

if TYPE_CHECKING:
    from pathlib import Path

    from seatrial.dataset import Contract, Dataset
    from seatrial.graph.spec import GraphSpec, Version
    from seatrial.segment import Dimension

EVERY = "*"


@dataclass(frozen=True)
class Project:
    """A mounted project.

    Attributes:
        root: its folder.
        settings: `[tool.seatrial]` of its pyproject.toml.
    """

    root: Path
    settings: Settings

    @cached_property
    def graphs(self) -> tuple[GraphSpec, ...]:
        """The registry's GRAPHS; importing it imports no graph."""
        name = self.settings.registry.removesuffix(".py").replace("/", ".")
        found = getattr(self._import(name, self.settings.registry), "GRAPHS", None)
        if not isinstance(found, tuple):
            raise ConfigError(
                f"{self.root / self.settings.registry} has no tuple GRAPHS: one GraphSpec a graph, e.g. GRAPHS = fleet(GraphSpec(...))"
            )
        return checked(found)

    @cached_property
    def runtime(self) -> Runtime:
        """Compiles graphs on their first call."""
        return Runtime(self.graphs, module, contract=self.contract, check=self.check_prompt)

    @cached_property
    def dimensions(self) -> tuple[Dimension, ...]:
        """Every dimension of the segments file."""
        from seatrial.segment import load  # noqa: PLC0415 - a project may have none

        return load(self.root / self.settings.segments) if self.settings.segments else ()

    def check_prompt(self, spec: GraphSpec, version: Version) -> None:
        """Raise a ConfigError for a version whose prompt was edited under its name."""
        check_pinned(self.root, spec, version)

    def spec(self, graph: str) -> GraphSpec:
        """The registry's row of a graph."""
        return self.runtime.spec(graph)

    def evaluators(self, graph: str) -> tuple[Bound, ...]:
        """The graph's suite and the one for every graph (`"*"`), bound."""
        suites = getattr(self._import("evaluators", "evaluators/__init__.py"), "SUITES", None)
        if not isinstance(suites, dict):
            raise ConfigError(
                f'{self.root}/evaluators/__init__.py has no dict SUITES, e.g. SUITES = {{"{graph}": (exact_match,)}}'
            )
        for name, suite in suites.items():
            if name != EVERY:
                self.spec(name)
            if name in (graph, EVERY) and not isinstance(suite, (tuple, list)):
                raise ConfigError(
                    f'{self.root}/evaluators/__init__.py: SUITES["{name}"] is a {type(suite).__name__}; a suite is a tuple, and a tuple of one ends in a comma'
                )
        found = tuple(bind(evaluator) for evaluator in (*suites.get(graph, ()), *suites.get(EVERY, ())))
        if not found:
            raise ConfigError(f"{self.root}/evaluators/__init__.py: SUITES names no evaluator for graph {graph!r}")
        return found

    def dataset(self, graph: str, kind: str = "golden") -> Dataset:
        """The graph's examples, checked against its contract."""
        from seatrial.dataset import load  # noqa: PLC0415

        folder = self.root / "datasets" / graph
        if not folder.is_dir():
            raise ConfigError(f"graph {graph!r} has no dataset: {folder} does not exist")
        return load(folder / f"{kind}.jsonl", self.contract(graph), fleet=self.settings.fleet, graph=graph)

    def contract(self, graph: str) -> Contract | None:
        """The contract that the graph's `dataset.toml` names; None where it names none.

        Raises:
            ConfigError: it cannot be imported or used.
        """
        from seatrial.dataset import Contract, contract_names, read_settings  # noqa: PLC0415

        folder = self.root / "datasets" / graph
        text = read_settings(folder).contract
        if text is None:
            return None
        where = f"{folder}/dataset.toml"
        names = contract_names(text, where)
        found = self._import(names.module, where)
        for name in (names.inputs, names.outputs):
            if not hasattr(found, name):
                raise ConfigError(f"{where}: contract {text!r}: {names.module} has no {name!r}")
        version = str(getattr(found, "VERSION", "1"))
        return Contract(getattr(found, names.inputs), getattr(found, names.outputs), version)

    def _import(self, name: str, what: str) -> Any:
        try:
            return module(name)
        except SeatrialError:
            raise
        except ModuleNotFoundError as error:
            if error.name and f"{PACKAGE}.{name}".startswith(error.name):
                raise ConfigError(
                    f"{what}: {self.root}/{name.replace('.', '/')} does not exist, as a folder or a .py file"
                ) from error
            raise ConfigError(f"{what}: importing {name} needs {error.name}, which is not installed") from error
        except (Exception, SystemExit) as error:
            raise ConfigError(f"{what}: importing {name} failed with {type(error).__name__}: {error}") from error


def open_project(start: Path) -> Project:
    """Find, read and mount the project that `start` lies in."""
    know(os.environ)
    root = find_root(start.resolve())
    settings = read_settings(root)
    mount(root)
    return Project(root, settings)
