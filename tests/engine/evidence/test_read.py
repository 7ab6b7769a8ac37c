"""Reading foreign files: what is good is read in full, what is bad is one sentence naming the file and the place."""

import csv
import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from seatrial.cli.app import run
from seatrial.errors import DataError, SeatrialError, UsageError
from seatrial.evidence import read_evidence
from seatrial.evidence.combine import combine

HEAD = "example_id,version,score\n"


def line(**cells):
    return json.dumps({"example_id": "e1", "version": "a", "score": 1, **cells}) + "\n"


def parquet(rows=2, **columns):
    sink = pa.BufferOutputStream()
    table = pa.table({"example_id": ["e1", "e2"], "version": ["a", "a"], "score": [1.0, 0.0], **columns})
    pq.write_table(table.slice(0, rows), sink)
    return sink.getvalue().to_pybytes()


def twice_named():
    sink = pa.BufferOutputStream()
    names = ["example_id", "version", "score", "score"]
    pq.write_table(pa.table([pa.array(["e1"]), pa.array(["a"]), pa.array([1.0]), pa.array([0.0])], names=names), sink)
    return sink.getvalue().to_pybytes()


# name, suffix, bytes, and what the sentence must say besides the file
BAD = [
    ("empty file", ".csv", b"", "is empty"),
    ("empty file", ".jsonl", b"", "is empty"),
    ("empty file", ".parquet", b"", "is empty"),
    ("no rows", ".csv", HEAD, "holds no rows"),
    ("no rows", ".jsonl", "\n \n", "holds no rows"),
    ("no rows", ".parquet", parquet(rows=0), "holds no rows"),
    ("no example_id", ".csv", "version,score\na,1\n", "no column example_id (which example); map it with --map"),
    ("no version", ".csv", "example_id,score\ne1,1\n", "no column version; map it with --map"),
    ("no score", ".csv", "example_id,version\ne1,a\n", "neither score nor outcome; map one"),
    ("a second row", ".csv", HEAD + "e1,a,1\ne2,a,1\ne1,a,0\n", "row 3: a second row for example_id 'e1'"),
    ("score over 1", ".csv", HEAD + "e1,a,1\ne2,a,1.5\n", "row 2: score 1.5 lies outside 0..1"),
    ("score under 0", ".jsonl", line() + line(example_id="e2", score=-0.1), "row 2: score -0.1 lies outside 0..1"),
    ("NaN", ".parquet", parquet(score=[1.0, float("nan")]), "row 2: score is NaN, which is no number"),
    ("NaN", ".csv", HEAD + "e1,a,nan\n", "row 1: score is 'nan', which is no number"),
    ("NaN", ".jsonl", line().replace(" 1}", " NaN}"), "line 1 is no JSON object (cut short?): NaN is no number"),
    ("infinity", ".jsonl", line().replace(" 1}", " 1e999}"), "row 1: score is inf, which is not a finite number"),
    ("infinity", ".csv", HEAD + "e1,a,-inf\n", "row 1: score is -inf, which is not a finite number"),
    (
        "a word as score",
        ".csv",
        HEAD + "e1,a,1\ne2,a,maybe\n",
        "row 2: score is 'maybe', which is not a number",
    ),
    ("1_0 as score", ".csv", HEAD + "e1,a,1_0\n", "row 1: score is '1_0'"),
    ("a list as score", ".jsonl", line(score=[1]), "row 1: score is '[1]'"),
    ("an object as score", ".jsonl", line(score={"x": 1}), "row 1: score is '{"),
    ("a date as score", ".parquet", parquet(score=pa.array([1, 0], pa.date32())), "row 1: score is '1970"),
    (
        "unknown outcome",
        ".csv",
        "example_id,version,outcome\ne2,a,skipped\ne1,a,passed\n",
        "row 2: outcome 'passed' is unknown; choose",
    ),
    ("unknown error_kind", ".jsonl", line(score=None, error_kind="bored"), "row 1: error_kind 'bored' is unknown"),
    ("cut short", ".parquet", parquet()[:200], "no readable Parquet"),
    ("cut short", ".jsonl", line() + '{"example_id": "e2", "ver', "line 2 is no JSON object (cut short?)"),
    ("cut short", ".csv", HEAD + '"e1,a,1\n', "line 2: a quote is left open"),
    ("too few cells", ".csv", HEAD + "e1,a,1\ne2,a\n", "line 3 has 2 values, the header has 3"),
    ("binary", ".csv", bytes(range(256)) * 20, "is not in UTF-8"),
    ("binary", ".jsonl", bytes(range(256)) * 20, "line 1 is no"),
    ("binary", ".parquet", bytes(range(256)) * 20, "no readable Parquet"),
    ("an unknown encoding", ".csv", (HEAD + "ü1,a,1\n").encode("cp437"), "UTF-8"),
    ("latin-1", ".jsonl", b'{"example_id": "\xe9"}\n', "line 1 is not UTF-8"),
    ("10 MB line", ".jsonl", line(reason="x" * 10_000_000), "line 1 is longer than 8,000,000 bytes"),
    ("10 MB header", ".csv", "x" * 10_000_000 + "\n1\n", "line 1: a value is longer than 8,000,000 characters"),
    (
        "10 MB cell",
        ".csv",
        HEAD + "e1,a,1" + "x" * 10_000_000 + "\n",
        "line 2: a value is longer than 8,000,000 characters",
    ),
    ("twice the same column", ".csv", "example_id,version,score,score\ne1,a,1,0\n", "column 'score' more than once"),
    ("twice the same column", ".parquet", twice_named(), "column 'score' more than once"),
    (
        "twice the same name",
        ".jsonl",
        '{"example_id":"e1","version":"a","score":1,"score":0}\n',
        "'score' more than once",
    ),
    ("no id", ".jsonl", line() + line(example_id=None), "row 2: example_id is missing"),
    ("no id", ".csv", HEAD + "e1,a,1\n,a,1\n", "row 2: example_id is missing"),
    ("empty id", ".jsonl", line(example_id=""), "row 1: example_id is empty"),
    ("no version", ".csv", HEAD + "e1,,1\n", "row 1: version is missing"),
    ("a list", ".jsonl", "[1]\n", "line 1 is a list, not an object"),
    ("a number", ".jsonl", line() + "7\n", "line 2 is a int, not an object"),
    ("too deep", ".jsonl", '{"a":' * 100_000, "line 1 is no JSON object"),
    (
        "half a surrogate pair",
        ".jsonl",
        line() + r'{"example_id":"\ud800","version":"a","score":1}',
        "line 2 is no JSON",
    ),
    (
        "half a repetition",
        ".csv",
        "example_id,version,score,repetition\ne1,a,1,0.5\n",
        "row 1: repetition is 0.5, which is not a whole number",
    ),
    ("negative repetition", ".jsonl", line(repetition=-1), "repetition is negative"),
    (
        "a hash as repetition",
        ".jsonl",
        line(repetition=2**62),
        "repetition is 4.6116860184273879e+18, which is not a whole number of at most 2^53",
    ),
    ("a huge repetition", ".jsonl", line(repetition=10**30), "row 1: repetition is 1e+30, which is not a whole number"),
    (
        "bytes as id",
        ".parquet",
        parquet(example_id=[b"\xff", b"a"]),
        "column example_id (binary) cannot be read as text",
    ),
    ("a list of nothing as tokens", ".jsonl", line(input_tokens=["x"]), "row 1: input_tokens is '["),
]


