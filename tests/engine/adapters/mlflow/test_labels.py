"""Pairs shown to people as traces of MLflow, and their votes: a superseded one leaves, a model's is none of a person's."""

import mlflow
from mlflow.entities import AssessmentSource

from seatrial.adapters.labels.mlflow import pull_votes, push_cards
from seatrial.judge.cards import cards, labels_of
from seatrial.judge.label import Label
from seatrial.judge.pairs import Answer, Pair

PAIRS = [
    Pair(
        f"e{i}", 0, f"question {i}", None, Answer("scored", f"good {i}", f"c{i}"), Answer("scored", f"bad {i}", f"b{i}")
    )
    for i in range(3)
]


def test_labels_go_to_mlflow_and_come_back_without_the_superseded(where, client, environ, tmp_path):
    shown = cards("helpful", PAIRS, version="v2", baseline="v1")
    labels = [Label("e0", "v2", "v1", "ann", 1.0, "it says how")]
    assert push_cards(shown, labels, "labels", environ, tmp_path) == (3, 1)
    assert push_cards(shown, labels, "labels", environ, tmp_path) == (0, 0)
    before = mlflow.get_tracking_uri()
    mlflow.set_tracking_uri(where.uri)
    try:
        number = client.get_experiment_by_name("labels").experiment_id
        traces = client.search_traces(locations=[number], include_spans=False)
        (info,) = (one.info for one in traces if one.info.tags["seatrial.example_id"] == "e1")
        bob = AssessmentSource(source_type="HUMAN", source_id="bob")
        first = mlflow.log_feedback(trace_id=info.trace_id, name="preference", value="first", source=bob)
        mlflow.override_feedback(trace_id=info.trace_id, assessment_id=first.assessment_id, value="second", source=bob)
        model = AssessmentSource(source_type="LLM_JUDGE", source_id="gpt")
        mlflow.log_feedback(trace_id=info.trace_id, name="preference", value=1.0, source=model)
    finally:
        mlflow.set_tracking_uri(before)
    found = {one.annotator: one for one in labels_of(pull_votes("labels", environ, tmp_path), "helpful")}
    assert found["ann"] == labels[0]
    assert found["bob"].preference == (0.0 if info.tags["seatrial.order"] == "AB" else 1.0)
    assert len(found) == 2
