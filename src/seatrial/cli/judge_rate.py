"""`seatrial judge rate`: the win rate by the judge alone, by people alone, and by both together."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from seatrial.judge.rates import Estimate, Rates

SCHEMA = "seatrial/judge-rate/1"


@click.command("rate")
@click.argument("verdicts", type=click.Path(path_type=Path))
@click.option(
    "--labels", type=click.Path(path_type=Path), required=True, help="People's labels: .jsonl, .csv or .parquet."
)
@click.option("--json", "as_json", is_flag=True, help=f"Print {SCHEMA} on stdout.")
def command(verdicts: Path, labels: Path, *, as_json: bool) -> int:
    """Say which share of the comparisons the candidate wins, corrected for the judge's errors by labels of some pairs.

    Prediction-powered inference (PPI++): the mean of all the judge's scores, moved by what people say of the labelled ones.
    The labelled pairs must be a random sample. Exits 0 when the corrected rate is shown above 50 %, 1 when it is shown below,
    2 when that cannot be told.

    \b
    Example:
      seatrial judge rate verdicts.parquet --labels judges/labels/helpful.jsonl
    """
    from seatrial.canonical import canonical_json  # noqa: PLC0415 - numpy is for those who measure
    from seatrial.cli.judge_agreement import one_judge  # noqa: PLC0415
    from seatrial.judge.rates import rates_of  # noqa: PLC0415
    from seatrial.judge.verdicts import VERDICT_COLUMNS  # noqa: PLC0415
    from seatrial.judge.votes import LABEL_COLUMNS  # noqa: PLC0415
    from seatrial.table import read_table  # noqa: PLC0415

    found = rates_of(read_table(labels, LABEL_COLUMNS), one_judge(read_table(verdicts, VERDICT_COLUMNS), None))
    verdict = found[0].verdict
    if as_json:
        rows = [asdict(one) | {"verdict": one.verdict.value} for one in found]
        click.echo(canonical_json({"schema": SCHEMA, "exit_code": verdict.exit_code, "rates": rows}))
        return verdict.exit_code
    width = max(len(one.segment) for one in found)
    click.echo(f"  {'':{width}}  labels  judge alone            people alone           both together (95 %)")
    for one in found:
        click.echo(f"  {one.segment:<{width}}  {_row(one)}")
    for one in found:
        if one.both.why:
            click.echo(f"  {one.segment}: {one.both.why}")
    return verdict.exit_code


def _row(one: Rates) -> str:
    cells = (_cell(one.judge), _cell(one.people), _cell(one.both))
    return f"{one.labelled:>6}  " + "  ".join(f"{cell:<21}" for cell in cells).rstrip()


def _cell(found: Estimate) -> str:
    if found.rate is None:
        return "cannot tell"
    ends = "" if found.low is None or found.high is None else f" ({100 * found.low:.1f} to {100 * found.high:.1f})"
    return f"{100 * found.rate:.1f}{ends}"
