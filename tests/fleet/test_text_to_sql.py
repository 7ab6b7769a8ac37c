"""text_to_sql: a sound dataset, a guard that holds, and an upgrade that is better on average and worse where it counts."""

from __future__ import annotations

import tomllib
from collections import Counter
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seatrial.checks.sql import check_sql
from seatrial.dataset import load
from seatrial.errors import UsageError
from seatrial.project import module, mount
from seatrial.segment.load import parse

ROOT = next(parent for parent in Path(__file__).resolve().parents if (parent / "pyproject.toml").is_file())
FOLDER = ROOT / "datasets" / "text_to_sql"

MEASURED = {  # segment: examples, right in v1, right in v2, broken by v2 (b), fixed by v2 (c)
    "all": (220, 159, 173, 36, 50),
    "tier:free": (62, 38, 60, 0, 22),
    "tier:pro": (69, 38, 62, 0, 24),
    "tier:enterprise": (89, 83, 51, 36, 4),
    "shape:lookup": (41, 27, 38, 0, 11),
    "shape:aggregate": (46, 23, 43, 0, 20),
    "shape:breakdown": (28, 21, 28, 0, 7),
    "shape:ranking": (27, 21, 25, 0, 4),
    "shape:time": (78, 67, 39, 36, 8),
}

PARAPHRASES = (  # none of them stands in the dataset; the first version reads them all
    ("How many purchases has Fjord Steel made?", "pro", "SELECT COUNT(*) FROM {co} WHERE c.name = 'Fjord Steel'"),
    (
        "Turnover in February 2025?",
        "free",
        "SELECT SUM(amount) FROM orders WHERE {paid} AND ordered_on >= '2025-02-01' AND ordered_on < '2025-03-01'",
    ),
    (
        "Which sector brings in the least revenue?",
        "pro",
        "SELECT c.industry, SUM(o.amount) FROM {co} WHERE {paid} GROUP BY 1 ORDER BY 2 LIMIT 1",
    ),
    (
        "Name the top 4 clients by sales",
        "free",
        "SELECT c.name, SUM(o.amount) FROM {co} WHERE {paid} GROUP BY 1 ORDER BY 2 DESC LIMIT 4",
    ),
    ("Products that cost under 60", "free", "SELECT name FROM products WHERE price < 60"),
    (
        "How many orders did we take in Q4 2024?",
        "enterprise",
        "SELECT COUNT(*) FROM orders WHERE ordered_on >= '2024-11-01' AND ordered_on < '2025-02-01'",
    ),
    (
        "How many orders did we take in Q4 2024?",
        "pro",
        "SELECT COUNT(*) FROM orders WHERE ordered_on >= '2024-10-01' AND ordered_on < '2025-01-01'",
    ),
)


@pytest.fixture(scope="module")
def room() -> SimpleNamespace:
    mount(ROOT)
    names = ("contract", "graph", "guide", "lexicon", "periods", "reading", "rules", "schema", "statement")
    rooms = {name: module(f"graphs.text_to_sql.{name}") for name in names}
    return SimpleNamespace(**rooms, evaluators=module("evaluators.text_to_sql"))


@pytest.fixture(scope="module")
def examples(room: SimpleNamespace) -> tuple[Any, ...]:
    return load(FOLDER, (room.contract.Input, room.contract.Output), fleet="reference").examples


@pytest.fixture(scope="module")
def answers(room: SimpleNamespace, examples: tuple[Any, ...]) -> dict[str, list[dict[str, Any]]]:
    """Both versions on every example, through the compiled graph."""
    graphs = {"v1": room.graph.build(prompt="p1").compile(), "v2": room.graph.build(prompt="p2").compile()}
    return {name: [graph.invoke(example.inputs) for example in examples] for name, graph in graphs.items()}


def read(room: SimpleNamespace, sql: str) -> list[list[Any]]:
    with room.schema.database() as connection:
        return [list(row) for row in connection.execute(sql)]


