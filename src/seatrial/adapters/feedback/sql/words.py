"""Words: what verdicts, outcome types and labels of a source mean, decided before its query is written."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from seatrial.adapters.feedback.sql.engine import NotBySql
from seatrial.adapters.feedback.sql.shape import SourceShape
from seatrial.adapters.feedback.sql.tables import (
    DecisionWords,
    EventWords,
    Meaning,
    Shape,
    TimedType,
    text,
)
from seatrial.feedback.answers import for_outcomes
from seatrial.feedback.rules import SILENCE
from seatrial.outcome import Metric, Polarity, Source, SourceKind
from seatrial.outcome.maturity import CODES

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


MOST_WORDS = 5_000
"""Combinations of classifier, verdict, outcome type and label over which the words are no small table any more."""
MOST_TYPES = 40


@dataclass(frozen=True, slots=True)
class Words:
    """Everything that depends on words, decided before the query is written."""

    decisions: tuple[DecisionWords, ...]
    wanted: tuple[bool, ...]
    events: tuple[EventWords, ...]
    types: tuple[str, ...]
    timed: tuple[str, ...]
    last_seen: Mapping[str, float]
    meanings: tuple[tuple[int, int, Meaning], ...]
    metrics: Mapping[str, tuple[Metric, ...]] = field(default_factory=dict)


class SourceWords(SourceShape):
    """The words of one source."""

    def came_by_sample(self, shape: Shape) -> dict[str, set[str]]:
        """Classifier -> outcome types of which a joined event was found among a few of each type."""
        events = self.engine.rows(f"SELECT DISTINCT outcome FROM ({shape.events}) AS t LIMIT {MOST_TYPES + 1}")
        if len(events) > MOST_TYPES:
            raise NotBySql("many outcome types")
        few = " UNION ALL ".join(
            f"SELECT * FROM (SELECT thread, moment, outcome FROM ({shape.events}) AS t WHERE outcome = {text(kind)} LIMIT 300) AS t{i}"
            for i, (kind,) in enumerate(events)
        )
        joined = "d.thread = e.thread AND e.moment >= d.moment"
        query = f"SELECT DISTINCT d.classifier, e.outcome FROM ({few}) AS e JOIN ({shape.decisions}) AS d ON {joined}"
        found: dict[str, set[str]] = {}
        for classifier, kind in self.engine.rows(query):
            found.setdefault(classifier, set()).add(kind)
        return found

    def words(self, shape: Shape, came: Mapping[str, set[str]]) -> Words:
        """Every combination of words that the tables hold, and what it means where these outcome types came."""
        limit = f"LIMIT {MOST_WORDS + 1}"
        decided = sorted(
            self.engine.rows(f"SELECT DISTINCT classifier, verdict FROM ({shape.decisions}) AS t {limit}"), key=str
        )
        wording = sorted(
            self.engine.rows(f"SELECT outcome, label, max(moment) FROM ({shape.events}) AS t GROUP BY outcome, label {limit}"), key=str
        )  # fmt: skip
        if len(decided) * len(wording) > MOST_WORDS:
            raise NotBySql("many different words")
        last_seen: dict[str, float] = {}
        for kind, _, at in wording:
            last_seen[kind] = max(last_seen.get(kind, -np.inf), float(at))
        types = tuple(sorted(last_seen))
        metrics = {
            name: tuple(for_outcomes(self.metrics, self.rules.of(name).metrics, sorted(came.get(name, ()))))
            for name in sorted({one for one, _ in decided})
        }
        timed = tuple(sorted({metric.source.name for own in metrics.values() for metric in own}))
        decisions = tuple(self._decision(name, verdict, metrics[name], timed) for name, verdict in decided)
        events = tuple(EventWords(kind, label, types.index(kind)) for kind, label, _ in wording)
        only = self.question.only
        return Words(
            decisions,
            tuple(not only or one.classifier in only for one in decisions),
            events,
            types,
            timed,
            last_seen,
            tuple(
                (i, j, self._meaning(one, event, metrics[one.classifier]))
                for i, one in enumerate(decisions)
                for j, event in enumerate(events)
            ),
            metrics,
        )

    def _decision(
        self, classifier: str, verdict: str | None, metrics: Sequence[Metric], timed: Sequence[str]
    ) -> DecisionWords:
        by_type = {metric.source.name: metric for metric in metrics}
        own = self.rules.polarities.verdicts.get((classifier, verdict or ""), {}) if verdict is not None else {}
        meanings: list[TimedType | None] = []
        for name in timed:
            metric = by_type.get(name)
            if metric is None:
                meanings.append(None)
            else:
                silence = own.get(SILENCE + name, metric.default)
                meanings.append(TimedType(metric.horizon, metric.silent_after, int(CODES[silence])))
        due = max((metric.horizon for metric in metrics), default=0.0)
        return DecisionWords(classifier, verdict, self.rules.of(classifier).edges, due, tuple(meanings))

    def _meaning(self, decision: DecisionWords, event: EventWords, metrics: Sequence[Metric]) -> Meaning:
        polarity = self.rules.polarities.of(
            event.label, classifier=decision.classifier, verdict=decision.verdict or "", outcome=event.outcome
        )
        by_type = {metric.source.name: metric for metric in metrics}
        metric = by_type.get(event.outcome) or Metric(
            event.outcome, Source(SourceKind.OUTCOME, event.outcome), horizon=np.inf
        )
        code = CODES[polarity or Polarity.NEUTRAL]
        return Meaning(int(code), polarity is None, metric.horizon, metric.min_delay, metric.pick)

    def other_metrics(self, words: Words, came: Mapping[str, set[str]]) -> bool:
        """Whether another set of metrics answers than the query was written for."""
        return any(
            tuple(for_outcomes(self.metrics, self.rules.of(name).metrics, sorted(came.get(name, ())))) != own
            for name, own in words.metrics.items()
        )
