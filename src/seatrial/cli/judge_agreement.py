"""`seatrial judge agreement`: a judge's verdicts against people's labels, and the licence that follows."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from seatrial.cli.evidence import parse_maps
from seatrial.cli.times import moment, time_zone
from seatrial.errors import DataError, UsageError, one_of
from seatrial.evidence.schema import POINTWISE as POINTWISE_KEY
from seatrial.scoring.rubric import rubric_identity
from seatrial.wording import count

if TYPE_CHECKING:
    from collections.abc import Sequence

    from seatrial.judge.agreement import Agreement, Measured
    from seatrial.judge.licence import Licence
    from seatrial.judge.panel import Panel
    from seatrial.judge.spec import Judge
    from seatrial.judge.votes import Joined
    from seatrial.table import Table

SCHEMA = "seatrial/judge-agreement/1"
STAMP = "seatrial.judge"
"""Where a verdict table says whose it is."""
SHOWN = 20


@click.command("agreement")
@click.argument("verdicts", type=click.Path(path_type=Path))
@click.option(
    "--labels", type=click.Path(path_type=Path), required=True, help="People's labels: .jsonl, .csv or .parquet."
)
@click.option("--judge", metavar="IDENTITY", help="Whose verdicts; needed where the table holds several judges.")
@click.option(
    "--map", "maps", multiple=True, metavar="COLUMN=FOREIGN", help="A column of the labels and what they call it."
)
@click.option("--disagreements", is_flag=True, help="Show the pairs on which they differ, with both reasons.")
@click.option("--licence", "name", metavar="NAME", help="Write judges/NAME.licence.json for the judge of this project.")
@click.option("--now", "clock", metavar="TIME", help="When it was measured; default the clock.")
@click.option("--json", "as_json", is_flag=True, help=f"Print {SCHEMA} on stdout.")
def command(
    verdicts: Path,
    labels: Path,
    judge: str | None,
    maps: tuple[str, ...],
    name: str | None,
    clock: str | None,
    *,
    disagreements: bool,
    as_json: bool,
) -> int:
    """Compare a judge's verdicts with people's labels of the same pairs; of a judge of single answers, with their pass and fail.

    Exits 0 when it is proven above every floor of a full licence, 1 when it is proven under one, 2 when that cannot be told.

    \b
    Examples:
      seatrial judge agreement verdicts.parquet --labels judges/labels/helpful.jsonl --disagreements
      seatrial judge agreement verdicts.parquet --labels judges/labels/helpful.jsonl --licence helpful
      seatrial judge agreement scores.jsonl --labels passes.jsonl --licence judge:concise
    """
    from seatrial.judge.agreement import agreement_of  # noqa: PLC0415 - numpy is for those who measure
    from seatrial.judge.licence import PAIRWISE, POINTWISE, licence_from, proven  # noqa: PLC0415
    from seatrial.judge.rubrics import FAILS, PASS_COLUMNS, RUBRIC_COLUMNS, join_passes, repeat_consistency  # noqa: PLC0415
    from seatrial.judge.verdicts import VERDICT_COLUMNS  # noqa: PLC0415
    from seatrial.judge.votes import BASELINE, LABEL_COLUMNS, join, refuse_own_labels  # noqa: PLC0415
    from seatrial.table import read_table  # noqa: PLC0415

    mapping = parse_maps(maps)
    table = one_judge(read_table(verdicts, VERDICT_COLUMNS), judge)
    kind = PAIRWISE if table.has("preference") or table.has("winner") else POINTWISE
    if kind == PAIRWISE:
        joined = join(read_table(labels, LABEL_COLUMNS, mapping=mapping), table)
        measured, consistency = agreement_of(joined.compared, BASELINE), _consistency(table)
    else:
        table = one_judge(read_table(verdicts, RUBRIC_COLUMNS), judge)
        joined = join_passes(read_table(labels, PASS_COLUMNS, mapping=mapping), table)
        measured, consistency = agreement_of(joined.compared, FAILS), repeat_consistency(table)
    own = (name for column in ("judge", "reported_model", "requested_model") for name in _texts(table, column))
    refuse_own_labels(joined, [identity_of(table), *own])
    about = _about(table, joined, kind, labels, verdicts, moment(clock, "--now", time_zone("UTC"), time.time()))
    licence = licence_from(
        measured, consistency, **about, prompt_hash=_prompt_hash(name, about["judge"], table) if name else ""
    )
    verdict = proven(licence)
    if name:
        licence = _write(name, licence)
    _say(
        joined, measured, licence, about["measured_at"], verdict.exit_code, as_json=as_json, disagreements=disagreements
    )
    return verdict.exit_code


def _about(table: Table, joined: Joined, kind: str, labels: Path, verdicts: Path, now: float) -> dict[str, Any]:
    """What a licence says besides its numbers and its prompt."""
    from seatrial.adapters.feedback.drift import file_hash  # noqa: PLC0415
    from seatrial.judge.licence import DAY, FLOORS, PAIRWISE  # noqa: PLC0415

    graph = table.metadata.get("seatrial.graph")
    return {
        "judge": identity_of(table),
        "models": _texts(table, "reported_model" if kind == PAIRWISE else "requested_model"),
        "families": tuple(sorted({one for word in _texts(table, "family") for one in word.split("+")})),
        "measured_at": now,
        "expires_at": now + FLOORS.days * DAY,
        "graphs": tuple(filter(None, [graph])) or _texts(table, "graph"),
        "segments": tuple(sorted({f"{of}={value}" for one in joined.compared for of, value in one.segments.items()})),
        "evidence": (file_hash(labels), file_hash(verdicts)),
        "kind": kind,
        "unjudged": joined.unjudged,
    }


def _write(name: str, licence: Licence) -> Licence:
    """Write the licence where a gate looks for it; one of verdicts that had a licence there is as old as that."""
    from seatrial.canonical import canonical_json  # noqa: PLC0415
    from seatrial.judge.licence import as_old_as_its_verdicts, licence_data, read_licence  # noqa: PLC0415
    from seatrial.judge.standing import licence_file  # noqa: PLC0415

    file = licence_file(Path.cwd(), name)
    file.parent.mkdir(exist_ok=True)
    try:
        before = read_licence(file)
    except DataError:  # of an earlier version, or edited: it says nothing, and is measured anew
        before = None
    licence = as_old_as_its_verdicts(licence, before)
    file.write_text(f"{canonical_json(licence_data(licence))}\n", encoding="utf-8")
    return licence


def one_judge(table: Table, wanted: str | None) -> Table:
    """The verdicts of one judge; a table of several needs a name."""
    if not table.has("judge"):
        if wanted is not None:
            raise UsageError(f"--judge {wanted!r}: {table.source} names no judge")
        return table
    codes = table.codes("judge")
    if wanted is None and (len(codes.values) == 1 or table.metadata.get(STAMP)):
        return table  # of one judge, or as it was written: all verdicts of a panel
    if wanted not in codes.values:
        raise UsageError(f"{table.source} holds verdicts of: {', '.join(codes.values)}; say whose with --judge")
    return table.where(codes.index == codes.values.index(wanted))


def identity_of(table: Table) -> str:
    """Whose verdicts a table holds: one judge's, or those of the panel it was written for; empty where it does not say."""
    names = table.codes("judge").values if table.has("judge") else ()
    return names[0] if len(names) == 1 else table.metadata.get(STAMP, "")


