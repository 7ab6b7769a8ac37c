"""Source: the syntax tree behind a function, a class or a module-level name, and which other names it reads.

A tree says nothing of comments, spacing, line numbers or folders, so it is the same on another machine. Docstrings and
annotations of functions are left out: they change no score.
"""

from __future__ import annotations

import ast
import sys
import types
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias
from weakref import WeakKeyDictionary

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

Defined: TypeAlias = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda
_DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
_BLOCKS = (ast.Expr, ast.If, ast.For, ast.While, ast.With, ast.Try, ast.Match)

_CONTAINERS = frozenset(
    (
        "dict",
        "list",
        "set",
        "defaultdict",
        "OrderedDict",
        "Counter",
        "deque",
        "WeakKeyDictionary",
        "WeakValueDictionary",
    )
)

_trees: WeakKeyDictionary[types.ModuleType, ast.Module | None] = WeakKeyDictionary()
"""The tree of each imported module, read once: its file may be edited afterwards, and what runs is what was imported."""

_functions: WeakKeyDictionary[types.ModuleType, dict[tuple[int, str], list[Defined]]] = WeakKeyDictionary()
"""Where the functions of that tree are, walked once however many evaluators are in one file."""


def module_tree(module: types.ModuleType) -> ast.Module | None:
    """The tree of a module's file; None where it has none that can be read."""
    if module not in _trees:
        file = getattr(module, "__file__", None)
        try:
            _trees[module] = ast.parse(Path(file).read_bytes()) if file and file.endswith(".py") else None
        except (OSError, SyntaxError, ValueError):
            _trees[module] = None
    return _trees[module]


def function_tree(function: types.FunctionType) -> Defined | None:
    """The tree of a function or lambda; None where its source is not known (made by exec, typed at a prompt)."""
    module, code = module_of(function.__module__, function.__globals__), function.__code__
    tree = module_tree(module) if module is not None else None
    if tree is None or module is None or code.co_filename != module.__file__:
        return None
    found = _functions_of(module, tree).get((code.co_firstlineno, code.co_name), [])
    if len(found) > 1:  # several lambdas on one line: the one that spans what the code spans
        spans = [span for span in code.co_positions() if None not in span]
        last = max(((line, column) for _, line, _, column in spans if line and column), default=None)
        found = [node for node in found if isinstance(node, ast.Lambda) and _end(node) == last] or found[:1]
    return found[0] if found else None


def _functions_of(module: types.ModuleType, tree: ast.Module) -> dict[tuple[int, str], list[Defined]]:
    """First line and name -> the functions of a module that have them."""
    if module not in _functions:
        places: dict[tuple[int, str], list[Defined]] = {}
        for node in ast.walk(tree):
            if isinstance(node, Defined):
                places.setdefault((_first_line(node), _named(node)), []).append(node)
        _functions[module] = places
    return _functions[module]


def class_tree(cls: type) -> ast.ClassDef | None:
    """The tree of a class by its qualified name; of several of one name the last; None where none is known."""
    module = sys.modules.get(cls.__module__)
    tree = module_tree(module) if module is not None else None
    scope: ast.AST | None = tree
    for part in cls.__qualname__.split("."):
        if scope is None or part == "<locals>":
            continue
        inside = [
            node
            for node in ast.walk(scope)
            if isinstance(node, _DEFINITIONS) and node.name == part and node is not scope
        ]
        scope = inside[-1] if inside else None
    return scope if isinstance(scope, ast.ClassDef) else None


def statements_of(tree: ast.Module, name: str) -> list[ast.stmt]:
    """The top-level statements that bind a name or may change what it holds, definitions apart."""
    return [
        statement
        for statement in tree.body
        if not isinstance(statement, _DEFINITIONS)
        and any(_touches(node, name, isinstance(statement, _BLOCKS)) for node in ast.walk(statement))
    ]


def _touches(node: ast.AST, name: str, called: bool) -> bool:
    """Whether a part of a statement binds a name, changes what it holds, or may (`called`: `names.update(...)`)."""
    if isinstance(node, ast.Name):
        return node.id == name and (called or isinstance(node.ctx, ast.Store))
    if isinstance(node, (ast.Subscript, ast.Attribute)):
        return isinstance(node.ctx, ast.Store) and isinstance(node.value, ast.Name) and node.value.id == name
    return isinstance(node, ast.alias) and (node.asname or node.name.partition(".")[0]) == name


