"""Price: what model calls cost, by prices that are handed in; a cost that is not known is None, never a number.

Prices are applied when somebody asks, and never stored with a run: a run keeps its tokens.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, NamedTuple

from seatrial import toml
from seatrial.canonical import content_hash
from seatrial.errors import ConfigError

PER = 1_000_000
"""Tokens that a price is for, as providers write it."""

NO_DATE = re.compile(r"[-@](?:\d{8}|\d{4}-\d{2}-\d{2})$")
"""A release date at the end of a model's name: the price is the name's without it."""


class Price(NamedTuple):
    """USD per million tokens.

    Attributes:
        input: read and not from a cache.
        output: written, reasoning included.
        cache_read: read from a cache; None = as `input`.
        cache_write: written to a cache; None = as `input`.
    """

    input: float
    output: float
    cache_read: float | None = None
    cache_write: float | None = None


class Tokens(NamedTuple):
    """Tokens of one or more calls; the cached ones are among `input`, as LangChain counts them."""

    input: int
    output: int
    cache_read: int = 0
    cache_write: int = 0


@dataclass(frozen=True, slots=True)
class Prices:
    """A dated price table.

    Attributes:
        date: when the table was true.
        table: model, with or without its provider (`openai:gpt-4o-mini`, `gpt-4o-mini`) -> its price.
    """

    date: str
    table: Mapping[str, Price]

    @property
    def hash(self) -> str:
        """Hash of every price, whatever their order."""
        return content_hash({name: list(price) for name, price in self.table.items()})

    def of(self, model: str) -> Price | None:
        """The price of a model as it is asked for or as it names itself; None where the table has none."""
        name = model.partition(":")[2] or model
        for one in (model, name, NO_DATE.sub("", model), NO_DATE.sub("", name)):
            if one in self.table:
                return self.table[one]
        # A provider's answer names its model without the provider, which a project's own table may name.
        named = {price for key, price in self.table.items() if key.partition(":")[2] in (name, NO_DATE.sub("", name))}
        return named.pop() if len(named) == 1 else None

    def usd(self, model: str | None, tokens: Tokens) -> float | None:
        """What the tokens cost; None without a model, without its price, and where models of two prices share them.

        Args:
            model: its name, or several joined by `+`.
            tokens: of all its calls.
        """
        if not model:
            return None
        complete = self.of(model)
        prices = {complete} if complete else {self.of(name) for name in model.split("+")}
        if len(prices) > 1:
            return None
        price = prices.pop()
        return None if price is None else cost(price, tokens)

    def with_own(self, own: Mapping[str, Price]) -> Prices:
        """The table with the prices of a project before its own."""
        return Prices(self.date, MappingProxyType({**self.table, **own}))


def cost(price: Price, tokens: Tokens) -> float:
    """USD of so many tokens.

    >>> cost(Price(3.0, 15.0, 0.3, 3.75), Tokens(2_000, 500, cache_read=1_000))  # (1,000 x 3 + 1,000 x .3 + 500 x 15) / 1,000,000
    0.0108
    """
    read = price.input if price.cache_read is None else price.cache_read
    write = price.input if price.cache_write is None else price.cache_write
    fresh = tokens.input - tokens.cache_read - tokens.cache_write
    parts = (
        fresh * price.input,
        tokens.cache_read * read,
        tokens.cache_write * write,
        tokens.output * price.output,
    )
    return math.fsum(parts) / PER


def read_price(raw: Any, place: str) -> Price:
    """A price as a file writes it: `input` and `output`, and if the provider has them `cache_read` and `cache_write`.

    Raises:
        ConfigError: a key or a number is wrong; the message names the place.
    """
    table = toml.table(raw, place)
    toml.only_known(table, Price._fields, place)
    for name in ("input", "output"):
        if name not in table:
            raise ConfigError(f"{place}: {name} is missing; it is USD per million tokens")
    for name, value in table.items():
        number = toml.number(value, f"{place}: {name}")
        if not 0 <= number < 1e6:
            raise ConfigError(f"{place}: {name} {number:g} is out of range; it is USD per million tokens")
    return Price(**{name: float(value) for name, value in table.items()})