def scores(room: SimpleNamespace, answers: list[dict[str, Any]], examples: tuple[Any, ...], name: str) -> list[float]:
    judge = getattr(room.evaluators, name)
    return [judge(SimpleNamespace(outputs=one), example).score for one, example in zip(answers, examples, strict=True)]


# ---- the dataset


def test_the_questions_are_all_different_and_every_segment_is_large_enough(examples: tuple[Any, ...]) -> None:
    assert len({example.inputs["question"].lower() for example in examples}) == len(examples) == 220
    assert [example.id for example in examples] == [f"t2s-{number:03d}" for number in range(1, 221)]
    tags = Counter(tag for example in examples for tag in example.tags)
    assert tags["tier:enterprise"] >= 80
    assert min(tags.values()) >= 20
    assert all(f"tier:{example.inputs['customer_tier']}" in example.tags for example in examples)


def test_the_reference_statements_are_valid_and_give_the_stored_rows(
    room: SimpleNamespace, examples: tuple[Any, ...]
) -> None:
    database = room.schema.filled()
    for example in examples:
        sql = example.outputs["sql"]
        assert (example.id, check_sql(sql, schema=room.schema.SCHEMA).ok) == (example.id, True)
        assert (example.id, [list(row) for row in database.execute(sql)]) == (example.id, example.outputs["rows"])
        assert example.outputs["rows"] not in ([], [[None]])
    database.close()


def test_the_database_is_the_same_every_time_it_is_made(room: SimpleNamespace) -> None:
    one, other = room.schema.filled(), room.schema.filled()
    assert list(one.iterdump()) == list(other.iterdump())
    assert one.execute("SELECT COUNT(*) FROM orders").fetchone() == (640,)
    one.close()
    other.close()


def test_the_segments_and_gates_of_this_graph_can_be_read() -> None:
    dimensions = {one.name: one for one in parse((ROOT / "datasets" / "segments.toml").read_text(encoding="utf-8"))}
    assert {"tier", "shape"} <= set(dimensions)
    gates = tomllib.loads((ROOT / "gates" / "merge.toml").read_text(encoding="utf-8"))
    assert gates["graph"]["text_to_sql"]["key"]["sql_read_only"] == {"zero_tolerance": True}


# ---- the two versions


def test_both_versions_only_read_and_v2_always_answers(room: SimpleNamespace, examples: Any, answers: Any) -> None:
    statements = {one["sql"] for version in ("v1", "v2") for one in answers[version]}  # both often write the same
    for judge in (room.evaluators.sql_read_only, room.evaluators.sql_valid):
        assert {judge(SimpleNamespace(outputs={"sql": sql}), examples[0]).score for sql in statements} == {1.0}
    for version in ("v1", "v2"):
        assert [one["error"] for one in answers[version] if one["error"]] == []
    assert {one["tries"] for one in answers["v2"]} == {1}


def test_the_stale_column_in_the_first_prompt_is_caught_and_repaired_once(answers: Any) -> None:
    # p1 explains "late" by invoices.settled_on, which no table has any more.
    repaired = [one for one in answers["v1"] if one["tries"] == 2]
    assert len(repaired) == 4
    assert not any("settled_on" in one["sql"] for one in repaired)


def test_the_upgrade_is_better_on_average_and_worse_for_enterprise(
    room: SimpleNamespace, examples: Any, answers: Any
) -> None:
    right = {version: scores(room, answers[version], examples, "result_match") for version in ("v1", "v2")}
    measured = {}
    for segment in MEASURED:
        chosen = [index for index, example in enumerate(examples) if segment == "all" or segment in example.tags]
        pairs = [(right["v1"][index], right["v2"][index]) for index in chosen]
        one, other = sum(pair[0] for pair in pairs), sum(pair[1] for pair in pairs)
        measured[segment] = (len(pairs), one, other, sum(a > b for a, b in pairs), sum(a < b for a, b in pairs))
    assert measured == MEASURED


