"""What follows a row of a rollout's ledger: messages to its webhooks, and a run in MLflow."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import click

from seatrial.cli.rollout_common import project_here
from seatrial.errors import SeatrialError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from seatrial.adapters.webhook import Hook
    from seatrial.rollout.controller import Look
    from seatrial.rollout.ledger import Decided
    from seatrial.rollout.rules import Rules
    from seatrial.store.engine import Store
    from seatrial.store.ledger import Message
    from seatrial.verdict import Decision


def hooks_here() -> tuple[Hook, ...]:
    """The webhooks of the project; one that cannot be called carries its fault and stops no decision."""
    from seatrial.adapters.webhook import read_hooks  # noqa: PLC0415 - the store is for those who roll out

    return read_hooks(project_here().root / "experiments" / "webhooks.toml")


def messages_to(hooks: Sequence[Hook]) -> Callable[[Rules, Decided], Sequence[Message]]:
    """What these webhooks are told of a row."""
    from seatrial.adapters import webhook  # noqa: PLC0415 - as above
    from seatrial.rollout.sentence import step_sentence  # noqa: PLC0415

    return lambda rules, decided: webhook.messages(
        hooks, rules, decided, [step_sentence(rules, one) for one in decided.reported]
    )


def delivered(store: Store, rollout: str, hooks: Sequence[Hook], now: float) -> tuple[str, ...]:
    """Send what waits; a sentence for each message that no receiver took and each webhook that cannot be called."""
    from seatrial.adapters import webhook  # noqa: PLC0415 - as above

    return (*(hook.fault for hook in hooks if hook.fault), *webhook.deliver(store, rollout, hooks, now))


def logged(look: Look, decision: Decision) -> bool:
    """Log to MLflow; the decision stands whatever becomes of its record."""
    from seatrial.adapters.mlflow.rolled_out import log_rollout  # noqa: PLC0415 - for those who log

    project, row = project_here(), look.decided.row
    place: dict[str, Any] = {"fleet": project.settings.fleet, "environ": os.environ, "root": project.root}
    try:
        log_rollout(
            decision, graph=look.rules.graph, sequence=row.sequence, row_hash=row.hash, at=row.data["at"], **place
        )
    except SeatrialError as error:
        click.echo(f"seatrial: not logged to MLflow: {error}", err=True)
        return False
    return True


def ended(decision: Decision, look: Look, hooks: Sequence[Hook], mlflow: bool | None, *, logs: bool) -> int:
    """Exit code of a decision whose record was asked for: one that failed, or a webhook that cannot be called, is no 0."""
    failed = logs and look.written and not logged(look, decision)
    incomplete = (failed and mlflow) or any(hook.fault for hook in hooks)
    return 2 if incomplete and decision.exit_code == 0 else decision.exit_code
