"""Lead score: leads are a contract, the band is what counts, both guides are as good, the model reads its guide."""

from __future__ import annotations

import ast
import json
import math
import re
from collections import Counter
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seatrial.dataset import Example, load
from seatrial.errors import ConfigError, UsageError
from seatrial.graph.run import Run
from seatrial.project import module, mount
from seatrial.scoring import bind
from seatrial.segment import assign, critical_segments, for_graph
from seatrial.segment import load as load_segments
from seatrial.testing import OpenAIServer

ROOT = next(parent for parent in Path(__file__).resolve().parents if (parent / "pyproject.toml").is_file())
FOLDER = ROOT / "datasets" / "lead_score"
PROMPTS = ROOT / "graphs" / "lead_score" / "prompts"
SEGMENTS = ROOT / "datasets" / "segments.toml"
GUIDES = {"v1": "p1", "v2": "p2"}

MEASURED = {  # segment: examples, right in v1, right in v2, broken by v2 (b), fixed by v2 (c)
    "overall": (221, 184, 185, 2, 3),
    "band=hot": (86, 71, 72, 0, 1),
    "band=warm": (69, 49, 49, 2, 2),
    "band=cold": (66, 64, 64, 0, 0),
    "propensity=high": (83, 70, 72, 0, 2),
    "propensity=medium": (66, 48, 46, 2, 0),
    "propensity=low": (72, 66, 67, 0, 1),
    "region=emea": (90, 73, 74, 1, 2),
    "region=amer": (75, 62, 62, 0, 0),
    "region=apac": (56, 49, 49, 1, 1),
    "source=referral": (34, 31, 31, 0, 0),
    "source=webinar": (33, 25, 27, 0, 2),
    "source=website": (86, 75, 75, 1, 1),
    "source=event": (35, 27, 27, 0, 0),
    "source=list": (33, 26, 25, 1, 0),
}

# Written when both guides were finished and never used to change them: title, size, source, pages, e-mails, days, message.
FRESH = (
    ("hot", "COO", 140, "referral", 8, 2, 1, "Could we get a quote for 120 people by Friday?"),
    ("hot", "Head of Engineering", 320, "website", 13, 3, 0, "We'd like a demo next week, budget is there"),
    ("hot", "Geschäftsführer", 60, "event", 5, 2, 2, "Schicken Sie mir bitte ein Angebot"),
    ("hot", "Directrice", 90, "webinar", 6, 3, 1, "Pouvez-vous m'envoyer un devis ?"),
    ("hot", "Owner", 20, "referral", 7, 2, 1, "what's the pricing for 20, we start on the 1st"),
    ("hot", "VP Engineering", 900, "website", 15, 4, 0, "Procurement needs the order form and your security paper"),
    ("hot", "CEO", 25, "website", 9, 1, 0, "Take my money, where do I put in the card for 25 users"),
    ("hot", "Gerente", 110, "event", 6, 2, 3, "¿Me mandan un presupuesto esta semana?"),
    ("warm", "Project Manager", 80, "website", 6, 2, 4, "Do you support recurring tasks?"),
    ("warm", "Marketing Manager", 200, "webinar", 5, 3, 6, "Thanks, useful session!"),
    ("warm", "Teamleiterin", 70, "event", 5, 2, 5, "Wirkt übersichtlich, ich zeige es den anderen."),
    ("warm", "Head of IT", 400, "list", 5, 3, 8, "Which identity providers do you support?"),
    ("warm", "Analyst", 1200, "website", 9, 2, 3, "comparing tools for a report to my manager"),
    ("warm", "Office Manager", 55, "referral", 4, 2, 5, "maybe in the new year, can we try it until then?"),
    ("warm", "Director of Finance", 150, "list", 3, 2, 9, "Why would finance need this?"),
    ("warm", "Foreman", 65, "event", 6, 2, 4, "is there a German version"),
    ("cold", "Student", None, "website", 9, 0, 1, "need a screenshot for my thesis"),
    ("cold", "Sales Manager", 90, "list", 0, 0, 60, ""),
    ("cold", "CEO", 40, "list", 0, 0, 33, "unsubscribe"),
    ("cold", "Growth Hacker", 5, "website", 2, 0, 1, "we can triple your traffic, reply YES"),
    ("cold", "Praktikantin", 300, "webinar", 3, 1, 9, "Gibt es eine Teilnahmebestätigung?"),
    ("cold", "HR Manager", 130, "list", 0, 1, 45, "No thanks"),
    ("cold", "", None, "event", 0, 0, 30, ""),
    ("cold", "Recruiter", 30, "website", 4, 0, 2, "I represent two senior developers who would fit your stack"),
)
FIELDS = ("title", "company_size", "source", "pages_viewed", "emails_opened", "days_since_contact", "message")

