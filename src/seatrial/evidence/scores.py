"""Scores as files write them: pass and fail words, per cent, decimal commas and scales, as numbers from 0 to 1."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from seatrial.errors import DataError, UsageError
from seatrial.table.raw import Numbers
from seatrial.table.typed import NO, NOTHING, YES, number_of
from seatrial.verdict import ROUNDING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from seatrial.table.raw import Raw, Spelling

PASSED = (*YES, "ja", "oui", "sí", "success", "successful", "succeeded", "correct", "right", "ok", "✓", "✔", "✅")
FAILED = (*NO, "nein", "non", "failure", "unsuccessful", "incorrect", "wrong", "✗", "✘", "❌")
"""Words for a pass and a fail that are known without being given, in any case."""
MISSING = tuple(word for word in NOTHING if word != "nan")
"""Words for no score; a written NaN is a calculation that went wrong, and is refused unless --na names it."""
LIKERT = {1.0, 2.0, 3.0, 4.0, 5.0}


@dataclass(frozen=True, slots=True)
class ScoreRules:
    """What the command line says of scores.

    Attributes:
        scales: column or key -> (least, most); "" is every one.
        passed: words that are a pass.
        failed: words that are a fail.
        na: words that say there is none.
    """

    scales: Mapping[str, tuple[float, float]]
    passed: tuple[str, ...] = ()
    failed: tuple[str, ...] = ()
    na: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Raise a UsageError where a word is given two meanings."""
        groups = [{word.lower() for word in words} for words in (self.passed, self.failed, self.na)]
        for i, group in enumerate(groups):
            for other in groups[i + 1 :]:
                if group & other:
                    raise UsageError(
                        f"{sorted(group & other)[0]!r} is given as two of --pass, --fail and --na; a word means one thing"
                    )

    def scale(self, name: str) -> tuple[float, float] | None:
        """The scale given for a column."""
        return self.scales.get(name, self.scales.get(""))


NO_RULES = ScoreRules({})


@dataclass(slots=True)
class _Read:
    """One column, read: its numbers, and how they were written."""

    values: NDArray[np.float64]
    percent: bool = False
    words: bool = False
    plain: bool = False
    missing: int = 0


def readable(raw: Raw, rules: ScoreRules) -> bool:
    """Whether every value of a column could be a score: a number, per cent, a pass, a fail, or nothing; and some is there."""
    numbers = raw.numbers()
    if numbers is not None:
        return bool((~np.isnan(numbers)).any())
    if raw.nested:
        return False
    found = [_meaning(word, raw.spelling, rules) for word in raw.texts().values]
    return all(one is not None for one in found) and any(one is not None and not math.isnan(one[0]) for one in found)


def scored(
    columns: Sequence[Raw], sources: Sequence[str], name: str, rules: ScoreRules = NO_RULES
) -> tuple[list[Raw], str]:
    """One score, a column a file, as numbers from 0 to 1, and what was done to them; empty where nothing was.

    Every file is read alike: a scale is one of all of them.

    Raises:
        DataError: a value is no score, or the scale cannot be known; names the option that settles it.
    """
    read = [_read(raw, source, name, rules) for raw, source in zip(columns, sources, strict=True)]
    everything = np.concatenate([one.values for one in read])
    present = everything[~np.isnan(everything)]
    if np.isinf(present).any():
        return list(columns), ""  # refused where numbers are read, with its row
    percent, plain, words = (any(getattr(one, kind) for one in read) for kind in ("percent", "plain", "words"))
    if percent and plain:
        raise DataError(
            f"{' and '.join(sources)}: {name} is written in per cent on some rows and as a plain number on others; write it one way"
        )
    scale = rules.scale(name)
    found = scale or _scale(read, sources, name)
    if words and found != (0.0, 1.0):
        raise DataError(
            f"{sources[0]}: {name} holds words for pass and fail beside numbers from {present.min():g} to {present.max():g}; which number is a pass cannot be known"
        )
    low, high = found
    notes = [
        f"{low:g} to {high:g} as 0 to 1" if found != (0.0, 1.0) else "",
        "per cent" if percent else "",
        f"{sum(one.missing for one in read)} missing" if any(one.missing for one in read) else "",
    ]
    given = bool(rules.passed or rules.failed)
    strange = words and (given or not all(_plain_words(raw) for raw in columns))
    notes.append("words as pass and fail" if strange else "")
    rounded = present.size and ((present < low) | (present > high)).any()
    note = ", ".join(filter(None, notes))
    if not note and not rounded:
        return list(columns), ""
    return [
        Numbers(_scaled(one.values, low, high, name, source)) for one, source in zip(read, sources, strict=True)
    ], note


