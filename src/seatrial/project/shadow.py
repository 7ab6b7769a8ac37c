"""Project shadow: the shadow of a rollout of this project, for the server that answers live requests."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from seatrial.errors import ConfigError
from seatrial.project.project import open_project

if TYPE_CHECKING:
    from seatrial.experiment.router import Router
    from seatrial.project.project import Project
    from seatrial.rollout.shadow import Shadow
    from seatrial.rollout.shadow_judge import ShadowJudge
    from seatrial.store.engine import Store


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
    from seatrial.store.current import current_store  # noqa: PLC0415 - a project may have no rollout

    project, store = open_project(start or Path.cwd()), current_store()
    if store is None:
        raise ConfigError("no store is in use here; set store in [tool.seatrial] or SEATRIAL_STORE")
    return shadow_for(project, store, rollout, router, **more)


def shadow_for(project: Project, store: Store, rollout: str, router: Router, **more: Any) -> Shadow:
    """The same for a project and a store that are open.

    Raises:
        UsageError: as `open_shadow`.
        ConfigError: likewise.
    """
    from seatrial.rollout import controller  # noqa: PLC0415 - a project may have no rollout
    from seatrial.rollout.shadowing import shadow_of  # noqa: PLC0415

    rules, _ = controller.ends(store, controller.full_name(store, rollout))
    judge = _judge(project, rules.shadow.judge) if rules.shadow.judge else None
    return shadow_of(store, rollout, router, project.runtime, project.evaluators(rules.graph), judge, **more)


def _judge(project: Project, name: str) -> ShadowJudge:
    """The project's judge, asked live within its limits and under its kill switch."""
    from seatrial.judge.pins import check_pinned  # noqa: PLC0415 - where a plan names a judge
    from seatrial.judge.spec import read_judge  # noqa: PLC0415
    from seatrial.model.from_settings import killed_by  # noqa: PLC0415
    from seatrial.model.hub import Hub  # noqa: PLC0415 - loads LangChain
    from seatrial.rollout.shadow_judge import ShadowJudge  # noqa: PLC0415

    judge, model = read_judge(project.root, name), project.settings.model
    check_pinned(project.root, judge)
    hub = Hub(
        limits=model.limits, per_model=model.per_model, killed=killed_by(os.environ), cache=False, environ=os.environ
    )
    return ShadowJudge(judge, hub, price=judge.price or model.prices.of(judge.model))
