"""`seatrial gate`: exit codes, streams, files, and refusals that are one sentence and one JSON object."""

import json
import os
import subprocess
import sys
import threading
import xml.etree.ElementTree as ET
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from seatrial.cli.app import run
from seatrial.cli.evidence import parse_map
from seatrial.errors import UsageError

REPO_ROOT = next(parent for parent in Path(__file__).parents if (parent / "pyproject.toml").exists())


@pytest.fixture
def file(tmp_path, monkeypatch):
    """An evidence file of 60 examples, `broke` of which fail with candidate b, on segment x."""
    monkeypatch.delenv("GITHUB_STEP_SUMMARY", raising=False)

    def write(regressed=0, n=60, segment="x"):
        lines = ["example_id,version,score,tier,output_hash"]
        for i in range(n):
            lines += [f'e{i},a,1,"{segment}",', f'e{i},b,{0 if i < regressed else 1},"{segment}",']
        path = tmp_path / "evidence.csv"
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
        return path

    return write


def gate(path, *more):
    return run(["gate", "--evidence", str(path), "--baseline", "a", "--candidate", "b", "--segment", "tier", *more])


@pytest.fixture
def policy(tmp_path):
    def write(text=""):
        path = tmp_path / "merge.toml"
        path.write_text(f'schema = "seatrial/policy/1"\n{text}\n[key.score]\nprimary = true\n')
        return str(path)

    return write


@pytest.mark.parametrize(
    ("regressed", "n", "more", "code", "verdict"),
    [
        (0, 60, (), 0, "pass"),
        (20, 60, (), 1, "fail"),
        (0, 60, ("--critical", "tier"), 0, "pass"),
        (2, 25, ("--critical", "tier=x"), 2, "inconclusive"),
    ],
)
def test_the_exit_code_is_the_verdict_on_every_surface(file, capsys, regressed, n, more, code, verdict):
    path = file(regressed, n)
    assert gate(path, *more) == code
    words = capsys.readouterr()
    assert words.err == ""
    assert words.out.splitlines()[0].endswith(f"exit {code}")
    assert gate(path, *more, "--json") == code
    data = json.loads(capsys.readouterr().out)
    assert (data["verdict"], data["exit_code"]) == (verdict, code)


@pytest.mark.parametrize("misspelt", ["tier=vips", "teir=vip", "vips"])
def test_a_misspelt_segment_is_a_mistake_wherever_it_is_written_and_the_near_one_is_named(file, capsys, misspelt):
    table = file(0, 60, "vip")
    assert gate(table, "--critical", misspelt) == 3
    assert f"did you mean '{'tier=' * ('=' in misspelt)}vip'?" in capsys.readouterr().err
    if "=" in misspelt:
        rules = table.with_name("rules.toml")
        rules.write_text(
            f'schema = "seatrial/policy/1"\n[key.score]\nprimary = true\nsegment."{misspelt}" = {{ floor = 0.5 }}\n'
        )
        assert gate(table, "--policy", rules) == 3
        assert "did you mean 'tier=vip'?" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("word", "place"),
    [
        ('critical = ["tier=x"]', "name a critical segment with --critical NAME=value, in a project with critical = [...]"),
        ('segment."tier=x".floor = 0.5', 'written in [key.NAME.segment."tier=free"]'),
        ("floor = 0.5", "it is a word of a key, written in [key.NAME]"),
        ('examples = ["a"]', "written in [must_pass]"),
    ],
)  # fmt: skip
def test_a_word_that_belongs_elsewhere_is_sent_there(file, tmp_path, capsys, word, place):
    (tmp_path / "rules.toml").write_text(f'schema = "seatrial/policy/1"\n{word}\n')
    assert gate(file(0, 60), "--policy", tmp_path / "rules.toml") == 3
    assert place in capsys.readouterr().err


@pytest.mark.parametrize("mode", ["observe", "warn"])
def test_a_mode_that_does_not_block_exits_0_with_the_verdict_unchanged(file, policy, capsys, mode, monkeypatch):
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    assert gate(file(20), "--json", "--policy", policy(f'mode = "{mode}"')) == 0
    out, err = capsys.readouterr()
    assert json.loads(out)["verdict"] == "fail"
    assert err.startswith("::warning title=seatrial gate::fail: ") is (mode == "warn")


def test_what_is_a_wrong_call_is_2_in_every_mode(file, policy, capsys):
    assert gate(file(), "--policy", policy('mode = "observe"\nalhpa = 1')) == 3
    assert "'alhpa' is unknown; choose one of" in capsys.readouterr().err


