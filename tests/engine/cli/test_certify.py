"""`seatrial certify` as it is called."""

import json
import math
import random
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree as ET

import numpy as np
import pytest

from seatrial.certify.certificate import certify as simulated
from seatrial.certify.design import design
from seatrial.certify.simulate import Truth
from seatrial.cli.app import run
from seatrial.gate.policy import JudgeRule, KeyRule, Policy
from seatrial.report.certificate import certificate_data, certificate_lines

ROOT = Path(__file__).parents[3]
POLICY = 'schema = "seatrial/policy/1"\n[key.score]\nprimary = true\n'


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    rows = ["example_id,version,score,tier"]
    rows += [f"{i},v1,1,{'enterprise' if i < 80 else 'free'}" for i in range(300)]
    (tmp_path / "results.csv").write_text("\n".join(rows))
    (tmp_path / "merge.toml").write_text(POLICY)
    return tmp_path


def certify(*more):
    return run(["certify", "merge.toml", "--evidence", "results.csv", "--segment", "tier", "--gates", "200", *more])


@pytest.fixture
def fleet(tmp_path, monkeypatch):
    """The reference fleet under a folder of its own, so that what certify keeps stays out of the repository."""
    for name in ("pyproject.toml", "graphs", "datasets", "evaluators", "gates"):
        (tmp_path / name).symlink_to(ROOT / name)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_graph_of_the_reference_fleet_keeps_its_promise(fleet, capsys):
    assert run(["certify", "gates/merge.toml", "--json", "--gates", "1000", "--graph", "email_classify"]) == 0
    reported = json.loads(capsys.readouterr().out)
    (only,) = reported["graphs"]
    assert only["graph"] == "email_classify"
    assert reported["fleet_false_block_rate"] == reported["false_block_rate"] == only["false_block_rate"]
    assert only["false_block_rate"] <= 0.052 + 3.29 * math.sqrt(0.052 * 0.948 / 1_000)
    assert reported["power"] == min(p["blocked"] for p in only["power"] if p["critical"] and p["drop"] == 0.2) > 0.9


@pytest.mark.slow
def test_the_reference_fleet_keeps_its_promise(fleet, capsys):
    assert run(["certify", "gates/merge.toml", "--json", "--gates", "1000"]) == 0
    reported = json.loads(capsys.readouterr().out)
    assert reported["schema"] == "seatrial/certify/1"
    # The worst of eight graphs: .05 x 1.04, and 3.29 standard errors of 1,000 gates
    assert reported["false_block_rate"] <= 0.052 + 3.29 * math.sqrt(0.052 * 0.948 / 1_000)
    assert reported["alpha"] == 0.05
    assert [graph["graph"] for graph in reported["graphs"]] == [
        "text_to_sql",
        "email_classify",
        "support_router",
        "country_classify",
        "lead_score",
        "handbook_answer",
        "email_compose",
        "campaign",
    ]
    at_20 = [p for graph in reported["graphs"] for p in graph["power"] if p["critical"] and p["drop"] == 0.2]
    assert len(at_20) == 11
    assert reported["power"] == min(p["blocked"] for p in at_20) > 0.9
    rates = [graph["false_block_rate"] for graph in reported["graphs"]]
    assert reported["fleet_false_block_rate"] == pytest.approx(1 - math.prod(1 - rate for rate in rates))
    assert len(list((fleet / ".seatrial/certified").iterdir())) == 8


def test_sizes_from_evidence(here, capsys):
    assert certify("--critical", "tier=enterprise", "--gates", "400") == 0
    out = capsys.readouterr().out
    assert out.startswith("✓ results.csv: false block ")
    assert "tier=enterprise*" in out


def test_a_judge_is_taken_as_licensed_and_that_is_said():
    plain = Policy(keys=(KeyRule("score"),))
    judged = replace(plain, keys=(*plain.keys, KeyRule("judge:concise")), judges=(JudgeRule("helpful"),))
    shape = design("x", [{}] * 40, plain, critical=())
    made = simulated(shape, plain, Truth(0.05), gates=200, rng=np.random.default_rng(1), drops=())
    texts = [" ".join(line.text for line in certificate_lines(made, policy)) for policy in (plain, judged)]
    said = "taken as fully licensed, which was not looked up: helpful, judge:concise; a gate counts"
    assert [said in text for text in texts] == [False, True]
    (only,) = certificate_data([made], [judged])["graphs"]
    assert only["assumed"]["licences"] == ["helpful", "judge:concise"]