LEAD = {"title": "COO", "company_size": 90, "source": "website", "pages_viewed": 6, "message": "A quote, please "}
GOOD = {"score": 70, "propensity": 0.5, "reasons": ["asks for a quote"]}


@pytest.fixture(autouse=True)
def _no_tracing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LANGSMITH_TRACING", "false")


@pytest.fixture(scope="module")
def graph() -> ModuleType:
    mount(ROOT)
    return module("graphs.lead_score.graph")


@pytest.fixture(scope="module")
def rules(graph: ModuleType) -> ModuleType:
    return module("graphs.lead_score.rules")


@pytest.fixture(scope="module")
def contract(graph: ModuleType) -> ModuleType:
    return module("graphs.lead_score.contract")


@pytest.fixture(scope="module")
def suite(graph: ModuleType) -> ModuleType:
    return module("evaluators.lead_score")


@pytest.fixture(scope="module")
def examples(contract: ModuleType) -> tuple[Example, ...]:
    return load(FOLDER, (contract.Input, contract.Output, contract.VERSION), fleet="reference").examples


@pytest.fixture(scope="module")
def answers(graph: ModuleType, examples: tuple[Example, ...]) -> dict[str, list[dict[str, Any]]]:
    apps = {version: graph.build(prompt).compile() for version, prompt in GUIDES.items()}
    return {version: [app.invoke(example.inputs) for example in examples] for version, app in apps.items()}


# ---- the dataset


def test_every_example_satisfies_the_contract_and_names_its_score(examples: tuple[Example, ...]) -> None:
    assert [example.id for example in examples] == [f"ls-{n:03}" for n in range(1, 222)]
    assert {tuple(example.outputs or {}) for example in examples} == {("score", "propensity_band")}
    assert {tuple(example.inputs) for example in examples} == {(*FIELDS, "region")}


def test_the_reference_of_the_propensity_follows_from_the_rule_that_the_dataset_states(
    examples: tuple[Example, ...],
) -> None:
    for example in examples:
        pages, opened = example.inputs["pages_viewed"], example.inputs["emails_opened"]
        if (example.outputs or {})["score"] < 40 or (pages <= 2 and opened <= 1):
            band = "low"
        else:
            band = "high" if pages >= 6 and opened >= 2 and example.inputs["days_since_contact"] <= 7 else "medium"
        assert (example.id, (example.outputs or {})["propensity_band"]) == (example.id, band)


def test_no_lead_and_no_message_stands_twice(examples: tuple[Example, ...]) -> None:
    messages = Counter(" ".join(re.findall(r"\w+", example.inputs["message"].casefold())) for example in examples)
    silent = messages.pop("")
    assert silent == 23
    assert [text for text, count in messages.items() if count > 1] == []
    assert len({json.dumps(example.inputs) for example in examples}) == 221


def test_each_critical_segment_has_at_least_80_examples_and_every_other_one_20() -> None:
    assert critical_segments(for_graph(load_segments(SEGMENTS), "lead_score")) == {"band=hot", "region=emea"}
    assert min(MEASURED[name][0] for name in ("band=hot", "region=emea")) >= 80
    assert min(row[0] for row in MEASURED.values()) >= 20


def test_segments_graph_and_evaluators_mean_the_same_bands(suite: ModuleType, contract: ModuleType) -> None:
    (band,) = (one for one in for_graph(load_segments(SEGMENTS), "lead_score") if one.name == "band")
    assert {one.value: (one.low, one.high) for one in band.bands} == contract.BANDS == suite.BANDS
    assert contract.PROPENSITY_BANDS == suite.PROPENSITY_BANDS
    assert [bind(one).key for one in suite.SUITE] == ["band", "propensity", "schema", "near"]


# ---- the two versions


