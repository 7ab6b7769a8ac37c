"""Project shadow: the shadow of a rollout of this project, for the server that answers live requests."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from seatrial.errors import ConfigError
from seatrial.project.project import open_project

if TYPE_CHECKING:
    from seatrial.experiment.router import Router
    from seatrial.rollout.shadow import Shadow


def open_shadow(rollout: str, router: Router, *, start: Path | None = None, **more: Any) -> Shadow:
    """The shadow of a running rollout, with the candidate, the evaluators and the store of the project.

    shadow = open_shadow("support_v4", router)
    answer = shadow.around(graph.invoke)(inputs, config)

    Args:
        rollout: its name.
        router: the one that routes live requests; its snapshot says which cells are in their shadow stage.
        start: a folder of the project; None = the working directory.
        more: of `seatrial.rollout.shadow.Shadow`: workers, waiting, killed, seed.

    Raises:
        UsageError: no such rollout, or its plan has no shadow stage.
        ConfigError: no store is in use, the graph does not declare that it has no side effects, or a key has no evaluator.
    """
    from seatrial.rollout import controller  # noqa: PLC0415 - a project may have no rollout
    from seatrial.rollout.shadowing import shadow_of  # noqa: PLC0415
    from seatrial.store.current import current_store  # noqa: PLC0415

    project, store = open_project(start or Path.cwd()), current_store()
    if store is None:
        raise ConfigError("no store is in use here; set store in [tool.seatrial] or SEATRIAL_STORE")
    rules, _ = controller.ends(store, controller.full_name(store, rollout))
    return shadow_of(store, rollout, router, project.runtime, project.evaluators(rules.graph), **more)
