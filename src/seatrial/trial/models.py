"""Models: the one hub through which a project's graphs reach real models, and whether it asks or replays."""

from __future__ import annotations

import os
from contextlib import contextmanager
from typing import TYPE_CHECKING

from seatrial.model.from_settings import requested_settings

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from seatrial.model.hub import Hub
    from seatrial.project import Project

_hubs: dict[tuple[Path, bool], Hub] = {}
"""One per project and mode for the life of the process: limits and budgets hold over runs, not within one."""


def replays() -> bool:
    """Whether models answer from recordings: yes, unless EVAL=1 asks for them.

    Raises:
        UsageError: EVAL is neither yes nor no.
    """
    return not requested_settings(os.environ)


@contextmanager
def models_at_hand(project: Project, graph: str) -> Iterator[None]:
    """Let every model call inside pass through the project's hub, recorded in the graph's cassette or read from it.

    A graph made of rules calls none, and loads nothing for it.

    Raises:
        CassetteError: the graph's cassette was edited by hand.
    """
    if project.spec(graph).deterministic:
        yield
        return
    from seatrial.model import hub_for, use  # noqa: PLC0415 - loads LangChain

    key = (project.root, replays())
    if key not in _hubs:
        _hubs[key] = hub_for(project.settings.model, project.root, os.environ)
    hub = _hubs[key]
    if hub.cassettes is not None:
        hub.cassettes.load(graph)
    with use(hub, cassette=graph):
        yield
