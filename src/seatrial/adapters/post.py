"""Post: JSON sent to a web address once, with a timeout; whether it arrives changes no verdict."""

from __future__ import annotations

WEB = ("http://", "https://")
TIMEOUT = 10.0


def is_web_address(url: str) -> bool:
    """Whether an address is one that is posted to: http or https."""
    return url.startswith(WEB)


def post_json(url: str, body: str, timeout: float = TIMEOUT) -> str:
    """Post once; "" where it was taken, else what went wrong, without the address, which may hold a secret."""
    import urllib.error  # noqa: PLC0415 - only where something is posted
    import urllib.request  # noqa: PLC0415

    request = urllib.request.Request(url, body.encode(), {"Content-Type": "application/json"})  # noqa: S310 - callers check
    try:
        with urllib.request.urlopen(request, timeout=timeout) as answer:  # noqa: S310
            return "" if 200 <= answer.status < 300 else f"HTTP {answer.status}"
    except urllib.error.HTTPError as error:
        with error:
            return f"HTTP {error.code}"
    except OSError as error:
        reason = getattr(error, "reason", None)
        return str(reason) if isinstance(reason, OSError) and str(reason) else type(error).__name__