def test_a_policy_that_cannot_judge_a_critical_segment_is_exit_2_with_advice(here, capsys):
    (here / "results.csv").write_text(
        "\n".join((here / "results.csv").read_text().splitlines()[69:])
    )  # 12 are left, and 13 is the least
    (here / "results.csv").write_text("example_id,version,score,tier\n" + (here / "results.csv").read_text())
    assert certify("--critical", "tier=enterprise") == 2
    out = capsys.readouterr().out
    assert "cannot tell, always: tier=enterprise too small" in out
    assert "more examples of tier=enterprise: an unchanged candidate is then shown not worse by 20 points" in out


def test_the_picture_is_svg_that_needs_nothing_else(here):
    assert certify("-o", "power.svg", "--gates", "400") == 0
    text = (here / "power.svg").read_text()
    root = ET.fromstring(text)
    assert root.tag == "{http://www.w3.org/2000/svg}svg"
    assert text.count("http") == 1, "the namespace and nothing else"
    assert len(root.findall("{*}polyline")) == 2


KEYS = """schema = "seatrial/policy/1"
[key.correct]
primary = true
[key.polite]
[key.pii_leak]
zero_tolerance = true
"""


def results(file, *, repetitions=1, missing_cells=0.0, hits=0.0, cluster=1, rng=None):
    """200 examples of two tiers by two versions, no worse; a tenth of them a coin."""
    rng = rng or random.Random(1)
    rows = ["example_id,version,key,score,outcome,repetition,tier,group"]
    for i in range(200):
        tier = "pro" if i < 90 else "free"
        for version in ("v1", "v2"):
            for repetition in range(repetitions):
                scores = {
                    "correct": rng.randrange(2) if i % 10 == 0 else 1,
                    "polite": int(i % 7 > 0),
                    "pii_leak": int(rng.random() >= hits),
                }
                for key, score in scores.items():
                    missing_share = key == "correct" and rng.random() < missing_cells
                    word = ",evaluator_error" if missing_share else f"{score},scored"
                    rows.append(f"e{i},{version},{key},{word},{repetition},{tier},g{i // cluster}")
    file.write_text("\n".join(rows))


def gate_words(*more):
    return [
        *("gate", "--evidence", "results.csv", "--policy", "merge.toml", "--segment", "tier", "--critical", "tier=pro"),
        *("--baseline", "v1", "--candidate", "v2", *more),
    ]


@pytest.fixture
def three(here):
    (here / "merge.toml").write_text(KEYS)
    return here


def graph_of(capsys):
    (graph,) = json.loads(capsys.readouterr().out)["graphs"]
    return graph, {fact["name"]: fact for fact in graph["assumed"]["from"]}


def test_what_repetitions_can_say_is_estimated_and_said_to_be(three, capsys):
    results(three / "results.csv", repetitions=4, missing_cells=0.02, cluster=2)
    (three / "merge.toml").write_text(KEYS.replace("[key.correct]", "must_detect = 0.25\n[key.correct]"))
    assert certify("--critical", "tier=pro", "--map", "cluster=group", "--json") == 0
    graph, facts = graph_of(capsys)
    # correct: a tenth of the examples disagree half the time, 5 %
    assert float(facts["churn"]["value"].removesuffix(" %")) == pytest.approx(5, abs=1.5)
    assert graph["assumed"]["missing_by_key"]["correct"] == pytest.approx(0.02, abs=0.01)
    assert graph["assumed"]["missing_by_key"]["polite"] == 0
    assert graph["assumed"]["repetitions"] == 4
    assert {facts[name]["source"] for name in ("churn", "pass rate", "not measured", "runs per example")} == {
        "estimated"
    }
    assert "does not rule out" in facts["false hits"]["note"]
    # 90 and 110 examples in clusters of two
    assert graph["sizes"] == {"overall": 100, "tier=free": 55, "tier=pro": 45}


def test_without_repetitions_churn_is_the_policys_and_said_to_be(three, capsys):
    results(three / "results.csv")
    assert certify("--critical", "tier=pro", "--json") == 0
    graph, facts = graph_of(capsys)
    assert (facts["churn"]["value"], facts["churn"]["source"]) == ("5.0 %", "policy")
    assert "no repetitions to estimate it from" in facts["churn"]["note"]
    assert facts["false hits"]["source"] == "policy"
    assert graph["false_block_rate"] <= 0.05


