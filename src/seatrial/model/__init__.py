"""Models: the one hub that every model call passes through, cassettes of what it heard, and whose family a model is of.

Names are loaded when they are first asked for: who only sets a repetition or reads a family loads no LangChain.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from seatrial.model.cassettes import Cassettes
    from seatrial.model.chat import RuleModel, chat_model
    from seatrial.model.clock import Clock
    from seatrial.model.context import Calls, at_repetition, current, listen, silence, use
    from seatrial.model.family import families_of, family_of
    from seatrial.model.from_settings import hub_for
    from seatrial.model.hub import Hub
    from seatrial.model.limits import Limits
    from seatrial.model.outcome import (
        CassetteError,
        InvalidReply,
        KeyRefused,
        KillSwitch,
        MissingProvider,
        ModelError,
        NoCredit,
        Outage,
        OverBudget,
        Refused,
        Skipped,
        UnknownFamily,
        Unrecorded,
        outcome_of,
    )
    from seatrial.model.reply import Reply
    from seatrial.model.settings import ModelSettings, read_model_settings

__all__ = [
    "Calls",
    "CassetteError",
    "Cassettes",
    "Clock",
    "Hub",
    "InvalidReply",
    "KeyRefused",
    "KillSwitch",
    "Limits",
    "MissingProvider",
    "ModelError",
    "ModelSettings",
    "NoCredit",
    "Outage",
    "OverBudget",
    "Refused",
    "Reply",
    "RuleModel",
    "Skipped",
    "UnknownFamily",
    "Unrecorded",
    "at_repetition",
    "chat_model",
    "current",
    "families_of",
    "family_of",
    "hub_for",
    "listen",
    "outcome_of",
    "read_model_settings",
    "silence",
    "use",
]

_OUTCOME = (
    *(
        "CassetteError",
        "InvalidReply",
        "KeyRefused",
        "KillSwitch",
        "MissingProvider",
        "ModelError",
        "NoCredit",
        "Outage",
    ),
    *("OverBudget", "Refused", "Skipped", "UnknownFamily", "Unrecorded", "outcome_of"),
)
_HOMES = {
    "seatrial.model.cassettes": ("Cassettes",),
    "seatrial.model.chat": ("RuleModel", "chat_model"),
    "seatrial.model.clock": ("Clock",),
    "seatrial.model.from_settings": ("hub_for",),
    "seatrial.model.family": ("families_of", "family_of"),
    "seatrial.model.context": ("Calls", "at_repetition", "current", "listen", "silence", "use"),
    "seatrial.model.hub": ("Hub",),
    "seatrial.model.limits": ("Limits",),
    "seatrial.model.outcome": _OUTCOME,
    "seatrial.model.reply": ("Reply",),
    "seatrial.model.settings": ("ModelSettings", "read_model_settings"),
}


def __getattr__(name: str) -> Any:
    for home, names in _HOMES.items():
        if name in names:
            return getattr(importlib.import_module(home), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
