"""The plugin in a project of its own, run by a pytest of its own."""

import pytest

from seatrial.errors import UsageError
from seatrial.pytest_plugin import judges_wanted

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
    return pytester.runpytest_subprocess("-p", "seatrial.pytest_plugin", "--strict-markers", "-rs", *arguments)


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
