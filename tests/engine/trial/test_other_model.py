"""A baseline that another model answered is another experiment, whatever its age."""

from types import SimpleNamespace

import pyarrow as pa
import pytest

from seatrial.evidence.frame import unchecked
from seatrial.trial.baselines import other_model


def answered_by(*models):
    rows = len(models)
    return unchecked(
        pa.table({"example_id": [f"e{i}" for i in range(rows)], "model": pa.array(models, pa.string())}), "memory"
    )


def why(before, now, family="openai"):
    project = SimpleNamespace(
        spec=lambda _graph: SimpleNamespace(family=family, deterministic=family == "rules"),
        settings=SimpleNamespace(trial=[SimpleNamespace(graph="desk", policy="gates/merge.toml")]),
    )
    return other_model(project, SimpleNamespace(header=SimpleNamespace(graph="desk"), evidence=before), now)


def test_a_model_with_another_name_is_said():
    reported = why(answered_by("gpt-4o-2024-05-13", "gpt-4o-2024-05-13"), answered_by("gpt-4o-2024-08-06"))
    assert "answered by gpt-4o-2024-05-13, this run by gpt-4o-2024-08-06" in reported
    assert "pytest gates/merge.toml --seatrial-update-baseline -k desk" in reported


@pytest.mark.parametrize("now", [answered_by("a"), answered_by("a", "a"), answered_by(None), answered_by()])
def test_the_same_model_and_a_silent_one_are_not(now):
    assert why(answered_by("a"), now) == ""


def test_rules_are_rules_under_any_name():
    assert why(answered_by("a"), answered_by("b"), family="rules") == ""
