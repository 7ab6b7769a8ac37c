"""Given: what is known of the examples, and what is said when it cannot be."""

import json

import pytest

from seatrial.dataset import Example
from seatrial.errors import DataError, UsageError
from seatrial.slice.features_source import from_examples, from_file

EXAMPLES = (
    Example("a", {"body": "x", "user": {"plan": "pro"}}, {"label": "yes"}, {"n": 1}, ("tier:pro", "odd")),
    Example("b", {"body": "y", "user": {"plan": None}}, {"label": "no"}, {}, ()),
)


def test_inputs_metadata_and_tags_become_columns_and_the_reference_does_not():
    known = from_examples(EXAMPLES, ["b", "a", "gone"])
    assert {(one.label, one.origin, one.path): one.values for one in known.columns} == {
        ("body", "field", "inputs.body"): ("y", "x", None),
        ("plan", "field", "inputs.user.plan"): (None, "pro", None),
        ("n", "field", "metadata.n"): (None, 1, None),
        ("tier", "tag", "tier"): (None, "pro", None),
    }
    assert known.unknown == 1


def test_two_fields_of_one_name_keep_their_paths():
    one = Example("a", {"n": 1, "user": {"n": 2}})
    assert [column.label for column in from_examples([one], ["a"]).columns] == ["inputs.n", "inputs.user.n"]


def test_another_dataset_is_refused():
    with pytest.raises(DataError, match="holds none of the examples of these runs, such as 'z'"):
        from_examples(EXAMPLES, ["z"])


@pytest.fixture(params=["jsonl", "csv", "parquet"])
def file(request, tmp_path):
    rows = [{"topic": "t", "item": 1, "calls": 2, "text": "a"}, {"topic": "t", "item": 2, "calls": None, "text": "b"}]
    path = tmp_path / f"f.{request.param}"
    if request.param == "jsonl":
        path.write_text("\n".join(json.dumps(row) for row in rows))
    elif request.param == "csv":
        path.write_text("topic,item,calls,text\nt,1,2,a\nt,2,,b\n")
    else:
        import pyarrow as pa  # noqa: PLC0415
        import pyarrow.parquet as pq  # noqa: PLC0415

        pq.write_table(pa.Table.from_pylist(rows), path)
    return path


def test_every_format_says_the_same(file):
    known = from_file(file, ("topic", "item"), ["t/2", "t/1", "t/9"])
    assert {one.path: one.values for one in known.columns} == {
        "metadata.calls": (None, 2, None),
        "metadata.text": ("b", "a", None),
    }
    assert known.unknown == 1


@pytest.mark.parametrize(
    ("text", "id_columns", "error", "reported"),
    [
        ("a,b\n1,2\n", ("id",), UsageError, "has no column 'id'; it has: a, b"),
        ("a,b\n1,2\n1,3\n", ("a",), DataError, "more than one row for example '1'"),
        ("a,b\n7,2\n", ("a",), DataError, "names none of the compared examples: it has '7', the evidence '1'"),
        ("a\n1\n", ("a",), DataError, "has no column beside a"),
        ("a,b\n1,2,3\n", ("a",), DataError, "cannot be read"),
    ],
)
def test_a_file_that_cannot_be_used_is_a_sentence(tmp_path, text, id_columns, error, reported):
    path = tmp_path / "f.csv"
    path.write_text(text)
    with pytest.raises(error, match=reported):
        from_file(path, id_columns, ["1"])


def test_a_format_we_do_not_know_lists_those_we_do(tmp_path):
    with pytest.raises(DataError, match=r"features are one of: \.jsonl, \.csv, \.parquet"):
        from_file(tmp_path / "f.xlsx", ("a",), ["1"])
    with pytest.raises(DataError, match="does not exist"):
        from_file(tmp_path / "f.csv", ("a",), ["1"])
