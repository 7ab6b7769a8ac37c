"""State: everything an evaluator could remember in, named, so that what changed can be said and put back."""

from __future__ import annotations

import copy
import os
import random
import sys
from collections import deque
from enum import Enum
from types import FunctionType, ModuleType
from typing import TYPE_CHECKING, Any

from seatrial.purity.fingerprint import Fingerprint, cached_names, functions_of, is_users, is_users_module
from seatrial.purity.impurity import Kind

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

_REFILLED = (dict, list, set, deque, bytearray)
_ABSENT = object()


class Cell:
    """One place that can hold a memory: `read` gives what it holds, `write` puts something else there (if it can be).

    Its kind tells whose it is: `Kind.STATE` belongs to the user's code, every other kind to the whole process.
    """

    __slots__ = ("kind", "read", "what", "write")

    def __init__(
        self,
        what: str,
        read: Callable[[], Any],
        write: Callable[[Any], object] | None = None,
        kind: Kind = Kind.STATE,
    ) -> None:
        self.what, self.read, self.write, self.kind = what, read, write, kind


class State:
    """What all the cells of an evaluator hold at one moment.

    Args:
        call: the evaluator.
    """

    def __init__(self, call: Any) -> None:
        self._call = call
        self._prints = Fingerprint()
        self._cells: dict[str, Cell] = {}
        self._values: dict[str, Any] = {}
        self._kept: dict[str, tuple[Any, Any]] = {}
        for cell in cells(call):
            self._hold(cell)

    def meet(self) -> None:
        """Take what the process has come to share since as it is now: a library just loaded was nothing before."""
        for cell in cells(self._call):
            if cell.kind is not Kind.STATE and cell.what not in self._values:
                self._hold(cell)

    def changed(self) -> list[Cell]:
        """The cells that hold something else now, new ones included."""
        now = {cell.what: cell for cell in cells(self._call)}
        missing = [cell for what, cell in self._cells.items() if what not in now]
        return missing + [
            cell
            for what, cell in now.items()
            if what not in self._values or self._prints.of(cell.read()) != self._values[what]
        ]

    def holds(self, cell: Cell) -> bool:
        """Whether this cell still holds what it held."""
        kept = self._values.get(cell.what, _ABSENT)
        value = cell.read()
        return value is _ABSENT if kept is _ABSENT else self._prints.of(value) == kept

    def print_of(self, cell: Cell) -> Any:
        """A fingerprint of what the cell holds now."""
        return self._prints.of(cell.read())

    def restore(self, cell: Cell) -> None:
        """Put back what the cell held, as far as that can be done: names, and what plain containers hold."""
        value, content = self._kept.get(cell.what, (_ABSENT, None))
        if cell.write is not None and cell.read() is not value:
            cell.write(value)
        if content is not None:
            _refill(value, content)

    def _hold(self, cell: Cell) -> None:
        value = cell.read()
        self._cells[cell.what] = cell
        self._values[cell.what] = self._prints.of(value)
        self._kept[cell.what] = _kept(value)


def cells(call: Any) -> Iterator[Cell]:
    """Every cell: the globals of the user's modules, what his functions and classes carry, and what everybody shares."""
    functions = functions_of(call)
    seen: set[int] = set()
    for function in functions:
        yield from _of_function(function, seen)
    owner = getattr(call, "__self__", call)
    if is_users(type(owner)):
        yield Cell("the evaluator's own attributes", lambda: vars(owner) if hasattr(owner, "__dict__") else owner)
    for module in _modules(functions):
        yield from _of_module(module, seen)
    shared: Any = random._inst  # noqa: SLF001 - the one behind random.random()
    yield Cell("the generator behind random.random()", shared.getstate, shared.setstate, Kind.RANDOM)
    numpy = sys.modules.get("numpy.random")
    if numpy is not None:
        yield Cell("the generator behind numpy.random.random()", numpy.get_state, numpy.set_state, Kind.RANDOM)
    yield Cell("the environment", lambda: dict(os.environ), _environment_restored, Kind.ENVIRONMENT)


def _environment_restored(held: Mapping[str, str]) -> None:
    for name in os.environ.keys() - held.keys():
        del os.environ[name]
    os.environ.update({name: value for name, value in held.items() if os.environ.get(name) != value})


