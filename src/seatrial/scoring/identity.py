"""Identity: what an evaluator is by content, so that a tolerance edited under the same name is another evaluator.

It is read from source text and values, never from bytecode or memory addresses: the same on another machine, in another
folder and in another process. What belongs to it: the evaluator's own code; every function and class of the same package, of the
project or of seatrial's checks that it calls, and so on; constants they read; what closures, partials, decorators, default
arguments and instances hold; files in the package that a constant names. What does not: installed packages other
than its own, which are known by name (pin them), and what is only imported or looked up by a computed name.
"""

from __future__ import annotations

import ast
import copyreg
import enum
import hashlib
import importlib
import importlib.util
import sys
import sysconfig
import types
from collections.abc import Mapping
from functools import partial
from pathlib import Path, PurePath
from typing import Any
from weakref import WeakKeyDictionary

from seatrial.scoring import source

MOST_DEPTH = 120
"""Values nested deeper than this are known by their type."""

MOST_BYTES = 50_000_000
"""A file that a constant names counts by content up to this size, and by its size beyond."""

_CONTRACT = (
    *("seatrial.scoring", "seatrial.errors", "seatrial.verdict", "seatrial.project", "seatrial.wording"),
    "seatrial.model",
)
"""Modules of ours that no score depends on; what carries a question to a model is no part of what is asked."""

_known: WeakKeyDictionary[Any, str] = WeakKeyDictionary()
"""Identity of each evaluator that was asked for: taken before its first run, which may fill memos."""


def identity(evaluator: Any) -> str:
    """16 hex digits that change when the evaluator's code, helpers or arguments do."""
    try:
        if evaluator in _known:
            return _known[evaluator]
    except TypeError:
        return _identity(evaluator)  # neither hashable nor to be referred to weakly
    found = _identity(evaluator)
    _known[evaluator] = found
    return found


def _identity(evaluator: Any) -> str:
    reader = _Reader(_package(evaluator))
    reader.value(evaluator)
    return hashlib.sha256("\n".join(reader.reported).encode("utf-8", "surrogatepass")).hexdigest()[:16]


