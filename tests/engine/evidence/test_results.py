"""Two files of anybody's results are one table, by the names people use; what is ambiguous is asked about."""

import json
import shlex
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from seatrial.cli.app import run
from seatrial.errors import DataError, InvalidComparison, MissingExtra, UsageError
from seatrial.evidence.reading import Reading
from seatrial.evidence.results import read_results, version_names
from seatrial.evidence.scores import ScoreRules
from seatrial.table.dialect import Dialect


@pytest.fixture
def two(tmp_path):
    """Two files of the same rows: a header, and the rows of each."""

    def write(header, old, new=None, *, suffix=".csv", encoding="utf-8"):
        paths = []
        for name, rows in (("old", old), ("new", old if new is None else new)):
            path = tmp_path / f"{name}{suffix}"
            path.write_bytes("\n".join([header, *rows, ""]).encode(encoding))
            paths.append(path)
        return paths

    return write


def read(paths, **how):
    return read_results(paths, Reading(**how), versions=version_names(paths), propose=True)


def scores(evidence):
    return sorted({round(x, 6) for x in evidence.numbers("score").tolist() if x == x})


def test_two_files_and_nothing_else_are_judged_and_say_what_was_taken_for_what(two, capsys, monkeypatch):
    monkeypatch.delenv("GITHUB_STEP_SUMMARY", raising=False)
    tiers = ["pro" if i % 2 else "free" for i in range(80)]
    paths = two(
        "question_id,tier,correct,answer",
        [f"q{i},{tier},yes,a{i}" for i, tier in enumerate(tiers)],
        [f"q{i},{tier},{'no' if tier == 'pro' and i < 40 else 'yes'},b{i}" for i, tier in enumerate(tiers)],
    )
    assert run(["gate", *map(str, paths)]) == 1
    out = capsys.readouterr().out
    assert out.startswith("✕ BLOCKED  old → new   exit 1")
    assert "taken: question_id as example, correct as score, tier (2) as segment; not used: answer\n" in out
    assert run(["gate", *map(str, paths), "--critical", "tier=pro", "--json"]) == 1
    assert json.loads(capsys.readouterr().out)["baseline"] == "old"


@pytest.mark.parametrize("name", ["exampleId", "Test ID", "case-id", "uid", "question"])
@pytest.mark.parametrize("score", ["Passed", "is_correct", "success", "result"])
def test_columns_are_found_under_the_names_people_use(two, name, score):
    evidence = read(two(f"{name},{score}", ["a,pass", "b,FAIL"]))
    assert (evidence.codes("example_id").values, scores(evidence)) == (("a", "b"), [0, 1])


@pytest.mark.parametrize(
    ("header", "rows", "reported"),
    [
        ("id,question_id,score", ["a,x,1", "b,x,1"], None),  # only one of the two tells rows apart
        ("case_id,doc_id,score", ["a,x,1", "a,y,1", "b,x,1"], "--map example_id=case_id"),
        ("id,passed,correct", ["a,1,1", "b,1,0"], "--key-columns passed,correct"),
        ("id,tier,faithfulness,relevancy", ["a,x,1,0.5", "b,y,0.2,1"], "--key-columns faithfulness,relevancy"),
        ("id,tier,faithfulness,toxicity", ["a,x,1,1", "b,y,0.2,0"], "--map score=faithfulness takes it"),
        ("a,x,1", ["b,y,1", "c,z,0"], "the first line is taken for the header, and '1' in it is a value"),
        ("id,failed", ["a,1", "b,0"], "failed is worse the higher it is"),
        ("id,verdict", ["a,meh", "b,good"], "--pass WORD"),
        ("id,score", ["a,1.5", "b,3"], "--score-scale LEAST:MOST"),
        ("id,score", ["a,1", "b,nan"], "--na nan"),
        ("id,score", ["a,1", "b,dunno"], "--pass dunno or --fail dunno"),
        ("id,score,version", ["a,1,v1", "a,1,v2"], "--baseline v1 --candidate v2"),
    ],
)
def test_what_is_ambiguous_is_a_question_with_the_option_that_settles_it(two, header, rows, reported):
    paths = two(header, rows)
    if reported is None:
        assert read(paths).codes("example_id").values == ("a", "b")
        return
    with pytest.raises((UsageError, DataError)) as caught:
        read(paths)
    assert reported in str(caught.value)


