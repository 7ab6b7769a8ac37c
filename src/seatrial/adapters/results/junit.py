"""JUnit XML: the report of a test runner, each test an example that passed or failed."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

from seatrial.adapters.results.imported import Imported, failed, numbered, row
from seatrial.errors import DataError

if TYPE_CHECKING:
    from pathlib import Path

LARGEST = 500_000_000


def junit(path: Path) -> Imported:
    """One row a test, key `passed`: a failure is 0, an error a failure of the system, a skipped test is missing.

    Raises:
        DataError: it is no JUnit report.
    """
    import xml.etree.ElementTree as ET  # noqa: PLC0415 - for this format only

    try:
        if path.stat().st_size > LARGEST:
            raise DataError(f"{path} is larger than {LARGEST:,} bytes")
        content = path.read_bytes()
        if b"<!DOCTYPE" in content or b"<!ENTITY" in content:
            raise DataError(f"{path} defines entities, which no JUnit report needs; it is not read")
        root = ET.fromstring(content)  # noqa: S314 - entities, which are what is dangerous, were refused above
    except OSError as error:
        raise DataError(f"{path} cannot be opened: {error.strerror}") from error
    except ET.ParseError as error:
        raise DataError(f"{path} is no readable XML: {error}") from error
    if root.tag not in ("testsuites", "testsuite"):
        raise DataError(f"{path} is no JUnit report: its root is <{root.tag}>, not <testsuites> or <testsuite>")
    tests = root.iter("testcase")
    return Imported("JUnit XML", tuple(numbered(_row(test) for test in tests)))


def _row(test: Any) -> dict[str, Any]:
    group, name = test.get("classname") or test.get("file") or "", test.get("name") or ""
    example = f"{group}::{name}" if group else name
    known: dict[str, Any] = {"suite": group} if group else {}
    with contextlib.suppress(ValueError):
        known["latency_ms"] = 1000 * float(test.get("time") or "none")
    for tag in ("error", "failure", "skipped"):
        found = test.find(tag)
        if found is None:
            continue
        reason = found.get("message") or found.text or tag
        if tag == "failure":
            return row(example, "passed", 0.0, reason=reason, **known)
        given = failed(reason) if tag == "error" else {"outcome": "skipped", "reason": reason}
        return row(example, "passed", None, **known, **given)
    return row(example, "passed", 1.0, **known)