class _Reader:
    """Walks what an evaluator is made of and writes it down in one order."""

    def __init__(self, package: str) -> None:
        self.reported: list[str] = []
        self._package = package
        self._seen: dict[Any, int] = {}
        self._kept: list[Any] = []  # so that no id is given to a second object
        self._depth = 0

    def value(self, value: Any, near: types.ModuleType | None = None) -> None:
        """Any value: a constant by what it is, code by its source, an object by its type and what it holds."""
        if value is None or (
            isinstance(value, (bool, int, float, complex, bytes)) and not isinstance(value, enum.Enum)
        ):
            self.reported.append(f"{type(value).__name__} {value!r}")
        elif isinstance(value, (str, PurePath)) and not isinstance(value, enum.Enum):
            self._text(value, near)
        elif self._repeated(id(value), value):
            return
        elif self._depth > MOST_DEPTH:
            self.reported.append(f"deep {_name_of(type(value))}")
        else:
            self._depth += 1
            try:
                self._compound(value, near)
            finally:
                self._depth -= 1

    def _repeated(self, key: Any, value: Any = None) -> bool:
        """Whether something was written down before; it is then named by its place."""
        first = self._seen.setdefault(key, len(self._seen))
        if first < len(self._seen) - 1 or len(self._kept) == len(self._seen):
            self.reported.append(f"as {first}")
            return True
        self._kept.append(value)
        return False

    def _compound(self, value: Any, near: types.ModuleType | None) -> None:
        if isinstance(value, enum.Enum):
            self.reported.append(f"enum {_name_of(type(value))}.{value.name}")
            self.value(value.value, near)
        elif isinstance(value, types.FunctionType):
            self._function(value)
        elif isinstance(value, types.MethodType):
            self.value(value.__func__, near)
            self.value(value.__self__, near)
        elif isinstance(value, type):
            self._class(value)
        elif isinstance(value, types.ModuleType):
            self.reported.append(f"module {value.__name__}")
        elif isinstance(value, partial):
            self.reported.append("partial")
            self._many((value.func, value.args, value.keywords), near)
        elif isinstance(value, Mapping) and type(value).__module__ in ("builtins", "collections"):
            self.reported.append(f"{type(value).__name__} {len(value)}")
            for name, one in value.items():
                self._many((name, one), near)
        elif type(value) in (set, frozenset):
            self._set(value, near)
        elif isinstance(value, (list, tuple)):
            self.reported.append(f"{_name_of(type(value))} {len(value)}")
            self._many(value, near)
        elif isinstance(value, types.BuiltinFunctionType):
            self.reported.append(f"named {value.__qualname__}")
        else:
            self._object(value, near)

    def _many(self, values: Any, near: types.ModuleType | None) -> None:
        for one in values:
            self.value(one, near)

    def _set(self, values: Any, near: types.ModuleType | None) -> None:
        # The order of a set is another in each process: each member is written by itself, then they are sorted.
        members = []
        for one in values:
            apart = _Reader(self._package)
            apart.value(one, near)
            members.append("\n".join(apart.reported))
        self.reported.append(f"{type(values).__name__} {len(values)}")
        self.reported += sorted(members)

    def _text(self, value: str | PurePath, near: types.ModuleType | None) -> None:
        text, root = str(value), _root(near)
        file = None
        if root and PurePath(text).is_absolute() and (text == root or text.startswith(root + "/")):
            file, text = Path(text), f"<root>{text[len(root) :]}"
        elif root and near is not None and near.__file__ and _looks_like_a_file(text):
            file = next(
                (at for place in (Path(near.__file__).parent, Path(root)) if (at := place / text).is_file()), None
            )
        self.reported.append(f"{'path' if isinstance(value, PurePath) else 'str'} {text!r}")
        if file is not None and file.is_file():
            size = file.stat().st_size
            content = hashlib.sha256(file.read_bytes()).hexdigest() if size <= MOST_BYTES else str(size)
            self.reported.append(f"file {content}")

    def _function(self, function: types.FunctionType) -> None:
        if not self._ours(function.__module__):
            self.reported.append(f"named {function.__module__}.{function.__qualname__}")
            return
        module = source.module_of(function.__module__, function.__globals__)
        tree = source.function_tree(function)
        self.reported.append("function")
        if tree is None:
            self._bytecode(function.__code__)
            chains: list[tuple[str, ...]] = [(name,) for name in _names(function.__code__)]
        else:
            self._tree(tree, module)
            read = _names(function.__code__) | set(_decorators(tree))
            chains = [chain for chain in source.reads([tree]) if chain[0] in read]
        self._globals(chains, function.__globals__, module)
        self._many((function.__defaults__, function.__kwdefaults__), module)
        outer = _enclosing(function, module)
        for name, cell in zip(function.__code__.co_freevars, function.__closure__ or (), strict=True):
            self.reported.append(f"closure {name}")
            try:
                kept = cell.cell_contents
            except ValueError:
                continue  # not bound yet
            if not (isinstance(kept, (dict, list, set)) and source.starts_empty_in(outer, name)):
                self.value(kept, module)
        wrapped = vars(function).get("__wrapped__")
        if wrapped is not None:
            self.value(wrapped, module)

    def _bytecode(self, code: types.CodeType) -> None:
        self.reported.append(f"bytecode {sys.version_info[:2]} {code.co_code.hex()} {code.co_names} {code.co_varnames}")
        for one in code.co_consts:
            if isinstance(one, types.CodeType):
                self._bytecode(one)
            else:
                self.value(one)

    def _class(self, cls: type) -> None:
        if cls is object or not self._ours(cls.__module__):
            self.reported.append(f"class {_name_of(cls)}")
            return
        self.reported.append(f"class {cls.__qualname__}")
        tree, module = source.class_tree(cls), sys.modules.get(cls.__module__)
        self._many(cls.__bases__, module)
        if tree is None or module is None:
            for name, one in sorted(vars(cls).items()):
                if isinstance(one, (types.FunctionType, classmethod, staticmethod, property, str, int, float, tuple)):
                    self.reported.append(name)
                    self.value(getattr(one, "__func__", getattr(one, "fget", one)), module)
            return
        self._tree(tree, module)
        self._globals(source.reads([tree]), vars(module), module)

    def _tree(self, tree: ast.AST, module: types.ModuleType | None) -> None:
        self.reported.append(source.dump(tree))
        for text in source.texts(tree):
            if _looks_like_a_file(text):
                self._text(text, module)
        for name, level, names in source.imports([tree]):
            self._imported(name, level, names, module)

    def _imported(self, name: str, level: int, names: tuple[str, ...], module: types.ModuleType | None) -> None:
        """What a function imports when it is called: it is imported now, to know what it is."""
        package = getattr(module, "__package__", None) or ""
        try:
            full = importlib.util.resolve_name("." * level + name, package) if level else name
            if not self._ours(full):
                return
            found = importlib.import_module(full)
        except Exception:  # noqa: BLE001 - it would fail in the evaluator as well, which is an outcome there
            self.reported.append(f"no module {name}")
            return
        for one in names:
            self._global((one,), vars(found), found)

    def _globals(self, chains: Any, names: Mapping[str, Any], module: types.ModuleType | None) -> None:
        for chain in chains:
            if chain[0] in names:
                self.reported.append(f"reads {'.'.join(chain)}")
                self._global(chain, names, module)

    def _global(self, chain: tuple[str, ...], names: Mapping[str, Any], module: types.ModuleType | None) -> None:
        name, *rest = chain
        if name not in names:
            return
        value = names[name]
        if isinstance(value, types.ModuleType):
            if rest and self._ours(value.__name__):
                self._global(tuple(rest), vars(value), value)
            elif self._ours(value.__name__) and (tree := source.module_tree(value)) is not None:
                # It is handed on as it is: anything in it may be used.
                if not self._repeated(value.__name__):
                    self._tree(tree, value)
                    self._globals(source.reads([tree]), vars(value), value)
            else:
                self.reported.append(f"module {value.__name__}")
            return
        if isinstance(value, (types.FunctionType, type)) or _is_constant(value):
            self._bound_by(value, name, module)
            return
        statements = self._statements(name, module)
        if not statements:
            self.value(value, module)
        elif not self._repeated((module.__name__ if module else "", name)):
            # An object is what made it: what it holds may change while it is used.
            for statement in statements:
                self._statement(statement, name, module)

    def _bound_by(self, value: Any, name: str, module: types.ModuleType | None) -> None:
        if isinstance(value, (dict, list, set)):
            statements = self._statements(name, module)
            if source.starts_empty(statements):
                for statement in statements:
                    self._statement(statement, name, module)
                return
        self.value(value, module)

    def _statements(self, name: str, module: types.ModuleType | None) -> list[ast.stmt]:
        tree = source.module_tree(module) if module is not None else None
        return source.statements_of(tree, name) if tree is not None else []

    def _statement(self, statement: ast.stmt, name: str, module: types.ModuleType | None) -> None:
        if isinstance(statement, ast.ImportFrom) and module is not None:
            original = next((one.name for one in statement.names if (one.asname or one.name) == name), name)
            self._imported(statement.module or "", statement.level, (original,), module)
            return
        self.reported.append(source.dump(statement))
        if module is not None:
            chains = [chain for chain in source.reads([statement]) if chain[0] != name]
            self._globals(chains, vars(module), module)

    def _object(self, value: Any, near: types.ModuleType | None) -> None:
        wrapped = getattr(value, "__wrapped__", None)
        if isinstance(wrapped, (types.FunctionType, partial)):
            self.value(wrapped, near)  # a cache around a function: what it remembers is no part of it
            return
        self.value(type(value), near)
        try:
            registered = copyreg.dispatch_table.get(type(value))  # a compiled pattern is taken apart by nothing else
            reduced = registered(value) if registered else value.__reduce_ex__(2)
        except Exception:  # noqa: BLE001 - a lock, a connection: its type is all that is known of it
            return
        if isinstance(reduced, str):
            self.reported.append(reduced)
            return
        for part in reduced[:3]:
            self.value(part, near)
        for part in reduced[3:5]:
            self._many(part or (), near)

    def _ours(self, module: str | None) -> bool:
        """Whether code of this module is read: the evaluator's own package, seatrial's, and what is not installed."""
        if not module:
            return True  # made by exec: nobody knows it by a name
        top = module.partition(".")[0]
        if top == "seatrial":
            return not any(module == one or module.startswith(one + ".") for one in _CONTRACT)
        return top == self._package or not _installed(top)


