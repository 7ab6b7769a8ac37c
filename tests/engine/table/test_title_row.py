"""A title above the header is recognised, and no header of a table is taken for one."""

import pytest

from seatrial.errors import DataError
from seatrial.table.read import raw_columns
from seatrial.table.title_row import title_above

HEADER, DATA = ["id", "score", "tier"], [["a", "1", "pro"], ["b", "0", "free"], ["c", "1", "pro"]]


def placed(*rows):
    return list(enumerate(rows, start=1))


@pytest.mark.parametrize(
    ("above", "values", "place"),
    [
        ([["Results of June", "", ""]], "1 value", 2),
        ([["Results of June"], [], ["as of", "Monday"]], "1 value", 4),
    ],
)
def test_a_title_names_the_row_that_looks_like_the_header(above, values, place):
    assert title_above(placed(*above, HEADER, *DATA)) == (
        f"the first row has {values}, and row {place} looks like the header (id, score, tier): delete the rows above it"
    )


@pytest.mark.parametrize(
    "rows",
    [
        [HEADER, *DATA],
        [["", "score"], ["a", "yes"], ["b", "no"]],  # a data frame's index has no name
        [["id", "", ""], ["a", "yes", "pro"], ["b", "no", "pro"]],  # a word of data occurs in its column again
        [["id", "", ""], ["a", "1", "pro"], ["b", "0", "free"]],  # a header holds no number
        [["id", "score"], ["a", "1", "more"], ["b", "0", "free"]],
        [["Results of June"], HEADER],
        [],
    ],
)
def test_a_header_is_no_title(rows):
    assert title_above(placed(*rows)) == ""


@pytest.mark.parametrize("above", ["Results of June\n\n", "Results of June,,\n,,\n"])
def test_a_csv_file_with_a_title_is_refused_by_its_lines(tmp_path, above):
    path = tmp_path / "june.csv"
    path.write_text(above + "\n".join(map(",".join, [HEADER, *DATA])) + "\n")
    with pytest.raises(DataError, match=r"line 3 looks like the header \(id, score, tier\)"):
        raw_columns(path)
