"""Cassettes: what was recorded comes back, what is secret never gets there, and what was edited is noticed."""

from __future__ import annotations

import asyncio
import base64
import json
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from langchain_core.messages import AIMessage, ChatMessage, SystemMessage, ToolMessage
from pydantic import BaseModel

from seatrial.model import CassetteError, Cassettes, Hub, Unrecorded, at_repetition, listen, outcome_of, silence, use
from seatrial.model.cassette import recording
from seatrial.model.question import ROUNDS, Question, digest, messages_hash, shaping
from seatrial.model.question import reported as reported_by
from seatrial.model.redact import STAND_INS, Redactor
from seatrial.privacy import find_pii
from seatrial.testing import AnthropicServer, OpenAIServer, ToolCall

KEY = "sk-live-7Qw9ErTy2UiOp4AsDf6GhJk8"
PLAIN = "correcthorsebatterystaple"
"""A secret that looks like none."""


class Route(BaseModel):
    """Where a message goes."""

    desk: str


def hub(folder: Path, mode: str, **more: Any) -> Hub:
    return Hub(mode=mode, cassettes=Cassettes(folder), **more)


def ask(hub: Hub, url: str, text: Any = "where to?", **more: Any) -> Any:
    return hub.call(text, model="openai:gpt-x", base_url=url, api_key="k-123456", **more)


def record(folder: Path, *texts: str, reply: Any = lambda m: f"re: {m[-1]['content']}", **more: Any) -> None:
    with OpenAIServer(reply) as server, use(hub(folder, "record", **more), cassette="router") as recording:
        for text in texts:
            ask(recording, server.url, text, temperature=0)


def replay(folder: Path, text: str, **more: Any) -> Any:
    with use(hub(folder, "replay"), cassette="router") as replaying:
        return ask(replaying, "http://127.0.0.1:1", text, **{"temperature": 0, **more})


def test_what_was_recorded_is_replayed_without_asking(tmp_path):
    record(tmp_path, "one", "two")
    reply = replay(tmp_path, "two")
    assert (reply.text, reply.source, reply.attempts) == ("re: two", "cassette", 0)
    assert (reply.input_tokens, reply.output_tokens, reply.reported) == (1, 2, "gpt-x")


@pytest.mark.parametrize(
    ("server_class", "model"), [(OpenAIServer, "openai:gpt-x"), (AnthropicServer, "anthropic:claude-x")]
)
def test_tool_calls_and_structured_replies_come_back_as_they_were(tmp_path, server_class, model):
    def scene(mode: str, url: str, method: str) -> Any:
        with use(hub(tmp_path, mode), cassette="tools") as at_hand:
            face = at_hand.chat(model, base_url=url, api_key="k-123456")
            shaped = face.with_structured_output(Route, method=method, include_raw=True)
            return shaped.invoke("x"), asyncio.run(shaped.ainvoke("y"))

    for method, reported in (("function_calling", ToolCall("Route", {"desk": "a"})), ("json_schema", '{"desk": "a"}')):
        with server_class(lambda _, reported=reported: reported) as server:
            recorded = scene("record", server.url, method)
        replayed = scene("replay", "http://127.0.0.1:1", method)
        for one, second_stage in zip(recorded, replayed, strict=True):
            assert one["parsed"] == second_stage["parsed"] == Route(desk="a")
            assert one["raw"].tool_calls == second_stage["raw"].tool_calls
            assert one["raw"].usage_metadata == second_stage["raw"].usage_metadata


@pytest.mark.parametrize(
    "other", [{"text": "three"}, {"temperature": 1}, {"repetition": 1}, {"max_tokens": 5}], ids=lambda o: next(iter(o))
)
def test_a_call_that_was_not_recorded_is_unrecorded_and_names_the_command(tmp_path, other):
    record(tmp_path, "one", "two")
    with pytest.raises(Unrecorded) as error:
        replay(tmp_path, **{"text": "one", **other})
    reported = str(error.value)
    assert "router.jsonl answers this call: its 2 recordings of this model are of other prompts" in reported
    assert reported.endswith("record it with: EVAL=1 seatrial eval router")
    assert outcome_of(error.value)[:2] == ("skipped", "unrecorded")


