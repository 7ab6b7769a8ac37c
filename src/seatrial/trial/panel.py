"""Panel at the edge: two stored runs put to every judge of a panel, one after the other, and their verdicts as one table."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from seatrial.judge.panel import panel_evidence, panel_names, read_panel
from seatrial.judge.run import Judged
from seatrial.trial.judging import JUDGED, comparison, judge_pairs, plan_of, write_tables
from seatrial.trial.runs import RUNS

if TYPE_CHECKING:
    from collections.abc import Callable

    from seatrial.judge.spend import Purse
    from seatrial.judge.table import Rows
    from seatrial.project import Project
    from seatrial.trial.judging import Comparison, Plan


def of_judge_or_panel(
    project: Project, a: str, b: str, name: str, *, limit: int | None = None
) -> tuple[Comparison, tuple[Comparison, ...]]:
    """The two runs as the comparison of a judge or a panel, and as that of each judge; the errors are those of `comparison`."""
    if name not in panel_names(project.root):
        made = comparison(project, a, b, name, limit=limit)
        return made, (made,)
    panel = read_panel(project.root, name)
    members = tuple(comparison(project, a, b, one.name, limit=limit) for one in panel.members)
    first = members[0]
    folder = project.root / RUNS / first.candidate_run / JUDGED / f"{panel.name}--{first.baseline_run}"
    families = frozenset[str]().union(*(one.families for one in members))
    return replace(first, panel=panel, families=families, folder=folder), members


def plan_all(members: tuple[Comparison, ...], repeat: int = 1) -> Plan:
    """What judging would take, all judges together."""
    plans = [plan_of(one, repeat) for one in members]
    worst = [one.worst_usd for one in plans]
    return replace(
        plans[0],
        calls=sum(one.calls for one in plans),
        known=sum(one.known for one in plans),
        tokens=sum(one.tokens for one in plans),
        worst_usd=None if None in worst else sum(one or 0.0 for one in worst),
    )


def judge_all(
    project: Project,
    made: Comparison,
    members: tuple[Comparison, ...],
    *,
    concurrency: int = 8,
    repeat: int = 1,
    resume: bool = False,
    purse: Purse | None = None,
    progress: Callable[[int, int, float | None], None] | None = None,
) -> tuple[Judged, Rows]:
    """Ask every judge, all under one cap, and write the tables of the panel.

    Raises:
        Whatever `judge_pairs` raises.
    """
    if made.panel is None:
        return judge_pairs(
            project,
            made,
            concurrency=concurrency,
            repeat=repeat,
            resume=resume,
            purse=purse,
            progress=progress,
        )
    rows: Rows = []
    total, fatal = Judged({}, usd=0.0), list[bool]()
    for one in members:
        done, found = judge_pairs(
            project, one, concurrency=concurrency, repeat=repeat, resume=resume, purse=purse, progress=progress
        )
        rows += found
        ended = f"{one.name}: {done.ended}" if done.ended else ""
        total.answers |= done.answers
        total.requested += done.requested
        total.known += done.known
        fatal.append(done.fatal)
        total.uncounted += done.uncounted
        total.usd = None if total.usd is None or done.usd is None else total.usd + done.usd
        total.ended = "; ".join(filter(None, (total.ended, ended)))
        total.warnings += [f"{one.name}: {text}" for text in done.warnings]
    total.fatal = all(fatal)
    made.folder.mkdir(parents=True, exist_ok=True)
    write_tables(made, total, rows, panel_evidence(rows, made.panel), repeat)
    return total, rows
