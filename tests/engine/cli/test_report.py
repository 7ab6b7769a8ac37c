"""`seatrial report`: pages of trials, of JSON and of runs, with the texts the runs recorded; and pages that refuse."""

import json
import re
import shutil
import webbrowser
from dataclasses import replace
from pathlib import Path

import pytest

from seatrial.cli.app import run
from seatrial.cli.page import EMPTY, browse, page, refusals
from seatrial.dataset import load
from seatrial.errors import DataError, InvalidComparison, NotFound, UsageError
from seatrial.evidence import read_evidence
from seatrial.graph.target import callable_target
from seatrial.judge.answer_text import as_text
from seatrial.project import open_project
from seatrial.runner import RunPlan
from seatrial.runner import run as evaluate
from seatrial.scoring import Score, bind
from seatrial.trial.gating import gate_runs
from seatrial.trial.outputs import answers

RUNS = {"a": "20261120-100000-mail-v1-aaaa", "b": "20261120-100500-mail-v2-bbbb"}

REGISTRY = """
from seatrial.graph.spec import GraphSpec, Version, fleet

GRAPHS = fleet(GraphSpec("mail", module="graphs.mail", family="rules", versions=(Version("v1"), Version("v2")), current="v1"))
"""


def says_de(run, example):
    return Score("right", run.outputs["country"] == example.outputs["country"], f"says {run.outputs['country']}")


