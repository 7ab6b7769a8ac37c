"""The content hash of a table, and the checksums of our pages."""

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seatrial.errors import DataError
from seatrial.evidence.content import table_hash
from seatrial.evidence.read import read_evidence
from seatrial.evidence.write import Repeated, write_parquet

WORDS = st.lists(st.one_of(st.none(), st.text(max_size=4)), min_size=1, max_size=12)


@settings(max_examples=40)
@given(WORDS, st.integers(0, 12))
def test_encoding_chunks_and_order_of_columns_do_not_change_the_hash(words, cut):
    plain = pa.array(words, pa.string())
    numbers = pa.array([None if word is None else len(word) for word in words], pa.int64())
    table = pa.table({"reason": plain, "repetition": numbers})
    chunks = pa.chunked_array([plain[:cut], plain[cut:]], pa.string())
    coded = pa.table({"repetition": numbers, "reason": chunks.dictionary_encode()})
    assert table_hash(table) == table_hash(coded)


@settings(max_examples=40)
@given(WORDS, WORDS)
def test_other_values_are_another_hash(one, two):
    a, b = (table_hash(pa.table({"reason": pa.array(words, pa.string())})) for words in (one, two))
    assert (a == b) == (one == two)


@pytest.mark.parametrize(
    "other",
    [
        {"score": pa.array([1.0, None])},
        {"score": pa.array([None, 1.0])},
        {"score": pa.array([0.0, 1.0])},
        {"score": pa.array([1, 1], pa.int64())},
        {"scope": pa.array([1.0, 1.0])},
        {"score": pa.array([1.0, 1.0]), "reason": pa.nulls(2, pa.string())},
    ],
)
def test_a_gap_a_type_and_a_name_are_part_of_the_content(other):
    assert table_hash(pa.table({"score": pa.array([1.0, 1.0])})) != table_hash(pa.table(other))


def test_what_was_written_is_what_is_read(tmp_path):
    columns = {
        "example_id": Repeated(["a", "b"], each=2),
        "version": Repeated(["v1"], 4),
        "key": Repeated(["x", "y"], times=2),
        "score": [1.0, 0.5, None, 0.0],
        "outcome": ["scored", "scored", "evaluator_error", "scored"],
        "segment.tier": Repeated(["free", "free"], each=2),
        "judge": Repeated([None], 4),
    }
    kept = write_parquet(columns, tmp_path / "e.parquet", {"run_id": "r"})
    assert len(read_evidence(tmp_path / "e.parquet", content=kept)) == 4
    columns["score"] = [1.0, 1.0, None, 1.0]
    write_parquet(columns, tmp_path / "e.parquet", {"run_id": "r"})
    with pytest.raises(DataError, match="is not the table that was written there"):
        read_evidence(tmp_path / "e.parquet", content=kept)


def test_our_pages_have_checksums_and_a_damaged_page_is_refused(tmp_path):
    file = tmp_path / "e.parquet"
    ids = [f"example-{n:04}" for n in range(200)]
    write_parquet({"example_id": ids, "version": ["v1"] * 200, "score": [1.0] * 200}, file, {})
    column = pq.read_metadata(file).row_group(0).column(0)
    raw = bytearray(file.read_bytes())
    raw[column.data_page_offset + column.total_compressed_size // 2] ^= 1
    file.write_bytes(raw)
    with pytest.raises(DataError, match=r"(?i)no readable Parquet file.*(checksum|crc)"):
        read_evidence(file)
