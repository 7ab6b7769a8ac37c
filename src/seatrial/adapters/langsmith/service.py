"""Service: a client of LangSmith's API, and its failures as sentences."""

from __future__ import annotations

import importlib.util
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from seatrial.errors import ConfigError, ExitCode, MissingExtra, SeatrialError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from langsmith import Client

KEYS = ("LANGSMITH_API_KEY", "LANGCHAIN_API_KEY")
ENDPOINTS = ("LANGSMITH_ENDPOINT", "LANGCHAIN_ENDPOINT")
"""Variables LangSmith reads, the first that says something."""

HOSTED = "https://api.smith.langchain.com"
TIMEOUT_MS = (5_000, 60_000)
"""To connect, and to answer."""


class NotReached(SeatrialError):
    """LangSmith could not be asked or did not do what it was asked; what is on this machine is as it was."""

    reason_class = "outage"
    exit_code = ExitCode.COULD_NOT_TELL


def installed() -> bool:
    """Whether langsmith can be imported, without importing it."""
    return importlib.util.find_spec("langsmith") is not None


def must_be_installed(what: str) -> None:
    """Raise a MissingExtra where langsmith cannot be imported."""
    if not installed():
        raise MissingExtra("langsmith", "langsmith", what)


def connect(environ: Mapping[str, str], *, retries: int = 2) -> Client:
    """A client for datasets, with the key and the address the environment names; it traces nothing.

    Args:
        environ: `LANGSMITH_API_KEY`, and `LANGSMITH_ENDPOINT` where it is not LangSmith's own.
        retries: further tries of what was not answered; a rate limit is said at once, not waited for.

    Raises:
        MissingExtra: langsmith is not installed.
        ConfigError: there is no key.
    """
    must_be_installed("a dataset in LangSmith")
    key = _first(environ, KEYS)
    if key is None:
        raise ConfigError(f"LangSmith needs an API key: set {KEYS[0]} (its settings page makes one)")
    from langsmith import Client  # noqa: PLC0415 - an optional package
    from urllib3.util import Retry  # noqa: PLC0415 - comes with langsmith

    return Client(
        api_url=_first(environ, ENDPOINTS) or HOSTED,
        api_key=key,
        timeout_ms=TIMEOUT_MS,
        retry_config=Retry(total=retries, status_forcelist=(502, 503, 504), backoff_factor=0.2, raise_on_status=False),
        auto_batch_tracing=False,
        tracing_sampling_rate=0,
        tracing_mode="langsmith",
    )


def _first(environ: Mapping[str, str], names: tuple[str, ...]) -> str | None:
    return next((environ[name].strip() for name in names if environ.get(name, "").strip()), None)


@contextmanager
def spoken(client: Client, what: str) -> Iterator[None]:
    """What LangSmith's client raises inside becomes a NotReached that says what was tried, where, and what to do."""
    from langsmith.utils import LangSmithError  # noqa: PLC0415 - loaded already
    from pydantic import ValidationError  # noqa: PLC0415 - loaded already

    try:
        yield
    except SeatrialError:
        raise
    except (LangSmithError, ValidationError, OSError) as error:  # requests raises OSErrors
        raise NotReached(f"{what}: {_sentence(client, error)}") from error


def _sentence(client: Client, error: Exception) -> str:
    from langsmith import utils  # noqa: PLC0415 - loaded already

    where = f"LangSmith at {shown(client.api_url or '')}"
    code = status(error)
    if isinstance(error, utils.LangSmithAuthError) or code == 401:
        return f"{where} does not know the API key (401); check {KEYS[0]}, and that the key belongs to this address"
    if code == 403:
        return f"{where} does not allow this key to do it (403); use a key of the right workspace, or set LANGSMITH_WORKSPACE_ID"
    if isinstance(error, utils.LangSmithRateLimitError) or code == 429:
        return f"{where} asks for fewer requests (429); try again later: what was done stays done and is not repeated"
    if isinstance(error, utils.LangSmithConflictError):
        return f"{where} already has it under this id (409); was it deleted there, or is somebody else pushing?"
    if isinstance(error, utils.LangSmithConnectionError):
        return f"no answer from {where}; check {ENDPOINTS[0]} and the network"
    if "Timeout" in type(error).__name__:
        return f"{where} did not answer in time"
    if code is not None:
        return f"{where} answered {code}"
    if not isinstance(error, utils.LangSmithError):
        return f"what answers at {shown(client.api_url or '')} is not LangSmith; check {ENDPOINTS[0]}"
    return f"{where}: {' '.join(str(error).split())[:300]}"


def status(error: BaseException | None) -> int | None:
    """The HTTP status behind an error of LangSmith's, which keeps it only in what it was raised from."""
    while error is not None:
        found: Any = getattr(getattr(error, "response", None), "status_code", None)
        if isinstance(found, int):
            return found
        error = error.__cause__ or error.__context__
    return None


def shown(url: str) -> str:
    """An address without what it may hide before `@`."""
    split = urlsplit(url)
    return split._replace(netloc=split.netloc.rpartition("@")[2]).geturl()