def _read(raw: Raw, source: str, name: str, rules: ScoreRules) -> _Read:
    numbers = raw.numbers()
    if numbers is not None:
        return _meant(raw, numbers, rules)
    texts = raw.texts()
    values, kinds, missing = [], set(), []
    for i, word in enumerate(texts.values):
        found = _meaning(word, raw.spelling, rules)
        if found is None:
            row = int(np.flatnonzero(texts.index == i)[0]) + 1
            nan = word.strip().lower() == "nan"
            what = (
                "no number; leave it empty where there is none, or say"
                if nan
                else "not a number, a pass or a fail; say"
            )
            raise DataError(
                f"{source} row {row}: {name} is {word[:60]!r}, which is {what} what it means: --na {_quoted(word)}"
                + ("" if nan else f", --pass {_quoted(word)} or --fail {_quoted(word)}{_comma(word)}")
            )
        value, kind = found
        values.append(value)
        kinds.add(kind)
        missing.append(kind == "missing" and word.strip() != "")
    index = texts.index
    absent = int(np.array([*missing, False])[index].sum())
    return _Read(np.array([*values, np.nan])[index], "percent" in kinds, "word" in kinds, "number" in kinds, absent)


def _meant(raw: Raw, numbers: NDArray[np.float64], rules: ScoreRules) -> _Read:
    """A column of numbers, with those in their place that are given a meaning (`--pass 0 --fail 1 --na -1`)."""
    found = _Read(numbers, plain=True)
    for words, meaning in ((rules.na, math.nan), (rules.passed, 1.0), (rules.failed, 0.0)):
        for word in words:
            number = number_of(word)
            if number is None:
                continue
            at = np.isnan(numbers) & ~raw.nulls() if math.isnan(number) else numbers == number
            if not at.any():
                continue
            found.values = np.where(at, meaning, found.values)
            if math.isnan(meaning):
                found.missing += int(at.sum())
            else:
                found.words = True
    return found


def _meaning(word: str, spelling: Spelling, rules: ScoreRules) -> tuple[float, str] | None:
    """The number a word means and how it is written: `missing`, `word`, `percent`, `number`; None where it is none."""
    text = word.strip()
    lower = text.lower()
    for group, meaning in ((rules.na, math.nan), (rules.passed, 1.0), (rules.failed, 0.0)):
        if lower in (one.lower() for one in group):
            return meaning, "missing" if math.isnan(meaning) else "word"
    if lower in MISSING:
        return math.nan, "missing"
    if lower in PASSED or lower in FAILED:
        return float(lower in PASSED), "word"
    number = number_of(text.removesuffix("%").rstrip(), spelling)
    if number is None or math.isnan(number):
        return None
    return (number / 100, "percent") if text.endswith("%") else (number, "number")


def _plain_words(raw: Raw) -> bool:
    """Whether the words of a column are those that a score may be written in anywhere."""
    return raw.numbers() is not None or all(number_of(word, raw.spelling) is not None for word in raw.texts().values)


def _scale(read: Sequence[_Read], sources: Sequence[str], name: str) -> tuple[float, float]:
    """The scale that numbers show: 0 to 1, 0 to 100 in percent points, or 1 to 5 where each of the five is there."""
    values = np.concatenate([one.values for one in read])
    present = values[~np.isnan(values)]
    if not present.size or (present.min() >= -ROUNDING and present.max() <= 1 + ROUNDING):
        return 0.0, 1.0
    low, high = float(present.min()), float(present.max())
    if set(np.unique(present).tolist()) == LIKERT:
        return 1.0, 5.0
    if low >= 0 and 50 < high <= 100:
        return 0.0, 100.0
    source, row, value = next(
        (source, int(at[0]) + 1, float(one.values[at[0]]))
        for one, source in zip(read, sources, strict=True)
        if (at := np.flatnonzero((one.values < -ROUNDING) | (one.values > 1 + ROUNDING))).size
    )
    likely = [f"{a}:{b}" for a, b in ((0, 5), (1, 5), (0, 10), (1, 10), (0, 100), (-1, 1)) if a <= low and high <= b]
    known = f", such as {' or '.join(likely[:3])}" if likely else ""
    raise DataError(
        f"{source} row {row}: {name} {value!r} lies outside 0..1, and its scale cannot be known from values of {low!r} to {high!r}; say it with --score-scale LEAST:MOST{known}"
    )


def _scaled(values: NDArray[np.float64], low: float, high: float, name: str, source: str) -> NDArray[np.float64]:
    scaled = (values - low) / (high - low)
    wrong = np.flatnonzero((scaled < -ROUNDING) | (scaled > 1 + ROUNDING))
    if wrong.size:
        row = int(wrong[0])
        raise DataError(
            f"{source} row {row + 1}: {name} is {values[row]:.17g}, outside {low:g}..{high:g}; --score-scale says the least and the most it can be"
        )
    return np.clip(scaled, 0.0, 1.0)


def _quoted(word: str) -> str:
    return word if word.isalnum() else repr(word)


def _comma(word: str) -> str:
    return "; a decimal comma is --decimal ," if "," in word and any(sign.isdigit() for sign in word) else ""
