"""Fingerprint: what a value holds, as something that can be compared later; what cannot be looked into is itself."""

from __future__ import annotations

import functools
import itertools
import random
import sys
from collections import UserDict, UserList, deque
from collections.abc import Callable, Mapping
from contextvars import ContextVar
from io import BytesIO, StringIO
from queue import LifoQueue, PriorityQueue, Queue
from types import FunctionType, MappingProxyType, ModuleType, SimpleNamespace
from typing import Any

from seatrial.purity.place import Origin, origin

MOST = 50_000
"""Values one fingerprint looks at; a global larger than that is compared by its size."""

_ATOMS = frozenset({int, float, str, bool, bytes, complex, type(None)})
_SEQUENCES = (list, tuple, deque)
_CACHED = functools.cached_property
_LOOKED_INTO: Mapping[type[Any], Callable[[Any], Any]] = {
    SimpleNamespace: vars,
    UserDict: lambda value: value.data,
    UserList: lambda value: value.data,
    StringIO: StringIO.getvalue,
    BytesIO: BytesIO.getvalue,
    ContextVar: lambda value: value.get(None),
    **dict.fromkeys((Queue, LifoQueue, PriorityQueue), lambda value: list(value.queue)),
    **dict.fromkeys((type(iter([])), type(iter(())), type(iter(range(0)))), lambda value: value.__length_hint__()),
}
"""Library types that a user keeps things in, and what they hold."""

_MACHINERY = ("__dict__", "__weakref__")
"""Slots that hold no value of their own."""


class Fingerprint:
    """Takes fingerprints; everything it looked at stays alive with it, so that no identity is used twice."""

    def __init__(self) -> None:
        self._alive: list[Any] = []
        self._left = MOST
        self._open: set[int] = set()

    def of(self, value: Any) -> Any:
        """The fingerprint of one value."""
        self._left, self._open = MOST, set()
        return self._of(value)

    def _of(self, value: Any) -> Any:
        kind = type(value)
        if kind in _ATOMS:
            return (kind, value)
        self._left -= 1
        if id(value) in self._open or self._left < 0:
            return (kind, len(value) if hasattr(kind, "__len__") and kind.__len__ is not None else None)
        self._open.add(id(value))
        try:
            return self._compound(value, kind)
        except Exception:  # noqa: BLE001 - somebody else's property or __len__; its identity is still true
            self._alive.append(value)
            return (kind, id(value))
        finally:
            self._open.discard(id(value))

    def _compound(self, value: Any, kind: type[Any]) -> Any:
        if isinstance(value, (dict, MappingProxyType)):
            return (
                kind,
                tuple([(self._of(key), self._of(one)) for key, one in dict.items(dict(value))]),
                self._own(value),
            )
        if isinstance(value, _SEQUENCES):
            return (kind, tuple([self._of(one) for one in value]), self._own(value))
        if isinstance(value, (set, frozenset)):
            return (kind, frozenset([self._of(one) for one in value]))
        if isinstance(value, bytearray):
            return (kind, bytes(value))
        if isinstance(value, random.Random):
            return (kind, value.getstate())
        if isinstance(value, (itertools.count, itertools.repeat)):
            return (kind, repr(value))
        if kind in _LOOKED_INTO:
            return (kind, self._of(_LOOKED_INTO[kind](value)), self._own(value))
        module = kind.__module__
        if module.startswith("numpy"):
            if hasattr(value, "bit_generator") or hasattr(value, "get_state"):
                return (
                    kind,
                    repr(
                        getattr(value, "bit_generator", value).state
                        if hasattr(value, "bit_generator")
                        else value.get_state()
                    ),
                )
            if hasattr(value, "tolist") and getattr(value, "dtype", None) is not None and value.dtype.hasobject:
                return (kind, value.shape, self._of(value.tolist()))
            if hasattr(value, "tobytes") and value.nbytes < 10_000_000 and not value.dtype.hasobject:
                return (kind, value.shape, str(value.dtype), value.tobytes())
        self._alive.append(value)
        return (kind, id(value), self._own(value) if is_users(kind) else None)

    def _own(self, value: Any) -> Any:
        """The attributes of an instance, those that `cached_property` remembers left out."""
        kind, own = type(value), getattr(value, "__dict__", {})
        cached = cached_names(kind, own)
        found = [(name, self._of(one)) for name, one in own.items() if name not in cached]
        for owner in kind.__mro__:
            names = owner.__dict__.get("__slots__", ())
            found += [
                (name, self._of(getattr(value, name)))
                for name in ((names,) if isinstance(names, str) else names)
                if name not in _MACHINERY and hasattr(value, name)
            ]
        return tuple(found)


def cached_names(kind: type[Any], own: Mapping[str, Any]) -> frozenset[str]:
    """What `cached_property` has left among an instance's own attributes."""
    return frozenset(name for name in own if isinstance(getattr(kind, name, None), _CACHED))


def is_users(kind: type[Any]) -> bool:
    """Whether a class was written by the user."""
    file = getattr(sys.modules.get(kind.__module__), "__file__", None)
    return bool(file) and origin(str(file)) is Origin.USER


def is_users_module(module: ModuleType | None) -> bool:
    """Whether a module was written by the user."""
    file = getattr(module, "__file__", None)
    return bool(file) and origin(str(file)) is Origin.USER


def functions_of(value: Any) -> list[FunctionType]:
    """Every Python function behind a callable: through partials, methods, caches, closures and `__call__`."""
    found: list[FunctionType] = []
    seen: set[int] = set()
    waiting = [value]
    while waiting:
        one = waiting.pop(0)
        if id(one) in seen:
            continue
        seen.add(id(one))
        if isinstance(one, FunctionType):
            found.append(one)
            waiting += [
                cell.cell_contents for cell in one.__closure__ or () if _has(cell) and callable(cell.cell_contents)
            ]
            waiting += [one.__wrapped__] if hasattr(one, "__wrapped__") else []
        elif isinstance(one, functools.partial):
            waiting.append(one.func)
        elif hasattr(one, "__func__"):
            waiting.append(one.__func__)
        elif hasattr(one, "__wrapped__"):
            waiting.append(one.__wrapped__)
        elif not isinstance(one, type) and callable(one):
            waiting += [call for owner in type(one).__mro__ if (call := vars(owner).get("__call__")) is not None][:1]
    return found


def _has(cell: Any) -> bool:
    try:
        cell.cell_contents  # noqa: B018 - an empty cell says so by raising
    except ValueError:
        return False
    return True
