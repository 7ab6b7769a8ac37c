"""`seatrial rollout` as a person and as cron run it: sentences, and exit codes of a process."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from xml.etree import ElementTree as ET

import numpy as np
import pytest

from seatrial.cli.app import run
from seatrial.errors import DataError
from seatrial.experiment.tally import CellTraffic
from seatrial.rollout import controller, ledger
from seatrial.rollout.routing import traffic_to
from seatrial.store.current import close_stores
from seatrial.store.engine import open_store
from seatrial.testing.rollout_traffic import serve

BEGIN = 1_800_000_000
HOUR = 3600
PLAN = """
schema = "seatrial/rollout-plan/1"
graph = "support"
control = "v3"
candidate = "v4"
units_per_day = 12000
min_units = 30
bake = "1h"
[metric.resolved]
[cell.DE]
share = 0.4
rate = 0.95
critical = true
where = [{ field = "inputs.region", op = "equals", arg = "DE" }]
[cell.rest]
share = 0.6
rate = 0.95
[[stage]]
share = 0.25
margin = 0.10
hours = 24
"""
METRICS = '[metric.resolved]\nsource = "outcome:resolved"\nhorizon = "1h"\ndefault = "negative"\n'
AB = """
schema = "seatrial/ab-plan/1"
control = "v3"
treatment = "v4"
units = 4000
[metric.resolved]
primary = true
rate = 0.5
detect = 0.05
"""
SIGNED = ("--author", "ada", "--reason", "new prompt")


@pytest.fixture
def project(tmp_path, monkeypatch):
    (tmp_path / "pyproject.toml").write_text('[tool.seatrial]\nfleet = "t"\nregistry = "graphs/registry.py"\n')
    for name in ("gates", "experiments", "graphs"):
        (tmp_path / name).mkdir()
    (tmp_path / "graphs/registry.py").write_text("GRAPHS = ()\n")
    (tmp_path / "gates/metrics.toml").write_text(METRICS)
    (tmp_path / "experiments/support_v4.toml").write_text(PLAN)
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("SEATRIAL_STORE", raising=False)
    yield tmp_path
    close_stores()


def traffic(root, rate, *, hour):
    with open_store(f"sqlite:///{root}/.seatrial/store.db") as store:
        rules, last = controller.ends(store, controller.full_name(store, "support_v4"))
        serve(
            store,
            rules,
            ledger.state_of(last),
            lambda _cell, arm, *_: rate if arm == "candidate" else 0.95,
            np.random.default_rng(4),
            begin=BEGIN + hour * HOUR,
            seconds=2 * HOUR,
            units_per_day=12_000,
        )


def start(*more):
    return run(["rollout", "start", "support_v4", *SIGNED, "--at", str(BEGIN), *more])


def test_a_rollout_starts_steps_and_replays(project, capsys):
    assert start() == 0
    assert run(["rollout", "step", "support_v4", "--at", str(BEGIN + HOUR)]) == 0
    traffic(project, 0.95, hour=0)
    capsys.readouterr()
    assert run(["rollout", "step", "support_v4", "--at", str(BEGIN + 4 * HOUR), "--json"]) == 0
    reported = json.loads(capsys.readouterr().out)
    assert reported["schema"] == "seatrial/rollout/1"
    assert [(one["move"], one["to"]) for one in reported["details"]["steps"]] == [("up", 1.0), ("up", 1.0)]
    assert run(["rollout", "status", "support_v4"]) == 0
    assert "DE" in capsys.readouterr().out
    for verb in ("replay", "verify"):
        assert run(["rollout", verb, "support_v4"]) == 0
        assert "2 rows" in capsys.readouterr().out


def test_a_process_that_rolls_a_cell_back_exits_1_the_next_one_0_and_one_that_cannot_tell_2(project):
    assert start("--accept-underpowered") == 0
    traffic(project, 0.5, hour=0)
    close_stores()

    def step():
        command = [sys.executable, "-m", "seatrial", "rollout", "step", "support_v4", "--at", str(BEGIN + 4 * HOUR)]
        return subprocess.run(command, cwd=project, capture_output=True, text=True, check=False, env=os.environ)

    first, second = step(), step()
    plan = project / "experiments/support_v4.toml"
    plan.write_text(plan.read_text().replace("min_units = 30", "min_units = 31"))
    third = step()
    assert first.returncode == 1, first.stderr
    assert "ROLLED BACK" in first.stdout
    assert "worse in resolved" in first.stdout
    assert second.returncode == 0
    assert third.returncode == 2, third.stderr
    assert "the plan file or a metric it names was changed" in third.stdout


@pytest.mark.parametrize(
    ("plan", "file", "old", "new"),
    [
        ("support_v4", "experiments/support_v4.toml", "min_units = 30", "min_units = 31"),
        ("support_v4", "gates/metrics.toml", '"1h"', '"2h"'),
        ("plans/next.toml", "plans/next.toml", "min_units = 30", "min_units = 31"),
    ],
)
def test_an_edited_plan_or_metric_holds_with_exit_2_wherever_the_plan_is(project, capsys, plan, file, old, new):
    (project / "plans").mkdir()
    (project / "plans/next.toml").write_text(PLAN)
    name = plan.partition("/")[2].removesuffix(".toml") or plan
    begin = ["rollout", "start", plan, *SIGNED, "--accept-underpowered", "--at"]
    assert run([*begin, str(BEGIN)]) == 0
    assert run(["rollout", "step", name, "--at", str(BEGIN + HOUR)]) == 0
    (project / file).write_text((project / file).read_text().replace(old, new))
    capsys.readouterr()
    assert run(["rollout", "step", name, "--at", str(BEGIN + HOUR)]) == 2
    assert "the plan file or a metric it names was changed" in capsys.readouterr().out
    assert run([*begin, str(BEGIN + 60)]) == 0  # a changed plan is a new rollout
    assert f"it takes the place of {name}@" in capsys.readouterr().out
    assert run(["rollout", "step", name, "--at", str(BEGIN + HOUR)]) == 0


def test_another_plan_of_the_same_graph_waits_until_the_open_rollout_has_ended(project, capsys):
    (project / "experiments/other.toml").write_text(PLAN.replace('"v4"', '"v5"'))
    (project / "experiments/elsewhere.toml").write_text(PLAN.replace('"support"', '"billing"'))
    other = ["rollout", "start", "other", *SIGNED, "--at", str(BEGIN + 60), "--accept-underpowered"]
    assert start("--accept-underpowered") == 0
    assert run(["rollout", "start", "elsewhere", *SIGNED, "--at", str(BEGIN + 30), "--accept-underpowered"]) == 0
    assert run(other) == 3
    told = capsys.readouterr().err
    assert "of graph support is open" in told
    assert "seatrial rollout rollback support_v4" in told
    assert run(["rollout", "rollback", "support_v4", *SIGNED, "--at", str(BEGIN + 40)]) == 0
    assert run(other) == 0
    assert run(other) == 0  # started already


def test_a_plan_that_cannot_be_read_any_more_holds_and_still_falls(project, capsys):
    assert start("--accept-underpowered") == 0
    (project / "experiments/support_v4.toml").write_text("[[stage]\n")
    assert run(["rollout", "step", "support_v4", "--at", str(BEGIN + HOUR)]) == 2
    assert "the plan file or a metric it names was changed" in capsys.readouterr().out
    traffic(project, 0.5, hour=0)
    assert run(["rollout", "step", "support_v4", "--at", str(BEGIN + 4 * HOUR)]) == 1
    assert run(["rollout", "replay", "support_v4"]) == 0


def test_a_mistake_in_the_webhooks_stops_no_rollback_and_is_no_0(project, capsys):
    assert start("--accept-underpowered") == 0
    (project / "experiments/webhooks.toml").write_text('[hook.pager]\nurl_env = "SEATRIAL_NOT_SET"\n')
    assert run(["rollout", "step", "support_v4", "--at", str(BEGIN + HOUR)]) == 2
    assert "[hook.pager]: the address is empty" in capsys.readouterr().out
    traffic(project, 0.5, hour=0)
    assert run(["rollout", "step", "support_v4", "--at", str(BEGIN + 4 * HOUR)]) == 1


def test_a_run_outlives_a_store_that_is_away_for_a_moment(project, monkeypatch, capsys):
    past = ["support_v4", *SIGNED, "--at", "1700000000"]
    assert run(["rollout", "start", *past]) == 0
    assert run(["rollout", "override", "--share", "1", *past]) == 0
    calls, real = [], controller.look

    def look(*given, **more):
        calls.append(1)
        if len(calls) == 1:
            raise DataError("the store did not answer")
        return real(*given, **more)

    monkeypatch.setattr(controller, "look", look)
    monkeypatch.setattr("time.sleep", lambda _: None)
    assert run(["rollout", "run", "support_v4"]) == 2
    assert "the store did not answer; tried again in 300 s" in capsys.readouterr().err


@pytest.mark.parametrize("at", ["nan", "-5", "1e300", "inf"])
def test_a_time_that_is_none_is_refused(project, capsys, at):
    assert start("--accept-underpowered") == 0
    assert run(["rollout", "step", "support_v4", "--at", at]) == 3
    assert "seconds since 1970" in capsys.readouterr().err
    assert run(["rollout", "step", "support_v4", "--at", str(BEGIN + HOUR)]) == 0


def test_a_damaged_store_is_a_sentence(project, capsys):
    assert start("--accept-underpowered") == 0
    close_stores()
    for file in (project / ".seatrial").glob("store.db*"):
        file.write_bytes(b"no database" * 100)
    assert run(["rollout", "step", "support_v4"]) == 2
    assert "could not be written: file is not a database; nothing was written" in capsys.readouterr().err


def test_a_corrupt_row_is_a_sentence(project, capsys):
    assert start("--accept-underpowered") == 0
    with open_store(f"sqlite:///{project}/.seatrial/store.db") as store, store.write() as connection:
        connection.exec_driver_sql("UPDATE rollout_ledger SET body = 'x'")
    for verb, code in (("step", 2), ("status", 2), ("replay", 2), ("verify", 1)):
        assert run(["rollout", verb, "support_v4"]) == code, verb
    told = capsys.readouterr()
    assert "row 0 of the ledger of support_v4@" in told.err
    assert "row 0 is not what its hash" in told.out


def test_a_corrupt_row_between_the_ends_is_shown_nowhere(project, capsys):
    assert start("--accept-underpowered") == 0
    for hour in (0, 3):
        traffic(project, 0.95, hour=hour)
        assert run(["rollout", "step", "support_v4", "--at", str(BEGIN + (hour + 2) * HOUR)]) == 0
    with open_store(f"sqlite:///{project}/.seatrial/store.db") as store, store.write() as connection:
        connection.exec_driver_sql("UPDATE rollout_ledger SET body = body || ' ' WHERE sequence = 1")
    capsys.readouterr()
    for verb in (["status", "support_v4"], ["report", "support_v4", "-o", "page.html"]):
        assert run(["rollout", *verb]) == 2, verb
        assert "row 1 of the ledger of support_v4@" in capsys.readouterr().err
    assert not (project / "page.html").exists()


@pytest.mark.slow
def test_every_verb_ends_its_process_with_its_exit_code(project):
    # Each case on what the ones before it left; --at fixes the clock.
    (project / "experiments/ab.toml").write_text(AB)
    at = [str(BEGIN + k * HOUR) for k in range(12)]
    cases = [
        (["rollout", "plan", "support_v4"], 0),
        (["rollout", "plan", "absent"], 3),
        (["rollout", "simulate", "support_v4", "--runs", "2", "--every", "1800"], 0),
        (["rollout", "simulate", "support_v4", "--cell", "XX"], 3),
        (["rollout", "start", "support_v4", *SIGNED, "--at", at[0]], 0),
        (["rollout", "start", "support_v4", "--at", at[0]], 3),
        (["rollout", "plan", "support_v4", "--diff"], 0),
        (["rollout", "step", "support_v4", "--at", at[1]], 0),
        (["rollout", "step", "support_v4", "--events", "none.duckdb", "--at", at[1]], 3),
        (["rollout", "status", "support_v4"], 0),
        (["rollout", "status", "absent"], 3),
        (["rollout", "pause", "support_v4", *SIGNED, "--at", at[2]], 0),
        (["rollout", "resume", "support_v4", "--cell", "DE", *SIGNED, "--at", at[2]], 0),
        (["rollout", "resume", "support_v4", *SIGNED], 3),
        (["rollout", "rollback", "support_v4", "--cell", "DE", *SIGNED, "--at", at[3]], 0),
        (["rollout", "override", "support_v4", "--cell", "rest", "--share", "1", *SIGNED, "--at", at[3]], 0),
        (["rollout", "override", "support_v4", "--share", "0.3", *SIGNED], 3),
        (["rollout", "report", "support_v4", "-o", "page.html"], 0),
        (["rollout", "report", "support_v4"], 3),
        (["rollout", "replay", "support_v4"], 0),
        (["rollout", "verify", "support_v4"], 0),
        (["rollout", "replay-traffic", "support_v4", "absent.jsonl"], 3),
        (["ab", "plan", "experiments/ab.toml"], 0),
        (["ab", "plan", "experiments/absent.toml"], 3),
    ]
    for arguments, code in cases:
        command = [sys.executable, "-m", "seatrial", *arguments]
        ended = subprocess.run(command, cwd=project, capture_output=True, text=True, check=False, env=os.environ)
        assert ended.returncode == code, (arguments, ended.stdout, ended.stderr)
        assert "Traceback" not in ended.stderr


def test_start_refuses_a_plan_that_cannot_stop_what_must_be_stopped(project, capsys):
    plan = project / "experiments/support_v4.toml"
    plan.write_text(PLAN.replace("hours = 24", "hours = 1"))
    assert start() == 3
    assert "--accept-underpowered" in capsys.readouterr().err
    assert start("--accept-underpowered", "--dry-run") == 0
    assert run(["rollout", "status", "support_v4"]) == 3
    assert start("--accept-underpowered") == 0
    assert "accepted: stage 1 cannot stop a drop of" in capsys.readouterr().out
    with open_store(f"sqlite:///{project}/.seatrial/store.db") as store:
        (row,) = controller.all_rows(store, controller.full_name(store, "support_v4"))
    assert "accepted: stage 1 cannot stop a drop of" in row.data["notes"][1]
    assert run(["rollout", "status", "support_v4"]) == 0


def test_a_persons_actions_are_ledgered(project, capsys):
    assert start("--accept-underpowered") == 0
    for arguments in (
        ["pause", "support_v4", *SIGNED],
        ["resume", "support_v4", "--cell", "DE", *SIGNED],
        ["rollback", "support_v4", "--cell", "DE", *SIGNED],
        ["override", "support_v4", "--cell", "rest", "--share", "1", *SIGNED],
    ):
        capsys.readouterr()
        assert run(["rollout", *arguments, "--at", str(BEGIN + 60), "--json"]) == 0
        told = json.loads(capsys.readouterr().out)
        assert (told["verdict"], told["exit_code"]) == ("pass", 0)
    assert run(["rollout", "replay", "support_v4"]) == 0
    assert "5 rows" in capsys.readouterr().out


def test_a_persons_action_is_told_and_logged(project, monkeypatch, capsys):
    pytest.importorskip("mlflow")
    posted, logged = [], []
    monkeypatch.setattr(
        "seatrial.adapters.webhook.post_json", lambda url, body, _: posted.append((url, json.loads(body))) or ""
    )
    monkeypatch.setattr(
        "seatrial.adapters.mlflow.rolled_out.log_rollout", lambda decision, **given: logged.append(given["sequence"])
    )
    (project / "experiments/webhooks.toml").write_text('[hook.pager]\nurl = "http://127.0.0.1:9/p"\n')
    assert start("--accept-underpowered") == 0
    action = ["rollback", "support_v4", "--cell", "DE", *SIGNED, "--mlflow", "--at", str(BEGIN + 60)]
    assert run(["rollout", *action]) == 0
    assert "DONE" in capsys.readouterr().out
    ((url, body),) = posted
    assert url.endswith("/p")
    assert (body["phase"], body["metadata"]["move"], body["metadata"]["why"]) == ("Failed", "off", "person")
    assert "ada: new prompt" in body["metadata"]["text"]
    assert run(["rollout", *action]) == 0  # nothing changes: no message, no record
    assert (len(posted), logged) == (1, [1])


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["resume", "support_v4", *SIGNED], "--cell"),
        (["pause", "support_v4", "--cell", "XX", *SIGNED, "--at", str(BEGIN)], "DE, rest"),
        (["override", "support_v4", "--share", "0.3", *SIGNED, "--at", str(BEGIN)], "0, 0.25, 1"),
        (["step", "other"], "never started"),
        (["step", "support_v4", "--events", "mysql://h/d"], "FILE.duckdb or postgresql"),
        (["start", "other", *SIGNED], "does not exist"),
    ],
)
def test_a_mistake_is_a_sentence_with_the_choices(project, capsys, arguments, says):
    assert start("--accept-underpowered") == 0
    assert run(["rollout", *arguments]) == 3
    assert says in capsys.readouterr().err


def test_a_plan_says_what_it_would_change(project, capsys):
    assert run(["rollout", "plan", "support_v4", "--diff"]) == 3  # nothing runs yet
    assert start("--accept-underpowered") == 0
    assert run(["rollout", "plan", "support_v4", "--diff"]) == 0
    assert "says what it runs by" in capsys.readouterr().out
    file = project / "experiments/support_v4.toml"
    file.write_text(PLAN.replace("margin = 0.10", "margin = 0.05").replace("min_units = 30\n", 'owner = "ada"\n'))
    assert run(["rollout", "plan", "support_v4", "--diff", "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert {one["place"]: (one["before"], one["after"]) for one in said["changes"]} == {
        "owner": ("", "ada"),
        "min_units": (30, 100),
        "stage 1.margin": (0.1, 0.05),
    }
    assert run(["rollout", "plan", "support_v4"]) == 0
    assert "ramp: 0.25 (margin 0.05), 1" in capsys.readouterr().out


def test_a_step_is_summed_up_for_github(project, monkeypatch):
    assert start("--accept-underpowered") == 0
    traffic(project, 0.5, hour=0)
    target = project / "summary.md"
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(target))
    assert run(["rollout", "step", "support_v4", "--at", str(BEGIN + 4 * HOUR)]) == 1
    assert "ROLLED BACK" in target.read_text()
    assert "DE" in target.read_text()


def test_a_step_is_logged_to_mlflow_and_a_record_that_was_asked_for_and_failed_is_no_0(project, monkeypatch, capsys):
    pytest.importorskip("mlflow")
    logged = []

    def log_rollout(decision, **given):
        logged.append((decision.details["rollout"], given["sequence"]))
        if given["sequence"] > 1:
            raise DataError("the tracking server is down")

    monkeypatch.setattr("seatrial.adapters.mlflow.rolled_out.log_rollout", log_rollout)
    assert start("--accept-underpowered") == 0
    traffic(project, 0.95, hour=0)
    common = ["rollout", "step", "support_v4", "--mlflow", "--at"]
    assert run([*common, str(BEGIN + HOUR)]) == 0
    assert run([*common, str(BEGIN + HOUR)]) == 0  # nothing new: no row, no record
    assert run([*common, str(BEGIN + 4 * HOUR)]) == 2
    assert "the tracking server is down" in capsys.readouterr().err
    assert [sequence for _, sequence in logged] == [1, 2]


def test_the_page_shows_every_cell_over_time(project, capsys):
    assert start("--accept-underpowered") == 0
    traffic(project, 0.5, hour=0)
    assert run(["rollout", "step", "support_v4", "--at", str(BEGIN + 4 * HOUR)]) == 1
    with open_store(f"sqlite:///{project}/.seatrial/store.db") as store:
        name = controller.full_name(store, "support_v4")
        traffic_to(store)([CellTraffic(name, "DE", 0, 1, 1000, 25)])
    assert run(["rollout", "report", "support_v4", "-o", "page.html"]) == 0
    page = (project / "page.html").read_text(encoding="utf-8")
    assert page.count('<svg class="ladder"') == 2
    assert "2 of 2 cells need a person: DE rolled back, rest rolled back." in page
    assert "worse in resolved" in page
    assert "Requests without a unit: 2.5 % of 1,000: they got the control" in page
    assert "ROLLED BACK" in page
    capsys.readouterr()
    assert run(["rollout", "report", "support_v4"]) == 3
    assert "-o rollout.html" in capsys.readouterr().err


def test_a_simulation_says_what_a_plan_would_do(project, capsys):
    common = ["rollout", "simulate", "support_v4", "--runs", "5", "--every", "1800", "--json"]
    assert run(common) == 0
    assert json.loads(capsys.readouterr().out)["rolled_back"] == 0
    assert run([*common, "--drop", "0.3", "--cell", "DE"]) == 0
    de, rest = json.loads(capsys.readouterr().out)["cells"]
    assert (de["rolled_back"], rest["rolled_back"]) == (1, 0)
    assert run([*common, "--drop", "0.3", "--cell", "XX"]) == 3
    assert "DE, rest" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("option", "value", "says"),
    [
        *[("--drop", value, "from -1 to 1") for value in ("nan", "5", "-2")],
        ("--throttle", "1.5", "from 0 to 1"),
        ("--from-share", "7", "from 0 to 1"),
        ("--after", "nan", "from 0 to 8784"),
        ("--drift", "nan", "from -1 to 1"),
        ("--days", "inf", "from 0.1 to 366"),
        ("--every", "nan", "from 1 to 86400"),
        ("--seed", "-1", "-1 is not in the range"),
        ("-o", "simulated.pdf", "FILE.html"),
    ],
)
def test_a_simulation_of_what_cannot_be_is_refused(project, capsys, option, value, says):
    assert run(["rollout", "simulate", "support_v4", "--runs", "1", option, value]) == 3
    assert says in capsys.readouterr().err


def test_a_simulation_draws_its_rollouts_and_when_they_fell(project, capsys):
    common = ["rollout", "simulate", "support_v4", "--runs", "6", "--every", "1800", "--drop", "0.3", "--cell", "DE"]
    for name in ("drawn.svg", "drawn.html", "drawn.json"):
        assert run([*common, "-o", name]) == 0
    told = capsys.readouterr().out
    drawn, page = ((project / name).read_text(encoding="utf-8") for name in ("drawn.svg", "drawn.html"))
    ET.fromstring(drawn)
    assert drawn.count("<polyline") == 10  # five rollouts in two cells
    assert drawn.count('stroke-opacity="0.5"') == 6  # every rollout's fall
    assert "rolled back in 6 of 6" in drawn
    assert drawn.strip() in page
    assert "http" not in page.replace("http-equiv", "").replace("http://www.w3.org/2000/svg", "")
    # In words, too: how many, in the median after how long, and where the cells ended.
    assert re.search(r"DE: rolled back 100\.0 %, in the median after \d+ candidate units and \d+ (h|min)", told)
    assert re.search(r"rest: .*arrived 100\.0 % \(in the median after .*\); ends at 100\.0 % in 100\.0 %", told)
    assert json.loads((project / "drawn.json").read_text())["cells"][1]["final_shares"] == [{"rate": 1, "share": 1}]


def test_an_unknown_version_is_refused_with_the_choices(project, capsys):
    registry = (
        "from seatrial.graph.spec import GraphSpec, Version, fleet\n"
        'GRAPHS = fleet(GraphSpec("support", module="graphs.support", builder="build", '
        'versions=(Version("v3"), Version("v4")), current="v3"))\n'
    )
    (project / "graphs/support.py").write_text("")
    (project / "graphs/registry.py").write_text(registry)
    plan = project / "experiments/support_v4.toml"
    plan.write_text(PLAN.replace('"v4"', '"v9"'))
    assert start("--accept-underpowered") == 3
    assert "v3, v4" in capsys.readouterr().err
    plan.write_text(PLAN)
    assert start("--accept-underpowered") == 0
    with open_store(f"sqlite:///{project}/.seatrial/store.db") as store:
        _, last = controller.ends(store, controller.full_name(store, "support_v4"))
    state = ledger.state_of(last)
    assert state.control_hash
    assert state.candidate_hash
