"""The policy file: every word is known, every error names file and place, and nothing unknown passes."""

import pytest

from seatrial.errors import ConfigError
from seatrial.gate.policy import JudgeRule, KeyRule, MeasureRule, Policy, Weights, load_policy, parse_policy

HEAD = 'schema = "seatrial/policy/1"\n'
EXAMPLE = (
    HEAD
    + """
owner = "sales-platform"
mode = "block"
alpha = 0.05
weights = { overall = 0.1, critical = 0.6, rest = 0.3 }
must_detect = 0.20
churn = 0.05
min_n = 20
missing_tolerance = 0.02
dataset_mismatch = "refuse"
[key.valid]
primary = true
promote_margin = 0.05
[key.pii_leak]
zero_tolerance = true
[measure.latency_ms]
statistic = "median"
max_increase = "10%"
[graph.support_router.key.route]
primary = true
"""
)
JUDGE = "[judge.helpful]\nrequire_licence = true\nmin_consistency = 0.8\n"
MUST_PASS = '[must_pass]\nexamples = ["gdpr-erasure-01"]\n'
KEY = "[key.valid]\nprimary = true\n"


@pytest.fixture
def file(tmp_path):
    def write(text):
        path = tmp_path / "merge.toml"
        path.write_text(text, encoding="utf-8")
        return path

    return write


def test_the_designs_own_example_is_read_up_to_what_is_not_built(file):
    found = load_policy(file(EXAMPLE))
    assert (found.owner, found.mode, found.alpha, found.min_n) == ("sales-platform", "block", 0.05, 20)
    assert (found.must_detect, found.churn, found.missing_tolerance) == (0.2, 0.05, 0.02)
    assert found.weights == Weights(0.1, 0.6, 0.3)
    assert found.keys == (KeyRule("valid", primary=True), KeyRule("pii_leak", zero_tolerance=True))
    assert found.measures == (MeasureRule("latency_ms", 0.1, "median"),)


def test_a_graphs_own_keys_replace_the_general_ones(file):
    found = load_policy(file(EXAMPLE), "support_router")
    assert found.keys == (KeyRule("route", primary=True),)
    assert found.measures == (MeasureRule("latency_ms", 0.1, "median"),)
    assert load_policy(file(EXAMPLE), "text_to_sql").keys == load_policy(file(EXAMPLE)).keys


def test_judges_are_named_for_all_graphs_or_for_one_and_change_the_hash(file):
    path = file(
        EXAMPLE + JUDGE + '[graph.support_router.judge.tone]\nship_rule = "superior_overall_noninferior_critical"\n'
    )
    assert load_policy(path).judges == (JudgeRule("helpful", min_consistency=0.8),)
    (own,) = load_policy(path, "support_router").judges
    assert (own.name, own.require_licence, own.margin) == ("tone", True, 0.1)
    assert load_policy(path).hash != load_policy(file(EXAMPLE)).hash


def test_vital_examples_are_named_for_all_graphs_or_for_one(file):
    path = file(EXAMPLE + MUST_PASS + '[graph.support_router.must_pass]\nexamples = ["sr-001", "sr-002"]\n')
    assert load_policy(path).must_pass == ("gdpr-erasure-01",)
    assert load_policy(path, "support_router").must_pass == ("sr-001", "sr-002")
    assert load_policy(path).hash != load_policy(file(EXAMPLE)).hash