def test_v1_is_right_on_184_of_221_and_v2_on_185_and_no_segment_leans(
    examples: tuple[Example, ...], answers: dict[str, list[dict[str, Any]]], contract: ModuleType
) -> None:
    # 184 / 221 = 83.3 %, 185 / 221 = 83.7 %; critical: 71 / 86 = 82.6 %, 72 / 86 = 83.7 %
    dimensions = for_graph(load_segments(SEGMENTS), "lead_score")
    table = {name: [0, 0, 0, 0, 0] for name in MEASURED}
    for example, old, new in zip(examples, answers["v1"], answers["v2"], strict=True):
        wanted = contract.band_of((example.outputs or {})["score"])
        was, now = (answer["band"] == wanted for answer in (old, new))
        for name in ("overall", *(f"{one}={value}" for one, value in assign(dimensions, example.row()).items())):
            table[name] = [a + b for a, b in zip(table[name], (1, was, now, was > now, now > was), strict=True)]
    assert {name: tuple(row) for name, row in table.items()} == MEASURED


def test_v1_places_191_of_221_propensities_and_v2_192(
    examples: tuple[Example, ...], answers: dict[str, list[dict[str, Any]]]
) -> None:
    wanted = [(example.outputs or {})["propensity_band"] for example in examples]
    right = {v: sum(a["propensity_band"] == w for a, w in zip(answers[v], wanted, strict=True)) for v in answers}
    assert right == {"v1": 191, "v2": 192}


def test_the_versions_rarely_give_the_same_score_and_seldom_another_band(
    answers: dict[str, list[dict[str, Any]]],
) -> None:
    pairs = list(zip(answers["v1"], answers["v2"], strict=True))
    assert sum(one["score"] != two["score"] for one, two in pairs) == 177
    assert sum(one["band"] != two["band"] for one, two in pairs) == 5


def test_no_hot_lead_is_cold_to_either_version_and_no_cold_one_hot(
    examples: tuple[Example, ...], answers: dict[str, list[dict[str, Any]]], contract: ModuleType
) -> None:
    for version in GUIDES:
        seen = {
            (contract.band_of((example.outputs or {})["score"]), answer["band"])
            for example, answer in zip(examples, answers[version], strict=True)
        }
        assert seen & {("hot", "cold"), ("cold", "hot")} == set()


@pytest.mark.parametrize("version", GUIDES)
def test_every_answer_satisfies_the_contract_and_the_schema(
    version: str, answers: Any, examples: tuple[Example, ...], contract: ModuleType, suite: ModuleType
) -> None:
    check = bind(suite.schema)
    for example, answer in zip(examples, answers[version], strict=True):
        assert set(answer) == set(contract.Output.model_fields)
        contract.Output.model_validate(answer)
        (found,) = check(Run(example.id, example.inputs, answer), example)
        assert (example.id, found.score) == (example.id, 1.0)


# ---- the built-in model reads, it does not look up


def test_new_leads_are_scored_about_as_well_as_golden_ones(graph: ModuleType) -> None:
    found = {}
    for version, prompt in GUIDES.items():
        app = graph.build(prompt).compile()
        bands = [app.invoke(dict(zip(FIELDS, facts, strict=True)))["band"] for _, *facts in FRESH]
        found[version] = sum(band == want for band, (want, *_) in zip(bands, FRESH, strict=True))
    assert found == {"v1": 23, "v2": 23}  # of 24: .96


def test_no_four_words_of_a_golden_message_stand_in_the_guides_or_the_code(examples: tuple[Example, ...]) -> None:
    """Cues are words of a trade; a run of four words of one message would be a look-up."""

    def runs(text: str) -> set[tuple[str, ...]]:
        words = re.findall(r"[\w']+", text.casefold())
        return set(zip(words, words[1:], words[2:], words[3:], strict=False))

    sources = [path.read_text(encoding="utf-8") for path in (*PROMPTS.glob("*.md"), *PROMPTS.parent.glob("*.py"))]
    known = set().union(*(runs(cue) for text in sources for cue in re.split(r"[\n,]", text)))
    assert known & set().union(*(runs(example.inputs["message"]) for example in examples)) == set()


def test_the_code_of_the_rules_names_no_cue(rules: ModuleType) -> None:
    """Every cue stands in a guide: with another guide the same code is another scorer."""
    guide = module("graphs.lead_score.guide")
    source = "\n".join(Path(str(one.__file__)).read_text(encoding="utf-8") for one in (rules, guide))
    texts = {node.value for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Constant)}
    found = guide.read_guide((PROMPTS / "p1.md").read_text(encoding="utf-8"))
    cues = {cue.text for lines in found.lines.values() for line in lines for cue in line.cues}
    assert len(cues) > 150
    assert cues & {text for text in texts if isinstance(text, str)} == {guide.NOTHING}


