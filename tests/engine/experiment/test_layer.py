"""Layers: experiments of one layer never meet in a unit; of two layers they meet as chance has it."""

from __future__ import annotations

import pytest

from seatrial.errors import ConfigError
from seatrial.experiment.layer import Layer, arm_of, check_layers

UNITS = [f"user-{i}" for i in range(8000)]


def arms(salt: str, layer: Layer) -> list[str | None]:
    return [arm_of(unit, salt, ("old", "new"), (0.5, 0.5), layer) for unit in UNITS]


def test_experiments_of_one_layer_exclude_each_other():
    one, two = arms("one", Layer("prompts", 0.0, 0.5)), arms("two", Layer("prompts", 0.5, 1.0))
    assert all((a is None) != (b is None) for a, b in zip(one, two, strict=True))
    inside = [a for a in one if a is not None]
    assert abs(len(inside) - 4000) < 3 * 2000**0.5
    assert abs(inside.count("new") - len(inside) / 2) < 3 * (len(inside) / 4) ** 0.5


def test_experiments_of_two_layers_meet():
    one, two = arms("one", Layer("prompts", 0.0, 0.5)), arms("two", Layer("tools", 0.0, 0.5))
    both = sum(a is not None and b is not None for a, b in zip(one, two, strict=True))
    assert abs(both - 2000) < 3 * (8000 * 0.25 * 0.75) ** 0.5


def test_a_blank_unit_has_no_arm():
    assert arm_of("  ", "one", ("old", "new"), (0.5, 0.5)) is None
    assert arm_of(42, "one", ("old", "new"), (0.5, 0.5)) == arm_of("42", "one", ("old", "new"), (0.5, 0.5))


def test_slices_that_overlap_are_refused():
    check_layers({"a": Layer("prompts", 0, 0.5), "b": Layer("prompts", 0.5, 1), "c": Layer("tools")})
    with pytest.raises(ConfigError, match=r"a and b both take 0\.4 to 0\.5 of layer 'prompts'"):
        check_layers({"a": Layer("prompts", 0, 0.5), "b": Layer("prompts", 0.4, 1)})
