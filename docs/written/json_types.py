"""Types of the fields that mappings of the source write: read from annotations, as far as these say it."""

from __future__ import annotations

import ast
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

CALLS = {
    "len": "int",
    "int": "int",
    "float": "float",
    "str": "str",
    "bool": "bool",
    "sum": "int",
    "round": "float",
    "dict": "dict[str, Any]",
    "asdict": "dict[str, Any]",
    "list": "list[Any]",
    "sorted": "list[Any]",
}
"""A function -> what it gives."""
TEXTS = ("isoformat", "as_posix", "join", "hexdigest", "strftime", "hex")
"""Methods that give text."""


@cache
def _classes(texts: tuple[str, ...]) -> Mapping[str, Mapping[str, str]]:
    """Class -> its fields and properties, with their annotations."""
    found: dict[str, dict[str, str]] = {}
    for text in texts:
        for one in ast.walk(ast.parse(text)):
            if isinstance(one, ast.ClassDef):
                own = found.setdefault(one.name, {})
                for part in one.body:
                    if isinstance(part, ast.AnnAssign):
                        own[ast.unparse(part.target)] = ast.unparse(part.annotation)
                    elif isinstance(part, ast.FunctionDef) and part.returns and part.decorator_list:
                        own[part.name] = ast.unparse(part.returns)
    return found


@cache
def _returns(texts: tuple[str, ...]) -> Mapping[str, str]:
    """Function -> what it gives, where all functions of its name give the same."""
    found: dict[str, set[str]] = {}
    for text in texts:
        for one in ast.walk(ast.parse(text)):
            if isinstance(one, ast.FunctionDef) and one.returns:
                found.setdefault(one.name, set()).add(ast.unparse(one.returns))
    return {name: next(iter(kinds)) for name, kinds in found.items() if len(kinds) == 1}


def _literal(value: ast.expr) -> str:
    """What is seen of an expression without knowing a name in it."""
    match value:
        case ast.Constant():
            return type(value.value).__name__.replace("NoneType", "None")
        case ast.JoinedStr():
            return "str"
        case ast.Compare() | ast.UnaryOp(op=ast.Not()):
            return "bool"
        case ast.Dict() | ast.DictComp():
            return "dict[str, Any]"
    return ""


class Types:
    """What expressions of one function of a module are, as annotations; empty where nothing says it."""

    def __init__(self, texts: Iterable[str], module: ast.Module, function: ast.AST) -> None:
        self.classes = _classes(tuple(texts))
        self.returns = dict(_returns(tuple(texts))) | {
            one.name: ast.unparse(one.returns)
            for one in ast.walk(module)
            if isinstance(one, ast.FunctionDef) and one.returns
        }
        self.names: dict[str, str] = {}
        self.values: dict[str, ast.expr] = {}
        for one in ast.walk(function):
            if isinstance(one, ast.arg) and one.annotation:
                self.names[one.arg] = ast.unparse(one.annotation)
            elif isinstance(one, ast.Assign) and isinstance(one.targets[0], ast.Name):
                self.values.setdefault(one.targets[0].id, one.value)
            elif isinstance(one, ast.AnnAssign) and isinstance(one.target, ast.Name):
                self.names[one.target.id] = ast.unparse(one.annotation)

    def of(self, value: ast.expr, depth: int = 0) -> str:
        """The annotation of an expression."""
        if depth > 6:
            return ""
        match value:
            case ast.ListComp() | ast.GeneratorExp():
                return self._list(value.elt, depth)
            case ast.List() | ast.Tuple():
                return self._list(value.elts[0], depth) if value.elts else "list[Any]"
            case ast.Starred():
                return self.of(value.value, depth + 1)
            case ast.IfExp():
                return self._either([value.body, value.orelse], depth)
            case ast.BoolOp():
                return self._either(value.values, depth)
            case ast.Call():
                return self._call(value)
            case ast.Attribute():
                return self._attribute(value, depth)
            case ast.Name():
                if value.id in self.names:
                    return self.names[value.id]
                return self.of(self.values[value.id], depth + 1) if value.id in self.values else ""
        return _literal(value)

    def _list(self, element: ast.expr, depth: int) -> str:
        of = self.of(element, depth + 1)
        return f"tuple[{of or 'Any'}, ...]"

    def _either(self, values: Iterable[ast.expr], depth: int) -> str:
        found = [self.of(one, depth + 1) for one in values]
        return " | ".join(dict.fromkeys(found)) if all(found) else ""

    def _call(self, call: ast.Call) -> str:
        if isinstance(call.func, ast.Name):
            return CALLS.get(call.func.id) or self.returns.get(call.func.id, "")
        if isinstance(call.func, ast.Attribute):
            return "str" if call.func.attr in TEXTS else self.returns.get(call.func.attr, "")
        return ""

    def _attribute(self, value: ast.Attribute, depth: int) -> str:
        if value.attr in ("value", "name") and not self._owner(value, depth):
            return "str"
        return self.classes.get(self._owner(value, depth), {}).get(value.attr, "")

    def _owner(self, value: ast.Attribute, depth: int) -> str:
        return self.of(value.value, depth + 1).removesuffix(" | None").rpartition(".")[2]
