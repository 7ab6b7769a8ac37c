"""`seatrial import`: another harness's results as a file of evidence."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from seatrial.errors import UsageError
from seatrial.wording import count

if TYPE_CHECKING:
    from seatrial.adapters.results import Imported

NAMES = (
    "auto",
    "promptfoo",
    "inspect",
    "deepeval",
    "lm-eval",
    "langsmith",
    "mlflow",
    "ragas",
    "pydantic-evals",
    "junit",
)
SCHEMA = "seatrial/import/1"


@click.command("import")
@click.argument("format_name", metavar="FORMAT", type=click.Choice(NAMES))
@click.argument("path", type=click.Path(path_type=Path))
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    help="FILE.jsonl or FILE.csv; without it the rows go to stdout, as JSON lines.",
)
@click.option("--version-label", metavar="NAME", help="The version these results are of, where the file holds one.")
@click.option(
    "--json", "as_json", is_flag=True, help="Print seatrial/import/1, what was read, on stdout; goes with -o."
)
def command(format_name: str, path: Path, output: Path | None, version_label: str | None, *, as_json: bool) -> int:
    """Turn another harness's results into a file of evidence.

    FORMAT is promptfoo, inspect, deepeval, lm-eval, langsmith, mlflow, ragas, pydantic-evals, junit, or auto, which tells it
    from the file. `seatrial gate` reads the same files as they are; import is for keeping evidence, and for looking at it.

    \b
    Examples:
      seatrial import auto results.json -o evidence.jsonl
      seatrial import inspect logs/2026-11-30_sums.eval --version-label v2 -o v2.csv
    """
    from seatrial.adapters.results import FORMATS, read_foreign  # noqa: PLC0415 - for this verb only

    if output is not None and (output.suffix not in (".jsonl", ".csv") or not output.parent.is_dir()):
        raise UsageError(f"-o {output}: choose FILE.jsonl or FILE.csv in a folder that exists")
    if as_json and output is None:
        raise UsageError("--json goes with -o FILE: without it the rows themselves go to stdout")
    found = read_foreign(path, None if format_name == "auto" else format_name)
    if found is None:
        known = "; ".join(f"{one.name}: {one.what} ({' or '.join(one.suffixes)})" for one in FORMATS)
        raise UsageError(f"{path} is of no format that is known: {known}. A table of your own needs no import")
    rows = _versioned(found, version_label, path)
    _write(rows, output)
    if as_json:
        reported = {"schema": SCHEMA, "tool": found.tool, "rows": len(rows), "left_out": list(found.left_out)}
        click.echo(
            json.dumps({**reported, "examples": len({row["example_id"] for row in rows})}, indent=2, sort_keys=True)
        )
    elif output is not None:
        left_out = f"; left out: {', '.join(found.left_out)}" if found.left_out else ""
        keys = ", ".join(dict.fromkeys(row["key"] for row in rows))
        click.echo(f"{path}: {found.tool}, {count(len(rows), 'row')}, keys {keys}{left_out}; wrote {output}")
    return 0


def _versioned(found: Imported, label: str | None, path: Path) -> list[dict[str, Any]]:
    versions = {row.get("version") for row in found.rows}
    if label and len(versions) > 1:
        raise UsageError(
            f"--version-label {label}: {path} holds several versions: {', '.join(sorted(map(str, versions)))}"
        )
    return [{**row, **({"version": label} if label else {})} for row in found.rows]


def _write(rows: list[dict[str, Any]], output: Path | None) -> None:
    if output is None or output.suffix == ".jsonl":
        text = "".join(f"{json.dumps(row, ensure_ascii=False)}\n" for row in rows)
        if output is None:
            click.echo(text.encode(), nl=False)
            return
    else:
        text = _csv(rows)
    try:
        output.write_text(text, encoding="utf-8")
    except OSError as error:
        raise UsageError(f"-o {output}: cannot be written: {error.strerror}") from error


def _csv(rows: list[dict[str, Any]]) -> str:
    import csv  # noqa: PLC0415
    import io  # noqa: PLC0415

    out = io.StringIO(newline="")
    names = dict.fromkeys(name for row in rows for name in row)
    write = csv.DictWriter(out, names, lineterminator="\n")
    write.writeheader()
    write.writerows(rows)
    return out.getvalue()