@pytest.fixture
def file(tmp_path):
    def write(suffix, content):
        path = tmp_path / f"evidence{suffix}"
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    return write


@pytest.mark.parametrize(
    ("name", "suffix", "content", "reported"), BAD, ids=[f"{name}{suffix}" for name, suffix, *_ in BAD]
)
def test_a_bad_file_is_one_sentence_naming_file_and_place(file, name, suffix, content, reported):
    path = file(suffix, content)
    with pytest.raises(DataError) as caught:
        read_evidence(path)
    assert str(path) in str(caught.value)
    assert reported in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("name", "suffix", "content", "reported"), BAD, ids=[f"{name}{suffix}" for name, suffix, *_ in BAD]
)
def test_a_bad_file_on_the_command_line_is_no_verdict_and_no_traceback(file, capsys, name, suffix, content, reported):
    path = file(suffix, content)
    code = run(["gate", "--evidence", str(path), "--baseline", "a", "--candidate", "b", "--json"])
    out, err = capsys.readouterr()
    missing_column = "map it with" in reported or "map one" in reported
    assert code == (3 if missing_column else 2)
    assert err.startswith("seatrial: ")
    assert reported in err
    assert len(err.splitlines()) == 1
    refusal = json.loads(out)
    assert (refusal["verdict"], refusal["exit_code"]) == ("inconclusive", code)
    assert refusal["reason_class"] == ("usage" if missing_column else "invalid")
    assert reported in refusal["reason"]


