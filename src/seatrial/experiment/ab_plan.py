"""A/B plan: what a test asks and how it will be judged, fixed before anybody looks; read from `experiments/NAME.toml`.

schema = "seatrial/ab-plan/1"
control = "v3"
treatment = "v4"
unit = "user"                          # what is assigned, and counted once
design = "fixed"                       # judged once, at `units`; or "always_valid": looking is free
units = 4000                           # both arms together
strata = ["tier"]                      # columns known before assignment; the effect is taken within them
[metric.resolved]
primary = true
rate = 0.80                            # the control's; a mean says sd instead
detect = 0.03                          # smallest effect that must be seen
[metric.escalated]
direction = "down"
margin = 0.02                          # a guardrail: may be worse by less than this
rate = 0.10
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from seatrial import toml as words
from seatrial.canonical import content_hash
from seatrial.errors import ConfigError
from seatrial.experiment.layer import Layer
from seatrial.experiment.plan import Unit

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

SCHEMA = "seatrial/ab-plan/1"


class Design(StrEnum):
    """When the test may be judged."""

    FIXED = "fixed"
    ALWAYS_VALID = "always_valid"


class Rows(StrEnum):
    """What a unit with several rows is worth: the mean of its rows, or every row with errors that know the unit."""

    UNIT = "unit"
    CLUSTER = "cluster"


@dataclass(frozen=True, slots=True)
class AbMetric:
    """One metric.

    Attributes:
        name: the column that holds it.
        primary: it decides; exactly one does.
        direction: `up` where more is better, `down` where less is.
        rate: the control's rate, for a metric of 0 and 1; None for a mean.
        sd: standard deviation of one unit, for a mean.
        detect: smallest effect that must be seen, in the metric's unit.
        margin: of a guardrail: by less than this it may be worse; None on the primary metric.
        covariate: column of a value from before the test, taken out of the noise (CUPED).
        rows: of a unit with several rows `unit` takes the mean, `cluster` every row, with errors that know the unit.
    """

    name: str
    primary: bool = False
    direction: str = "up"
    rate: float | None = None
    sd: float | None = None
    detect: float | None = None
    margin: float | None = None
    covariate: str | None = None
    rows: Rows = Rows.UNIT

    @property
    def sign(self) -> int:
        """+1 where more is better, -1 where less is."""
        return 1 if self.direction == "up" else -1


@dataclass(frozen=True, slots=True)
class AbPlan:
    """An A/B test.

    Attributes:
        name: the file's name without `.toml`.
        control: arm name.
        treatment: arm name.
        units: both arms together: where a fixed test is judged, where an always-valid one is tightest.
        metrics: the primary one first.
        unit: what is assigned: `user` or `thread`.
        design: `fixed`, judged once, or `always_valid`, looked at any time.
        treated: planned share of the treatment.
        alpha: two-sided, of the primary metric; guardrails use the same interval.
        power: chance to see `detect`.
        ratio_alpha: level of the sample-ratio check.
        strata: columns, known before assignment, within which the effect is taken.
        units_per_day: traffic; None: no days.
        layer: slice of a layer; None: every unit takes part.
        salt: of the arms; "": made from name and hash.
        source: file it was read from.
    """

    name: str
    control: str
    treatment: str
    units: int
    metrics: tuple[AbMetric, ...]
    unit: Unit = Unit.USER
    design: Design = Design.FIXED
    treated: float = 0.5
    alpha: float = 0.05
    power: float = 0.8
    ratio_alpha: float = 0.001
    strata: tuple[str, ...] = ()
    units_per_day: float | None = None
    layer: Layer | None = None
    salt: str = ""
    source: str = "built-in defaults"

    @property
    def hash(self) -> str:
        """Hash of every rule, not of the file's bytes or place."""
        rules = asdict(self)
        for place in ("source", "name"):
            del rules[place]
        return content_hash(rules)

    @property
    def arms_salt(self) -> str:
        """Salt of who is in which arm."""
        return self.salt or f"{self.name}/{self.hash}/arms"

    @property
    def primary(self) -> AbMetric:
        """The metric that decides."""
        return self.metrics[0]


def load_ab_plan(path: Path) -> AbPlan:
    """Read a plan file.

    Raises:
        ConfigError: a word, a type or a range is wrong; the message names file and place and lists the choices.
    """
    return parse_ab_plan(words.read(path, "A/B plan"), str(path), name=path.stem)