@pytest.mark.parametrize(
    ("written", "found", "note"),
    [
        (["1", "0", "0.5"], [0, 0.5, 1], None),
        (["89%", "100 %", "0%"], [0, 0.89, 1], "per cent"),
        (["1", "2", "3", "4", "5"], [0, 0.25, 0.5, 0.75, 1], "1 to 5 as 0 to 1"),
        (["87.5", "0", "100"], [0, 0.875, 1], "0 to 100 as 0 to 1"),
        (["1.0000000000000002", "-1e-17"], [0, 1], None),
        (["1", "N/A", "", "0"], [0, 1], "2 missing"),
        (["✓", "✗"], [0, 1], "words as pass and fail"),
    ],
)
def test_scores_are_read_as_they_are_written(two, written, found, note):
    evidence = read(two("id,score", [f"e{i},{one}" for i, one in enumerate(written)]))
    assert scores(evidence) == found
    reported = evidence.metadata.get("read_as", "")
    assert f"({note})" in reported if note else "(" not in reported


def test_given_scales_and_words_win_over_what_would_be_guessed(two):
    paths = two("id,score", ["a,5", "b,1", "c,skip"])
    rules = ScoreRules({"": (0.0, 10.0)}, na=("skip",))
    assert scores(read(paths, scores=rules)) == [0.1, 0.5]
    paths = two("id,label", ["a,gut", "b,schlecht"])
    rules = ScoreRules({}, passed=("gut",), failed=("Schlecht",))
    assert scores(read(paths, scores=rules, mapping={"score": ("label",)})) == [0, 1]
    with pytest.raises(UsageError, match="a word means one thing"):
        ScoreRules({}, passed=("x",), na=("X",))


@pytest.mark.parametrize(
    ("written", "na", "found", "note"),
    [
        (("0.5", "1", "-1"), "-1", [0.5, 1], "1 missing"),
        (("1", "4", "-1"), "-1", [0.1, 0.4], "0 to 10 as 0 to 1, 1 missing"),
        (("0.5", "1", "NaN"), "nan", [0.5, 1], "1 missing"),
        (("0", "1", "9"), "9", [0, 1], "1 missing"),
    ],
)
@pytest.mark.parametrize("suffix", [".csv", ".jsonl", ".parquet"])
def test_a_number_that_is_said_to_be_none_is_missing_in_every_format(two, written, na, found, note, suffix):
    header, *rows = ["id,score", *(f"e{i},{one}" for i, one in enumerate(written))]
    if suffix == ".jsonl":
        if na == "nan":
            pytest.skip("JSON has no NaN")
        header, *rows = (f'{{"id": "e{i}", "score": {one}}}' for i, one in enumerate(written))
    paths = two(header, rows, suffix=suffix)
    if suffix == ".parquet":
        columns = {"id": [f"e{i}" for i in range(len(written))], "score": [float(one) for one in written]}
        for path in paths:
            pq.write_table(pa.table(columns), path)
    scale = {"": (0.0, 10.0)} if "0 to 10" in note else {}
    evidence = read(paths, scores=ScoreRules(scale, na=(na,)))
    assert scores(evidence) == found
    assert f"({note.replace('1 missing', '2 missing')})" in evidence.metadata["read_as"]  # one in each of two files


def test_a_scale_is_one_of_both_files(two):
    evidence = read(two("id,score", ["a,1", "b,1"], ["a,90", "b,100"]))
    assert scores(evidence) == [0.01, 0.9, 1]


