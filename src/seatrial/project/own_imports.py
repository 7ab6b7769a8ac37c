"""Own imports: a project's file that imports its own package absolutely gets the module that relative imports get.

`from graphs.common import X` works in a pytest started in the project's folder, because that folder is on `sys.path` there. On
the command line it is not, so this finder answers: for imports that stand in the project's own files only, and for names of its own
folders only, with the very module of `seatrial_project`, so that one file keeps one identity. An installed package of that name wins.
"""

from __future__ import annotations

import importlib
import sys
from importlib.abc import Loader
from importlib.machinery import ModuleSpec, PathFinder
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path
    from types import ModuleType

BOOTSTRAP = ("<frozen importlib._bootstrap>", "<frozen importlib._bootstrap_external>")
DATA = "datasets"
"""A folder of data; `import datasets` asks for a library of that name."""


class OwnImports:
    """A finder, first of all, for the absolute imports of a mounted project's files."""

    def __init__(self, package: str) -> None:
        self.package = package
        self.root: Path | None = None

    def mount(self, root: Path) -> None:
        """Answer for this project from now on; forget the last one's modules."""
        self.root = root
        prefix = f"{self.package}."
        for name, module in list(sys.modules.items()):
            if not name.startswith(prefix) and getattr(module, "__name__", "").startswith(prefix):
                del sys.modules[name]
        if self not in sys.meta_path:
            sys.meta_path.insert(0, self)

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """The project's own module under its absolute name; None leaves it to the other finders."""
        del target
        top = name.partition(".")[0]
        if self.root is None or top in (self.package, DATA):
            return None
        if path is None:
            folder = self.root / top
            if not (folder.is_dir() or folder.with_suffix(".py").is_file()) or not self._requested_by_project():
                return None
            if self._installed(name):
                return None
        elif getattr(sys.modules.get(top), "__name__", "") != f"{self.package}.{top}":
            return None
        return ModuleSpec(name, _Alias(f"{self.package}.{name}"))

    def _requested_by_project(self) -> bool:
        frame = sys._getframe(2)  # noqa: SLF001 - the import statement's own frame is known nowhere else
        while frame.f_back is not None and frame.f_code.co_filename in BOOTSTRAP:
            frame = frame.f_back
        return str(frame.f_globals.get("__name__", "")).startswith(f"{self.package}.")

    def _installed(self, name: str) -> bool:
        """Whether something else of that name can be imported, outside the project's folder."""
        assert self.root is not None  # noqa: S101 - asked for a mounted project only
        elsewhere = [one for one in sys.path if one and not _same(one, self.root)]
        found = PathFinder.find_spec(name, elsewhere)
        return found is not None and found.origin is not None


def _same(entry: str, root: Path) -> bool:
    try:
        return root.samefile(entry)
    except OSError:
        return False


class _Alias(Loader):
    """Loads a module by taking the one of another name."""

    def __init__(self, target: str) -> None:
        self.target = target
        self.spec: ModuleSpec | None = None

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        """The project's module, loaded if it was not yet."""
        del spec
        module = importlib.import_module(self.target)
        self.spec = module.__spec__
        return module

    def exec_module(self, module: ModuleType) -> None:
        """It ran already; the import system has put the alias's spec on it, and its own comes back."""
        module.__spec__ = self.spec
