"""Load a dataset: a JSONL file, or the folder of one graph, becomes a checked, named and hashed Dataset.

    settings = read_settings(Path("datasets/text_to_sql"))          # version, kind, contract
    dataset = load(Path("datasets/text_to_sql"), (Input, Output), fleet="reference")
    dataset.name                                                    # reference:text_to_sql:golden

Every line is read before anything is said: one error counts all that is wrong and shows the first ten.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from seatrial import toml
from seatrial.dataset.contract import Contract
from seatrial.dataset.fingerprint import fingerprint
from seatrial.dataset.row import RowError, example_from, parse
from seatrial.errors import ConfigError, ContractError, DataError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from seatrial.dataset.example import Example

GOLDEN = "golden.jsonl"
SETTINGS = "dataset.toml"
MAX_LINE_BYTES = 10_000_000
MAX_SHOWN = 10
TOO_LONG = f"is longer than {MAX_LINE_BYTES // 1_000_000} MB; keep large payloads in a file of their own and name it"


@dataclass(frozen=True, slots=True)
class Settings:
    """What a folder's `dataset.toml` says.

    Attributes:
        version: what its author calls this state of it.
        kind: last part of the dataset's name.
        contract: `module:Input,Output`, the types of inputs and outputs; None: rows are not checked.
        description: a note.
    """

    version: str = "1"
    kind: str = "golden"
    contract: str | None = None
    description: str = ""


@dataclass(frozen=True, slots=True)
class Dataset:
    """Examples that were read, checked and named.

    >>> golden = Dataset("support:desk:golden", "1", "golden", (Example("m1", {"text": "Hi"}),), "3f9a")
    >>> [example.id for example in golden.examples]
    ['m1']

    Attributes:
        name: `<fleet>:<graph>:<kind>`.
        version: what its author calls this state of it.
        kind: `golden`, or the name of another file beside it.
        examples: in the order of the file.
        hash: sha256 of the canonical rows sorted by id; evidence from two hashes is never compared in silence.
    """

    name: str
    version: str
    kind: str
    examples: tuple[Example, ...]
    hash: str


def read_settings(folder: Path) -> Settings:
    """The folder's `dataset.toml`; the defaults where there is none.

    Raises:
        ConfigError: it is not TOML, or holds an unknown key or a value that is no text.
    """
    path = folder / SETTINGS
    table = toml.read_optional(path)
    toml.only_known(table, Settings.__dataclass_fields__, str(path))
    wrong = [key for key, value in table.items() if isinstance(value, bool) or not isinstance(value, (str, int, float))]
    if wrong:
        raise ConfigError(f"{path}: {wrong[0]} = {table[wrong[0]]!r} must be a text")
    return Settings(**{key: str(value) for key, value in table.items()})


def load(
    path: Path, contract: tuple[Any, Any] | Contract | None = None, *, fleet: str = "local", graph: str | None = None
) -> Dataset:
    """Read, check, name and hash a dataset.

    Args:
        path: a `.jsonl` file, or a folder that holds `golden.jsonl`.
        contract: the graph's `(Input, Output)` models (pydantic, dataclass or TypedDict), or both with a version; None
            checks the shape only.
        fleet: first part of the name.
        graph: second part of the name; the folder's name unless said otherwise.

    Raises:
        DataError: the file is missing, empty, no text, or some lines are no examples.
        ContractError: every line is an example, and some break the contract.
        ConfigError: `dataset.toml` is wrong.
    """
    file = _file(path)
    settings = read_settings(file.parent)
    kind = settings.kind if file.name == GOLDEN else file.stem
    problems = _Problems(file)
    kept = Contract(*contract) if isinstance(contract, tuple) else contract
    examples = tuple(_examples(file, kept, problems))
    problems.raise_if_any()
    if not examples:
        raise DataError(f'{file} holds no example; write one JSON object per line: {{"id": ..., "inputs": {{...}}}}')
    name = f"{fleet}:{graph or file.parent.resolve().name}:{kind}"
    return Dataset(name, settings.version, kind, examples, fingerprint(examples))


class _Problems:
    """What is wrong with a file, collected; it raises once, with at most ten sentences and a count."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._shown: list[str] = []
        self._count = 0
        self._only_contract = True

    def add(self, line: int, what: str, *, contract: bool = False) -> None:
        self._count += 1
        self._only_contract &= contract
        if len(self._shown) < MAX_SHOWN:
            self._shown.append(f"  {self._file.name} line {line}{what}")

    def raise_if_any(self) -> None:
        if not self._count:
            return
        kind = ContractError if self._only_contract else DataError
        many = "1 problem" if self._count == 1 else f"{self._count} problems"
        first = f", the first {MAX_SHOWN}" if self._count > MAX_SHOWN else ""
        raise kind("\n".join([f"{self._file} has {many}{first}:", *self._shown]))


def _examples(file: Path, contract: Contract | None, problems: _Problems) -> Iterator[Example]:
    seen: dict[str, int] = {}
    for number, line in _lines(file):
        if isinstance(line, RowError):
            problems.add(number, f" {line}")
            continue
        if not line.strip():
            continue
        try:
            example = example_from(parse(line))
        except RowError as error:
            problems.add(number, f" {error}")
            continue
        first = seen.setdefault(example.id, number)
        if first != number:
            problems.add(number, f" has the id {example.id!r} of line {first} again; ids are unique in a dataset")
            continue
        for breach in contract.breaches(example.inputs, example.outputs, example.contract) if contract else ():
            problems.add(number, f", example {example.id!r}, {breach.field}: {breach.what}", contract=True)
        yield example


def _lines(file: Path) -> Iterator[tuple[int, str | RowError]]:
    """Numbered lines; one that is too long or no text is a RowError, a file that is no text at all ends the reading."""
    with file.open("rb") as stream:
        head = stream.read(4096)
        if b"\0" in head:
            raise DataError(f"{file} is binary or UTF-16, not JSON lines; save it as UTF-8 text, one example per line")
        if head.startswith(b"["):
            raise DataError(f"{file} is one JSON list, not JSON lines; write one example per line, no commas between")
        stream.seek(3 if head.startswith(b"\xef\xbb\xbf") else 0)
        number = 0
        while raw := stream.readline(MAX_LINE_BYTES + 1):
            number += 1
            if len(raw) > MAX_LINE_BYTES and not raw.endswith(b"\n"):
                while raw and not raw.endswith(b"\n"):
                    raw = stream.readline(MAX_LINE_BYTES + 1)
                yield number, RowError(TOO_LONG)
                continue
            try:
                yield number, raw.decode("utf-8")
            except UnicodeDecodeError as error:
                yield number, RowError(f"is not UTF-8: byte {raw[error.start]:#04x} at position {error.start + 1}")


def _file(path: Path) -> Path:
    if path.is_dir():
        golden = path / GOLDEN
        if golden.is_file():
            return golden
        others = sorted(file.name for file in path.glob("*.jsonl"))
        hint = f"it holds {', '.join(others)}: name the file" if others else "write one example per line into it"
        raise DataError(f"the dataset folder {path} has no {GOLDEN}; {hint}")
    if not path.exists():
        near = path.parent if path.parent.is_dir() else None
        others = sorted(file.name for file in near.glob("*.jsonl")) if near else []
        hint = f"beside it stand {', '.join(others)}" if others else "name a .jsonl file, or a folder with golden.jsonl"
        raise DataError(f"there is no dataset at {path}; {hint}")
    return path