@pytest.mark.parametrize(
    ("name", "reported"),
    [
        ("nowhere.csv", "does not exist"),
        ("folder.csv", "is a folder; a table is one file"),
        ("results.ods", "cannot tell its format from '.ods'"),
        ("results", "cannot tell its format from 'a name without a suffix'"),
        ("x" * 300 + ".csv", "cannot be opened"),
    ],
)
def test_what_is_no_evidence_file_is_refused_by_name(tmp_path, name, reported):
    (tmp_path / "folder.csv").mkdir()
    if name.startswith("results"):
        (tmp_path / name).write_text("x")
    with pytest.raises(DataError, match=reported):
        read_evidence(tmp_path / name)


# ---------------------------------------------------------------- what is good


def scores(evidence):
    return evidence.values("score")


@pytest.mark.parametrize(
    "column",
    [
        pa.array([True, False]),
        pa.array([1, 0], pa.int8()),
        pa.array([1, 0], pa.uint64()),
        pa.array([1, 0], pa.float32()),
        pa.array(np.array([1, 0], np.float16)),
        pa.array(["1", "0"]),
        pa.array(["1.0", "0"], pa.large_string()),
        pa.array(["true", "False"]).dictionary_encode(),
        pa.array([1.0, 0.0]).dictionary_encode(),
    ],
    ids=lambda column: str(column.type),
)
def test_a_score_column_of_any_number_type_is_read(file, column):
    assert scores(read_evidence(file(".parquet", parquet(score=column)))) == [1.0, 0.0]


@pytest.mark.parametrize("word", ["true", "True", "TRUE", "1", "1.0", " 1", "1e0"])
def test_boolean_words_and_numbers_with_spaces_are_scores_in_csv(file, word):
    assert scores(read_evidence(file(".csv", HEAD + f"e1,a,{word}\ne2,a,false\n"))) == [1.0, 0.0]


@pytest.mark.parametrize("suffix", [".csv", ".jsonl"])
def test_a_byte_order_mark_is_no_part_of_the_first_name(file, suffix):
    content = HEAD + "e1,a,1\n" if suffix == ".csv" else line()
    found = read_evidence(file(suffix, b"\xef\xbb\xbf" + content.encode()))
    assert found.values("example_id") == ["e1"]


def test_mixed_types_in_jsonl_are_text_for_ids_and_numbers_for_scores(file):
    rows = [(7, 1), ("8", 0.5), (9.5, True), ("é", "0")]
    found = read_evidence(file(".jsonl", "".join(line(example_id=i, score=s) for i, s in rows)))
    assert found.values("example_id") == ["7", "8", "9.5", "é"]
    assert scores(found) == [1.0, 0.5, 1.0, 0.0]


def test_the_same_id_as_number_and_as_text_is_one_example(file):
    with pytest.raises(DataError, match="a second row for example_id '7'"):
        read_evidence(file(".jsonl", line(example_id=7) + line(example_id="7")))


def test_dictionary_encoded_columns_bring_only_the_words_their_rows_say(file):
    def words(*values):
        return pa.DictionaryArray.from_arrays(pa.array([0, 0], pa.int32()), pa.array(list(values)))

    content = parquet(version=words("a", "retired"), key=words("ok", "old"), outcome=words("scored", "no such word"))
    found = read_evidence(file(".parquet", content))
    assert (found.versions, found.keys) == (("a",), ("ok",))


def test_dictionaries_that_differ_between_row_groups_are_one_column(file, tmp_path):
    def part(*names):
        return pa.table({"example_id": pa.array(names).dictionary_encode(), "version": ["a"] * 2, "score": [1.0, 0.0]})

    path = tmp_path / "groups.parquet"
    with pq.ParquetWriter(path, part("x", "y").schema) as writer:
        writer.write_table(part("x", "y"))
        writer.write_table(part("z", "w"))
    found = read_evidence(path)
    codes = found.codes("example_id")
    assert [codes.values[i] for i in codes.index] == ["x", "y", "z", "w"]


