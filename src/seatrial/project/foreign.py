"""Foreign: a graph of somebody else's project, loaded from the file it lies in, as LangGraph loads it.

LangGraph's server loads the file that `langgraph.json` names by its path, with the folders of `dependencies` at the end
of the import path, and takes what it finds there: a compiled graph, a StateGraph, or a function that makes one. So do we,
so that a project that runs there runs here, with nothing moved and nothing renamed. Three things differ: folders are
searched by a finder at the end of `sys.meta_path`, so `sys.path` stays as it is and what is installed wins; their `src`
folders are searched too, which LangGraph reaches by installing the project; and relative imports work in a package.
"""

from __future__ import annotations

import importlib
import inspect
import re
import sys
from importlib.machinery import PathFinder
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import TYPE_CHECKING, Any

from seatrial.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from importlib.machinery import ModuleSpec
    from types import ModuleType

DATA = "datasets"
"""A folder of data beside the code must not answer `import datasets`, which asks for a library of that name."""


class Search:
    """A finder of top-level modules in foreign folders, asked after everything that is installed."""

    def __init__(self) -> None:
        self.folders: list[str] = []

    def find_spec(self, name: str, path: Sequence[str] | None = None, target: object = None) -> ModuleSpec | None:
        """Where the module lies; None leaves `import` to say that there is none."""
        del target
        if path is not None:
            return None
        spec = PathFinder.find_spec(name, self.folders)
        return None if spec is None or (name == DATA and spec.origin is None) else spec


SEARCH = Search()


def load_graph(
    source: Path | str, attribute: str, *, search: Sequence[Path] = (), configurable: Mapping[str, Any] | None = None
) -> Any:
    """The compiled graph that `attribute` is, or makes, in a foreign file.

    Args:
        source: a .py file, loaded by its path; or a dotted module that the search folders or the environment hold.
        attribute: a compiled graph, a StateGraph, or a function of nothing or of a config that returns one of them; the
            function is called once.
        search: folders its absolute imports are looked up in.
        configurable: what a function that takes a config finds in it as `configurable`.

    Raises:
        ConfigError: there is no such file or attribute, or it is none of the three.
    """
    _search(search)
    module = importlib.import_module(source) if isinstance(source, str) else _by_path(source.resolve())
    if not hasattr(module, attribute):
        raise ConfigError(f"{source} has no {attribute!r}; langgraph.json names what does not stand there")
    return _graph(getattr(module, attribute), f"{source}:{attribute}", configurable or {})


def _search(folders: Sequence[Path]) -> None:
    SEARCH.folders += [
        name for name in dict.fromkeys(str(one.resolve()) for one in folders) if name not in SEARCH.folders
    ]
    if SEARCH not in sys.meta_path:
        sys.meta_path.append(SEARCH)
    importlib.invalidate_caches()


def _by_path(file: Path) -> ModuleType:
    """The file as a module; a second graph of the same file finds it loaded, since loading may have effects."""
    name = f"{_package(file)}seatrial_foreign_{re.sub(r'[^0-9A-Za-z]', '_', str(file))}"
    if name in sys.modules:
        return sys.modules[name]
    if not file.is_file():
        raise ConfigError(f"{file} does not exist; it was there when the graph was mounted")
    spec = spec_from_file_location(name, file)
    if spec is None or spec.loader is None:
        raise ConfigError(f"{file} is no Python file")
    module = module_from_spec(spec)
    # Before it runs: its type hints are looked up in sys.modules while its graph is built.
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[name]
        raise
    return module


def _package(file: Path) -> str:
    """`my_agent.` where the file lies in a package that can be imported, so that its relative imports work; else nothing."""
    folder, parts = file.parent, list[str]()
    while (folder / "__init__.py").is_file() and folder.name.isidentifier():
        parts.insert(0, folder.name)
        folder = folder.parent
    return "".join(f"{part}." for part in parts) if str(folder) in SEARCH.folders else ""


def _graph(found: Any, where: str, configurable: Mapping[str, Any]) -> Any:
    if not hasattr(found, "stream") and callable(found):
        found = _made(found, where, configurable)
    if hasattr(found, "stream"):
        return found
    if hasattr(found, "compile"):
        return found.compile()
    if hasattr(found, "__aenter__") or hasattr(found, "__enter__"):
        raise ConfigError(
            f"{where} makes a context manager, which nobody here would leave; name a function that returns the graph itself"
        )
    raise ConfigError(
        f"{where} is {_a(found)}; a graph is a compiled graph, a StateGraph, or a function that makes one"
    )


def _made(factory: Any, where: str, configurable: Mapping[str, Any]) -> Any:
    needed = [
        one
        for one in inspect.signature(factory).parameters.values()
        if one.default is one.empty and one.kind not in (one.VAR_POSITIONAL, one.VAR_KEYWORD)
    ]
    if len(needed) > 1:
        raise ConfigError(
            f"{where} asks for {', '.join(one.name for one in needed)}; a function that makes a graph takes nothing, or a config"
        )
    config: Any = {"configurable": dict(configurable)}
    if not needed:
        made = factory()
    elif needed[0].kind is inspect.Parameter.KEYWORD_ONLY:
        made = factory(**{needed[0].name: config})
    else:
        made = factory(config)
    if inspect.iscoroutine(made):
        from seatrial.pool import wait_for  # noqa: PLC0415 - few factories are async

        return wait_for(made)
    return made


def _a(value: object) -> str:
    name = type(value).__name__
    return f"{'an' if name[0].lower() in 'aeiou' else 'a'} {name}"
