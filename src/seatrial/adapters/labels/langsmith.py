"""LangSmith: a card is a run of a project, a vote is its feedback `preference`."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

from seatrial.adapters.feedback.langsmith import feedback_pages, langsmith_runs
from seatrial.adapters.langsmith.service import connect, spoken
from seatrial.errors import DataError
from seatrial.judge.cards import PREFERENCE, SPACE, Vote, vote_value

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from langsmith import Client

    from seatrial.judge.cards import Card
    from seatrial.judge.label import Label

START = "2000-01-01T00:00:00+00:00"
STAMP = "20000101T000000000000Z"
"""A card has no time of its own; what it is, not when it was sent, names it."""

PAGE = 100


def push_cards(
    cards: Sequence[Card], labels: Iterable[Label], project: str, environ: Mapping[str, str]
) -> tuple[int, int]:
    """Show cards in a project, with the labels there are; (cards, votes) that were not there before.

    Raises:
        SeatrialError: LangSmith could not be asked.
    """
    client = connect(environ)
    try:
        known = {one.id for one in langsmith_runs(project, environ)}
    except DataError:
        known = set()  # the first card makes the project
    with spoken(client, f"showing pairs in {project}"):
        new = [card for card in cards if card.id not in known]
        for card in new:
            _post(client, "/runs", _run(card, project))
        have = {str(one["id"]): one for one in _feedback(client, [card.id for card in cards if card.id in known])}
        by_pair = {(card.example_id, card.version, card.baseline): card for card in cards}
        votes = 0
        for label in labels:
            mine = by_pair.get((label.example_id, label.version, label.baseline))
            votes += mine is not None and _voted(client, mine, label, have)
    return len(new), votes


def pull_votes(project: str, environ: Mapping[str, str]) -> list[Vote]:
    """Every vote on the cards of a project, to the last page; an edited one says what it says now.

    Raises:
        DataError: there is no such project, or a page named no next one.
        SeatrialError: LangSmith could not be asked.
    """
    about = {
        one.id: {name: str(value) for name, value in one.fields.items() if name.startswith("seatrial.")}
        for one in langsmith_runs(project, environ)
    }
    about = {name: fields for name, fields in about.items() if fields}
    client = connect(environ)
    with spoken(client, f"reading votes of {project}"):
        return [_vote(one, about[str(one["run_id"])]) for one in _feedback(client, list(about))]


def _feedback(client: Client, ids: Sequence[str]) -> list[Mapping[str, Any]]:
    found: list[Mapping[str, Any]] = []
    for start in range(0, len(ids), PAGE):
        pages = feedback_pages(client, ids[start : start + PAGE])
        found += [one for one in pages if one["key"] == PREFERENCE and _by_a_person(one)]
    return found


def _by_a_person(one: Mapping[str, Any]) -> bool:
    """Whether feedback is a person's: LangSmith names the evaluators that it runs itself as their source."""
    return (one.get("feedback_source") or {}).get("type") not in ("model", "auto_eval")


def _voted(client: Client, card: Card, label: Label, have: Mapping[str, Mapping[str, Any]]) -> bool:
    """Send one vote where it is not there, or says something else."""
    number = str(uuid.uuid5(SPACE, f"{card.id}:{label.annotator}"))
    value = vote_value(label, card)
    if number in have:
        if (have[number].get("score"), have[number].get("comment") or "") == (value, label.reason):
            return False
        client.request_with_retries(
            "PATCH",
            f"/feedback/{number}",
            request_kwargs={"json": {"score": value, "comment": label.reason}},
        )
        return True
    source = {"type": "api", "metadata": {"annotator": label.annotator}}
    body = {"id": number, "run_id": card.id, "trace_id": card.id, "key": PREFERENCE, "score": value}
    _post(client, "/feedback", {**body, "comment": label.reason, "feedback_source": source})
    return True


def _run(card: Card, project: str) -> dict[str, Any]:
    texts = {"inputs": card.texts.inputs, "first": card.texts.a, "second": card.texts.b}
    if card.texts.reference is not None:
        texts["reference"] = card.texts.reference
    return {
        "id": card.id,
        "trace_id": card.id,
        "dotted_order": f"{STAMP}{card.id}",
        "name": f"which answer is better? ({card.judge})",
        "run_type": "chain",
        "inputs": texts,
        "outputs": {},
        "start_time": START,
        "end_time": START,
        "session_name": project,
        "extra": {"metadata": card.about},
    }


def _post(client: Client, path: str, body: Mapping[str, Any]) -> None:
    client.request_with_retries("POST", path, request_kwargs={"json": dict(body)})


def _vote(one: Mapping[str, Any], about: Mapping[str, str]) -> Vote:
    source = one.get("feedback_source") or {}
    named = (source.get("metadata") or {}).get("annotator") or source.get("user_name") or source.get("user_id")
    value = one.get("score") if one.get("score") is not None else one.get("value")
    at = str(one.get("modified_at") or one.get("created_at") or "")
    return Vote(about, str(named or "unknown"), value, str(one.get("comment") or ""), at)
