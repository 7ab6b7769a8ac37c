"""`seatrial evaluators`: whether every evaluator is a pure function, and which line makes one impure."""

from __future__ import annotations

import random
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from seatrial.cli.group import Group
from seatrial.errors import UsageError
from seatrial.privacy.exits import redacted

if TYPE_CHECKING:
    from collections.abc import Iterator

    from seatrial.project import Project
    from seatrial.purity import Audit
    from seatrial.report.console import Line


@click.group("evaluators", cls=Group)
def command() -> None:
    """Check the evaluators of the project.

    \b
    Example:
      seatrial evaluators check
    """


@command.command("check")
@click.option("--graph", "graphs", multiple=True, help="Only this graph (repeatable); default: every graph.")
@click.option(
    "--examples",
    type=click.IntRange(min=1),
    help="Examples of the dataset to try them on; default: 25, spread evenly. Each is answered rightly and wrongly.",
)
@click.option("--seed", type=int, default=0, show_default=True, help="Draws the order of the calls.")
@click.option("--json", "as_json", is_flag=True, help="Print seatrial/evaluators/1 on stdout.")
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Also write seatrial/evaluators/1 to a file.",
)
def check(graphs: tuple[str, ...], examples: int | None, seed: int, as_json: bool, output: Path | None) -> int:
    """Call every evaluator twice, watch what it touches, and name the line that makes it impure.

    No graph is run: answers are made from the references of the dataset. Exit 0 when all are pure, 1 when one is not, 2
    when one cannot be imported or raises on every answer.

    \b
    Examples:
      seatrial evaluators check
      seatrial evaluators check --graph triage --examples 200 --json
    """
    from seatrial.canonical import canonical_json  # noqa: PLC0415
    from seatrial.cli.output import say  # noqa: PLC0415
    from seatrial.project import open_project  # noqa: PLC0415
    from seatrial.purity.suite import audit_suite  # noqa: PLC0415

    project = open_project(Path.cwd())
    names = graphs or tuple(spec.assistant_id for spec in project.graphs)
    found = {
        name: audit_suite(
            project.evaluators(project.spec(name).assistant_id),
            project.dataset(name).examples,
            random.Random(seed),  # noqa: S311 - an order of calls, no secret
            examples,
        )
        for name in names
    }
    text = canonical_json(_data(project, found))
    if as_json:
        click.echo(text)
    else:
        say(_lines(project, found))
    if output is not None:
        try:
            output.write_text(redacted(text) + "\n", encoding="utf-8")
        except OSError as error:
            raise UsageError(f"-o {output}: cannot be written: {error.strerror}") from error
    audits = [one for suite in found.values() for one in suite]
    if any(one.impurities for one in audits):
        return 1
    return 0 if all(one.pure for one in audits) else 2


def _lines(project: Project, found: dict[str, tuple[Audit, ...]]) -> Iterator[Line]:
    from seatrial.purity.suite import sentences  # noqa: PLC0415
    from seatrial.report.console import Line  # noqa: PLC0415
    from seatrial.wording import count  # noqa: PLC0415

    for graph, suite in found.items():
        for one in suite:
            name = f"{graph} · {one.key}"
            if one.pure:
                yield Line(f"✓ {name}: pure in {count(one.calls, 'call')}", "plain")
            else:
                yield Line(f"✕ {name}", "bad" if one.impurities else "unsure")
                for wording in sentences(one, project.root):
                    yield Line(f"    {wording}", "plain")
    audits = [one for suite in found.values() for one in suite]
    impure, unseen = sum(bool(one.impurities) for one in audits), sum(one.unseen is not None for one in audits)
    pure = len(audits) - impure - unseen
    rest = f", {impure} impure" if impure else ""
    rest += f", {unseen} not audited" if unseen else ""
    yield Line(
        f"{count(len(audits), 'evaluator')}: {pure} pure{rest}", "bad" if impure else "unsure" if unseen else "good"
    )


def _data(project: Project, found: dict[str, tuple[Audit, ...]]) -> dict[str, Any]:
    from seatrial.purity.suite import shown  # noqa: PLC0415

    return {
        "schema": "seatrial/evaluators/1",
        "evaluators": [
            {
                "graph": graph,
                "key": one.key,
                "version": one.version,
                "calls": one.calls,
                "pure": one.pure,
                "unseen": one.unseen,
                "impurities": [
                    {
                        "kind": each.kind.value,
                        "file": shown(each.file, project.root),
                        "line": each.line,
                        "act": each.act,
                        "advice": each.advice,
                    }
                    for each in one.impurities
                ],
            }
            for graph, suite in found.items()
            for one in suite
        ],
    }
