"""promptfoo: the JSON of `promptfoo eval -o FILE.json` (written against version 0.121)."""

from __future__ import annotations

from typing import Any

from seatrial.adapters.results.imported import Imported, distinguished, facts, failed, number, numbered, row, text

FAILED_TO_RUN = 2
"""`failureReason` of a test whose provider raised, where 1 is an assertion that does not hold."""


def is_promptfoo(document: Any) -> bool:
    """Whether a JSON document is a promptfoo evaluation."""
    results = document.get("results") if isinstance(document, dict) else None
    rows = results.get("results") if isinstance(results, dict) else None
    return bool(isinstance(rows, list) and rows and isinstance(rows[0], dict) and "gradingResult" in rows[0])


def promptfoo(document: Any) -> Imported:
    """One row a test, repetition and key: `passed`, and each metric that an assertion names.

    The example is the test's description where every test has one of its own, else its variables. A file with several
    providers or prompts holds as many versions.
    """
    tests = document["results"]["results"]
    ids = distinguished(
        [test.get("testCase", {}).get("description") for test in tests],
        [text(test.get("vars") or {}) for test in tests],
    )
    versions = _versions(tests)
    metrics = dict.fromkeys(name for test in tests for name in (test.get("namedScores") or {}))
    rows = []
    for example, version, test in zip(ids, versions, tests, strict=True):
        tokens = (test.get("response") or {}).get("tokenUsage") or {}
        known = {
            "version": version,
            "latency_ms": number(test.get("latencyMs")),
            "input_tokens": number(tokens.get("prompt")) or None,
            "output_tokens": number(tokens.get("completion")) or None,
            **facts(test.get("testCase", {}).get("metadata")),
        }
        known = {name: value for name, value in known.items() if value is not None}
        if test.get("failureReason") == FAILED_TO_RUN:
            rows += [row(example, key, None, **known, **failed(test.get("error"))) for key in ("passed", *metrics)]
            continue
        reason = (test.get("gradingResult") or {}).get("reason")
        rows.append(row(example, "passed", float(bool(test["success"])), reason=reason, **known))
        rows += [
            row(example, name, found, **known)
            for name, value in (test.get("namedScores") or {}).items()
            if (found := number(value)) is not None
        ]
    tool = (document.get("metadata") or {}).get("promptfooVersion", "")
    return Imported(f"promptfoo {tool}".strip(), tuple(numbered(rows)))


def _versions(tests: list[Any]) -> list[str | None]:
    """Each test's provider, with its prompt where there are several; none where all tests are of one."""
    providers = [
        (test.get("provider") or {}).get("label") or (test.get("provider") or {}).get("id") or "" for test in tests
    ]
    prompts = [(test.get("prompt") or {}).get("label") or str(test.get("promptIdx")) for test in tests]
    several = len(set(prompts)) > 1
    names = [f"{a} {b}".strip() if several else a for a, b in zip(providers, prompts, strict=True)]
    return list(names) if len(set(names)) > 1 else [None] * len(tests)
