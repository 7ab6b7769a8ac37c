"""MLflow: a card is a trace of an experiment, a vote is its assessment `preference` by a person."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from seatrial.adapters.feedback.mlflow import trace_pages
from seatrial.adapters.mlflow import place, session
from seatrial.errors import DataError
from seatrial.judge.cards import PREFERENCE, Vote, vote_value

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from seatrial.judge.cards import Card
    from seatrial.judge.label import Label

TAG = "seatrial.card"


def push_cards(
    cards: Sequence[Card], labels: Iterable[Label], experiment: str, environ: Mapping[str, str], root: Path
) -> tuple[int, int]:
    """Show cards in an experiment, with the labels there are; (cards, votes) that were not there before.

    Raises:
        SeatrialError: MLflow could not be asked.
    """
    where = place(environ, root)
    with session(where, environ=environ) as client:
        import mlflow  # noqa: PLC0415 - loaded already
        from mlflow.tracing.client import TracingClient  # noqa: PLC0415 - loaded already

        found = client.get_experiment_by_name(experiment)
        number = found.experiment_id if found else client.create_experiment(experiment, where.artifacts(experiment))
        traces = {info.tags.get(TAG): info for info in trace_pages(client, experiment, number) if TAG in info.tags}
        ids = {name: info.trace_id for name, info in traces.items()}
        before = mlflow.get_tracking_uri()
        mlflow.set_tracking_uri(where.uri)  # spans are exported to what is set, whatever the client was made for
        try:
            new = [card for card in cards if card.id not in ids]
            for card in new:
                ids[card.id] = _trace(client, card, number)
            mlflow.flush_trace_async_logging()
        finally:
            mlflow.set_tracking_uri(before)
        tracing = TracingClient(where.uri)
        have = {
            (info.tags[TAG], one.source.source_id): (one.value, one.rationale or "")
            for info in traces.values()
            for one in _valid(info)
        }
        by_pair = {(card.example_id, card.version, card.baseline): card for card in cards}
        votes = 0
        for label in labels:
            mine = by_pair.get((label.example_id, label.version, label.baseline))
            if mine is None or have.get((mine.id, label.annotator)) == (vote_value(label, mine), label.reason):
                continue
            tracing.log_assessment(ids[mine.id], _assessment(label, mine))
            votes += 1
    return len(new), votes


def pull_votes(experiment: str, environ: Mapping[str, str], root: Path) -> list[Vote]:
    """Every valid vote on the cards of an experiment, to the last page: a superseded one has left.

    Raises:
        DataError: there is no such experiment, or a page named no next one.
        SeatrialError: MLflow could not be asked.
    """
    with session(place(environ, root), environ=environ) as client:
        found = client.get_experiment_by_name(experiment)
        if found is None:
            raise DataError(f"MLflow has no experiment {experiment!r}")
        return [
            Vote(
                {name: value for name, value in info.tags.items() if name.startswith("seatrial.")},
                str(one.source.source_id if one.source else "unknown"),
                one.value,
                one.rationale or "",
                f"{one.last_update_time_ms or 0:020d}",
            )
            for info in trace_pages(client, experiment, found.experiment_id)
            if TAG in info.tags
            for one in _valid(info)
        ]


def _valid(info: Any) -> list[Any]:
    return [
        one
        for one in info.assessments
        if one.name == PREFERENCE and getattr(one, "valid", True) is not False and _by_a_person(one)
    ]


def _by_a_person(one: Any) -> bool:
    return one.source is None or str(one.source.source_type).upper() == "HUMAN"


def _trace(client: Any, card: Card, experiment: str) -> str:
    texts = {"inputs": card.texts.inputs, "first": card.texts.a, "second": card.texts.b}
    if card.texts.reference is not None:
        texts["reference"] = card.texts.reference
    name = f"which answer is better? ({card.judge})"
    span = client.start_trace(name, inputs=texts, tags={TAG: card.id, **card.about}, experiment_id=experiment)
    client.end_trace(span.trace_id)
    return str(span.trace_id)


def _assessment(label: Label, card: Card) -> Any:
    from mlflow.entities import AssessmentSource, Feedback  # noqa: PLC0415 - loaded already

    source = AssessmentSource(source_type="HUMAN", source_id=label.annotator)
    return Feedback(name=PREFERENCE, value=vote_value(label, card), source=source, rationale=label.reason or None)
