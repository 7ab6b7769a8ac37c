"""Judges of other frameworks as evaluators: their calls pass through the hub, and without a licence their key never gates."""

import json
import os
from types import SimpleNamespace

import pytest

from seatrial.adapters.deepeval import as_deepeval_metric, deepeval_judge
from seatrial.adapters.openevals import openevals_judge
from seatrial.adapters.pointwise import as_words, pointwise_judge
from seatrial.errors import ConfigError, InvalidComparison, MissingExtra
from seatrial.evidence import Evidence
from seatrial.gate.merge import check
from seatrial.gate.policy import KeyRule, Policy
from seatrial.model import Hub, KillSwitch, use
from seatrial.scoring import NotAScore, Score, bind, evaluator
from seatrial.testing import OpenAIServer

PROMPT = "Is the answer to {inputs} concise?\n{outputs}\n{reference_outputs}"


QUESTION = {"question": "who?"}
RUN = SimpleNamespace(inputs=QUESTION, outputs={"answer": "Ada."})
EXAMPLE = SimpleNamespace(inputs=QUESTION, outputs={"answer": "Ada Lovelace."})


@pytest.fixture
def loopback(monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "test")
    monkeypatch.setenv("LANGSMITH_TRACING", "false")

    def start(reply):
        return OpenAIServer(lambda messages: json.dumps(reply))

    return start


def _installed(name):
    return pytest.importorskip(name, reason=f"{name} is not installed")


def test_openevals_asks_through_the_hub_and_is_stopped_by_its_kill_switch(loopback):
    _installed("openevals")
    with loopback({"reasoning": "one word", "score": True}) as server:
        judge = bind(
            openevals_judge("concise", PROMPT, model="openai:gpt-4o-mini", parameters={"base_url": server.url})
        )
        with use(Hub(cache=True)):
            (score,) = judge(RUN, EXAMPLE)
            assert (score.key, score.score, score.reason) == ("judge:concise", 1.0, "one word")
            assert judge(RUN, EXAMPLE) == (score,)
        assert len(server.requests) == 1  # the same question, from memory
        with use(Hub(killed=lambda: "stopped")), pytest.raises(KillSwitch):
            judge(RUN, EXAMPLE)
        assert len(server.requests) == 1


def test_deepeval_asks_through_the_hub_and_writes_nothing(loopback, tmp_path, monkeypatch):
    _installed("deepeval")
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".env").write_text("COLOUR=blue\n")

    def rubric(model):
        from deepeval.metrics import GEval  # noqa: PLC0415
        from deepeval.test_case import SingleTurnParams  # noqa: PLC0415

        shown = [SingleTurnParams.INPUT, SingleTurnParams.ACTUAL_OUTPUT]
        return GEval(
            name="brief", evaluation_steps=["Is it brief?"], evaluation_params=shown, model=model, async_mode=False
        )

    with loopback({"score": 8, "reason": "it is brief"}) as server:
        judge = bind(deepeval_judge("brief", rubric, model="openai:gpt-4o-mini", parameters={"base_url": server.url}))
        with use(Hub(cache=True)):
            (score,) = judge(RUN, EXAMPLE)
        assert (score.key, score.score, score.reason) == ("judge:brief", 0.8, "it is brief")
        with use(Hub(killed=lambda: "stopped")), pytest.raises(KillSwitch):
            judge(RUN, EXAMPLE)
        assert len(server.requests) == 1
    assert not (tmp_path / ".deepeval").exists()
    assert "COLOUR" not in os.environ


@pytest.mark.slow  # mlflow.genai takes seconds to import
def test_mlflow_asks_through_the_hub_and_is_stopped_by_its_kill_switch(loopback):
    _installed("mlflow")
    from seatrial.adapters.mlflow.judge import mlflow_judge  # noqa: PLC0415

    rubric = "Is {{ outputs }} a concise answer to {{ inputs }}?"
    with loopback({"result": True, "rationale": "one word"}) as server:
        judge = bind(mlflow_judge("concise", rubric, model="openai:gpt-4o-mini", parameters={"base_url": server.url}))
        with use(Hub(cache=True)):
            (score,) = judge(RUN, EXAMPLE)
            assert (score.key, score.score, score.reason) == ("judge:concise", 1.0, "one word")
            assert judge(RUN, EXAMPLE) == (score,)
        assert len(server.requests) == 1  # the same question, from memory
        with use(Hub(killed=lambda: "stopped")), pytest.raises(KillSwitch):
            judge(RUN, EXAMPLE)
        assert len(server.requests) == 1


@pytest.mark.filterwarnings("ignore:Passing 'children'")  # newer versions build the graph from the top
def test_a_decision_graph_of_deepeval_asks_through_the_hub(loopback):
    _installed("deepeval")

    def rubric(model):
        from deepeval.metrics import DAGMetric  # noqa: PLC0415
        from deepeval.metrics.dag import BinaryJudgementNode, DeepAcyclicGraph, VerdictNode  # noqa: PLC0415
        from deepeval.test_case import SingleTurnParams  # noqa: PLC0415

        brief = BinaryJudgementNode(
            criteria="Is it brief?",
            evaluation_params=[SingleTurnParams.ACTUAL_OUTPUT],
            children=[VerdictNode(verdict=False, score=0), VerdictNode(verdict=True, score=10)],
        )
        return DAGMetric(name="brief", dag=DeepAcyclicGraph(root_nodes=[brief]), model=model, async_mode=False)

    with loopback({"verdict": True, "reason": "brief"}) as server:
        judge = bind(deepeval_judge("brief", rubric, model="openai:gpt-4o-mini", parameters={"base_url": server.url}))
        with use(Hub()):
            (score,) = judge(RUN, EXAMPLE)
    assert (score.score, score.reason, len(server.requests)) == (1.0, "brief", 2)


