"""The edge: a project's settings and the environment become a hub."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from seatrial.errors import UsageError
from seatrial.model.cassettes import Cassettes

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from seatrial.model.hub import Hub
    from seatrial.model.settings import ModelSettings

SWITCH = "LLM_KILL_SWITCH"
ON, OFF = ("1", "true", "yes", "on"), ("", "0", "false", "no", "off")


def killed_by(environ: Mapping[str, str]) -> Callable[[], str | None]:
    """Reads the kill switch anew at each call; a word that is neither yes nor no stops everything, and says so."""

    def killed() -> str | None:
        word = environ.get(SWITCH, "").strip().lower()
        if word in OFF:
            return None
        if word in ON:
            return f"{SWITCH} is on"
        return f"{SWITCH}={environ[SWITCH]!r} is neither yes nor no, and counts as on"

    return killed


def requested_settings(environ: Mapping[str, str]) -> bool:
    """Whether EVAL=1 asks for real models.

    Raises:
        UsageError: EVAL is neither yes nor no.
    """
    word = environ.get("EVAL", "").strip().lower()
    if word not in ON + OFF:
        raise UsageError(f"EVAL={environ['EVAL']!r} is neither yes nor no; choose one of: {', '.join(ON + OFF[1:])}")
    return word in ON


def hub_for(
    settings: ModelSettings, root: Path, environ: Mapping[str, str], *, mode: str | None = None, **more: Any
) -> Hub:
    """The hub of a project.

    Args:
        settings: what `[tool.seatrial.model]` says.
        root: the project's.
        environ: EVAL, LLM_KILL_SWITCH, and the keys that recordings must not show.
        mode: one of the hub's modes; None = `record` under EVAL=1, else `replay`.
        more: passed on to `Hub`: budget, spent, command ...

    Raises:
        UsageError: EVAL is neither yes nor no, or the mode is unknown.
    """
    from seatrial.model.hub import Hub  # noqa: PLC0415 - loads LangChain; who only reads EVAL does without

    return Hub(
        limits=settings.limits,
        per_model=settings.per_model,
        mode=mode or ("record" if requested_settings(environ) else "replay"),
        cassettes=Cassettes(root / settings.cassettes),
        killed=killed_by(environ),
        environ=environ,
        breaker=settings.breaker,
        **more,
    )
