"""Inspect: the log of one `inspect eval`, as .json or .eval (written against inspect_ai 0.3.285)."""

from __future__ import annotations

import io
import json
from typing import TYPE_CHECKING, Any

from seatrial.adapters.results.imported import Imported, facts, failed, number, row, text
from seatrial.errors import DataError, MissingExtra

if TYPE_CHECKING:
    import zipfile
    from collections.abc import Iterator
    from pathlib import Path

LETTERS = {"C": 1.0, "P": 0.5, "I": 0.0, "N": 0.0}
"""Correct, partially correct, incorrect and no answer, as Inspect's own metrics count them."""
ZSTANDARD = 93
"""How newer versions compress the parts of an .eval file."""
MOST = 2_000_000_000
"""Bytes that the parts of an .eval file may hold together."""


def is_inspect(document: Any) -> bool:
    """Whether a JSON document is an Inspect log."""
    return isinstance(document, dict) and "eval" in document and "plan" in document and "task" in document["eval"]


def read_eval(path: Path) -> dict[str, Any]:
    """The log that an .eval file holds, in the shape of the .json one.

    Raises:
        DataError: it is no such file, or it was cut short.
        MissingExtra: it is compressed in a way that this Python cannot read alone.
    """
    import zipfile  # noqa: PLC0415 - for this format only

    try:
        with zipfile.ZipFile(path) as file:
            parts = {one.filename: one for one in file.infolist()}
            if sum(one.file_size for one in parts.values()) > MOST:
                raise DataError(f"{path} holds more than {MOST:,} bytes; write its log as .json, one task a file")
            header = next((name for name in ("header.json", "_journal/start.json") if name in parts), None)
            if header is None:
                raise DataError(f"{path} has no header; it is no Inspect log")
            samples = [name for name in sorted(parts) if name.startswith("samples/")]
            log = json.loads(_part(file, parts[header], path))
            return {**log, "samples": [json.loads(_part(file, parts[name], path)) for name in samples]}
    except (zipfile.BadZipFile, OSError, ValueError, KeyError) as error:
        raise DataError(f"{path} is no readable .eval file: {str(error)[:200]}") from error


def _part(file: zipfile.ZipFile, part: zipfile.ZipInfo, path: Path) -> bytes:
    if part.compress_type != ZSTANDARD:
        return file.read(part)
    try:
        import zstandard  # noqa: PLC0415 - an extra
    except ImportError:
        raise MissingExtra("zstandard", "inspect", f"reading {path.name}") from None
    # zipfile of this Python does not know the method: the bytes themselves stand behind the part's own header.
    handle = file.fp
    assert handle is not None  # noqa: S101 - the file is open
    handle.seek(part.header_offset + 26)
    lengths = handle.read(4)
    handle.seek(int.from_bytes(lengths[:2], "little") + int.from_bytes(lengths[2:], "little"), 1)
    with zstandard.ZstdDecompressor().stream_reader(io.BytesIO(handle.read(part.compress_size))) as reader:
        return bytes(reader.read(part.file_size + 1))


def inspect(document: Any) -> Imported:
    """One row a sample, epoch and scorer; a sample of the plan that never ran is missing.

    A scorer of several values is as many keys. A sample that ended in an error is a failure of the system.
    """
    samples = document.get("samples") or []
    reported = document["eval"]
    keys = list(dict.fromkeys(key for sample in samples for key, _ in _scores(sample)))
    keys = keys or [scorer["name"] for scorer in reported.get("scorers") or []] or ["score"]
    rows = [one for sample in samples for one in _rows(sample, keys, reported)]
    ran = {(one["example_id"], one["repetition"]) for one in rows}
    for sample in reported.get("dataset", {}).get("sample_ids") or []:
        for epoch in range(int((reported.get("config") or {}).get("epochs") or 1)):
            if (str(sample), epoch) not in ran:
                reason = f"the evaluation ended with status {document.get('status')!r} before it"
                rows += [
                    row(str(sample), key, None, repetition=epoch, outcome="skipped", reason=reason) for key in keys
                ]
    version = (reported.get("packages") or {}).get("inspect_ai", "")
    return Imported(f"inspect_ai {version}".strip(), tuple(rows))


def _rows(sample: Any, keys: list[str], reported: Any) -> Iterator[dict[str, Any]]:
    usage = list((sample.get("model_usage") or {}).values())
    known = {
        "repetition": int(sample.get("epoch") or 1) - 1,
        "dataset": (reported.get("dataset") or {}).get("name") or reported.get("task"),
        "model": reported.get("model"),
        "latency_ms": 1000 * number_ if (number_ := number(sample.get("total_time"))) is not None else None,
        "input_tokens": sum(one.get("input_tokens") or 0 for one in usage) or None,
        "output_tokens": sum(one.get("output_tokens") or 0 for one in usage) or None,
        **facts(sample.get("metadata")),
    }
    known = {name: value for name, value in known.items() if value is not None}
    found = dict(_scores(sample))
    for key in keys:
        if sample.get("error"):
            yield row(text(sample["id"]), key, None, **known, **failed(sample["error"].get("message")))
        elif found.get(key) is not None:
            yield row(text(sample["id"]), key, found[key], **known)
        else:
            yield row(text(sample["id"]), key, None, **known, outcome="unparsed", reason="the scorer gave no value")


def _scores(sample: Any) -> Iterator[tuple[str, float | None]]:
    """Every scorer's value, or each of its values under `scorer.name`; None where it gave none."""
    for name, score in (sample.get("scores") or {}).items():
        value = score.get("value")
        if isinstance(value, dict):
            yield from ((f"{name}.{one}", _value(inner)) for one, inner in value.items())
        elif not isinstance(value, list):
            yield name, _value(value)


def _value(value: Any) -> float | None:
    return LETTERS.get(value) if isinstance(value, str) else number(value)
