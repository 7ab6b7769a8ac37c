"""Row: one example as LangSmith keeps it, and back, with nothing lost on the way.

LangSmith knows inputs, outputs, metadata and splits, and its ids are UUIDs. What else an example of ours has travels in
its metadata, under the one name `seatrial`.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from seatrial.dataset.row import RowError, example_from, parse
from seatrial.errors import DataError

if TYPE_CHECKING:
    from langsmith.schemas import Example as TheirExample

    from seatrial.dataset import Example

MARK = "seatrial"
"""Name in LangSmith's metadata under which the rest of an example of ours travels."""

SPLIT = "dataset_split"
"""Name in LangSmith's metadata under which LangSmith itself keeps the splits."""

_OURS = uuid.uuid5(uuid.NAMESPACE_OID, "seatrial.example")


def example_uuid(dataset: str, example_id: str) -> uuid.UUID:
    """LangSmith's id of an example: the same dataset and id give the same UUID on any machine."""
    return uuid.uuid5(_OURS, f"{dataset}/{example_id}")


def to_row(example: Example, dataset: str) -> dict[str, Any]:
    """The example as LangSmith takes it: `id`, `inputs`, `outputs`, `metadata`, `split`.

    Args:
        example: one of ours.
        dataset: what its UUID is derived from beside its id; LangSmith's id of the dataset, or its name.

    Raises:
        DataError: its metadata uses a name that LangSmith or we need.
    """
    metadata = dict(example.metadata)
    splits = metadata.pop(SPLIT) if _holds_splits(example) else example.split
    taken = [name for name in (MARK, SPLIT) if name in metadata]
    if taken:
        raise DataError(
            f"example {example.id!r} has {taken[0]!r} in its metadata, where {'seatrial' if taken[0] == MARK else 'LangSmith'} keeps its own; rename it"
        )
    mark: dict[str, Any] = {"id": example.id, "tags": list(example.tags), "contract": example.contract}
    if example.outputs is None:
        mark["no_reference"] = True  # LangSmith does not tell an empty reference from none
    return {
        "id": example_uuid(dataset, example.id),
        "inputs": dict(example.inputs),
        "outputs": dict(example.outputs or {}),
        "metadata": {**metadata, MARK: mark},
        "split": splits,
    }


def _holds_splits(example: Example) -> bool:
    """Whether its metadata names several splits, the first of them its own, as an example with several is pulled."""
    splits = example.metadata.get(SPLIT)
    return isinstance(splits, list) and len(splits) > 1 and splits[0] == example.split


def to_their_example(example: Example, dataset: str) -> TheirExample:
    """The example as an object of LangSmith's, as its own `list_examples` would give it."""
    from langsmith.schemas import Example as TheirExample  # noqa: PLC0415 - an optional package

    row = to_row(example, dataset)
    metadata = {**row["metadata"], SPLIT: [row["split"]] if isinstance(row["split"], str) else row["split"]}
    return TheirExample(id=row["id"], inputs=row["inputs"], outputs=row["outputs"], metadata=metadata)


def is_marked(theirs: TheirExample) -> bool:
    """Whether an example in LangSmith carries an id of ours."""
    mark = (theirs.metadata or {}).get(MARK)
    return isinstance(mark, Mapping) and isinstance(mark.get("id"), str)


def is_ours(theirs: TheirExample, dataset: str) -> bool:
    """Whether it is what we wrote there ourselves, and not a copy somebody made of it."""
    return is_marked(theirs) and theirs.id == example_uuid(dataset, (theirs.metadata or {})[MARK]["id"])


def from_their_example(theirs: TheirExample, *, keep_id: bool = True) -> Example:
    """The example of ours that an example in LangSmith means; one that never was ours is named by its UUID.

    Its split is the first of LangSmith's; where there are several, all of them stay in its metadata under LangSmith's name.

    Args:
        theirs: from LangSmith.
        keep_id: False gives it the name of its UUID even if it carries an id of ours (a copy made in LangSmith).

    Raises:
        RowError: it is no example: its inputs are no mapping, or what we wrote into its metadata was changed.
    """
    metadata = dict(theirs.metadata or {})
    splits = metadata.pop(SPLIT, None)
    marked = is_marked(theirs)
    mark: Mapping[str, Any] = metadata.pop(MARK) if marked else {}
    outputs: Any = theirs.outputs
    if marked and not outputs:
        outputs = None if mark.get("no_reference") else {}
    row = {
        "id": mark["id"] if marked and keep_id else str(theirs.id),
        "inputs": theirs.inputs or {},
        "outputs": outputs,
        "metadata": metadata,
        "tags": mark.get("tags", []),
        "contract": mark.get("contract", "1"),
    }
    if isinstance(splits, list) and splits:
        row["split"] = splits[0]
        if len(splits) > 1:
            metadata[SPLIT] = splits
    elif isinstance(splits, str):
        row["split"] = splits
    try:
        return example_from(parse(json.dumps(row)))
    except TypeError as error:
        raise RowError(f"is no JSON: {error}") from None