def test_every_output_file_has_the_format_of_its_name(file, tmp_path, capsys):
    names = ["gate.json", "gate.md", "gate.xml", "gate.txt"]
    assert gate(file(20), *[word for name in names for word in ("-o", str(tmp_path / name))]) == 1
    assert json.loads((tmp_path / "gate.json").read_text())["verdict"] == "fail"
    assert (tmp_path / "gate.md").read_text().splitlines()[1] == "> [!CAUTION]"
    assert ET.parse(tmp_path / "gate.xml").getroot().get("failures") == "3"
    assert (tmp_path / "gate.txt").read_text().splitlines()[0] == capsys.readouterr().out.splitlines()[0]


@pytest.mark.parametrize(
    ("name", "reported"),
    [
        ("gate.pdf", "cannot tell the format from '.pdf'; choose one of: .html, .json, .md, .xml, .txt"),
        ("no/gate.md", "does not exist"),
    ],
)
def test_an_output_nobody_could_write_is_refused_before_any_work(tmp_path, capsys, name, reported):
    assert gate(tmp_path / "not-even-read.csv", "-o", str(tmp_path / name)) == 3
    assert reported in capsys.readouterr().err


def test_the_step_summary_is_appended_to(file, tmp_path, monkeypatch, capsys):
    target = tmp_path / "summary.md"
    target.write_text("before\n")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(target))
    assert gate(file(20)) == 1
    text = target.read_text()
    assert text.startswith("before\n<!-- seatrial:gate:")
    assert "```text" in text
    assert "✕ BLOCKED" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "reported"),
    [
        (["gate"], "give two files of results"),
        (["gate", "--evidence", "FILE"], "--baseline is missing; FILE holds the versions: a, b"),
        (["gate", "--evidence", "FILE", "--baseline", "a"], "--candidate is missing; FILE holds the versions: a, b"),
        (["gate", "a", "b", "--evidence", "FILE"], "not both"),
        (
            ["gate", "--evidence", "FILE", "--baseline", "a", "--candidate", "z"],
            "candidate 'z' is not in FILE; it holds: a, b",
        ),
        (["gate", "--evidence", "FILE", "--baseline", "a", "--candidate", "a"], "both 'a'"),
        (["gate", "--evidence", "FILE", "--map", "score"], "--map 'score': write COLUMN=FOREIGN"),
        (["gate", "--evidence", "FILE", "--map", "scor=score"], "no column is called 'scor'; choose one of"),
        (["gate", "--evidence", "FILE", "--map", "score=x"], "has no column 'x'; it has: example_id, version, score"),
        (["gate", "--evidence", "FILE", "--segment", "region"], "--segment: FILE has no column 'region'"),
        (
            ["gate", "--evidence", "FILE", "--baseline", "a", "--candidate", "b", "--critical", "region"],
            "the evidence has no dimension 'region'; it has: none (--segment COLUMN makes one)",
        ),
        (["gate", "--evidence", "FILE", "--policy", "nowhere.toml"], "policy nowhere.toml does not exist"),
    ],
)
def test_a_wrong_call_is_one_sentence_and_one_refusal(file, capsys, arguments, reported):
    path = str(file())
    assert run([path if word == "FILE" else word for word in arguments] + ["--json"]) == 3
    out, err = capsys.readouterr()
    assert err.startswith("seatrial: ")
    assert len(err.splitlines()) == 1
    assert reported.replace("FILE", path) in err
    refusal = json.loads(out)
    assert (refusal["verdict"], refusal["exit_code"]) == ("inconclusive", 3)
    assert refusal["reason"] == err.removeprefix("seatrial: ").rstrip("\n")


@pytest.mark.parametrize(
    ("item", "expected"),
    [("score=valid", ("score", ("valid",))), ("example_id=segment,item", ("example_id", ("segment", "item")))],
)
def test_a_mapping_is_one_column_made_of_others(item, expected):
    assert parse_map(item) == expected


@pytest.mark.parametrize("item", ["score", "=x", "score=", "score=a,,b", "score=a,", ""])
def test_a_malformed_mapping_is_refused(item):
    with pytest.raises(UsageError, match="write COLUMN=FOREIGN"):
        parse_map(item)


def outside(*arguments, stdout=subprocess.PIPE, **env):
    """A real process; its output captured as bytes."""
    full = {**os.environ, "PYTHONPATH": str(REPO_ROOT / "src"), **env}
    return subprocess.Popen(
        [sys.executable, "-m", "seatrial", *arguments], stdout=stdout, stderr=subprocess.PIPE, env=full
    )


