"""Trajectory: did the run call the right tools with the right arguments, and go through the right nodes?

| mode | the run's calls against the reference's |
|---|---|
| `strict` | the same, in the same order |
| `unordered` | the same, in any order |
| `subset` | none that the reference does not have |
| `superset` | all that the reference has, and any others |

Where any order is allowed, calls are paired by a maximum matching, so that an undemanding reference call never takes
the partner of a demanding one.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from seatrial.checks.arguments import Comparison, difference
from seatrial.checks.calls import Call, UnknownForm, UnreadableCall, calls_of
from seatrial.checks.field import MISSING, Check, abstains, lacks, read
from seatrial.errors import one_of
from seatrial.scoring import Score, evaluator

MODES = ("strict", "unordered", "subset", "superset")


@dataclass(frozen=True, slots=True)
class CallMatch:
    """Whether a run's calls match, and the sentence that says why."""

    matched: bool
    reason: str


def tool_calls(
    field: str = "tool_calls",
    *,
    reference_field: str | None = None,
    mode: str = "strict",
    arguments: str = "exact",
    alternatives: bool = False,
    loose: bool = False,
    spelled: bool = False,
    key: str = "tool_calls",
) -> Check:
    """1 when the tool calls at `field` of the outputs match those of the reference.

    >>> calls = {"tool_calls": [{"name": "refund", "args": {"order": "A1"}}]}
    >>> tool_calls()(Run("r1", {}, {"tool_calls": []}), Example("e1", {}, calls)).reason
    '0 steps, expected 1'

    Args:
        field: a list of calls, or of messages that carry them, in any form that `seatrial.checks.calls` reads.
        reference_field: where the reference has them, if not at `field`.
        mode: strict, unordered, subset or superset.
        arguments: exact, subset, superset or ignore.
        alternatives: reference arguments are lists of acceptable values; "" among them: it may be left out.
        loose: compare texts without case, space and punctuation, and names with `.` and `-` as `_`.
        spelled: a text that spells the reference as JSON is the reference (tools that take nothing but text).
        key: the score's key.
    """
    one_of(mode, MODES, "mode")
    how = Comparison(arguments, alternatives, loose, spelled)

    @evaluator(version="2", key=key)
    def check(run: Any, example: Any) -> Score:
        want = read(example.outputs, reference_field or field)
        if want is MISSING:
            return abstains(key, reference_field or field)
        got = read(run.outputs, field)
        if got is MISSING:
            return lacks(key, field)
        try:
            wanted = calls_of(want)
        except (UnreadableCall, UnknownForm) as error:  # a mistake in the dataset must not look like a wrong answer
            return Score(key, None, f"the reference cannot be read: {error}")
        try:
            found = calls_of(got)
        except UnreadableCall as error:
            return Score(key, 0.0, str(error))
        except UnknownForm as error:
            return Score(key, None, str(error))
        result = match_calls(found, wanted, mode, how)
        return Score(key, float(result.matched), result.reason)

    return check


def node_path(
    expected: Sequence[str] | None = None, *, mode: str = "strict", field: str = "path", key: str = "node_path"
) -> Check:
    """1 when the nodes the run went through match `expected`, or the reference's `field` where none is given.

    >>> run = Run("r1", {}, {}, path=("draft", "validate", "send"))
    >>> node_path(["draft", "send"])(run, Example("e1", {})).reason
    'step 2: validate, expected send'
    >>> node_path(mode="superset")(run, Example("e1", {}, {"path": ["draft", "send"]})).score
    1.0
    """
    one_of(mode, MODES, "mode")

    @evaluator(version="1", key=key)
    def check(run: Any, example: Any) -> Score:
        wanted = read(example.outputs, field) if expected is None else expected
        if wanted is MISSING:
            return abstains(key, field)
        result = _matched(tuple(run.path), tuple(wanted), mode, lambda found, want: "" if found == want else "other")
        return Score(key, float(result.matched), result.reason)

    return check


def match_calls(
    found: Sequence[Call], wanted: Sequence[Call], mode: str = "strict", how: Comparison | None = None
) -> CallMatch:
    """Compare the calls a run made with those it should have made; `mode` is one of MODES."""
    one_of(mode, MODES, "mode")
    comparison = how or Comparison()
    return _matched(found, wanted, mode, lambda got, want: difference(got, want, comparison))


def _matched(found: Sequence[Any], wanted: Sequence[Any], mode: str, differs: Callable[[Any, Any], str]) -> CallMatch:
    if mode == "strict":
        return _in_order(found, wanted, differs)
    partner = _pairing(found, wanted, differs)
    missing = [want for n, want in enumerate(wanted) if n not in partner]
    taken = set(partner.values())
    strange = [one for n, one in enumerate(found) if n not in taken]
    if missing and mode != "subset":
        if len(missing) == len(strange) == 1:
            return CallMatch(False, differs(strange[0], missing[0]) or f"expected {missing[0]}")
        return CallMatch(False, f"{len(missing)} of {len(wanted)} missing, the first is {missing[0]}")
    if strange and mode != "superset":
        return CallMatch(False, f"{len(strange)} of {len(found)} not expected, the first is {strange[0]}")
    return CallMatch(True, f"{len(partner)} of {len(wanted)} found")


def _in_order(found: Sequence[Any], wanted: Sequence[Any], differs: Callable[[Any, Any], str]) -> CallMatch:
    for n, (one, want) in enumerate(zip(found, wanted, strict=False), start=1):
        if what := differs(one, want):
            return CallMatch(False, f"step {n}: {what if what != 'other' else f'{one}, expected {want}'}")
    if len(found) != len(wanted):
        return CallMatch(False, f"{len(found)} steps, expected {len(wanted)}")
    return CallMatch(True, f"all {len(wanted)} as expected")


def _pairing(found: Sequence[Any], wanted: Sequence[Any], differs: Callable[[Any, Any], str]) -> dict[int, int]:
    """A maximum matching wanted -> found by augmenting paths (Kuhn 1955); greedy pairing can miss one that exists."""
    fits = [[m for m, one in enumerate(found) if not differs(one, want)] for want in wanted]
    owner: dict[int, int] = {}

    def place(n: int, tried: set[int]) -> bool:
        for m in fits[n]:
            if m not in tried:
                tried.add(m)
                if m not in owner or place(owner[m], tried):
                    owner[m] = n
                    return True
        return False

    for n in range(len(wanted)):
        place(n, set())
    return {n: m for m, n in owner.items()}
