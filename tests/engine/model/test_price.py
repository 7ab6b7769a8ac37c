"""What calls cost: by the listed prices, by a project's own, and where it cannot be known."""

import pytest

from seatrial.errors import ConfigError
from seatrial.model.price import LISTED
from seatrial.model.settings import read_model_settings
from seatrial.price import Price, Prices, Tokens, cost


def test_cached_tokens_are_priced_apart_from_fresh_ones() -> None:
    # 10,000 read, of which 6,000 from and 1,000 to the cache: 3,000 x 3 + 6,000 x .3 + 1,000 x 3.75 + 500 x 15 = 22,050
    tokens = Tokens(10_000, 500, cache_read=6_000, cache_write=1_000)
    assert cost(Price(3.0, 15.0, 0.3, 3.75), tokens) == pytest.approx(0.02205)
    assert cost(Price(3.0, 15.0), tokens) == pytest.approx((10_000 * 3 + 500 * 15) / 1e6)


@pytest.mark.parametrize(
    "name",
    ["gpt-4o-mini", "openai:gpt-4o-mini", "gpt-4o-mini-2024-07-18", "openai:gpt-4o-mini-2024-07-18"],
)
def test_a_model_is_found_with_and_without_provider_and_date(name: str) -> None:
    assert LISTED.of(name) == LISTED.table["gpt-4o-mini"]


def test_a_release_with_a_price_of_its_own_keeps_it() -> None:
    assert LISTED.of("openai:gpt-4o-2024-05-13") != LISTED.of("openai:gpt-4o")


@pytest.mark.parametrize("model", [None, "", "house-7b", "gpt-4o+gpt-4o-mini", "gpt-4o+house-7b"])
def test_a_cost_that_cannot_be_known_is_none(model: str | None) -> None:
    assert LISTED.usd(model, Tokens(1, 1)) is None


def test_models_of_one_price_may_share_their_tokens() -> None:
    same = Prices("2026-01-01", {"a": Price(1.0, 2.0), "b": Price(1.0, 2.0)})
    assert same.usd("a+b", Tokens(500_000, 250_000)) == 1.0


def test_a_projects_price_goes_before_the_listed_one_and_changes_the_hash() -> None:
    own = read_model_settings({"prices": {"openai:gpt-4o-mini": {"input": 1, "output": 2}}}, "pyproject.toml").prices
    assert own.of("openai:gpt-4o-mini") == Price(1.0, 2.0)
    assert own.of("openai:gpt-4o") == LISTED.of("openai:gpt-4o")
    assert own.hash != LISTED.hash


@pytest.mark.parametrize("raw", [{"input": 1}, {"input": -1, "output": 1}, {"input": 1, "output": 1, "cached": 1}])
def test_a_price_that_is_none_is_refused_with_its_place(raw: dict[str, float]) -> None:
    with pytest.raises(ConfigError, match="house-7b"):
        read_model_settings({"prices": {"house-7b": raw}}, "pyproject.toml")


def test_a_providers_answer_names_its_model_without_the_provider_that_a_project_may_name():
    own = Prices("2026-01-01", {"openai:m": Price(1.0, 2.0), "a:n": Price(1.0, 2.0), "b:n": Price(3.0, 4.0)})
    assert own.of("m") == own.of("m-2026-01-05") == Price(1.0, 2.0)
    assert own.of("n") is None  # two providers, two prices