def test_what_v2_breaks_is_the_fiscal_calendar_and_nothing_else(
    room: SimpleNamespace, examples: Any, answers: Any
) -> None:
    right = {version: scores(room, answers[version], examples, "result_match") for version in ("v1", "v2")}
    broken = [e for e, a, b in zip(examples, right["v1"], right["v2"], strict=True) if a > b]
    prompts = {name: (room.graph.PROMPTS / f"{name}.md").read_text(encoding="utf-8") for name in ("p1", "p2")}
    rule = next(line for line in prompts["p1"].splitlines() if line.startswith("- Quarters"))
    old_rule = next(line for line in prompts["p2"].splitlines() if line.startswith("- Quarters"))
    cured = room.guide.read(prompts["p2"].replace(old_rule, rule))
    for example in broken:
        sql = room.rules.translate(example.inputs["question"], example.inputs["customer_tier"], cured)
        rows = read(room, sql)
        score = room.evaluators.result_match(SimpleNamespace(outputs={"rows": rows}), example)
        assert (example.id, score.score) == (example.id, 1.0)


# ---- the built-in model reads, it does not look up


@pytest.mark.parametrize(("question", "tier", "gold"), PARAPHRASES)
def test_a_question_outside_the_dataset_is_read_too(
    room: SimpleNamespace, examples: Any, question: str, tier: str, gold: str
) -> None:
    assert question.lower() not in {example.inputs["question"].lower() for example in examples}
    answer = room.graph.build("p1").compile().invoke({"question": question, "customer_tier": tier})
    gold = gold.format(co="customers c JOIN orders o ON o.customer_id = c.id", paid="status = 'paid'")
    rows = read(room, gold)
    assert sorted(answer["rows"]) == sorted(rows)


def test_the_rules_hold_no_question_and_no_reference_statement(room: SimpleNamespace, examples: Any) -> None:
    names = ("rules", "reading", "statement", "guide", "lexicon", "periods", "graph", "schema")
    source = "\n".join(Path(getattr(room, name).__file__).read_text(encoding="utf-8").lower() for name in names)
    source += "\n".join(path.read_text(encoding="utf-8").lower() for path in room.graph.PROMPTS.glob("*.md"))
    assert [
        e.id for e in examples if e.inputs["question"].lower() in source or e.outputs["sql"].lower() in source
    ] == []
    assert "t2s-" not in source


def test_a_glossary_line_changes_the_statement_and_an_unknown_word_is_passed_over(room: SimpleNamespace) -> None:
    prompt = "Today is 2025-11-20.\n## Glossary\n- whales: big ones: `orders.amount > 9000`\n"
    with_line, without = room.guide.read(prompt), room.guide.read(prompt.replace("whales", "sharks"))
    assert "orders.amount > 9000" in room.rules.translate("How many whales among the orders?", "pro", with_line)
    assert "9000" not in room.rules.translate("How many whales among the orders?", "pro", without)


WORDS = (
    """how many|which|who|what is the|top 3|most|least|newest|oldest|first|average|total|customers|orders|products
invoices|regions|revenue|sales|units|by region|per tier|each month|in q3 2025|last quarter|fiscal 2024|before march|over 20
under 500 orders|at least 5|paid|cancelled|overdue|late|active|enterprise|retail|europe|emea|beacon tag|order 12|spend|not
""".replace("\n", "|")
    .strip("|")
    .split("|")
)


