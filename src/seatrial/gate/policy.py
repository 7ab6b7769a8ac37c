"""Policy: what a gate is told before it looks, read from a file whose every word is known.

schema = "seatrial/policy/1"
alpha = 0.05
[key.route]            # a key named here gates, others are reported
primary = true
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, fields
from typing import TYPE_CHECKING, Any

from seatrial import toml as words
from seatrial.canonical import content_hash
from seatrial.errors import ConfigError
from seatrial.gate.thresholds import (
    FLOOR_RULES,
    KEY_WORDS,
    MIN_DROP,
    SegmentRule,
    read_ceiling,
    read_segments,
    read_words,
)
from seatrial.vote import ShipRule

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from seatrial.segment.guard import Guard

SCHEMA = "seatrial/policy/1"
MODES = ("observe", "warn", "block")
TESTS = ("mid-p", "exact")
MISMATCH = ("refuse", "warn")
WATCH = ("pass", "hold")
GOALS = ("no_regression", "non_inferior", "superior")
STATISTICS = ("median", "mean", "p95")
MEASURES = ("latency_ms", "input_tokens", "output_tokens", "calls", "cost_usd")


@dataclass(frozen=True, slots=True)
class KeyRule:
    """How one gating key is judged.

    Attributes:
        name: the evaluator key.
        primary: takes .6 of alpha, and the other tested keys share .4; `must_detect` holds for it alone, and for every tested
            key where none is primary. Needed on exactly one key where several are tested.
        zero_tolerance: one new hit fails: a score under 1 where the baseline scored 1 on the same example. For checks that always
            answer the same; outside alpha. At least one key must be tested instead.
        promote_margin: drop (share) that must be ruled out for `promotable` in the JSON; it blocks nothing.
        min_drop: a proven drop smaller than this (share) is shown as watch and does not block.
        floor: least pass rate of the candidate over all examples, however low the baseline is.
        floor_rule: `proven` fails where the candidate is shown under its floor (exact bound at .05, shared by all floors);
            `observed` fails where its rate is, which errs half of the time for a version that is exactly on its floor.
        segments: thresholds of single segments.
    """

    name: str
    primary: bool = False
    zero_tolerance: bool = False
    promote_margin: float = 0.05
    min_drop: float = MIN_DROP
    floor: float | None = None
    floor_rule: str = FLOOR_RULES[0]
    segments: tuple[SegmentRule, ...] = ()


@dataclass(frozen=True, slots=True)
class MeasureRule:
    """How one measurement gates: its growth must not exceed 1 + max_increase, and its own size not the ceiling.

    Attributes:
        name: a column of the evidence, or `cost_usd`: its tokens at the prices that are handed in.
        statistic: what is tested: the `median` of the ratios example by example by an exact sign test against the margin, their
            `mean` by sign flips, or the ratio of the runs' `p95` by resampling clusters (100 runs at least).
        max_increase: how much larger the candidate's number may be; required without a ceiling.
        ceiling: the most the candidate's own statistic may be: proven over it fails, observed over it is watch.
    """

    name: str
    max_increase: float | None = None
    statistic: str = "median"
    ceiling: float | None = None


@dataclass(frozen=True, slots=True)
class JudgeRule:
    """How a judge's win rate of the candidate counts.

    Attributes:
        name: the judge.
        require_licence: without a valid licence it counts for nothing; where false, it may then hold the verdict, and
            never decides.
        min_consistency: share of its pairs with one verdict in both orders, under which it decides nothing.
        ship_rule: what every row that counts must show: `superior`, or better overall and not worse where it is critical.
        margin: how far below one half a critical segment may be by the second rule (share).
    """

    name: str
    require_licence: bool = True
    min_consistency: float = 0.70
    ship_rule: str = ShipRule.SUPERIOR.value
    margin: float = 0.10


@dataclass(frozen=True, slots=True)
class Weights:
    """How alpha is shared; the three sum to 1.

    Attributes:
        overall: the row over all examples.
        critical: all critical segments together; with none, the rest takes it.
        rest: all other segments together; with none, the critical segments take it, and without any segment the overall row
            takes all.
    """

    overall: float = 0.2
    critical: float = 0.5
    rest: float = 0.3


COMMON = 0.8


@dataclass(frozen=True, slots=True)
class Policy:
    """Everything fixed before looking.

    >>> Policy().must_detect
    0.2

    Attributes:
        owner: whom a report names.
        mode: `block` acts on the verdict; `observe` and `warn` show it and exit 0.
        alpha: chance that a candidate which changed nothing is blocked, over all keys and segments together.
        weights: how alpha is shared.
        must_detect: drop (share) that must be ruled out on every critical segment, on the primary key (one-sided .05); where it is
            not, the verdict is CANNOT TELL.
        must_detect_overall: the same over all examples.
        churn: share of examples that answer otherwise when the same version runs twice. The smallest drop that a row
            detects is computed with it; no verdict depends on it.
        min_n: least number of clusters of a row that is neither critical nor overall; with fewer it is shown and decides nothing. The
            overall row of another key than the primary one needs as many.
        missing_tolerance: share of missing scores an ordinary row may have before its worst case counts; on critical segments it is
            0.
        watch: what a critical or overall row does that looks worse by itself and is not proven worse: `pass`, or `hold` the verdict
            (CANNOT TELL).
        goal: what exit 0 takes: `no_regression`; `non_inferior`, every critical segment and all examples together shown within
            `promote_margin`; `superior`, all examples together shown better too (one-sided .05).
        inconclusive: `pass` exits 0 where everything undecided is so for too few examples or missing scores; an outage, a budget or an
            invalid comparison is still 2.
        dataset_mismatch: `refuse` a comparison of two datasets, evaluators or graphs, or `warn` and compare.
        common: least share of the baseline's examples, and of each critical segment's, that is unchanged in the candidate's dataset.
        test: `mid-p`, which may exceed alpha by a fiftieth, or `exact`, which never does and detects a little less.
        shared_change: graphs moved by the same change; alpha is divided by it.
        baseline_system_failures: share of runs in which the baseline is known to crash; 2 points more and nothing is compared.
        repetitions: planned runs per example of the candidate, where the baseline has more; None = as many as the baseline.
        keys: gating keys; empty means "every key in the evidence, equally".
        measures: gating measurements.
        judges: judges whose win rates count, as far as their licences go.
        must_pass: ids of the examples that are contract tests.
        guards: what dimensions of `segments.toml` ask of the sizes of their segments.
        must_pass_runs: runs of each arm a contract test is judged on; 1 for a graph that always answers the same.
        source: file it was read from.
    """

    owner: str = ""
    mode: str = "block"
    alpha: float = 0.05
    weights: Weights = field(default_factory=Weights)
    must_detect: float = 0.20
    must_detect_overall: float = 0.10
    churn: float = 0.05
    min_n: int = 20
    missing_tolerance: float = 0.02
    watch: str = "pass"
    goal: str = GOALS[0]
    inconclusive: str = "block"
    dataset_mismatch: str = "refuse"
    common: float = COMMON
    test: str = "mid-p"
    shared_change: int = 1
    baseline_system_failures: float = 0.0
    repetitions: int | None = None
    keys: tuple[KeyRule, ...] = ()
    measures: tuple[MeasureRule, ...] = ()
    judges: tuple[JudgeRule, ...] = ()
    must_pass: tuple[str, ...] = ()
    guards: tuple[Guard, ...] = ()
    must_pass_runs: int = 3
    source: str = "built-in defaults"

    @property
    def hash(self) -> str:
        """Hash of every rule, not of the file's bytes or place, nor of what the graph is."""
        rules = asdict(self)
        del rules["source"], rules["must_pass_runs"]
        if self.common == COMMON:
            del rules["common"]  # likewise
        if not self.must_pass:
            del rules["must_pass"]  # a policy without contracts is the policy it was before there were any
        if not self.guards:
            del rules["guards"]  # likewise
        if not self.judges:
            del rules["judges"]  # likewise
        if self.watch == "pass":
            del rules["watch"]  # likewise
        return content_hash(rules)

    def least(self, segment: str) -> int:
        """Least number of clusters a row of `segment` is decided on: its dimension's, else the policy's."""
        own = self._guard(segment)
        return self.min_n if own is None or own.min_n is None else own.min_n

    def too_few(self, segment: str, n: int) -> bool:
        """Whether a critical segment of `n` clusters leaves the verdict open whatever they show: its dimension asks for more."""
        own = self._guard(segment)
        return own is not None and own.min_n is not None and n < own.min_n and not self.only_reports(segment, n)

    def only_reports(self, segment: str, n: int) -> bool:
        """Whether a critical segment of `n` clusters is reported and decides nothing but a proven drop (`thin = "report"`).

        Where the goal is that every critical segment is shown within a margin, none is let off.
        """
        own = self._guard(segment)
        return own is not None and own.thin == "report" and n < self.least(segment) and self.goal != "non_inferior"

    def _guard(self, segment: str) -> Guard | None:
        name, sign, _ = segment.partition("=")
        return next((one for one in self.guards if sign and one.dimension == name), None)


