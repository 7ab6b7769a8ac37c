"""Budget: what a graph may cost a day and a month, and what it has cost so far.

[tool.seatrial.budget.email_compose]
daily_usd = 20
monthly_usd = 300
warn = 0.8
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from seatrial import toml
from seatrial.errors import ConfigError
from seatrial.spend.table import spend

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from seatrial.price import Prices
    from seatrial.store.calls import CallSum

WORDS = ("daily_usd", "monthly_usd", "warn")


@dataclass(frozen=True, slots=True)
class Budget:
    """What one graph may cost.

    Attributes:
        graph: which.
        daily_usd: a day in UTC; None = no limit.
        monthly_usd: a month in UTC; None = no limit.
        warn: share from which on a warning is given.
    """

    graph: str
    daily_usd: float | None = None
    monthly_usd: float | None = None
    warn: float = 0.8


@dataclass(frozen=True, slots=True)
class Standing:
    """How a budget stands.

    Attributes:
        graph: which.
        period: `day` or `month`.
        limit: USD.
        usd: spent so far, as far as it is known.
        unknown: calls whose cost is not known.
        warn: share from which on a warning is given.
    """

    graph: str
    period: str
    limit: float
    usd: float
    unknown: int
    warn: float

    @property
    def state(self) -> str:
        """`exceeded`, `unknown` (some calls have no price), `warning` or `within`."""
        if self.usd >= self.limit:
            return "exceeded"
        if self.unknown:
            return "unknown"
        return "warning" if self.usd >= self.warn * self.limit else "within"


def read_budgets(root: Path, graphs: Sequence[str]) -> tuple[Budget, ...]:
    """Read and check `[tool.seatrial.budget]`.

    Raises:
        ConfigError: a graph, a word or a number is wrong; the message names the place.
    """
    file = root / "pyproject.toml"
    raw: Mapping[str, Any] = toml.read(file).get("tool", {}).get("seatrial", {}).get("budget", {})
    place = f"{file}: [tool.seatrial.budget]"
    toml.only_known(toml.table(raw, place), graphs, place)
    found = []
    for graph, given in raw.items():
        here = f"{place[:-1]}.{graph}]"
        toml.only_known(toml.table(given, here), WORDS, here)
        limits = {name: _usd(given[name], f"{here}: {name}") for name in WORDS[:2] if name in given}
        if not limits:
            raise ConfigError(f"{here}: names no limit; say daily_usd or monthly_usd")
        found.append(Budget(graph, **limits, warn=toml.share(given.get("warn", 0.8), f"{here}: warn")))
    return tuple(found)


def standings(
    budgets: Iterable[Budget], rows: Sequence[CallSum], prices: Prices, today: int, month_began: int
) -> list[Standing]:
    """How every budget stands; days are counted since 1970 in UTC.

    Args:
        budgets: from `read_budgets`.
        rows: of this month, or of more.
        prices: applied now.
        today: the day.
        month_began: first day of the month.
    """
    found = []
    for budget in budgets:
        for period, limit, first in (("day", budget.daily_usd, today), ("month", budget.monthly_usd, month_began)):
            if limit is None:
                continue
            mine = [row for row in rows if row.graph == budget.graph and first <= row.day <= today]
            spent = spend(mine, prices)
            usd, unknown = (spent[0].usd, spent[0].unknown) if spent else (0.0, 0)
            found.append(Standing(budget.graph, period, limit, usd, unknown, budget.warn))
    return found


def _usd(value: Any, place: str) -> float:
    found = toml.number(value, place)
    if not 0 < found < 1e9:
        raise ConfigError(f"{place}: {value!r} is no amount; it is USD, more than 0")
    return float(found)
