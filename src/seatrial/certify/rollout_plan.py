"""Rollout plan: what a ramp is told before it starts, read from a file whose every word is known.

schema = "seatrial/rollout-plan/1"
units_per_day = 20000
[cell."tier=enterprise"]     # cells are a partition of the traffic: their shares sum to 1
share = 0.3
critical = true
rate = 0.95                  # the control's rate of good outcomes; { success = 0.95, safe = 0.999 } for several metrics
[[stage]]
share = 0.05                 # of every cell's traffic
margin = 0.10                # drop still tolerated on the way out of this stage
hours = 24                   # or units = 20000: after that it holds and calls a person
"""

from __future__ import annotations

import tomllib
from dataclasses import asdict, dataclass, field, fields
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from seatrial import toml as words
from seatrial.canonical import content_hash
from seatrial.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

SCHEMA = "seatrial/rollout-plan/1"
METRIC = "success"
"""The one metric of a plan that names none."""


@dataclass(frozen=True, slots=True)
class Metric:
    """A rate of good outcomes that is watched; exactly one is `primary`."""

    name: str
    primary: bool = False


@dataclass(frozen=True, slots=True)
class Cell:
    """One part of the traffic.

    Attributes:
        name: `NAME=value`, or any name.
        share: of all traffic.
        critical: its primary metric shares the largest part of alpha, and no stage may be blind to it.
        rates: per metric, the control's rate of good outcomes, in the order of the plan's metrics.
    """

    name: str
    share: float
    critical: bool
    rates: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class PlanStage:
    """One step of the ramp: the canary's `share`, the `margin` to clear, and `units` of all traffic until it holds."""

    share: float
    margin: float
    units: int


@dataclass(frozen=True, slots=True)
class Split:
    """Shares of alpha: critical cells on the primary metric, every other row, the traffic as a whole."""

    critical: float = 0.8
    other: float = 0.1
    overall: float = 0.1


@dataclass(frozen=True, slots=True)
class RolloutPlan:
    """Everything fixed before the ramp starts.

    Attributes:
        owner: whom a report names.
        alpha: chance, over all tries, to roll anything back when nothing changed.
        must_stop: drop (share) of the primary metric that every stage must stop with chance .8 within its dwell.
        units_per_day: traffic of all cells; None = days are not said.
        weights: how alpha is shared.
        metrics: what is watched, the primary one first.
        cells: the partition.
        stages: the ramp; what follows the last is the whole traffic.
        source: file it was read from.
    """

    metrics: tuple[Metric, ...]
    cells: tuple[Cell, ...]
    stages: tuple[PlanStage, ...]
    owner: str = ""
    alpha: float = 0.05
    must_stop: float = 0.10
    units_per_day: float | None = None
    weights: Split = field(default_factory=Split)
    source: str = "built-in defaults"

    @property
    def hash(self) -> str:
        """Hash of every rule, not of the file's bytes or place."""
        rules = asdict(self)
        del rules["source"]
        return content_hash(rules)


def load_rollout_plan(path: Path) -> RolloutPlan:
    """Read a plan file.

    Raises:
        ConfigError: a word, a type or a range is wrong; the message names file and place and lists the choices.
    """
    return parse_rollout_plan(read_toml(path), str(path))


def read_toml(path: Path) -> dict[str, Any]:
    """A file's tables, whatever its schema; ConfigError where it is no TOML."""
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise ConfigError(f"{path} does not exist") from error
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigError(f"{path} cannot be read: {error}") from error


def is_rollout_plan(path: Path) -> bool:
    """Whether the file says it is one; False also where it cannot be read, which its own reader says better."""
    try:
        return read_toml(path).get("schema") == SCHEMA
    except ConfigError:
        return False


def parse_rollout_plan(raw: Mapping[str, Any], source: str) -> RolloutPlan:
    """The same from a mapping already parsed."""
    if raw.get("schema") != SCHEMA:
        raise ConfigError(f'{source}: schema is {raw.get("schema")!r}; this version reads schema = "{SCHEMA}"')
    words.only_known(raw, (*_TOP, "schema", "weights", "metric", "cell", "stage"), source)
    values: dict[str, Any] = {
        name: check(raw[name], f"{source}: {name}") for name, check in _TOP.items() if name in raw
    }
    if "weights" in raw:
        values["weights"] = _split(raw["weights"], f"{source}: [weights]")
    metrics = _metrics(raw.get("metric", {METRIC: {}}), f"{source}: [metric]")
    cells = _cells(raw.get("cell", {}), metrics, f"{source}: [cell]")
    must_stop = values.get("must_stop", RolloutPlan.__dataclass_fields__["must_stop"].default)
    for cell in cells:
        if cell.rates[0] < must_stop:
            raise ConfigError(
                f"{source}: [cell.{cell.name}]: rate {cell.rates[0]:g} cannot lose must_stop = {must_stop:g}"
            )
    stages = _stages(raw.get("stage", []), values.get("units_per_day"), f"{source}: [[stage]]")
    return RolloutPlan(metrics=metrics, cells=cells, stages=stages, source=source, **values)