_OF_A_KEY = "it is a word of a key, written in [key.NAME]"
_ELSEWHERE = {
    "critical": "name a critical segment with --critical NAME=value, in a project with critical = [...] in datasets/segments.toml",
    "segment": 'a segment\'s own limits are written in [key.NAME.segment."tier=free"]; what a segment is, in datasets/segments.toml',
    "examples": "ids of examples that must pass are written in [must_pass]",
    **dict.fromkeys(("primary", "zero_tolerance", *KEY_WORDS), _OF_A_KEY),
}
"""Words that are no word of a policy's top, and where they are written."""


def load_policy(path: Path, graph: str | None = None) -> Policy:
    """Read a policy file; `[graph.NAME.key.*]`, `[graph.NAME.measure.*]`, `[graph.NAME.judge.*]` and `[graph.NAME.must_pass]` replace the general ones.

    >>> load_policy(Path("gate.toml")).must_detect
    0.1

    Raises:
        ConfigError: a word, a type or a range is wrong; the message names file and place and lists the choices.
    """
    raw = words.read(path, "policy", absent="without --policy the built-in defaults are used")
    return parse_policy(raw, str(path), graph)


def parse_policy(raw: Mapping[str, Any], source: str, graph: str | None = None) -> Policy:
    """The same from a mapping already parsed."""
    if raw.get("schema") != SCHEMA:
        raise ConfigError(f'{source}: schema is {raw.get("schema")!r}; this version reads schema = "{SCHEMA}"')
    known = (*_TOP, "schema", "weights", "key", "measure", "judge", "must_pass", "graph")
    words.only_known(raw, known, source, _ELSEWHERE)
    values: dict[str, Any] = {
        name: check(raw[name], f"{source}: {name}") for name, check in _TOP.items() if name in raw
    }
    if "weights" in raw:
        values["weights"] = _weights(raw["weights"], f"{source}: [weights]")
    own = _own_sections(raw, source, graph)
    if "key" not in raw and "key" not in own and raw.get("graph"):
        raise ConfigError(
            f"{source} names its keys per graph, and "
            + (f"graph {graph!r} has none there" if graph else "no graph is named")
            + f"; add --graph with one of: {', '.join(raw['graph'])}"
        )
    values["keys"] = _keys(
        own.get("key", raw.get("key", {})), f"{source}: {'[graph.' + str(graph) + '.key]' if 'key' in own else '[key]'}"
    )
    values["measures"] = tuple(
        _measure(name, rule, f"{source}: [measure.{name}]")
        for name, rule in words.table(own.get("measure", raw.get("measure", {})), f"{source}: [measure]").items()
    )
    values["judges"] = tuple(
        _judge(name, rule, f"{source}: [judge.{name}]")
        for name, rule in words.table(own.get("judge", raw.get("judge", {})), f"{source}: [judge]").items()
    )
    critical = own.get("must_pass", raw.get("must_pass"))
    if critical is not None:
        values["must_pass"] = _must_pass(critical, f"{source}: [must_pass]")
    return Policy(**values, source=source)


