"""Structure: how the source may be built, beyond the order of rooms that import-linter holds."""

import ast
from graphlib import TopologicalSorter
from pathlib import Path

import grimp
import pytest

SOURCE = next(parent for parent in Path(__file__).parents if (parent / "pyproject.toml").exists()) / "src"
LONGEST = 50
"""Lines of a function of the gate, its docstring not counted: it fits on one screen."""


def _lines(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    first = function.body[0]
    documented = ast.get_docstring(function) is not None
    described = (first.end_lineno or 0) - first.lineno + 1 if documented else 0
    return (function.end_lineno or 0) - function.lineno + 1 - described


@pytest.mark.parametrize("room", ["gate", "reason", "segment"])
def test_no_function_of_the_gate_is_longer_than_a_screen(room: str) -> None:
    too_long = [
        f"{path.relative_to(SOURCE)}:{one.lineno} {one.name} has {_lines(one)} lines"
        for path in sorted((SOURCE / "seatrial" / room).rglob("*.py"))
        for one in ast.walk(ast.parse(path.read_text()))
        if isinstance(one, (ast.FunctionDef, ast.AsyncFunctionDef)) and _lines(one) >= LONGEST
    ]
    assert too_long == []


def _imports() -> dict[str, set[str]]:
    """Module -> modules it imports when it is itself imported: not late, and not for types alone."""
    graph = grimp.build_graph("seatrial", exclude_type_checking_imports=True, cache_dir=None)
    found: dict[str, set[str]] = {}
    for module in graph.modules:
        place = SOURCE / Path(*module.split("."))
        lines = (place / "__init__.py" if place.is_dir() else place.with_suffix(".py")).read_text().splitlines()
        found[module] = {
            imported
            for imported in graph.find_modules_directly_imported_by(module)
            for one in graph.get_import_details(importer=module, imported=imported)
            if not lines[one["line_number"] - 1].startswith(" ")
        }
    return found


def test_no_module_imports_itself_by_way_of_others() -> None:
    imports = _imports()
    assert "seatrial.gate.merge" in imports["seatrial.gate.anchor"]
    TopologicalSorter(imports).prepare()  # raises a CycleError that names the modules of a cycle
