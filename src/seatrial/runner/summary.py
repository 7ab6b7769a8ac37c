"""run.json: what a run was, how far it came, and what a resume must find unchanged."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from seatrial.errors import DataError, UsageError
from seatrial.evidence import canonical_json
from seatrial.privacy.exits import redacted
from seatrial.verdict import MEASUREMENT_FAILURES, SYSTEM_FAILURES

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from seatrial.runner.plan import RunPlan
    from seatrial.runner.record import Record
    from seatrial.scoring import Bound

SCHEMA = "seatrial/run/1"
HASH = "evidence_hash"
"""Where run.json keeps the hash of the evidence table's content."""
FIXED = ("graph", "version", "version_config", "code", "dataset", "evaluators")
"""What a resumed run shares with its beginning, or it would be two runs in one file."""


def identity(plan: RunPlan, evaluators: Sequence[Bound]) -> dict[str, Any]:
    """The part of run.json that says what is measured, as JSON gives it back."""
    given: dict[str, Any] = json.loads(
        json.dumps(
            {
                "schema": SCHEMA,
                "run_id": plan.run_id,
                "graph": plan.graph,
                "version": plan.version,
                "version_config": dict(plan.version_config),
                "dataset": {"name": plan.dataset, "version": plan.dataset_version, "hash": plan.dataset_hash},
                "evaluators": [
                    {"key": bound.key, "version": bound.version, "hash": bound.hash} for bound in evaluators
                ],
                "repetitions": plan.repetitions,
                **(
                    {
                        "segments": {
                            "version": plan.segments_version,
                            "hash": plan.segments_hash,
                            "critical": list(plan.critical),
                        }
                    }
                    if plan.segments_hash
                    else {}
                ),
                **({"part": plan.part} if plan.part else {}),
                **({"code": plan.code} if plan.code else {}),
                **({"beside": plan.beside} if plan.beside else {}),
                **({"replayed": True} if plan.replayed else {}),
            },
            default=str,
        )
    )
    return redacted(given)


def read_summary(path: Path) -> dict[str, Any] | None:
    """run.json, or None where there is none.

    Raises:
        DataError: it is not what we write.
    """
    if not path.exists():
        return None
    try:
        found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        if found["schema"] != SCHEMA:
            raise DataError(
                f"{path} says schema {found['schema']!r}, not {SCHEMA!r}; it was written by another version"
            )
    except (ValueError, KeyError, TypeError) as error:
        raise DataError(f"{path} is no run.json ({type(error).__name__}: {error}); start a new run") from error
    return found


def write_summary(path: Path, summary: Mapping[str, Any]) -> None:
    """Replace run.json whole or not at all."""
    beside = path.with_name(path.name + ".partial")
    beside.write_text(json.dumps(summary, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    beside.replace(path)


def refuse_another(path: Path, before: Mapping[str, Any], now: Mapping[str, Any]) -> None:
    """Raise a UsageError when a resume would mix two different things in one run."""
    changed = _other_evaluators(before.get("evaluators"), now["evaluators"])
    if changed:
        raise UsageError(
            f"{path} cannot be resumed: {changed} since it was begun, and its scores would be of two evaluators in one run; start a new run"
        )
    for name in FIXED:
        if before.get(name) != now.get(name):
            raise UsageError(
                f"{path} cannot be resumed: its {name} was {canonical_json(before.get(name))} and is now "
                f"{canonical_json(now.get(name))}; start a new run"
            )


def _other_evaluators(before: Any, now: Sequence[Mapping[str, str]]) -> str:
    """What became of the evaluators of a run, as a clause; empty when they are the same, or other ones altogether."""
    try:
        then = {one["key"]: (one["version"], one.get("hash")) for one in before}
    except (TypeError, KeyError, AttributeError):
        return ""
    today = {one["key"]: (one["version"], one["hash"]) for one in now}
    if then.keys() != today.keys():
        return ""
    changed = sorted(key for key in then if then[key] != today[key])
    return f"evaluator {', '.join(changed)} changed (its code, a helper or an argument)" if changed else ""


def tokens(records: Sequence[Record]) -> dict[str, int | None]:
    """Sums over the runs that reported usage; None when none did."""
    read = [record.input_tokens for record in records if record.input_tokens is not None]
    written = [record.output_tokens for record in records if record.output_tokens is not None]
    return {"input": sum(read) if read else None, "output": sum(written) if written else None}


def failures(rows: Mapping[str, int]) -> tuple[int, int]:
    """Rows where the system failed, rows where we failed to measure."""
    return sum(rows[word.value] for word in SYSTEM_FAILURES), sum(rows[word.value] for word in MEASUREMENT_FAILURES)
