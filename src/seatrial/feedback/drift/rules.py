"""Rules of drift: bands, half-lives and alpha, read from `gates/drift.toml`.

schema = "seatrial/drift/1"
bands = [0.1, 0.25]                 # investigate from the first, retrain from the second
[reference]
version = "2026-06"                 # what reports call it
file = "datasets/june.parquet"      # --reference where none is given
hash = "9f2c..."                    # any other content is refused
[signal.safety]
window = "6h"                       # one point of the chart
duration = 1                        # windows in a row over the limit before it is an alarm
[source.crm]
half_life = "30d"
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from seatrial import toml
from seatrial.canonical import content_hash
from seatrial.errors import ConfigError
from seatrial.feedback.drift.signals import PRESETS
from seatrial.outcome.metric import duration

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

SCHEMA = "seatrial/drift/1"
DAY = 86400.0
WEEK = 7 * DAY


class Band(StrEnum):
    """What a drift asks for."""

    STABLE = "stable"
    INVESTIGATE = "investigate"
    RETRAIN = "retrain"


@dataclass(frozen=True, slots=True)
class DriftRules:
    """Everything fixed before looking.

    Attributes:
        investigate, retrain: lower edges of the two upper bands.
        alpha: rate of false discoveries over all features and segments of one comparison.
        min_n: rows a window of a segment needs.
        half_lives: source -> seconds after which a record has lost half its freshness.
        half_life: the same for every other source.
        reference_hash: hash that the reference file must have; empty = any.
        reference_version: what reports call it.
        reference_file: the file, relative to the project; empty where the command line names it.
        signals: signal -> (window in seconds, windows in a row), where they are not the preset's.
    """

    investigate: float = 0.1
    retrain: float = 0.25
    alpha: float = 0.05
    min_n: int = 50
    half_lives: Mapping[str, float] = field(default_factory=dict)
    half_life: float = 90 * DAY
    reference_hash: str = ""
    reference_version: str = ""
    reference_file: str = ""
    signals: Mapping[str, tuple[float, int]] = field(default_factory=dict)

    @property
    def hash(self) -> str:
        """Hash of every rule."""
        return content_hash(asdict(self))

    def band(self, value: float) -> Band:
        """The band of a drift between 0 and 1, or of a PSI."""
        return Band.RETRAIN if value >= self.retrain else Band.INVESTIGATE if value >= self.investigate else Band.STABLE


def load_drift_rules(path: Path) -> DriftRules:
    """Read `gates/drift.toml`.

    Raises:
        ConfigError: it is absent, unreadable, or holds a word or value that is not known.
    """
    return parse_drift_rules(toml.read(path, "rules of drift"), str(path))


def parse_drift_rules(raw: Mapping[str, Any], source: str) -> DriftRules:
    """The same from a mapping already parsed."""
    toml.only_known(
        raw,
        ("schema", "bands", "alpha", "min_n", "half_life", "source", "reference", "reference_hash", "signal"),
        source,
    )
    pinned = toml.table(raw.get("reference", {}), f"{source}: [reference]")
    toml.only_known(pinned, ("version", "file", "hash"), f"{source}: [reference]")
    if raw.get("schema", SCHEMA) != SCHEMA:
        raise ConfigError(f'{source}: schema is {raw.get("schema")!r}; this version reads schema = "{SCHEMA}"')
    bands = raw.get("bands", [0.1, 0.25])
    if not isinstance(bands, list) or len(bands) != 2:
        raise ConfigError(f"{source}: bands has two edges, [investigate, retrain], e.g. [0.1, 0.25]; got {bands!r}")
    low, high = (toml.share(one, f"{source}: bands") for one in bands)
    if high <= low:
        raise ConfigError(f"{source}: bands must rise, got {bands!r}")
    lives = {}
    for name, table in toml.table(raw.get("source", {}), f"{source}: [source]").items():
        place = f"{source}: [source.{name}]"
        toml.only_known(toml.table(table, place), ("half_life",), place)
        lives[name] = _positive(table.get("half_life"), f"{place}: half_life")
    return DriftRules(
        low,
        high,
        toml.level(raw.get("alpha", 0.05), f"{source}: alpha"),
        toml.integer(raw.get("min_n", 50), f"{source}: min_n"),
        lives,
        _positive(raw.get("half_life", "90d"), f"{source}: half_life"),
        toml.text(pinned.get("hash", raw.get("reference_hash", "")), f"{source}: [reference] hash"),
        toml.text(pinned.get("version", ""), f"{source}: [reference] version"),
        toml.text(pinned.get("file", ""), f"{source}: [reference] file"),
        _signals(raw, source),
    )


def _signals(raw: Mapping[str, Any], source: str) -> dict[str, tuple[float, int]]:
    presets = {one.name: one for one in PRESETS}
    tables = toml.table(raw.get("signal", {}), f"{source}: [signal]")
    toml.only_known(tables, tuple(presets), f"{source}: [signal]")
    found = {}
    for name, table in tables.items():
        place = f"{source}: [signal.{name}]"
        toml.only_known(toml.table(table, place), ("window", "duration"), place)
        window = duration(table["window"], f"{place}: window") if "window" in table else presets[name].window
        if not window or WEEK % window:
            raise ConfigError(f'{place}: window divides a week, e.g. "1h", "6h", "1d"; got {table.get("window")!r}')
        found[name] = (window, toml.integer(table.get("duration", presets[name].duration), f"{place}: duration"))
    return found


def _positive(value: Any, place: str) -> float:
    seconds = duration(value, place)
    if seconds <= 0:
        raise ConfigError(f"{place}: a half-life is longer than nothing, got {value!r}")
    return seconds