def _own_sections(raw: Mapping[str, Any], source: str, graph: str | None) -> Mapping[str, Any]:
    for name, sections in words.table(raw.get("graph", {}), f"{source}: [graph]").items():
        place = f"{source}: [graph.{name}]"
        words.only_known(words.table(sections, place), ("key", "measure", "judge", "must_pass"), place)
    own: Mapping[str, Any] = raw.get("graph", {}).get(graph, {}) if graph else {}
    return own


def _keys(raw: Any, place: str) -> tuple[KeyRule, ...]:
    if not words.table(raw, place):
        raise ConfigError(
            f"{place}: names no gating key; say which evaluator keys gate, e.g. [key.score] with primary = true"
        )
    rules = []
    for name, rule in raw.items():
        here = f"{place}.{name}"
        words.only_known(words.table(rule, here), (*_KEY, "segment"), here)
        rules.append(
            KeyRule(
                name, **read_words(rule, _KEY, here), segments=read_segments(rule.get("segment", {}), f"{here}.segment")
            )
        )
        limited = [word for word in (*KEY_WORDS, "segment") if word in rule]
        if rules[-1].zero_tolerance and limited:
            raise ConfigError(f"{here}: {limited[0]} says nothing of a zero-tolerance key, of which one new hit fails")
    tested = [rule for rule in rules if not rule.zero_tolerance]
    if not tested:
        # Alone, a graph that crashes on every example would have no hit and pass.
        raise ConfigError(
            f"{place}: every key is zero_tolerance; name at least one key that is tested, or a candidate that always crashes would pass"
        )
    primary = [rule.name for rule in rules if rule.primary]
    if any(rule.primary and rule.zero_tolerance for rule in rules):
        raise ConfigError(
            f"{place}: {primary[0]} is primary and zero_tolerance; a zero-tolerance key stands outside the family and cannot lead it"
        )
    if len(tested) > 1 and len(primary) != 1:
        raise ConfigError(
            f"{place}: exactly one key is primary, found {', '.join(primary) or 'none'} of: {', '.join(rule.name for rule in tested)}"
        )
    return tuple(rules)