@pytest.mark.parametrize(
    ("text", "encoding", "note"),
    [
        ("id;score\né;0,5\nb;1\n", "cp1252", "cp1252, as it is not UTF-8"),
        ("id\tscore\né\t0,5\nb\t1\n", "utf-16", "separated by tabs"),
        ('id,score\né,"0,5"\nb,1\n', "utf-8-sig", "decimal comma"),
        ("id|score\né|0.5\nb|1\n", "utf-8", "separated by bars"),
    ],
)
def test_a_spreadsheets_csv_is_read_and_what_was_found_is_stated(tmp_path, text, encoding, note):
    paths = [tmp_path / "old.csv", tmp_path / "new.csv"]
    for path in paths:
        path.write_bytes(text.encode(encoding))
    evidence = read(paths)
    assert evidence.codes("example_id").values == ("é", "b")
    assert scores(evidence) == [0.5, 1]
    assert note in evidence.metadata["read_as"]


def test_a_file_that_two_separators_fit_asks_which(two):
    paths = two("id;a,score;b", ["x;1,1;2", "y;1,0;2"])
    with pytest.raises(DataError, match=r"separated by commas or semicolons.*--separator ',' or --separator ';'"):
        read(paths)
    assert read(paths, dialect=Dialect(separator=";"), mapping={"score": ("b",)}, scores=ScoreRules({"": (0, 2)}))


@pytest.mark.parametrize(
    ("old", "new", "reported"),
    [
        (["Q1", "Q2", "Q3"], ["q1", "q2", "q3"], "Compared in one case, 3 would meet"),
        (["001", "002", "003"], ["1", "2", "3"], "Compared as numbers, 3 would meet"),
        (["a", "b"], ["x", "y"], "old.csv has 'a', 'b'; "),
    ],
)
def test_no_example_in_common_shows_ids_of_each_side_and_what_would_make_them_meet(two, old, new, reported):
    with pytest.raises(InvalidComparison) as caught:
        read(two("id,score", [f"{one},1" for one in old], [f"{one},1" for one in new]))
    assert reported in str(caught.value)
    assert repr(new[0]) in str(caught.value)


def test_another_column_that_the_files_share_is_named(two):
    old, new = ([f"{run}{i},what is {i}?,1" for i in range(5)] for run in "ab")
    with pytest.raises(InvalidComparison, match="5 values in common: --map example_id=asked"):
        read(two("id,asked,score", old, new))


@pytest.mark.parametrize("how", [{"encoding": "utf-16"}, {"encoding": "utf-8-sig"}, {"end": "\r"}, {"end": "\r\n"}])
def test_a_file_of_any_encoding_and_line_end_is_read_by_the_command(tmp_path, capsys, how):
    text = how.get("end", "\n").join(["id\tscore", *(f"q{i}\t{i % 2}" for i in range(40)), ""])
    paths = [str(tmp_path / name) for name in ("old.csv", "new.csv")]
    for path in paths:
        with Path(path).open("w", encoding=how.get("encoding", "utf-8"), newline="") as file:
            file.write(text)
    assert run(["gate", *paths]) == 0
    assert "separated by tabs" in capsys.readouterr().out


@pytest.mark.parametrize("suffix", [".csv", ".json"])
def test_a_column_of_failures_is_turned_round_by_the_words_it_is_told(two, suffix, tmp_path):
    if suffix == ".csv":
        paths = two("id,failed", ["a,1", "b,0", "c,1"])
    else:
        paths = [tmp_path / f"{name}.json" for name in ("old", "new")]
        for path in paths:
            path.write_text('[{"id": "a", "failed": 1}, {"id": "b", "failed": 0}, {"id": "c", "failed": 1}]')
    found = read(paths, mapping={"score": ("failed",)}, scores=ScoreRules({}, ("0",), ("1",)))
    assert found.numbers("score").tolist() == [0, 1, 0] * 2


def test_few_ids_in_common_and_most_once_they_are_written_alike_is_no_comparison(two):
    numbers = range(95, 120)
    old, new = ([f"{n:{form}},1" for n in numbers] for form in ("05d", "d"))
    paths = two("id,score", [*old, "200,1"], [*new, "200,1"])
    with pytest.raises(InvalidComparison, match=r"1 of 26 examples in common; compared as numbers, 26 would meet"):
        read(paths)


