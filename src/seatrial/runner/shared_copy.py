"""The copy of a run and its example that evaluators are given, and whether one of them has changed it.

A copy per evaluator costs more than most evaluators. One is made per run; after each evaluator its bytes are compared with
those it was made from. `marshal` is the fastest way there: version 2 writes equal plain values alike, to their very types.
"""

from __future__ import annotations

import marshal
from dataclasses import fields
from typing import Any, TypeAlias

from seatrial.dataset.example import Example
from seatrial.graph.example_protocol import copied
from seatrial.graph.run import Run
from seatrial.graph.state import is_plain

VERSION = 2
"""The last of marshal's formats without references, which depend on what else holds a value."""
OUTPUTS, EXTRA = map(Run._fields.index, ("outputs", "extra"))


SharedCopy: TypeAlias = tuple[Run, Example, bytes | None]
"""A run and its example for evaluators, and what both hold as bytes; None where marshal cannot say: then each evaluator needs
a copy of its own. A plain tuple, for one is made per run."""


def shared_copy(run: Run, example: Example) -> SharedCopy:
    """A copy of both; the run's inputs are the example's, as they were before the graph was given them."""
    parts: Any = (example.inputs, run[OUTPUTS], run[EXTRA], example.outputs, example.metadata)
    if (not parts[2] or is_plain(parts[2])) and (not parts[4] or is_plain(parts[4])):
        try:
            content = marshal.dumps(parts, VERSION)
            mine = marshal.loads(content)  # noqa: S302 - written one line above
            if mine == parts:  # a number of numpy's has become bytes
                return _made(run, example, mine, content)
        except ValueError:
            pass
    return _made(run, example, tuple([copied(part) for part in parts]), None)


def changed(copy: SharedCopy) -> bool:
    """Whether an evaluator changed it, or may have."""
    run, example, content = copy
    parts: Any = (example.inputs, run[OUTPUTS], run[EXTRA], example.outputs, example.metadata)
    try:
        return marshal.dumps(parts, VERSION) != content
    except ValueError:  # it holds something else now
        return True


def _made(run: Run, example: Example, parts: tuple[Any, ...], content: bytes | None) -> SharedCopy:
    # As Example(...) and run._replace(...), in a third of the time.
    inputs, outputs, extra, reference, metadata = parts
    mine = _new(Example)
    _id(mine, example.id)
    _inputs(mine, inputs)
    _outputs(mine, reference)
    _metadata(mine, metadata)
    _tags(mine, example.tags)
    _split(mine, example.split)
    _contract(mine, example.contract)
    return tuple.__new__(Run, (run[0], inputs, outputs, *run[3:EXTRA], extra, *run[EXTRA + 1 :])), mine, content


_new = object.__new__
_id, _inputs, _outputs, _metadata, _tags, _split, _contract = (
    vars(Example)[field.name].__set__ for field in fields(Example)
)