def test_repetitions_and_further_draws_are_recorded_apart(tmp_path):
    reported = iter("abcdef")

    def scene(mode: str, url: str) -> list[str]:
        found = []
        with use(hub(tmp_path, mode), cassette="router") as at_hand:
            for repetition in range(2):
                at_repetition(repetition)
                _, token = listen()
                found += [ask(at_hand, url).text for _ in range(2)]
                silence(token)
        at_repetition(0)
        return found

    with OpenAIServer(lambda _: next(reported)) as server:
        assert scene("record", server.url) == ["a", "b", "c", "d"]
    assert scene("replay", "http://127.0.0.1:1") == ["a", "b", "c", "d"]


def test_the_bytes_do_not_depend_on_the_order_of_recording(tmp_path):
    record(tmp_path / "a", "one", "two", "three")
    record(tmp_path / "b", "three", "one")
    record(tmp_path / "b", "two", "one")
    assert (tmp_path / "a" / "router.jsonl").read_bytes() == (tmp_path / "b" / "router.jsonl").read_bytes()


def test_a_recording_can_be_read_by_a_person(tmp_path):
    record(tmp_path, "where to?")
    header, line = map(json.loads, (tmp_path / "router.jsonl").read_text().splitlines())
    assert header == {"name": "router", "schema": "seatrial/cassette/1"}
    assert line["messages"] == [{"content": "where to?", "role": "human"}]
    assert line["parameters"] == {"temperature": 0}
    assert (line["model"], line["repetition"], line["occurrence"]) == ("openai:gpt-x", 0, 0)
    assert line["reply"]["content"] == "re: where to?"


def test_another_gateway_is_another_question_and_its_secrets_are_no_part_of_it():
    def shape(url: str) -> dict[str, Any]:
        return shaping({"base_url": url, "temperature": 0, "api_key": KEY})

    assert shape("https://me:hunter22@gate.example/v1/?key=hunter22") == {
        "temperature": 0,
        "address": "gate.example/v1",
    }
    assert shape("http://127.0.0.1:4711/v1") == {"temperature": 0}  # a test's server has another port each time


def test_filling_asks_only_for_what_is_missing(tmp_path):
    record(tmp_path, "one")
    with OpenAIServer(lambda _: "new") as server, use(hub(tmp_path, "fill"), cassette="router") as filling:
        assert [ask(filling, server.url, text, temperature=0).text for text in ("one", "two")] == ["re: one", "new"]
    assert len(server.requests) == 1
    assert replay(tmp_path, "two").text == "new"


def test_recording_again_replaces_what_was_there(tmp_path):
    record(tmp_path, "one", reply=lambda _: "old")
    record(tmp_path, "one", reply=lambda _: "new")
    assert replay(tmp_path, "one").text == "new"


# ---- secrets


@pytest.mark.parametrize("secret", [KEY, PLAIN])
def test_a_key_planted_in_the_prompt_the_reply_or_the_headers_does_not_survive(tmp_path, secret):
    environ = {"HOUSE_API_KEY": secret, "PATH": "/usr/bin"}
    with (
        OpenAIServer(lambda _: f"the key is {secret}!") as server,
        use(hub(tmp_path, "record", environ=environ), cassette="router") as recording,
    ):
        reply = recording.call(
            [
                ("system", f"never tell {secret}"),
                ("user", f"use {secret} and {base64.b64encode(secret.encode()).decode()}"),
            ],
            model="openai:gpt-x",
            base_url=server.url,
            api_key=secret,
            default_headers={"X-House": f"Bearer {secret}"},
            model_kwargs={"user": f"me-{secret}"},
        )
    assert secret in reply.text  # whoever asked hears the truth
    written = (tmp_path / "router.jsonl").read_text()
    assert secret not in written
    assert base64.b64encode(secret.encode()).decode().rstrip("=") not in written
    assert "the key is <secret>!" in written
    assert "/usr/bin" not in written


def test_a_key_that_is_only_given_as_an_option_does_not_survive(tmp_path):
    with OpenAIServer(lambda _: PLAIN) as server, use(hub(tmp_path, "record"), cassette="router") as recording:
        recording.call("say it", model="openai:gpt-x", base_url=server.url, api_key=PLAIN)
    assert PLAIN not in (tmp_path / "router.jsonl").read_text()


def test_a_call_with_a_secret_in_it_is_still_found(tmp_path):
    text = f"my key is {KEY}, call 415-867-2211"
    record(tmp_path, text)
    assert KEY not in (tmp_path / "router.jsonl").read_text()
    assert replay(tmp_path, text).text == f"re: my key is <secret>, call {STAND_INS['phone']}"
    with pytest.raises(Unrecorded):
        replay(tmp_path, text.replace("2211", "2212"))


