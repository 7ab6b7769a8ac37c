"""LangSmith: root runs of a project as decisions, their feedback as outcomes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from seatrial.adapters.feedback.traced import SEGMENT, TracedLabel, TracedRun, as_object, in_utc
from seatrial.adapters.langsmith.service import connect, spoken
from seatrial.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from langsmith import Client

PAGE = 100


def langsmith_runs(project: str, environ: Mapping[str, str]) -> list[TracedRun]:
    """Every root run of a project, page by page.

    Raises:
        DataError: there is no such project, or a full page named no next one: what follows it would be lost in silence.
        SeatrialError: LangSmith could not be asked.
    """
    client = connect(environ)
    with spoken(client, f"reading runs of {project}"):
        sessions = client.request_with_retries("GET", "/sessions", params={"name": project, "limit": 1}).json()
        found = [one for one in sessions if one.get("name") == project]
        if not found:
            raise DataError(f"LangSmith has no project {project!r}")
        return [_run(one) for one in _pages(client, project, found[0]["id"])]


def langsmith_labels(runs: Sequence[TracedRun], environ: Mapping[str, str]) -> list[TracedLabel]:
    """Feedback of these runs."""
    client = connect(environ)
    labels: list[TracedLabel] = []
    with spoken(client, "reading feedback"):
        for start in range(0, len(runs), PAGE):
            ids = [one.id for one in runs[start : start + PAGE]]
            labels += [_label(one) for one in feedback_pages(client, ids)]
    return labels


def _pages(client: Client, project: str, session: str) -> Iterator[Mapping[str, Any]]:
    cursor: str | None = None
    while True:
        body = {"session": [session], "is_root": True, "limit": PAGE, **({"cursor": cursor} if cursor else {})}
        page = client.request_with_retries("POST", "/runs/query", request_kwargs={"json": body}).json()
        yield from page["runs"]
        following = (page.get("cursors") or {}).get("next")
        if following is None and len(page["runs"]) >= PAGE:
            raise DataError(
                f"LangSmith answered a full page of {PAGE} runs of {project} without a cursor to the next one; the rest is not known"
            )
        if following is None or following == cursor:
            return
        cursor = following


def feedback_pages(client: Client, ids: Sequence[str]) -> Iterator[Mapping[str, Any]]:
    """Feedback of some runs, to the last page; one that is answered twice is an error, not the end."""
    seen: set[str] = set()
    while True:
        page = client.request_with_retries(
            "GET", "/feedback", params={"run": list(ids), "limit": PAGE, "offset": len(seen)}
        ).json()
        fresh = [one for one in page if one["id"] not in seen]
        if page and not fresh:
            raise DataError(
                f"LangSmith answered the same page of {len(page)} feedback entries twice; the rest is not known"
            )
        yield from fresh
        seen |= {one["id"] for one in fresh}
        if len(page) < PAGE:
            return


def _run(one: Mapping[str, Any]) -> TracedRun:
    metadata = (one.get("extra") or {}).get("metadata") or {}
    tags = {
        SEGMENT + name: value for name, sign, value in (tag.partition(":") for tag in one.get("tags") or ()) if sign
    }
    outputs = as_object(one.get("outputs"))
    return TracedRun(
        str(one["id"]), str(one.get("name") or ""), in_utc(one["start_time"]), {**tags, **metadata, **outputs}
    )


def _label(one: Mapping[str, Any]) -> TracedLabel:
    value = one.get("value") if one.get("value") is not None else one.get("score")
    return TracedLabel(
        str(one["id"]), str(one["run_id"]), str(one["key"]), value, in_utc(one.get("modified_at") or one["created_at"])
    )
