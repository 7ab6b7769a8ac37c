"""Judged: what judges have said of two stored runs, as rows of win rates, and what each of them may do in their gate."""

from __future__ import annotations

import json
from datetime import UTC, datetime, time
from typing import TYPE_CHECKING

from seatrial.errors import DataError, SeatrialError
from seatrial.gate.pointwise import pointwise_keys
from seatrial.judge.panel import panel_names, read_panel
from seatrial.judge.spec import judge_names, read_judge
from seatrial.judge.standing import floors, licence_file, measured_consistency
from seatrial.trial.runs import RUNS, summary

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date
    from pathlib import Path

    from seatrial.evidence import Evidence
    from seatrial.gate.policy import Policy
    from seatrial.judge.spend import Purse
    from seatrial.project import Project
    from seatrial.vote import Standing


def win_rates_of(project: Project, baseline: str, candidate: str, name: str, policy: Policy) -> Iterator[Evidence]:
    """The win rates of every judge that compared two runs, under the candidate's name in the gate.

    A damaged table of a judge that the policy does not name is left out: nothing hangs on it.

    Raises:
        DataError: a table of another is not the one that was written when the runs were judged.
    """
    from seatrial.evidence.read import read_evidence  # noqa: PLC0415 - Arrow, where runs were judged
    from seatrial.trial.judging import ABOUT, EVIDENCE  # noqa: PLC0415

    for folder in _folders(project, baseline, candidate):
        file = folder / EVIDENCE
        if not file.is_file():
            continue  # a dry run, or one that was stopped before it had a table
        stated = json.loads((folder / ABOUT).read_text(encoding="utf-8"))
        try:
            yield read_evidence(file, content=stated.get("evidence_hash") or "no hash is kept").named(name)
        except DataError as error:
            if folder.name.removesuffix(f"--{baseline}") not in {rule.name for rule in policy.judges}:
                continue
            raise DataError(
                f"{str(error).rstrip('.')}; judge the two runs again: no verdict is asked for twice"
            ) from error


def standings(
    project: Project,
    graph: str,
    runs: tuple[str, str],
    policy: Policy,
    now: float,
    evidence: Evidence,
    versions: tuple[str, str],
) -> dict[str, Standing]:
    """What each judge of the policy may do today, by its licence and by what it said of these two runs.

    Args:
        project: the mounted project.
        graph: assistant id.
        runs: ids of the baseline's and the candidate's run.
        policy: the rules.
        now: seconds since 1970.
        evidence: the rows of both.
        versions: what both are called there.
    """
    from seatrial.judge.null_model import null_model  # noqa: PLC0415 - as below
    from seatrial.judge.standing import key_standings, most_same, without_win  # noqa: PLC0415

    found = {
        rule.name: without_win(
            null_model(evidence, versions[1], most_same(project.root, rule.name)),
            standing_on(project, graph, runs, rule.name, rule.min_consistency, now),
        )
        for rule in policy.judges
    }
    keys = pointwise_keys(policy)
    families = run_families(project, graph, runs) if keys else None
    root = project.root
    return found | key_standings(evidence, keys, root, versions=versions, arm_families=families, now=now, graph=graph)


def ask_judges(project: Project, runs: tuple[str, str], policy: Policy, purse: Purse) -> tuple[str, ...]:
    """Put two runs to every judge of the policy, under one cap; a sentence for each without all its verdicts, whose vote is missing."""
    from seatrial.trial.panel import judge_all, of_judge_or_panel  # noqa: PLC0415 - loads LangChain

    refused = []
    for rule in policy.judges:
        try:
            done, _ = judge_all(project, *of_judge_or_panel(project, *runs, rule.name), purse=purse)
        except SeatrialError as error:
            refused.append(f"judge {rule.name} was not asked: {error}")
        else:
            refused += [f"judge {rule.name}: ended early: {done.ended}"] if done.ended else []
            refused += [f"judge {rule.name}: {text}" for text in done.warnings]
    return tuple(refused)


