"""Price: a dated list of providers' prices; a project's own go before it.

[tool.seatrial.model.prices."openai:gpt-4o-mini"]   # USD per million tokens
input = 0.15
output = 0.60
cache_read = 0.075
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

from seatrial import toml
from seatrial.errors import ConfigError
from seatrial.price import Price, Prices, read_price

if TYPE_CHECKING:
    from pathlib import Path

AS_OF = "2026-07-24"
"""Day of LiteLLM's public price list (model_prices_and_context_window.json) that these figures were read from.

List prices of single requests, the first tier where a provider has several: batches, priority, long contexts and
contracts cost otherwise.
"""

LISTED = Prices(
    AS_OF,
    MappingProxyType(
        {
            "claude-3-haiku": Price(0.25, 1.25, 0.03, 0.3),
            "claude-3-opus": Price(15.0, 75.0, 1.5, 18.75),
            "claude-3-7-sonnet": Price(3.0, 15.0, 0.3, 3.75),
            "claude-opus-4": Price(15.0, 75.0, 1.5, 18.75),
            "claude-opus-4-1": Price(15.0, 75.0, 1.5, 18.75),
            "claude-opus-4-5": Price(5.0, 25.0, 0.5, 6.25),
            "claude-opus-4-6": Price(5.0, 25.0, 0.5, 6.25),
            "claude-opus-4-7": Price(5.0, 25.0, 0.5, 6.25),
            "claude-opus-4-8": Price(5.0, 25.0, 0.5, 6.25),
            "claude-opus-5": Price(5.0, 25.0, 0.5, 6.25),
            "claude-sonnet-4": Price(3.0, 15.0, 0.3, 3.75),
            "claude-sonnet-4-5": Price(3.0, 15.0, 0.3, 3.75),
            "claude-sonnet-4-6": Price(3.0, 15.0, 0.3, 3.75),
            "claude-sonnet-5": Price(2.0, 10.0, 0.2, 2.5),
            "claude-haiku-4-5": Price(1.0, 5.0, 0.1, 1.25),
            "deepseek-chat": Price(0.28, 0.42, 0.028),
            "deepseek-reasoner": Price(0.28, 0.42, 0.028),
            "gemini-2.0-flash": Price(0.1, 0.4, 0.025),
            "gemini-2.0-flash-lite": Price(0.075, 0.3, 0.01875),
            "gemini-2.5-flash": Price(0.3, 2.5, 0.03),
            "gemini-2.5-flash-lite": Price(0.1, 0.4, 0.01),
            "gemini-2.5-pro": Price(1.25, 10.0, 0.125),
            "gpt-3.5-turbo": Price(0.5, 1.5),
            "gpt-4": Price(30.0, 60.0),
            "gpt-4-turbo": Price(10.0, 30.0),
            "gpt-4.1": Price(2.0, 8.0, 0.5),
            "gpt-4.1-mini": Price(0.4, 1.6, 0.1),
            "gpt-4.1-nano": Price(0.1, 0.4, 0.025),
            "gpt-4o": Price(2.5, 10.0, 1.25),
            "gpt-4o-2024-05-13": Price(5.0, 15.0),
            "gpt-4o-mini": Price(0.15, 0.6, 0.075),
            "gpt-5": Price(1.25, 10.0, 0.125),
            "gpt-5-mini": Price(0.25, 2.0, 0.025),
            "gpt-5-nano": Price(0.05, 0.4, 0.005),
            "gpt-5.1": Price(1.25, 10.0, 0.125),
            "gpt-5.2": Price(1.75, 14.0, 0.175),
            "gpt-5.4": Price(2.5, 15.0, 0.25),
            "gpt-5.4-mini": Price(0.75, 4.5, 0.075),
            "gpt-5.4-nano": Price(0.2, 1.25, 0.02),
            "gpt-5.5": Price(5.0, 30.0, 0.5),
            "o3": Price(2.0, 8.0, 0.5),
            "o3-mini": Price(1.1, 4.4, 0.55),
            "o4-mini": Price(1.1, 4.4, 0.275),
        }
    ),
)
"""USD per million tokens, by the model's name without provider and release date."""


def read_prices(path: Path) -> Prices:
    """A file of prices: `[prices."openai:gpt-4o-mini"]` with `input` and `output`, before the listed ones.

    Raises:
        ConfigError: the file is missing, names no price, or a word or a number of it is wrong.
    """
    raw = toml.read(path, "prices", absent="a project's own are [tool.seatrial.model.prices]")
    toml.only_known(raw, ("prices",), str(path))
    own = toml.table(raw.get("prices", {}), f"{path}: prices")
    if not own:
        raise ConfigError(
            f'{path} names no price; write [prices."openai:gpt-4o-mini"] with input and output, USD per million tokens'
        )
    return LISTED.with_own({model: read_price(one, f"{path}: prices.{model!r}") for model, one in own.items()})
