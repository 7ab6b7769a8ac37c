"""Read a rollout plan: `experiments/NAME.toml`, a file whose every word is known.

schema = "seatrial/rollout-plan/1"
graph = "support_router"               # left out in a plan that is only sized by `seatrial plan`
control = "v3"
candidate = "v4"
unit = "thread"                        # or user
units_per_day = 20000
[metric.resolved]                      # named in gates/metrics.toml
[cell."tier=enterprise"]               # a dimension of segments.toml and its value; or any name with where = [...]
share = 0.3
critical = true
rate = 0.95                            # the control's rate of good outcomes; { resolved = 0.95, safe = 0.999 } for several
[cell.rest]                            # what no cell before it takes
share = 0.7
rate = 0.95
[[stage]]
share = 0.05                           # of every cell's traffic
margin = 0.10                          # drop still tolerated on the way out of this stage
hours = 24                             # or units = 20000: after that it holds and calls a person
"""

from __future__ import annotations

from dataclasses import fields
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from seatrial import toml as words
from seatrial.errors import ConfigError
from seatrial.experiment.plan import (
    SCHEMA,
    Metric,
    OnMismatch,
    OnRollback,
    PlanStage,
    RolloutPlan,
    SampleRatio,
    Shadow,
    Split,
    Unit,
)
from seatrial.experiment.read_cells import part_of_one, read_cells, read_partition
from seatrial.outcome.metric import MetricKind, duration
from seatrial.unit import unit_text

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from seatrial.outcome.metric import Metric as Named
    from seatrial.segment import Dimension

METRIC = "success"
"""The one metric of a plan that names none."""
RAMP = ((0.01, 0.10), (0.05, 0.05), (0.10, 0.05), (0.25, 0.03))
"""(share, margin) of a plan with a graph that names no stage; each takes a day."""

FEWEST_SHADOW_UNITS = 20
"""Threads of a cell below which the merge gate's row of the whole decides nothing."""


def load_rollout_plan(path: Path, dimensions: Sequence[Dimension] | None = None) -> RolloutPlan:
    """Read a plan file.

    Args:
        path: the file; its name without `.toml` is the plan's.
        dimensions: the project's, which give cells named `NAME=value` their requests. None: the plan is only sized, and
            its partition is empty.

    Raises:
        ConfigError: a word, a type or a range is wrong; the message names file and place and lists the choices.
    """
    return parse_rollout_plan(words.read(path, "rollout plan"), str(path), dimensions, name=path.stem)


def load_runnable_plan(path: Path, dimensions: Sequence[Dimension], metrics: Mapping[str, Named]) -> RolloutPlan:
    """Read a plan that is to move traffic: it names graph and versions, every cell can be read, every metric is known.

    Args:
        path: the file.
        dimensions: the project's (`segments.toml`), those for the graph.
        metrics: of `gates/metrics.toml`.

    Raises:
        ConfigError: as `load_rollout_plan`; or something that only running needs is missing.
    """
    plan = load_rollout_plan(path, dimensions)
    for word in ("graph", "control", "candidate"):
        if not getattr(plan, word):
            raise ConfigError(f"{path}: {word} is missing; a rollout compares two versions of one graph")
    if plan.control == plan.candidate:
        raise ConfigError(f"{path}: control and candidate are both {plan.control!r}")
    for name in (*(metric.name for metric in plan.metrics), *plan.watch):
        if name not in metrics:
            raise ConfigError(
                f"{path}: metric {name!r} is not in gates/metrics.toml; choose one of: {', '.join(metrics) or 'none is there'}"
            )
    rates = (MetricKind.RATE, MetricKind.LATENCY_OVER)
    for metric in plan.metrics:
        if metrics[metric.name].kind not in rates:
            raise ConfigError(
                f"{path}: [metric.{metric.name}]: its kind is {metrics[metric.name].kind}, which has no rate; list it in watch = [...]"
            )
    for name in plan.watch:
        if metrics[name].kind in rates:
            raise ConfigError(f"{path}: watch: {name!r} is a rate; give it a [metric.{name}] and a rate in each cell")
    return plan


def is_rollout_plan(path: Path) -> bool:
    """Whether the file says it is one; False also where it cannot be read, which its own reader says better."""
    try:
        return words.read(path, "plan").get("schema") == SCHEMA
    except ConfigError:
        return False


def parse_rollout_plan(
    raw: Mapping[str, Any], source: str, dimensions: Sequence[Dimension] | None = None, *, name: str = "rollout"
) -> RolloutPlan:
    """The same from a mapping already parsed."""
    if raw.get("schema") != SCHEMA:
        raise ConfigError(f'{source}: schema is {raw.get("schema")!r}; this version reads schema = "{SCHEMA}"')
    words.only_known(raw, (*_TOP, *_TABLES, "schema", "smallest_cell", "metric", "cell", "stage"), source)
    values: dict[str, Any] = {
        word: check(raw[word], f"{source}: {word}") for word, check in _TOP.items() if word in raw
    }
    values |= {word: read(raw[word], f"{source}: [{word}]") for word, read in _TABLES.items() if word in raw}
    metrics = _metrics(raw.get("metric", {METRIC: {}}), f"{source}: [metric]")
    smallest = words.share_or_zero(raw.get("smallest_cell", 0), f"{source}: smallest_cell")
    place = f"{source}: [cell"
    cells, names = read_cells(raw.get("cell", {}), tuple(metric.name for metric in metrics), smallest, place)
    must_stop = values.get("must_stop", RolloutPlan.__dataclass_fields__["must_stop"].default)
    for cell in cells:
        if cell.rates[0] < must_stop:
            raise ConfigError(f"{place}.{cell.name}]: rate {cell.rates[0]:g} cannot lose must_stop = {must_stop:g}")
    stages = _stages(raw, values.get("units_per_day"), f"{source}: [[stage]]")
    partition = read_partition(raw["cell"], names, dimensions, place)
    return RolloutPlan(
        metrics=metrics, cells=cells, stages=stages, name=name, partition=partition, source=source, **values
    )


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


