"""Between Arrow and numpy: the same values there and back, and a gate that never asks for pandas."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet
import pytest

from seatrial.table.arrow import MANY, from_numpy, listed, one_array, texts, to_numpy

if TYPE_CHECKING:
    from pathlib import Path

GATE = """
import sys
from seatrial.cli.app import run
run(sys.argv[1:])
print("loaded:", *[name for name in ("pandas", "scipy") if name in sys.modules])
"""


@pytest.mark.parametrize(
    "values",
    [[1.5, -2.0, 0.0], [True, False, True] * 5, [3, -4, 5], np.array([7, 8], dtype=np.int32)],
    ids=["floats", "booleans", "whole numbers", "small whole numbers"],
)
def test_values_are_the_same_there_and_back(values: Any) -> None:
    given = np.asarray(values)
    there = from_numpy(given)
    there.validate(full=True)
    assert there.to_pylist() == given.tolist()
    back = to_numpy(there)
    assert (back.tolist(), back.dtype) == (given.tolist(), given.dtype)


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        ([3, None, 5] * 7, None),
        ([1, 2.5, None, float("nan"), 5, 6, 7, 8, None], None),
        (["a", None, "é", "", "日本"], None),
        ([None, None], None),
        ([], None),
        ([], pa.string()),
        ([None], pa.int64()),
        ([1, None], pa.float64()),
        ([True, None], None),
        ([{"a": 1}], None),
        (["x"] * (MANY + 1), None),
    ],
)
def test_a_list_becomes_what_pyarrow_makes_of_it(values: list[Any], kind: pa.DataType | None) -> None:
    found, known = listed(values, kind), pa.array(values, type=kind)
    found.validate(full=True)
    assert found.type == known.type
    assert str(found.to_pylist()) == str(known.to_pylist())  # text: NaN is not equal to itself


@pytest.mark.parametrize(("values", "kind"), [([1, "a"], pa.string()), (["a"], pa.float64()), ([2**70], pa.int64())])
def test_a_list_of_the_wrong_kind_is_refused(values: list[Any], kind: pa.DataType) -> None:
    with pytest.raises((pa.ArrowException, OverflowError)):
        listed(values, kind)


@pytest.mark.parametrize("kind", [pa.float64(), pa.int64(), pa.bool_()])
def test_a_slice_a_column_in_pieces_and_an_empty_one_are_read_from_where_they_begin(kind: pa.DataType) -> None:
    complete = pa.array([0, 1, 1, 0, 1], type=pa.int8()).cast(kind)
    assert to_numpy(complete.slice(1, 3)).tolist() == [1, 1, 0]
    assert to_numpy(pa.chunked_array([complete.slice(3), complete.slice(0, 2)])).tolist() == [0, 1, 0, 1]
    assert to_numpy(pa.chunked_array([], type=kind)).size == 0


def test_an_array_of_a_strided_view_holds_the_view() -> None:
    assert from_numpy(np.arange(6.0)[::2]).to_pylist() == [0.0, 2.0, 4.0]
    assert from_numpy(np.arange(6)[::2] > 2).to_pylist() == [False, False, True]


def test_texts_are_utf_8_and_may_be_empty() -> None:
    made = texts("scored", "", "Größe")
    made.validate(full=True)
    assert made.to_pylist() == ["scored", "", "Größe"]
    assert one_array(pa.chunked_array([made, made])).to_pylist() == ["scored", "", "Größe"] * 2


@pytest.mark.parametrize("suffix", ["parquet", "csv"])
def test_the_gate_loads_neither_pandas_nor_scipy_though_both_are_installed(tmp_path: Path, suffix: str) -> None:
    assert all(importlib.util.find_spec(name) for name in ("pandas", "scipy"))
    n = 60
    table = pa.table(
        {
            "example_id": [f"e{i}" for i in range(n)] * 2,
            "version": ["v1"] * n + ["v2"] * n,
            "score": [None if i % 20 == 0 else float(i % 3 > 0) for i in range(n)] * 2,
            "segment.tier": ["free", "pro", ""] * (2 * n // 3),
        }
    )
    path = tmp_path / f"evidence.{suffix}"
    pyarrow.parquet.write_table(table, path) if suffix == "parquet" else pyarrow.csv.write_csv(table, path)
    command = [sys.executable, "-c", GATE, "gate", "--evidence", str(path), "--baseline", "v1", "--candidate", "v2"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert "loaded:" in done.stdout, done.stderr
    assert done.stdout.rpartition("loaded:")[2].split() == []
