"""`seatrial slices`: finds regressed slices that are not declared as segments, proposes them, and never blocks."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING

import click

from seatrial.cli.evidence import NAMES as READING_NAMES
from seatrial.cli.evidence import evidence_option, given_flags, read_files, reading_options, versions_requested
from seatrial.cli.output import say
from seatrial.errors import DataError, UsageError

if TYPE_CHECKING:
    from seatrial.cli.evidence import Requested
    from seatrial.evidence import Evidence
    from seatrial.slice.difference import Differences
    from seatrial.slice.features_source import Given
    from seatrial.slice.found import Found

Inputs = tuple["Differences", "Given", str]


@click.command("slices")
@click.argument("versions", nargs=-1, metavar="[A B]")
@evidence_option
@click.option("--baseline", help="Version compared with (with --evidence).")
@click.option("--candidate", help="Version judged (with --evidence).")
@reading_options
@click.option(
    "--features",
    type=click.Path(path_type=Path),
    help="A .jsonl, .csv or .parquet file with one row per example: what was known before any version answered.",
)
@click.option(
    "--feature-id",
    default="example_id",
    show_default=True,
    metavar="COLUMN[,COLUMN]",
    help="Columns of the features file that make the example's id; several are joined by '/'.",
)
@click.option("--key", help="Evaluator key to look at; default: the trial row's primary key, or the only one there is.")
@click.option(
    "--alpha",
    type=float,
    default=0.10,
    show_default=True,
    help="Chance to find anything at all when nothing changed.",
)
@click.option("--seed", type=int, help="Of the sign flips; default: a hash of the evidence.")
@click.option("--json", "as_json", is_flag=True, help="Print seatrial/slices/1 on stdout.")
@click.option(
    "-o", "--output", type=click.Path(path_type=Path), help="Also write FILE.json, or the picture as FILE.svg."
)
def command(
    versions: tuple[str, ...],
    evidence: tuple[Path, ...],
    baseline: str | None,
    candidate: str | None,
    features: Path | None,
    feature_id: str,
    key: str | None,
    alpha: float,
    seed: int | None,
    as_json: bool,
    output: Path | None,
    *,
    requested: Requested,
) -> int:
    """Find slices that regressed and are not declared as segments.

    Looks at every feature of the examples and every pair of features (text length, number of items, numbers, categories,
    tags, declared segments), tests all of them together at one family-wise error rate, and proposes the slices that lost
    as entries for segments.toml. It shows and never blocks: 0 also when something is found, 2 when it cannot look.

    \b
    Examples:
      seatrial slices triage@v1 triage@v2
      seatrial slices --evidence results.csv --baseline v1 --candidate v2 --features questions.jsonl
    """
    if output is not None and (output.suffix not in (".json", ".svg") or not output.parent.is_dir()):
        raise UsageError(f"-o {output}: choose FILE.json or FILE.svg in a folder that exists")
    if named := [name for name in versions if Path(name).is_file()]:
        files = " ".join(f"--evidence {shlex.quote(name)}" for name in versions)
        raise UsageError(
            f"{named[0]} is a file; of files say seatrial slices {files} --baseline {Path(versions[0]).stem} --candidate {Path(versions[-1]).stem}"
        )
    if evidence and versions:
        raise UsageError(
            "give either two versions (seatrial slices A B) or --evidence FILE --baseline V --candidate V, not both"
        )
    if evidence:
        compared, given, graph = _from_files(evidence, baseline, candidate, requested, key)
    elif len(versions) == 2:
        if flags := given_flags(("baseline", "candidate", *READING_NAMES)):
            raise UsageError(f"{flags[0]} goes with --evidence; two runs of the project already say it")
        compared, given, graph = _from_runs(versions[0], versions[1], key)
    else:
        raise UsageError(
            "give two versions (seatrial slices text_to_sql@v1 text_to_sql@v2), or --evidence FILE --baseline V --candidate V; see seatrial slices --help"
        )
    from seatrial.slice.find import find  # noqa: PLC0415 - numbers are for those who search

    if features is not None:
        given = _with_file(given, features, feature_id, compared)
    if not given.columns:
        raise UsageError(f"{compared.source} names no segment: say what is known of its examples with --features FILE")
    _show(find(compared, given, alpha=alpha, seed=seed, graph=graph), output, as_json=as_json)
    return 0


def _show(found: Found, output: Path | None, *, as_json: bool) -> None:
    from seatrial.report.data import gate_json  # noqa: PLC0415
    from seatrial.report.slice import slices_data, slices_lines, slices_svg  # noqa: PLC0415

    if as_json:
        click.echo(gate_json(slices_data(found)), nl=False)
    else:
        say(slices_lines(found))
    if output is not None:
        text = slices_svg(found) if output.suffix == ".svg" else gate_json(slices_data(found))
        try:
            output.write_text(text, encoding="utf-8")
        except OSError as error:
            raise UsageError(f"-o {output}: cannot be written: {error.strerror}") from error


def _with_file(given: Given, features: Path, feature_id: str, compared: Differences) -> Given:
    from seatrial.slice.features_source import Given, from_file  # noqa: PLC0415

    more = from_file(features, tuple(name.strip() for name in feature_id.split(",")), compared.ids)
    return Given((*given.columns, *more.columns), max(given.unknown, more.unknown))


def _from_files(
    paths: tuple[Path, ...],
    baseline: str | None,
    candidate: str | None,
    requested: Requested,
    key: str | None,
) -> Inputs:
    from seatrial.slice.difference import differences  # noqa: PLC0415 - numpy and Arrow are for those who search
    from seatrial.slice.features_source import from_segments  # noqa: PLC0415

    evidence = read_files(paths, requested)
    baseline, candidate = versions_requested(evidence, baseline, candidate)
    compared = differences(evidence, key, baseline=baseline, candidate=candidate)
    return compared, from_segments(evidence, compared.ids), ""


def _from_runs(a: str, b: str, key: str | None) -> Inputs:
    from seatrial.evidence.combine import combine  # noqa: PLC0415
    from seatrial.project import open_project  # noqa: PLC0415
    from seatrial.slice.difference import differences  # noqa: PLC0415
    from seatrial.slice.features_source import Given, from_examples, from_segments  # noqa: PLC0415
    from seatrial.trial.policies import policy_of  # noqa: PLC0415
    from seatrial.trial.runs import evidence_of, latest_run  # noqa: PLC0415

    project = open_project(Path.cwd())
    runs = [latest_run(project, name) for name in (a, b)]
    if runs[0] == runs[1]:
        raise UsageError(f"{a} and {b} are the same run, {runs[0]}; a run is not compared with itself")
    parts = [evidence_of(project, run) for run in runs]
    graph, name, fingerprint = (_same(parts, column) for column in ("graph", "dataset", "dataset_hash"))
    # Two runs of one version are told apart by their own names.
    names = [part.versions[0] for part in parts]
    if names[0] == names[1]:
        names = runs
    both = combine([part.named(name) for part, name in zip(parts, names, strict=True)], f"{runs[0]} and {runs[1]}")
    dataset = project.dataset(graph, name.rpartition(":")[2])
    if dataset.hash != fingerprint:
        raise DataError(
            f"the dataset {name} has changed since {runs[0]} was made; run both versions again, or its examples would be taken for others"
        )
    primary = next((rule.name for rule in policy_of(project, graph).keys if rule.primary), None)
    compared = differences(both, key or primary, baseline=names[0], candidate=names[1])
    known = from_examples(dataset.examples, compared.ids)
    return compared, Given((*from_segments(both, compared.ids).columns, *known.columns), known.unknown), graph


def _same(parts: list[Evidence], column: str) -> str:
    wording = sorted({value for part in parts for value in part.codes(column).values})
    if len(wording) != 1:
        raise UsageError(f"the two runs differ in {column} ({', '.join(wording)}); they cannot be compared")
    return wording[0]
