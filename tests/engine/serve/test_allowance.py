"""Budgets while graphs run: the graph whose budget is spent stops alone, with an error of its own."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx
import pytest

from seatrial.model.outcome import OverBudget
from seatrial.price import Price, Prices
from seatrial.serve.allowance import Allowance
from seatrial.serve.meter import ModelCall
from seatrial.spend.budget import Budget
from seatrial.store.calls import ModelCallRow
from seatrial.store.engine import open_store
from seatrial.store.threads import RunRow, write_run

PRICES = Prices("2026-01-01", {"m": Price(1.0, 0.0)})
NOON = 20_514 * 86_400 + 43_200.0  # 2026-03-02


def call(usd: float | None) -> ModelCall:
    return ModelCall("node", "", "m", None if usd is None else int(usd * 1e6), 0, None, None, None)


@pytest.fixture
def made(tmp_path: Path) -> Any:
    told: list[str] = []
    alarms: list[Any] = []
    with open_store("sqlite:///s.db", root=tmp_path) as store:

        def make(clock: list[float], **limits: float) -> Allowance:
            return Allowance([Budget("g", **limits)], PRICES, store, lambda: clock[0], told.append, tell=alarms.append)

        make.store, make.told, make.alarms = store, told, alarms  # type: ignore[attr-defined]
        yield make


def test_a_budget_that_is_spent_refuses_and_is_open_again_the_next_day(made: Any) -> None:
    clock = [NOON]
    allowance = made(clock, daily_usd=1.0)
    for _ in range(2):
        allowance.admit("g")
        allowance.settle("g", call(0.5))
    with pytest.raises(OverBudget, match=r"spent \$1\.00 of \$1\.00 this day"):
        allowance.admit("g")
    allowance.admit("other")  # without a budget
    allowance.kept("g", [call(0.5)] * 2)
    clock[0] += 86_400  # the store's answer for the new day holds nothing
    allowance.admit("g")
    assert made.told == ["budget_exceeded"]
    allowance.settle("g", call(1.5))
    for _ in range(2):
        with pytest.raises(OverBudget):
            allowance.admit("g")
    # Each day's first refusal is told, with what was spent then.
    assert [(one.period, one.began, one.limit_usd, one.spent_usd) for one in made.alarms] == [
        ("day", "2026-03-02", 1.0, 1.0),
        ("day", "2026-03-03", 1.0, 1.5),
    ]


def test_calls_in_flight_hold_back_what_the_dearest_has_cost(made: Any) -> None:
    allowance = made([NOON], daily_usd=1.0)
    allowance.admit("g")
    allowance.settle("g", call(0.4))
    allowance.admit("g")
    allowance.admit("g")  # .4 spent, .4 held: the second ends at 1.2 at most, by less than one call too much
    with pytest.raises(
        OverBudget, match=r"spent \$0\.40 of \$1\.00 this day, and 2 calls under way may cost \$0\.80: try"
    ):
        allowance.admit("g")
    assert made.told == ["budget_exceeded"]
    assert made.alarms == []  # what is held back is not spent
    allowance.settle("g", call(0.4))
    allowance.settle("g", call(0.4))
    with pytest.raises(OverBudget, match=r"spent \$1\.20 of \$1\.00 this day$"):
        allowance.admit("g")
    assert [one.spent_usd for one in made.alarms] == [pytest.approx(1.2)]


def test_what_others_spend_counts_from_the_store_and_a_month_is_longer_than_a_day(made: Any) -> None:
    clock = [NOON]
    allowance = made(clock, daily_usd=9.0, monthly_usd=3.0)
    yesterday = NOON - 86_400
    row = ModelCallRow("c", "r", "t", "g", "v1", "f", "o", "node", "m", "{}", 2_500_000, 0, 0, 0, 0, yesterday)
    write_run(made.store, RunRow("r", "t", "g", "v1", "success", "", {}, yesterday, yesterday), [row])
    allowance.admit("g")
    assert made.told == ["budget_warning"]  # 2.5 of 3
    allowance.settle("g", call(0.6))
    with pytest.raises(OverBudget, match="this month"):
        allowance.admit("g")
    assert [(one.period, one.began) for one in made.alarms] == [("month", "2026-03")]
    allowance.settle("g", call(None))
    assert made.told[-1] == "budget_unknown"


def test_the_server_answers_503_for_that_graph_alone(tmp_path: Path, serving: Any) -> None:
    with serving(tmp_path, tokens={"echo": 0}) as (_, address), httpx.Client(base_url=address) as client:
        refused = client.post("/runs/wait", json={"assistant_id": "echo", "input": {"text": "hi"}})
        assert (refused.status_code, refused.json()["type"]) == (503, "over_budget")
        assert "0 tokens of 0 that one request may use" in refused.json()["message"]
        assert client.post("/runs/wait", json={"assistant_id": "later", "input": {"text": "hi"}}).status_code == 200
