"""`seatrial judge export-labels` and `import-labels`: pairs shown to people in LangSmith or MLflow, and their votes as labels."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from seatrial.errors import UsageError
from seatrial.wording import count

if TYPE_CHECKING:
    from seatrial.judge.cards import Vote

SERVICES = ("langsmith", "mlflow")


@click.command("export-labels")
@click.argument("a", metavar="A")
@click.argument("b", metavar="B")
@click.option("--judge", "name", required=True, help="For which judge: what people are shown is what it is shown.")
@click.option("--to", "target", required=True, metavar="SERVICE:NAME", help="langsmith:PROJECT or mlflow:EXPERIMENT.")
@click.option("--limit", type=click.IntRange(min=1), help="Only the first so many examples.")
def export(a: str, b: str, name: str, target: str, limit: int | None) -> int:
    """Show the pairs of two stored runs to people in LangSmith or MLflow, with the labels there are.

    Each pair that needs a judge is a run of the project, or a trace of the experiment, that holds two answers and not whose they
    are. People say `preference` on it: 1 the first is better, 0 the second, 0.5 neither. What is there already is not sent
    twice. Exits 0, 2 when there is no pair to show or the service could not be asked.

    \b
    Example:
      seatrial judge export-labels support_router@v1 support_router@v2 --judge helpful --to langsmith:labels
    """
    from seatrial.judge.cards import cards  # noqa: PLC0415 - graphs and numbers are for those who judge
    from seatrial.judge.label import read_labels  # noqa: PLC0415
    from seatrial.project import open_project  # noqa: PLC0415
    from seatrial.trial.judging import comparison, labels_file  # noqa: PLC0415

    service, place = _service(target, "--to")
    project = open_project(Path.cwd())
    made = comparison(project, a, b, name, limit=limit)
    shown = cards(name, made.pairs, version=made.candidate, baseline=made.baseline)
    if not shown:
        click.echo(f"no pair of {a} and {b} needs a judge: there is nothing to show")
        return 2
    labels = read_labels(labels_file(project, name))
    if service == "langsmith":
        from seatrial.adapters.labels.langsmith import push_cards  # noqa: PLC0415

        new, votes = push_cards(shown, labels, place, os.environ)
    else:
        from seatrial.adapters.labels.mlflow import push_cards as push_traces  # noqa: PLC0415

        new, votes = push_traces(shown, labels, place, os.environ, project.root)
    click.echo(f"{count(len(shown), 'pair')} in {target}: {new} new, {count(votes, 'vote')} sent")
    return 0


@click.command("import-labels")
@click.option("--judge", "name", required=True, help="For which judge: judges/labels/NAME.jsonl.")
@click.option("--from", "source", required=True, metavar="SERVICE:NAME", help="langsmith:PROJECT or mlflow:EXPERIMENT.")
def read(name: str, source: str) -> int:
    """Read people's votes on exported pairs, to the last page, as labels of a judge.

    Of one person's votes on a pair the latest counts; a superseded one has left; a blank is no vote, and takes an earlier one
    back. Only what says something else than judges/labels/NAME.jsonl is added to it. Exits 0, 2 when there is no vote or the
    service could not be asked.

    \b
    Example:
      seatrial judge import-labels --judge helpful --from mlflow:labels
    """
    from seatrial.judge.cards import labels_of, news  # noqa: PLC0415 - as above
    from seatrial.judge.label import append_label, read_labels  # noqa: PLC0415
    from seatrial.project import open_project  # noqa: PLC0415
    from seatrial.trial.judging import labels_file  # noqa: PLC0415

    service, place = _service(source, "--from")
    project = open_project(Path.cwd())
    votes = _votes(service, place, project.root)
    labels = labels_of(votes, name)
    file = labels_file(project, name)
    added = news(labels, read_labels(file))
    for label in added:
        append_label(file, label)
    people = len({one.annotator for one in labels})
    click.echo(
        f"{count(len(labels), 'label')} by {people} people in {source}, {len(added)} of them new in judges/labels/{file.name}"
    )
    return 0 if labels else 2


def _votes(service: str, place: str, root: Path) -> list[Vote]:
    if service == "langsmith":
        from seatrial.adapters.labels.langsmith import pull_votes  # noqa: PLC0415

        return pull_votes(place, os.environ)
    from seatrial.adapters.labels.mlflow import pull_votes as pull_assessments  # noqa: PLC0415

    return pull_assessments(place, os.environ, root)


def _service(target: str, option: str) -> tuple[str, str]:
    service, sign, place = target.partition(":")
    if service not in SERVICES or not sign or not place:
        raise UsageError(f"{option} {target!r}: choose langsmith:PROJECT or mlflow:EXPERIMENT")
    return service, place
