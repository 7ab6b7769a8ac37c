"""Audit: one evaluator, called twice in two orders on copies of the same pairs, watched, and compared with itself."""

from __future__ import annotations

import contextlib
import copy
import inspect
import re
import time
import traceback
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from seatrial.purity.fingerprint import Fingerprint, functions_of
from seatrial.purity.guard import Act, Guard
from seatrial.purity.impurity import Impurity, Kind
from seatrial.purity.locate import line_that
from seatrial.purity.place import Origin, Place, origin
from seatrial.purity.state import Cell, State, forget_caches
from seatrial.purity.values import handed_on

if TYPE_CHECKING:
    import random
    from collections.abc import Iterable, Sequence

    from seatrial.purity.pairs import Pair
    from seatrial.scoring import Bound

RETRACED = 50
"""Calls that are made again to find the line that changed something."""

REPEATED = 2
"""Times that everything is asked again when something changed that the whole process shares."""

LISTENED_S = 1.0
"""Longest that a place is watched while nobody is asked."""

SHOWN = 80
_ADDRESS = re.compile(r" at 0x[0-9a-fA-F]+")


@dataclass(frozen=True, slots=True)
class Audit:
    """What was found about one evaluator.

    Attributes:
        key: the evaluator's key.
        version: its version.
        calls: how often it was called.
        impurities: what it did that a pure function does not, each line and kind once.
        unseen: why it could not be audited, when it raised on every pair; such an evaluator is not called pure.
    """

    key: str
    version: str
    calls: int
    impurities: tuple[Impurity, ...]
    unseen: str | None = None

    @property
    def pure(self) -> bool:
        """Whether it was audited and nothing was found."""
        return not self.impurities and self.unseen is None


class _Crash(str):
    """What a call raised, in place of an answer."""

    __slots__ = ()


def audit(bound: Bound, pairs: Sequence[Pair], rng: random.Random) -> Audit:
    """Call `bound` on every pair twice, in an order that `rng` draws and in its reverse, and say what it touched.

    Prints are not shown and are no finding; nor are log records. What would leave a trace outside this process (a
    written file, a connection, a process) is refused with PermissionError while the audit looks.

    Args:
        bound: the evaluator.
        pairs: what it is given; deep copies of them, so they are as they were afterwards.
        rng: draws the order.
    """
    if not pairs:
        return Audit(bound.key, bound.version, 0, (), "there is no example to try it on")
    first = rng.sample(range(len(pairs)), len(pairs))
    orders = (first, first[::-1])  # reversed, so that whatever came before another comes after it
    home = _home(bound)
    before = State(bound.call)
    acts: list[Act] = []
    wording: list[list[Any]] = []
    for turn, order in enumerate(orders):
        forget_caches(bound.call)
        guard = Guard(_ask.__code__)
        copies = [copy.deepcopy(pairs[at]) for at in order]
        answers = _ask(bound, copies, guard, first=turn == 0)
        acts += guard.acts + [
            act for act in handed_on(guard.ran.values()) if act.kind not in {seen.kind for seen in guard.acts}
        ]
        acts += _arguments(bound, [pairs[at] for at in order], copies, home)
        before.meet()
        wording.append([answer for _, answer in sorted(zip(order, answers, strict=True), key=lambda one: one[0])])
    heard = [act for act in acts if not act.act.startswith("reads")]  # of what is only read a change is another matter
    blurred: list[str] = []
    acts += _state(bound, [pairs[at] for at in orders[0]], before, home, heard, blurred)
    if not acts:
        acts += _answers(pairs, wording, home)
    found: dict[tuple[Kind, str, int], Impurity] = {}
    for act in acts:
        file, line = (act.place.file, act.place.line) if act.place.file else home
        found.setdefault((act.kind, file, line), Impurity(act.kind, act.act, file, line))
    crashed = all(isinstance(answer, _Crash) for answer in wording[0])
    unseen = None
    if blurred and not found:
        unseen = f"another thread of this process changes {' and '.join(blurred)} all the time, so whether it does cannot be told; audit it in a process of its own"
    if crashed and not found:
        unseen = f"it raises on every pair, so nothing is known of it: {wording[0][0]}"
    return Audit(bound.key, bound.version, 2 * len(pairs), tuple(found.values()), unseen)


class _Sink:
    """Takes what an evaluator prints, in whatever thread."""

    def write(self, text: str) -> int:
        return len(text)

    def flush(self) -> None:
        pass

    def isatty(self) -> bool:
        return False


def _ask(bound: Bound, copies: Sequence[Pair], guard: Guard, *, first: bool) -> list[Any]:
    sink: Any = _Sink()
    with contextlib.redirect_stdout(sink), contextlib.redirect_stderr(sink), guard:
        guard.loading = first  # which call of the first round is a library's first depends on the order
        return [_answer(bound, pair) for pair in copies]


