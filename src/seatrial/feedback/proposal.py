"""Proposals: decisions that production contradicted, as candidates for new golden examples; a person fills in what was right.

Pure: units and recorded requests in, proposals out. Nothing here writes, and nothing is golden before somebody has read it.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING, Any

import numpy as np

from seatrial.canonical import canonical_json
from seatrial.outcome import Answer
from seatrial.privacy import strip_pii
from seatrial.privacy.exits import redacted

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from seatrial.feedback.units import Units


@dataclass(frozen=True, slots=True)
class Contradicted:
    """One decision of which a negative outcome came.

    Attributes:
        decision_id, thread_id: which.
        classifier, verdict, confidence: what it said.
        segments: of the request.
        flagged: rows of the gate's report that it belongs to and that are flagged.
    """

    decision_id: str
    thread_id: str
    classifier: str
    verdict: str
    confidence: float
    segments: Mapping[str, str]
    flagged: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Request:
    """What production asked and what the graph answered."""

    run_id: str
    inputs: Mapping[str, Any]
    outputs: Mapping[str, Any] | None
    version: str = ""


@dataclass(frozen=True, slots=True)
class Proposals:
    """What is proposed, and why the rest is not.

    Attributes:
        examples: lines of a dataset without a reference.
        contradicted: decisions that production contradicted.
        unrecorded: of those, how many have no recorded request.
        repeated: how many ask what another one, or a golden example, asks already.
        left_out: how many are over the limit.
    """

    examples: tuple[dict[str, Any], ...]
    contradicted: int
    unrecorded: int
    repeated: int
    left_out: int


def contradicted(units: Units, flagged: Iterable[Mapping[str, Any]]) -> list[Contradicted]:
    """Decisions with a negative answer; those of flagged rows first, the most confident first.

    Args:
        units: one source's decisions.
        flagged: `details["sources"][...]["flagged"]` of the gate's decision.
    """
    rows = [(str(one["classifier"]), str(one["segment"])) for one in flagged]
    out = []
    for i in np.flatnonzero(units.state == Answer.NEGATIVE).tolist():
        classifier, verdict = units.classifier.text(i) or "", units.verdict.text(i) or ""
        segments = {name: codes.text(i) or "" for name, codes in units.segments.items()}
        mine = {"overall", f"verdict={verdict}"} | {f"{name}={value}" for name, value in segments.items()}
        hit = [row for name, row in rows if name == classifier and set(row.split(" · ")) <= mine and row != "overall"]
        out.append(
            Contradicted(
                (units.decision.text(i) if units.decision else None) or "",
                (units.thread.text(i) if units.thread else None) or "",
                classifier,
                verdict,
                float(units.confidence[i]),
                segments,
                tuple(dict.fromkeys(hit)),
            )
        )
    return sorted(out, key=lambda one: (not one.flagged, -one.confidence, one.decision_id))


def propose(
    found: Sequence[Contradicted],
    requests: Iterable[Request],
    threads: Mapping[str, str],
    known: Collection[str],
    limit: int,
) -> Proposals:
    """At most `limit` examples, taken from each segment in turn, without personal data, each question once.

    Args:
        found: as `contradicted` gives them.
        requests: recorded runs.
        threads: thread -> id of its only run; a thread with several is not guessed at.
        known: `question` of every example that is there already.
        limit: most examples.
    """
    by_id = {one.run_id: one for one in requests}
    known_inputs, unrecorded, repeated = set(known), 0, 0
    groups: dict[tuple[Any, ...], list[dict[str, Any]]] = defaultdict(list)
    for one in found:
        request = by_id.get(one.decision_id) or by_id.get(threads.get(one.thread_id, ""))
        if request is None:
            unrecorded += 1
            continue
        inputs = strip_pii(redacted(dict(request.inputs)))
        digest = question(inputs)
        if digest in known_inputs:
            repeated += 1
            continue
        known_inputs.add(digest)
        group = (not one.flagged, tuple(sorted(one.segments.items())))
        groups[group].append(_example(one, request, inputs, digest))
    examples = _in_turn([groups[name] for name in sorted(groups)], limit)
    total = sum(map(len, groups.values()))
    return Proposals(tuple(examples), len(found), unrecorded, repeated, total - len(examples))


def question(inputs: Mapping[str, Any]) -> str:
    """What is asked, in any case and spacing and without personal data: two examples with the same one are one."""
    return sha256(" ".join(canonical_json(strip_pii(dict(inputs))).casefold().split()).encode()).hexdigest()


def _example(one: Contradicted, request: Request, inputs: Mapping[str, Any], digest: str) -> dict[str, Any]:
    outputs = None if request.outputs is None else strip_pii(redacted(dict(request.outputs)))
    return {
        "id": f"production-{digest[:12]}",
        "inputs": inputs,
        "outputs": None,
        "tags": ["proposed", *(f"{name}:{value}" for name, value in sorted(one.segments.items()))],
        "metadata": {
            "proposed": {
                "why": f"production contradicted {one.verdict or 'the decision'} at {one.confidence:g}",
                "classifier": one.classifier,
                "flagged": list(one.flagged),
                "segments": dict(one.segments),
                "answered": outputs,
                "version": request.version,
            }
        },
    }


def _in_turn(groups: Sequence[Sequence[dict[str, Any]]], limit: int) -> list[dict[str, Any]]:
    """One of each group after another, so that a large segment leaves room for the others."""
    out: list[dict[str, Any]] = []
    longest = max(map(len, groups), default=0)
    for place in range(longest):
        for group in groups:
            if place < len(group) and len(out) < limit:
                out.append(group[place])
    return out
