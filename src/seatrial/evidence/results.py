"""Results: one or several files from anywhere as one table of evidence, with what was taken for what."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from seatrial.errors import InvalidComparison, UsageError
from seatrial.evidence.combine import combine
from seatrial.evidence.key_columns import ResultFile, with_keys
from seatrial.evidence.propose import with_segments
from seatrial.evidence.read import DISTINCT, evidence_of, must_be_text, stamp_of
from seatrial.evidence.recognize import recognize
from seatrial.evidence.schema import NAMES, SEGMENT_PREFIX, SEVERAL
from seatrial.evidence.scores import scored
from seatrial.evidence.unmatched import alike, shared_columns, unmatched
from seatrial.table.raw import Listed
from seatrial.table.read import READ_AS, raw_columns

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from seatrial.evidence.reading import Reading
    from seatrial.evidence.recognize import Taken
    from seatrial.evidence.table import Evidence
    from seatrial.table.raw import Raw

    Reader = Callable[[Path], ResultFile | None]

SHOWN = 3
"""Columns that a note names of those that were not used."""


def read_results(
    paths: Sequence[Path],
    reading: Reading,
    *,
    versions: Sequence[str | None],
    propose: bool = False,
    reader: Reader | None = None,
) -> Evidence:
    """The files as one table; its metadata `read_as` says in one line what was taken for what.

    Args:
        paths: the files, whose columns are named alike.
        reading: what is known of them.
        versions: each file's version, where it names none.
        propose: each file is one version, and columns of few values that an example keeps become segments.
        reader: of files that another harness wrote; None from it is a table like any other.

    Raises:
        UsageError: something is ambiguous; names the option that settles it.
        DataError: a file cannot be read as evidence; names file, row, column and what to do.
        InvalidComparison: the files have no example in common.
    """
    must_be_text(paths, reading.mapping, reading.segments, reading.ignore)
    files = [(reader(path) if reader else None) or _read(path, reading) for path in paths]
    given = tuple(reading.ignore)
    if propose:
        reading = replace(reading, ignore=(*given, *_own_versions(files, reading)))
    source = SEVERAL.join(file.source for file in files)
    taken = recognize([file.raw for file in files], source, reading, versioned=None not in versions)
    files, reported = _with_scores(files, taken, reading)
    parts = [
        evidence_of(
            file.raw,
            file.rows,
            file.source,
            file.stamp,
            mapping=taken.mapping,
            segments=reading.segments,
            ignore=[name for name in taken.ignore if name in given or name in file.raw],
            version=version,
            blank=reading.blank,
        )
        for file, version in zip(files, versions, strict=True)
    ]
    if propose:
        _must_meet(files, parts)
        if not reading.segments:
            parts, found = with_segments([file.raw for file in files], parts, taken)
            if found:
                reported.append(f"{', '.join(found)} as {'segment' if len(found) == 1 else 'segments'}")
    if taken.unused:
        reported.append(f"{', '.join(taken.unused)} not used (--key-columns judges several scores)")
    notes = dict.fromkeys(note for file in files for note in file.notes)
    complete = parts[0] if len(parts) == 1 else combine(parts, source)
    left = _not_used(files, taken, reading, complete)
    line = "; ".join([*([", ".join(reported)] if reported else []), *([f"not used: {left}"] if left else []), *notes])
    return complete.stamped(read_as=line) if line else complete


def _not_used(files: Sequence[ResultFile], taken: Taken, reading: Reading, evidence: Evidence) -> str:
    """The columns that nothing was made of, three by name; those that were left out on purpose are not among them."""
    columns = dict.fromkeys(name for file in files for name, raw in file.raw.items() if not raw.nested)
    used = {one for names in taken.mapping.values() for one in names}
    used |= {*NAMES, *reading.segments, *reading.key_columns, *reading.ignore, *taken.unused, *evidence.dimensions}
    left = [name for name in columns if name not in used and not name.startswith(SEGMENT_PREFIX)]
    more = f" and {len(left) - SHOWN} more" if len(left) > SHOWN else ""
    return f"{', '.join(left[:SHOWN])}{more}" if left else ""


def _read(path: Path, reading: Reading) -> ResultFile:
    raw, rows, reported = raw_columns(path, distinct=DISTINCT, dialect=reading.dialect)
    return ResultFile(
        str(path),
        _flat(raw),
        rows,
        stamp_of(reported),
        [note for note in reported.get(READ_AS, "").split("; ") if note],
    )


def _flat(raw: Mapping[str, Raw]) -> dict[str, Raw]:
    """The columns, with those of JSON objects beside them as `metadata.tier`."""
    flat = dict(raw)
    for name, column in raw.items():
        if isinstance(column, Listed) and column.nested:
            values = [value if isinstance(value, dict) else {} for value in column.values]
            for one in dict.fromkeys(key for value in values for key in value):
                inner = Listed([value.get(one) for value in values], column.spelling)
                if not inner.nested:
                    flat.setdefault(f"{name}.{one}", inner)
    return flat


def _own_versions(files: Sequence[ResultFile], reading: Reading) -> tuple[str, ...]:
    """Columns that name a version, to be left out: each file is one, and is named by its file."""
    if "version" in reading.mapping:
        raise UsageError("--map version=... goes with --evidence: of two files each is a version, named by its file")
    found = [file for file in files if "version" in file.raw and "version" not in reading.ignore]
    for file in found:
        names = file.raw["version"].texts().used().values
        if len(names) > 1:
            raise UsageError(
                f"{file.source} holds several versions: {', '.join(names[:5])}; say which two with --evidence {file.source} --baseline {names[0]} --candidate {names[1]}"
            )
    return ("version",) if found else ()


def _with_scores(files: list[ResultFile], taken: Taken, reading: Reading) -> tuple[list[ResultFile], list[str]]:
    """The files with their scores as numbers from 0 to 1, and what was taken for what, with how scores were written."""
    if reading.key_columns:
        return with_keys(files, reading), [*taken.reported, f"{', '.join(reading.key_columns)} as keys"]
    names = taken.mapping.get("score", ("score",))
    name = names[0]
    if len(names) != 1 or not all(name in file.raw for file in files) or (name == "score" and name in taken.ignore):
        return files, list(taken.reported)
    made, how = scored([file.raw[name] for file in files], [file.source for file in files], name, reading.scores)
    files = [replace(file, raw={**file.raw, name: column}) for file, column in zip(files, made, strict=True)]
    if not how:
        return files, list(taken.reported)
    known = next((one for one in taken.reported if one.endswith(" as score")), "")
    return files, [*(one for one in taken.reported if one != known), f"{known or 'score'} ({how})"]


def _must_meet(files: Sequence[ResultFile], parts: Sequence[Evidence]) -> None:
    """Raise an InvalidComparison where two files have no example in common; says what would make them meet.

    Where few are in common, and most are once their ids are written alike, the rest are no new examples either.
    """
    old, new = (part.codes("example_id").values for part in parts)
    if both := len(set(old) & set(new)):
        how, found = alike(old, new) or ("", 0)
        if found > 2 * both:
            raise InvalidComparison(
                f"{files[0].source} and {files[1].source} have {both:,} of {min(len(old), len(new)):,} examples in common; compared {how}, {found:,} would meet: write the ids alike in one of the files"
            )
        return
    others = shared_columns(files[0].raw, files[1].raw)
    raise InvalidComparison(
        f"{files[0].source} and {files[1].source} have no example in common. {unmatched(old, new, files[0].source, files[1].source, others)}"
    )


def version_names(paths: Sequence[Path]) -> list[str]:
    """A name for each file: its own, with as many of its folders as it takes to tell them apart.

    Raises:
        UsageError: it is the same file.
    """
    resolved = [path.resolve() for path in paths]
    if len(set(resolved)) < len(resolved):
        raise UsageError(f"{paths[0]} and {paths[1]} are the same file; a version is not compared with itself")
    for folders in range(max(len(path.parts) for path in resolved)):
        names = ["/".join((*path.parent.parts[len(path.parent.parts) - folders :], path.stem)) for path in resolved]
        if len(set(names)) == len(names):
            return names
    return [path.name for path in resolved]  # one folder, one name, two suffixes