def _answer(bound: Bound, pair: Pair) -> Any:
    try:
        result = bound.call(pair.run, pair.example)
        if inspect.iscoroutine(result):
            result.close()
        return bound.scores(result)
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # noqa: BLE001 - a crash is an outcome; the same one twice is pure
        where = next(
            (
                f" ({step.filename}:{step.lineno})"
                for step in reversed(traceback.extract_tb(error.__traceback__))
                if origin(step.filename) is Origin.USER
            ),
            "",
        )
        return _Crash(f"{type(error).__name__}: {_ADDRESS.sub('', str(error))}{where}")


def _arguments(bound: Bound, given: Sequence[Pair], copies: Sequence[Pair], home: tuple[str, int]) -> Iterable[Act]:
    for pristine, used in zip(given, copies, strict=True):
        part = _changed_part(pristine, used)
        if part:
            repeated = copy.deepcopy(pristine)
            place = line_that(lambda: _changed_part(pristine, repeated) is not None, lambda: _retrace(bound, repeated))  # noqa: B023 - called now
            return [Act(Kind.ARGUMENT, f"changes what it is given ({part})", Place(*(place or home), None))]
    return []


def _changed_part(pristine: Pair, used: Pair) -> str | None:
    for owner, name in (
        ("run", "outputs"),
        ("run", "inputs"),
        ("run", "extra"),
        ("example", "inputs"),
        ("example", "outputs"),
        ("example", "metadata"),
    ):
        one, other = (getattr(getattr(pair, owner), name) for pair in (pristine, used))
        if one != other and Fingerprint().of(one) != Fingerprint().of(other):
            return f"{owner}.{name}"
    return None


def _state(
    bound: Bound, given: Sequence[Pair], before: State, home: tuple[str, int], heard: Sequence[Act], blurred: list[str]
) -> Iterable[Act]:
    changed, its_own, known = before.changed(), [], {act.kind for act in heard}
    for cell in changed:
        if cell.kind is not Kind.STATE and cell.kind in known:
            its_own.append(cell)
            continue  # its line has been heard already
        if cell.kind is not Kind.STATE and not _changes_on_each_call(bound, given, before, cell, blurred):
            continue  # somebody else's, and it stays as he left it
        its_own.append(cell)
        before.restore(cell)
        place = None
        for pair in given[:RETRACED]:
            repeated = copy.deepcopy(pair)
            place = line_that(lambda: not before.holds(cell), lambda: _retrace(bound, repeated))  # noqa: B023 - called now
            if place:
                break
        act = "draws from" if cell.kind is Kind.RANDOM else "changes"
        yield Act(cell.kind, f"{act} {cell.what}", Place(*(place or home), None))
    for cell in its_own:
        before.restore(cell)


def _changes_on_each_call(bound: Bound, given: Sequence[Pair], before: State, cell: Cell, blurred: list[str]) -> bool:
    """Whether a change is the evaluator's: a client that tries again in the background draws from `random` too.

    What changes as well while nobody is asked is noted in `blurred`.
    """
    began = time.monotonic()
    for _ in range(REPEATED):
        forget_caches(bound.call)
        copies = [copy.deepcopy(pair) for pair in given]
        kept = before.print_of(cell)
        _ask(bound, copies, Guard(_ask.__code__), first=False)
        if before.print_of(cell) == kept:
            return False
    kept = before.print_of(cell)
    time.sleep(min(time.monotonic() - began, LISTENED_S))
    if before.print_of(cell) != kept:
        blurred.append(cell.what)
        return False
    return True


def _retrace(bound: Bound, pair: Pair) -> None:
    """One more call, guarded like the others and as if it were the first; what it does is known already."""
    forget_caches(bound.call)
    _ask(bound, [pair], Guard(_ask.__code__), first=False)


def _answers(pairs: Sequence[Pair], reported: Sequence[Sequence[Any]], home: tuple[str, int]) -> Iterable[Act]:
    for pair, one, other in zip(pairs, *reported, strict=True):
        if one != other or isinstance(one, _Crash) is not isinstance(other, _Crash):
            act = f"answers differently when it is asked again in another order: {_short(one)}, then {_short(other)} (example {pair.example.id})"
            return [Act(Kind.ANSWER, act, Place(*home, None))]
    return []


def _short(answer: Any) -> str:
    text = answer if isinstance(answer, str) else "; ".join(f"{score.score} {score.reason!r}" for score in answer)
    return text if len(text) <= SHOWN else text[: SHOWN - 3] + "..."


def _home(bound: Bound) -> tuple[str, int]:
    """Where the evaluator is defined: the user's function, not what binds it."""
    codes = [function.__code__ for function in functions_of(bound.call)]
    mine = [code for code in codes if origin(code.co_filename) is Origin.USER]
    other = [code for code in codes if not code.co_filename.endswith("/seatrial/scoring.py")]
    code = next(iter([*mine, *other, *codes]), None)
    return (code.co_filename, code.co_firstlineno) if code else ("", 0)