def parse_ab_plan(raw: Mapping[str, Any], source: str, *, name: str = "test") -> AbPlan:
    """The same from a mapping already parsed."""
    if raw.get("schema") != SCHEMA:
        raise ConfigError(f'{source}: schema is {raw.get("schema")!r}; an A/B plan says schema = "{SCHEMA}"')
    words.only_known(raw, ("schema", *_TOP, "metric"), source)
    for word in ("control", "treatment", "units"):
        if word not in raw:
            raise ConfigError(f"{source}: {word} is missing")
    values = {word: check(raw[word], f"{source}: {word}") for word, check in _TOP.items() if word in raw}
    if values["control"] == values["treatment"]:
        raise ConfigError(f"{source}: control and treatment are both {values['control']!r}")
    tables = words.table(raw.get("metric", {}), f"{source}: [metric]")
    metrics = tuple(_metric(one, rule, f"{source}: [metric.{one}]") for one, rule in tables.items())
    primary = [metric.name for metric in metrics if metric.primary]
    if len(primary) != 1:
        raise ConfigError(
            f"{source}: [metric]: exactly one metric is primary, found {', '.join(primary) or 'none'} "
            f"of: {', '.join(tables) or 'none'}"
        )
    return AbPlan(name=name, metrics=tuple(sorted(metrics, key=lambda one: not one.primary)), source=source, **values)


def _metric(name: str, raw: Any, place: str) -> AbMetric:
    words.only_known(words.table(raw, place), _METRIC, place)
    values = {word: check(raw[word], f"{place}: {word}") for word, check in _METRIC.items() if word in raw}
    if ("rate" in values) == ("sd" in values):
        raise ConfigError(f"{place}: say the control's rate (a metric of 0 and 1) or the sd of one unit (a mean)")
    if values.get("primary") and "detect" not in values:
        raise ConfigError(f"{place}: detect is missing: the smallest effect that must be seen")
    if not values.get("primary") and "margin" not in values:
        raise ConfigError(f"{place}: a guardrail says its margin: by less than that it may be worse")
    if values.get("primary") and "margin" in values:
        raise ConfigError(f"{place}: the primary metric must be better; margin belongs to a guardrail")
    if "covariate" in values and values.get("rows") == Rows.CLUSTER:
        raise ConfigError(f'{place}: covariate goes with rows = "unit": one value from before the test per unit')
    return AbMetric(name, **values)


def _layer(raw: Any, place: str) -> Layer:
    words.only_known(words.table(raw, place), ("name", "from", "to"), place)
    if "name" not in raw:
        raise ConfigError(f"{place}: name is missing")
    low, high = (words.number(raw.get(word, end), f"{place}: {word}") for word, end in (("from", 0.0), ("to", 1.0)))
    if not 0 <= low < high <= 1:
        raise ConfigError(f"{place}: from and to are shares with 0 <= from < to <= 1, got {low:g} and {high:g}")
    return Layer(words.text(raw["name"], f"{place}: name"), low, high)


def _positive(value: Any, place: str) -> float:
    number = words.number(value, place)
    if not 0 < number < 1e12:
        raise ConfigError(f"{place}: must be a number above 0, got {value!r}")
    return number


def _names(value: Any, place: str) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(one, str) and one for one in value):
        raise ConfigError(f"{place}: expected a list of column names, got {value!r}")
    return tuple(dict.fromkeys(value))


_TOP: dict[str, Callable[[Any, str], Any]] = {
    "control": words.text,
    "treatment": words.text,
    "units": words.integer,
    "unit": lambda value, place: Unit(words.word(*Unit)(value, place)),
    "design": lambda value, place: Design(words.word(*Design)(value, place)),
    "treated": words.share,
    "alpha": words.level,
    "power": words.share,
    "ratio_alpha": words.level,
    "strata": _names,
    "units_per_day": _positive,
    "layer": _layer,
    "salt": words.text,
}
_METRIC: dict[str, Callable[[Any, str], Any]] = {
    "primary": words.flag,
    "direction": words.word("up", "down"),
    "rate": words.share,
    "sd": _positive,
    "detect": _positive,
    "margin": _positive,
    "covariate": words.text,
    "rows": lambda value, place: Rows(words.word(*Rows)(value, place)),
}