def _prompt_hash(name: str, identity: str, table: Table) -> str:
    """Hash of the prompt that the licence is for, where the verdicts are by the judge that the project has under that name."""
    from seatrial.judge.panel import panel_names, read_panel  # noqa: PLC0415 - only where a licence is written
    from seatrial.judge.spec import read_judge  # noqa: PLC0415

    root = Path.cwd()
    if name.startswith(POINTWISE_KEY):
        from seatrial.project import open_project  # noqa: PLC0415 - its evaluators say what the judge is
        from seatrial.trial.pointwise import rubric_judges  # noqa: PLC0415

        judges = rubric_judges(open_project(root))
        current = rubric_identity(judges[one_of(name, list(judges), "a judge of this project's evaluators")]) or ""
        found = _texts(table, "prompt_hash")
        if current == identity and len(found) == 1:
            return found[0]
        described = f"the evaluator is {current}"
    else:
        judge: Panel | Judge = read_panel(root, name) if name in panel_names(root) else read_judge(root, name)
        if judge.identity == identity:
            return judge.prompt_hash
        described = f"judges/{name}.toml is {judge.identity}"
    raise UsageError(
        f"--licence {name}: the verdicts are by {identity or 'a judge without a name'}, {described}; judge the labelled answers with it first"
    )


def _consistency(table: Table) -> Measured:
    """Over every pair of the verdict table, labelled or not, with the versions of a pair kept apart.

    Unknown where more pairs lack a verdict, or a draw that others have, than a licence lets labels lack one: those that the judge would have contradicted
    itself on may be the ones that are not there.
    """
    import numpy as np  # noqa: PLC0415

    from seatrial.judge.agreement import UNKNOWN, Measured  # noqa: PLC0415
    from seatrial.judge.licence import FLOORS  # noqa: PLC0415
    from seatrial.judge.scores import scores_of  # noqa: PLC0415
    from seatrial.stats.interval import CannotTell  # noqa: PLC0415
    from seatrial.stats.proportions import wilson  # noqa: PLC0415

    keys = [
        table.codes(name).index if table.has(name) else np.zeros(len(table), np.int32)
        for name in ("version", "baseline")
    ]
    parts = [
        scores_of(table.where((keys[0] == version) & (keys[1] == baseline)))
        for version, baseline in sorted(set(zip(*(key.tolist() for key in keys), strict=True)))
    ]
    shares = np.concatenate([one.consistent for one in parts])
    shares = shares[~np.isnan(shares)]
    judged = np.concatenate([~np.isnan(one.score) & one.drawn for one in parts])
    if not shares.size or judged.mean() < FLOORS.judged:
        return UNKNOWN
    mean = float(shares.mean())
    ends = wilson(mean * shares.size, int(shares.size))
    return UNKNOWN if isinstance(ends, CannotTell) else Measured(mean, ends.low, ends.high)