def test_a_dash_for_nothing_does_not_hide_a_decimal_comma(two):
    evidence = read(two("id;score", ["a;0,5", "b;–", "c;1,0"]))
    assert scores(evidence) == [0.5, 1]


def test_a_spreadsheets_empty_rows_are_no_rows(two):
    evidence = read(two("id;tier;score", ["a;x;1", ";;", "b;y;0", ";;", ";;"]))
    assert evidence.codes("example_id").values == ("a", "b")
    with pytest.raises(DataError, match="row 3: example_id is missing"):
        read(two("id;tier;score", ["a;x;1", "b;y;0", ";y;0"]))


def test_several_score_columns_become_keys(two):
    evidence = read(
        two("id,correct,rating", ["a,yes,4", "b,no,2"]),
        key_columns=("correct", "rating"),
        scores=ScoreRules({"rating": (0, 4)}),
    )
    assert {(row["key"], row["example_id"]): row["score"] for row in evidence.rows()} == {
        ("correct", "a"): 1.0,
        ("correct", "b"): 0.0,
        ("rating", "a"): 1.0,
        ("rating", "b"): 0.5,
    }


def test_a_column_that_follows_the_version_is_no_segment(two):
    header = "id,score,language,route,output"
    rows = [f"{one},1,{'de' if one in 'ab' else 'fr'},x,p" for one in "abcd"]
    evidence = read(two(header, rows, [*rows[:3], rows[3].replace(",x,", ",y,")]))
    assert evidence.dimensions == ("language",)


def test_json_as_pandas_and_people_write_it_is_a_table(tmp_path):
    rows = [
        {"id": "a", "passed": True, "meta": {"tier": "pro"}},
        {"id": "b", "passed": False, "meta": {"tier": "free"}},
    ]
    columns = {"id": {"0": "a", "1": "b"}, "passed": {"0": True, "1": False}}
    for document in (
        rows,
        {"results": rows},
        columns,
        {"columns": ["id", "passed"], "index": [0, 1], "data": [["a", True], ["b", False]]},
    ):
        paths = [tmp_path / "old.json", tmp_path / "new.json"]
        for path in paths:
            path.write_text(json.dumps(document))
        evidence = read(paths)
        assert (evidence.codes("example_id").values, scores(evidence)) == (("a", "b"), [0, 1])
    rows += [{**row, "id": f"{row['id']}2"} for row in rows]
    for path in paths:
        path.write_text(json.dumps(rows))
    assert read(paths).dimensions == ("meta.tier",)


def test_a_workbook_is_read_and_a_formula_nobody_calculated_is_not_missing(tmp_path):
    openpyxl = pytest.importorskip("openpyxl", reason="the extra excel is not installed")
    paths = [tmp_path / "old.xlsx", tmp_path / "new.xlsx"]
    for path in paths:
        book = openpyxl.Workbook()
        for row in (["id", "score"], [1, 1], [2, 0.5]):
            book.active.append(row)
        book.save(path)
    assert scores(read(paths)) == [0.5, 1]
    book.create_sheet("more").append(["id", "score"])
    book.save(path)
    with pytest.raises(UsageError, match="several sheets: Sheet, more; name the one to read with --sheet"):
        read(paths)
    book.active.append([3, "=1/2"])
    book.save(path)
    with pytest.raises(DataError, match="cell B4 of sheet 'Sheet' is a formula"):
        read(paths, dialect=Dialect(sheet="Sheet"))
    book.active.insert_rows(1)
    book.active["A1"] = "Results of June"
    book.active.append(["d", 1])
    book.save(path)
    with pytest.raises(DataError, match="row 2 looks like the header"):
        read([path], dialect=Dialect(sheet="Sheet"))


