"""`seatrial rollout replay / verify`: whether a ledger says what was decided, and nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from seatrial.cli.rollout_common import store_here

if TYPE_CHECKING:
    from collections.abc import Callable


@click.command("replay")
@click.argument("name")
def replay(name: str) -> int:
    """Decide every row of the ledger anew from what it rested on; exit 0 when every byte is the same, else 1.

    \b
    Example:
      seatrial rollout replay support_router_v2
    """
    from seatrial.rollout.ledger import replayed  # noqa: PLC0415

    return _audit(name, replayed, "decides otherwise when it is replayed", "rows replay to the same bytes")


@click.command("verify")
@click.argument("name")
def verify(name: str) -> int:
    """Check the chain of hashes of the ledger; exit 0 when it is unbroken, else 1.

    \b
    Example:
      seatrial rollout verify support_router_v2
    """
    from seatrial.rollout.ledger import broken_at  # noqa: PLC0415

    return _audit(name, broken_at, "is not what its hash, or the row after it, says", "rows, the chain is unbroken")


def _audit(name: str, check: Callable[[Any], int | None], bad: str, good: str) -> int:
    from seatrial.rollout import controller  # noqa: PLC0415

    store = store_here()
    rows = controller.all_rows(store, controller.full_name(store, name))
    wrong = check(rows)
    click.echo(f"{name}: row {wrong} {bad}" if wrong is not None else f"{name}: {len(rows)} {good}")
    return 0 if wrong is None else 1
