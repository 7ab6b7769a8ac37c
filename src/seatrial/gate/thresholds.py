"""Thresholds: what a key's rows must show, how small a proven drop may be, and the least rate a candidate must reach."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

from seatrial import toml as words
from seatrial.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

OVERALL = "overall"
"""The row over all examples; beside it rows are named `NAME=value`."""
MIN_DROP = 0.01
FLOOR_RULES = ("proven", "observed")
LEVEL = 0.05
"""One-sided level of all proven floors of a decision together; beside alpha."""


@dataclass(frozen=True, slots=True)
class SegmentRule:
    """Thresholds of one key on one segment; what is absent is the key's, or the policy's.

    Attributes:
        segment: `NAME=value`.
        must_detect: drop (share) that must be ruled out where the segment is critical.
        min_drop: a proven drop smaller than this is shown as watch and does not block.
        floor: least pass rate of the candidate on this segment.
        floor_rule: `proven` or `observed`.
    """

    segment: str
    must_detect: float | None = None
    min_drop: float | None = None
    floor: float | None = None
    floor_rule: str | None = None


@dataclass(frozen=True, slots=True)
class Limits:
    """Thresholds of one row, with every default filled in.

    Attributes:
        min_drop: a proven drop smaller than this is WATCH.
        must_detect: the segment's own; None where the policy's holds.
        floor: least pass rate of the candidate; None without one.
        floor_rule: `proven` or `observed`.
    """

    min_drop: float = MIN_DROP
    must_detect: float | None = None
    floor: float | None = None
    floor_rule: str = FLOOR_RULES[0]


def limits_of(rule: Any, segment: str) -> Limits:
    """The thresholds of a key's rule (`policy.KeyRule`) on a segment; the key's own floor is that of the overall row."""
    own = next((one for one in rule.segments if one.segment == segment), SegmentRule(segment))
    return Limits(
        rule.min_drop if own.min_drop is None else own.min_drop,
        own.must_detect,
        rule.floor if segment == OVERALL else own.floor,
        own.floor_rule or rule.floor_rule,
    )


def floors(rules: Iterable[Any]) -> int:
    """Proven floors that the keys' rules name, whatever the evidence holds."""
    named = [
        limits_of(rule, segment) for rule in rules for segment in (OVERALL, *(one.segment for one in rule.segments))
    ]
    return sum(one.floor is not None and one.floor_rule == FLOOR_RULES[0] for one in named)


def floor_level(rules: Iterable[Any]) -> float:
    """One-sided level of each proven floor: LEVEL shared by all that are named."""
    return LEVEL / max(1, floors(rules))


def read_segments(raw: Any, place: str) -> tuple[SegmentRule, ...]:
    """The rules of `[key.NAME.segment."tier=free"]`.

    Raises:
        ConfigError: a word, a type or a range is wrong.
    """
    found = []
    for name, rule in words.table(raw, place).items():
        here = f'{place}."{name}"'
        if not all(name.partition("=")):
            raise ConfigError(f'{here}: a segment is written NAME=value, e.g. segment."tier=free" = {{ floor = 0.9 }}')
        words.only_known(words.table(rule, here), SEGMENT_WORDS, here)
        found.append(SegmentRule(name, **read_words(rule, SEGMENT_WORDS, here)))
    return tuple(found)


def read_words(raw: Mapping[str, Any], known: Mapping[str, Any], place: str) -> dict[str, Any]:
    """The checked value of each word that stands there."""
    return {word: check(raw[word], f"{place}: {word}") for word, check in known.items() if word in raw}


def read_floor(value: Any, place: str) -> float:
    """A least rate."""
    number = words.number(value, place)
    if not 0 < number <= 1:
        raise ConfigError(f"{place}: a floor of {number:g} is out of range; it is a share: more than 0, at most 1")
    return number


def read_ceiling(value: Any, place: str) -> float:
    """The most a measurement may be."""
    number = words.number(value, place)
    if not 0 < number < 1e12:
        raise ConfigError(
            f"{place}: a ceiling of {number:g} is out of range; it is more than 0, in the measurement's unit"
        )
    return number


KEY_WORDS: dict[str, Any] = {
    "min_drop": words.share_or_zero,
    "floor": read_floor,
    "floor_rule": words.word(*FLOOR_RULES),
}
"""Words of a key that set a threshold, beside its table of segments."""

SEGMENT_WORDS: dict[str, Any] = {"must_detect": words.share, **KEY_WORDS}
assert tuple(SEGMENT_WORDS) == tuple(f.name for f in fields(SegmentRule) if f.name != "segment")  # noqa: S101
