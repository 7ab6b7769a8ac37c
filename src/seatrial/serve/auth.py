"""Auth: a key by `x-api-key`, which LangGraph's clients send, or by `Authorization: Bearer`."""

from __future__ import annotations

import hashlib
import hmac
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from seatrial.serve.errors import RequestFailed

if TYPE_CHECKING:
    from collections.abc import Mapping

LOOPBACK = ("127.0.0.1", "localhost", "::1")
OPEN = ("/ok", "/health")
"""Paths that a load balancer asks without a key."""


def check_key(headers: Mapping[str, str], digests: tuple[str, ...]) -> None:
    """Let the request in or refuse it; the time it takes says nothing about the key.

    Raises:
        RequestFailed: no key, or a wrong one; without keys, a request that a web page of another site made.
    """
    if not digests:
        _check_local(headers)
        return
    bearer = headers.get("authorization", "")
    key = headers.get("x-api-key") or (bearer[7:].strip() if bearer[:7].lower() == "bearer " else "")
    if not key:
        raise RequestFailed("unauthorized", "a key is needed: send it as x-api-key or as Authorization: Bearer")
    given = hashlib.sha256(key.encode()).hexdigest()
    if not sum(hmac.compare_digest(given, one) for one in digests):  # all are compared, whichever fits
        raise RequestFailed("unauthorized", "the key is not known here")


def _check_local(headers: Mapping[str, str]) -> None:
    """A browser on this machine reaches loopback for any page: by a request of its own, or by a name that points here."""
    for name in ("host", "origin"):
        value = headers.get(name, "")
        if value and _hostname(value) not in LOOPBACK:
            raise RequestFailed(
                "forbidden",
                f"without a key only this machine is served, and {name} is of another site; set SEATRIAL_API_KEY_SHA256",
            )


def _hostname(value: str) -> str | None:
    try:
        return urlsplit(value if "//" in value else f"//{value}").hostname
    except ValueError:
        return None
