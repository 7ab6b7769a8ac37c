"""heap_left_alone: the garbage collector does not go again and again over what was there before a run."""

from __future__ import annotations

import gc
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

YOUNG = 2_000
"""Young objects between two collections, Python's 700 raised to what it is since 3.13: runs under way are that many."""

FULL_EVERY = 200
"""Middle collections between two full ones, Python's 10 raised: a run keeps nearly all that grows old in it."""

_lock = threading.Lock()
_inside: list[tuple[tuple[int, int, int], bool]] = []
"""One entry a block under way, all the same: the thresholds to restore when the last one leaves, and whether we froze."""


@contextmanager
def heap_left_alone() -> Iterator[None]:
    """Freeze what is there, as a rule the modules and the whole dataset, and look at what is old less often.

    At the young hardly less often than before: a graph leaves its garbage in circles, and a larger heap is a slower one.
    At the end all is as it was; what somebody else froze stays frozen throughout.
    """
    with _lock:
        if _inside:
            before, freeze = _inside[0]
        else:
            before, freeze = gc.get_threshold(), gc.get_freeze_count() == 0
            # 0 means never: who said that meant it.
            gc.set_threshold(before[0] and max(before[0], YOUNG), before[1], max(before[2], FULL_EVERY))
            if freeze:
                gc.freeze()
        _inside.append((before, freeze))
    try:
        yield
    finally:
        with _lock:
            _inside.pop()
            if not _inside:
                gc.set_threshold(*before)
                if freeze:
                    gc.unfreeze()