def _measure(name: str, raw: Any, place: str) -> MeasureRule:
    if name not in MEASURES:
        raise ConfigError(f"{place}: no measurement is called {name!r}; choose one of: {', '.join(MEASURES)}")
    words.only_known(words.table(raw, place), _MEASURE, place)
    if "max_increase" not in raw and "ceiling" not in raw:
        raise ConfigError(f'{place}: max_increase is missing, e.g. max_increase = "10%", or a ceiling')
    return MeasureRule(
        name, **{word: check(raw[word], f"{place}: {word}") for word, check in _MEASURE.items() if word in raw}
    )


def _judge(name: str, raw: Any, place: str) -> JudgeRule:
    words.only_known(words.table(raw, place), _JUDGE, place)
    return JudgeRule(
        name, **{word: check(raw[word], f"{place}: {word}") for word, check in _JUDGE.items() if word in raw}
    )


def _must_pass(raw: Any, place: str) -> tuple[str, ...]:
    words.only_known(words.table(raw, place), ("examples",), place)
    examples = raw.get("examples", [])
    if not isinstance(examples, list) or not examples or not all(isinstance(one, str) and one for one in examples):
        raise ConfigError(f'{place}: examples is a list of example ids, e.g. examples = ["gdpr-erasure-01"]')
    if len(set(examples)) != len(examples):
        raise ConfigError(f"{place}: an example stands there twice")
    return tuple(examples)


def _weights(raw: Any, place: str) -> Weights:
    names = tuple(f.name for f in fields(Weights))
    words.only_known(words.table(raw, place), names, place)
    weights = Weights(**{name: words.share(value, f"{place}: {name}") for name, value in raw.items()})
    total = weights.overall + weights.critical + weights.rest
    if abs(total - 1) > 1e-9:
        raise ConfigError(f"{place}: overall + critical + rest is {total:g}; shares of alpha sum to 1")
    return weights


def _increase(value: Any, place: str) -> float:
    """`"10%"` or .10."""
    if isinstance(value, str) and value.endswith("%"):
        try:
            value = float(value[:-1]) / 100
        except ValueError:
            raise ConfigError(f'{place}: expected a percentage such as "10%", got {value!r}') from None
    number = words.number(value, place)
    if not 0 <= number < 10:
        raise ConfigError(f'{place}: an increase of {number:g} is out of range; it is a share: 0.1 or "10%"')
    return number


_TOP: dict[str, Callable[[Any, str], Any]] = {
    "owner": words.text,
    "mode": words.word(*MODES),
    "alpha": words.level,
    "must_detect": words.share,
    "must_detect_overall": words.share,
    "churn": words.share_or_zero,
    "min_n": words.integer,
    "missing_tolerance": words.share_or_zero,
    "watch": words.word(*WATCH),
    "goal": words.word(*GOALS),
    "inconclusive": words.word("block", "pass"),
    "common": words.share_or_zero,
    "dataset_mismatch": words.word(*MISMATCH),
    "test": words.word(*TESTS),
    "shared_change": words.few,
    "baseline_system_failures": words.share_or_zero,
    "repetitions": words.integer,
}
_KEY: dict[str, Callable[[Any, str], Any]] = {
    "primary": words.flag,
    "zero_tolerance": words.flag,
    "promote_margin": words.share,
    **KEY_WORDS,
}
_JUDGE: dict[str, Callable[[Any, str], Any]] = {
    "require_licence": words.flag,
    "min_consistency": words.share_or_zero,
    "ship_rule": words.word(*ShipRule),
    "margin": words.share,
}
_MEASURE: dict[str, Callable[[Any, str], Any]] = {
    "statistic": words.word(*STATISTICS),
    "max_increase": _increase,
    "ceiling": read_ceiling,
}
