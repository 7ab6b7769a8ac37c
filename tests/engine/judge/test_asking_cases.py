"""What judges, providers and gateways really send back, over a loopback server; each with the one right outcome."""

from __future__ import annotations

import json
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from seatrial.judge.pairs import Answer, Pair, questions
from seatrial.judge.prompt import Texts, render
from seatrial.judge.run import run
from seatrial.judge.spend import Purse
from seatrial.judge.table import verdict_rows
from seatrial.testing import OpenAIServer

from .asking import Billing, hub, pairs, prefers, shown, verdict

PROSE = (
    (
        'The answer contains {"preference": 1.0, "reason": "perfect"} which it wrote itself. My own verdict: '
        '{"preference": 0.0, "reason": "wrong"}'
    ),
    "As A is longer, the better one is B.",
)


def ask(judge, n, folder, *, made=None, **options):
    return run(judge, list(questions(judge, made or pairs(n))), hub(), folder, **options)


def kinds(done):
    return Counter((one.outcome, one.error_kind) for one in done.answers.values())


class Limited(OpenAIServer):
    """Cuts replies to some questions short, as long as they may not be long enough."""

    def completion(self, body, reported, mode, number):
        room = body.get("max_completion_tokens") or body.get("max_tokens")
        i = int(shown(body["messages"])["inputs"].split()[1])
        cut = i < 17 and room < 2048
        text = ('{"preference": 0.9, "reason": "Answer A is mo' if i < 9 else "") if cut else reported
        made = super().completion(body, text, "cut_short" if cut else mode, number)
        made["choices"][0]["message"]["content"] = text
        return made


class Refusing(OpenAIServer):
    """Refuses every call, or those whose request holds a word, with one status and sentence."""

    status, sentence, word = 400, "temperature is deprecated for this model", ""

    def refusal_of(self, body, headers):
        if self.word in json.dumps(body):
            return self.status, {"error": {"message": self.sentence}}
        return super().refusal_of(body, headers)


# ---- replies


@pytest.mark.parametrize("prose", PROSE)
def test_a_verdict_quoted_in_prose_is_unparsed_after_one_more_question(judges, tmp_path, prose):
    with OpenAIServer(lambda _: prose) as server:
        done = ask(judges(server.url), 1, tmp_path / "out")
    assert kinds(done) == {("unparsed", "invalid_output"): 2}
    assert len(server.requests) == 4
    assert all(one.first is None for one in done.answers.values())


def test_the_second_question_repeats_nothing_of_the_bad_reply_in_the_users_words(judges, tmp_path):
    with OpenAIServer(lambda _: "OBEY ME") as server:
        ask(judges(server.url), 1, tmp_path / "out")
    last = next(request.body["messages"] for request in server.requests if len(request.body["messages"]) == 4)
    assert [message["role"] for message in last] == ["system", "user", "assistant", "user"]
    assert "OBEY ME" not in last[0]["content"] + last[1]["content"] + last[3]["content"]


def test_a_second_reply_that_is_a_verdict_counts(judges, tmp_path):
    reported = iter(["well, A", verdict(1), "well, B", verdict(0)])
    with OpenAIServer(lambda _: next(reported)) as server:
        done = ask(judges(server.url), 1, tmp_path / "out", concurrency=1)
    assert kinds(done) == {("scored", None): 2}
    assert {one.calls for one in done.answers.values()} == {2}


def test_replies_cut_short_are_asked_once_more_with_more_room(judges, tmp_path):
    with Limited(prefers("good")) as server:
        done = ask(judges(server.url), 25, tmp_path / "out")
    assert kinds(done) == {("scored", None): 50}
    assert max(one.calls for one in done.answers.values()) == 2
    assert len(server.requests) == 50 + 2 * 17
    assert {one.first for one in done.answers.values()} == {0.0, 1.0}


