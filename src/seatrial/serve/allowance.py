"""Allowance: whether a graph may call a model once more, by its budget of the day and the month.

What this process spends is counted at once; what others spend is read from the store every half a minute. A call in flight
holds back what the dearest call of its graph has cost, so that a budget is exceeded by less than one call a worker once a
cost is known. A call whose cost is not known is admitted, and counted as `budget_unknown`.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from seatrial.adapters.webhook import BudgetSpent
from seatrial.errors import SeatrialError
from seatrial.model.outcome import OverBudget
from seatrial.price import Tokens
from seatrial.spend.budget import standings
from seatrial.spend.table import FREE, day_text
from seatrial.store.calls import DAY, call_sums
from seatrial.wording import count

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from seatrial.price import Prices
    from seatrial.serve.meter import ModelCall
    from seatrial.spend.budget import Budget
    from seatrial.store.engine import Store

EVERY_S = 30.0


@dataclass(slots=True)
class _Account:
    """One budget: USD by the store's last answer, on record since, of runs that have not ended, and what is in flight."""

    spent: dict[str, float] = field(default_factory=lambda: {"day": 0.0, "month": 0.0})
    since: float = 0.0
    open: float = 0.0
    in_flight: int = 0
    dearest: float = 0.0
    warned: set[tuple[str, int]] = field(default_factory=set)
    refused: set[tuple[str, str]] = field(default_factory=set)


class Allowance:
    """The budgets of a server; safe to share between threads.

    Args:
        budgets: of `[tool.seatrial.budget]`.
        prices: applied to every call.
        store: where calls are on record.
        clock: seconds since 1970.
        count: told of `budget_warning`, `budget_exceeded`, `budget_unknown`.
        every_s: seconds between two looks into the store.
        tell: given a budget that is spent at its first refusal; must not block.
    """

    def __init__(
        self,
        budgets: Sequence[Budget],
        prices: Prices,
        store: Store,
        clock: Callable[[], float],
        count: Callable[[str], None],
        every_s: float = EVERY_S,
        tell: Callable[[BudgetSpent], object] = lambda _: None,
    ) -> None:
        self._budgets = {budget.graph: budget for budget in budgets}
        self._prices, self._store, self._clock, self._count, self._every_s = prices, store, clock, count, every_s
        self._tell = tell
        self._accounts = {graph: _Account() for graph in self._budgets}
        self._lock = threading.Lock()
        self._read_at = float("-inf")

    def admit(self, graph: str) -> None:
        """Let one call of the graph begin.

        Raises:
            OverBudget: its budget is spent, or would be by what is in flight.
        """
        budget = self._budgets.get(graph)
        if budget is None:
            return
        with self._lock:
            self._refresh()
            account = self._accounts[graph]
            held = account.in_flight * account.dearest
            for period, limit in (("day", budget.daily_usd), ("month", budget.monthly_usd)):
                if limit is None:
                    continue
                spent = account.spent[period] + account.since + account.open
                text = f"graph {graph!r} has spent ${spent:,.2f} of ${limit:,.2f} this {period}"
                if spent >= limit:
                    self._count("budget_exceeded")
                    self._tell_once(account, BudgetSpent(graph, period, self._began(period), limit, spent))
                    raise OverBudget(text)
                if account.in_flight and spent + held >= limit:  # reserved, not spent: no alarm
                    self._count("budget_exceeded")
                    calls = count(account.in_flight, "call")
                    raise OverBudget(
                        f"{text}, and {calls} under way may cost ${held:,.2f}: try again when they have ended"
                    )
                mark = (period, int(self._clock() // DAY))
                if spent >= budget.warn * limit and mark not in account.warned:
                    account.warned.add(mark)
                    self._count("budget_warning")
            account.in_flight += 1

    def _began(self, period: str) -> str:
        """The day or the month of now, in UTC."""
        return day_text(int(self._clock() // DAY))[: 10 if period == "day" else 7]

    def _tell_once(self, account: _Account, spent: BudgetSpent) -> None:
        episode = (spent.period, spent.began)
        if episode not in account.refused:
            account.refused.add(episode)
            self._tell(spent)

    def settle(self, graph: str, call: ModelCall) -> None:
        """Count a call that has ended."""
        account = self._accounts.get(graph)
        if account is None:
            return
        usd = self._usd(call)
        with self._lock:
            account.in_flight = max(0, account.in_flight - 1)
            if usd is None:
                self._count("budget_unknown")
            else:
                account.open += usd
                account.dearest = max(account.dearest, usd)

    def kept(self, graph: str, calls: Sequence[ModelCall]) -> None:
        """The calls of a run that has ended are on record: the store's next answer holds them."""
        account = self._accounts.get(graph)
        if account is not None:
            usd = sum(self._usd(call) or 0.0 for call in calls)
            with self._lock:
                account.open -= usd
                account.since += usd

    def leaves_room(self, graph: str) -> bool:
        """Whether the graph may call models that no request waits for: its budgets are used by less than their `warn`."""
        budget = self._budgets.get(graph)
        if budget is None:
            return True
        with self._lock:
            self._refresh()
            account = self._accounts[graph]
            held = account.since + account.open + account.in_flight * account.dearest
            limits = (("day", budget.daily_usd), ("month", budget.monthly_usd))
            return all(limit is None or account.spent[period] + held < budget.warn * limit for period, limit in limits)

    def spend(self, graph: str, call: ModelCall) -> None:
        """Count a call that was not asked for here and is on record."""
        account, usd = self._accounts.get(graph), self._usd(call)
        if account is None:
            return
        if usd is None:
            self._count("budget_unknown")
            return
        with self._lock:
            account.since += usd

    def _usd(self, call: ModelCall) -> float | None:
        if call.model in FREE:
            return 0.0
        if call.input_tokens is None or call.output_tokens is None:
            return None
        cached = (call.cache_read_tokens or 0, call.cache_write_tokens or 0)
        return self._prices.usd(call.model, Tokens(call.input_tokens, call.output_tokens, *cached))

    def _refresh(self) -> None:
        now = self._clock()
        if now - self._read_at < self._every_s:
            return
        today = datetime.fromtimestamp(now, UTC)
        began = int(datetime(today.year, today.month, 1, tzinfo=UTC).timestamp() // DAY)
        try:
            rows = call_sums(self._store, began * DAY, now + 1)
        except SeatrialError:
            self._count("budget_unreadable")  # what is known from this process still counts
            self._read_at = now
            return
        for one in standings(self._budgets.values(), rows, self._prices, int(now // DAY), began):
            self._accounts[one.graph].spent[one.period] = one.usd
        for account in self._accounts.values():
            account.since = 0.0
        self._read_at = now
