"""Evaluating: whether the code at hand is run by an evaluation, so that it must not write into production's records.

The mark is the listener of the run's printed text (stdout.py), which every target sets around a run: threads with a copied
context and tasks carry it.
"""

from __future__ import annotations

from seatrial.errors import UsageError
from seatrial.graph.stdout import dispatching, heard_here


def evaluating() -> bool:
    """Whether a run of an evaluation, or of a shadow, called this.

    Raises:
        UsageError: an evaluation is under way in this process, and this thread was started without the context that says
            whose it is: what it writes could be an evaluation's.
    """
    if heard_here() is not None:
        return True
    if dispatching():
        raise UsageError(
            "this thread does not know whether an evaluation started it; start it with contextvars.copy_context().run, "
            "or use asyncio.to_thread or LangChain's ContextThreadPoolExecutor"
        )
    return False
