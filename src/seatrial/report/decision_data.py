"""Decision data: any decision as `seatrial/<kind>/1` JSON, and back without loss."""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING, Any

from seatrial.errors import DataError
from seatrial.reason import reason_data, reason_of
from seatrial.verdict import Decision, Finding, ReasonClass, Sequential, State, Verdict

if TYPE_CHECKING:
    from collections.abc import Mapping


_RENAMED = {"replay_traffic": "replay-traffic"}
"""Kinds of decisions as earlier versions wrote them."""


def decision_data(decision: Decision) -> dict[str, Any]:
    """The decision as plain data; `decision_of` reads it back."""
    return {
        "schema": f"seatrial/{decision.kind}/1",
        "subject": decision.subject,
        "verdict": decision.verdict.value,
        "exit_code": decision.exit_code,
        "reason_class": decision.reason_class.value if decision.reason_class else None,
        "reason": decision.reason,
        "mode": decision.mode,
        "policy_hash": decision.policy_hash,
        "evidence_hash": decision.evidence_hash,
        "findings": [_finding_data(finding) for finding in decision.findings],
        "warnings": list(decision.warnings),
        "facts": [list(fact) for fact in decision.facts],
        "next_step": decision.next_step,
        "details": dict(decision.details),
    }


def decision_of(data: Mapping[str, Any], source: str) -> Decision:
    """The decision that `decision_data` wrote.

    Raises:
        DataError: it is no such decision; names the file and what is missing.
    """
    schema = str(data.get("schema", ""))
    place, _, rest = schema.partition("/")
    kind, _, version = rest.partition("/")
    if place != "seatrial" or version != "1":
        raise DataError(f"{source}: schema is {data.get('schema')!r}; a decision says seatrial/KIND/1")
    try:
        return Decision(
            kind=_RENAMED.get(kind, kind),
            subject=data["subject"],
            verdict=Verdict(data["verdict"]),
            reason=data["reason"],
            reason_class=ReasonClass(data["reason_class"]) if data["reason_class"] else None,
            findings=tuple(_finding_of(row) for row in data["findings"]),
            policy_hash=data["policy_hash"],
            evidence_hash=data["evidence_hash"],
            warnings=tuple(data["warnings"]),
            facts=tuple((name, value) for name, value in data["facts"]),
            details=data["details"],
            mode=data["mode"],
            next_step=data["next_step"],
        )
    except (KeyError, TypeError, ValueError) as error:
        raise DataError(f"{source} is no complete {schema} decision: {type(error).__name__} {error}") from error


def _finding_data(f: Finding) -> dict[str, Any]:
    data = {field.name: getattr(f, field.name) for field in fields(f)}
    data["verdict"] = f.verdict.value if f.verdict else None
    data["state"] = f.state.value
    data["ci"], data["ci_row"] = (list(ends) if ends else None for ends in (f.ci, f.ci_row))
    data["outcomes"] = {arm: dict(words) for arm, words in f.outcomes.items()}
    data["reasons"] = [reason_data(one) for one in f.reasons]
    del data["sequential"]
    if f.sequential:
        data["sequential"] = {"log_e": f.sequential.log_e, "log_threshold": f.sequential.log_threshold}
    return data


def _finding_of(row: Mapping[str, Any]) -> Finding:
    values = dict(row)
    values["verdict"] = Verdict(row["verdict"]) if row["verdict"] else None
    values["state"] = State(row["state"])
    values["ci"], values["ci_row"] = ((ends[0], ends[1]) if ends else None for ends in (row["ci"], row["ci_row"]))
    values["reasons"] = tuple(reason_of(one) for one in row.get("reasons", ()))
    if "sequential" in row:
        values["sequential"] = Sequential(**row["sequential"])
    return Finding(**values)
