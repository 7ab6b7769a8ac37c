"""Values: impure functions that are handed on instead of called, to a partial, to `map`, as a `default_factory`.

Whoever calls them then is C code, and a call from C to C is heard by nobody. So the code that ran is read: an impure
function that stands in it as a value is as good as called.
"""

from __future__ import annotations

import dis
import functools
import sys
from types import BuiltinFunctionType, BuiltinMethodType, CodeType, ModuleType
from typing import TYPE_CHECKING, Any

from seatrial.purity.calls import CALLS, Call
from seatrial.purity.guard import Act
from seatrial.purity.place import Origin, Place, origin

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

_NONE = object()
_MARK_FIRST = sys.version_info < (3, 13)


def handed_on(ran: Iterable[tuple[CodeType, dict[str, Any]]]) -> Iterator[Act]:
    """Every impure function that stands as a value in the user's code that ran."""
    for code, names in ran:
        if origin(code.co_filename) is Origin.USER and code.co_name != "<module>":
            for line, call in _in_code(code, names):
                yield Act(
                    call.kind, f"{call.act} ({call.name}, handed on to be called)", Place(code.co_filename, line, None)
                )


def _in_code(code: CodeType, names: Mapping[str, Any]) -> Iterator[tuple[int, Call]]:
    value: Any = _NONE
    called = False
    steps = list(dis.get_instructions(code))
    for before, step, after in zip([None, *steps], steps, [*steps[1:], None], strict=False):
        # The mark of a callee has wandered: beside the name, before it or behind it, as Python's version has it.
        marked = "NULL" in step.argrepr or step.opname == "LOAD_METHOD" or (after and after.opname == "PUSH_NULL")
        if step.opname in ("LOAD_GLOBAL", "LOAD_NAME"):
            value = names.get(str(step.argval), _NONE)
            called = bool(marked or (_MARK_FIRST and before and before.opname == "PUSH_NULL"))
        elif step.opname in ("LOAD_ATTR", "LOAD_METHOD") and isinstance(value, (ModuleType, type)):
            # Nothing else is asked for an attribute: a property would run.
            value = getattr(value, str(step.argval), _NONE)
            called = bool(called or marked)
        else:
            value = _NONE
            continue
        found = _impure(value, called=called)
        if found is not None and step.positions is not None:
            yield step.positions.lineno or code.co_firstlineno, found


def _impure(value: Any, *, called: bool) -> Call | None:
    if isinstance(value, functools.partial):
        return _impure(value.func, called=False)
    if called or not isinstance(value, (BuiltinFunctionType, BuiltinMethodType)):
        return None
    found = CALLS.get(value)
    return found if found is not None and found.at_most is None else None
