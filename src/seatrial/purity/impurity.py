"""Impurity: one act that makes an answer hang on something other than the run and the example, and its line."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple


class Kind(StrEnum):
    """What was touched."""

    CLOCK = "clock"
    RANDOM = "random"
    ENVIRONMENT = "environment"
    NETWORK = "network"
    PROCESS = "process"
    WRITE = "write"
    READ = "read"
    STATE = "state"
    ARGUMENT = "argument"
    THREAD = "thread"
    NATIVE = "native"
    HIDING = "hiding"
    ANSWER = "answer"


_OUTSIDE = (
    "a check that has to ask somebody is done before the evaluation, and its answer put into the run or the example"
)
ADVICE = {
    Kind.CLOCK: "take the time from the run or the example",
    Kind.RANDOM: "draw from random.Random(SEED), made inside the evaluator",
    Kind.ENVIRONMENT: "give the evaluator the value when it is made",
    Kind.NETWORK: _OUTSIDE,
    Kind.PROCESS: _OUTSIDE,
    Kind.WRITE: "say in the score's reason what you found",
    Kind.READ: "read it once, at the top of the module, and raise the evaluator's version when it changes",
    Kind.STATE: "keep it in a local variable; functools.cache remembers a pure helper's answers",
    Kind.ARGUMENT: "work on a copy",
    Kind.THREAD: "wait for the thread before returning",
    Kind.NATIVE: "call it through a Python module",
    Kind.HIDING: "leave the profiler and the tracer alone",
    Kind.ANSWER: "look for an iterator or an object that is used up, for the order of a set, or for time and chance behind a C library",
}
"""What to do instead, one sentence each."""


class Impurity(NamedTuple):
    """One finding.

    Attributes:
        kind: what was touched.
        act: what was done, as the rest of a sentence about the evaluator.
        file: absolute path of the line that did it: the user's own, the nearest above any library.
        line: from 1.
    """

    kind: Kind
    act: str
    file: str
    line: int

    @property
    def advice(self) -> str:
        """What to do instead."""
        return ADVICE[self.kind]