def test_personal_data_is_replaced_by_data_of_the_same_kind_so_that_a_leak_is_still_found(tmp_path):
    leaked = "ana@acme-corp.io, 415-867-2211, 4539 1488 0343 6467, 536-90-4399, DE75512108001245126199"
    record(tmp_path, "leak", reply=lambda _: leaked)
    written = (tmp_path / "router.jsonl").read_text()
    for value in leaked.split(", "):
        assert value not in written
    text = replay(tmp_path, "leak").text
    assert [one.kind for one in find_pii(text, reserved=True)] == [one.kind for one in find_pii(leaked)]


def test_the_hash_of_a_prompt_with_personal_data_is_slow_to_guess_from():
    with_phone, without = [{"role": "human", "content": "call 415-867-2211"}], [{"role": "human", "content": "call me"}]
    plain = digest('[{"content":"call 415-867-2211","role":"human"}]')
    assert messages_hash(with_phone, kept=True) != plain
    assert messages_hash(with_phone, kept=False) == plain  # in memory nobody can read it
    assert messages_hash(without, kept=True) == messages_hash(without, kept=False)
    assert ROUNDS >= 100_000


@pytest.mark.parametrize(
    "text",
    [
        "Authorization: Bearer abcdef123456",
        "api_key=abcdef123456",
        '{"access_token": "abcdef123456"}',
        "AKIAIOSFODNN7ABCDEFG",
        "ghp_abcdefghijklmnopqrstuvwxyz0123456789",
        "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N",
        "AIzaSyA1234567890abcdefghijklmnopqrstuv",
        "-----BEGIN RSA PRIVATE KEY-----MIIEabc-----END RSA PRIVATE KEY-----",
    ],
)
def test_what_looks_like_a_key_is_one(text):
    redacted = Redactor()(text)
    assert "<secret>" in redacted
    assert "abcdef" not in redacted.lower()
    assert Redactor()(redacted) == redacted


PEM = "-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBgkqhkiG9w0BAQEFAASC\nBKcwggSjAgEAAoIBAQC7VJTUt9Us8cKj\n-----END PRIVATE KEY-----"


@pytest.mark.parametrize(
    "form",
    [
        lambda s: json.dumps(json.dumps({"k": s})),
        lambda s: base64.b64encode(f"user:{s}".encode()).decode(),
        lambda s: base64.b64encode(f"x{s}zz".encode()).decode(),
        lambda s: base64.urlsafe_b64encode(b"\xff\xfe" + s.encode()).decode(),
        lambda s: s.encode().hex(),
        lambda s: "".join(f"\\u{ord(one):04X}" for one in s),
        lambda s: s.replace("o", "\\\\u006f"),
        lambda s: "".join(f"\\x{ord(one):02x}" for one in s),
        lambda s: "".join(f"%{ord(one):02x}" for one in s),
        lambda s: s.replace("o", "%256F"),
        lambda s: s.replace("o", "&#111;").replace("r", "&#x72;"),
        lambda s: f"{s[:10]}\r\n {s[10:]}",
        "\u200b".join,
        " ".join,
    ],
)
def test_a_known_secret_does_not_survive_escaped_encoded_or_wrapped(form):
    text = form(PLAIN)
    redact = Redactor({"HOUSE_KEY": PLAIN})
    for redacted in (redact(text), next(iter(redact({text: 1})))):
        assert redacted.count("<secret>") == 1
        assert len(redacted) <= 30  # a letter or two of base64 beside it belong to its neighbours, too


@pytest.mark.parametrize(
    "written", [PEM, PEM.replace("\n", "\r\n"), json.dumps(PEM), PEM.split("\n", 1)[1], PEM.split("\n")[2]]
)
def test_no_line_of_a_private_key_survives(written):
    redacted = Redactor({"HOUSE_CREDENTIALS": json.dumps({"type": "account", "private_key": PEM})})(written)
    assert "MIIE" not in redacted
    assert "BKcw" not in redacted


def test_a_private_key_with_a_head_is_known_by_its_shape():
    text = "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n\nMIIEvQ==\n-----END RSA PRIVATE KEY-----"
    assert Redactor()(f"a {text} b") == "a <secret> b"


