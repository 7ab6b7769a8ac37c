"""Files of results on the command line: how they are read, one, or several that are one table."""

from __future__ import annotations

from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from seatrial.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from seatrial.evidence import Evidence
    from seatrial.evidence.key_columns import ResultFile
    from seatrial.evidence.reading import Reading

evidence_option = click.option(
    "--evidence",
    "evidence",
    multiple=True,
    type=click.Path(path_type=Path),
    help="A file of results, from any harness: .csv, .tsv, .json, .jsonl, .parquet or .xlsx; of several, one without a version is named by its file.",
)

READING = (
    click.option(
        "--map",
        "maps",
        multiple=True,
        metavar="COLUMN=FOREIGN[,FOREIGN]",
        help="An evidence column and the file's columns it is made of; several are joined by '/'.",
    ),
    click.option(
        "--segment",
        "segments",
        multiple=True,
        metavar="COLUMN",
        help="A column of the file that is a segment dimension.",
    ),
    click.option(
        "--ignore",
        "ignored",
        multiple=True,
        metavar="COLUMN",
        help="A column of the file that is not what its name says in the evidence format.",
    ),
    click.option(
        "--blank",
        type=click.Choice(("missing", "failure")),
        default="missing",
        show_default=True,
        help="What a row of the file with neither score nor outcome is: missing, or a failure of the system, worth 0.",
    ),
    click.option(
        "--key-columns",
        metavar="COLUMN,COLUMN",
        help="Columns of scores, each of which becomes a key of its name.",
    ),
    click.option(
        "--score-scale",
        "scales",
        multiple=True,
        metavar="[COLUMN=]LEAST:MOST",
        help="The scale of the scores, e.g. 1:5 or 0:100; found by itself where it is 0 to 1 or cannot be another.",
    ),
    click.option(
        "--pass", "passed", metavar="WORD,WORD", help="Words that are a pass, beside true, yes, pass, ok, correct."
    ),
    click.option("--fail", "failed", metavar="WORD,WORD", help="Words that are a fail, beside false, no, fail, wrong."),
    click.option(
        "--na", metavar="WORD,WORD", help="Words that say there is no score, beside an empty cell, N/A and null."
    ),
    click.option(
        "--separator", metavar="SIGN", help="Between the values of a CSV line: , ; tab or |. Found by itself."
    ),
    click.option("--encoding", metavar="NAME", help="Of a CSV file, e.g. utf-16 or cp1252. Found by itself."),
    click.option("--decimal", metavar="SIGN", help="The decimal mark of a CSV file: . or a comma. Found by itself."),
    click.option("--sheet", metavar="NAME", help="The sheet of an .xlsx workbook that has several."),
)
"""Options that say how files of results are read; nothing else reads them."""
NAMES = (
    "maps",
    "segments",
    "ignored",
    "blank",
    "key_columns",
    "scales",
    "passed",
    "failed",
    "na",
    "separator",
    "encoding",
    "decimal",
    "sheet",
)


@dataclass(frozen=True, slots=True)
class Requested:
    """What the command line says about reading files, not checked yet."""

    maps: tuple[str, ...]
    segments: tuple[str, ...]
    ignored: tuple[str, ...]
    blank: str
    key_columns: str | None
    scales: tuple[str, ...]
    passed: str | None
    failed: str | None
    na: str | None
    separator: str | None
    encoding: str | None
    decimal: str | None
    sheet: str | None

    def reading(self) -> Reading:
        """The same, checked.

        Raises:
            UsageError: a value is wrong; lists those that are right.
        """
        from seatrial.evidence.reading import Reading  # noqa: PLC0415 - numpy is for those who gate
        from seatrial.evidence.scores import ScoreRules  # noqa: PLC0415
        from seatrial.table.dialect import Dialect  # noqa: PLC0415

        na = _words(self.na)
        return Reading(
            parse_maps(self.maps),
            self.segments,
            self.ignored,
            self.blank,
            Dialect(self.separator, self.encoding, self.decimal, na, self.sheet),
            ScoreRules(dict(map(_scale, self.scales)), _words(self.passed), _words(self.failed), na),
            _words(self.key_columns),
        )


