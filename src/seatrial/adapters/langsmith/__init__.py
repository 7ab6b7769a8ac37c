"""LangSmith: evaluators and datasets travel both ways, and its evaluations become evidence; local means local.

    from seatrial.adapters.langsmith import evaluate_locally, evidence_of, for_langsmith, from_langsmith

Every name is loaded when it is first asked for, and langsmith itself when one of them is called: the fast gate asks for
`untraced` alone.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from seatrial.adapters.langsmith.convert_from import from_langsmith
    from seatrial.adapters.langsmith.convert_to import for_langsmith
    from seatrial.adapters.langsmith.local import evaluate_locally
    from seatrial.adapters.langsmith.no_network import offline, untraced
    from seatrial.adapters.langsmith.pull import Pulled, pull_dataset, write_jsonl
    from seatrial.adapters.langsmith.push import Pushed, push_dataset
    from seatrial.adapters.langsmith.results import evidence_of
    from seatrial.adapters.langsmith.service import NotReached, connect, installed

__all__ = [
    "NotReached",
    "Pulled",
    "Pushed",
    "connect",
    "evaluate_locally",
    "evidence_of",
    "for_langsmith",
    "from_langsmith",
    "installed",
    "offline",
    "pull_dataset",
    "push_dataset",
    "untraced",
    "write_jsonl",
]

_HOMES = {
    "local": ("evaluate_locally",),
    "convert_to": ("for_langsmith",),
    "pull": ("Pulled", "pull_dataset", "write_jsonl"),
    "push": ("Pushed", "push_dataset"),
    "results": ("evidence_of",),
    "service": ("NotReached", "connect", "installed"),
    "no_network": ("offline", "untraced"),
    "convert_from": ("from_langsmith",),
}


def __getattr__(name: str) -> Any:
    for home, names in _HOMES.items():
        if name in names:
            return getattr(importlib.import_module(f"{__name__}.{home}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
