"""Traced: decisions as tracing services keep them: a run with inputs, outputs and metadata, and labels attached to it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from seatrial.table.raw import Listed

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from seatrial.table.raw import Raw

VERDICT = ("verdict", "label", "route", "decision")
THREAD = ("thread_id", "session_id", "conversation_id", "mlflow.trace.session")
"""Names under which services and users keep them, the first that is there."""
SEGMENT = "segment."


@dataclass(frozen=True, slots=True)
class TracedRun:
    """One root run.

    Attributes:
        id: of the run.
        name: of the run; the classifier where nothing else names one.
        at: when it began, as ISO 8601 with an offset.
        fields: its outputs, metadata and tags in one, outputs first.
    """

    id: str
    name: str
    at: str
    fields: Mapping[str, Any]

    @property
    def thread(self) -> str:
        """Its thread; the run itself where it names none."""
        return str(_first(self.fields, THREAD) or self.id)


@dataclass(frozen=True, slots=True)
class TracedLabel:
    """One label of a run: feedback or an assessment.

    Attributes:
        id: of the label.
        run: id of the run it belongs to.
        name: key of the feedback, name of the assessment; the outcome's type.
        value: what it says.
        at: when, as ISO 8601 with an offset.
    """

    id: str
    run: str
    name: str
    value: Any
    at: str


def decision_columns(runs: Iterable[TracedRun]) -> dict[str, Raw]:
    """Runs as columns of decisions; a run without a confidence has none."""
    rows = list(runs)
    segments = dict.fromkeys(name for one in rows for name in one.fields if name.startswith(SEGMENT))
    columns: dict[str, list[Any]] = {
        "decision_id": [one.id for one in rows],
        "thread_id": [one.thread for one in rows],
        "classifier": [str(one.fields.get("classifier") or one.name) for one in rows],
        "verdict": [_text(_first(one.fields, VERDICT)) for one in rows],
        "confidence": [_number(one.fields.get("confidence")) for one in rows],
        "decided_at": [one.at for one in rows],
        "version": [_text(one.fields.get("version")) for one in rows],
        **{name: [_text(one.fields.get(name)) for one in rows] for name in segments},
    }
    return {name: Listed(values) for name, values in columns.items()}


def outcome_columns(runs: Iterable[TracedRun], labels: Iterable[TracedLabel]) -> dict[str, Raw]:
    """Labels as columns of outcomes, joined to threads by their run; of several of one name on a run the latest counts."""
    threads = {one.id: one.thread for one in runs}
    latest: dict[tuple[str, str], TracedLabel] = {}
    for one in labels:
        before = latest.get((one.run, one.name))
        if before is None or (one.at, one.id) > (before.at, before.id):
            latest[one.run, one.name] = one
    rows = [one for one in latest.values() if one.run in threads]
    return {
        "event_id": Listed([one.id for one in rows]),
        "thread_id": Listed([threads[one.run] for one in rows]),
        "outcome": Listed([one.name for one in rows]),
        "label": Listed([_text(one.value) for one in rows]),
        "observed_at": Listed([one.at for one in rows]),
    }


def in_utc(text: str) -> str:
    """An instant as these services send it, which is UTC where it names no offset."""
    moment = datetime.fromisoformat(text.replace("Z", "+00:00"))
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).isoformat()


def as_object(text: Any) -> dict[str, Any]:
    """The object that a text of JSON holds; empty where it holds none."""
    try:
        found = json.loads(text) if isinstance(text, str) else text
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _first(fields: Mapping[str, Any], names: Iterable[str]) -> Any:
    return next((fields[name] for name in names if fields.get(name) not in (None, "")), None)


def _text(value: Any) -> str | None:
    if value is None:
        return None
    return str(value).lower() if isinstance(value, bool) else str(value)


def _number(value: Any) -> float | None:
    try:
        return None if value is None or value == "" else float(value)
    except (TypeError, ValueError):
        return None
