"""DeepEval: the test run that `evaluate` writes into DEEPEVAL_RESULTS_FOLDER (written against deepeval 4.3)."""

from __future__ import annotations

import re
from typing import Any

from seatrial.adapters.results.imported import Imported, distinguished, facts, number, numbered, row, text, unmeasured

NUMBERED = re.compile(r"(conversational_)?test_case_\d+")
"""The name of a case that nobody named: its place in the list, which is no identity."""


def is_deepeval(document: Any) -> bool:
    """Whether a JSON document is a test run of DeepEval."""
    return isinstance(document, dict) and {"testCases", "metricsScores"} <= document.keys()


def deepeval(document: Any) -> Imported:
    """One row a test case and metric: 1 where the metric's own threshold is met, 0 where it is not.

    Not the score itself: of some metrics (bias, toxicity, hallucination) less is better, and only DeepEval knows which.
    The example is the case's name where somebody gave it one, else its input.
    """
    cases = [*(document.get("testCases") or []), *(document.get("conversationalTestCases") or [])]
    names = [None if NUMBERED.fullmatch(case.get("name") or "") else case.get("name") for case in cases]
    questions = [text(case.get("input") or case.get("scenario") or case.get("turns") or "") for case in cases]
    rows = []
    for example, case in zip(distinguished(names, questions), cases, strict=True):
        duration = number(case.get("runDuration"))
        known = {
            **({} if duration is None else {"latency_ms": 1000 * duration}),
            **facts(case.get("metadata") or case.get("additionalMetadata")),
        }
        for metric in case.get("metricsData") or []:
            if metric.get("error") or number(metric.get("score")) is None:
                rows.append(
                    row(example, metric["name"], None, **known, **unmeasured(metric.get("error") or "no score"))
                )
            else:
                met = float(bool(metric["success"]))
                rows.append(row(example, metric["name"], met, reason=metric.get("reason"), **known))
    return Imported("DeepEval", tuple(numbered(rows)))