GUIDE = """
## Start
- points: 30
## Title
- +20: chief, boss*
- -25: apprentice
## Source
- +8: referral
- -10: list
## Message
- +24: quote, prix
- +16: call .. me
- -30: not now
- -5: nothing
## Facts
- +8: company size 50 or more
- -8: company size 9 or less
- -10: days since contact 14 or more
## Propensity
- half at: 60
- step: 20
- message counts: 50
- -20: days since contact 13 or more
"""
FACTS = "Company size: 50\nSource: website\nPages viewed: 1\nEmails opened: 0\nDays since contact: 13"


@pytest.mark.parametrize(
    ("old", "new", "message", "score"),
    [
        ("", "", "hello", 38),  # 30 + 8
        ("", "", "", 33),  # 30 + 8 - 5: nothing was written
        ("Title: -", "Title: Bosses", "hello", 58),  # 30 + 20 + 8
        ("Title: -", "Title: apprentice to the boss", "hello", 13),  # the weightiest line alone: 30 - 25 + 8
        ("", "", "A QUOTE and a quote, quel prix", 62),  # 30 + 24 + 8: a line counts once
        ("", "", "quote now, call\none of me", 78),  # 30 + 24 + 16 + 8: lines about the message add up
        ("", "", "calling me", 38),  # whole words
        ("", "", "we dont quote", 62),  # the guide knows no negation: 30 + 24 + 8
        ("", "", "not now", 8),  # 30 - 30 + 8
        ("contact: 13", "contact: 14", "hello", 28),  # at the edge: 30 + 8 - 10
        ("size: 50", "size: 49", "hello", 30),
        ("size: 50", "size: 9", "hello", 22),  # 30 - 8
        ("size: 50", "size: -", "hello", 30),  # not known is neither small nor large
        ("Source: website", "Source: referral", "hello", 46),
        ("Title: -", "Title: apprentice", "not now", 0),  # 30 - 25 - 30 + 8 is under 0
    ],
)
def test_points_are_added_up_as_the_guide_says(rules: ModuleType, old: str, new: str, message: str, score: int) -> None:
    facts = f"Title: -\n{FACTS}"
    assert old in facts
    assert (
        json.loads(rules.answer(GUIDE, f"{facts.replace(old, new) if old else facts}\n\n{message}"))["score"] == score
    )


def test_the_reasons_add_up_to_the_score(rules: ModuleType) -> None:
    reply = json.loads(rules.answer(GUIDE, f"Title: Boss\n{FACTS}\n\na quote"))
    assert reply == {
        "score": 82,
        "propensity": 0.032,  # half of 24, - 20, against 60: 1 / (1 + exp(68 / 20))
        "reasons": [
            "every lead begins with 30",
            "title: boss* +20",
            "message: quote +24",
            "company size 50 or more +8",
            "propensity: days since contact 13 or more -20",
        ],
    }


@pytest.mark.parametrize(
    ("old", "new", "reported"),
    [
        ("## Source", "## Sources", "there is no '## source' section"),
        ("- step: 20", "- step: 0", "step is 0; a curve needs a step above 0"),
        ("- half at: 60\n", "", "begin with lines for half at, step, message counts"),
        ("- points: 30", "- begin: 30", "there is no '- points: 15' line"),
        ("- +20: chief", "- many: chief", "'## title': 'many' is no whole number of points"),
        ("company size 9 or less", "company size under 9", "'company size under 9' cannot be read"),
        ("company size 9 or less", "shoe size 9 or less", "NAME is one of: company size, pages viewed"),
    ],
)
def test_a_guide_the_rules_cannot_read_is_a_sentence(rules: ModuleType, old: str, new: str, reported: str) -> None:
    assert GUIDE.count(old) == 1
    with pytest.raises(ConfigError, match=re.escape(reported)):
        rules.answer(GUIDE.replace(old, new), f"Title: -\n{FACTS}\n\nx")


@settings(max_examples=60, deadline=None)
@given(
    title=st.text(max_size=30),
    message=st.text(max_size=80),
    size=st.none() | st.integers(1, 10**6),
    days=st.integers(0, 10**4),
)
def test_whatever_is_typed_gets_a_score_in_range_and_its_band(
    title: str, message: str, size: int | None, days: int
) -> None:
    mount(ROOT)
    facts = {"title": title, "company_size": size, "source": "list", "days_since_contact": days, "message": message}
    answer = module("graphs.lead_score.graph").build("p2").compile().invoke(facts)
    contract = module("graphs.lead_score.contract")
    assert contract.Output.model_validate(answer).band == contract.band_of(answer["score"])
    assert answer["propensity_band"] == contract.propensity_band_of(answer["propensity"])