@pytest.mark.parametrize(
    "text",
    [
        "postgres://me:hunter2x@db/x",
        "https://gate.example/v1?x=1&key=hunter2xy",
        "Set-Cookie: session=hunter2xy",
        '{"password": "hunter2 & co!"}',
        r"{\"api_key\": \"hunter2xy\"}",
    ],
)
def test_a_secret_nobody_told_of_is_known_by_where_it_stands(text):
    assert "hunter" not in Redactor()(text)
    assert Redactor()({"password": "hunter2", "x": [{"Api-Key": "hunter2"}]}) == {
        "password": "<secret>",
        "x": [{"Api-Key": "<secret>"}],
    }
    assert Redactor()({"token": "Hello", "max_tokens": 5}) == {"token": "Hello", "max_tokens": 5}


@pytest.mark.parametrize(
    "name", ["OPENAI_KEY", "HOUSE_PASSPHRASE", "GITHUB_PAT", "SIGNING_PRIVATE_KEY", "DATABASE_URL"]
)
def test_entries_named_like_keys_and_passwords_in_addresses_are_secrets(name):
    value = f"postgres://me:{PLAIN}@db/x" if name == "DATABASE_URL" else PLAIN
    assert Redactor({name: value})(f"it is {PLAIN}") == "it is <secret>"


def test_a_secret_in_a_tool_call_or_a_query_of_the_options_does_not_survive(tmp_path):
    reported = ToolCall("Route", {"desk": f"a {PLAIN}", PLAIN: 1, "password": "never told"})
    with OpenAIServer(lambda _: reported) as server, use(hub(tmp_path, "record"), cassette="router") as recording:
        face = recording.chat("openai:gpt-x", base_url=server.url, api_key="k-123456", default_query={"sig": PLAIN})
        list(face.bind_tools([Route]).stream("x"))
    written = (tmp_path / "router.jsonl").read_text()
    assert "Route" in written
    assert PLAIN not in written
    assert "never told" not in written


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("\\" * 20_000, "\\" * 20_000),
        (" " * 20_000, " " * 20_000),
        ("%25" * 7_000, "%25" * 7_000),
        ("-----BEGIN PRIVATE KEY-----" * 700, "<secret>" * 700),
    ],
)
def test_a_text_that_can_be_read_in_many_ways_is_redacted_before_a_timeout(text, left):
    def give_up(signum, frame):
        raise TimeoutError

    before = signal.signal(signal.SIGALRM, give_up)
    signal.alarm(60)
    try:
        redacted = Redactor({"A_KEY": "\\" * 60 + "z", "B_KEY": "a b " + " " * 30 + "c"})(text)
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)
    assert redacted == left


def test_ordinary_words_stay():
    text = "The key to a token economy: use basic authentication sparingly, sk-i at 8, test."
    assert Redactor({"TEST_API_KEY": "test", "HOME": "economy"})(text) == text


@settings(max_examples=60, deadline=None)
@given(
    secret=st.text(st.characters(codec="utf-8", exclude_characters="<>"), min_size=6, max_size=40).filter(
        lambda s: len(s.strip()) >= 6 and s.strip() not in "<secret>"
    ),
    before=st.text(max_size=10),
)
def test_a_secret_known_by_value_never_survives(secret, before):
    redact = Redactor({"MY_PASSWORD": secret})
    nested = redact({"a": [before + secret, {secret: secret}]})
    assert secret.strip() not in json.dumps(nested, ensure_ascii=False).replace("<secret>", "")


# ---- trust


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (ChatMessage("x", role="user"), ChatMessage("x", role="developer")),
        (SystemMessage("x"), SystemMessage("x", additional_kwargs={"__openai_role__": "developer"})),
        (
            AIMessage("", additional_kwargs={"function_call": {"name": "a", "arguments": "{}"}}),
            AIMessage("", additional_kwargs={"function_call": {"name": "b", "arguments": "{}"}}),
        ),
        (
            AIMessage("", invalid_tool_calls=[{"name": "a", "args": "{", "id": "1", "error": None}]),
            AIMessage("", invalid_tool_calls=[{"name": "a", "args": "[", "id": "1", "error": None}]),
        ),
        (ToolMessage("x", tool_call_id="1"), ToolMessage("x", tool_call_id="1", status="error")),
    ],
    ids=["role", "openai role", "function call", "invalid call", "failed tool"],
)
def test_messages_that_are_not_sent_alike_are_not_the_same_prompt(one, other):
    assert reported_by(one) != reported_by(other)
    assert reported_by(one) == reported_by(one.model_copy(update={"id": "7", "response_metadata": {"created": 1}}))


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


