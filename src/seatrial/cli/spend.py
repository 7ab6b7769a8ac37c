"""`seatrial spend`: what production's model calls cost."""

from __future__ import annotations

import os
import re
import time
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from seatrial.errors import UsageError
from seatrial.wording import count

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from seatrial.price import Prices
    from seatrial.spend.budget import Standing
    from seatrial.spend.table import Spent
    from seatrial.store.engine import Store

DAY = 86_400
_DAYS = re.compile(r"(\d{1,4})d")


@click.command("spend")
@click.option(
    "--by",
    "by",
    multiple=True,
    default=("graph",),
    show_default=True,
    metavar="COLUMN",
    help="Group by graph, feature, owner, version, node, tool, model, day, month, tenant or segment.NAME; repeatable.",
)
@click.option(
    "--since", default="30d", show_default=True, metavar="DAY", help="First day: 2026-03-01, or so many days ago: 7d."
)
@click.option("--until", metavar="DAY", help="Day after the last; default: now.")
@click.option(
    "--outcome", metavar="TYPE[=LABEL]", help="Also the cost of one outcome: threads that met it, e.g. accepted=yes."
)
@click.option("--top", type=click.IntRange(min=1), default=20, show_default=True, help="Groups to show; JSON has all.")
@click.option("--json", "as_json", is_flag=True, help="Print seatrial/spend/1 on stdout.")
@click.option(
    "-o", "--output", type=click.Path(dir_okay=False, path_type=Path), help="Also write seatrial/spend/1 to FILE.json."
)
def command(
    by: tuple[str, ...],
    since: str,
    until: str | None,
    outcome: str | None,
    top: int,
    as_json: bool,
    output: Path | None,
) -> int:
    """Show what the model calls of the server cost, by today's prices.

    Tokens are recorded, prices are applied now: those of [tool.seatrial.model.prices] before the listed ones. Calls whose cost
    is not known are counted beside the sum. Exits 1 where a budget of [tool.seatrial.budget] is exceeded, 2 where that cannot be
    told or no call is on record.

    \b
    Examples:
      seatrial spend
      seatrial spend --by feature --by day --since 7d
      seatrial spend --by graph --by segment.tier --outcome accepted=yes
    """
    from seatrial.canonical import canonical_json  # noqa: PLC0415
    from seatrial.project import open_project  # noqa: PLC0415
    from seatrial.spend.budget import read_budgets, standings  # noqa: PLC0415
    from seatrial.spend.table import check_columns, spend  # noqa: PLC0415
    from seatrial.store.calls import call_sums  # noqa: PLC0415
    from seatrial.store.engine import open_store  # noqa: PLC0415

    if output is not None and (output.suffix != ".json" or not output.parent.is_dir()):
        raise UsageError(f"-o {output}: write FILE.json into a folder that exists")
    columns = check_columns(by)
    project = open_project(Path.cwd())
    prices = project.settings.model.prices
    now = time.time()
    first, last = _moment(since, now, "--since"), now if until is None else _moment(until, now, "--until")
    if not first < last:
        raise UsageError(f"--since {since} is not before --until {until or 'now'}")
    budgets = read_budgets(project.root, [spec.assistant_id for spec in project.graphs])
    with open_store(os.environ.get("SEATRIAL_STORE") or project.settings.store, root=project.root) as store:
        rows = call_sums(store, first, last)
        outcomes = _outcomes(store, outcome, columns, first, last) if outcome else None
        began = _month_began(now)
        month = call_sums(store, began * DAY, now + 1) if budgets else []
    groups = spend(rows, prices, columns, outcomes)
    stand = standings(budgets, month, prices, int(now // DAY), began)
    code = _exit_code(groups, stand)
    data = canonical_json(_data(columns, groups, stand, prices, first, last, code))
    if output is not None:
        output.write_text(data + "\n", encoding="utf-8")
    for line in (data,) if as_json else _lines(columns, groups, stand, prices, top):
        click.echo(line)
    return code


def _exit_code(groups: Sequence[Spent], stand: Sequence[Standing]) -> int:
    states = {one.state for one in stand}
    if "exceeded" in states:
        return 1
    return 2 if "unknown" in states or not groups else 0


def _moment(text: str, now: float, flag: str) -> float:
    days = _DAYS.fullmatch(text)
    if days:
        return (now // DAY - int(days[1])) * DAY
    try:
        return datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()
    except ValueError:
        raise UsageError(f"{flag} {text!r} is no day; write 2026-03-01, or 7d for so many days ago") from None


def _month_began(now: float) -> int:
    today = datetime.fromtimestamp(now, UTC)
    return int(datetime(today.year, today.month, 1, tzinfo=UTC).timestamp() // DAY)


def _outcomes(store: Store, text: str, columns: Sequence[str], since: float, until: float) -> Counter[tuple[str, ...]]:
    """Threads with the outcome by group: one counts for each group that has a call of it, once."""
    from seatrial.spend.table import group_of  # noqa: PLC0415
    from seatrial.store.calls import outcome_threads  # noqa: PLC0415

    name, _, label = text.partition("=")
    if not name:
        raise UsageError(f"--outcome {text!r} names no outcome; write TYPE or TYPE=LABEL, e.g. accepted=yes")
    found = outcome_threads(store, name, label, since, until)
    return Counter(group for group, _ in {(group_of(one, columns), thread) for one, thread in found})


def _lines(
    columns: Sequence[str], groups: Sequence[Spent], stand: Sequence[Standing], prices: Prices, top: int
) -> Iterator[str]:
    if not groups:
        yield "no model call is on record in this window: the server records them (seatrial fleet serve)"
    else:
        total, unknown = sum(one.usd for one in groups), sum(one.unknown for one in groups)
        beside = f", and {count(unknown, 'call')} whose cost is not known" if unknown else ""
        yield f"{_usd(total)}{beside} · {count(sum(one.calls for one in groups), 'call')} · listed prices of {prices.date}, a project's own first"
        width = max(len(" · ".join(one.group)) for one in groups[:top])
        for one in groups[:top]:
            yield f"  {' · '.join(one.group):<{width}}  {_row(one)}"
        if len(groups) > top:
            yield f"  + {count(len(groups) - top, 'more group')} (--top shows them)"
    for budget in stand:
        sign = {"exceeded": "✕", "unknown": "?", "warning": "◐", "within": "○"}[budget.state]
        beside = f", {count(budget.unknown, 'call')} of unknown cost" if budget.unknown else ""
        yield f"{sign} budget {budget.graph} this {budget.period}: {_usd(budget.usd)} of {_usd(budget.limit)}{beside}"


def _row(one: Spent) -> str:
    parts = [f"{_usd(one.usd):>10}", count(one.calls, "call"), f"{one.tokens.input:,} in / {one.tokens.output:,} out"]
    if one.tokens.cache_read or one.tokens.cache_write:
        parts.append(f"cache {one.tokens.cache_read:,} read / {one.tokens.cache_write:,} written")
    if one.reasoning:
        parts.append(f"{one.reasoning:,} reasoning")
    if one.unknown:
        parts.append(f"{count(one.unknown, 'call')} of unknown cost")
    if one.outcomes is not None:
        each = one.usd_per_outcome
        parts.append(f"{count(one.outcomes, 'outcome')}{f', {_usd(each)} each' if each is not None else ''}")
    return "  ".join(parts)


def _usd(amount: float) -> str:
    return f"${amount:,.2f}" if amount >= 1 or amount == 0 else f"${amount:.4f}"


def _data(
    columns: Sequence[str],
    groups: Sequence[Spent],
    stand: Sequence[Standing],
    prices: Prices,
    first: float,
    last: float,
    code: int,
) -> dict[str, Any]:
    return {
        "schema": "seatrial/spend/1",
        "exit_code": code,
        "since": datetime.fromtimestamp(first, UTC).isoformat(),
        "until": datetime.fromtimestamp(last, UTC).isoformat(),
        "prices": {"date": prices.date, "hash": prices.hash},
        "groups": [
            {
                **dict(zip(columns, one.group, strict=True)),
                "usd": one.usd,
                "calls": one.calls,
                "unknown_cost_calls": one.unknown,
                "input_tokens": one.tokens.input,
                "output_tokens": one.tokens.output,
                "cache_read_tokens": one.tokens.cache_read,
                "cache_write_tokens": one.tokens.cache_write,
                "reasoning_tokens": one.reasoning,
                "outcomes": one.outcomes,
                "usd_per_outcome": one.usd_per_outcome,
            }
            for one in groups
        ],
        "budgets": [
            {
                "graph": b.graph,
                "period": b.period,
                "limit_usd": b.limit,
                "usd": b.usd,
                "unknown_cost_calls": b.unknown,
                "state": b.state,
            }
            for b in stand
        ],
    }