def _texts(table: Table, name: str) -> tuple[str, ...]:
    return tuple(sorted(table.codes(name).values)) if table.has(name) else ()


def _say(
    joined: Joined,
    measured: Agreement,
    licence: Licence,
    requested_at: float,
    code: int,
    *,
    as_json: bool,
    disagreements: bool,
) -> None:
    from dataclasses import asdict  # noqa: PLC0415

    from seatrial.judge.licence import level_of  # noqa: PLC0415
    from seatrial.vote import bar_sentence  # noqa: PLC0415

    level, short = level_of(licence)
    differ = [one for one in joined.compared if one.people != one.judge]
    by = _by_segment(joined, licence.kind)
    if as_json:
        from seatrial.canonical import canonical_json  # noqa: PLC0415

        wording: dict[str, Any] = {
            "schema": SCHEMA,
            "exit_code": code,
            "judge": licence.judge,
            "level": level.value,
            "measured_at": licence.measured_at,
            "suspended": licence.suspended is not None,
            "short_of": [bar_sentence(one) for one in short],
            "agreement": asdict(measured),
            "consistency": asdict(licence.consistency),
            "segments": {name: asdict(one) for name, one in by.items()},
            "annotators": joined.annotators,
            "split": joined.split,
            "unjudged": joined.unjudged,
            "disagreements": [{**asdict(one), "pair": one.pair._asdict()} for one in differ]
            if disagreements
            else len(differ),
        }
        click.echo(canonical_json(wording))
        return
    click.echo(f"{licence.judge or 'judge'} against {count(joined.annotators, 'annotator')}: licence {level.value}")
    for line in (*_lines(measured, licence), *(f"  short of a full licence: {bar_sentence(one)}" for one in short)):
        click.echo(line)
    for name, one in by.items():
        click.echo(
            f"  {name}: n {one.n}, raw {_number(one.raw)}, AC1 {_number(one.ac1)}, finds worse {_number(one.recall)}"
        )
    if licence.measured_at < requested_at:
        suspended = " and suspended" if licence.suspended else ""
        click.echo(
            f"  its verdicts had a licence before, so it dates from {datetime.fromtimestamp(licence.measured_at, UTC):%Y-%m-%d}{suspended}; "
            "to renew it, judge new runs, or the same ones under a new version of the judge"
        )
    if joined.split or joined.unjudged:
        click.echo(
            f"  left out: {count(joined.split, 'pair')} without a majority of annotators, {joined.unjudged} without a verdict"
        )
    if disagreements:
        for pair in differ[:SHOWN]:
            click.echo(
                f"  {pair.pair.example_id}: people {pair.people} ({pair.why_people or 'no reason'}), judge {pair.judge} ({pair.why_judge or 'no reason'})"
            )
        if len(differ) > SHOWN:
            click.echo(f"  and {len(differ) - SHOWN} more; --json has all")


def _lines(measured: Agreement, licence: Licence) -> Sequence[str]:
    over = "each time" if licence.kind == "pointwise" else "in both orders"
    return (
        f"  {count(measured.n, 'answer')}, {measured.negative} that people fail"
        if licence.kind == "pointwise"
        else f"  {count(measured.n, 'pair')}, {measured.negative} in which people prefer the baseline",
        f"  raw {_number(measured.raw)}, kappa {_number(measured.kappa)}, AC1 {_number(measured.ac1)}, alpha {_number(measured.alpha)}",
        f"  finds worse answers {_number(measured.recall)}, same answer {over} {_number(licence.consistency)}",
    )


def _by_segment(joined: Joined, kind: str) -> dict[str, Agreement]:
    from seatrial.judge.agreement import agreement_of  # noqa: PLC0415
    from seatrial.judge.rubrics import FAILS  # noqa: PLC0415
    from seatrial.judge.votes import BASELINE  # noqa: PLC0415

    negative = FAILS if kind == "pointwise" else BASELINE

    names = sorted({(name, value) for one in joined.compared for name, value in one.segments.items()})
    return {
        f"{name}={value}": agreement_of([one for one in joined.compared if one.segments.get(name) == value], negative)
        for name, value in names
    }


def _number(one: Measured) -> str:
    if one.estimate is None:
        return "unknown"
    ends = "" if one.low is None or one.high is None else f" ({one.low:.2f} to {one.high:.2f})"
    return f"{one.estimate:.2f}{ends}"
