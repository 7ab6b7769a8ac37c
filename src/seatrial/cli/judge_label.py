"""`seatrial judge label`: a terminal screen on which people compare two answers without knowing whose they are."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from seatrial.wording import count

if TYPE_CHECKING:
    from seatrial.judge.label import Blind

HELP = "1 first, 2 second, = neither, s skip, q quit"


@click.command("label")
@click.argument("a", metavar="A")
@click.argument("b", metavar="B")
@click.option("--judge", "name", required=True, help="For which judge: what it is shown, and whose labels they are.")
@click.option("--annotator", required=True, help="Who labels; each has an order of their own.")
@click.option("--limit", type=click.IntRange(min=1), help="Stop after so many labels.")
def command(a: str, b: str, name: str, annotator: str, limit: int | None) -> int:
    """Label the pairs of two stored runs by hand; A is the baseline, B the candidate, and the screen does not say which is which.

    Pairs come in an order of the annotator's own, with sides drawn at random. Each label is written at once to
    judges/labels/NAME.jsonl; the same command goes on where it was left. Exits 0, 2 when there is nothing to label.

    \b
    Example:
      seatrial judge label support_router@v1 support_router@v2 --judge helpful --annotator ann
    """
    from seatrial.judge.label import append_label, blind, label_of, read_labels, unlabelled  # noqa: PLC0415
    from seatrial.project import open_project  # noqa: PLC0415
    from seatrial.trial.judging import comparison, labels_file  # noqa: PLC0415

    project = open_project(Path.cwd())
    made = comparison(project, a, b, name)
    file = labels_file(project, name)
    everything = blind(made.pairs, annotator)
    versions = {"version": made.candidate, "baseline": made.baseline, "annotator": annotator}
    left = unlabelled(everything, read_labels(file), **versions)
    if not left:
        click.echo(f"{annotator} has labelled all {count(len(everything), 'pair')} that differ")
        return 0 if everything else 2
    labelled = len(everything) - len(left)
    for one in left[:limit]:
        wording = _requested(one, labelled + 1, len(everything))
        if wording == "q":
            break
        if wording == "s":
            continue
        reason = click.prompt("why (enter for nothing)", default="", show_default=False)
        append_label(file, label_of(one, wording, **versions, reason=reason))
        labelled += 1
    click.echo(
        f"{labelled} of {count(len(everything), 'pair')} labelled by {annotator}; they stand in judges/labels/{file.name}"
    )
    return 0


def _requested(one: Blind, number: int, planned: int) -> str:
    for title, text in (("inputs", one.texts.inputs), ("first", one.texts.a), ("second", one.texts.b)):
        click.echo(f"--- {title}")
        click.echo(_shown(text))
    if one.texts.reference is not None:
        click.echo("--- reference")
        click.echo(_shown(one.texts.reference))
    wording: str = click.prompt(
        f"[{number} of {planned}] {HELP}", type=click.Choice(["1", "2", "=", "s", "q"]), show_choices=False
    )
    return wording


def _shown(text: str) -> str:
    """Text that cannot drive the terminal."""
    return "".join(sign if sign.isprintable() or sign in "\n\t" else "\N{REPLACEMENT CHARACTER}" for sign in text)