def reading_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the options of READING, which it takes as one argument `asked`."""

    @wraps(command)
    def with_requested(*args: Any, **options: Any) -> Any:
        requested = Requested(**{name: options.pop(name) for name in NAMES})
        return command(*args, requested=requested, **options)

    for option in reversed(READING):
        with_requested = option(with_requested)
    return with_requested


def given_flags(names: Sequence[str] = NAMES) -> list[str]:
    """The options of these that stand on the command line, as they are written there."""
    ctx = click.get_current_context()
    found = []
    for option in ctx.command.params:
        reported = ctx.get_parameter_source(option.name or "")
        if option.name in names and reported is not None and reported.name == "COMMANDLINE":
            found.append(option.opts[0])
    return found


def read_files(paths: Sequence[Path], requested: Requested) -> Evidence:
    """The files as one table; the columns are named alike in all of them."""
    from seatrial.evidence.results import read_results  # noqa: PLC0415 - numpy is for those who gate

    if len(paths) == 1:
        return read_results(paths, requested.reading(), versions=[None])
    stems = [path.stem for path in paths]
    named = stems if len(set(stems)) == len(stems) else [None] * len(stems)
    return read_results(paths, requested.reading(), versions=named, reader=foreign)


def read_two(paths: Sequence[Path], requested: Requested) -> tuple[Evidence, str, str]:
    """Two files, each a version named by its file, as one table, and the two names."""
    from seatrial.evidence.results import read_results, version_names  # noqa: PLC0415 - as above

    old, new = version_names(paths)
    return read_results(paths, requested.reading(), versions=(old, new), propose=True, reader=foreign), old, new


def foreign(path: Path) -> ResultFile | None:
    """A file that another harness wrote; None for a table like any other."""
    from seatrial.table.read import FORMATS  # noqa: PLC0415

    if path.suffix.lower() in (".parquet", ".xlsx", ".tsv") or (path.suffix.lower() in FORMATS and not path.exists()):
        return None
    from seatrial.adapters.results import read_foreign  # noqa: PLC0415 - as above
    from seatrial.evidence.key_columns import ResultFile  # noqa: PLC0415
    from seatrial.table.json_file import columns_of  # noqa: PLC0415
    from seatrial.table.raw import POINT  # noqa: PLC0415

    found = read_foreign(path)
    if found is None:
        return None
    notes = [found.tool, *(f"{one} left out" for one in found.left_out)]
    return ResultFile(str(path), columns_of(list(found.rows), POINT), len(found.rows), {}, notes)


def _words(text: str | None) -> tuple[str, ...]:
    return tuple(word.strip() for word in text.split(",") if word.strip()) if text else ()


def _scale(text: str) -> tuple[str, tuple[float, float]]:
    """`1:5` -> ("", (1, 5)), `rating=1:5` -> ("rating", (1, 5))."""
    name, _, ends = text.rpartition("=")
    least, sign, most = ends.partition(":")
    try:
        low, high = float(least), float(most)
    except ValueError:
        low = high = 0.0
    if not sign or not low < high:
        raise UsageError(f"--score-scale {text!r}: write LEAST:MOST, e.g. 1:5, or COLUMN=LEAST:MOST")
    return name, (low, high)


def versions_requested(evidence: Evidence, baseline: str | None, candidate: str | None) -> tuple[str, str]:
    """Both versions, or a sentence that lists those there are."""
    if baseline is None or candidate is None:
        missing = "--baseline" if baseline is None else "--candidate"
        raise UsageError(f"{missing} is missing; {evidence.source} holds the versions: {', '.join(evidence.versions)}")
    return baseline, candidate


def parse_maps(items: tuple[str, ...]) -> dict[str, tuple[str, ...]]:
    """Every --map, one per evidence column."""
    mapping: dict[str, tuple[str, ...]] = {}
    for item in items:
        target, sources = parse_map(item)
        if target in mapping:
            raise UsageError(
                f"--map {target}=... is given twice; one evidence column is made once, of several columns with commas"
            )
        mapping[target] = sources
    return mapping


def parse_map(item: str) -> tuple[str, tuple[str, ...]]:
    """`example_id=segment,item` -> ("example_id", ("segment", "item"))."""
    target, sign, sources = item.partition("=")
    names = tuple(name.strip() for name in sources.split(","))
    if not sign or not target or not all(names):
        raise UsageError(f"--map {item!r}: write COLUMN=FOREIGN, e.g. --map example_id=segment,item")
    return target.strip(), names