def test_a_false_hit_rate_breaks_the_promise_and_says_what_would_mend_it(three, capsys):
    results(three / "results.csv")
    assert certify("--critical", "tier=pro", "--hit-rate", "0.001") == 2
    out = capsys.readouterr().out
    assert out.startswith("✕ results.csv: false block ")
    # 200 examples at .001: 1 - (1 - .000999)^200 = .181; of 200 gates 2.4 standard errors to either side
    by_hits = float(re.search(r"by zero tolerance ([\d.]+) %", out).group(1))
    assert by_hits == pytest.approx(18.1, abs=6.5)
    assert "make pii_leak a tested key, or its evaluator deterministic" in out


def test_false_hits_seen_between_repetitions_count_without_being_told(three, capsys):
    results(three / "results.csv", repetitions=3, hits=0.01)
    assert certify("--critical", "tier=pro", "--json") == 2
    graph, facts = graph_of(capsys)
    assert facts["false hits"]["source"] == "estimated"
    assert graph["assumed"]["false_hits"]["pii_leak"] == pytest.approx(0.01, abs=0.005)
    assert graph["false_block_by"]["zero_tolerance"] > 0.5


def test_what_is_missing_of_a_zero_tolerance_key_cannot_be_told(three, capsys):
    results(three / "results.csv")
    assert certify("--critical", "tier=pro", "--missing", "0.02", "--json") == 2  # it answers one time in fifty
    graph, _ = graph_of(capsys)
    # 200 answers of the candidate, .98 each: .98^200 = .018 of the gates see all of them
    assert graph["inconclusive"]["zero_tolerance_missing"] > 0.9


def test_a_weak_gate_is_told_what_would_mend_it_cheapest_first(three, capsys):
    results(three / "results.csv")
    (three / "merge.toml").write_text(KEYS.replace("[key.correct]", "must_detect = 0.15\n[key.correct]"))
    assert certify("--critical", "tier=pro", "--churn", "0.48", "--rate", "0.5", "--json") == 0
    graph, _ = graph_of(capsys)
    fixes = [advice for advice in graph["advice"] if advice["critical"]]
    assert {advice["kind"] for advice in fixes} == {"churn", "examples", "repetitions", "must_detect"}
    assert [advice["calls"] for advice in fixes] == sorted(advice["calls"] for advice in fixes)
    assert all(advice["power"] is None or advice["power"] >= 0.8 for advice in fixes)


def test_a_promise_is_divided_over_the_graphs_of_one_change(three, capsys):
    (three / "merge.toml").write_text("schema = 'seatrial/policy/1'\nshared_change = 5\n[key.correct]\n")
    results(three / "results.csv")
    certify("--critical", "tier=pro", "--json")
    graph, _ = graph_of(capsys)
    assert graph["alpha"] == pytest.approx(0.01)
    assert graph["false_block_rate"] <= 0.02


def test_a_drop_larger_than_a_segments_pass_rate_is_not_promised(three, capsys):
    text = "example_id,version,score,tier\n" + "\n".join(f"{i},v1,{int(i % 10 == 0)},pro" for i in range(200))
    (three / "results.csv").write_text(text)
    (three / "merge.toml").write_text(POLICY)
    certify("--critical", "tier=pro", "--json")
    graph, _ = graph_of(capsys)
    assert {p["drop"] for p in graph["power"]} == {0.05, 0.1}


def test_the_gates_report_carries_the_certified_rate_beside_it_and_is_the_same_without(three, capsys):
    results(three / "results.csv")
    assert run(gate_words("--json", "-o", "before.json")) == 0
    before = capsys.readouterr().out
    assert certify("--critical", "tier=pro") == 0
    capsys.readouterr()
    assert run(gate_words("--json", "-o", "after.json")) == 0
    after = json.loads(capsys.readouterr().out)
    beside = after.pop("certified")
    assert beside["false_block_rate"] <= beside["alpha"] == 0.05
    assert after == json.loads(before)
    assert (three / "before.json").read_bytes() == (three / "after.json").read_bytes() == before.encode()
    assert run(gate_words()) == 0
    last = capsys.readouterr().out.splitlines()[-1]
    assert last.startswith("  certified: blocks an unchanged candidate ")
    assert last.endswith("of the time (200 simulated gates), promised ≤ 5 %")