@pytest.mark.parametrize(
    ("text", "reported"),
    [
        (KEY, "schema is None"),
        ('schema = "seatrial/policy/2"\n' + KEY, "schema is 'seatrial/policy/2'"),
        (HEAD + "alhpa = 0.05\n" + KEY, "'alhpa' is unknown; choose one of: owner, mode, alpha"),
        (HEAD + 'mode = "strict"\n' + KEY, "mode: 'strict' is unknown; choose one of: observe, warn, block"),
        (HEAD + 'test = "midp"\n' + KEY, "test: 'midp' is unknown; choose one of: mid-p, exact"),
        (HEAD + 'dataset_mismatch = "ignore"\n' + KEY, "dataset_mismatch: 'ignore' is unknown; choose one of: refuse"),
        (HEAD + "alpha = 0\n" + KEY, "alpha: must lie between 0 and 1"),
        (HEAD + "alpha = 1.0\n" + KEY, "alpha: must lie between 0 and 1"),
        (HEAD + "alpha = nan\n" + KEY, "alpha: must lie between 0 and 1"),
        (HEAD + 'alpha = "5%"\n' + KEY, "alpha: expected a number"),
        (HEAD + "alpha = true\n" + KEY, "alpha: expected a number"),
        (HEAD + "must_detect = 20\n" + KEY, "must_detect: must lie between 0 and 1"),
        (HEAD + "churn = -0.1\n" + KEY, "churn: must lie between 0 and 1"),
        (HEAD + "missing_tolerance = 1\n" + KEY, "missing_tolerance: must lie between 0 and 1"),
        (HEAD + "min_n = 0\n" + KEY, "min_n: expected a whole number of 1 or more"),
        (HEAD + "min_n = 2.5\n" + KEY, "min_n: expected a whole number"),
        (HEAD + "min_n = true\n" + KEY, "min_n: expected a whole number"),
        (HEAD + "shared_change = 0\n" + KEY, "shared_change: expected a whole number"),
        (HEAD + "repetitions = 0\n" + KEY, "repetitions: expected a whole number of 1 or more"),
        (HEAD + "owner = 3\n" + KEY, "owner: expected text"),
        (HEAD + "weights = 3\n" + KEY, "[weights]: expected a table"),
        (HEAD + "weights = { overall = 0.5 }\n" + KEY, "overall + critical + rest is 1.3"),
        (HEAD + "weights = { overall = 0.1, critical = 0.6, others = 0.3 }\n" + KEY, "'others' is unknown; choose"),
        (HEAD + "weights = { overall = 0.0, critical = 0.7, rest = 0.3 }\n" + KEY, "overall: must lie between"),
        (HEAD + KEY + "[must_pass]\n", "examples is a list of example ids"),
        (HEAD + KEY + "[must_pass]\nexamples = [1]\n", "examples is a list of example ids"),
        (HEAD + KEY + '[must_pass]\nexamples = ["a", "a"]\n', "stands there twice"),
        (HEAD + KEY + '[must_pass]\nids = ["a"]\n', "'ids' is unknown; choose one of: examples"),
        (HEAD, "names no gating key"),
        (HEAD + "key = 3\n", "[key]: expected a table"),
        (HEAD + "[key]\nvalid = true\n", "[key].valid: expected a table"),
        (HEAD + '[key.valid]\nprimary = "yes"\n', "[key].valid: primary: expected true or false"),
        (HEAD + "[key.valid]\nmargin = 0.1\n", "[key].valid: 'margin' is unknown; choose one of: primary"),
        (HEAD + "[key.a]\n[key.b]\n", "exactly one key is primary, found none of: a, b"),
        (HEAD + "[key.a]\nprimary = true\n[key.b]\nprimary = true\n", "exactly one key is primary, found a, b"),
        (HEAD + "[key.a]\nzero_tolerance = true\n", "every key is zero_tolerance"),
        (HEAD + "[key.a]\nprimary = true\nzero_tolerance = true\n[key.b]\n", "a is primary and zero_tolerance"),
        (
            HEAD + KEY + "[measure.cost]\nmax_increase = 0.1\n",
            "no measurement is called 'cost'; choose one of: latency_ms",
        ),
        (HEAD + KEY + "[measure.latency_ms]\n", "max_increase is missing"),
        (HEAD + KEY + "[measure.latency_ms]\nmax_increase = 10\n", "an increase of 10 is out of range"),
        (HEAD + KEY + '[measure.latency_ms]\nmax_increase = "a lot%"\n', "expected a percentage"),
        (HEAD + KEY + '[measure.latency_ms]\nmax_increase = "nan%"\n', "out of range"),
        (HEAD + KEY + '[measure.latency_ms]\nmax_increase = 0.1\nstatistic = "p99"\n', "'p99' is unknown; choose"),
        (HEAD + KEY + '[judge.helpful]\nship_rule = "best"\n', "'best' is unknown; choose one of: superior"),
        (HEAD + KEY + "[judge.helpful]\nfloor = 0.7\n", "'floor' is unknown; choose one of: require_licence"),
        (HEAD + "measure = 3\n" + KEY, "[measure]: expected a table"),
        (HEAD + "graph = 3\n" + KEY, "[graph]: expected a table"),
        (HEAD + KEY + "[graph]\nx = 3\n", "[graph.x]: expected a table"),
        (HEAD + KEY + "[graph.x.keys.a]\n", "[graph.x]: 'keys' is unknown; choose one of: key, measure"),
        (HEAD + KEY + "alpha = \n", "cannot be read"),
    ],
)
def test_what_is_wrong_is_said_with_file_place_and_choices(file, text, reported):
    path = file(text)
    with pytest.raises(ConfigError) as caught:
        load_policy(path)
    assert str(path) in str(caught.value)
    assert reported in str(caught.value)


def test_a_graphs_own_section_is_named_in_its_error(file):
    with pytest.raises(ConfigError, match=r"\[graph.router.key\].route: 'primry' is unknown"):
        load_policy(file(HEAD + "[graph.router.key.route]\nprimry = true\n"), "router")


@pytest.mark.parametrize("content", [None, b"\xff\xfe"])
def test_a_file_that_cannot_be_read_is_named(tmp_path, content):
    path = tmp_path / "merge.toml"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ConfigError, match="does not exist" if content is None else "cannot be read"):
        load_policy(path)


@pytest.mark.parametrize(("written", "share"), [('"10%"', 0.1), ("0.1", 0.1), ('"0%"', 0.0), ('"2.5%"', 0.025)])
def test_an_increase_is_a_percentage_or_a_share(file, written, share):
    found = load_policy(file(HEAD + KEY + f"[measure.input_tokens]\nmax_increase = {written}\n"))
    assert found.measures == (MeasureRule("input_tokens", pytest.approx(share)),)


def test_the_hash_is_of_the_rules_and_not_of_the_place():
    raw = {"schema": "seatrial/policy/1", "key": {"valid": {}}}
    one, other = parse_policy(raw, "here.toml"), parse_policy(dict(reversed(raw.items())), "there.toml")
    assert one.hash == other.hash
    assert parse_policy({**raw, "alpha": 0.04}, "here.toml").hash != one.hash


def test_the_built_in_defaults_are_the_houses():
    found = Policy()
    assert (found.alpha, found.must_detect, found.churn, found.min_n) == (0.05, 0.20, 0.05, 20)
    assert (found.missing_tolerance, found.mode, found.test, found.keys) == (0.02, "block", "mid-p", ())