def _metrics(raw: Any, place: str) -> tuple[Metric, ...]:
    if not words.table(raw, place):
        raise ConfigError(f"{place}: names no metric; leave it out for one called {METRIC!r}")
    found = []
    for name, rule in raw.items():
        words.only_known(words.table(rule, f"{place}.{name}"), _METRIC, f"{place}.{name}")
        found.append(
            Metric(name, **{w: check(rule[w], f"{place}.{name}: {w}") for w, check in _METRIC.items() if w in rule})
        )
    if len(found) == 1:
        return (Metric(found[0].name, primary=True),)
    primary = [metric.name for metric in found if metric.primary]
    if len(primary) != 1:
        raise ConfigError(
            f"{place}: exactly one metric is primary, found {', '.join(primary) or 'none'} of: {', '.join(m.name for m in found)}"
        )
    return tuple(sorted(found, key=lambda metric: not metric.primary))


def _cells(raw: Any, metrics: tuple[Metric, ...], place: str) -> tuple[Cell, ...]:
    if not words.table(raw, place):
        raise ConfigError(
            f"{place}: names no cell; one that takes all traffic is [cell.all] with share = 1 and its rate"
        )
    found = []
    for name, rule in raw.items():
        here = f"{place[:-1]}.{name}]"
        if not name.isprintable():
            # It would drive a terminal, or start a line of its own in a report.
            raise ConfigError(f"{place}: {name!r} holds characters that cannot be seen; choose a plain name")
        words.only_known(words.table(rule, here), ("share", "rate", "critical"), here)
        for word in ("share", "rate"):
            if word not in rule:
                raise ConfigError(f"{here}: {word} is missing")
        found.append(
            Cell(
                name,
                _part(rule["share"], f"{here}: share"),
                words.flag(rule.get("critical", False), f"{here}: critical"),
                _rates(rule["rate"], metrics, f"{here}: rate"),
            )
        )
    total = sum(cell.share for cell in found)
    if abs(total - 1) > 1e-6:
        raise ConfigError(
            f"{place}: the cells' shares sum to {total:g}; cells are a partition of the traffic, so they sum to 1"
        )
    return tuple(found)


def _rates(raw: Any, metrics: tuple[Metric, ...], place: str) -> tuple[float, ...]:
    names = [metric.name for metric in metrics]
    if not isinstance(raw, dict):
        if len(names) > 1:
            raise ConfigError(
                f"{place}: {len(names)} metrics need a rate each: rate = {{ {', '.join(f'{n} = …' for n in names)} }}"
            )
        return (_part(raw, place),)
    words.only_known(raw, names, place)
    missing = [name for name in names if name not in raw]
    if missing:
        raise ConfigError(f"{place}: no rate for metric {', '.join(missing)}")
    return tuple(_part(raw[name], f"{place}: {name}") for name in names)


def _stages(raw: Any, units_per_day: float | None, place: str) -> tuple[PlanStage, ...]:
    if not isinstance(raw, list) or not raw:
        raise ConfigError(f"{place}: a ramp needs at least one stage: share, margin, and hours or units")
    found = []
    for i, rule in enumerate(raw, 1):
        here = f"{place} {i}"
        words.only_known(words.table(rule, here), ("share", "margin", "hours", "units"), here)
        for word in ("share", "margin"):
            if word not in rule:
                raise ConfigError(f"{here}: {word} is missing")
        if ("hours" in rule) == ("units" in rule):
            raise ConfigError(f"{here}: say its dwell once, as hours or as units of traffic")
        if "units" in rule:
            units = words.whole(rule["units"], f"{here}: units")
        elif units_per_day is None:
            raise ConfigError(f"{here}: hours need units_per_day at the top of the file")
        else:
            units = int(_positive(rule["hours"], f"{here}: hours") / 24 * units_per_day)
            if units < 1:
                raise ConfigError(f"{here}: {rule['hours']} hours of {units_per_day:g} units a day are not one unit")
        found.append(
            PlanStage(
                words.share(rule["share"], f"{here}: share"),
                words.share_or_zero(rule["margin"], f"{here}: margin"),
                units,
            )
        )
    for i, (a, b) in enumerate(pairwise(found), 2):
        if b.share <= a.share:
            raise ConfigError(
                f"{place} {i}: share {b.share:g} is not above the stage before it ({a.share:g}); a ramp climbs"
            )
        if b.margin > a.margin:
            raise ConfigError(
                f"{place} {i}: margin {b.margin:g} is wider than the stage before it ({a.margin:g}); margins shrink along the ramp"
            )
    return tuple(found)


def _split(raw: Any, place: str) -> Split:
    names = tuple(f.name for f in fields(Split))
    words.only_known(words.table(raw, place), names, place)
    split = Split(**{name: words.share(value, f"{place}: {name}") for name, value in raw.items()})
    total = split.critical + split.other + split.overall
    if abs(total - 1) > 1e-9:
        raise ConfigError(f"{place}: critical + other + overall is {total:g}; shares of alpha sum to 1")
    return split


def _part(value: Any, place: str) -> float:
    number = words.number(value, place)
    if not 0 < number <= 1:
        raise ConfigError(f"{place}: must lie above 0 and not above 1, got {value!r}")
    return number


def _positive(value: Any, place: str) -> float:
    number = words.number(value, place)
    if not 0 < number < 1e12:
        raise ConfigError(f"{place}: must be a number above 0, got {value!r}")
    return number


_TOP: dict[str, Callable[[Any, str], Any]] = {
    "owner": words.text,
    "alpha": words.level,
    "must_stop": words.share,
    "units_per_day": _positive,
}
_METRIC: dict[str, Callable[[Any, str], Any]] = {"primary": words.flag}