def standing_on(
    project: Project, graph: str, runs: tuple[str, str], judge: str, min_consistency: float, now: float
) -> Standing:
    """What one judge may do today, by its licence and by what it said of two runs."""
    from seatrial.judge.licence import read_licence, standing_of  # noqa: PLC0415

    identity, models, consistency, prompt_hash = _stated(project, judge, *runs)
    return standing_of(
        read_licence(licence_file(project.root, judge)),
        identity or _identity(project, judge),
        now=now,
        models=models,
        arm_families=run_families(project, graph, runs),
        graph=graph,
        floors=floors(min_consistency),
        consistency=consistency,
        prompt_hash=prompt_hash,
    )


def key_standings_on(
    project: Project, graph: str, policy: Policy, evidence: Evidence, versions: tuple[str, str], today: date
) -> dict[str, Standing]:
    """What the judges' keys of a policy may do at the end of a day, where the baseline has no run of its own.

    Families are those of the models that the rows name; of a graph whose rows name none, `rules` where the registry says so.
    """
    from seatrial.judge.standing import key_standings, table_families  # noqa: PLC0415 - where such a key gates
    from seatrial.model.family import RULES  # noqa: PLC0415

    keys = pointwise_keys(policy)
    if not keys:
        return {}
    families = table_families(evidence, versions)
    if project.spec(graph).family == RULES and not (evidence.has("model") and any(evidence.codes("model").values)):
        families = frozenset({RULES})
    until = datetime.combine(today, time.max, UTC).timestamp()
    return key_standings(evidence, keys, project.root, versions=versions, arm_families=families, now=until, graph=graph)


def run_families(project: Project, graph: str, runs: tuple[str, str]) -> frozenset[str] | None:
    """Families of what answered in two runs, as declared and as reported; None where one is unknown: it might be the judge's."""
    from seatrial.judge.families import Arm, arm_families  # noqa: PLC0415
    from seatrial.trial.judging import family_of, models_of  # noqa: PLC0415

    found = frozenset[str]()
    for run_id in runs:
        version = str(summary(project, run_id)["version"])
        arm = Arm(f"{graph}@{version}", family_of(project, graph, version), models_of(project, run_id))
        try:
            found |= arm_families(arm, project.settings.model.families)
        except SeatrialError:
            return None
    return found


def _stated(
    project: Project, judge: str, baseline: str, candidate: str
) -> tuple[str, frozenset[str], tuple[float, float, float] | None, str]:
    """Identity, models, consistency and prompt of the verdicts on two runs; nothing where there are none."""
    from seatrial.judge.scores import scores_of  # noqa: PLC0415 - numbers, where there are verdicts
    from seatrial.judge.verdicts import VERDICT_COLUMNS  # noqa: PLC0415
    from seatrial.table import read_table  # noqa: PLC0415
    from seatrial.trial.judging import ABOUT, JUDGED, VERDICTS, verdicts_hash  # noqa: PLC0415

    folder = project.root / RUNS / candidate / JUDGED / f"{judge}--{baseline}"
    file = folder / VERDICTS
    if not file.is_file():
        return "", frozenset(), None, ""
    about = json.loads((folder / ABOUT).read_text(encoding="utf-8"))
    if about.get("verdicts_hash") != verdicts_hash(folder):
        raise DataError(
            f"{file} is not the table that was written when the runs were judged; judge the two runs again: no verdict is asked for twice"
        )
    prompt_hash = str(about.get("prompt_hash", ""))
    table = read_table(file, VERDICT_COLUMNS)
    names = set(table.codes("judge").values)
    models = frozenset(filter(None, table.codes("reported_model").values))
    identity = names.pop() if len(names) == 1 else str(about.get("judge", ""))  # several: those of a panel
    return identity, models, measured_consistency(scores_of(table)), prompt_hash


def _identity(project: Project, name: str) -> str:
    """Of a judge or a panel that has judged nothing yet: as its file describes it; empty where there is none."""
    if name in panel_names(project.root):
        return read_panel(project.root, name).identity
    return read_judge(project.root, name).identity if name in judge_names(project.root) else ""


def _folders(project: Project, baseline: str, candidate: str) -> list[Path]:
    from seatrial.trial.judging import ABOUT, JUDGED  # noqa: PLC0415

    place = project.root / RUNS / candidate / JUDGED
    return sorted(one for one in place.glob(f"*--{baseline}") if (one / ABOUT).is_file()) if place.is_dir() else []
