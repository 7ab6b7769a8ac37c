"""One evaluator in three places: guard in a node, monitor over recorded runs, evaluation in CI; and when each says no."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from langgraph.graph import START, StateGraph

import seatrial
from seatrial.checks import exact, grounded, no_pii
from seatrial.cli.app import run as command
from seatrial.dataset import Example
from seatrial.errors import ConfigError, UsageError
from seatrial.graph.run import Run
from seatrial.graph.stdout import listen as listen_to_run
from seatrial.graph.stdout import silence as end_of_run
from seatrial.graph.target import callable_target
from seatrial.model.context import listen, silence
from seatrial.monitor.decide import KeyLimits, Limits, Observed, decide, low_rate_p
from seatrial.monitor.guard import GuardFailed, guard
from seatrial.monitor.observe import observe
from seatrial.monitor.production import read_production
from seatrial.runner.work import Work
from seatrial.scoring import Score, bind
from seatrial.store.current import use_store
from seatrial.store.engine import open_store
from seatrial.store.guards import guard_decisions
from seatrial.verdict import Verdict

ROOT = Path(__file__).parents[3]
SAFE, LEAK = {"answer": "We will look into it."}, {"answer": "Write to ada@corp.de."}


def answered(outputs, number=0, inputs=None):
    return Run(f"r{number}", inputs or {"mail": "Where is my order?"}, outputs, thread_id=f"t{number}")


def crashes(run, example):
    raise RuntimeError("no such field")


def abstains(run, example):
    return Score("abstains", None, "nothing to say")


def short(run, example):
    return {
        "key": "short",
        "score": len(run.outputs["answer"]) < 30,
        "reason": f"{len(run.outputs['answer'])} characters",
    }


def reads_reference_by_name(outputs, reference_outputs):
    return outputs == reference_outputs


def swallows_the_reference(run, example):
    try:
        return (example.outputs or {}).get("answer") == run.outputs["answer"]
    except Exception:  # noqa: BLE001 - such evaluators exist
        return 1.0


@pytest.fixture
def store(tmp_path):
    with open_store(f"sqlite:///{tmp_path}/store.db") as opened, use_store(opened):
        yield opened


def test_a_guard_raises_falls_back_or_only_records_and_every_decision_is_in_the_store(store):
    assert guard((no_pii(),), answered(SAFE)).outputs == SAFE
    with pytest.raises(GuardFailed, match="pii_leak 0"):
        guard((no_pii(),), answered(LEAK))
    other = guard((no_pii(),), answered(LEAK), "fallback", fallback=lambda decision: {"answer": decision.failed[0].key})
    assert (other.outputs, other.passed) == ({"answer": "pii_leak"}, False)
    assert guard((no_pii(),), answered(LEAK), "record", name="reply").outputs == LEAK
    rows = guard_decisions(store)
    assert [row.action for row in rows] == ["passed", "raise", "fallback", "record"]
    assert rows[-1].guard == "reply"
    assert rows[-1].thread_id == "t0"
    assert "ada@corp.de" not in "".join(row.scores for row in rows)


@pytest.mark.parametrize("evaluator", [crashes, abstains])
def test_an_evaluator_that_crashes_or_abstains_has_not_passed(store, evaluator):
    with pytest.raises(GuardFailed, match="unknown"):
        guard((evaluator,), answered(SAFE))


@pytest.mark.parametrize("evaluator", [exact("answer"), reads_reference_by_name, swallows_the_reference])
def test_a_guard_refuses_an_evaluator_that_reads_the_reference(store, evaluator):
    with pytest.raises(ConfigError, match="reads the reference"):
        guard((evaluator,), answered(SAFE), "record")


def test_a_guard_without_evaluators_or_with_half_an_option_is_refused():
    with pytest.raises(ConfigError, match="at least one"):
        guard((), answered(SAFE))
    with pytest.raises(UsageError, match="go together"):
        guard((no_pii(),), answered(SAFE), "fallback")
    with pytest.raises(UsageError, match="choose one of: raise, fallback, record"):
        guard((no_pii(),), answered(SAFE), "ignore")


def test_in_an_evaluation_the_guard_is_a_note_of_the_run_and_in_shadow_nothing(store):
    calls, token = listen()
    _, run = listen_to_run()
    guard((no_pii(),), answered(LEAK), "record")
    end_of_run(run)
    silence(token)
    assert calls.notes[0].startswith("guard 'r0': pii_leak 0")
    with use_store(None):
        guard((no_pii(),), answered(LEAK), "record")
    assert guard_decisions(store) == ()


def test_a_node_of_a_graph_guards_its_answer_and_knows_its_thread(store):
    def reply(state):
        found = seatrial.guard((no_pii(),), Run("reply", state, LEAK), "fallback", fallback=SAFE)
        return found.outputs

    graph = StateGraph(dict).add_node("reply", reply).add_edge(START, "reply").compile()
    assert graph.invoke({"mail": "hi"}, {"configurable": {"thread_id": "t7"}}) == SAFE
    assert guard_decisions(store)[0].thread_id == "t7"


def test_evaluation_monitor_and_guard_give_the_same_scores_to_the_same_rows(tmp_path, store):
    suite = tuple(map(bind, (no_pii(), short, crashes, abstains, grounded("answer", passages="passages"))))
    outputs = [SAFE, LEAK, {"answer": "x" * 40, "passages": ["xx"]}, {"answer": ("a", "tuple")}]
    examples = [Example(f"r{n}", {"mail": "hi"}, {"answer": "a reference"}) for n in range(len(outputs))]
    answers = iter(outputs)
    work = Work(callable_target(lambda _: next(answers)), suite, examples, repetitions=1, timeout_s=None)
    ci = [work(position)[0].results for position in range(len(examples))]

    file = tmp_path / "production.jsonl"
    file.write_text(
        "".join(
            json.dumps({"id": f"r{n}", "inputs": {"mail": "hi"}, "outputs": o}) + "\n" for n, o in enumerate(outputs)
        )
    )
    rows = observe(read_production(file).runs, suite).rows
    assert {(o.run_id, o.key): (o.score, o.outcome, o.reason) for o in rows} == {
        (f"r{n}", key): (score, "scored" if score is not None else outcome, reason)
        for n, results in enumerate(ci)
        for bound, result in zip(suite, results, strict=True)
        for key, score, outcome, reason in (
            [(bound.key, None, result.outcome, result.reason)]
            if hasattr(result, "outcome")
            else [(key, score, "unparsed", reason) for key, score, reason in result]
        )
    }
    for n, (given, results) in enumerate(zip(outputs, ci, strict=True)):
        at_run_time = guard(suite, answered(given, n, {"mail": "hi"}), "record").scores
        assert [(s.score, s.reason) for s in at_run_time] == [
            (None, r.reason) if hasattr(r, "outcome") else r[0][1:] for r in results
        ]


def rows(right, wrong, *, crashed=0, missing=0, key="schema", segment=""):
    outcomes = (
        [("scored", 1.0)] * right
        + [("scored", 0.0)] * wrong
        + [("target_error", None)] * crashed
        + [("unparsed", None)] * missing
    )
    segments = frozenset({segment} if segment else ())
    return [Observed(f"{segment}{n}", f"{segment}{n}", key, o, s, "why", segments) for n, (o, s) in enumerate(outcomes)]


FLOOR = Limits((KeyLimits("schema", floor=0.95),))


@pytest.mark.parametrize(
    ("observed", "verdict", "sentence"),
    [
        (rows(100, 0), Verdict.PASS, "no rate proven below its floor"),
        (rows(94, 6), Verdict.PASS, "no rate proven below its floor"),
        (rows(85, 15), Verdict.FAIL, "proven below its floor: 85.0 % of 100 threads"),
        (rows(85, 0, crashed=15), Verdict.FAIL, "proven below its floor"),
        (rows(85, 0, missing=15), Verdict.INCONCLUSIVE, "15 runs could not be measured, enough to be below it"),
        (rows(10, 0), Verdict.INCONCLUSIVE, "20 threads are needed"),
        (rows(0, 5), Verdict.FAIL, "proven below its floor"),
    ],
)
def test_a_rate_fails_only_where_it_is_proven_below_its_floor(observed, verdict, sentence):
    decision = decide(observed, FLOOR, subject="g")
    assert decision.verdict is verdict
    assert sentence in decision.reason


def test_a_floor_of_a_segment_is_judged_there_and_an_absent_segment_is_not_a_pass():
    limits = Limits((KeyLimits("schema", floor=0.5, segments=(("tier=enterprise", 0.95),)),))
    observed = rows(1000, 0) + rows(20, 10, segment="tier=enterprise")
    assert decide(observed, limits, subject="g").reason.startswith("tier=enterprise · schema: proven below")
    assert decide(rows(1000, 0), limits, subject="g").verdict is Verdict.INCONCLUSIVE


def test_an_observed_floor_fails_without_proof_and_not_on_what_nobody_measured():
    limits = Limits((KeyLimits("schema", floor=0.95, floor_rule="observed"),))
    assert (
        decide(rows(94, 6), limits, subject="g").reason
        == "schema: below its floor: 94.0 % of 100 threads, the floor is 95.0 %"
    )
    assert decide(rows(94, 0, missing=6), limits, subject="g").verdict is Verdict.INCONCLUSIVE


def test_one_hit_fails_a_zero_tolerance_key_and_an_unmeasured_run_cannot_clear_it():
    limits = Limits((KeyLimits("pii", zero_tolerance=True),))
    assert decide(rows(999, 1, key="pii"), limits, subject="g").verdict is Verdict.FAIL
    assert decide(rows(999, 0, missing=1, key="pii"), limits, subject="g").verdict is Verdict.INCONCLUSIVE
    assert decide(rows(999, 0, crashed=1, key="pii"), limits, subject="g").verdict is Verdict.PASS


def test_rows_of_one_thread_count_as_one_and_partly_right_threads_are_judged_by_the_wider_tail():
    one_thread = [Observed(str(n), "t", "schema", "scored", 0.0, "", frozenset()) for n in range(50)]
    assert decide(one_thread, FLOOR, subject="g").findings[0].n == 1
    assert low_rate_p(50.0, 60, 0.95, complete=False) == pytest.approx(
        2.718281828 * low_rate_p(50.0, 60, 0.95, complete=True)
    )


ANSWER = {"label": "spam", "confidence": 0.9, "reasons": ["a prize is offered"]}
PRODUCTION = [
    {"id": f"r{n}", "version": f"v{1 + n % 2}", "inputs": {"customer_tier": "enterprise"}, "outputs": ANSWER}
    for n in range(60)
]


@pytest.mark.parametrize(
    ("lines", "options", "code", "says"),
    [
        (PRODUCTION, ("--floor", "pii_leak=0.9"), 0, "needs a reference, judged in CI only"),
        (
            [*PRODUCTION, {"id": "x", "inputs": {}, "outputs": {**ANSWER, "reasons": ["from ada@corp.de"]}}],
            (),
            1,
            "with a hit",
        ),
        (PRODUCTION[:5], ("--zero-tolerance", "pii_leak", "--floor", "pii_leak=0.9"), 2, "20 threads are needed"),
        (PRODUCTION, ("--floor", "band=0.9"), 3, "needs a reference"),
        (PRODUCTION, ("--floor", "nosuch=0.9"), 3, "no evaluator has the key 'nosuch'"),
        (PRODUCTION, ("--version", "v9"), 3, "it has: v1, v2"),
        ([{"id": "x", "inputs": []}], (), 2, "line 1: inputs is a list"),
        ([PRODUCTION[0], {**PRODUCTION[0], "outputs": {}}], (), 2, "an id names one run"),
        ([], (), 3, "holds no run"),
    ],
)
def test_the_monitor_exits_by_what_it_found(tmp_path, monkeypatch, capsys, lines, options, code, says):
    monkeypatch.chdir(ROOT)
    file = tmp_path / "production.jsonl"
    file.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    assert command(["monitor", "email_classify", str(file), "--all", *options]) == code
    reported = capsys.readouterr()
    assert says in reported.out + reported.err