# ---- on a chat model


def run_on(server: OpenAIServer, graph: ModuleType, prompt: str = "p1") -> dict[str, Any]:
    options = {"base_url": server.url, "api_key": "test", "temperature": 0}
    state: dict[str, Any] = graph.build(prompt, model="openai:gpt-x", model_options=options).compile().invoke(LEAD)
    return state


def test_a_chat_model_gets_the_guide_and_the_lead_and_the_band_is_ours(graph: ModuleType) -> None:
    with OpenAIServer(lambda _: json.dumps(GOOD)) as server:
        assert run_on(server, graph) == GOOD | {"band": "hot", "propensity_band": "high"}
    (request,) = server.requests
    assert (request.body or {})["messages"] == [
        {"role": "system", "content": (PROMPTS / "p1.md").read_text(encoding="utf-8")},
        {
            "role": "user",
            "content": "Title: COO\nCompany size: 90\nSource: website\nPages viewed: 6\nEmails opened: 0\n"
            "Days since contact: 0\n\nA quote, please",
        },
    ]


def test_the_built_in_model_answers_the_same_over_the_wire(graph: ModuleType, rules: ModuleType) -> None:
    with OpenAIServer(lambda messages: rules.answer(messages[0]["content"], messages[1]["content"])) as server:
        assert run_on(server, graph, "p2") == graph.build("p2").compile().invoke(LEAD)


def test_the_example_in_the_contract_is_true(graph: ModuleType) -> None:
    state = graph.build("p1").compile().invoke(LEAD)  # 22 + 20 + 24 + 8 + 6
    assert (state["score"], state["band"]) == (80, "hot")
    assert (state["propensity"], state["propensity_band"]) == (0.5, "high")  # half of 24, + 22 + 22 = 56


@pytest.mark.parametrize(
    ("score", "band"), [(0, "cold"), (39, "cold"), (40, "warm"), (69, "warm"), (70, "hot"), (100, "hot")]
)
def test_a_band_holds_its_lower_edge_and_not_its_upper_one(contract: ModuleType, score: int, band: str) -> None:
    assert contract.band_of(score) == band


@pytest.mark.parametrize(
    ("reply", "reported"),
    [
        ("", "(0 characters)"),
        ("80", "at the whole reply: Input should be an object"),
        (f"```json\n{json.dumps(GOOD)}\n```", "at the whole reply: Invalid JSON"),
        (json.dumps(GOOD | {"score": 101}), "at score: Input should be less than or equal to 100"),
        (json.dumps(GOOD | {"score": -1}), "at score: Input should be greater than or equal to 0"),
        (json.dumps(GOOD | {"score": "hot stuff"}), "at score: Input should be a valid integer"),
        (json.dumps(GOOD | {"score": 70.5}), "at score: Input should be a valid integer"),
        (json.dumps({"score": 70, "propensity": 0.5}), "at reasons: Field required"),
        (json.dumps({"score": 70, "reasons": ["a quote"]}), "at propensity: Field required"),
        (json.dumps(GOOD | {"propensity": 1.2}), "at propensity: Input should be less than or equal to 1"),
        (json.dumps(GOOD | {"reasons": []}), "at reasons: List should have at least 1 item"),
        (json.dumps(GOOD | {"reasons": [""]}), "at reasons.0: String should have at least 1 character"),
        (json.dumps(GOOD | {"band": "hot"}), "at band: Extra inputs are not permitted"),
    ],
)
def test_a_broken_reply_is_a_sentence_that_repeats_no_value_of_it(graph: ModuleType, reply: str, reported: str) -> None:
    with pytest.raises(graph.ReplyError, match=re.escape(reported)) as error:
        graph.check({"reply": reply})
    assert "hot stuff" not in str(error.value)


def test_a_refusal_is_a_broken_reply(graph: ModuleType) -> None:
    with OpenAIServer(lambda _: "", mode="refusal") as server, pytest.raises(graph.ReplyError, match="0 characters"):
        run_on(server, graph)


def test_an_unknown_prompt_lists_those_there_are(graph: ModuleType) -> None:
    with pytest.raises(UsageError, match="'p9' is unknown; choose one of: p1, p2"):
        graph.build("p9")


@pytest.mark.parametrize(("field", "value"), [("source", "fax"), ("company_size", 0), ("pages_viewed", -1)])
def test_a_lead_that_breaks_the_contract_is_refused_and_not_repeated(graph: ModuleType, field: str, value: Any) -> None:
    with pytest.raises(ValueError, match=f"1 validation error for Input\n{field}") as error:
        graph.build().compile().invoke({**LEAD, "message": "my secret", field: value})
    assert "my secret" not in str(error.value)


