"""Fingerprint: what a dataset or an example is, whatever the order and the spacing of its file.

The same rows in another order, or with other whitespace, have the same hash; one changed label changes it.
"""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

from seatrial.canonical import canonical_json

if TYPE_CHECKING:
    from collections.abc import Iterable

    from seatrial.dataset.example import Example


def canonical(value: Any) -> str:
    """`value` as canonical JSON: sorted keys, no spaces, shortest floats.

    Raises:
        ValueError: it holds NaN or an infinity, which JSON cannot say.
    """
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


IDENTITY_DIGITS = 16
"""Hex digits of an identity that evidence and baselines keep."""

GIVEN = ("resume", "config")
"""Metadata that a run is given beside the inputs: scripted answers, and configuration."""


def identity(example: Example) -> str:
    """Sha256 of what an example asks and expects: its inputs, its reference and the metadata that a run is given."""
    complete: dict[str, Any] = {"inputs": example.inputs, "outputs": example.outputs}
    if example.metadata:
        complete |= {name: example.metadata[name] for name in GIVEN if name in example.metadata}
    return hashlib.sha256(f"{canonical_json(complete)}\n".encode()).hexdigest()


def fingerprint(examples: Iterable[Example]) -> str:
    """Sha256 of the canonical rows sorted by id; the order of tags says nothing either."""
    rows = sorted((example.id, canonical(example.row() | {"tags": sorted(example.tags)})) for example in examples)
    return _sha256(row for _, row in rows)


def _sha256(lines: Iterable[str]) -> str:
    digest = hashlib.sha256()
    for line in lines:
        digest.update(line.encode())
        digest.update(b"\n")
    return digest.hexdigest()