def _package(evaluator: Any) -> str:
    made = evaluator if hasattr(evaluator, "__qualname__") else type(evaluator)
    return str(getattr(made, "__module__", "") or "").partition(".")[0]


_INSTALLED = tuple(
    str(Path(sysconfig.get_path(name)).resolve()) for name in ("stdlib", "platstdlib", "purelib", "platlib")
)


def _installed(top: str) -> bool:
    """Whether a top-level module is Python's own or lies among installed packages."""
    if top in sys.stdlib_module_names or top in sys.builtin_module_names:
        return True
    module = sys.modules.get(top)
    if module is None:
        return False
    if top == "__main__":
        return False
    places = [getattr(module, "__file__", None) or "", *(getattr(module, "__path__", None) or ())]
    return any(str(Path(place).resolve()).startswith(_INSTALLED) for place in places if place)


def _root(module: types.ModuleType | None) -> str:
    """The folder of a module's top-level package: paths are told from there."""
    if module is None or not getattr(module, "__file__", None):
        return ""
    top = sys.modules.get(module.__name__.partition(".")[0])
    places = list(getattr(top, "__path__", None) or ())
    return str(places[0]) if places else str(Path(str(module.__file__)).parent)


def _looks_like_a_file(text: str) -> bool:
    return 2 < len(text) < 200 and "." in text[1:-1] and not any(c.isspace() or c == "\0" for c in text)


def _is_constant(value: Any) -> bool:
    plain = (type(None), bool, int, float, complex, bytes, str, PurePath, enum.Enum)
    return isinstance(value, (*plain, tuple, list, dict, set, frozenset, partial, types.MappingProxyType))


def _names(code: types.CodeType) -> set[str]:
    found = set(code.co_names)
    for one in code.co_consts:
        if isinstance(one, types.CodeType):
            found |= _names(one)
    return found


def _decorators(tree: source.Defined) -> list[str]:
    return [] if isinstance(tree, ast.Lambda) else [chain[0] for chain in source.reads(tree.decorator_list)]


def _enclosing(function: types.FunctionType, module: types.ModuleType | None) -> source.Defined | None:
    """The tree of the function that a closure was made in."""
    tree = source.module_tree(module) if module is not None else None
    outer = function.__qualname__.split(".<locals>.")[:-1]
    name = outer[-1].rpartition(".")[2] if outer else ""
    if tree is None or not name:
        return None
    found = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef) and node.name == name]
    return found[-1] if found else None


def _name_of(cls: type) -> str:
    return f"{cls.__module__}.{cls.__qualname__}"