def test_defaults_are_filled_in(file):
    found = read_evidence(file(".csv", "example_id,version,score,segment.t\ne1,a,1,x\ne2,a,,\n"))
    assert found.values("key") == ["score", "score"]
    assert found.values("repetition") == [0, 0]
    # a row without a score is missing; a row without a place is shown as unknown, never dropped
    assert found.values("outcome") == ["scored", "skipped"]
    assert found.values("segment.t") == ["x", "unknown"]


def test_foreign_columns_are_mapped_and_joined(file):
    path = file(".csv", "topic,item,model,passed\nfr,1,gpt,true\nde,1,gpt,false\n")
    mapping = {"example_id": ("topic", "item"), "version": ("model",), "score": ("passed",)}
    found = read_evidence(path, mapping=mapping, segments=["topic"])
    assert found.values("example_id") == ["fr/1", "de/1"]
    assert found.dimensions == ("topic",)
    assert scores(found) == [1.0, 0.0]


@pytest.mark.parametrize(
    ("mapping", "segments", "reported"),
    [
        ({"scor": ("score",)}, (), "no column is called 'scor'; choose one of: example_id"),
        (
            {"score": ("passed",)},
            (),
            "--map score=passed: .* has no column 'passed'; it has: example_id, version, score",
        ),
        ({}, ("tier",), "--segment: .* has no column 'tier'; it has"),
    ],
)
def test_a_name_that_is_not_there_lists_those_that_are(file, mapping, segments, reported):
    with pytest.raises(UsageError, match=reported):
        read_evidence(file(".csv", HEAD + "e1,a,1\n"), mapping=mapping, segments=segments)


def test_a_version_may_come_from_outside(file):
    found = read_evidence(file(".csv", "example_id,score\ne1,1\n"), version="v7")
    assert found.versions == ("v7",)


def test_the_three_formats_say_the_same(file, tmp_path):
    rows = [("e1", "a", 1.0), ("e2", "a", 0.25), ("e1", "b", None)]
    csv = HEAD + "".join(f"{e},{v},{'' if s is None else s}\n" for e, v, s in rows)
    jsonl = "".join(line(example_id=e, version=v, score=s) for e, v, s in rows)
    table = pa.table(dict(zip(("example_id", "version", "score"), map(list, zip(*rows, strict=True)), strict=True)))
    path = tmp_path / "table.parquet"
    pq.write_table(table, path)
    found = [read_evidence(p).rows() for p in (file(".csv", csv), file(".jsonl", jsonl), path)]
    assert found[0] == found[1] == found[2]


# ---------------------------------------------------------------- anything at all

FUZZ = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
FRAGMENT = st.one_of(
    st.binary(max_size=60),
    st.sampled_from(
        [b"example_id,version,score\n", b'{"example_id":1,"version":"a","score":1}\n', b'"', b"\n", b",", b"\\u"]
    ),
    st.sampled_from([b"PAR1", b"\xff\xfe", b"\xef\xbb\xbf", b"1e999", b"[[[[", b"{}", b"null", b"\x00"]),
)


def outcome_of(path):
    """Whether the file was read as something, or refused by a sentence that names it; any other error comes through."""
    try:
        return len(read_evidence(path)) > 0
    except SeatrialError as error:
        return str(path) in str(error)


@pytest.mark.parametrize("suffix", [".csv", ".jsonl", ".parquet"])
@given(parts=st.lists(FRAGMENT, min_size=1, max_size=8))
@FUZZ
def test_no_bytes_bring_anything_but_evidence_or_a_sentence(tmp_path, suffix, parts):
    path = Path(tmp_path) / f"fuzz{suffix}"
    path.write_bytes(b"".join(parts))
    assert outcome_of(path)


@given(at=st.integers(0, 10**6), byte=st.integers(0, 255))
@FUZZ
def test_a_flipped_byte_in_a_parquet_file_is_evidence_or_a_sentence(tmp_path, at, byte):
    content = bytearray(PARQUET)
    content[at % len(content)] = byte
    path = Path(tmp_path) / "fuzz.parquet"
    path.write_bytes(content)
    assert outcome_of(path)


