"""Importing: loading a large library without the garbage collector.

Importing makes many objects and no garbage. Each few thousand of them the collector would walk everything the session
already holds (LangGraph, the user's own libraries): a fifth of what loading numpy takes then.
"""

from __future__ import annotations

import gc
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def importing() -> Iterator[None]:
    """Hold the collector still inside; one that was off stays off."""
    on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if on:
            gc.enable()
