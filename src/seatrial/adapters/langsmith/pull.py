"""Pull: a dataset in LangSmith as examples of ours, checked like any that is read from a file."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from seatrial.adapters.langsmith.push import refuse_pii
from seatrial.adapters.langsmith.row import MARK, from_their_example, is_marked, is_ours
from seatrial.adapters.langsmith.service import must_be_installed, spoken
from seatrial.dataset import fingerprint
from seatrial.dataset.contract import Contract
from seatrial.dataset.row import RowError
from seatrial.errors import ContractError, DataError, UsageError

if TYPE_CHECKING:
    from pathlib import Path

    from langsmith import Client
    from langsmith.schemas import Example as TheirExample

    from seatrial.dataset import Example

MAX_SHOWN = 10


@dataclass(frozen=True, slots=True)
class Pulled:
    """A dataset as it stands in LangSmith.

    Attributes:
        name: of the dataset in LangSmith.
        dataset_id: LangSmith's id of it.
        examples: sorted by id.
        hash: as a file of these examples has it.
        foreign: UUIDs of examples that we did not push: added in LangSmith, or copied there.
    """

    name: str
    dataset_id: str
    examples: tuple[Example, ...]
    hash: str
    foreign: tuple[str, ...]


def pull_dataset(client: Client, name: str, *, contract: tuple[Any, Any] | None = None) -> Pulled:
    """Read a dataset from LangSmith; what was pushed comes back with its ids, tags, splits and hash.

    Args:
        client: of `connect`, or your own.
        name: in LangSmith.
        contract: the graph's `(Input, Output)` models; None checks the shape only.

    Raises:
        UsageError: LangSmith has no dataset of that name.
        DataError: it is empty, or some of it are no examples.
        ContractError: all are examples, and some break the contract.
        NotReached: LangSmith refused, or could not be asked.
    """
    must_be_installed("a dataset in LangSmith")
    with spoken(client, f"dataset {name!r} could not be pulled"):
        dataset = next(iter(client.list_datasets(dataset_name=name, limit=1)), None)
        if dataset is None:
            raise UsageError(
                f"LangSmith has no dataset {name!r}; its name there may have its graph in it: fleet:graph:golden"
            )
        theirs = sorted(client.list_examples(dataset_id=dataset.id), key=lambda one: str(one.id))
    if not theirs:
        raise DataError(f"dataset {name!r} holds no example in LangSmith")
    copies = _copies(theirs, str(dataset.id))
    kept = Contract(*contract) if contract else None
    examples: list[Example] = []
    broken: list[str] = []
    shapes = 0
    for one in theirs:
        try:
            example = from_their_example(one, keep_id=one.id not in copies)
        except RowError as error:
            shapes += 1
            broken.append(f"  example {one.id} {error}")
            continue
        breaches = kept.breaches(example.inputs, example.outputs) if kept else ()
        broken += [f"  example {example.id!r}, {breach.field}: {breach.what}" for breach in breaches]
        examples.append(example)
    if broken:
        many = "1 problem" if len(broken) == 1 else f"{len(broken)} problems"
        first = f", the first {MAX_SHOWN}" if len(broken) > MAX_SHOWN else ""
        kind = DataError if shapes else ContractError
        raise kind("\n".join([f"dataset {name!r} in LangSmith has {many}{first}:", *broken[:MAX_SHOWN]]))
    examples.sort(key=lambda example: example.id)
    foreign = tuple(str(one.id) for one in theirs if not is_ours(one, str(dataset.id)))
    return Pulled(name, str(dataset.id), tuple(examples), fingerprint(examples), foreign)


def write_jsonl(pulled: Pulled, path: Path) -> None:
    """Write the examples as one dataset file, one JSON object a line, replacing it whole or not at all.

    Raises:
        DataError: they hold personal data that is not from a reserved range; nothing was written.
    """
    refuse_pii(pulled.examples, f"dataset {pulled.name!r} was not written to {path}")
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(path.name + ".partial")
    lines = [json.dumps(example.row(), ensure_ascii=False) for example in pulled.examples]
    beside.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    beside.replace(path)


def _copies(theirs: list[TheirExample], dataset_id: str) -> set[Any]:
    """UUIDs of examples that carry another one's id of ours, as a copy made in LangSmith does."""
    marked = {one.id: (one.metadata or {})[MARK]["id"] for one in theirs if is_marked(one)}
    times = Counter(marked.values())
    mine = {one.id for one in theirs if is_ours(one, dataset_id)}
    return {number for number, ours in marked.items() if times[ours] > 1 and number not in mine}