def test_columns_that_nothing_was_made_of_are_counted_where_they_are_many(two):
    texts = "first,second,third,fourth"
    paths = two(
        f"id,score,reason,{texts}", [f"q{i},{i % 2},because,{','.join(f'{n}{i}' for n in 'abcd')}" for i in range(40)]
    )
    assert read(paths).metadata["read_as"] == "id as example; not used: first, second, third and 1 more"
    assert read(paths, ignore=tuple(texts.split(","))).metadata["read_as"] == "id as example"


def test_a_column_without_a_name_is_asked_for_one(two):
    with pytest.raises(UsageError, match="column 1 holds another value in every row and has no name"):
        read(two(",score", ["a,1", "b,0"]))


def test_a_workbook_without_openpyxl_names_the_extra(tmp_path, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "openpyxl", None)
    path = tmp_path / "old.xlsx"
    path.write_bytes(b"x")
    with pytest.raises(MissingExtra, match=r"seatrial\[excel\]"):
        read_results([path], Reading(), versions=["a"])


def test_files_of_one_name_are_told_apart_by_their_folders(tmp_path):
    paths = [tmp_path / "main" / "r.csv", tmp_path / "branch" / "r.csv"]
    assert version_names(paths) == ["main/r", "branch/r"]
    with pytest.raises(UsageError, match="the same file"):
        version_names([paths[0], tmp_path / "x" / ".." / "main" / "r.csv"])


@pytest.mark.parametrize(
    ("arguments", "reported"),
    [
        (["old.csv", "gone.csv"], "gone.csv does not exist"),
        (["old.csv", "new.csv", "new.csv"], "two are compared"),
        (["old.csv", "new.csv", "--baseline", "a"], "the first is the baseline"),
        (["old.csv", "new.csv", "--confirm"], "--confirm runs the graph again"),
        (["old.csv", "new.csv", "--separator", "ab"], "--separator 'ab' is not one character"),
        (["old.csv", "new.csv", "--encoding", "klingon"], "--encoding 'klingon' is unknown"),
        (["old.csv", "new.csv", "--decimal", ";"], "choose one of: . ,"),
        (["old.csv", "new.csv", "--score-scale", "5:1"], "write LEAST:MOST"),
        (["g@a", "g@b", "--na", "x"], "--na goes with files of results"),
    ],
)
def test_a_wrong_call_with_files_is_a_sentence(two, monkeypatch, capsys, arguments, reported):
    paths = two("id,score", ["a,1", "b,1"])
    monkeypatch.chdir(paths[0].parent)
    assert run(["gate", *arguments]) == 3
    assert reported in capsys.readouterr().err


def test_everything_that_no_column_is_called_is_asked_at_once_and_the_options_judge(two, capsys, tmp_path, monkeypatch):
    monkeypatch.delenv("GITHUB_STEP_SUMMARY", raising=False)
    rows = [f"V-{i},{'NSW'[i % 3]},{i % 5 / 4}" for i in range(60)]
    paths = [str(path) for path in two("Vorgang,Region,Note im Test", rows)]
    assert run(["gate", *paths]) == 3
    reported = capsys.readouterr().err
    assert "Vorgang holds another value in every row" in reported
    together = "--map example_id=Vorgang --map 'score=Note im Test'"
    assert reported.endswith(f"Together: {together}\n")
    assert run(["gate", *paths, *shlex.split(together)]) == 0
    rows = [f"{row},{version}" for version in "ab" for row in rows]
    (tmp_path / "one.csv").write_text("\n".join(["Vorgang,Region,Note,Modell", *rows]))
    one = ["gate", "--evidence", str(tmp_path / "one.csv"), "--baseline", "a", "--candidate", "b"]
    capsys.readouterr()
    assert run(one) == 3
    assert "Together: --map example_id=COLUMN --map score=Note --map version=COLUMN" in capsys.readouterr().err
    assert run([*one, "--map", "version=Modell", "--map", "score=Note"]) == 3
    assert "--map example_id=Vorgang takes it" in capsys.readouterr().err
