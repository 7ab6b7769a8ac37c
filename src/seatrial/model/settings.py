"""Settings: what `[tool.seatrial.model]` says, every word of it known.

[tool.seatrial.model]
cassettes = "tests/cassettes"
concurrency = 16
requests_per_minute = 500

[tool.seatrial.model.breaker]
failures = 10
open_s = 30

[tool.seatrial.model.limits."anthropic:claude-sonnet-4-5"]
tokens_per_minute = 80000

[tool.seatrial.model.families]
"azure_openai:prod" = "openai"

[tool.seatrial.model.prices."openai:gpt-4o-mini"]
input = 0.15
output = 0.60
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields, replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from seatrial import toml
from seatrial.errors import ConfigError, UsageError
from seatrial.model.circuit import Breaker
from seatrial.model.family import families_of
from seatrial.model.limits import Limits
from seatrial.model.price import LISTED
from seatrial.price import Prices, read_price

if TYPE_CHECKING:
    from collections.abc import Mapping

LIMITS = tuple(one.name for one in fields(Limits) if one.name != "window_s")
FOLDER = "tests/cassettes"
COMPLETE = ("concurrency", "attempts")


@dataclass(frozen=True, slots=True)
class ModelSettings:
    """How a project talks to models.

    Attributes:
        cassettes: folder of recordings, relative to the project's root.
        limits: of every model that has none of its own.
        per_model: `provider:model` -> its limits; what one leaves out is as in `limits`.
        families: `provider:model` -> declared family.
        prices: the listed prices with the project's own before them.
        breaker: when a provider that fails is left alone; None = the server's default, and never in an evaluation.
    """

    cassettes: str = FOLDER
    limits: Limits = field(default_factory=Limits)
    per_model: Mapping[str, Limits] = field(default_factory=dict)
    families: Mapping[str, str] = field(default_factory=dict)
    prices: Prices = LISTED
    breaker: Breaker | None = None


def read_model_settings(raw: object, place: str) -> ModelSettings:
    """Read and check the table.

    Args:
        raw: the table as TOML gives it.
        place: file and table, for the messages.

    Raises:
        ConfigError: an unknown word, a wrong type, a family that is none; names the place and lists the choices.
    """
    table = toml.table(raw, place)
    toml.only_known(table, ("cassettes", *LIMITS, "limits", "families", "prices", "breaker"), place)
    cassettes = table.get("cassettes", FOLDER)
    if not isinstance(cassettes, str) or not cassettes:
        raise ConfigError(f"{place}: cassettes is a folder, got {cassettes!r}")
    limits = _limits(Limits(), {name: table[name] for name in LIMITS if name in table}, place)
    per_model = {
        model: _limits(limits, toml.table(one, f"{place}: limits.{model!r}"), f"{place}: limits.{model!r}")
        for model, one in toml.table(table.get("limits", {}), f"{place}: limits").items()
    }
    families = toml.table(table.get("families", {}), f"{place}: families")
    for model, family in families.items():
        toml.text(family, f"{place}: families.{model!r}")
        families_of(model, families)
    prices = LISTED.with_own(
        {
            model: read_price(one, f"{place}: prices.{model!r}")
            for model, one in toml.table(table.get("prices", {}), f"{place}: prices").items()
        }
    )
    breaker = _breaker(table["breaker"], f"{place}: breaker") if "breaker" in table else None
    return ModelSettings(
        cassettes, limits, MappingProxyType(per_model), MappingProxyType(dict(families)), prices, breaker
    )


def _breaker(raw: object, place: str) -> Breaker:
    table = toml.table(raw, place)
    toml.only_known(table, ("failures", "open_s"), place)
    kinds = {"failures": toml.integer, "open_s": toml.number}
    values: dict[str, Any] = {name: kinds[name](value, f"{place}: {name}") for name, value in table.items()}
    try:
        return Breaker(**values)
    except UsageError as error:
        raise ConfigError(f"{place}: {error}") from None


def _limits(base: Limits, raw: Mapping[str, Any], place: str) -> Limits:
    toml.only_known(raw, LIMITS, place)
    for name, value in raw.items():
        right = isinstance(value, int if name in COMPLETE else (int, float)) and not isinstance(value, bool)
        if not right:
            raise ConfigError(f"{place}: {name} is a {'whole ' if name in COMPLETE else ''}number, got {value!r}")
    try:
        return replace(base, **raw)
    except UsageError as error:
        raise ConfigError(f"{place}: {error}") from None