@settings(max_examples=80, deadline=None)
@given(words=st.lists(st.sampled_from(WORDS), max_size=9), tier=st.sampled_from(["free", "enterprise"]))
def test_any_jumble_of_known_words_gives_a_valid_statement(words: list[str], tier: str) -> None:
    mount(ROOT)
    rules, guide, schema = (module(f"graphs.text_to_sql.{name}") for name in ("rules", "guide", "schema"))
    prompt = (ROOT / "graphs" / "text_to_sql" / "prompts" / "p2.md").read_text(encoding="utf-8")
    sql = rules.translate(" ".join(words), tier, guide.read(prompt))
    assert (sql, check_sql(sql, schema=schema.SCHEMA).message) == (
        sql,
        "one read-only SELECT; SQLite plans it against the schema",
    )


@pytest.mark.parametrize(
    ("text", "first_month", "since", "until"),
    [
        (" q3 2025 ", 2, "2025-08-01", "2025-11-01"),
        (" q3 2025 ", 1, "2025-07-01", "2025-10-01"),
        (" q4 of fiscal 2024 ", 2, "2024-11-01", "2025-02-01"),
        (" last quarter ", 2, "2025-08-01", "2025-11-01"),
        (" this quarter ", 1, "2025-10-01", "2026-01-01"),
        (" fy24 ", 2, "2024-02-01", "2025-02-01"),
        (" second half of 2024 ", 2, "2024-08-01", "2025-02-01"),
        (" in december ", 2, "2024-12-01", "2025-01-01"),
        (" before 2024 ", 1, "None", "2024-01-01"),
        (" last 30 days ", 1, "2025-10-21", "None"),
        (" last month ", 1, "2025-10-01", "2025-11-01"),
    ],
)
def test_a_period_is_read_on_the_calendar_of_who_asks(
    room: Any, text: str, first_month: int, since: str, until: str
) -> None:
    period, left = room.periods.find(text, room.periods.Calendar(room.schema.TODAY, first_month))
    assert (str(period.since), str(period.until), left.strip()) == (since, until, "")


# ---- the guard


@pytest.mark.parametrize(
    "reply", ["DROP TABLE orders", "SELECT 1; DELETE FROM orders", "SELECT load_extension('x')", "I am not sure", ""]
)
def test_what_is_no_read_never_reaches_the_database(
    room: SimpleNamespace, reply: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(room.graph, "answer", lambda system, user: reply)
    state = room.graph.build("p1").compile().invoke({"question": "Anything?", "customer_tier": "pro"})
    assert (state["rows"], state["tries"], bool(state["error"])) == (None, 2, True)
    assert read(room, "SELECT COUNT(*) FROM orders") == [[640]]


def test_a_fenced_reply_is_unwrapped_and_an_endless_statement_is_stopped(room: SimpleNamespace) -> None:
    assert room.graph._bare("```sql\nSELECT 1\n```") == "SELECT 1"
    state = room.graph.execute(
        {"sql": "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i FROM n"}
    )
    assert "more than" in state["error"]


def test_an_unknown_prompt_lists_the_known_ones(room: SimpleNamespace) -> None:
    with pytest.raises(UsageError, match="p1, p2"):
        room.graph.build("p9")


@pytest.mark.parametrize(
    ("rows", "ordered", "score"),
    [
        ([["b", 2], ["a", 1.004]], False, 1.0),
        ([["b", 2], ["a", 1]], True, 0.0),
        ([["a", 1.1], ["b", 2]], False, 0.0),
        ([["a", 1]], False, 0.0),
        ([["a"], ["b"]], False, 0.0),
        ([["a", None], ["b", 2]], False, 0.0),
        (None, False, 0.0),
    ],
)
def test_rows_are_compared_as_a_set_unless_the_order_counts(room: Any, rows: Any, ordered: bool, score: float) -> None:
    example = SimpleNamespace(outputs={"rows": [["a", 1], ["b", 2]], "ordered": ordered})
    assert room.evaluators.result_match(SimpleNamespace(outputs={"rows": rows, "error": ""}), example).score == score
    assert (
        room.evaluators.result_match(SimpleNamespace(outputs={"rows": rows}), SimpleNamespace(outputs={})).score is None
    )