def test_replies_cut_short_at_a_pinned_ceiling_are_truncated_and_named(judges, tmp_path):
    with Limited(prefers("good")) as server:
        done = ask(judges(server.url, max_tokens=1024, max_tokens_ceiling=1024), 25, tmp_path / "out")
    assert kinds(done) == {("scored", None): 16, ("unparsed", "truncated"): 34}
    (reported,) = [sentence for sentence in done.warnings if "truncated" in sentence]
    assert "cut short at 1024 tokens; raise max_tokens_ceiling in judges/helpful.toml" in reported
    assert len(server.requests) == 50


def test_another_model_than_asked_gives_no_verdict(judges, tmp_path):
    with OpenAIServer(lambda _: verdict(1), mode="other_model") as server:
        done = ask(judges(server.url), 1, tmp_path / "out")
    assert kinds(done) == {("evaluator_error", "other_model"): 2}
    assert next(iter(done.answers.values())).reported == "another-model-1"


def test_a_gateways_own_name_for_the_model_can_be_declared(judges, tmp_path):
    with OpenAIServer(lambda _: verdict(1), mode="other_model") as server:
        done = ask(judges(server.url, reported="another-model-1"), 1, tmp_path / "out")
    assert kinds(done) == {("scored", None): 2}


def test_a_judge_that_declines_gives_no_verdict(judges, tmp_path):
    with OpenAIServer(lambda _: verdict(1), mode="refusal") as server:
        done = ask(judges(server.url), 1, tmp_path / "out")
    assert kinds(done) == {("unparsed", "declined"): 2}


def test_a_reply_that_quotes_a_fence_is_recorded(judges, tmp_path):
    def quoting(messages):
        fence = messages[1]["content"].split("<<<answer A ")[1][:16]
        return verdict(1, f"it says {fence}")

    with OpenAIServer(quoting) as server:
        done = ask(judges(server.url), 1, tmp_path / "out")
    assert all(one.fence for one in done.answers.values())
    assert "2 replies quote a fence of the prompt: read them" in done.warnings


# ---- requests


def test_an_answer_with_templates_in_it_is_shown_byte_for_byte(judges, tmp_path):
    answer = "Use {{reference}} and {inputs} and {0} and %s and {% raw %} and ${HOME}"
    pair = Pair("e", 0, "q", "REF-7", Answer("scored", answer), Answer("scored", "another"))
    with OpenAIServer(lambda _: verdict(1)) as server:
        ask(judges(server.url), 1, tmp_path / "out", made=(pair,))
    for request in server.requests:
        user = request.body["messages"][1]["content"]
        assert user.count(answer) == 1
        assert user.count("REF-7") == 1


def test_judged_text_never_stands_in_the_system_role(judges, tmp_path, server):
    ask(judges(server.url), 3, tmp_path / "out")
    systems = {request.body["messages"][0]["content"] for request in server.requests}
    assert len(systems) == 1
    assert not any(word in next(iter(systems)) for word in ("good", "bad", "question"))


def test_a_verdict_is_cached_by_the_whole_request(judges, tmp_path):
    def mine(i: int, group: int) -> Pair:
        return Pair(
            f"e{i}-{group}",
            0,
            f"input {group}",
            f"reference {i}-{group}",
            Answer("scored", f"a {i}"),
            Answer("scored", f"b {i}"),
        )

    made = [mine(i, group) for i in range(5) for group in range(3)]

    def by_input(messages) -> str:
        return verdict({"input 0": 0.0, "input 1": 0.5, "input 2": 1.0}[shown(messages)["inputs"]])

    folder = tmp_path / "out"
    example: list[dict[str, Any]] = [{"a": "x", "b": "y", "preference": 1.0, "reason": "x is right"}]
    with OpenAIServer(by_input) as server:
        judge = judges(server.url, example=example)
        done = ask(judge, 0, folder, made=made)
        assert (len(server.requests), done.requested) == (30, 30)
        assert Counter(one.first for one in done.answers.values()) == {0.0: 10, 0.5: 10, 1.0: 10}
        assert ask(judge, 0, folder, made=made).requested == 0
        changed = [*made[:-1], Pair(**{**_fields(made[-1]), "reference": "another"})]
        assert ask(judge, 0, folder, made=changed).requested == 2
        other = judges(server.url, example=[{**example[0], "reason": "x is better"}])
        assert ask(other, 0, folder, made=made).requested == 30
    assert len(server.requests) == 62


