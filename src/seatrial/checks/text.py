"""Text rules: what an answer must contain, must not say, how it begins, how long it is."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from seatrial.checks.field import MISSING, Check, lacks, read, show
from seatrial.errors import ConfigError, one_of
from seatrial.scoring import Score, evaluator

if TYPE_CHECKING:
    from collections.abc import Callable

UNITS = ("characters", "words")


def contains(field: str, *needles: str, every: bool = True, key: str = "contains") -> Check:
    """1 when every needle (`every=False`: at least one) is in the text, whatever its case.

    >>> contains("body", "refund", "order")(Run("r1", {}, {"body": "Your refund is on its way."}), Example("e1", {})).reason
    "body does not contain 'order'"
    """
    _some(needles, key)

    def rule(text: str) -> tuple[bool, str]:
        folded = text.casefold()
        missing = [needle for needle in needles if needle.casefold() not in folded]
        good = not missing if every else len(missing) < len(needles)
        return good, f"does not contain {_listed(missing)}" if missing else f"contains {_listed(needles)}"

    return _rule(key, field, rule)


def forbids(field: str, *phrases: str, key: str = "forbids") -> Check:
    """1 when none of the phrases is in the text as whole words, whatever their case.

    >>> forbids("body", "guarantee")(Run("r1", {}, {"body": "We guarantee it."}), Example("e1", {})).reason
    "body says 'guarantee'"
    """
    _some(phrases, key)
    patterns = [(phrase, re.compile(rf"(?<!\w){re.escape(phrase)}(?!\w)", re.IGNORECASE)) for phrase in phrases]

    def rule(text: str) -> tuple[bool, str]:
        said = [phrase for phrase, pattern in patterns if pattern.search(text)]
        return not said, f"says {_listed(said)}" if said else f"says none of {len(phrases)} forbidden phrases"

    return _rule(key, field, rule)


def matches(field: str, pattern: str, *, key: str = "matches") -> Check:
    """1 when the regular expression is found in the text (write `^...$` for all of it).

    >>> matches("body", "[0-9]+ EUR")(Run("r1", {}, {"body": "You get 20 EUR back."}), Example("e1", {})).score
    1.0

    Raises:
        ConfigError: the pattern cannot be compiled.
    """
    try:
        compiled = re.compile(pattern)
    except re.error as error:
        raise ConfigError(f"check {key!r}: the pattern {pattern!r} is no regular expression: {error}") from None

    def rule(text: str) -> tuple[bool, str]:
        found = compiled.search(text)
        return found is not None, f"matches {pattern!r}" if found else f"does not match {pattern!r}"

    return _rule(key, field, rule)


def length(
    field: str, *, at_least: int = 0, at_most: int | None = None, unit: str = "characters", key: str = "length"
) -> Check:
    """1 when the text has between `at_least` and `at_most` characters (or words), both included.

    >>> length("body", at_most=3, unit="words")(Run("r1", {}, {"body": "one two three four"}), Example("e1", {})).reason
    'body has 4 words, allowed are at least 0 and at most 3'
    """
    one_of(unit, UNITS, "unit")
    if (at_least <= 0 and at_most is None) or (at_most is not None and at_most < at_least):
        raise ConfigError(f"check {key!r} needs at_least or at_most, and at_least <= at_most")

    def rule(text: str) -> tuple[bool, str]:
        size = len(text) if unit == "characters" else len(text.split())
        most = f" and at most {at_most}" if at_most is not None else ""
        good = size >= at_least and (at_most is None or size <= at_most)
        return good, f"has {size} {unit}, allowed are at least {at_least}{most}"

    return _rule(key, field, rule)


def starts_with(field: str, *beginnings: str, key: str = "starts_with") -> Check:
    """1 when the text begins with one of these, whatever its case and the space before it: a greeting, a heading.

    >>> starts_with("body", "Dear", "Hello")(Run("r1", {}, {"body": "Dear Ann, ..."}), Example("e1", {})).score
    1.0
    """
    _some(beginnings, key)
    folded = tuple(beginning.casefold() for beginning in beginnings)

    def rule(text: str) -> tuple[bool, str]:
        good = text.lstrip().casefold().startswith(folded)
        return good, f"begins with {show(text.lstrip()[:20])}" + ("" if good else f", expected {_listed(beginnings)}")

    return _rule(key, field, rule)


def _rule(key: str, field: str, rule: Callable[[str], tuple[bool, str]]) -> Check:
    @evaluator(version="1", key=key)
    def check(run: Any, example: Any) -> Score:
        text = read(run.outputs, field)
        if text is MISSING:
            return lacks(key, field)
        if not isinstance(text, str):
            return Score(key, 0.0, f"{field} is {show(text)}, which is no text")
        good, reason = rule(text)
        return Score(key, 1.0 if good else 0.0, f"{field} {reason}")

    return check


def _some(texts: tuple[str, ...], key: str) -> None:
    if not texts or not all(texts):
        raise ConfigError(f"check {key!r} needs at least one text, and none of them empty")


def _listed(texts: Any) -> str:
    return ", ".join(repr(text) for text in texts)