@pytest.mark.parametrize(
    ("old", "new", "reported"),
    [
        ("re: one", "re: uno", r"router\.jsonl, line 2 was changed after it was recorded"),
        ('"repetition":0', '"repetition":1', "line 2 was changed after it was recorded"),
        ('"occurrence":0,', "", "line 2 is no recording"),
        ("seatrial/cassette/1", "seatrial/cassette/9", "is no cassette"),
    ],
)
def test_an_edited_cassette_is_refused_with_file_and_line(tmp_path, old, new, reported):
    record(tmp_path, "one")
    edit(tmp_path / "router.jsonl", old, new)
    with pytest.raises(CassetteError, match=reported) as error:
        replay(tmp_path, "one")
    assert "record it again with EVAL=1" in str(error.value)
    assert outcome_of(error.value)[:2] == ("skipped", "unrecorded")
    with pytest.raises(CassetteError, match=reported):
        Cassettes(tmp_path).load("router")


def test_a_recording_moved_under_another_prompt_is_refused(tmp_path):
    record(tmp_path, "one", "two")
    path = tmp_path / "router.jsonl"
    header, *lines = path.read_text().splitlines()
    one, two = map(json.loads, lines)
    one["id"], two["id"] = two["id"], one["id"]
    rewritten = []
    for content in (one, two):
        content.pop("hash")
        text = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        rewritten.append(json.dumps({"hash": digest(text), **content}, sort_keys=True, separators=(",", ":")))
    path.write_text("\n".join([header, *rewritten]) + "\n")
    with pytest.raises(CassetteError, match="is of another prompt than the one asked"):
        replay(tmp_path, "one")


def test_a_folder_that_cannot_be_written_is_named_and_nothing_is_lost(tmp_path):
    cassettes = Cassettes(tmp_path / "tapes")
    question = Question("openai:gpt-x", {}, [], digest("x"))
    cassettes.keep("router", recording(question, {"content": "x"}, Redactor()))
    (tmp_path / "tapes").write_text("a file where the folder should be")
    with pytest.raises(CassetteError, match=r"tapes/router\.jsonl cannot be written"):
        cassettes.flush()
    (tmp_path / "tapes").unlink()
    cassettes.flush()
    assert Cassettes(tmp_path / "tapes").load("router") == 1


def test_a_line_in_which_a_key_is_left_is_not_made():
    question = Question("openai:sk-house-1234567890abc", {}, [], digest("x"))
    with pytest.raises(CassetteError, match="a key would be left in it"):
        recording(question, {"content": "x"}, Redactor({"HOUSE_API_KEY": "sk-house-1234567890abc"}))


def test_recordings_nobody_asks_for_can_be_listed_and_pruned(tmp_path):
    record(tmp_path, "one", "two", "three")
    with use(hub(tmp_path, "replay"), cassette="router") as replaying:
        ask(replaying, "http://127.0.0.1:1", "two", temperature=0)
        cassettes = replaying.cassettes
    assert cassettes is not None
    assert len(cassettes.unused("router")) == 2
    assert cassettes.prune("router") == 2
    assert cassettes.unused("router") == ()
    assert replay(tmp_path, "two").text == "re: two"
    with pytest.raises(Unrecorded):
        replay(tmp_path, "one")


def test_a_cassettes_name_cannot_leave_its_folder(tmp_path):
    assert Cassettes(tmp_path).path("../../openai:gpt-x").parent == tmp_path
    assert Cassettes(tmp_path).path("openai:gpt-x").name == "openai-gpt-x.jsonl"


WRITER = """
import sys
from pathlib import Path
from seatrial.model.cassette import recording
from seatrial.model.cassettes import Cassettes
from seatrial.model.question import Question, digest
from seatrial.model.redact import Redactor
folder, who = Path(sys.argv[1]), sys.argv[2]
cassettes, redact = Cassettes(folder), Redactor()
for number in range(15):
    question = Question("openai:gpt-x", {}, [], digest(f"{who}/{number}"))
    cassettes.keep("router", recording(question, {"content": who}, redact))
    cassettes.flush()
"""


def test_processes_that_record_at_once_lose_nothing(tmp_path):
    writers = [subprocess.Popen([sys.executable, "-c", WRITER, str(tmp_path), who]) for who in "ab"]
    assert [writer.wait(60) for writer in writers] == [0, 0]
    assert Cassettes(tmp_path).load("router") == 30
    assert sorted(path.name for path in tmp_path.iterdir()) == ["router.jsonl"]
