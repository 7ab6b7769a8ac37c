"""Retry: an evaluator that failed because a service did is asked again, a bounded number of times, before its score is missing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from seatrial.errors import SeatrialError

if TYPE_CHECKING:
    from seatrial.scoring import Bound

RETRIES = 2
"""Further tries of an evaluator that says nothing else, after a failure of a connection, a limit or a server."""

PAUSE_STEP_S, LONGEST_PAUSE_S = 0.5, 10.0
"""Each further failure adds a step to the pause before the next try; a service may ask for a longer one, up to the ceiling."""


def pause_before(bound: Bound, error: BaseException, done: int, date: float) -> float | None:
    """Seconds to let pass before an evaluator is asked once more; None where it is not.

    Code that fails by itself fails again, so without `retries` only a connection that broke off, an answer that did not come,
    a rate limit (429) and a server's failure (408, 409, 425, 5xx) are tried again. What our own model calls raise was tried
    again already.

    Args:
        bound: the evaluator.
        error: what it raised.
        done: further tries already made.
        date: seconds since 1970, for a `Retry-After` that is a date.
    """
    from seatrial.model.failure import Kind, failure_of  # noqa: PLC0415 - for evaluators that failed

    if not isinstance(error, Exception) or done >= (RETRIES if bound.retries is None else bound.retries):
        return None
    failure = failure_of(error, date)
    of_a_service = failure.kind in (Kind.THROTTLED, Kind.FAILED) and not isinstance(error, SeatrialError)
    if not of_a_service:
        return None if bound.retries is None else 0.0
    return min(max(PAUSE_STEP_S * (done + 1), failure.retry_after_s or 0.0), LONGEST_PAUSE_S)