def answer(version):
    def reply(inputs):
        if version == "v2" and inputs["n"] == 3:
            raise RuntimeError("no words")
        return {"country": "Germany" if version == "v2" and inputs["n"] < 40 else "DE", "n": inputs["n"]}

    return reply


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A project with two runs of 80 examples: the second version answers 40 of them in another format and crashes once."""
    root = tmp_path_factory.mktemp("project")
    (root / "pyproject.toml").write_text('[tool.seatrial]\nfleet = "post"\n')
    (root / "graphs").mkdir()
    (root / "graphs/registry.py").write_text(REGISTRY)
    folder = root / "datasets/mail"
    folder.mkdir(parents=True)
    (folder / "dataset.toml").write_text('version = "1"\nkind = "golden"\n')
    rows = [
        {"id": f"m{n:02}", "inputs": {"n": n, "question": f"Where is <mail {n}> from?"}, "outputs": {"country": "DE"}}
        for n in range(80)
    ]
    (folder / "golden.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    examples = load(folder / "golden.jsonl", None, fleet="post", graph="mail")
    for version, run_id in zip(("v1", "v2"), RUNS.values(), strict=True):
        plan = RunPlan(
            run_id, "mail", version, examples.name, examples.hash, examples=examples.examples, version_config={}
        )
        evaluate(
            plan,
            callable_target(answer(version)),
            (bind(says_de),),
            lambda e: {"half": "first" if int(e.id[1:]) < 40 else "second"},
            root / ".seatrial/runs" / run_id,
        )
    return root


@pytest.fixture
def project(made, tmp_path, monkeypatch):
    """A copy to stand in; no browser may open."""
    root = tmp_path / "project"
    shutil.copytree(made, root, ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.chdir(root)
    monkeypatch.delenv("CI", raising=False)
    monkeypatch.delenv("GITHUB_STEP_SUMMARY", raising=False)
    opened = []
    monkeypatch.setattr(webbrowser, "open", lambda url: opened.append(url) or True)
    return root, opened


def gate_json(root: Path) -> Path:
    folder = root / "reports/20261120-101500"
    folder.mkdir(parents=True)
    assert run(["gate", *RUNS.values(), "-o", str(folder / "mail.json")]) == 1
    return folder / "mail.json"


def test_two_runs_become_a_page_with_what_both_versions_said(project, capsys):
    root, opened = project
    assert run(["report", *RUNS.values(), "-o", "page.html"]) == 0
    assert capsys.readouterr().out == "page: page.html\n"
    text = (root / "page.html").read_text()
    assert "✕ BLOCKED" in text
    assert "Where is &lt;mail 0&gt; from?" in text
    assert "<pre>country: <u>DE</u>\nn: 0</pre>" in text
    assert "<pre>country: <u>Germany</u>\nn: 0</pre>" in text
    assert "(target_error: RuntimeError: no words)" in text
    assert opened == []


def test_without_examples_the_page_has_no_text_of_theirs(project):
    root, _ = project
    assert run(["report", *RUNS.values(), "--no-examples", "-o", "page.html"]) == 0
    text = (root / "page.html").read_text()
    assert "m00" in text
    assert "Where is" not in text
    assert "Germany</u>" not in text


def test_the_answers_are_those_of_the_repetition_that_flipped(project):
    root, _ = project
    opened = open_project(root)
    report = gate_runs(opened, *RUNS.values())
    file = root / ".seatrial/runs" / RUNS["b"] / "rows.jsonl"
    first = json.loads(file.read_text().splitlines()[0])
    # a second repetition passes, and a broken line is nobody's answer
    good = {**first, "repetition": 1, "outputs": {"country": "DE"}, "results": {"says_de": [["right", 1.0, ""]]}}
    with file.open("a") as rows:
        rows.write(json.dumps(good) + "\n" + "{broken\n" + "[]\n")
    found = answers(opened, report)
    assert found["m00", "right"].candidate == "country: Germany\nn: 0"
    assert found["m00", "right"].inputs == "n: 0\nquestion: Where is <mail 0> from?"
    assert found["m00", "right"].reference == "DE"


def test_a_dataset_that_has_changed_lends_no_text(project):
    root, _ = project
    (root / "datasets/mail/golden.jsonl").write_text(
        '{"id": "m00", "inputs": {"n": 0}, "outputs": {"country": "FR"}}\n'
    )
    report = gate_runs(open_project(root), *RUNS.values())
    side = answers(open_project(root), report)["m00", "right"]
    assert (side.inputs, side.reference, side.baseline) == (None, None, "country: DE\nn: 0")


def test_a_state_reads_as_lines_and_one_text_as_itself():
    assert as_text("plain") == "plain"
    assert as_text({"question": "one text"}) == "one text"
    assert as_text({"b": [1, {"c": "ä"}], "a": "two\nlines"}) == 'a: two\nlines\nb: [1, {"c": "ä"}]'
    assert as_text(None) == "null"


def test_a_gates_json_becomes_the_same_page_while_its_runs_are_there(project, capsys):
    root, _ = project
    file = gate_json(root)
    assert run(["report", str(file), "-o", "page.html"]) == 0
    assert run(["report", *RUNS.values(), "-o", "other.html"]) == 0
    # a gate says whether it looked twice; the page of two runs looks once
    aa_run = re.compile(r'<section aria-label="Looked at twice">.*?</section>\n\n| --no-confirm', re.DOTALL)
    one, other = (aa_run.sub("", (root / name).read_text()) for name in ("page.html", "other.html"))
    assert one == other
    capsys.readouterr()
    shutil.rmtree(root / ".seatrial")
    assert run(["report", str(file), "-o", "page.html"]) == 0
    text = (root / "page.html").read_text()
    assert "written from mail.json alone" in text
    assert "✕ BLOCKED" in text
    assert 'id="flipped"' not in text


def test_the_last_report_is_the_one_without_a_name(project, capsys):
    root, opened = project
    file = gate_json(root)
    capsys.readouterr()
    assert run(["report", "--open"]) == 0
    written = file.with_suffix(".html")
    assert capsys.readouterr().out == f"page: {written}\n"
    assert opened == [written.as_uri()]
    assert run(["report", "20261120-101500", "--json"]) == 0
    reported = json.loads(capsys.readouterr().out)
    assert reported == {"schema": "seatrial/report/1", "exit_code": 0, "pages": [str(written)]}


def test_a_page_that_is_there_is_kept_unless_its_texts_are_to_go(project):
    root, _ = project
    file = gate_json(root)
    page = file.with_suffix(".html")
    page.write_text("what a trial wrote")
    assert run(["report", str(file)]) == 0
    assert page.read_text() == "what a trial wrote"
    assert run(["report", str(file), "--no-examples"]) == 0
    assert "Texts are left out of this page." in page.read_text()


def test_ci_opens_no_browser(project, monkeypatch, capsys):
    _, opened = project
    monkeypatch.setenv("CI", "true")
    browse([Path("page.html")])
    assert opened == []
    assert capsys.readouterr().err == "CI is set: no browser was opened\n"


def test_a_machine_without_a_browser_is_told_where_the_page_is(project, monkeypatch, capsys):
    monkeypatch.setattr(webbrowser, "open", lambda url: False)
    browse([Path("page.html")])
    assert capsys.readouterr().err == "no browser could be opened; the page is page.html\n"


@pytest.mark.parametrize(
    ("words", "reported"),
    [
        (["nowhere"], "no report of a gate is there"),
        ([], "holds no report yet"),
        (["a", "b", "c"], "or two runs"),
        (["nowhere", "-o", "page.txt"], "choose FILE.html in a folder that exists"),
        (["pyproject.toml"], "cannot be read as JSON"),
        (["other.json"], "a gate's report says 'seatrial/gate/1'"),
        (["torn.json"], "is no whole seatrial/gate/1 report"),
        (["refused.json"], "nothing was judged: it was not possible"),
        (["nobody@v1", "nobody@v2"], "nobody"),
    ],
)
def test_what_cannot_be_shown_is_a_sentence(project, capsys, words, reported):
    root, _ = project
    (root / "other.json").write_text('{"schema": "other/1"}')
    (root / "torn.json").write_text('{"schema": "seatrial/gate/1", "overall": {}}')
    (root / "refused.json").write_text('{"schema": "seatrial/gate/1", "reason": "it was not possible"}')
    no_report = words and words[0].endswith((".json", ".toml"))
    assert run(["report", *words]) == (2 if no_report else 3)
    assert reported in capsys.readouterr().err
    assert "bug" not in capsys.readouterr().err


def test_a_gate_writes_its_page_like_every_other_format(project):
    root, _ = project
    assert run(["gate", *RUNS.values(), "-o", "gate.html", "-o", "gate.md"]) == 1
    assert "Where is &lt;mail 0&gt; from?" in (root / "gate.html").read_text()
    assert "**✕ BLOCKED**" in (root / "gate.md").read_text()


def test_evidence_of_another_harness_has_a_page_without_texts(project):
    root, _ = project
    rows = "".join(f"e{i},{v},{int(v == 'a' or i > 30)}\n" for i in range(60) for v in "ab")
    (root / "results.csv").write_text("example_id,version,score\n" + rows)
    gate = ["gate", "--evidence", "results.csv", "--baseline", "a", "--candidate", "b", "-o", "gate.html"]
    assert run(gate) == 1
    assert "The evidence holds scores and no texts." in (root / "gate.html").read_text()


def test_a_page_of_runs_that_are_gone_is_written_without_texts(project):
    root, _ = project
    report = gate_runs(open_project(root), *RUNS.values())
    missing_share = replace(report, source="runs x and y")
    assert "no texts" in page(missing_share)
    assert "Texts are left out" in page(missing_share, examples=False)


def test_where_nothing_can_be_judged_the_page_says_why_and_the_error_goes_on(tmp_path):
    pages = [tmp_path / "gate.html", tmp_path / "gate.md"]
    with pytest.raises(InvalidComparison), refusals(pages, "mail v1 → v2"):
        raise InvalidComparison("two data sets. Evaluate both again")
    text = pages[0].read_text()
    assert "! INVALID" in text
    assert "mail v1 → v2" in text
    assert "exit code 2: could not tell" in text
    assert "two data sets" in pages[1].read_text()


def test_where_the_command_is_wrong_every_file_says_that_nothing_was_judged(tmp_path):
    files = [tmp_path / f"gate{suffix}" for suffix in (".html", ".json", ".md", ".xml", ".txt")]
    files[1].write_text("the verdict of an earlier run")
    for error in (UsageError, NotFound):
        with pytest.raises(error), refusals(files):
            raise error("old.csv has no score")
        texts = [file.read_text() for file in files]
        assert "! NOTHING JUDGED" in texts[0]
        assert "exit code 3: nothing was judged" in texts[0]
        assert "could not tell" not in texts[0]
        assert json.loads(texts[1])["exit_code"] == 3
        assert "**! NOTHING JUDGED** (exit code 3): old.csv" in texts[2]
        assert "nothing was judged, exit code 3" in texts[3]
        assert texts[4].startswith("! NOTHING JUDGED     exit 3")


def test_evidence_without_a_row_has_a_page_of_its_own(tmp_path):
    (tmp_path / "results.csv").write_text("example_id,version,score\n")
    with pytest.raises(DataError, match=EMPTY), refusals([tmp_path / "gate.html"]):
        read_evidence(tmp_path / "results.csv")
    assert "∅ EMPTY" in (tmp_path / "gate.html").read_text()


def test_a_page_that_cannot_be_written_is_a_sentence(project, capsys):
    (project[0] / "page.html").mkdir()
    assert run(["report", *RUNS.values(), "-o", "page.html"]) == 3
    assert "page.html cannot be written" in capsys.readouterr().err
