"""Routing: the first pool with a URL and the id on its list, else the default, as a table."""

import pytest

from seatrial.errors import ConfigError
from seatrial.graph.route import Route, RouteDecision, route_for, unlisted
from seatrial.graph.spec import GraphSpec
from seatrial.project.routing import read_routing

A, B = frozenset({"a"}), frozenset({"a", "b"})


@pytest.mark.parametrize(
    ("assistant", "routes", "pool", "url", "listed"),
    [
        ("a", [], "default", "d", False),
        ("a", [("one", "1", A)], "one", "1", True),
        ("a", [("one", "", A)], "default", "d", True),  # its URL is not set
        ("a", [("one", "", A), ("two", "2", B)], "two", "2", True),
        ("a", [("one", "1", A), ("two", "2", B)], "one", "1", True),  # the first wins
        ("b", [("one", "1", A), ("two", "2", B)], "two", "2", True),
        ("c", [("one", "1", A), ("two", "2", B)], "default", "d", False),
        ("a@v2", [("one", "1", A)], "one", "1", True),
    ],
)
def test_a_route_is_the_first_pool_that_has_a_url_and_the_graph(assistant, routes, pool, url, listed):
    found = route_for(assistant, "d", [Route(*one) for one in routes])
    assert found == RouteDecision(assistant, pool, url, listed)


def test_graphs_on_no_list_are_reported():
    assert unlisted(("a", "b", "c"), [Route("one", "", A), Route("two", "2", B)]) == ("c",)


SPECS = (GraphSpec("a", module="m", pool="gpu"), GraphSpec("b", module="m"))
FILE = """
[tool.seatrial.dispatch]
default = "http://one:2024/"
[tool.seatrial.dispatch.pool.gpu]
url = "http://gpu:2024"
[tool.seatrial.dispatch.pool.cpu]
graphs = ["b"]
"""


def test_pools_stand_in_pyproject_and_the_environment_moves_one(tmp_path):
    (tmp_path / "pyproject.toml").write_text(FILE)
    found = read_routing(tmp_path, SPECS, {})
    assert found.default == "http://one:2024"
    assert found.routes == (Route("gpu", "http://gpu:2024", frozenset({"a"})), Route("cpu", "", frozenset({"b"})))
    moved = read_routing(tmp_path, SPECS, {"SEATRIAL_POOL_GPU_URL": "", "SEATRIAL_POOL_CPU_URL": "http://cpu:1"})
    assert moved.urls == {"default": "http://one:2024", "cpu": "http://cpu:1"}


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('[tool.seatrial.dispatch]\ndefault = "one:2024"', "is no URL"),
        ('[tool.seatrial.dispatch]\ndefalt = "x"', "default"),
        ('[tool.seatrial.dispatch.pool.gpu]\ngraphs = ["c"]', "no graph 'c'"),
        ('[tool.seatrial.dispatch.pool.gpu]\ngraphs = ["a", "a"]', "twice"),
    ],
)
def test_a_wrong_table_is_a_sentence(tmp_path, text, says):
    (tmp_path / "pyproject.toml").write_text(text)
    with pytest.raises(ConfigError, match=says):
        read_routing(tmp_path, SPECS, {})
