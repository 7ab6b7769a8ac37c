"""Pull, push, pull: whatever was born where, a round trip changes nothing on either side."""

import copy
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seatrial.adapters.langsmith import pull_dataset, push_dataset, write_jsonl
from seatrial.dataset import Dataset, Example, fingerprint, load
from seatrial.testing.langsmith_server import LangSmithServer

from .test_datasets import counts

TEXT = st.text('aäß日🙂é\u0301\u202e \n"\\.{}', min_size=1, max_size=6)
VALUE = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**20), 10**20)
    | st.floats(allow_nan=False, allow_infinity=False)
    | TEXT,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(TEXT, inner, max_size=2),
    max_leaves=4,
)
OBJECT = st.dictionaries(TEXT, VALUE, max_size=3)
SPLITS = st.lists(TEXT, min_size=1, max_size=3, unique=True)


def born(objects):
    """An example as somebody made it in LangSmith."""
    return st.fixed_dictionaries(
        {
            "inputs": objects,
            "outputs": st.none() | objects,
            "metadata": objects,
            "split": SPLITS,
            "attachments": st.booleans(),
        }
    )


def dataset_of(examples, name):
    examples = tuple(examples)
    return Dataset(name, "1", "golden", examples, fingerprint(examples))


@pytest.fixture(scope="module")
def here():
    """A server and a client of it, for all cases: a dataset of its own each."""
    from langsmith import Client  # noqa: PLC0415 - after the environment was cleared
    from urllib3.util import Retry  # noqa: PLC0415

    with LangSmithServer() as server:
        yield (
            server,
            Client(api_url=server.url, api_key=server.key, auto_batch_tracing=False, retry_config=Retry(total=0)),
        )


def put(server, name, rows):
    """Write examples into the server as LangSmith's own pages do, and the dataset's id."""
    number = f"00000000-0000-0000-0001-{len(server.datasets):012d}"
    known = {"id": number, "name": name, "description": None, "data_type": "kv", "metadata": None}
    server.datasets[number] = known | {"tenant_id": number, "created_at": NOW, "modified_at": NOW}
    for at, row in enumerate(rows):
        one = f"00000000-0000-0000-{at + 2:04d}-{len(server.examples):012d}"
        metadata = row["metadata"] | {"dataset_split": row["split"]}
        server.examples[one] = {
            "id": one,
            "dataset_id": number,
            "inputs": row["inputs"],
            "outputs": row["outputs"],
            "metadata": metadata,
            "created_at": NOW,
            "modified_at": NOW,
        } | ({"attachment_urls": {"attachment.a": {"storage_url": "x"}}} if row["attachments"] else {})
    return number


NOW = "2026-01-01T00:00:00+00:00"


@settings(max_examples=15, deadline=None)
@given(rows=st.lists(born(OBJECT), min_size=1, max_size=3))
def test_a_dataset_born_in_langsmith_is_unchanged_by_its_round_trip(here, tmp_path_factory, rows):
    server, client = here
    name = f"born {len(server.datasets)}"
    number = put(server, name, rows)
    before = copy.deepcopy(server.examples)
    pulled = pull_dataset(client, name)
    assert [(one.inputs, one.outputs) for one in pulled.examples] == [(row["inputs"], row["outputs"]) for row in rows]

    file = tmp_path_factory.mktemp("pulled") / "golden.jsonl"
    write_jsonl(pulled, file)
    read = load(file)
    assert (read.examples, read.hash) == (pulled.examples, pulled.hash)

    assert counts(push_dataset(client, read, name=name)) == (0, 0, 0, len(rows), len(rows))
    assert server.examples == before
    assert pull_dataset(client, name).examples == pulled.examples

    # Into another dataset it is new, and comes back as it is, with every split.
    push_dataset(client, read, name=f"{name} copy")
    assert pull_dataset(client, f"{name} copy").examples == pulled.examples
    splits = [one["metadata"]["dataset_split"] for one in server.examples.values() if one["dataset_id"] != number]
    assert splits[-len(rows) :] == [row["split"] for row in rows]


OURS = st.builds(
    Example,
    id=TEXT.filter(str.strip),
    inputs=OBJECT,
    outputs=st.none() | OBJECT,
    metadata=OBJECT,
    tags=st.lists(TEXT, max_size=2).map(tuple),
    split=TEXT,
    contract=TEXT,
)


@settings(max_examples=15, deadline=None)
@given(examples=st.lists(OURS, min_size=1, max_size=3, unique_by=lambda one: one.id), copied=st.booleans())
def test_examples_of_ours_come_back_as_they_were_and_a_copy_made_there_stays_a_copy(here, examples, copied):
    server, client = here
    ours = dataset_of(sorted(examples, key=lambda one: one.id), f"ours {len(server.datasets)}")
    pushed = push_dataset(client, ours)
    assert pull_dataset(client, ours.name).examples == ours.examples
    if copied:
        first = next(one for one in server.examples.values() if one["dataset_id"] == pushed.dataset_id)
        number = f"00000000-0000-0000-0000-{len(server.examples):012d}"
        server.examples[number] = copy.deepcopy(first) | {"id": number}
    before = json.dumps(server.examples)
    pulled = pull_dataset(client, ours.name)
    assert len({one.id for one in pulled.examples}) == len(examples) + copied
    push_dataset(client, dataset_of(pulled.examples, ours.name))
    assert json.dumps(server.examples) == before
    assert pull_dataset(client, ours.name).examples == pulled.examples