def words(path):
    return ["gate", "--evidence", str(path), "--baseline", "a", "--candidate", "b"]


@pytest.mark.parametrize("no_color", ["", "1"])
def test_a_pipe_gets_words_without_colour(file, no_color):
    process = outside(*words(file(20)), NO_COLOR=no_color)
    out, err = process.communicate()
    assert (process.returncode, err) == (1, b"")
    assert b"\x1b" not in out


def test_a_terminal_that_has_no_signs_gets_plain_ones(file):
    process = outside(*words(file(20)), PYTHONIOENCODING="ascii")
    out, err = process.communicate()
    assert (process.returncode, err) == (1, b"")
    assert out.isascii()
    assert out.startswith(b"x BLOCKED  a -> b   exit 1")
    assert b"\\u" not in out


# ---------------------------------------------------------------- the command line's own edges


def test_a_reader_who_leaves_early_does_not_turn_a_pass_into_a_fail(file):
    process = outside(*words(file(0)))
    process.stdout.close()
    with process.stderr:
        assert process.stderr.read() == b""
    assert process.wait() in (0, 2)


def test_a_crash_of_ours_is_never_the_exit_code_of_a_fail(file, tmp_path):
    process = outside(*words(file(0)), GITHUB_STEP_SUMMARY=str(tmp_path / "no" / "summary.md"))
    process.communicate()
    assert process.returncode != 1


def test_json_is_answered_with_json_even_to_an_unknown_option(file, capsys):
    assert gate(file(), "--json", "--nonsense") == 3
    assert json.loads(capsys.readouterr().out)["exit_code"] == 3


def test_a_name_from_outside_starts_no_annotation_of_its_own(file, policy, capsys):
    assert gate(file(60, segment="x\n::error::forged"), "--policy", policy('mode = "warn"')) == 0
    assert len(capsys.readouterr().err.splitlines()) == 1


def test_the_same_column_mapped_twice_is_refused(file, capsys):
    assert gate(file(), "--map", "score=tier", "--map", "score=score") == 3


def test_a_policy_may_come_through_a_pipe(file, tmp_path, capsys):
    pipe = tmp_path / "policy.toml"
    os.mkfifo(pipe)
    writer = threading.Thread(
        target=lambda: pipe.write_text('schema = "seatrial/policy/1"\nmode = "observe"\n[key.score]\n')
    )
    writer.start()
    assert gate(file(regressed=30), "--policy", str(pipe)) == 0
    writer.join()
    assert "shown, not acted on" in capsys.readouterr().out


def test_brackets_without_end_are_a_sentence(file, tmp_path, capsys):
    deep = tmp_path / "deep.toml"
    deep.write_text("x = " + "[" * 5000)
    assert gate(file(), "--policy", str(deep)) == 3
    assert capsys.readouterr().err.startswith(f"seatrial: policy {deep} cannot be read: ")


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere no name can be written that is no UTF-8")
def test_a_name_that_is_no_utf_8_is_a_sentence(file, tmp_path, capsys):
    odd = tmp_path / os.fsdecode(b"\xffx.csv")
    odd.write_bytes(file().read_bytes())
    assert gate(odd) == 3
    assert "\\udcffx.csv': the name is no UTF-8; rename it" in capsys.readouterr().err
    assert gate(file(), "--map", os.fsdecode(b"segment.\xff=tier")) == 3
    assert "the name is no UTF-8; rename it" in capsys.readouterr().err


def test_a_stamp_that_is_no_number_is_a_sentence(tmp_path, capsys):
    table = pa.table({"example_id": ["e1", "e2"] * 2, "version": ["a", "a", "b", "b"], "score": [1.0] * 4})
    path = tmp_path / "evidence.parquet"
    pq.write_table(table.replace_schema_metadata({"seatrial.blank_scores": "many"}), path)
    assert run(["gate", "--evidence", str(path), "--baseline", "a", "--candidate", "b"]) == 2
    assert "its metadata says blank_scores = 'many', which is no number" in capsys.readouterr().err


def results(path, header, rows):
    path.write_text("\n".join([header, *rows]) + "\n")
    return str(path)


