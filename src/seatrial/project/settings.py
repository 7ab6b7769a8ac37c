"""Settings: `[tool.seatrial]` of a project's pyproject.toml, every word of it known."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any

from seatrial import toml
from seatrial.errors import ConfigError, UsageError
from seatrial.model.settings import ModelSettings, read_model_settings
from seatrial.verdict import Verdict

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


MLFLOW = ("trial", "always", "never")


@dataclass(frozen=True, slots=True)
class TrialRow:
    """One row of the main job: which upgrade of which graph is put to which policy.

    Attributes:
        graph: assistant id.
        baseline: version compared with.
        candidate: version judged.
        dataset: kind of examples, `golden` unless said otherwise.
        policy: policy file, relative to the project's root; None uses the built-in defaults.
        repeat: runs per example.
        expect: verdict that `trial --check-expect` waits for.
        expect_segments: segments that must be among the failing ones.
    """

    graph: str
    baseline: str
    candidate: str
    dataset: str = "golden"
    policy: str | None = None
    repeat: int = 1
    expect: str = "pass"
    expect_segments: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Settings:
    """What `[tool.seatrial]` says.

    Attributes:
        fleet: first part of every dataset's name.
        registry: file that holds GRAPHS.
        segments: file that defines the segments; None = a project without segments.
        store: where tables live.
        trial: rows of the main job, in order.
        model: limits, cassettes and families of the models it talks to.
        mlflow: which runs become MLflow runs: those of a `trial`, `always` (`eval` too), or `never`.
    """

    fleet: str = "local"
    registry: str = "graphs/registry.py"
    segments: str | None = None
    store: str = "sqlite:///.seatrial/store.db"
    trial: tuple[TrialRow, ...] = ()
    mlflow: str = "trial"
    model: ModelSettings = field(default_factory=ModelSettings)


def find_root(start: Path) -> Path:
    """The nearest folder at or above `start` whose pyproject.toml has `[tool.seatrial]`."""
    for folder in (start, *start.parents):
        file = folder / "pyproject.toml"
        if file.is_file() and "seatrial" in toml.read(file).get("tool", {}):
            return folder
    raise UsageError(
        f"{start} is no seatrial project: no pyproject.toml here or above has a [tool.seatrial] table; seatrial init DIR writes one"
    )


def read_settings(root: Path) -> Settings:
    """Read and check the table.

    Raises:
        ConfigError: an unknown word or a wrong type; names the place and lists the choices.
    """
    file = root / "pyproject.toml"
    raw = toml.read(file).get("tool", {}).get("seatrial", {})
    place = f"{file}: [tool.seatrial]"
    rows = toml.tables(raw.get("trial", []), f"{place}: trial", "[[tool.seatrial.trial]]")
    trial = tuple(_trial(row, f"{file}: [[tool.seatrial.trial]] number {i}") for i, row in enumerate(rows, start=1))
    raw = {
        name: value for name, value in raw.items() if name not in ("serve", "dispatch", "budget")
    }  # servers read their own
    values = _texts(raw, Settings, place, skip=("trial", "model"))
    toml.word(*MLFLOW)(values.get("mlflow", "trial"), f"{place}: mlflow")
    model = read_model_settings(raw.get("model", {}), f"{file}: [tool.seatrial.model]")
    return Settings(**values, trial=trial, model=model)


def _trial(raw: Mapping[str, Any], place: str) -> TrialRow:
    values = _texts(raw, TrialRow, place, skip=("repeat", "expect_segments"))
    for name in ("graph", "baseline", "candidate"):
        if name not in values:
            raise ConfigError(f"{place}: {name} is missing")
    toml.word(*Verdict)(values.get("expect", "pass"), f"{place}: expect")
    repeat = toml.integer(raw.get("repeat", 1), f"{place}: repeat")
    segments = raw.get("expect_segments", [])
    if not isinstance(segments, list) or not all(isinstance(name, str) for name in segments):
        raise ConfigError(f'{place}: expect_segments is a list of NAME=value, e.g. ["tier=enterprise"]')
    return TrialRow(**values, repeat=repeat, expect_segments=tuple(segments))


def _texts(raw: Mapping[str, Any], shape: type[Any], place: str, skip: tuple[str, ...]) -> dict[str, Any]:
    known = [field.name for field in fields(shape)]
    toml.only_known(raw, known, place)
    return {name: toml.text(value, f"{place}: {name}") for name, value in raw.items() if name not in skip}
