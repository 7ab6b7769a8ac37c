"""Rules of the feedback gate: what is fixed before anything is looked at, read from `gates/feedback.toml`.

schema = "seatrial/feedback/1"
alpha = 0.05                        # a year, or of one window with --one-shot
year = "01-01"                      # the e-process begins here every year; a full date begins once
critical = ["tier=enterprise"]

[labels]
interested = "positive"

[classifier.email_classify]
bands = [0, 0.5, 0.7, 0.8, 0.9, 1]

[classifier.email_classify.verdict.unsubscribe]
opt_out = "positive"                # the customer opted out, as the classifier said
no_reply = "neutral"                # `no_TYPE`: what silence means after this verdict
"""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass, field, replace
from datetime import date
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from seatrial import toml
from seatrial.canonical import content_hash
from seatrial.errors import ConfigError
from seatrial.outcome import Polarities, Polarity, SourceKind
from seatrial.outcome.polarity import WORDS

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from seatrial.outcome import Metric

SCHEMA = "seatrial/feedback/1"
EDGES = (0.0, 0.5, 0.7, 0.8, 0.9, 1.0)
PICKS = ("latest", "first", "all")
MODES = ("observe", "warn", "block")
SILENCE = "no_"
"""`no_TYPE` stands for "no event of this type by its horizon" in the table of a verdict."""
_TOP = ("schema", "mode", "alpha", "year", "bands", "pick", "min_n", "critical", "labels", "classifier", "source")
_SOURCE = (
    "decisions", "outcomes", "map", "outcomes_map", "segments", "timezone", "classifier"
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class ClassifierRule:
    """What is set for one classifier.

    Attributes:
        edges: edges of its confidence bands, from 0 to 1.
        floors: rate that each band must reach; its lower edge where none is set.
        metrics: metrics whose outcomes answer for it; None = every metric whose outcome type came for it.
    """

    edges: tuple[float, ...] = EDGES
    floors: tuple[float, ...] = EDGES[:-1]
    metrics: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class SourceRule:
    """Where one source's tables are, as written in `[source.NAME]`; paths are read as on the command line."""

    name: str
    decisions: str = ""
    outcomes: str = ""
    mapping: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    outcomes_mapping: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    segments: tuple[str, ...] = ()
    timezone: str = ""
    classifier: str = ""


@dataclass(frozen=True, slots=True)
class FeedbackRules:
    """Everything fixed before looking.

    Attributes:
        mode: `block` acts on the verdict; `observe` and `warn` show it and exit 0.
        alpha: chance that a calibrated source is flagged, in a year, or in one window.
        year: month and day on which the year begins, or the one date from which everything counts.
        pick: of several decisions of one classifier in a thread, the one that counts.
        min_n: a row or band with fewer answered decisions is not tested.
        critical: segments (`NAME=value`) or dimensions (`NAME`) that must be answered.
        polarities: what labels mean.
        classifiers: classifier -> its own rules.
        sources: where tables are.
        default: rules of every other classifier.
        source: file it was read from.
    """

    mode: str = "block"
    alpha: float = 0.05
    year: str = "01-01"
    pick: str = "latest"
    min_n: int = 10
    critical: tuple[str, ...] = ()
    polarities: Polarities = field(default_factory=lambda: Polarities(labels=WORDS))
    classifiers: Mapping[str, ClassifierRule] = field(default_factory=dict)
    sources: tuple[SourceRule, ...] = ()
    default: ClassifierRule = field(default_factory=ClassifierRule)
    source: str = "built-in defaults"

    @property
    def hash(self) -> str:
        """Hash of every rule that decides, not of where tables are."""
        rules = {name: value for name, value in asdict(self).items() if name not in ("source", "sources", "polarities")}
        rules["labels"] = dict(self.polarities.labels)
        rules["outcomes"] = {name: dict(table) for name, table in self.polarities.outcomes.items()}
        rules["verdicts"] = {"\x1f".join(key): dict(table) for key, table in self.polarities.verdicts.items()}
        return content_hash(rules)

    def of(self, classifier: str) -> ClassifierRule:
        """The rules of a classifier."""
        return self.classifiers.get(classifier, self.default)

    def with_metrics(self, metrics: Mapping[str, Metric]) -> FeedbackRules:
        """The same rules with the labels that metrics set for their outcome types.

        Raises:
            ConfigError: two metrics of one outcome type read a label in two ways.
        """
        outcomes: dict[str, dict[str, Polarity]] = {}
        for metric in metrics.values():
            if metric.source.kind is not SourceKind.OUTCOME:
                continue
            own = outcomes.setdefault(metric.source.name, {})
            for label, polarity in metric.labels:
                if own.setdefault(label, polarity) is not polarity:
                    raise ConfigError(
                        f"metric {metric.name}: label {label!r} of outcome {metric.source.name} is {polarity} here and {own[label]} in another metric; one of them is wrong"
                    )
        found = {name: table for name, table in outcomes.items() if table}
        return replace(self, polarities=replace(self.polarities, outcomes=found))

    def is_critical(self, dimension: str, value: str) -> bool:
        """Whether the segment is declared critical, by its dimension or by itself."""
        return bool(dimension) and (dimension in self.critical or f"{dimension}={value}" in self.critical)


def load_rules(path: Path) -> FeedbackRules:
    """Read `gates/feedback.toml`.

    Raises:
        ConfigError: it is absent, unreadable, or holds a word or value that is not known.
    """
    return parse_rules(toml.read(path, "rules of the feedback gate"), str(path))


def parse_rules(raw: Mapping[str, Any], source: str) -> FeedbackRules:
    """The same from a mapping already parsed."""
    if raw.get("schema", SCHEMA) != SCHEMA:
        raise ConfigError(f'{source}: schema is {raw.get("schema")!r}; this version reads schema = "{SCHEMA}"')
    toml.only_known(raw, _TOP, source)
    edges = _edges(raw["bands"], f"{source}: bands") if "bands" in raw else EDGES
    default = ClassifierRule(edges, edges[:-1])
    classifiers, verdicts = {}, {}
    for name, table in toml.table(raw.get("classifier", {}), f"{source}: [classifier]").items():
        place = f"{source}: [classifier.{name}]"
        classifiers[name] = _classifier(toml.table(table, place), default, place)
        for verdict, labels in toml.table(table.get("verdict", {}), f"{place}.verdict").items():
            verdicts[name, verdict] = _labels(labels, f"{source}: [classifier.{name}.verdict.{verdict}]")
    labels = _labels(raw.get("labels", {}), f"{source}: [labels]")
    return FeedbackRules(
        mode=toml.word(*MODES)(raw.get("mode", "block"), f"{source}: mode"),
        alpha=toml.level(raw.get("alpha", 0.05), f"{source}: alpha"),
        year=day_of_year(raw.get("year", "01-01"), f"{source}: year"),
        pick=toml.word(*PICKS)(raw.get("pick", "latest"), f"{source}: pick"),
        min_n=toml.integer(raw.get("min_n", 10), f"{source}: min_n"),
        critical=_texts(raw.get("critical", []), f"{source}: critical"),
        polarities=Polarities({**WORDS, **labels}, verdicts),
        classifiers=classifiers,
        sources=tuple(_source(name, table, source) for name, table in raw.get("source", {}).items()),
        default=default,
        source=source,
    )


def _classifier(raw: Mapping[str, Any], default: ClassifierRule, place: str) -> ClassifierRule:
    toml.only_known(raw, ("bands", "floors", "metrics", "verdict"), place)
    edges = _edges(raw["bands"], f"{place}: bands") if "bands" in raw else default.edges
    floors = edges[:-1]
    if "floors" in raw:
        floors = tuple(toml.share_or_zero(one, f"{place}: floors") for one in _list(raw["floors"], f"{place}: floors"))
        if len(floors) != len(edges) - 1:
            raise ConfigError(f"{place}: floors has {len(floors)} entries and there are {len(edges) - 1} bands")
    metrics = _texts(raw["metrics"], f"{place}: metrics") if "metrics" in raw else None
    return ClassifierRule(edges, floors, metrics)


def _source(name: str, raw: Any, source: str) -> SourceRule:
    place = f"{source}: [source.{name}]"
    toml.only_known(toml.table(raw, place), _SOURCE, place)
    if not raw.get("outcomes") and not raw.get("decisions"):
        raise ConfigError(
            f"{place}: name its tables, decisions = ... and outcomes = ..., or outcomes = ... alone for a joined one"
        )
    return SourceRule(
        name,
        toml.text(raw.get("decisions", ""), f"{place}: decisions"),
        toml.text(raw.get("outcomes", ""), f"{place}: outcomes"),
        _mapping(raw.get("map", {}), f"{place}: map"),
        _mapping(raw.get("outcomes_map", {}), f"{place}: outcomes_map"),
        _texts(raw.get("segments", []), f"{place}: segments"),
        toml.text(raw.get("timezone", ""), f"{place}: timezone"),
        toml.text(raw.get("classifier", ""), f"{place}: classifier"),
    )


def _mapping(raw: Any, place: str) -> dict[str, tuple[str, ...]]:
    return {
        name: (value,) if isinstance(value, str) else _texts(value, f"{place}.{name}")
        for name, value in toml.table(raw, place).items()
    }


def _labels(raw: Any, place: str) -> dict[str, Polarity]:
    check = toml.word(*Polarity)
    return {name: Polarity(check(value, f"{place}: {name}")) for name, value in toml.table(raw, place).items()}


def _edges(raw: Any, place: str) -> tuple[float, ...]:
    edges = tuple(toml.number(one, place) for one in _list(raw, place))
    if len(edges) < 2 or edges[0] != 0 or edges[-1] != 1 or any(b <= a for a, b in pairwise(edges)):
        raise ConfigError(f"{place}: edges rise from 0 to 1, e.g. [0, 0.5, 0.7, 0.8, 0.9, 1]; got {list(edges)}")
    return edges


def _texts(raw: Any, place: str) -> tuple[str, ...]:
    return tuple(toml.text(one, place) for one in _list(raw, place))


def _list(raw: Any, place: str) -> list[Any]:
    if not isinstance(raw, list):
        raise ConfigError(f"{place}: expected a list, got {raw!r}")
    return raw


def day_of_year(raw: Any, place: str) -> str:
    """The day on which a year begins, `MM-DD` every year or one date, as text.

    Raises:
        ConfigError: it is no day.
    """
    text = raw.isoformat() if isinstance(raw, date) else toml.text(raw, place)
    try:
        date.fromisoformat(text if re.fullmatch(r"\d{4}-\d\d-\d\d", text) else f"2024-{text}")
    except ValueError:
        raise ConfigError(f'{place}: {text!r} is no day; write "01-01" or one date, "2026-01-01"') from None
    return text
