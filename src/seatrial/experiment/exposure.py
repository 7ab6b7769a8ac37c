"""Exposures: which units spoil a comparison because they are many people."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

_LEAST_REQUESTS = 1000


def too_heavy(requests: Mapping[str, int], share: float, total: int | None = None) -> tuple[tuple[str, float], ...]:
    """Units that are more than `share` of a cell's requests, the heaviest first: "anonymous" is no person.

    Nothing is said of fewer than 1,000 requests, where a single visitor may be that many.

    Args:
        requests: unit -> its requests; the heaviest are enough where `total` is said.
        share: what one unit may be.
        total: requests of all units; default those of `requests`.
    """
    total = sum(requests.values()) if total is None else total
    if total < _LEAST_REQUESTS:
        return ()
    found = [(unit, n / total) for unit, n in requests.items() if n > share * total]
    return tuple(sorted(found, key=lambda one: (-one[1], one[0])))