@pytest.mark.parametrize(
    ("propensity", "band"),
    [(0.0, "low"), (0.199, "low"), (0.2, "medium"), (0.499, "medium"), (0.5, "high"), (1.0, "high")],
)
def test_a_propensity_band_holds_its_lower_edge_and_not_its_upper_one(
    contract: ModuleType, propensity: float, band: str
) -> None:
    assert contract.propensity_band_of(propensity) == band


def test_more_points_never_make_a_meeting_less_likely(rules: ModuleType) -> None:
    curve = module("graphs.lead_score.guide").read_guide(GUIDE).propensity
    found = [curve.of(points) for points in range(-300, 400)]
    assert found == sorted(found)
    assert curve.of(60) == 0.5
    assert 0 <= curve.of(-(10**9)) < curve.of(10**9) <= 1


def test_a_lead_that_has_been_silent_is_hot_and_yet_unlikely(graph: ModuleType) -> None:
    state = graph.build("p2").compile().invoke(LEAD | {"company_size": 600, "days_since_contact": 12})
    assert (state["band"], state["propensity_band"]) == ("hot", "medium")


def test_the_model_is_not_told_which_sales_region_would_call(graph: ModuleType) -> None:
    assert graph.read(LEAD | {"region": "apac"}) == graph.read(LEAD)


# ---- the evaluators


@pytest.mark.parametrize(
    ("reported", "wanted", "score"),
    [("high", "high", 1.0), ("medium", "high", 0.0), (None, "high", 0.0), ("high", None, None)],
)
def test_a_propensity_is_judged_by_its_band(
    suite: ModuleType, reported: str | None, wanted: str | None, score: Any
) -> None:
    run = Run("r", LEAD, GOOD | {"propensity_band": reported})
    (found,) = bind(suite.propensity_match)(run, Example("x", LEAD, {"score": 90, "propensity_band": wanted}))
    assert (found.key, found.score) == ("propensity", score)


@pytest.mark.parametrize(
    ("output", "band", "near", "reason"),
    [
        ({"score": 71, "band": "hot"}, 1.0, 0.81, "hot (71) is right"),
        ({"score": 69, "band": "warm"}, 0.0, 0.79, "said warm (69), it is hot"),
        ({"score": 90, "band": "cold"}, 0.0, 1.0, "said cold (90), it is hot"),
        ({}, 0.0, None, "said None (None), it is hot"),
    ],
)
def test_a_lead_is_judged_by_its_band_and_not_by_its_number(
    suite: ModuleType, output: dict[str, Any], band: float, near: float | None, reason: str
) -> None:
    run, example = Run("r", LEAD, output), Example("x", LEAD, {"score": 90})
    (found,), (close,) = bind(suite.band_match)(run, example), bind(suite.near)(run, example)
    assert (found.key, found.score, found.reason) == ("band", band, reason)
    assert close.score == (None if near is None else pytest.approx(near))


def test_without_a_reference_nothing_is_said_of_the_band(suite: ModuleType) -> None:
    (found,) = bind(suite.band_match)(Run("r", LEAD, {"score": 1, "band": "cold"}), Example("x", LEAD, None))
    assert found.score is None


@pytest.mark.parametrize(
    ("change", "score"),
    [
        ({}, 1.0),
        ({"score": 101}, 0.0),
        ({"score": True}, 0.0),
        ({"score": 70.0}, 0.0),
        ({"score": math.nan}, 0.0),
        ({"score": 69}, 0.0),  # which is warm
        ({"band": None}, 0.0),
        ({"propensity": None}, 0.0),
        ({"propensity": 1.5}, 0.0),
        ({"propensity": 0.49}, 0.0),  # which is medium
        ({"propensity_band": "certain"}, 0.0),
        ({"reasons": []}, 0.0),
        ({"reasons": [" "]}, 0.0),
        ({"reasons": "a quote"}, 0.0),
    ],
)
def test_the_schema_is_a_score_its_band_and_reasons(suite: ModuleType, change: dict[str, Any], score: float) -> None:
    run = Run("r", LEAD, GOOD | {"band": "hot", "propensity_band": "high"} | change)
    (found,) = bind(suite.schema)(run, Example("x", LEAD, {"score": 90}))
    assert (found.key, found.score) == ("schema", score)
