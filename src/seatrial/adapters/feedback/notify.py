"""Notify: a decision is posted to a webhook as its JSON; whether it arrives changes no verdict."""

from __future__ import annotations

import urllib.error
import urllib.request

from seatrial.errors import UsageError

TIMEOUT = 10.0


def check_address(url: str) -> None:
    """Refuse what is no web address before any work is done.

    Raises:
        UsageError: it does not begin with http:// or https://.
    """
    if not url.startswith(("http://", "https://")):
        raise UsageError("--webhook: the address does not begin with http:// or https://")


def post(url: str, body: str, timeout: float = TIMEOUT) -> str:
    """Post JSON once; "" where it was taken, else what went wrong."""
    request = urllib.request.Request(url, body.encode(), {"Content-Type": "application/json"})  # noqa: S310 - checked
    try:
        with urllib.request.urlopen(request, timeout=timeout) as answer:  # noqa: S310 - checked
            return "" if 200 <= answer.status < 300 else f"HTTP {answer.status}"
    except urllib.error.HTTPError as error:
        with error:
            return f"HTTP {error.code}"
    except OSError as error:
        return str(getattr(error, "reason", None) or type(error).__name__)