def _modules(functions: list[FunctionType]) -> Iterator[ModuleType]:
    """The user's modules that the functions can reach by name."""
    waiting = [sys.modules.get(function.__module__ or "") for function in functions]
    seen: set[int] = set()
    while waiting:
        module = waiting.pop(0)
        if module is None or id(module) in seen or not is_users_module(module):
            continue
        seen.add(id(module))
        yield module
        for value in list(vars(module).values()):
            if isinstance(value, ModuleType):
                waiting.append(value)
            elif isinstance(value, (FunctionType, type)) or hasattr(value, "__wrapped__"):
                waiting.append(sys.modules.get(getattr(value, "__module__", None) or ""))


def _of_module(module: ModuleType, seen: set[int]) -> Iterator[Cell]:
    names = vars(module)
    for name, value in list(names.items()):
        if name.startswith("__") or isinstance(value, ModuleType):
            continue
        if isinstance(value, type):
            if is_users(value) and not issubclass(value, Enum) and value.__module__ == module.__name__:
                yield from _of_class(value)
        elif isinstance(value, FunctionType) or hasattr(value, "__wrapped__"):
            for function in functions_of(value):
                yield from _of_function(function, seen)
        else:
            yield Cell(
                f"the global {name!r} of {module.__name__}",
                lambda name=name: names.get(name, _ABSENT),  # type: ignore[misc]  # bound now
                lambda value, name=name: names.pop(name, None) if value is _ABSENT else names.__setitem__(name, value),  # type: ignore[misc]
            )


def _of_class(owner: type[Any]) -> Iterator[Cell]:
    for name, value in list(vars(owner).items()):
        if (
            not name.startswith("__")
            and not name.startswith("_abc_")
            and not callable(value)
            and not hasattr(value, "__get__")
        ):
            yield Cell(
                f"the class attribute {owner.__name__}.{name}",
                lambda name=name: vars(owner).get(name, _ABSENT),  # type: ignore[misc]  # bound now
                lambda value, name=name: delattr(owner, name) if value is _ABSENT else setattr(owner, name, value),  # type: ignore[misc]
            )


def _of_function(function: FunctionType, seen: set[int]) -> Iterator[Cell]:
    if id(function) in seen or function.__module__ in _OURS:
        return
    seen.add(id(function))
    name, code = function.__qualname__, function.__code__
    positional = code.co_varnames[: code.co_argcount]
    defaults = function.__defaults__ or ()
    for argument, value in zip(positional[len(positional) - len(defaults) :], defaults, strict=True):
        yield Cell(f"the default of the argument {argument!r} of {name}", lambda value=value: value)  # type: ignore[misc]
    for argument, value in (function.__kwdefaults__ or {}).items():
        yield Cell(f"the default of the argument {argument!r} of {name}", lambda value=value: value)  # type: ignore[misc]
    own = vars(function)
    yield Cell(
        f"an attribute of the function {name}",
        lambda: {key: value for key, value in own.items() if key != "__wrapped__"},
        lambda value: _refill(own, value),
    )
    for variable, cell in zip(code.co_freevars, function.__closure__ or (), strict=True):
        yield Cell(
            f"the variable {variable!r} that {name} closes over",
            lambda cell=cell: _inside(cell),  # type: ignore[misc]
            lambda value, cell=cell: setattr(cell, "cell_contents", value),  # type: ignore[misc]
        )


_OURS = ("seatrial.scoring",)
"""Binds an evaluator to one calling convention; holds nothing."""


def _inside(cell: Any) -> Any:
    try:
        return cell.cell_contents
    except ValueError:
        return _ABSENT


def _kept(value: Any) -> tuple[Any, Any]:
    """The object itself, and a copy of what it holds when it is a plain container."""
    if not isinstance(value, _REFILLED):
        return value, None
    try:
        return value, copy.deepcopy(value)
    except Exception:  # noqa: BLE001 - it holds something that cannot be copied
        return value, copy.copy(value)


def _refill(value: Any, content: Any) -> None:
    fresh = _kept(content)[1]
    value.clear()
    if isinstance(value, (dict, set)):
        value.update(fresh)
    else:
        value.extend(fresh)


def forget_caches(call: Any) -> None:
    """Empty every functools.cache and cached_property among the user's globals: what was done the first time is done again."""
    found: Mapping[int, Any] = {
        id(value): value
        for module in _modules(functions_of(call))
        for value in list(vars(module).values())
        if hasattr(value, "cache_clear") and hasattr(value, "cache_info")
    }
    for cache in found.values():
        cache.cache_clear()
    for module in _modules(functions_of(call)):
        for value in list(vars(module).values()):
            own = getattr(value, "__dict__", None)
            if type(own) is dict and is_users(type(value)):
                for name in cached_names(type(value), own):
                    del own[name]
