"""Files of evidence on the command line: one, or several that are read as one."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from seatrial.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from seatrial.evidence import Evidence

evidence_option = click.option(
    "--evidence",
    "evidence",
    multiple=True,
    type=click.Path(path_type=Path),
    help="A .parquet, .csv or .jsonl file of results, from any harness; of several, one that says no version is named by its file.",
)


blank_option = click.option(
    "--blank",
    type=click.Choice(("missing", "failure")),
    default="missing",
    show_default=True,
    help="What a row of the file with neither score nor outcome is: missing, or a failure of the system, worth 0.",
)


def read_files(
    paths: Sequence[Path],
    maps: tuple[str, ...],
    segments: Sequence[str],
    ignored: Sequence[str] = (),
    blank: str = "missing",
) -> Evidence:
    """The files as one table; the columns are named alike in all of them."""
    from seatrial.evidence import read_evidence  # noqa: PLC0415 - numpy and Arrow are for those who gate
    from seatrial.evidence.combine import combine  # noqa: PLC0415
    from seatrial.evidence.schema import SEVERAL  # noqa: PLC0415

    mapping = parse_maps(maps)
    if len(paths) == 1:
        return read_evidence(paths[0], mapping=mapping, segments=segments, ignore=ignored, blank=blank)
    stems = [path.stem for path in paths]
    named = stems if len(set(stems)) == len(stems) else [None] * len(stems)
    parts = [
        read_evidence(path, mapping=mapping, segments=segments, ignore=ignored, version=name, blank=blank)
        for path, name in zip(paths, named, strict=True)
    ]
    return combine(parts, SEVERAL.join(map(str, paths)))


def versions_asked(evidence: Evidence, baseline: str | None, candidate: str | None) -> tuple[str, str]:
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