def starts_empty(statements: Iterable[ast.stmt]) -> bool:
    """Whether what these statements bind begins as an empty container: a memo, or a table that they fill."""
    return any(_is_empty(getattr(statement, "value", None)) for statement in statements)


def starts_empty_in(function: Defined | None, name: str) -> bool:
    """The same of a local name of the function that encloses another."""
    if function is None or isinstance(function, ast.Lambda):
        return False
    return any(
        isinstance(node, (ast.Assign, ast.AnnAssign))
        and any(isinstance(one, ast.Name) and one.id == name for one in _targets(node))
        and _is_empty(node.value)
        for node in ast.walk(function)
    )


def reads(trees: Iterable[ast.AST]) -> Iterator[tuple[str, ...]]:
    """Each name that is read and the attributes taken of it: `("helpers", "clean")`; in order, each once."""
    found: dict[tuple[str, ...], None] = {}
    for tree in trees:
        chained: set[int] = set()
        for node in ast.walk(tree):
            chain: list[str] = []
            at: ast.AST = node
            while isinstance(at, ast.Attribute):
                chain.append(at.attr)
                at = at.value
            if isinstance(at, ast.Name) and id(at) not in chained:
                chained.add(id(at))
                found[(at.id, *reversed(chain))] = None
    yield from sorted(found)


def imports(trees: Iterable[ast.AST]) -> Iterator[tuple[str, int, tuple[str, ...]]]:
    """What is imported inside these trees: module, level, names (none: the module itself)."""
    for tree in trees:
        for node in ast.walk(tree):
            if isinstance(node, ast.Import):
                yield from ((alias.name, 0, ()) for alias in node.names)
            elif isinstance(node, ast.ImportFrom):
                yield node.module or "", node.level, tuple(alias.name for alias in node.names)


def texts(tree: ast.AST) -> Iterator[str]:
    """The text constants of a tree, docstrings apart."""
    plain = _docstrings(tree)
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in plain:
            yield node.value


def dump(tree: ast.AST) -> str:
    """A tree as text, the same on every Python that reads it alike: fields that are empty are not named."""
    return _dump(tree, _docstrings(tree))


def module_of(name: str | None, names: Mapping[str, Any]) -> types.ModuleType | None:
    """The imported module whose global names these are."""
    module = sys.modules.get(name or "")
    return module if module is not None and vars(module) is names else None


def _dump(node: Any, docstrings: set[int]) -> str:
    if isinstance(node, list):
        return f"[{','.join(_dump(one, docstrings) for one in node if not _is_docstring(one, docstrings))}]"
    if not isinstance(node, ast.AST):
        return f"{type(node).__name__}:{node!r}"
    given = [
        f"{name}={_dump(value, docstrings)}"
        for name, value in ast.iter_fields(node)
        if value not in (None, [])
        and name not in ("ctx", "kind", "type_comment", "returns")
        and not (name == "annotation" and isinstance(node, ast.arg))
    ]
    if isinstance(node, ast.Constant) and node.value is None:
        given = ["None"]
    return f"{type(node).__name__}({','.join(given)})"


def _is_docstring(node: Any, docstrings: set[int]) -> bool:
    return isinstance(node, ast.Expr) and id(node.value) in docstrings


def _docstrings(tree: ast.AST) -> set[int]:
    return {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, (*_DEFINITIONS, ast.Module))
        and node.body
        and isinstance(node.body[0], ast.Expr)
        and isinstance(node.body[0].value, ast.Constant)
        and isinstance(node.body[0].value.value, str)
    }


def _is_empty(value: ast.AST | None) -> bool:
    if isinstance(value, ast.Dict):
        return not value.keys
    if isinstance(value, (ast.List, ast.Set)):
        return not value.elts
    if not isinstance(value, ast.Call) or value.keywords:
        return False
    made = value.func.attr if isinstance(value.func, ast.Attribute) else getattr(value.func, "id", "")
    return made == "defaultdict" if value.args else made in _CONTAINERS


def _targets(node: ast.Assign | ast.AnnAssign) -> list[ast.expr]:
    return node.targets if isinstance(node, ast.Assign) else [node.target]


def _first_line(node: Defined) -> int:
    decorators = [] if isinstance(node, ast.Lambda) else node.decorator_list
    return min([node.lineno, *(one.lineno for one in decorators)])


def _named(node: Defined) -> str:
    return "<lambda>" if isinstance(node, ast.Lambda) else node.name


def _end(node: ast.Lambda) -> tuple[int | None, int | None]:
    return node.body.end_lineno, node.body.end_col_offset
