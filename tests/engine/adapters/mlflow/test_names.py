"""Names: whatever a key or a segment is called, MLflow takes its metric, no two meet, and the way back is known."""

from hypothesis import example, given
from hypothesis import strategies as st
from mlflow.utils.validation import MAX_ENTITY_KEY_LENGTH, _validate_metric_name

from seatrial.adapters.mlflow.names import LONGEST, is_cut, metric_name, parts

WORDS = st.lists(st.text(st.characters(exclude_categories=["Cs"]), max_size=12), min_size=1, max_size=5)


def test_plain_words_are_joined_as_they_are():
    assert metric_name("valid", "tier", "enterprise", "mean") == "valid/tier/enterprise/mean"
    assert metric_name("winrate:helpful", "land", "Österreich", "n") == "winrate:helpful/land/Österreich/n"


def test_what_mlflow_refuses_is_written_as_its_code_point():
    assert metric_name("a=b", "mean") == "a_x3D_b/mean"
    assert metric_name("a/b", "mean") == "a_x2F_b/mean"
    assert metric_name("max_x", "mean") == "max_x5F_x/mean"
    assert metric_name("", "..", "mean") == "_x_/_x2E__x2E_/mean"


@given(WORDS)
@example(["a_x41/"])
@example(["_x_", ""])
@example(["a\n", ".", "/x41_"])
def test_every_name_leads_back_to_its_parts_and_is_one_mlflow_takes(words):
    name = metric_name(*words)
    _validate_metric_name(name)
    assert len(name) <= LONGEST == MAX_ENTITY_KEY_LENGTH
    assert is_cut(name) or parts(name) == tuple(words)
    assert not name.endswith("\n")


def test_a_name_that_is_too_long_is_cut_and_stays_apart_from_its_neighbours():
    names = {metric_name("k" * 300, tail) for tail in ("mean", "n", "failures")}
    assert len(names) == 3
    assert all(is_cut(name) and len(name) <= LONGEST and name.startswith("k" * 200) for name in names)
    assert all(is_cut(metric_name("a" * cut + "=" * 90)) for cut in range(6))
    assert not is_cut(metric_name("k_xh0123456789abcdef"))
