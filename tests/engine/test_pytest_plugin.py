"""The plugin in a project of its own, run by a pytest of its own."""

import gc

import pytest

from seatrial.errors import UsageError
from seatrial.project import open_project
from seatrial.pytest_plugin import judges_wanted
from seatrial.pytest_plugin.importing import importing
from seatrial.pytest_plugin.session import Still
from seatrial.trial.init import write_template

pytest_plugins = ["pytester"]

TWO = """
import pytest

@pytest.mark.llm
def test_judge(): assert True

def test_code(): assert True
"""


@pytest.fixture
def two(pytester, monkeypatch):
    monkeypatch.delenv("EVAL", raising=False)
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    pytester.makepyfile(TWO)
    return pytester


def run(pytester, *arguments):
    return pytester.runpytest_inprocess("-p", "seatrial.pytest_plugin", "--strict-markers", "-rs", *arguments)


def test_judge_runs_are_skipped_unless_asked_for(two):
    result = run(two)
    result.assert_outcomes(passed=1, skipped=1)
    result.stdout.fnmatch_lines(["*a judge run needs a real model: set EVAL=1*"])


def test_eval_1_turns_them_on(two, monkeypatch):
    monkeypatch.setenv("EVAL", "1")
    run(two).assert_outcomes(passed=2)


def test_the_fast_gate_deselects_them(two):
    run(two, "-m", "not llm").assert_outcomes(passed=1, deselected=1)


def test_long_tests_run_when_they_are_named(two):
    two.makepyfile("import pytest\n\n@pytest.mark.slow\ndef test_long(): assert True\n")
    run(two).assert_outcomes(skipped=1)
    run(two, "-m", "slow").assert_outcomes(passed=1)


MARKED = """
import pytest

@pytest.mark.deepeval
def test_deepeval(): assert True

@pytest.mark.redteam
def test_redteam(): assert True

@pytest.mark.llm
@pytest.mark.redteam
def test_redteam_too(): assert True

@pytest.mark.live
class TestLive:
    def test_live(self): assert True

@pytest.mark.live
@pytest.mark.redteam
def test_both(): assert True

def test_code(): assert True
"""


@pytest.fixture
def marked(pytester, monkeypatch):
    for name in ("EVAL", "REDTEAM", "LIVE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    pytester.makepyfile(MARKED)
    return pytester


@pytest.mark.parametrize(
    ("on", "passed"),
    [
        ((), 1),
        (("EVAL",), 2),
        (("REDTEAM",), 3),
        (("LIVE",), 2),
        (("LIVE", "REDTEAM"), 5),
        (("EVAL", "LIVE", "REDTEAM"), 6),
    ],
)
def test_each_marker_runs_under_its_own_switch_only(marked, monkeypatch, on, passed):
    for name in on:
        monkeypatch.setenv(name, "1")
    run(marked).assert_outcomes(passed=passed, skipped=6 - passed)


def test_a_skipped_item_names_its_switches(marked):
    result = run(marked)
    result.stdout.fnmatch_lines(["*set EVAL=1*", "*set REDTEAM=1*", "*set LIVE=1*", "*set REDTEAM=1 LIVE=1*"])


def test_the_fast_gate_runs_none_of_them_whatever_is_switched_on(marked, monkeypatch):
    for name in ("EVAL", "REDTEAM", "LIVE"):
        monkeypatch.setenv(name, "1")
    run(marked, "-m", "not llm").assert_outcomes(passed=1, deselected=5)
    run(marked, "-m", "llm").assert_outcomes(passed=5, deselected=1)


def test_a_typo_in_redteam_is_an_error_not_a_no(marked, monkeypatch):
    monkeypatch.setenv("REDTEAM", "si")
    assert run(marked).ret == pytest.ExitCode.USAGE_ERROR


def test_a_typo_in_eval_is_an_error_not_a_no(two, monkeypatch):
    monkeypatch.setenv("EVAL", "ture")
    result = run(two)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["*EVAL='ture' is neither yes nor no*"])


