"""Match: is the answer the reference, exactly, as a label, within a band, as JSON, or to a tolerance?"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from seatrial.checks.field import MISSING, Check, abstains, expected, lacks, read, show
from seatrial.errors import ConfigError
from seatrial.graph.state import LEAVES, plain
from seatrial.scoring import Score, evaluator

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable


def exact(field: str | None = None, *, key: str = "exact") -> Check:
    """1 when the answer equals the reference as JSON: key order is nothing, 1 equals 1.0, 1 is not true.

    >>> exact("label")(Run("r1", {}, {"label": "lead"}), Example("e1", {}, {"label": "spam"})).reason
    "'lead', expected 'spam'"
    """
    return _compare(key, field, lambda got, want: _first_difference(got, want, 0.0, 0.0))


def label(field: str, choices: Iterable[str] = (), *, key: str = "label") -> Check:
    """1 when both labels are the same word, whatever its case and the space around it.

    >>> label("label", ["spam", "lead"])(Run("r1", {}, {"label": " Lead"}), Example("e1", {}, {"label": "lead"})).score
    1.0

    Args:
        field: where the label stands, in outputs and reference.
        choices: the closed list; an answer that is not on it scores 0 and says so.
        key: the score's key.
    """
    allowed = {choice.strip().casefold() for choice in choices}

    def compare(got: Any, want: Any) -> str:
        got = _json_leaf(got)
        if not isinstance(got, str):
            return f"{show(got)} is no label"
        if allowed and got.strip().casefold() not in allowed:
            return f"{show(got)} is not one of the {len(allowed)} labels"
        return "" if got.strip().casefold() == want.strip().casefold() else expected(got, want)

    return _compare(key, field, compare, asks=lambda want: isinstance(want, str))


def band(field: str, bands: Mapping[str, tuple[float, float]], *, key: str = "band") -> Check:
    """1 when both numbers fall into the same half-open band `low <= x < high`: what the business acts on.

    A reference outside every band is an abstention; an answer outside every band scores 0.

    >>> check = band("score", {"cold": (0, 40), "warm": (40, 70)})
    >>> check(Run("r1", {}, {"score": 39}), Example("e1", {}, {"score": 55})).reason
    '39 is in band cold, expected warm'
    """
    for name, (low, high) in bands.items():
        if not low < high:
            raise ConfigError(f"band {name!r} of check {key!r} is [{low}, {high}); low must be below high")

    @evaluator(version="1", key=key)
    def check(run: Any, example: Any) -> Score:
        want = read(example.outputs, field)
        wanted = _band(want, bands)
        if wanted is None:
            return abstains(key, field) if want is MISSING else Score(key, None, f"{show(want)} is in no band")
        got = read(run.outputs, field)
        if got is MISSING:
            return lacks(key, field)
        found = _band(got, bands)
        where = f"in band {found}" if found else "in no band"
        return Score(key, float(found == wanted), f"{show(got)} is {where}, expected {wanted}")

    return check


def json_equal(field: str | None = None, *, ignore: Iterable[str] = (), key: str = "json_equal") -> Check:
    """1 when answer and reference are the same JSON (a text is read first); the reason names the first difference.

    >>> run = Run("r1", {}, {"reply": '{"to": "ann", "at": "noon"}'})
    >>> json_equal("reply", ignore=["at"])(run, Example("e1", {}, {"reply": {"to": "ann"}})).score
    1.0

    Args:
        field: where to look; None compares all of the outputs with all of the reference.
        ignore: top-level names left out on both sides (timestamps, ids).
        key: the score's key.
    """
    left_out = frozenset(ignore)

    def compare(got: Any, want: Any) -> str:
        try:
            got, want = _as_json(got), _as_json(want)
        except ValueError as error:
            return f"the answer is not JSON: {error}"
        return _first_difference(_without(got, left_out), _without(want, left_out), 0.0, 0.0)

    return _compare(key, field, compare)


def close(field: str, *, absolute: float = 0.0, relative: float = 0.0, key: str = "close") -> Check:
    """1 when every number is within `absolute` or within `relative` x the reference's size; the rest must be equal.

    >>> close("total", relative=0.02)(Run("r1", {}, {"total": 203.0}), Example("e1", {}, {"total": 200.0})).score
    1.0

    Raises:
        ConfigError: neither tolerance is given, or one is negative.
    """
    if min(absolute, relative) < 0 or not absolute + relative > 0:
        raise ConfigError(f"check {key!r} needs absolute > 0 or relative > 0; without a tolerance use exact({field!r})")
    return _compare(key, field, lambda got, want: _first_difference(got, want, absolute, relative))


def _compare(
    key: str,
    field: str | None,
    difference: Callable[[Any, Any], str],
    asks: Callable[[Any], bool] = lambda want: True,
) -> Check:
    """A check that reads both sides and scores 1 when `difference` has nothing to say; it abstains unless `asks(want)`."""

    @evaluator(version="1", key=key)
    def check(run: Any, example: Any) -> Score:
        want = read(example.outputs, field)
        if want is MISSING:
            return abstains(key, field)
        if not asks(want):
            return Score(key, None, f"the reference {show(want)} is no answer to compare with")
        got = read(run.outputs, field)
        if got is MISSING:
            return lacks(key, field)
        what = difference(got, want)
        return Score(key, 0.0 if what else 1.0, what or f"{show(got)} is the reference")

    return check


def _first_difference(got: Any, want: Any, absolute: float, relative: float, path: str = "") -> str:
    """One sentence on the first place where two JSON values differ; "" when they do not."""
    at = f"at {path}: " if path else ""
    if isinstance(got, Mapping) and isinstance(want, Mapping):
        for name in [*want, *(name for name in got if name not in want)]:
            here = f"{path}.{name}" if path else str(name)
            if name not in got or name not in want:
                return f"{here} is {'missing' if name not in got else 'not in the reference'}"
            if what := _first_difference(got[name], want[name], absolute, relative, here):
                return what
        return ""
    if isinstance(got, (list, tuple)) and isinstance(want, (list, tuple)):
        if len(got) != len(want):
            return f"{at}{len(got)} items, expected {len(want)}"
        for n, (one, other) in enumerate(zip(got, want, strict=True)):
            if what := _first_difference(one, other, absolute, relative, f"{path}[{n}]"):
                return what
        return ""
    same = _same_leaf(got, want, absolute, relative)
    return "" if same else f"{at}{expected(got, want)}"


def _same_leaf(got: Any, want: Any, absolute: float, relative: float) -> bool:
    """Compare as JSON: by value and kind, not by type, for a StrEnum is written as the text it is."""
    got, want = _json_leaf(got), _json_leaf(want)
    if _is_number(got) and _is_number(want):
        return (
            bool(got == want)
            or math.isclose(got, want, abs_tol=absolute, rel_tol=0.0)
            or (abs(got - want) <= relative * abs(want))
        )
    return type(got) is type(want) and bool(got == want)


def _json_leaf(value: Any) -> Any:
    """As JSON reads it back; the runner hands over nothing else, but a check can be called by hand."""
    if type(value) in LEAVES:
        return value
    value = plain(value)
    return str.__str__(value) if isinstance(value, str) else value


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _band(value: Any, bands: Mapping[str, tuple[float, float]]) -> str | None:
    value = _json_leaf(value)
    if not _is_number(value):
        return None
    return next((name for name, (low, high) in bands.items() if low <= value < high), None)


def _as_json(value: Any) -> Any:
    return json.loads(value) if isinstance(value, str) else value


def _without(value: Any, names: frozenset[str]) -> Any:
    return {name: one for name, one in value.items() if name not in names} if isinstance(value, Mapping) else value
