"""Arguments: what cannot mean anything is refused with a sentence before a formula turns it into a number."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

LARGEST = 1e50
"""Beyond it the fourth power of a number is none; no score, count, time or price is that large."""


def numbers(name: str, values: ArrayLike) -> NDArray[np.float64]:
    """`values` as a float array of its own shape; ValueError where one is no number (a list of texts, a ragged table)."""
    try:
        return np.asarray(values, dtype=float)
    except (TypeError, ValueError):
        raise ValueError(f"{name} must be numbers, as one list or array") from None


def finite(name: str, values: ArrayLike) -> NDArray[np.float64]:
    """`values` as a flat float array; ValueError where one is not a finite number."""
    array = numbers(name, values).ravel()
    if not np.all(np.isfinite(array)):
        raise ValueError(f"{name} must be finite; {int((~np.isfinite(array)).sum())} of {array.size} are not")
    if array.size and np.abs(array).max() > LARGEST:
        raise ValueError(f"{name} must not exceed {LARGEST:g} in size: their squares would be no numbers any more")
    return array


def counts(name: str, values: ArrayLike) -> NDArray[np.float64]:
    """`values` as a flat array of finite numbers >= 0 (weighted counts need not be whole)."""
    array = finite(name, values)
    if array.size and array.min() < 0:
        raise ValueError(f"{name} must not be negative, got {array.min():g}")
    return array


def share(name: str, value: float) -> float:
    """`value` where it lies strictly between 0 and 1, and does so still when halved towards 1: levels, alphas, powers."""
    if not 0 < value < 1 or (1 + value) / 2 >= 1:
        raise ValueError(f"{name} must lie in (0, 1), got {value}")
    return value


def complete(name: str, value: float, least: int = 1) -> int:
    """`value` where it is a whole number of at least `least`: draws, bins, looks."""
    if not (least <= value < float("inf")) or value != int(value):
        raise ValueError(f"{name} must be a whole number, {least} or more, got {value}")
    return int(value)


def forecasts(p: ArrayLike, y: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Stated probabilities (0..1) and their outcomes (0 or 1), one each."""
    p_, y_ = finite("probabilities", p), finite("outcomes", y)
    if p_.size != y_.size:
        raise ValueError(f"{p_.size} probabilities but {y_.size} outcomes")
    if p_.size and (p_.min() < 0 or p_.max() > 1):
        raise ValueError("probabilities must lie in 0..1")
    if not np.all((y_ == 0) | (y_ == 1)):
        raise ValueError("outcomes must be 0 or 1; one not known yet does not enter")
    return p_, y_


def trials(successes: float, total: float, what: str = "arm") -> None:
    """ValueError unless 0 <= successes <= total, both finite."""
    if not (0 <= successes <= total < float("inf")):
        raise ValueError(f"{what}: need 0 <= successes <= trials, got {successes} of {total}")
