"""A table reads declared columns from CSV, JSONL, Parquet and data frames, and refuses what it cannot read."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seatrial.errors import DataError, UsageError
from seatrial.table import Column, Kind, read_table
from seatrial.table.codes import Encoder, encode
from seatrial.table.names import name_columns
from seatrial.table.raw import Listed
from seatrial.table.read import read_frame

COLUMNS = (
    Column("id", Kind.TEXT, "which one", required=True),
    Column("confidence", Kind.NUMBER, "stated confidence"),
    Column("attempt", Kind.COMPLETE, "which attempt"),
    Column("at", Kind.TIME, "when"),
)
ROWS = [
    {"id": "a", "confidence": 0.5, "attempt": 1, "at": "2026-03-01T00:30:00+00:00", "tier": " free "},
    {"id": "b", "confidence": None, "attempt": None, "at": None, "tier": None},
    {"id": "7", "confidence": True, "attempt": 3.0, "at": "2026-03-01T01:30:00+01:00", "tier": "pro"},
]


def write(tmp_path, kind):
    path = tmp_path / f"t.{kind}"
    if kind == "jsonl":
        path.write_text("".join(json.dumps(row) + "\n" for row in ROWS))
    elif kind == "csv":
        lines = [",".join(ROWS[0])] + [",".join("" if v is None else str(v) for v in row.values()) for row in ROWS]
        path.write_text("\n".join(lines) + "\n")
    else:
        columns = {name: [row[name] for row in ROWS] for name in ROWS[0]}
        columns["confidence"] = [0.5, None, 1.0]
        columns["attempt"] = [1, None, 3]
        columns["at"] = [None if v is None else datetime.fromisoformat(v).astimezone(UTC) for v in columns["at"]]
        pq.write_table(pa.table(columns), path)
    return path


@pytest.mark.parametrize("kind", ["csv", "jsonl", "parquet"])
def test_every_format_gives_the_same_table(tmp_path, kind):
    table = read_table(write(tmp_path, kind), COLUMNS, segments=["tier"])
    half_past = datetime(2026, 3, 1, 0, 30, tzinfo=UTC).timestamp()
    assert [table.codes("id").text(i) for i in range(3)] == ["a", "b", "7"]
    np.testing.assert_array_equal(table.numbers("confidence"), [0.5, np.nan, 1.0])
    np.testing.assert_array_equal(table.numbers("attempt"), [1, np.nan, 3])
    np.testing.assert_array_equal(table.numbers("at"), [half_past, np.nan, half_past])
    tier = table.codes("segment.tier")
    assert [tier.text(i) for i in range(3)] == ["free", "unknown", "pro"]
    assert table.dimensions == ("tier",)
    np.testing.assert_array_equal(table.missing("confidence"), [False, True, False])


def test_a_frame_gives_the_same_table_as_its_file(tmp_path):
    path = write(tmp_path, "parquet")
    from_file = read_table(path, COLUMNS)
    for frame in (pd.read_parquet(path), pq.read_table(path)):
        table = read_frame(frame, COLUMNS)
        np.testing.assert_array_equal(table.numbers("at"), from_file.numbers("at"))
        np.testing.assert_array_equal(table.numbers("confidence"), from_file.numbers("confidence"))
    with pytest.raises(UsageError, match="is a list; give a pandas data frame or an Arrow table"):
        read_frame([], COLUMNS)


def test_a_mapped_name_wins_over_a_column_of_that_name(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("id,other,confidence\na,x,1\nb,y,0\n")
    table = read_table(path, COLUMNS, mapping={"id": ["other"]})
    assert table.codes("id").values == ("x", "y")


def test_segment_finds_the_prefixed_column(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("id,segment.tier\na,free\n")
    assert read_table(path, COLUMNS, segments=["tier"]).dimensions == ("tier",)


def test_two_joined_columns_are_one_id_only_where_both_parts_agree():
    raw = {"x": Listed(["a/b", "a", "a", None]), "y": Listed(["c", "b/c", "b\\/c", "d"])}
    named = name_columns(raw, COLUMNS, "t", mapping={"id": ["x", "y"]})
    codes = named.columns["id"].texts()
    assert [codes.text(i) for i in range(4)] == ["a/b/c", "a/b\\/c", "a/b\\\\\\/c", None]


@given(st.lists(st.tuples(*[st.text(alphabet="/\\ab", max_size=4)] * 3), min_size=1, max_size=30))
@settings(max_examples=200, deadline=None)
def test_joining_is_injective(rows):
    raw = {name: Listed([row[i] for row in rows]) for i, name in enumerate("xyz")}
    codes = name_columns(raw, COLUMNS, "t", mapping={"id": ["x", "y", "z"]}).columns["id"].texts()
    assert len(set(codes.values)) == len(set(rows))


@given(st.lists(st.one_of(st.none(), st.text(max_size=3)), max_size=50))
def test_codes_give_the_texts_back(texts):
    codes = encode(texts)
    assert [codes.text(i) for i in range(len(texts))] == texts


def test_pieces_are_encoded_as_one_column_and_the_empty_text_is_null():
    encoder = Encoder()
    encoder.add(("b", "", "a"))
    encoder.add(("a", "c"))
    codes = encoder.codes()
    assert codes.values == ("b", "a", "c")
    assert codes.index.tolist() == [0, -1, 1, 1, 2]


def test_times_without_a_zone_are_refused_with_count_and_example(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("id,at\na,2026-03-01T00:30:00\nb,2026-03-01T00:30:00Z\nc,2026-03-02T00:30:00\n")
    with pytest.raises(DataError, match=r"2 values of at name no time zone, e.g. '2026-03-01T00:30:00'.*--timezone"):
        read_table(path, COLUMNS)


def test_a_declared_zone_reads_as_offsets_written_out(tmp_path):
    naive, written = tmp_path / "n.csv", tmp_path / "w.csv"
    naive.write_text("id,at\na,2026-03-01T00:30:00\nb,2026-07-01T00:30:00\n")
    written.write_text("id,at\na,2026-03-01T00:30:00+01:00\nb,2026-07-01T00:30:00+02:00\n")
    zone = ZoneInfo("Europe/Berlin")
    np.testing.assert_array_equal(
        read_table(naive, COLUMNS, zone=zone).numbers("at"), read_table(written, COLUMNS).numbers("at")
    )


def test_parquet_times_without_a_zone_follow_the_same_rule(tmp_path):
    path = tmp_path / "t.parquet"
    pq.write_table(pa.table({"id": ["a"], "at": [np.datetime64("2026-03-01T00:30", "us")]}), path)
    with pytest.raises(DataError, match="1 values of at name no time zone"):
        read_table(path, COLUMNS)
    there = read_table(path, COLUMNS, zone=ZoneInfo("Europe/Berlin")).numbers("at")
    assert there[0] == datetime(2026, 2, 28, 23, 30, tzinfo=UTC).timestamp()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("id,confidence\na,high\n", "row 1: confidence is 'high', which is not a number"),
        ("id,confidence\na,1_0\n", "row 1: confidence is '1_0'"),
        ("id,confidence\na,inf\n", "row 1: confidence is inf, which is not a finite number"),
        ("id,attempt\na,1\nb,1.5\n", "row 2: attempt is 1.5, which is not a whole number"),
        ("id,at\na,yesterday\n", "row 1: at is 'yesterday', which is not a time"),
        ("confidence\n1\n", r"has no column id \(which one\); map it with --map id=COLUMN. Columns: confidence"),
        ("id,id\na,b\n", "has the column 'id' more than once"),
        ("id,confidence\na\n", "line 2 has 1 values, the header has 2"),
        ('id,confidence\n"a,1\n', "line 2: a quote is left open"),
        ('id,confidence\n"a"b,1\n', "line 2: a quote is left open, or text follows a closed one"),
        ("id\n", "holds no rows"),
        ("", "is empty"),
    ],
)
def test_what_is_no_such_table_is_refused_with_its_place(tmp_path, text, message):
    path = tmp_path / "t.csv"
    path.write_text(text)
    with pytest.raises(DataError, match=message):
        read_table(path, COLUMNS)


def test_rows_between_two_open_quotes_are_refused(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text('id,tier,note\na,free,x\nb,pro,"y\nc,free,x\nd,pro,"\ne,free,x\n')
    with pytest.raises(DataError, match="line 3: a value in quotes goes over several lines"):
        read_table(path, COLUMNS)


def test_text_over_several_lines_is_a_value(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text('id,note\na,"first, line\nsecond, line"\nb,x\n')
    assert len(read_table(path, COLUMNS)) == 2


def test_a_written_nan_is_refused_where_the_column_says_so(tmp_path):
    strict = (COLUMNS[0], Column("confidence", Kind.NUMBER, "stated", nan=False))
    path = tmp_path / "t.csv"
    path.write_text("id,confidence\na,1\nb,nan\nc,\n")
    with pytest.raises(DataError, match="row 2: confidence is 'nan', which is no number"):
        read_table(path, strict)
    np.testing.assert_array_equal(read_table(path, COLUMNS).numbers("confidence"), [1, np.nan, np.nan])


def test_unknown_names_on_the_command_line_list_those_that_are(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("id,tier\na,free\n")
    with pytest.raises(
        UsageError, match=r"no column is called 'score'; choose one of: id, confidence, attempt, at, seg"
    ):
        read_table(path, COLUMNS, mapping={"score": ["tier"]})
    with pytest.raises(UsageError, match=r"--map id=x: .* has no column 'x'; it has: id, tier"):
        read_table(path, COLUMNS, mapping={"id": ["x"]})
    with pytest.raises(UsageError, match=r"--segment: .* has no column 'plan'"):
        read_table(path, COLUMNS, segments=["plan"])


def test_columns_that_nothing_was_made_of_are_named(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("id,tier,note\na,free,x\n")
    assert read_table(path, COLUMNS, segments=["tier"]).metadata["others"] == "note"


def test_json_lines_that_contradict_themselves_are_refused(tmp_path):
    path = tmp_path / "t.jsonl"
    path.write_text('{"id": "a", "id": "b"}\n')
    with pytest.raises(DataError, match=r"line 1 is no JSON object .* 'id' more than once"):
        read_table(path, COLUMNS)


def test_a_mask_keeps_its_rows(tmp_path):
    table = read_table(write(tmp_path, "csv"), COLUMNS, segments=["tier"])
    kept = table.where(np.array([True, False, True]))
    assert len(kept) == 2
    assert kept.codes("segment.tier").values == ("free", "pro")
