"""Judge: two tables become the decisions that count, and what production said of each."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from seatrial.errors import ConfigError
from seatrial.feedback.answers import Answers, Joined, answer, for_outcomes
from seatrial.feedback.clean import check_confidence, check_filled, read_once
from seatrial.feedback.join import NO_DECISION, counted, last_decision, thread_numbers
from seatrial.feedback.problem import Problem, ProblemKind
from seatrial.feedback.units import Ledger, Units, UnknownLabel
from seatrial.outcome import Answer
from seatrial.table import Codes

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from seatrial.feedback.rules import FeedbackRules
    from seatrial.outcome import Metric
    from seatrial.table import Table

OUTCOME = "outcome"
"""Type of an event that names none."""


def judge(
    decisions: Table,
    outcomes: Table,
    rules: FeedbackRules,
    metrics: Mapping[str, Metric],
    *,
    source: str,
    now: float,
    only: Sequence[str] = (),
    window: tuple[float, float] = (-np.inf, np.inf),
) -> Units:
    """Join outcomes to decisions by thread, and judge every decision that counts.

    Args:
        decisions: columns of `DECISIONS`.
        outcomes: columns of `OUTCOMES`.
        rules: pick rule and polarities.
        metrics: horizon and default by outcome type.
        source: name of the source.
        now: the clock, seconds since 1970.
        only: classifiers asked for; empty = all.
        window: decisions decided from .. before.

    Raises:
        DataError: one id with two contents, or confidences that are no shares.
        ConfigError: a classifier names a metric that does not exist.
    """
    check_metrics(rules, metrics)
    decisions, outcomes = read_once(decisions, "decision_id"), read_once(outcomes, "event_id")
    check_filled(decisions, ("classifier", "decided_at"))
    check_filled(outcomes, ("thread_id", "observed_at"))
    check_confidence(decisions)
    return _Judging(decisions, outcomes, rules, metrics, source, now, tuple(only), window).units()


class _Judging:
    """One call of `judge`."""

    def __init__(
        self,
        decisions: Table,
        outcomes: Table,
        rules: FeedbackRules,
        metrics: Mapping[str, Metric],
        source: str,
        now: float,
        only: tuple[str, ...],
        window: tuple[float, float],
    ) -> None:
        self.decisions, self.outcomes, self.rules, self.metrics = decisions, outcomes, rules, metrics
        self.source, self.now, self.only, self.window = source, now, only, window
        self.at = decisions.numbers("decided_at")
        self.classifier = decisions.codes("classifier")
        self.verdict = column(decisions, "verdict")
        self.thread, self.event_thread = thread_numbers(decisions.codes("thread_id"), outcomes.codes("thread_id"))
        self.event_at = outcomes.numbers("observed_at")
        self.type, self.label = typed(outcomes), column(outcomes, "label")
        self.joined_somewhere = np.zeros(self.event_at.size, np.bool_)

    def units(self) -> Units:
        """Every classifier in turn."""
        last_seen = {
            name: float(np.nanmax(self.event_at[self.type.index == code])) for code, name in enumerate(self.type.values)
        }
        n = len(self.decisions)
        state, silent = np.full(n, Answer.NEUTRAL, np.int8), np.zeros(n, np.bool_)
        entered, kept = self.at.copy(), np.zeros(n, np.bool_)
        unknown: list[UnknownLabel] = []
        found: list[Answers] = []
        dead: dict[str, int] = {}
        for code, name in enumerate(self.classifier.values):
            rows, answers = self._classifier(code, name, last_seen)
            if rows.size == 0 or (self.only and name not in self.only):
                continue
            state[rows], silent[rows] = answers.state, answers.silent
            entered[rows] += answers.due
            kept[rows] = True
            unknown += answers.unknown
            found.append(answers)
            for one, count in answers.unsupported.items():
                dead[one] = dead.get(one, 0) + count
        before = int((~self.joined_somewhere & (self.event_thread >= 0)).sum())
        inside = kept & (self.at >= self.window[0]) & (self.at < self.window[1])
        stated = ~np.isnan(self.decisions.numbers("confidence"))
        counts = Ledger(
            events=self.event_at.size,
            without_decision=int((self.event_thread < 0).sum()),
            before=before,
            late=sum(one.late for one in found),
            machine=sum(one.machine for one in found),
            superseded=int((~kept).sum()) if not self.only else 0,
            no_confidence=int((inside & ~stated).sum()),
        )
        chosen = inside & stated
        unknown.sort(key=lambda one: (one.classifier, one.verdict, one.outcome, one.label))
        absent = unknown_classifiers(self.source, self.only, tuple(sorted(self.classifier.values)))
        by_state = np.bincount(state[chosen], minlength=4)
        problems = [*absent, *problems_of(self.source, by_state, unknown, dead, last_seen, counts)]
        if not inside.any():
            problems = [*absent, Problem(ProblemKind.NO_DECISIONS, self.source, of=n)]
        threads = self.decisions.codes("thread_id")
        return Units(
            self.source,
            self.classifier.where(chosen),
            self.verdict.where(chosen),
            self.decisions.numbers("confidence")[chosen],
            state[chosen],
            silent[chosen],
            entered[chosen],
            {name: self.decisions.codes(f"segment.{name}").where(chosen) for name in self.decisions.dimensions},
            column(self.decisions, "decision_id").where(chosen),
            Codes(threads.values, threads.index[chosen]),
            tuple(unknown),
            counts,
            tuple(problems),
            {name: value for one in found for name, value in one.horizons.items()},
        )

    def _classifier(self, code: int, name: str, last_seen: Mapping[str, float]) -> tuple[NDArray[np.int64], Answers]:
        rows = np.flatnonzero((self.classifier.index == code) & ~np.isnan(self.at))
        place = last_decision(self.thread[rows], self.at[rows], self.event_thread, self.event_at)
        self.joined_somewhere |= place > NO_DECISION
        keep = counted(self.thread[rows], self.at[rows], self.rules.pick)
        renumber = np.where(keep, np.cumsum(keep) - 1, -1)
        unit = np.where(place > NO_DECISION, renumber[np.maximum(place, 0)] if rows.size else -1, NO_DECISION)
        mine = unit >= 0
        joined = Joined(unit[mine], self.event_at[mine], self.type.where(mine), self.label.where(mine))
        rows = rows[keep]
        verdict = Codes(self.verdict.values, self.verdict.index[rows])
        rule = self.rules.of(name)
        metrics = for_outcomes(self.metrics, rule.metrics, joined.outcome.values)
        answers = answer(
            name,
            self.at[rows],
            verdict,
            joined,
            polarities=self.rules.polarities,
            metrics=metrics,
            last_seen=last_seen,
            now=self.now,
        )
        return rows, answers


def unknown_classifiers(source: str, only: Sequence[str], known: tuple[str, ...]) -> list[Problem]:
    """Classifiers asked for that the decisions do not hold; each names those that they do."""
    return [Problem(ProblemKind.UNKNOWN_CLASSIFIER, source, names=(one, *known)) for one in only if one not in known]


def problems_of(
    source: str,
    by_state: NDArray[np.int64],
    unknown: Sequence[UnknownLabel],
    dead: Mapping[str, int],
    last_seen: Mapping[str, float],
    ledger: Ledger,
) -> list[Problem]:
    """Why the decisions of a source could not be fully evaluated; `by_state` counts those chosen, by `Answer`."""
    problems = []
    total = int(by_state.sum())
    if total == 0:
        return [Problem(ProblemKind.NO_CONFIDENCE, source, ledger.no_confidence)]
    if ledger.before:
        problems.append(Problem(ProblemKind.OUTCOME_BEFORE_DECISION, source, ledger.before, ledger.events))
    if unknown:
        names = tuple(dict.fromkeys(one.label or one.outcome for one in unknown))
        problems.append(Problem(ProblemKind.UNKNOWN_LABEL, source, sum(one.count for one in unknown), names=names))
    problems += [
        Problem(ProblemKind.SILENT_OUTCOME, source, count, names=(name,), at=last_seen.get(name))
        for name, count in dead.items()
    ]
    mature = total - int(by_state[Answer.IMMATURE])
    if mature == 0:
        problems.append(Problem(ProblemKind.NOTHING_MATURE, source, of=total))
    elif not by_state[Answer.NEGATIVE] + by_state[Answer.POSITIVE]:
        problems.append(Problem(ProblemKind.NOTHING_MATCHED, source, mature, ledger.events))
    return problems


def check_metrics(rules: FeedbackRules, metrics: Mapping[str, Metric]) -> None:
    """Every metric that a classifier names exists.

    Raises:
        ConfigError: one does not; lists those that do.
    """
    for name, rule in rules.classifiers.items():
        for one in rule.metrics or ():
            if one not in metrics:
                raise ConfigError(
                    f"{rules.source}: [classifier.{name}] metrics names {one!r}; choose one of: {', '.join(metrics) or 'none (gates/metrics.toml holds no metric)'}"
                )


def column(table: Table, name: str) -> Codes:
    """A text column, all null where the table lacks it."""
    return table.codes(name) if table.has(name) else Codes((), np.full(len(table), -1, np.int32))


def typed(outcomes: Table) -> Codes:
    """The outcome types; an event that names none is of type `outcome`."""
    found = column(outcomes, "outcome")
    if not (found.index < 0).any():
        return found
    values = found.values if OUTCOME in found.values else (*found.values, OUTCOME)
    return Codes(values, np.where(found.index < 0, np.int32(values.index(OUTCOME)), found.index))