@pytest.mark.parametrize(("word", "wanted"), [("1", True), ("YES", True), ("0", False), ("", False), ("off", False)])
def test_words_that_turn_judges_on_and_off(word, wanted):
    assert judges_wanted({"EVAL": word}) is wanted


def test_an_unknown_word_lists_the_choices():
    with pytest.raises(UsageError, match="choose one of: 1, true, yes, on, 0, false, no, off"):
        judges_wanted({"EVAL": "perhaps"})


@pytest.mark.parametrize("on", [True, False])
def test_the_collector_is_still_while_libraries_load_and_afterwards_as_it_was(on):
    was = gc.isenabled()
    try:
        (gc.enable if on else gc.disable)()
        with importing():
            assert not gc.isenabled()
        assert gc.isenabled() is on
        with pytest.raises(ModuleNotFoundError), importing():
            raise ModuleNotFoundError
        assert gc.isenabled() is on
    finally:
        (gc.enable if was else gc.disable)()


def test_a_session_reads_its_examples_once(tmp_path):
    write_template(tmp_path)
    found = open_project(tmp_path)
    still = Still(found.root, found.settings)
    assert still.dataset("triage") is still.dataset("triage")
    assert still.dataset("triage") == found.dataset("triage")


HEAVY = {"numpy", "pyarrow", "scipy", "pandas", "jinja2", "mlflow", "langgraph", "langchain_core", "rich", "click"}
LOADED = """
import sys

def pytest_unconfigure():
    print("loaded:", *sorted(name for name in sys.modules if "." not in name or name.startswith("seatrial.")))
"""


def loaded(pytester, *arguments):
    """Modules a pytest of its own had loaded when it ended: packages, and each of ours; and what it printed."""
    pytester.makeconftest(LOADED)
    result = pytester.runpytest_subprocess("-q", "-p", "seatrial.pytest_plugin", "-p", "no:cacheprovider", *arguments)
    assert result.ret in (pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED), result.stdout.str()
    printed = result.stdout.str()
    return set(printed.rpartition("loaded:")[2].split()), printed


def test_where_nothing_is_gated_the_plugin_is_three_small_modules(two):
    two.makepyprojecttoml("[project]\nname = 'seatrial-is-only-installed-here'\nversion = '1'\n")
    found, _ = loaded(two)
    assert {name for name in found if name.startswith("seatrial")} == {
        "seatrial",
        "seatrial.errors",
        "seatrial.pytest_plugin",
        "seatrial.switch",
    }
    assert not found & HEAVY


def test_collecting_a_gate_waits_for_nothing_that_decides_it(pytester, monkeypatch):
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    write_template(pytester.path)
    found, printed = loaded(pytester, "--collect-only", "gates/merge.toml")
    assert "seatrial.pytest_plugin.gate" in found
    assert not found & HEAVY
    assert not {name for name in found if name.startswith(("seatrial.trial", "seatrial.runner", "seatrial.stats"))}
    assert printed.splitlines()[:5] == [
        "gates/merge.toml::triage::overall::desk",
        "gates/merge.toml::triage::overall::pii_leak",
        "gates/merge.toml::triage::topic=refund::desk",
        "gates/merge.toml::triage::topic=rest::desk",
        "gates/merge.toml::gate::triage",
    ]


@pytest.mark.parametrize("head", ["[tool.seatrial]", "[ tool.seatrial ]", "[tool.'seatrial']"])
def test_a_project_is_one_however_its_table_is_written(pytester, monkeypatch, head):
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    write_template(pytester.path)
    settings = pytester.path / "pyproject.toml"
    settings.write_text(settings.read_text().replace("[tool.seatrial]", head))
    result = run(pytester, "--collect-only", "-q", "gates/merge.toml")
    result.stdout.fnmatch_lines(["gates/merge.toml::gate::triage"])


def test_a_module_that_is_skipped_while_it_is_collected_is_skipped(pytester, monkeypatch):
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    pytester.makepyfile(test_a="import pytest\npytest.importorskip('no_such_module')\n", test_b="def test_b(): pass\n")
    result = run(pytester)
    result.assert_outcomes(passed=1, skipped=1)
    assert result.ret == pytest.ExitCode.OK
