"""GraphSpec, Version and fleet: what a registry refuses, and when."""

from __future__ import annotations

import pytest

from seatrial.errors import ConfigError
from seatrial.graph.spec import GraphSpec, Version, fleet


def test_a_duplicate_id_fails_where_the_registry_is_written() -> None:
    with pytest.raises(ConfigError, match="'a' stands twice"):
        fleet(GraphSpec("a", module="graphs.a"), GraphSpec("a", module="graphs.b"))


def test_a_fleet_keeps_its_order_and_loads_no_graph() -> None:
    specs = fleet(GraphSpec("b", module="no.such.module"), GraphSpec("a", module="no.such.module"))
    assert [spec.assistant_id for spec in specs] == ["b", "a"]


def test_the_current_version_is_the_last_unless_it_is_named() -> None:
    versions = (Version("v1"), Version("v2"))
    assert GraphSpec("a", module="m", versions=versions).version().name == "v2"
    assert GraphSpec("a", module="m", versions=versions, current="v1").version().name == "v1"


def test_an_unknown_version_is_refused_with_those_there_are() -> None:
    spec = GraphSpec("a", module="m", versions=(Version("v1"), Version("v2")))
    with pytest.raises(ConfigError, match=r"no version 'v9'; it has: v1, v2"):
        spec.version("v9")


def test_a_current_that_does_not_exist_is_refused() -> None:
    with pytest.raises(ConfigError, match="current='v9'"):
        GraphSpec("a", module="m", versions=(Version("v1"),), current="v9")


@pytest.mark.parametrize("versions", [(), (Version("v1"), Version("v1"))])
def test_versions_are_at_least_one_and_unique(versions: tuple[Version, ...]) -> None:
    with pytest.raises(ConfigError, match="must be unique and at least one"):
        GraphSpec("a", module="m", versions=versions)


def test_a_versions_config_cannot_be_changed_from_outside() -> None:
    config = {"prompt": "p1"}
    version = Version("v1", config)
    config["prompt"] = "p2"
    assert version.config["prompt"] == "p1"
    with pytest.raises(TypeError):
        version.config["prompt"] = "p3"  # type: ignore[index]  # that it is refused is the point
