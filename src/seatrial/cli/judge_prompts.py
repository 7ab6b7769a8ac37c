"""`seatrial judge prompts`: which of two wordings of a judge agrees better with people."""

from __future__ import annotations

from pathlib import Path

import click

SCHEMA = "seatrial/judge-prompts/1"
ALPHA = 0.025


@click.command("prompts")
@click.argument("a", type=click.Path(path_type=Path))
@click.argument("b", type=click.Path(path_type=Path))
@click.option(
    "--labels", type=click.Path(path_type=Path), required=True, help="People's labels: .jsonl, .csv or .parquet."
)
@click.option("--json", "as_json", is_flag=True, help=f"Print {SCHEMA} on stdout.")
def command(a: Path, b: Path, labels: Path, *, as_json: bool) -> int:
    """Compare the verdict tables A and B of two wordings on the labelled pairs both have decided.

    Exact McNemar test, one-sided .025 either way. Exits 0 when B agrees better, 1 when A does, 2 when that cannot be told.

    \b
    Example:
      seatrial judge prompts v3.parquet v4.parquet --labels judges/labels/helpful.jsonl
    """
    from seatrial.canonical import canonical_json  # noqa: PLC0415 - numpy is for those who measure
    from seatrial.cli.judge_agreement import one_judge  # noqa: PLC0415
    from seatrial.errors import DataError  # noqa: PLC0415
    from seatrial.judge.verdicts import VERDICT_COLUMNS  # noqa: PLC0415
    from seatrial.judge.votes import LABEL_COLUMNS, join  # noqa: PLC0415
    from seatrial.stats.paired import mcnemar  # noqa: PLC0415
    from seatrial.table import read_table  # noqa: PLC0415

    people = read_table(labels, LABEL_COLUMNS)
    first, second = (
        {
            one.pair: one.people == one.judge
            for one in join(people, one_judge(read_table(file, VERDICT_COLUMNS), None)).compared
        }
        for file in (a, b)
    )
    both = [(first[pair], second[pair]) for pair in first if pair in second]
    if not both:
        raise DataError(f"{a} and {b} have no labelled pair in common that both decided")
    only_a, only_b = both.count((True, False)), both.count((False, True))
    better = float(mcnemar(only_b, only_a, "exact"))
    worse = float(mcnemar(only_a, only_b, "exact"))
    code = 0 if better <= ALPHA else 1 if worse <= ALPHA else 2
    agree = [sum(pair[side] for pair in both) / len(both) for side in (0, 1)]
    if as_json:
        wording = {
            "schema": SCHEMA,
            "exit_code": code,
            "n": len(both),
            "agreement": agree,
            "only_a": only_a,
            "only_b": only_b,
            "p_b_better": better,
            "p_a_better": worse,
        }
        click.echo(canonical_json(wording))
        return code
    word = ("B agrees better", "A agrees better", "cannot tell")[code]
    click.echo(
        f"{word}: A {100 * agree[0]:.1f} %, B {100 * agree[1]:.1f} % of {len(both):,} labelled pairs; only A right on {only_a}, only B on {only_b}"
    )
    return code
