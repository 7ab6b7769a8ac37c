"""Push: a dataset of ours made to stand in LangSmith as it is here; doing it twice changes nothing.

An example's UUID is derived from LangSmith's id of the dataset and our id of the example. What is missing is created, what
differs is updated, what we pushed once and no longer have is deleted (LangSmith keeps a dataset's earlier versions). What
somebody added in LangSmith is not touched.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from seatrial.adapters.langsmith.row import SPLIT, from_their_example, is_ours, to_row
from seatrial.adapters.langsmith.service import NotReached, must_be_installed, spoken
from seatrial.dataset import canonical
from seatrial.dataset.row import RowError
from seatrial.errors import DataError
from seatrial.privacy import fixture_findings
from seatrial.privacy.exits import know, redacted

if TYPE_CHECKING:
    from collections.abc import Iterable

    from langsmith import Client
    from langsmith.schemas import Example as TheirExample

    from seatrial.dataset import Dataset, Example

BATCH = 100
"""Ids in one request to delete; they travel in the address."""


@dataclass(frozen=True, slots=True)
class Pushed:
    """What a push did.

    Attributes:
        name: of the dataset in LangSmith.
        dataset_id: LangSmith's id of it.
        hash: of the dataset that was pushed.
        created: examples that were not there.
        updated: that said something else.
        deleted: that were ours and no longer are.
        unchanged: that were there as they are.
        foreign: that were added in LangSmith and are not ours.
    """

    name: str
    dataset_id: str
    hash: str
    created: int
    updated: int
    deleted: int
    unchanged: int
    foreign: int


def push_dataset(client: Client, dataset: Dataset, *, name: str | None = None, description: str = "") -> Pushed:
    """Make LangSmith hold the dataset.

    Args:
        client: of `connect`, or your own.
        dataset: from `seatrial.dataset.load`.
        name: in LangSmith; the dataset's own unless said otherwise.
        description: of a dataset that is new there.

    Raises:
        DataError: it holds personal data that is not from a reserved range; nothing was sent.
        NotReached: LangSmith refused, or could not be asked; pushing again goes on where it stopped.
    """
    must_be_installed("a dataset in LangSmith")
    refuse_pii(dataset.examples, f"dataset {dataset.name!r} was not pushed to LangSmith")
    name = name or dataset.name
    for example in dataset.examples:
        to_row(example, name)  # what cannot be written is said before anything is
    with spoken(client, f"dataset {name!r} could not be pushed"):
        dataset_id = _dataset_id(client, name, description)
        there = {str(one.id): one for one in client.list_examples(dataset_id=dataset_id)}
        wanted = dict(_row_of(example, dataset_id, there) for example in dataset.examples)
        new = [row for number, (_, row) in wanted.items() if number not in there]
        changed = [
            row for number, (example, row) in wanted.items() if number in there and not _same(example, there[number])
        ]
        missing = [number for number, one in there.items() if is_ours(one, dataset_id) and number not in wanted]
        if new:
            _create(client, dataset_id, new)
        if changed:
            client.update_examples(dataset_id=dataset_id, updates=changed)
        for start in range(0, len(missing), BATCH):
            client.delete_examples(missing[start : start + BATCH])
    return Pushed(
        name=name,
        dataset_id=dataset_id,
        hash=dataset.hash,
        created=len(new),
        updated=len(changed),
        deleted=len(missing),
        unchanged=len(wanted) - len(new) - len(changed),
        foreign=sum(not is_ours(one, dataset_id) for one in there.values()),
    )


def refuse_pii(examples: Iterable[Example], what: str) -> None:
    """Raise a DataError that names the examples with a secret or with real personal data in them, masked."""
    examples = tuple(examples)
    know(os.environ)
    secret = [one.id for one in examples if redacted(one.row()) != one.row()]
    if secret:
        raise DataError(
            f"{what}: {len(secret)} of its examples hold a secret (a key, a token or a password), the first is "
            f"{redacted(secret[0])!r}. Take it out; what is sent has to be what the dataset's hash says"
        )
    with TemporaryDirectory() as folder:
        file = Path(folder) / "examples.jsonl"
        try:
            file.write_text("".join(f"{json.dumps(one.row())}\n" for one in examples), encoding="utf-8")
        except TypeError as error:
            raise DataError(f"{what}: an example is no JSON: {error}") from None
        found = fixture_findings(file)
    if found:
        shown = ", ".join(f"{examples[one.line - 1].id!r} ({one.kind} {one.excerpt})" for one in found[:3])
        raise DataError(
            f"{what}: it holds personal data that is not from a range reserved for examples, {len(found)} in all: {shown}. "
            "Replace it (mail at example.com, telephone 555-0100)"
        )


def _dataset_id(client: Client, name: str, description: str) -> str:
    found = next(iter(client.list_datasets(dataset_name=name, limit=1)), None)
    if found is None:
        found = client.create_dataset(name, description=description or None)
    return str(found.id)


def _row_of(
    example: Example, dataset_id: str, there: dict[str, TheirExample]
) -> tuple[str, tuple[Example, dict[str, Any]]]:
    """An example's UUID in LangSmith, and it as a row there.

    One that was added in LangSmith is named by its UUID, and stays that one: under a UUID of ours it would be there twice.
    Further splits that somebody gave it in LangSmith, of which the example here says nothing, are kept.
    """
    row = to_row(example, dataset_id)
    theirs = there.get(example.id)
    if theirs is not None:
        row["id"] = theirs.id
    at = there.get(str(row["id"]))
    splits = (at.metadata or {}).get(SPLIT) if at is not None else None
    if SPLIT not in example.metadata and isinstance(splits, list) and splits[:1] == [example.split]:
        row["split"] = splits
    return str(row["id"]), (example, row)


def _same(example: Example, theirs: TheirExample) -> bool:
    try:
        there = from_their_example(theirs, keep_id=str(theirs.id) != example.id)
    except RowError:
        return False
    if SPLIT not in example.metadata:  # it says nothing of further splits
        there = replace(there, metadata={name: value for name, value in there.metadata.items() if name != SPLIT})
    return canonical(there.row()) == canonical(example.row())


def _create(client: Client, dataset_id: str, rows: list[dict[str, Any]]) -> None:
    given = [
        {("reference_outputs" if name == "outputs" else name): value for name, value in row.items()} for row in rows
    ]
    wording: Any = client.create_examples(dataset_id=dataset_id, examples=given)
    if wording["count"] != len(rows):
        raise NotReached(
            f"LangSmith kept {wording['count']} of {len(rows)} new examples of dataset {dataset_id}; push again"
        )