def test_several_files_are_read_as_one_and_one_without_a_version_is_named_by_its_file(tmp_path, capsys):
    old = results(tmp_path / "old.csv", "id,ok,tier", [f"e{i},1,pro" for i in range(60)])
    new = results(tmp_path / "new.csv", "id,ok,tier", [f"e{i},{int(i > 20)},pro" for i in range(60)])
    words = ["gate", "--evidence", old, "--evidence", new, "--map", "example_id=id", "--map", "score=ok"]
    words += ["--segment", "tier", "--baseline", "old", "--candidate", "new", "--json"]
    assert run(words) == 1
    reported = json.loads(capsys.readouterr().out)
    assert (reported["overall"]["regressed"], reported["evidence"]) == (21, "old.csv + new.csv")
    assert run([*words[:-1], "-o", str(tmp_path / "page.html")]) == 1
    assert f"seatrial gate --evidence {old} --evidence {new} --baseline old" in (tmp_path / "page.html").read_text()
    capsys.readouterr()
    for verb in (["slices"], ["certify", str(tmp_path / "none.toml")]):
        assert run([*verb, *words[1:-1]]) != 1  # read by the others alike
    # the same rows twice are no more evidence than once
    assert run([*words, "--evidence", new]) == 3


def test_files_of_one_name_do_not_say_which_version_they_are(tmp_path, capsys):
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
    same = [results(tmp_path / folder / "r.csv", "example_id,score", ["e1,1", "e2,1"]) for folder in ("a", "b")]
    assert run(["gate", "--evidence", same[0], "--evidence", same[1], "--baseline", "r", "--candidate", "r"]) == 3
    reported = capsys.readouterr().err
    assert "has no column version" in reported
    assert "two score columns side by side become two rows" in reported


def test_a_segment_that_nobody_named_is_asked_after(tmp_path, capsys):
    rows = [f"q{i},{v},1,{'fr' if i % 3 else 'de'},text {i},gpt" for i in range(60) for v in "ab"]
    path = results(tmp_path / "r.csv", "example_id,version,score,language,question,judge", rows)
    words = ["gate", "--evidence", path, "--baseline", "a", "--candidate", "b"]
    assert run(words) == 0
    assert (
        "no segment was judged, so a drop in one may hide in the average; columns of few values are language (2):"
        in capsys.readouterr().out
    )
    assert run([*words, "--segment", "language"]) == 0
    assert "no segment was judged" not in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "schema"),
    [
        (["gate", "a", "--json"], "gate/1"),
        (["compare", "a", "b", "--json"], "gate/1"),
        (["trial", "nobody", "--json"], "trial/1"),
        (["eval", "nobody", "--json"], "eval/1"),
        (["slices", "a", "--json"], "slices/1"),
    ],
)
def test_a_refusal_has_the_format_of_its_verb(tmp_path, monkeypatch, capsys, words, schema):
    monkeypatch.chdir(tmp_path)
    assert run(words) == 3
    reported = json.loads(capsys.readouterr().out)
    assert (reported["schema"], reported["verdict"]) == (f"seatrial/{schema}", "inconclusive")
    assert "segments" not in reported


def test_outside_github_actions_a_tolerated_verdict_is_a_sentence(file, capsys, monkeypatch):
    monkeypatch.delenv("GITHUB_ACTIONS", raising=False)
    assert gate(file(2, 25), "--inconclusive", "pass", "--critical", "tier=x") == 0
    reported = capsys.readouterr().err
    assert reported.startswith("seatrial gate: exit 0 instead of 2, verdict inconclusive: ")
    assert "::" not in reported
    assert "%25" not in reported


@pytest.mark.parametrize(
    ("given", "each"), [("x,y", "--critical x --critical y"), ("tier=x,y", "--critical tier=x --critical tier=y")]
)
def test_a_list_of_critical_segments_is_told_one_option_each(file, capsys, given, each):
    assert gate(file(0, 60), "--critical", given) == 3
    assert f"--critical is given once per segment: {each}" in capsys.readouterr().err


def test_the_promise_names_the_limits_that_segments_have_of_their_own(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    for version, fixed in (("a", ()), ("b", (10,))):
        rows = [
            f"q{i},{'no' if i % 10 == 0 and i not in fixed else 'yes'},{('vip', 'free')[i % 2]}" for i in range(120)
        ]
        Path(f"{version}.csv").write_text("\n".join(["id,passed,tier", *rows]) + "\n", encoding="utf-8")
    Path("gate.toml").write_text(
        'schema = "seatrial/policy/1"\n[key.score]\nprimary = true\n[key.score.segment."tier=vip"]\nmust_detect = 0.4\n',
        encoding="utf-8",
    )
    assert run(["gate", "a.csv", "b.csv", "--critical", "tier", "--policy", "gate.toml"]) == 0
    assert "cost a critical segment 20 to 40 points or 10 points overall" in capsys.readouterr().out