def test_an_evaluator_is_a_metric_of_deepeval():
    _installed("deepeval")
    from deepeval.test_case import LLMTestCase  # noqa: PLC0415

    def same(outputs, reference_outputs):
        return {"key": "same", "score": outputs == reference_outputs, "reason": "compared"}

    metric = as_deepeval_metric(same)
    assert metric.measure(LLMTestCase(input="q", actual_output="a", expected_output="a")) == 1.0
    assert (metric.is_successful(), metric.reason, metric.__name__) == (True, "compared", "same")
    assert metric.measure(LLMTestCase(input="q", actual_output="a", expected_output="b")) == 0.0
    assert not metric.is_successful()


@pytest.mark.slow  # mlflow.genai takes seconds to import
def test_an_evaluator_is_a_scorer_of_mlflow():
    _installed("mlflow")
    from seatrial.adapters.mlflow.scorers import as_scorer  # noqa: PLC0415

    def same(outputs, reference_outputs):
        return [
            {"key": "same", "score": outputs == reference_outputs},
            {"key": "length", "score": None, "reason": "no"},
        ]

    found = as_scorer(same)(inputs={}, outputs={"a": 1}, expectations={"a": 1})
    assert [(one.name, one.value) for one in found] == [("same", 1.0), ("length", None)]
    assert "it abstains: no" in found[1].error.error_message


@pytest.mark.parametrize("make", [openevals_judge, deepeval_judge])
def test_without_the_package_the_sentence_says_what_to_install(make, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "openevals.llm", None)
    monkeypatch.setitem(__import__("sys").modules, "deepeval", None)
    judge = bind(make("never", PROMPT + "again" if make is openevals_judge else lambda _: None, model="openai:x"))
    with pytest.raises(MissingExtra, match="judge:never"):
        judge(RUN, EXAMPLE)


def test_two_rubrics_are_two_evaluators():
    made = [bind(openevals_judge("concise", prompt, model="openai:x")) for prompt in (PROMPT, PROMPT, f"{PROMPT}!")]
    assert made[0].hash == made[1].hash != made[2].hash


@pytest.mark.parametrize(
    ("value", "words"), [("a", "a"), ({"x": "a"}, "a"), ({"x": 1, "y": 2}, '{"x":1,"y":2}'), (None, "")]
)
def test_a_value_is_shown_as_its_only_text_or_as_json(value, words):
    assert as_words(value) == words


def _judged(found, threshold=0.7, key=None):
    """The scores of a judge that returns `found`."""

    def word(outputs):
        return found

    named = evaluator(version="2", key=key)(word) if key else word
    return bind(pointwise_judge("concise", model="openai:x", prompt="p", threshold=threshold)(named))(RUN, EXAMPLE)


@pytest.mark.parametrize(
    ("found", "score"),
    [
        (0.7, 1.0),  # equal to the threshold
        (0.6999, 0.0),
        (0.9 - 0.2, 1.0),  # .7 but for rounding, above and below
        (1 - 0.3, 1.0),
        (0.8 * 7 / 8, 1.0),
        (1, 1.0),
        (True, 1.0),
        (False, 0.0),
        (None, None),
    ],
)
@pytest.mark.parametrize(
    "form",
    [
        lambda score: score,
        lambda score: Score("judge:concise", score, "why"),
        lambda score: {"score": score},
        lambda score: [{"key": "judge:concise", "score": score}],
    ],
)
def test_a_threshold_makes_0_and_1_of_every_form_of_a_score(form, found, score):
    (one,) = _judged(form(found))
    assert (one.key, one.score) == ("judge:concise", score)


@pytest.mark.parametrize("threshold", [None, 0.7])
@pytest.mark.parametrize(
    "found", [float("nan"), float("inf"), 7, -1, "0.9", {"score": 7}, Score("judge:concise", 7), []]
)
def test_what_is_no_score_is_refused_with_and_without_a_threshold(found, threshold):
    with pytest.raises(NotAScore):
        _judged(found, threshold)


def test_a_judge_names_no_other_key_that_would_gate_without_a_licence():
    with pytest.raises(NotAScore, match="gates under a licence"):
        _judged({"key": "concise", "score": 1})
    (score,) = _judged(True, key="concise")
    assert score.key == "judge:concise"


@pytest.mark.parametrize("threshold", [0.0, 1.5, float("nan")])
def test_a_threshold_that_decides_nothing_is_refused(threshold):
    with pytest.raises(ConfigError, match="out of range"):
        _judged(True, threshold)


def _table(keys):
    rows = [
        {"example_id": f"e{i}", "version": version, "key": key, "score": float(key == "valid" or version == "a")}
        for i in range(40)
        for version in "ab"
        for key in keys
    ]
    import pandas as pd  # noqa: PLC0415

    return Evidence.from_pandas(pd.DataFrame(rows))


def test_without_a_licence_the_key_of_a_pointwise_judge_is_reported_and_never_gates():
    report = check(_table(["valid", "judge:concise"]), Policy(), baseline="a", candidate="b")
    assert report.verdict == "pass"
    assert {f.key for f in report.reported} == {"judge:concise"}
    with pytest.raises(InvalidComparison, match="the only tested key 'judge:concise' has no vote"):
        check(
            _table(["valid", "judge:concise"]),
            Policy(keys=(KeyRule("judge:concise"),)),
            baseline="a",
            candidate="b",
        )
    with pytest.raises(InvalidComparison, match="only judges have scored"):
        check(_table(["judge:concise"]), Policy(), baseline="a", candidate="b")
