"""Auth: a key by `x-api-key`, which LangGraph's clients send, or by `Authorization: Bearer`."""

from __future__ import annotations

import hashlib
import hmac
from typing import TYPE_CHECKING

from seatrial.serve.errors import RequestFailed

if TYPE_CHECKING:
    from collections.abc import Mapping

OPEN = ("/ok", "/health")
"""Paths that a load balancer asks without a key."""


def check_key(headers: Mapping[str, str], digests: tuple[str, ...]) -> None:
    """Let the request in or refuse it; the time it takes says nothing about the key.

    Raises:
        RequestFailed: no key, or a wrong one.
    """
    if not digests:
        return
    bearer = headers.get("authorization", "")
    key = headers.get("x-api-key") or (bearer[7:].strip() if bearer[:7].lower() == "bearer " else "")
    if not key:
        raise RequestFailed("unauthorized", "a key is needed: send it as x-api-key or as Authorization: Bearer")
    given = hashlib.sha256(key.encode()).hexdigest()
    if not sum(hmac.compare_digest(given, one) for one in digests):  # all are compared, whichever fits
        raise RequestFailed("unauthorized", "the key is not known here")
