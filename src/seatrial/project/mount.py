"""Project: a user's folder, mounted as the synthetic package `seatrial_project` so that one file has one identity.

`sys.path` stays untouched, relative imports work between the project's files, and workers mount in their initializer.
"""

from __future__ import annotations

import importlib
import sys
from types import ModuleType
from typing import TYPE_CHECKING

from seatrial.pool.user_code import user_code
from seatrial.project.own_imports import OwnImports

if TYPE_CHECKING:
    from pathlib import Path

PACKAGE = "seatrial_project"
OWN = OwnImports(PACKAGE)


def mount(root: Path) -> None:
    """Make the folder `root` importable as `seatrial_project`; mounting another root forgets the first one's modules."""
    here = [str(root.resolve())]
    mounted = sys.modules.get(PACKAGE)
    if mounted is not None and list(mounted.__path__) == here:
        return
    for name in [name for name in sys.modules if name == PACKAGE or name.startswith(PACKAGE + ".")]:
        del sys.modules[name]
    package = ModuleType(PACKAGE, "The mounted project.")
    package.__path__ = here
    sys.modules[PACKAGE] = package
    OWN.mount(root.resolve())
    importlib.invalidate_caches()


def module(name: str) -> ModuleType:
    """Import `name`, dotted and relative to the mounted project's root."""
    with user_code():
        return importlib.import_module(f"{PACKAGE}.{name}")
