"""Read: a report back from its `seatrial/gate/1` JSON, as far as that goes: it holds no flipped answers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from seatrial.errors import DataError
from seatrial.gate.budget import Budget
from seatrial.gate.confirm import Confirmed, Look
from seatrial.gate.override import Applied, Override
from seatrial.gate.report import Against, Report
from seatrial.gate.reruns import Reruns
from seatrial.reason import reason_of
from seatrial.report.data import SCHEMA
from seatrial.verdict import Finding, ReasonClass, State, Verdict
from seatrial.vote import Level, Standing
from seatrial.wording import count

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_WITHOUT = "written from {source} alone: the flipped answers, and what its evidence said of them, are not in it"


def report_of(data: Mapping[str, Any], source: str) -> Report:
    """The report that `gate_data` wrote; `source` names the file it came from.

    Raises:
        DataError: it is no report, or one in which nothing was judged: its reason is the message.
    """
    if data.get("schema") != SCHEMA:
        raise DataError(f"{source}: schema is {data.get('schema')!r}; a gate's report says {SCHEMA!r}")
    if "overall" not in data:
        raise DataError(f"{source}: nothing was judged: {data.get('reason') or 'no reason is given'}")
    try:
        return _report(data, source)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise DataError(f"{source} is no whole {SCHEMA} report: {type(error).__name__} {error}") from error


def _report(data: Mapping[str, Any], source: str) -> Report:
    return Report(
        verdict=Verdict(data["verdict"]),
        reason_class=ReasonClass(data["reason_class"]) if data["reason_class"] else None,
        reason=str(data["reason"]),
        mode=str(data["mode"]),
        source=str(data["evidence"]),
        graph=str(data["graph"]),
        baseline=str(data["baseline"]),
        candidate=str(data["candidate"]),
        policy=dict(data["policy"]),
        budget=Budget(**data["budget"]),
        must_detect=float(data["must_detect"]),
        must_detect_overall=float(data.get("must_detect_overall", data["must_detect"])),
        floors=int(data.get("floors", 0)),
        goal=str(data.get("goal", "no_regression")),
        prices=str(data.get("prices", "")),
        segments_version=str(data.get("segments_file", {}).get("version") or ""),
        segments_hash=str(data.get("segments_file", {}).get("hash") or ""),
        tolerated=bool(data.get("tolerated", False)),
        churn=float(data["churn"]),
        family_size=int(data["family_size"]),
        counts={
            name: value if isinstance(value, (dict, list)) else int(value) for name, value in data["counts"].items()
        },
        overall=_finding(data["overall"]),
        segments=tuple(_finding(row) for row in data["segments"]),
        reported=tuple(_finding(row) for row in data["reported"]),
        unchanged=bool(data["unchanged"]),
        causes=(),  # counted among all that broke, and how many that is the JSON does not say
        regressed=0,
        flips=(),
        warnings=(
            *map(str, data["warnings"]),
            *_kept(data.get("quarantine")),
            *_anchored(data.get("anchor")),
            _WITHOUT.format(source=source),
        ),
        confirm=_confirmed(data.get("confirm")),
        decided_by=Against((data.get("anchor") or {}).get("decided_by", "baseline")),
        undecided=int(data.get("undecided", 0)),
        overrides=tuple(_applied(row) for row in data.get("overrides", ())),
        reruns=_reruns(data.get("reruns")),
        standings={str(name): _standing(one) for name, one in data.get("judges", {}).items()},
    )


def _standing(reported: Mapping[str, Any]) -> Standing:
    bars: Any = tuple(reason_of(one) for one in reported["reasons"])
    consistency = reported["consistency"]
    measured: Any = tuple(map(float, consistency)) if consistency else None
    return Standing(Level(reported["level"]), bars, measured, reported.get("floor"))


def _reruns(reported: Mapping[str, Any] | None) -> Reruns | None:
    if reported is None:
        return None
    runs, left_out = (tuple(map(str, reported[name])) for name in ("runs", "left_out"))
    return Reruns(int(reported["look"]), int(reported["pooled"]), runs, left_out, int(reported["unseen"]))


def _confirmed(reported: Mapping[str, Any] | None) -> Confirmed | None:
    if reported is None:
        return None
    return Confirmed(**{**reported, "rows": tuple(Look(**row) for row in reported["rows"])})


def _applied(row: Mapping[str, Any]) -> Applied:
    return Applied(Override(**{name: value for name, value in row.items() if name != "renewals"}), int(row["renewals"]))


def _anchored(reported: Mapping[str, Any] | None) -> Iterator[str]:
    if reported:
        decided = f"decided by the {reported['decided_by']}; " if "decided_by" in reported else ""
        yield f"{decided}against the anchor {reported['baseline']}: {reported['verdict']}. {reported['reason']}"


def _kept(reported: Mapping[str, Any] | None) -> Iterator[str]:
    if reported:
        yield f"{count(int(reported['n']), 'example')} in quarantine: {reported['regressed']} broke, {reported['fixed']} fixed; with them: {reported['with_them_reason']}"


def _finding(row: Mapping[str, Any]) -> Finding:
    ends = {name: (float(row[name][0]), float(row[name][1])) if row[name] else None for name in ("ci", "ci_row")}
    words = {
        "verdict": Verdict(row["verdict"]) if row["verdict"] else None,
        "state": State(row["state"]),
        "outcomes": {arm: dict(wording) for arm, wording in row["outcomes"].items()},
        "reasons": tuple(reason_of(one) for one in row.get("reasons", ())),
    }
    return Finding(**{name: row[name] for name in Finding.__slots__ if name in row} | ends | words)