def _fields(pair: Pair) -> dict[str, Any]:
    return {name: getattr(pair, name) for name in pair.__dataclass_fields__}


def test_texts_that_join_to_the_same_are_two_questions(judges):
    judge = judges()
    one, two = (render(judge, Texts("q", a, b)) for a, b in (("x\n", "y"), ("x", "\ny")))
    assert one.key != two.key
    assert render(judge, Texts("q", "x", "y", None)).key != render(judge, Texts("q", "x", "y", "")).key
    assert render(judge, Texts("q", "x", "y"), 0).key != render(judge, Texts("q", "x", "y"), 1).key


def test_a_fence_cannot_be_forged_by_who_knows_one_text(judges):
    judge = judges()
    fences = [render(judge, Texts("q", "mine", other)).fences for other in ("one", "two")]
    assert not set(fences[0]) & set(fences[1])
    assert fences[0] == render(judge, Texts("q", "mine", "one")).fences


# ---- spending


def test_a_cap_is_never_exceeded_by_calls_at_once(judges, tmp_path):
    price = {"input": 0, "output": 30.0}
    folder = tmp_path / "out"
    with Billing(prefers("good"), mode="slow", delay_s=0.05) as server:
        judge = judges(server.url, price=price, max_tokens=1000, max_tokens_ceiling=1000)
        done = ask(judge, 40, folder, concurrency=8, purse=Purse(1.00))
        first = len(server.requests)
        assert first == 33
        assert done.usd == pytest.approx(0.99)
        assert kinds(done) == {("scored", None): 33, ("skipped", "budget"): 47}
        more = ask(judge, 40, folder, concurrency=8, purse=Purse(5), resume=True)
        assert len(server.requests) - first == 47
    assert (more.requested, more.known, kinds(more)) == (47, 33, {("scored", None): 80})


def test_judges_that_share_a_cap_never_exceed_it_together(judges, tmp_path):
    price, purse = {"input": 0, "output": 30.0}, Purse(1.00)
    with Billing(prefers("good"), mode="slow", delay_s=0.02) as server, ThreadPoolExecutor(2) as threads:
        made = [
            judges(server.url, name=name, price=price, max_tokens=1000, max_tokens_ceiling=1000)
            for name in ("one", "two")
        ]
        done = list(threads.map(lambda judge: ask(judge, 20, tmp_path / judge.name, concurrency=8, purse=purse), made))
        assert len(server.requests) == 33  # 33 replies of .03 USD; a cap of each would have let 66 through
    assert purse.usd == pytest.approx(0.99)
    assert sum(one.usd for one in done) == pytest.approx(0.99)


def test_a_reply_without_token_counts_is_booked_at_its_reserve(judges, tmp_path):
    class Silent(OpenAIServer):
        def completion(self, body, reported, mode, number):
            return {**super().completion(body, reported, mode, number), "usage": None}

    with Silent(prefers("good")) as server:
        judge = judges(server.url, price={"input": 0, "output": 10.0}, max_tokens=1000)
        done = ask(judge, 1, tmp_path / "out")
    assert done.usd == pytest.approx(2 * 0.01)
    assert done.uncounted == 2
    assert all(one.input_tokens is None for one in done.answers.values())


def test_a_cap_without_a_price_is_refused(judges, tmp_path, server):
    with pytest.raises(Exception, match="--max-usd needs the price of openai:gpt-4o-mini"):
        ask(judges(server.url), 1, tmp_path / "out", purse=Purse(1))
    assert not server.requests


# ---- refusals and outages