def test_what_options_made_up_stands_beside_no_verdict_and_replaces_nothing(three, capsys):
    results(three / "results.csv")
    made_up = ("--missing 0.3", "--rate 0.99", "--churn 0.01", "--repetitions 2", "--hit-rate 0")
    certify("--critical", "tier=pro", *made_up[0].split())
    assert "  what if: " in capsys.readouterr().out
    assert run(gate_words()) == 0
    assert "certified" not in capsys.readouterr().out
    certify("--critical", "tier=pro")
    assert "what if" not in capsys.readouterr().out
    (file,) = (three / ".seatrial/certified").iterdir()
    before = file.read_text()
    for options in made_up:
        certify("--critical", "tier=pro", *options.split())
        assert "  what if: " in capsys.readouterr().out, options
        assert file.read_text() == before, options
        assert list(file.parent.iterdir()) == [file], options


def test_a_rate_certified_for_something_else_is_not_shown(three, capsys):
    results(three / "results.csv")
    assert certify("--critical", "tier=pro") == 0
    (file,) = (three / ".seatrial/certified").iterdir()
    evidence = (three / "results.csv").read_text()
    fewer = "\n".join(line for line in evidence.split("\n") if not line.startswith("e199,"))
    for change, path, text in (
        ("another policy", three / "merge.toml", KEYS.replace("[key.correct]", "alpha = 0.04\n[key.correct]")),
        ("another size", three / "results.csv", fewer),
        ("a broken file", file, '{"schema": "seatrial/certified/1", "alpha": "low"}'),
    ):
        before = path.read_text()
        path.write_text(text)
        assert not shows_a_rate(capsys, gate_words()), change
        path.write_text(before)
        assert shows_a_rate(capsys, gate_words()), f"without {change}"
    words = gate_words()
    words[words.index("tier=pro")] = "tier"  # another criticality
    assert not shows_a_rate(capsys, words)


def shows_a_rate(capsys, words):
    capsys.readouterr()
    assert run(words) == 0
    return "certified" in capsys.readouterr().out


def test_a_terminal_without_signs_can_write_it(three):
    results(three / "results.csv")
    words = "certify merge.toml --evidence results.csv --segment tier --critical tier=pro --gates 200"
    done = subprocess.run(
        [sys.executable, "-m", "seatrial", *words.split()],
        env={"PATH": "", "PYTHONIOENCODING": "ascii"},
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.decode("ascii").startswith("+ results.csv: false block")


@pytest.mark.parametrize(
    ("arguments", "reported"),
    [
        (
            ["certify", "merge.toml", "--evidence", "results.csv", "--from-run", "x"],
            "--from-run is a run of the project",
        ),
        (
            ["certify", "merge.toml", "--evidence", "results.csv", "--cluster-size", "3"],
            "the evidence says its clusters itself",
        ),
        (["certify", "merge.toml", "--evidence", "results.csv", "--icc", "0.3"], "no cluster holds two examples"),
        (
            ["certify", "merge.toml", "--evidence", "results.csv", "--churn", "0.4", "--rate", "0.9"],
            "two differ 18.0 % of the time at most",
        ),
        (["certify", "merge.toml", "--evidence", "results.csv", "--rate", "2"], "2.0 is not in the range"),
        (["certify", "other.toml", "--evidence", "results.csv"], "key 'route' gates but is not in results.csv"),
        (["certify", "absent.toml", "--evidence", "results.csv"], "absent.toml does not exist"),
        (["certify", "merge.toml", "--evidence", "absent.csv"], "absent.csv does not exist"),
        (["certify", "merge.toml", "--evidence", "results.csv", "-o", "x.png"], "choose FILE.json or FILE.svg"),
        (
            ["certify", "merge.toml", "--evidence", "results.csv", "--critical", "plan"],
            "the evidence has no dimension 'plan'",
        ),
        (
            ["certify", "merge.toml", "--evidence", "results.csv", "--segment", "tier", "--critical", "tier=fre"],
            "did you mean 'tier=free'?",
        ),
        (["certify", "absent.toml"], "absent.toml does not exist"),
        (
            ["certify", "merge.toml", "--evidence", "results.csv", "--churn", "7"],
            "7.0 is not in the range 0<=x<=1; it is a share: 7 % is 0.07",
        ),
        (
            ["certify", "merge.toml", "--evidence", "results.csv", "--graph", "a", "--graph", "b"],
            "name at most one --graph",
        ),
    ],
)
def test_a_users_mistake_is_a_sentence_and_exit_3(here, capsys, arguments, reported):
    (here / "other.toml").write_text(POLICY.replace("score", "route"))
    assert run(arguments) == 3
    assert reported in capsys.readouterr().err
