"""Settings and the edge: every word known, and the environment read where it says."""

from __future__ import annotations

import pytest

from seatrial.errors import ConfigError, UsageError
from seatrial.model import Limits, ModelSettings, Unrecorded, hub_for, read_model_settings, use
from seatrial.model.circuit import Breaker
from seatrial.model.from_settings import killed_by, requested_settings

PLACE = "pyproject.toml: [tool.seatrial.model]"


def test_a_project_without_the_table_has_the_defaults():
    assert read_model_settings({}, PLACE) == ModelSettings()


def test_a_models_own_limits_are_the_common_ones_where_it_says_nothing():
    found = read_model_settings(
        {
            "cassettes": "tapes",
            "concurrency": 4,
            "requests_per_minute": 500,
            "limits": {"anthropic:claude-x": {"tokens_per_minute": 80000, "concurrency": 2}},
            "families": {"azure_openai:prod": "openai"},
            "breaker": {"open_s": 5},
        },
        PLACE,
    )
    assert found.limits == Limits(concurrency=4, requests_per_minute=500)
    assert found.per_model["anthropic:claude-x"] == Limits(
        concurrency=2, requests_per_minute=500, tokens_per_minute=80000
    )
    assert found.breaker == Breaker(failures=10, open_s=5.0)
    assert (found.cassettes, found.families) == ("tapes", {"azure_openai:prod": "openai"})


@pytest.mark.parametrize(
    ("raw", "reported"),
    [
        ({"retries": 3}, "'retries' is unknown; choose one of: cassettes, concurrency"),
        ({"concurrency": 1.5}, "concurrency is a whole number, got 1.5"),
        ({"concurrency": True}, "concurrency is a whole number"),
        ({"timeout_s": "1"}, "timeout_s is a number"),
        ({"attempts": 0}, "limit attempts 0 is out of range"),
        ({"cassettes": ""}, "cassettes is a folder"),
        ({"limits": {"openai:gpt-x": {"window_s": 1}}}, "limits.'openai:gpt-x': 'window_s' is unknown"),
        ({"families": {"openai:x": "opneai"}}, "which is none; choose one of"),
        ({"families": {"openai:x": 1}}, "families.'openai:x': expected text, got 1"),
        ({"breaker": {"failure": 3}}, "breaker: 'failure' is unknown"),
        ({"breaker": {"failures": 1.5}}, "breaker: failures: expected a whole number"),
        ({"breaker": {"open_s": 0}}, "breaker open_s 0.0 is out of range"),
        ([], "expected a table"),
    ],
)
def test_a_word_that_is_wrong_is_named_with_its_place(raw, reported):
    with pytest.raises(ConfigError, match=reported):
        read_model_settings(raw, PLACE)


@pytest.mark.parametrize(
    ("word", "reason"),
    [
        ("", None),
        ("0", None),
        ("off", None),
        ("1", "is on"),
        ("YES", "is on"),
        ("yse", "neither yes nor no, and counts as on"),
    ],
)
def test_a_kill_switch_that_cannot_be_read_is_on(word, reason):
    reported = killed_by({"LLM_KILL_SWITCH": word})()
    assert reported is None if reason is None else reason in (reported or "")
    assert killed_by({})() is None


def test_eval_decides_between_recording_and_replaying(tmp_path):
    modes = [hub_for(ModelSettings(), tmp_path, {"EVAL": word}).mode for word in ("1", "0", "")]
    assert modes == ["record", "replay", "replay"]
    assert hub_for(ModelSettings(), tmp_path, {}, mode="live").mode == "live"
    with pytest.raises(UsageError, match="EVAL='ture' is neither yes nor no"):
        requested_settings({"EVAL": "ture"})


def test_a_projects_hub_replays_from_its_own_folder_without_a_key(tmp_path):
    hub = hub_for(ModelSettings(cassettes="tapes"), tmp_path, {}, command="EVAL=1 make {cassette}")
    with use(hub, cassette="router"), pytest.raises(Unrecorded, match=r"tapes/router\.jsonl .* EVAL=1 make router$"):
        hub.call("x", model="openai:gpt-x")
