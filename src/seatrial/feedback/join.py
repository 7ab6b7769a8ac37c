"""Join: which decision an outcome event belongs to."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from seatrial.table import Codes

NO_DECISION = -1
BEFORE = -2
"""The thread has decisions, and all of them are later than the event."""


def thread_numbers(decisions: Codes, events: Codes) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Threads of both tables under common numbers; -1 where none is named, and for events of a thread without decisions."""
    numbers = {text: number for number, text in enumerate(decisions.values)}
    place = np.array([*(numbers.get(text, -1) for text in events.values), -1], np.int64)
    return decisions.index.astype(np.int64), place[events.index]


def last_decision(
    thread: NDArray[np.int64], at: NDArray[np.float64], event_thread: NDArray[np.int64], event_at: NDArray[np.float64]
) -> NDArray[np.int64]:
    """Per event, the last decision of its thread at or before it; NO_DECISION or BEFORE where there is none.

    A second decision later in the thread takes no event from the first. Of two decisions at one instant the later row
    counts. Tables may be in any order.
    """
    n = thread.size
    both = np.concatenate([thread, event_thread])
    when = np.concatenate([at, event_at])
    is_event = np.arange(both.size) >= n
    order = np.lexsort((np.arange(both.size), is_event, when, both))
    place = np.where(is_event[order], -1, np.arange(order.size))
    last = np.maximum.accumulate(place) if place.size else place
    events = np.flatnonzero(is_event[order])
    found = last[events]
    decision = np.where(found >= 0, order[np.maximum(found, 0)], -1)
    rows = order[events] - n
    same = (decision >= 0) & (both[np.maximum(decision, 0)] == event_thread[rows]) & (event_thread[rows] >= 0)
    joined = np.full(event_thread.size, NO_DECISION, np.int64)
    joined[rows[same]] = decision[same]
    alone = (joined < 0) & (event_thread >= 0)
    if alone.any():
        has = np.zeros(int(both.max()) + 1, np.bool_)
        has[thread[thread >= 0]] = True
        joined[alone & has[np.maximum(event_thread, 0)]] = BEFORE
    return joined


def counted(thread: NDArray[np.int64], at: NDArray[np.float64], pick: str) -> NDArray[np.bool_]:
    """Which decisions of one classifier count: of several in a thread the `latest`, the `first`, or `all`.

    A decision without a thread is a thread of its own.
    """
    if pick == "all" or thread.size == 0:
        return np.ones(thread.size, np.bool_)
    order = np.lexsort((np.arange(thread.size), at, thread))
    sorted_ = thread[order]
    edge = np.ones(thread.size, np.bool_)
    if pick == "latest":
        edge[:-1] = sorted_[1:] != sorted_[:-1]
    else:
        edge[1:] = sorted_[1:] != sorted_[:-1]
    kept = np.zeros(thread.size, np.bool_)
    kept[order] = edge | (sorted_ < 0)
    return kept
