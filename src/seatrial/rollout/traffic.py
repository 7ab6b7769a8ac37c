"""Traffic: recorded requests, kept as a dataset whose references are the live answers, and played through a candidate."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from seatrial.canonical import content_hash
from seatrial.errors import InvalidComparison
from seatrial.graph.state import plain
from seatrial.privacy.exits import redacted_json
from seatrial.rollout.shadow import Shadow, untraced
from seatrial.rollout.shadow_gate import gate_report, shadow_evidence
from seatrial.rollout.shadow_request import Compared, Place, Request
from seatrial.rollout.shadow_score import ANSWERED
from seatrial.store.current import use_store
from seatrial.verdict import Decision, ReasonClass, Verdict
from seatrial.wording import count

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from pathlib import Path

    from seatrial.dataset.example import Example
    from seatrial.gate.report import Report
    from seatrial.rollout.rules import Rules
    from seatrial.rollout.shadow_score import Recorder
    from seatrial.store.shadow import ShadowAnswer


def recording(path: Path, *, sample: float = 0.01, contract: str = "1", **more: Any) -> Shadow:
    """A shadow without a candidate: it appends a sample of live requests and answers to a file of examples.

    recorded = recording(Path("traffic.jsonl"), sample=0.01)
    answer = recorded.around(graph.invoke)(inputs, config)

    Args:
        path: a `.jsonl` file; known keys and tokens are taken out of what is written, personal data are not.
        sample: share of the threads whose first request is written.
        contract: version of the graph's contract.
        more: of `Shadow`.
    """
    lock = threading.Lock()

    def keep(one: Compared) -> None:
        if one.live_error:
            return
        row = {
            "id": one.request.thread_id,
            "inputs": plain(one.request.inputs),
            "outputs": plain(one.live),
            "metadata": {**plain(one.request.metadata), **_config(one.request)},
            "tags": list(one.request.tags),
            "contract": contract,
        }
        text = redacted_json(json.dumps(row, ensure_ascii=False, allow_nan=False))
        with lock, path.open("a", encoding="utf-8") as stream:
            stream.write(text + "\n")

    return Shadow(lambda _: None, side_effects="none", keep=keep, place=lambda _: Place(sample=sample), **more)


def _config(request: Request) -> dict[str, Any]:
    """`metadata.config` of an example, as `seatrial eval` sends it."""
    given = {"configurable": request.configurable, "context": request.context}
    found = {name: plain(value) for name, value in given.items() if isinstance(value, Mapping) and value}
    return {"config": found} if found else {}


def request_of(example: Example) -> Request:
    """The request that an example of recorded traffic stands for."""
    metadata = dict(example.metadata)
    config = metadata.pop("config", None) or {}
    return Request(
        example.inputs, example.id, metadata, example.tags, config.get("configurable", {}), config.get("context")
    )


def replay_traffic(
    rules: Rules,
    examples: Sequence[Example],
    recorder: Recorder,
    *,
    cell_of: Callable[[Mapping[str, Any]], str],
    control: Callable[[Request], Any],
    candidate: Callable[[Request], Any],
    workers: int = 1,
    progress: Callable[[int, int], None] = lambda _done, _planned: None,
) -> dict[str, list[ShadowAnswer]]:
    """The rows of every cell: both versions' scores on every recorded request, in the order of the file.

    Args:
        rules: of the rollout.
        examples: recorded requests; one without a live answer is asked of the control as well.
        recorder: scores a pair.
        cell_of: the cell of a request.
        control: answers where no live answer was recorded.
        candidate: answers every request.
        workers: requests at once.
        progress: told (done, planned).
    """

    def one(example: Example) -> list[ShadowAnswer]:
        with use_store(None), untraced():
            request = request_of(example)
            place = Place(rules.rollout, cell_of(request.row))
            recorded: tuple[Any, str, float] = (example.outputs, "", 0.0)
            live, live_error, live_ms = _answer(control, request) if example.outputs is None else recorded
            answer, error, spent = _answer(candidate, request)
        return recorder.scored(Compared(request, place, live, live_error, live_ms, answer, error, spent, 1.0))

    found: dict[str, list[ShadowAnswer]] = {}
    with ThreadPoolExecutor(workers) as pool:
        for done, rows in enumerate(pool.map(one, examples), 1):
            found.setdefault(rows[0].cell, []).extend(rows)
            progress(done, len(examples))
    return found


def _answer(version: Callable[[Request], Any], request: Request) -> tuple[Any, str, float]:
    began = time.perf_counter()
    try:
        answer, error = version(request), ""
    except Exception as raised:  # noqa: BLE001 - whatever a version raises is its own
        answer, error = None, f"{type(raised).__name__}: {raised}"
    return answer, error, (time.perf_counter() - began) * 1000


def traffic_decision(rules: Rules, found: Mapping[str, Sequence[ShadowAnswer]], source: str) -> Decision:
    """The merge gate on every cell's requests; the worst cell decides, and a cell without requests cannot tell."""
    reports: dict[str, Report | str] = {}
    for cell in rules.cells:
        rows = found.get(cell.name, ())
        try:
            reports[cell.name] = (
                gate_report(rules, cell.name, shadow_evidence(rules, cell.name, rows))
                if rows
                else "no request of it was recorded"
            )
        except InvalidComparison as error:
            reports[cell.name] = str(error)
    verdicts = {
        name: one.verdict if not isinstance(one, str) else Verdict.INCONCLUSIVE for name, one in reports.items()
    }
    verdict = Verdict.worst(verdicts.values())
    reasons = [f"{name}: {_sentence(one)}" for name, one in reports.items() if verdicts[name] is verdict]
    threads = len({row.thread_id for rows in found.values() for row in rows})
    tested = rules.shadow.keys or (ANSWERED,)
    outside = sorted(set(found) - {cell.name for cell in rules.cells})
    return Decision(
        kind="replay-traffic",
        subject=f"{rules.graph} {rules.control} → {rules.candidate}",
        verdict=verdict,
        reason=" · ".join(reasons),
        reason_class=_reason_class(reports.values()) if verdict is Verdict.INCONCLUSIVE else None,
        findings=tuple(
            replace(row, segment=name)
            for name, one in reports.items()
            if not isinstance(one, str)
            for row in (one.overall, *one.segments)
            if row.segment == f"cell={name}" or row.key not in tested
        ),
        policy_hash=rules.plan_hash,
        evidence_hash=content_hash([(row.event_id, row.outcome, row.score) for rows in found.values() for row in rows]),
        warnings=tuple(f"requests of {name!r}, which is no cell of the plan, were left out" for name in outside),
        facts=(("Traffic", f"{count(threads, 'recorded request')} of {source}"), *_failures(found)),
    )


def _sentence(one: Report | str) -> str:
    return one if isinstance(one, str) else one.reason


def _reason_class(reports: Iterable[Report | str]) -> ReasonClass:
    found = [one.reason_class for one in reports if not isinstance(one, str) and one.reason_class]
    return found[0] if found else ReasonClass.MISSING


def _failures(found: Mapping[str, Sequence[ShadowAnswer]]) -> tuple[tuple[str, str], ...]:
    """What the candidate raised, the most frequent first."""
    errors: dict[str, set[str]] = {}
    for rows in found.values():
        for row in rows:
            if row.arm == "candidate" and row.outcome in ("target_error", "interrupted"):
                errors.setdefault(row.reason, set()).add(row.thread_id)
    worst = sorted(errors.items(), key=lambda one: (-len(one[1]), one[0]))[:3]
    return tuple(("Candidate failed", f"{reason} ({count(len(threads), 'request')})") for reason, threads in worst)