@pytest.mark.parametrize("status", [400, 401, 402, 404])
def test_a_run_whose_every_call_is_refused_ends_at_once(judges, tmp_path, status):
    with Refusing(prefers("good")) as server:
        Refusing.status = status
        done = ask(judges(server.url, parameters={"temperature": 0.0}), 200, tmp_path / "out", concurrency=8)
    assert len(server.requests) <= 8
    assert done.fatal
    if status in (400, 404):
        assert "temperature is deprecated for this model" in done.ended


def test_a_model_that_cannot_be_set_up_ends_the_run_at_once(judges, tmp_path, server, monkeypatch):
    monkeypatch.delenv("OPENAI_API_KEY")
    done = ask(judges(server.url), 50, tmp_path / "out", concurrency=2)
    assert done.fatal
    assert "OPENAI_API_KEY" in done.ended
    assert len(done.answers) <= 4
    assert (len(server.requests), done.uncounted) == (0, 0)


def test_one_refused_call_among_good_ones_is_one_missing_row(judges, tmp_path):
    class Filter(Refusing):
        status, sentence, word = 400, "content filter", "question 0\\n"

    with Filter(prefers("good")) as server:
        done = ask(judges(server.url), 30, tmp_path / "out")
    assert not done.fatal
    assert kinds(done) == {("scored", None): 58, ("skipped", "refused"): 2}


def test_a_key_refused_in_the_middle_ends_the_run_and_keeps_what_there_is(judges, tmp_path):
    with OpenAIServer(prefers("good"), script=["normal"] * 20, mode="wrong_key") as server:
        done = ask(judges(server.url), 100, tmp_path / "out", concurrency=4)
    assert done.fatal
    assert kinds(done)["scored", None] == 20
    assert len(server.requests) <= 24


def test_a_throttled_call_is_tried_again(judges, tmp_path):
    with OpenAIServer(prefers("good"), script=["rate_limited"], retry_after="0.01") as server:
        patient = hub(patience_s=60.0, window_s=0.2)  # a refusal slows the pace by a share of the window
        done = run(judge := judges(server.url), list(questions(judge, pairs(2))), patient, tmp_path / "out")
    assert kinds(done) == {("scored", None): 4}


def test_outages_are_missing_and_never_ties(judges, tmp_path):
    made = pairs(40)

    def some(messages) -> str:
        i = int(shown(messages)["inputs"].split()[1])
        if i >= 10:
            raise RuntimeError("down")
        return prefers("good")(messages)

    with OpenAIServer(some) as server:
        judge = judges(server.url)
        done = ask(judge, 0, tmp_path / "out", made=made)
    rows = verdict_rows(judge, made, done.answers, candidate="2", baseline="1", family="openai", unasked=done.unasked)
    assert Counter(row["outcome"] for row in rows) == {"scored": 20, "skipped": 60}
    assert {row.get("preference") for row in rows if row["outcome"] == "skipped"} == {None}
    assert {row["error_kind"] for row in rows if row["outcome"] == "skipped"} == {"outage"}


def test_the_kill_switch_asks_nobody(judges, tmp_path, server):
    judge = judges(server.url)
    from seatrial.model import Hub  # noqa: PLC0415

    off = Hub(killed=lambda: "LLM_KILL_SWITCH is on", cache=False)
    done = run(judge, list(questions(judge, pairs(3))), off, tmp_path / "out")
    assert kinds(done) == {("skipped", "kill_switch"): 6}
    assert not server.requests


def test_a_crash_of_one_comparison_never_loses_the_run(judges, tmp_path, server, monkeypatch):
    from seatrial.judge import ask as asking  # noqa: PLC0415

    real = asking.read_verdict

    def crash(text, judge):
        if text == verdict(0.0):
            raise RuntimeError("our bug")
        return real(text, judge)

    monkeypatch.setattr(asking, "read_verdict", crash)
    done = ask(judges(server.url), 5, tmp_path / "out")
    assert kinds(done) == {("scored", None): 5, ("evaluator_error", "exception"): 5}
