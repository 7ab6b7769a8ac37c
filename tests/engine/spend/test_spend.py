"""Spend: tokens priced when asked, by group; what is not known is counted beside, and a budget says how it stands."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest

from seatrial.cli.app import run as command
from seatrial.errors import ConfigError, UsageError
from seatrial.price import Price, Prices, Tokens
from seatrial.spend.budget import Budget, Standing, read_budgets, standings
from seatrial.spend.table import check_columns, spend
from seatrial.store.calls import CallSum, ModelCallRow
from seatrial.store.engine import open_store
from seatrial.store.outcomes import OutcomeEvent, write_outcomes
from seatrial.store.threads import RunRow, write_run

PRICES = Prices("2026-01-01", {"m": Price(1.0, 10.0, 0.1, 2.0)})
MILLION = Tokens(1_000_000, 100_000, 500_000, 100_000)  # .4 + .05 + .2 + 1 USD


def used(
    graph: str = "g", model: str = "m", calls: int = 1, uncounted: int = 0, tokens: Tokens = MILLION, **more: Any
) -> CallSum:
    day = more.pop("day", 20_000)
    return CallSum(
        graph, "v1", more.pop("feature", graph), "ada", "node", "", model, more, day, calls, uncounted, tokens
    )


def test_cached_tokens_have_their_own_price_and_the_dearest_group_is_first() -> None:
    found = spend([used("a"), used("b"), used("b")], PRICES, ("graph",))
    assert [(one.group, round(one.usd, 6)) for one in found] == [(("b",), 3.3), (("a",), 1.65)]
    assert found[0].tokens.cache_read == 1_000_000


def test_a_model_without_a_price_and_a_call_without_tokens_are_counted_and_never_zero() -> None:
    (one,) = spend([used(calls=3, uncounted=1), used(model="other", calls=2), used(model="builtin", calls=9)], PRICES)
    assert (one.calls, one.unknown, round(one.usd, 6)) == (14, 3, 1.65)
    assert spend([used(uncounted=1)], PRICES, (), {(): 5})[0].usd_per_outcome is None
    assert spend([used()], PRICES, (), {(): 5})[0].usd_per_outcome == pytest.approx(0.33)
    assert spend([used()], PRICES, (), {})[0].usd_per_outcome is None


def test_groups_are_days_months_tenants_and_segments() -> None:
    rows = [used(day=20_514, tier="pro"), used(day=20_515, tenant="4bf9")]
    groups = [one.group for one in spend(rows, PRICES, ("day", "month", "segment.tier", "tenant"))]
    assert sorted(groups) == [("2026-03-02", "2026-03", "pro", "none"), ("2026-03-03", "2026-03", "none", "4bf9")]
    for wrong in (("grph",), ("graph", "graph"), ("segment.",)):
        with pytest.raises(UsageError):
            check_columns(wrong)


@pytest.mark.parametrize(
    ("limit", "rows", "state"),
    [
        (10.0, [used()], "within"),
        (2.0, [used()], "warning"),
        (1.65, [used()], "exceeded"),
        (10.0, [used(uncounted=1)], "unknown"),
        (1.0, [used(uncounted=1)], "exceeded"),
        (1.0, [used("other")], "within"),
        (1.0, [used(day=19_999)], "within"),
    ],
)
def test_a_budget_is_exceeded_warned_of_or_not_known(limit: float, rows: list[CallSum], state: str) -> None:
    (found,) = standings([Budget("g", daily_usd=limit)], rows, PRICES, 20_000, 19_990)
    assert found.state == state


def test_a_month_counts_from_its_first_day() -> None:
    rows = [used(day=day) for day in (19_989, 19_990, 20_000)]
    (found,) = standings([Budget("g", monthly_usd=9.0)], rows, PRICES, 20_000, 19_990)
    assert found == Standing("g", "month", 9.0, pytest.approx(3.3), 0, 0.8)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[tool.seatrial.budget.nosuch]\ndaily_usd = 1", "nosuch"),
        ("[tool.seatrial.budget.g]\nwarn = 0.5", "names no limit"),
        ("[tool.seatrial.budget.g]\ndaily_usd = -1", "no amount"),
        ("[tool.seatrial.budget.g]\ndaily = 1", "daily"),
    ],
)
def test_a_wrong_budget_is_a_sentence(tmp_path: Path, text: str, says: str) -> None:
    (tmp_path / "pyproject.toml").write_text(text)
    with pytest.raises(ConfigError, match=says):
        read_budgets(tmp_path, ["g"])


REGISTRY = 'from seatrial.graph.spec import GraphSpec\nGRAPHS = (GraphSpec("g", module="graphs.g"),)\n'
PYPROJECT = (
    '[tool.seatrial]\nstore = "sqlite:///s.db"\n[tool.seatrial.model.prices."openai:m"]\ninput = 1.0\noutput = 10.0\n'
)


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "graphs").mkdir()
    (tmp_path / "graphs" / "registry.py").write_text(REGISTRY)
    (tmp_path / "pyproject.toml").write_text(PYPROJECT)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def record(root: Path, *, calls: int, ago: float = 0.0) -> None:
    at = time.time() - ago
    with open_store("sqlite:///s.db", root=root) as store:
        for n in range(calls):
            row = ModelCallRow(
                f"{at}/{n}",
                f"{at}/{n}",
                f"t{n}",
                "g",
                "v1",
                "f",
                "ada",
                "node",
                "openai:m",
                "{}",
                1_000_000,
                0,
                0,
                0,
                0,
                at,
                "look_up" if n else "",
            )
            write_run(store, RunRow(f"{at}/{n}", f"t{n}", "g", "v1", "success", "", {}, at, at), [row])
        write_outcomes(
            store, [OutcomeEvent("e0", "t0", "reply", "yes", at), OutcomeEvent("e1", "t1", "reply", "no", at)]
        )


def said(capsys: Any, *words: str) -> tuple[int, Any]:
    capsys.readouterr()
    code = command(["spend", "--json", *words])
    return code, json.loads(capsys.readouterr().out)


def test_the_command_sums_a_window_and_divides_by_outcomes(project: Path, capsys: Any) -> None:
    record(project, calls=4)
    record(project, calls=2, ago=10 * 86_400)
    code, data = said(capsys, "--since", "7d", "--outcome", "reply=yes", "--by", "feature")
    assert code == 0
    (group,) = data["groups"]
    assert (group["feature"], group["usd"], group["outcomes"], group["usd_per_outcome"]) == ("f", 4.0, 1, 4.0)
    assert said(capsys, "--since", "30d", "--outcome", "reply")[1]["groups"][0]["outcomes"] == 2
    tools = said(capsys, "--since", "7d", "--by", "tool")[1]["groups"]
    assert [(one["tool"], one["calls"], one["usd"]) for one in tools] == [("look_up", 3, 3.0), ("none", 1, 1.0)]
    assert command(["spend", "-o", "spend.json"]) == 0
    assert "$6.00 · 6 calls" in capsys.readouterr().out
    assert json.loads((project / "spend.json").read_text())["groups"][0]["calls"] == 6


def test_a_budget_that_is_exceeded_is_exit_1_and_nothing_on_record_is_2(project: Path, capsys: Any) -> None:
    assert command(["spend"]) == 2
    assert "no model call is on record" in capsys.readouterr().out
    record(project, calls=4)
    (project / "pyproject.toml").write_text(PYPROJECT + "[tool.seatrial.budget.g]\ndaily_usd = 4\nmonthly_usd = 100\n")
    code, data = said(capsys)
    assert (code, [one["state"] for one in data["budgets"]]) == (1, ["exceeded", "within"])
    for wrong in (
        ("--by", "grph"),
        ("--since", "soon"),
        ("--since", "2026-03-02", "--until", "2026-03-01"),
        ("-o", "x.csv"),
    ):
        assert command(["spend", *wrong]) == 3
