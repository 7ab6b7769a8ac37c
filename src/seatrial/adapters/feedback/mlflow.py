"""MLflow: traces of an experiment as decisions, their assessments as outcomes."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from seatrial.adapters.feedback.traced import TracedLabel, TracedRun, as_object
from seatrial.adapters.mlflow import place, session
from seatrial.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

PAGE = 100


def mlflow_traces(experiment: str, environ: Mapping[str, str], root: Path) -> tuple[list[TracedRun], list[TracedLabel]]:
    """Every trace of an experiment, and the assessments that are valid: a superseded one has left.

    Raises:
        DataError: there is no such experiment, or a full page named no next one.
        SeatrialError: MLflow could not be asked.
    """
    runs, labels = [], []
    with session(place(environ, root), environ=environ) as client:
        found = client.get_experiment_by_name(experiment)
        if found is None:
            raise DataError(f"MLflow has no experiment {experiment!r}")
        for info in trace_pages(client, experiment, found.experiment_id):
            fields = {**dict(info.tags), **dict(info.trace_metadata), **as_object(info.response_preview)}
            name = fields.get("mlflow.traceName") or experiment
            runs.append(TracedRun(info.trace_id, str(name), _moment(info.request_time), fields))
            labels += [
                TracedLabel(
                    str(one.assessment_id), info.trace_id, one.name, one.value, _moment(one.last_update_time_ms)
                )
                for one in info.assessments
                if getattr(one, "valid", True) is not False and getattr(one, "feedback", None) is not None
            ]
    return runs, labels


def trace_pages(client: Any, experiment: str, number: str) -> Iterator[Any]:
    """What is known of every trace of an experiment, to the last page."""
    token: str | None = None
    while True:
        page = client.search_traces(locations=[number], max_results=PAGE, page_token=token, include_spans=False)
        for trace in page:
            yield trace.info
        if not page.token and len(page) >= PAGE:
            raise DataError(
                f"MLflow answered a full page of {PAGE} traces of {experiment} without a token for the next one; the rest is not known"
            )
        if not page.token or page.token == token:
            return
        token = page.token


def _moment(milliseconds: int) -> str:
    return datetime.fromtimestamp(milliseconds / 1000, UTC).isoformat()
