"""pydantic_evals: an EvaluationReport as JSON, by `TypeAdapter(EvaluationReport).dump_json` (written against 2.62)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from seatrial.adapters.results.imported import Imported, facts, failed, number, numbered, row, text, unmeasured

if TYPE_CHECKING:
    from collections.abc import Iterator

SCORES = ("scores", "assertions")
"""What a case may hold that is a score; labels are none."""


def is_pydantic_evals(document: Any) -> bool:
    """Whether a JSON document is an evaluation report."""
    if not isinstance(document, dict) or not {"cases", "failures"} <= document.keys():
        return False
    cases = document["cases"] or document["failures"]
    return isinstance(cases, list) and all(isinstance(case, dict) and "inputs" in case for case in cases)


def pydantic_evals(document: Any) -> Imported:
    """One row a case, repetition and score or assertion; a case whose task raised is a failure of the system."""
    cases, failures = document["cases"], document["failures"]
    of_source: dict[str, list[str]] = {}
    for case in cases:
        for name, result in _results(case):
            keys = of_source.setdefault((result.get("source") or {}).get("name", name), [])
            if name not in keys:
                keys.append(name)
    every = list(dict.fromkeys(name for names in of_source.values() for name in names)) or ["score"]
    rows = [one for case in cases for one in _rows(case, of_source)]
    rows += [
        row(_example(case), key, None, **facts(case.get("metadata")), **failed(case.get("error_message")))
        for case in failures
        for key in every
    ]
    labels = {name for case in cases for name in case.get("labels") or {}}
    left_out = (f"labels {', '.join(sorted(labels))}",) if labels else ()
    return Imported("pydantic_evals", tuple(numbered(rows)), left_out)


def _rows(case: Any, of_source: dict[str, list[str]]) -> Iterator[dict[str, Any]]:
    duration = number(case.get("task_duration"))
    known = {**({} if duration is None else {"latency_ms": 1000 * duration}), **facts(case.get("metadata"))}
    for name, result in _results(case):
        value = number(result.get("value"))
        given = {"reason": result.get("reason")} if value is not None else unmeasured("the value is no number")
        yield row(_example(case), name, value, **known, **given)
    for failure in case.get("evaluator_failures") or []:
        source = (failure.get("source") or {}).get("name", failure.get("name"))
        for key in of_source.get(source, [failure.get("name") or source]):
            yield row(_example(case), key, None, **known, **unmeasured(failure.get("error_message")))


def _results(case: Any) -> Iterator[tuple[str, Any]]:
    for kind in SCORES:
        yield from (case.get(kind) or {}).items()


def _example(case: Any) -> str:
    return text(case.get("source_case_name") or case.get("name") or case["inputs"])
