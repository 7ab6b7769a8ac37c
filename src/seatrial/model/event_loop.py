"""Awaited model calls run on the process's event loop, whoever awaits them.

Async clients keep connections that belong to the loop they were opened on, and LangChain shares one client between all
models of an address. Called from a second loop (a user's own `asyncio.run`, say) every other call fails with "Event loop
is closed".
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from seatrial.pool import INLINE
from seatrial.pool import on_process_loop as there

if TYPE_CHECKING:
    from collections.abc import Callable

PARSING = "_create_chat_result"
"""The method with which LangChain's OpenAI clients read a reply that has come."""


def _parses(func: Callable[..., Any]) -> bool:
    """Whether it is LangChain's wrapper around the reading of a reply. What is not recognised may block, and gets a thread.

    LangChain sends the reading to a thread: under the GIL nothing is gained, and the way costs 0.4 ms.
    """
    wrapped = func.args[0] if isinstance(func, partial) and len(func.args) == 1 else None
    cells = getattr(wrapped, "__closure__", None) or ()
    return any(getattr(cell.cell_contents, "__name__", None) == PARSING for cell in cells)


INLINE.append(_parses)

__all__ = ["there"]