def _stages(plan: Mapping[str, Any], units_per_day: float | None, place: str) -> tuple[PlanStage, ...]:
    raw = plan.get("stage", [])
    if raw == [] and "graph" in plan:
        raw = [{"share": share, "margin": margin, "hours": 24} for share, margin in RAMP]
    if not isinstance(raw, list) or not raw:
        raise ConfigError(f"{place}: a ramp needs at least one stage: share, margin, and hours or units")
    found = [_stage(rule, units_per_day, f"{place} {i}") for i, rule in enumerate(raw, 1)]
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


def _stage(rule: Any, units_per_day: float | None, here: str) -> PlanStage:
    words.only_known(words.table(rule, here), ("share", "margin", "hours", "units"), here)
    for word in ("share", "margin"):
        if word not in rule:
            raise ConfigError(f"{here}: {word} is missing")
    if ("hours" in rule) == ("units" in rule):
        raise ConfigError(f"{here}: say its dwell once, as hours or as units of traffic")
    hours = None
    if "units" in rule:
        units = words.integer(rule["units"], f"{here}: units")
    elif units_per_day is None:
        raise ConfigError(f"{here}: hours need units_per_day at the top of the file")
    else:
        hours = _positive(rule["hours"], f"{here}: hours")
        units = int(hours / 24 * units_per_day)
        if units < 1:
            raise ConfigError(f"{here}: {rule['hours']} hours of {units_per_day:g} units a day are not one unit")
    return PlanStage(
        words.share(rule["share"], f"{here}: share"),
        words.share_or_zero(rule["margin"], f"{here}: margin"),
        units,
        hours,
    )


def _split(raw: Any, place: str) -> Split:
    names = tuple(f.name for f in fields(Split))
    words.only_known(words.table(raw, place), names, place)
    split = Split(**{name: words.share(value, f"{place}: {name}") for name, value in raw.items()})
    total = split.critical + split.other + split.overall
    if abs(total - 1) > 1e-9:
        raise ConfigError(f"{place}: critical + other + overall is {total:g}; shares of alpha sum to 1")
    return split


def _sample_ratio(raw: Any, place: str) -> SampleRatio:
    known: dict[str, Callable[[Any, str], Any]] = {"alpha": words.level, "action": words.word(*OnMismatch)}
    values = _known(raw, known, place)
    return SampleRatio(**values | ({"action": OnMismatch(values["action"])} if "action" in values else {}))


def _shadow(raw: Any, place: str) -> Shadow:
    known: dict[str, Callable[[Any, str], Any]] = {
        "units": words.integer,
        "sample": part_of_one,
        "keys": _names,
        "margin": words.share,
        "judge": words.text,
    }
    found = Shadow(**_known(raw, known, place))
    if 0 < found.units < FEWEST_SHADOW_UNITS:
        raise ConfigError(
            f"{place}: units = {found.units} is too few to tell anything; compare at least {FEWEST_SHADOW_UNITS} threads a cell"
        )
    return found


def _testers(raw: Any, place: str) -> tuple[tuple[str, str], ...]:
    arm = words.word("control", "candidate")
    found: dict[str, str] = {}
    for name, value in words.table(raw, place).items():
        unit = unit_text(name)
        if unit is None or unit in found:
            raise ConfigError(f"{place}: {name!r} {'names no unit' if unit is None else 'stands there a second time'}")
        found[unit] = arm(value, f"{place}: {name}")
    return tuple(sorted(found.items()))


def _known(raw: Any, known: Mapping[str, Callable[[Any, str], Any]], place: str) -> dict[str, Any]:
    words.only_known(words.table(raw, place), known, place)
    return {word: known[word](value, f"{place}: {word}") for word, value in raw.items()}


def _positive(value: Any, place: str) -> float:
    number = words.number(value, place)
    if not 0 < number < 1e12:
        raise ConfigError(f"{place}: must be a number above 0, got {value!r}")
    return number


def _names(value: Any, place: str) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(one, str) and one for one in value):
        raise ConfigError(f"{place}: expected a list of names, got {value!r}")
    return tuple(dict.fromkeys(value))


_TOP: dict[str, Callable[[Any, str], Any]] = {
    "owner": words.text,
    "alpha": words.level,
    "must_stop": words.share,
    "units_per_day": _positive,
    "graph": words.text,
    "control": words.text,
    "candidate": words.text,
    "unit": lambda value, place: Unit(words.word(*Unit)(value, place)),
    "watch": _names,
    "min_units": words.integer,
    "bake": duration,
    "heaviest_unit": words.share,
    "on_rollback": lambda value, place: OnRollback(words.word(*OnRollback)(value, place)),
    "salt": words.text,
}
_TABLES: dict[str, Callable[[Any, str], Any]] = {
    "weights": _split,
    "sample_ratio": _sample_ratio,
    "shadow": _shadow,
    "testers": _testers,
}
_METRIC: dict[str, Callable[[Any, str], Any]] = {"primary": words.flag}
