"""Project: the sources that `gates/feedback.toml` names, and the gate decided on all of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from seatrial.adapters.feedback.location import locate
from seatrial.adapters.feedback.source import Question, Tables, evidence_of
from seatrial.errors import UsageError
from seatrial.feedback.decide import decide
from seatrial.feedback.rules import load_rules
from seatrial.feedback.year import year_at
from seatrial.outcome import load_metrics

if TYPE_CHECKING:
    from datetime import tzinfo
    from pathlib import Path

    from seatrial.feedback.rules import FeedbackRules, SourceRule
    from seatrial.verdict import Decision


def tables_of(rule: SourceRule, root: Path, zone: tzinfo | None) -> Tables:
    """The tables of one `[source.NAME]`.

    Raises:
        UsageError: its place or its time zone is none.
    """
    return Tables(
        rule.name,
        locate(rule.decisions, root) if rule.decisions else None,
        locate(rule.outcomes, root) if rule.outcomes else None,
        rule.mapping,
        rule.outcomes_mapping,
        rule.segments,
        zone_of(rule) or zone,
        rule.classifier or rule.name,
    )


def zone_of(rule: SourceRule) -> tzinfo | None:
    """The time zone that a source declares for times that name none."""
    from zoneinfo import ZoneInfo, ZoneInfoNotFoundError  # noqa: PLC0415 - only where one is declared

    if not rule.timezone:
        return None
    try:
        return ZoneInfo(rule.timezone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise UsageError(
            f"[source.{rule.name}] timezone {rule.timezone!r} is no time zone; write e.g. UTC or Europe/Berlin"
        ) from None


def decide_project(rules_file: Path, now: float) -> tuple[FeedbackRules, Decision]:
    """The yearly gate of a project, on every source its rules name.

    Args:
        rules_file: `gates/feedback.toml`; metrics are read from `metrics.toml` beside it.
        now: the clock, seconds since 1970.

    Raises:
        ConfigError, UsageError: a file is wrong.
    """
    rules = load_rules(rules_file)
    beside = rules_file.with_name("metrics.toml")
    metrics = load_metrics(beside) if beside.exists() else {}
    rules = rules.with_metrics(metrics)
    year = year_at(now, rules.year)
    question = Question(rules, metrics, year, now)
    root = rules_file.parent.parent
    sources = [evidence_of(tables_of(rule, root, None), question) for rule in rules.sources]
    return rules, decide(sources, rules, year=year, expected=tuple(rules.classifiers))
