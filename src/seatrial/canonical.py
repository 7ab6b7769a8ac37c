"""Canonical JSON: the one way a value becomes bytes, so that equal values hash equally on any machine."""

from __future__ import annotations

import hashlib
import json
from typing import Any


def canonical_json(value: Any) -> str:
    """Sorted keys, shortest floats, no spaces, no NaN.

    Raises:
        ValueError: `value` holds NaN or an infinity.
        TypeError: `value` holds something JSON has no word for.
    """
    if _encode is not None:
        try:
            return "".join(_encode(value, 0))
        except (TypeError, ValueError, RecursionError):
            pass  # the slow way says what is wrong
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def content_hash(value: Any) -> str:
    """First 16 hex digits of the sha256 of the canonical JSON of `value`."""
    return short_hash(canonical_json(value).encode())


def short_hash(content: bytes) -> str:
    """First 16 hex digits of its sha256."""
    return hashlib.sha256(content).digest()[:8].hex()


def _refuse(value: object) -> Any:
    raise TypeError(type(value).__name__)


def _make_encoder() -> Any:
    # json.dumps with options makes this encoder anew on every call, which takes three times as long as using it.
    make = getattr(json.encoder, "c_make_encoder", None)  # None where Python is not CPython
    # No markers: of a value that holds itself it finds the end of the stack, and the slow way then finds the circle.
    return make and make(None, _refuse, json.encoder.encode_basestring, None, ":", ",", True, False, False)


_encode = _make_encoder()
