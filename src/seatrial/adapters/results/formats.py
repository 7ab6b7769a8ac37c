"""Formats: which harness wrote a file, by its content, and the reader for it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from seatrial.adapters.results.deepeval import deepeval, is_deepeval
from seatrial.adapters.results.inspect import inspect, is_inspect, read_eval
from seatrial.adapters.results.junit import junit
from seatrial.adapters.results.lm_eval import is_lm_eval, lm_eval
from seatrial.adapters.results.promptfoo import is_promptfoo, promptfoo
from seatrial.adapters.results.pydantic_evals import is_pydantic_evals, pydantic_evals
from seatrial.adapters.results.tables import is_langsmith, is_mlflow, is_ragas, langsmith, mlflow, ragas
from seatrial.errors import DataError, NotFound
from seatrial.table.json_file import read_document

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from seatrial.adapters.results.imported import Imported

HEADER = 1_000_000
"""Most bytes of a first line."""


@dataclass(frozen=True, slots=True)
class Format:
    """One harness's results.

    Attributes:
        name: as `seatrial import` is told.
        suffixes: of its files.
        what: what writes them, in a few words.
        tried: the version whose file it was written against.
        is_it: whether a document, a first line or a header is of this format.
        read: its rows.
    """

    name: str
    suffixes: tuple[str, ...]
    what: str
    tried: str
    is_it: Callable[[Any], bool]
    read: Callable[[Any], Imported]


FORMATS = (
    Format("promptfoo", (".json",), "promptfoo eval -o results.json", "promptfoo 0.121", is_promptfoo, promptfoo),
    Format("inspect", (".eval", ".json"), "the log of inspect eval", "inspect_ai 0.3.285", is_inspect, inspect),
    Format("deepeval", (".json",), "the test run in DEEPEVAL_RESULTS_FOLDER", "deepeval 4.3", is_deepeval, deepeval),
    Format(
        "lm-eval", (".jsonl",), "samples_TASK_*.jsonl of lm_eval --log_samples", "lm_eval 0.4.13", is_lm_eval, lm_eval
    ),
    Format("langsmith", (".csv",), "ExperimentResults.to_pandas().to_csv()", "langsmith 0.14", is_langsmith, langsmith),
    Format("mlflow", (".csv",), "result_df.to_csv() of mlflow.genai.evaluate", "mlflow 3.17", is_mlflow, mlflow),
    Format("ragas", (".csv",), "EvaluationResult.to_pandas().to_csv()", "ragas 0.4", is_ragas, ragas),
    Format(
        "pydantic-evals",
        (".json",),
        "TypeAdapter(EvaluationReport).dump_json(report)",
        "pydantic_evals 2.62",
        is_pydantic_evals,
        pydantic_evals,
    ),
    Format("junit", (".xml",), "the JUnit XML of a test runner", "pytest 9", lambda _: True, junit),
)


def read_foreign(path: Path, name: str | None = None) -> Imported | None:
    """The results of a harness, told by the file's content; None where no harness is recognized.

    Args:
        path: the file.
        name: the format it has to be.

    Raises:
        DataError: it is not of the format that was named, or not readable at all.
        NotFound: there is no such file.
    """
    if not path.exists():
        raise NotFound(f"{path} does not exist")
    wanted = [one for one in FORMATS if path.suffix.lower() in one.suffixes and name in (None, one.name)]
    found = _read(path, wanted) if wanted else None
    if found is None and name is not None:
        known = next(one for one in FORMATS if one.name == name)
        raise DataError(f"{path} is not what {name} writes: {known.what} ({' or '.join(known.suffixes)})")
    return found


def _read(path: Path, wanted: Sequence[Format]) -> Imported | None:
    suffix = path.suffix.lower()
    if suffix == ".xml":
        return wanted[0].read(path)
    if suffix == ".csv":
        return _read_csv(path, wanted)
    if suffix == ".jsonl":
        return _read_jsonl(path, wanted)
    document = read_eval(path) if suffix == ".eval" else read_document(path)
    one = next((one for one in wanted if one.is_it(document)), None)
    try:
        return one.read(document) if one else None
    except (KeyError, TypeError, AttributeError, IndexError) as error:
        assert one is not None  # noqa: S101 - a format was reading
        raise DataError(
            f"{path} looks like {one.name}'s results, and something that its versions known to us write is not there ({type(error).__name__}: {error})"
        ) from error


def _read_jsonl(path: Path, wanted: Sequence[Format]) -> Imported | None:
    from seatrial.table.jsonl_file import read_jsonl  # noqa: PLC0415

    with path.open("rb") as file:
        first = file.readline(8_000_001)
    try:
        one = next((one for one in wanted if one.is_it(json.loads(first))), None)
    except ValueError:
        return None
    if one is None:
        return None
    columns, rows = read_jsonl(path)
    values = {name: column.values for name, column in columns.items()}  # type: ignore[attr-defined]
    return one.read([{name: column[i] for name, column in values.items()} for i in range(rows)])


def _read_csv(path: Path, wanted: Sequence[Format]) -> Imported | None:
    import csv  # noqa: PLC0415

    from seatrial.table.csv_file import read_csv  # noqa: PLC0415

    with path.open("rb") as file:
        header = file.readline(HEADER).decode("utf-8-sig", errors="replace")
    try:
        names = next(csv.reader([header]), [])
    except csv.Error:  # UTF-16, an old Mac's line ends: what another tool writes is neither
        return None
    one = next((one for one in wanted if one.is_it(names)), None)
    if one is None:
        return None
    columns, _ = read_csv(path, decimal=".")
    return one.read(_texts({name: raw.texts() for name, raw in columns.items()}))


def _texts(columns: Mapping[str, Any]) -> dict[str, list[str]]:
    return {name: [codes.values[i] if i >= 0 else "" for i in codes.index.tolist()] for name, codes in columns.items()}