VALUE = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=4), st.lists(st.integers(), max_size=2)
)


@given(
    rows=st.lists(
        st.fixed_dictionaries(
            {},
            optional=dict.fromkeys(
                ("example_id", "version", "score", "repetition", "outcome", "segment.t", "latency_ms"), VALUE
            ),
        ),
        min_size=1,
        max_size=4,
    )
)
@FUZZ
def test_any_json_values_are_evidence_or_a_sentence(tmp_path, rows):
    path = Path(tmp_path) / "fuzz.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    assert outcome_of(path)


PARQUET = parquet(**{"segment.t": ["x", "y"]})


def with_reasons(path, reasons, end="\n"):
    """200 answers of two versions; `reasons` maps a row to how its reason is written, `ok` elsewhere."""
    rows = [f"e{n // 2},v{1 + n % 2},1,{reasons.get(n, 'ok')}" for n in range(200)]
    path.write_text("example_id,version,score,reason\n" + "\n".join(rows) + end)
    return path


@pytest.mark.parametrize(
    ("reasons", "end", "line"),
    [
        ({100: '"no deadline'}, "\n", 102),  # everything to the end of the file is one reason
        ({100: '"no deadline', 160: '"no deadline'}, "\n", 102),  # everything between them is
        ({199: '"cut in the middle of a'}, "", 201),
        ({50: '"an "inner" quote"'}, "\n", 52),
    ],
)
def test_rows_do_not_vanish_behind_a_quote_that_nobody_closed(tmp_path, reasons, end, line):
    with pytest.raises(DataError, match=rf"r\.csv line {line}: a quote is left open, or text follows a closed one"):
        read_evidence(with_reasons(tmp_path / "r.csv", reasons, end))


def test_quotes_that_are_closed_hold_commas_lines_and_quotes(tmp_path):
    written = {3: '"one, ""two""\nand three"', 7: 'a 5" screen', 9: f'"{"x" * 200_000}"'}
    before = csv.field_size_limit()
    found = read_evidence(with_reasons(tmp_path / "r.csv", written))
    assert (len(found), csv.field_size_limit()) == (200, before)
    assert [found.text("reason", n)[:20] for n in (3, 7)] == ['one, "two"\nand three', 'a 5" screen']


def test_rows_between_two_quotes_left_open_are_not_one_value(tmp_path):
    # by the letter this is one value over 61 lines; what it holds are rows of the file
    with pytest.raises(DataError, match="holds what looks like a row of the file"):
        read_evidence(with_reasons(tmp_path / "r.csv", {100: '"no deadline', 160: 'named"'}))


def test_a_mail_over_several_lines_is_one_value(tmp_path):
    mail = '"Dear Ann, Bob, Carl, Dora,\nyes, no, 1, 2, ok\nv1,v2,v1,v2\n\nyours, E"'
    assert len(read_evidence(with_reasons(tmp_path / "r.csv", {100: mail, 101: mail}))) == 200


def stamped(path, **metadata):
    table = pa.table({"example_id": ["e1"], "version": [path.stem], "score": [1.0]})
    pq.write_table(
        table.replace_schema_metadata({f"seatrial.{name}": reported for name, reported in metadata.items()}), path
    )
    return read_evidence(path)


def test_of_several_tables_what_was_counted_is_added_and_one_job_is_not_two(tmp_path):
    a, b = tmp_path / "a.parquet", tmp_path / "b.parquet"
    parts = [
        stamped(a, interleaved="true", blank_scores="3", could_be_segments="language (2)", dataset="d"),
        stamped(b, interleaved="true", blank_scores="3", could_be_segments="tier (4)", dataset="d"),
    ]
    assert combine(parts, "both").metadata == {
        "dataset": "d",
        "blank_scores": "6",
        "could_be_segments": "language (2), tier (4)",
    }
    assert combine([stamped(a, blank_scores="2"), stamped(b)], "both").metadata == {"blank_scores": "2"}
    assert combine([stamped(a, blank_scores="many"), stamped(b)], "both").metadata == {"blank_scores": "many"}
    assert combine([stamped(a), stamped(b)], "both").metadata == {}
