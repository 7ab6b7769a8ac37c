"""Judging: two stored runs of a graph, read as pairs of answers and put to a judge in both orders; no graph runs."""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from seatrial.errors import ConfigError, DataError, UsageError
from seatrial.judge.families import Arm, check_families
from seatrial.judge.label import FOLDER as LABELS
from seatrial.judge.pairs import Pair, questions, refuse_constant_answers
from seatrial.judge.pins import check_pinned, pin
from seatrial.judge.spec import FOLDER, read_judge
from seatrial.segment import assign, critical_segments, for_graph
from seatrial.trial.run_pairs import answers_of, pair_of
from seatrial.trial.runs import RUNS, evidence_of, latest_run, summary

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from seatrial.evidence.against_half import Rules
    from seatrial.judge.panel import Panel
    from seatrial.judge.run import Judged
    from seatrial.judge.spec import Judge
    from seatrial.judge.spend import Purse
    from seatrial.judge.table import Rows
    from seatrial.model.hub import Hub
    from seatrial.price import Price
    from seatrial.project import Project
    from seatrial.verdict import Decision

JUDGED, VERDICTS, EVIDENCE, ABOUT = "judged", "verdicts.parquet", "evidence.parquet", "judge.json"
CHARACTERS_A_TOKEN = 4


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two runs, and the judge they are put to.

    Attributes:
        judge: who judges.
        graph: assistant id.
        baseline_run: id of the baseline's run.
        candidate_run: id of the candidate's.
        baseline: its version.
        candidate: likewise.
        pairs: answers side by side, in the dataset's order.
        families: of the judge's model.
        price: of the judge's model, as its file or the project's price table says; None where neither does.
        folder: where verdicts are kept.
        critical: critical segments of the graph, `NAME=value`.
        panel: the judges whose verdicts are one; then `judge` is the first of them. None where there is one judge.
    """

    judge: Judge
    graph: str
    baseline_run: str
    candidate_run: str
    baseline: str
    candidate: str
    pairs: tuple[Pair, ...]
    families: frozenset[str]
    price: Price | None
    folder: Path
    critical: frozenset[str]
    panel: Panel | None = None

    @property
    def name(self) -> str:
        """Of the judge or the panel."""
        return self.panel.name if self.panel else self.judge.name

    @property
    def identity(self) -> str:
        """`name@version#hash` of the judge or the panel."""
        return self.panel.identity if self.panel else self.judge.identity


@dataclass(frozen=True, slots=True)
class Plan:
    """What judging would cost, before anything is spent.

    Attributes:
        pairs: comparisons planned.
        settled: of them, those nobody needs to be asked about.
        calls: questions without a verdict yet.
        known: questions with one.
        tokens: read, estimated from the characters.
        worst_usd: the most it can cost; None where no price is known.
    """

    pairs: int
    resolved: int
    calls: int
    known: int
    tokens: int
    worst_usd: float | None


def comparison(project: Project, a: str, b: str, judge_name: str, *, limit: int | None = None) -> Comparison:
    """Read two runs as pairs of answers; A is the baseline, B the candidate.

    Args:
        project: the mounted project.
        a: `GRAPH@VERSION` (its latest finished run) or a run id.
        b: likewise.
        judge_name: a judge of `judges/`.
        limit: only the first so many examples.

    Raises:
        UsageError: a run cannot be found, or both are one.
        ConfigError: the judge cannot be used, or a family is unknown.
        InvalidComparison: the judge is of an arm's family.
        DataError: the runs are of different graphs or datasets, or the dataset changed since.
    """
    judge = read_judge(project.root, judge_name)
    check_pinned(project.root, judge)
    runs = [latest_run(project, name) for name in (a, b)]
    if runs[0] == runs[1]:
        raise UsageError(f"{a} and {b} are both run {runs[0]}; a run is not compared with itself")
    base, cand = (summary(project, run) for run in runs)
    graph = str(base["graph"])
    if cand["graph"] != graph:
        raise DataError(f"{a} is a run of {graph!r} and {b} of {cand['graph']!r}; two graphs are not compared")
    if judge.graphs and graph not in judge.graphs:
        raise UsageError(f"judge {judge.name!r} is for {', '.join(judge.graphs)}, not for {graph!r}")
    dataset = project.dataset(graph, str(cand["dataset"]["name"]).rpartition(":")[2])
    for name, wording in ((a, base), (b, cand)):
        if wording["dataset"]["hash"] != dataset.hash:
            raise DataError(
                f"{name}: the dataset {dataset.name} changed since its run; make a new one with seatrial eval {graph}"
            )
    answers = [answers_of(project.root / RUNS / run / "rows.jsonl", judge) for run in runs]
    arms = [
        Arm(f"{graph}@{wording['version']}", family_of(project, graph, str(wording["version"])), models)
        for wording, (_, models) in zip((base, cand), answers, strict=True)
    ]
    families = check_families(judge, arms, project.settings.model.families)
    dimensions = for_graph(project.dimensions, graph)
    examples = dataset.examples[:limit]
    if limit is not None and limit < 1:
        raise UsageError(f"limit {limit} is out of range; choose 1 or more")
    repetitions = range(min(int(base["repetitions"]), int(cand["repetitions"])))
    pairs = tuple(
        pair_of(judge, example, repetition, answers[0][0], answers[1][0], assign(dimensions, example.row()))
        for example in examples
        for repetition in repetitions
    )

    return Comparison(
        judge,
        graph,
        runs[0],
        runs[1],
        str(base["version"]),
        str(cand["version"]),
        pairs,
        families,
        judge.price or project.settings.model.prices.of(judge.model),
        project.root / RUNS / runs[1] / JUDGED / f"{judge.name}--{runs[0]}",
        frozenset(critical_segments(dimensions)),
    )


def plan_of(made: Comparison, repeat: int = 1) -> Plan:
    """What judging it would take, and what of it is known already."""
    from seatrial.judge.pairs import resolved  # noqa: PLC0415
    from seatrial.judge.run import ROWS, read_rows  # noqa: PLC0415
    from seatrial.judge.spend import NANO, Spend  # noqa: PLC0415
    from seatrial.verdict import Outcome  # noqa: PLC0415

    requested = {one.request.key: one.request for one in questions(made.judge, made.pairs, repeat)}
    known = read_rows(made.folder / ROWS)
    left = [one for key, one in requested.items() if key not in known or known[key].outcome != Outcome.SCORED]
    spend = Spend(made.price)
    characters = [len(one.system) + len(one.user) for one in left]
    worst = sum(spend.worst(len(one.user.encode()) + len(one.system), made.judge.max_tokens) for one in left) / NANO
    return Plan(
        len(made.pairs),
        sum(resolved(pair) is not None for pair in made.pairs),
        len(left),
        len(requested) - len(left),
        sum(characters) // CHARACTERS_A_TOKEN,
        None if made.price is None else worst,
    )


def judge_pairs(
    project: Project,
    made: Comparison,
    *,
    hub: Hub | None = None,
    concurrency: int = 8,
    repeat: int = 1,
    resume: bool = False,
    purse: Purse | None = None,
    progress: Callable[[int, int, float | None], None] | None = None,
) -> tuple[Judged, Rows]:
    """Ask the judge about every pair without a verdict and write the verdict table; no verdict is asked for again.

    `purse` is the cap on what is spent, which other judges may share.

    Raises:
        DataError: the candidate's answers hardly vary.
        UsageError, ConfigError: an option is out of range, or there is a cap and no price.
    """
    from seatrial.judge.evidence import evidence_rows  # noqa: PLC0415
    from seatrial.judge.run import run  # noqa: PLC0415
    from seatrial.judge.table import verdict_rows  # noqa: PLC0415

    refuse_constant_answers(made.pairs, made.judge.max_same_answer)
    pin(project.root, made.judge)
    requested = tuple(questions(made.judge, made.pairs, repeat))
    done = run(
        made.judge,
        requested,
        hub or judge_hub(project),
        made.folder,
        concurrency=concurrency,
        price=made.price,
        purse=purse,
        resume=resume,
        progress=progress,
    )
    rows = verdict_rows(
        made.judge,
        made.pairs,
        done.answers,
        candidate=made.candidate,
        baseline=made.baseline,
        family="+".join(sorted(made.families)),
        repeat=repeat,
        unasked=done.unasked,
    )
    write_tables(made, done, rows, evidence_rows(rows), repeat)
    return done, rows


def write_tables(made: Comparison, done: Judged, rows: Rows, evidence: list[dict[str, Any]], repeat: int) -> None:
    """Write the verdict table, the win rates as evidence, and what they are about."""
    from seatrial.judge.evidence import write_evidence  # noqa: PLC0415
    from seatrial.judge.table import write_verdicts  # noqa: PLC0415

    written = write_evidence(evidence, made.folder / EVIDENCE, made.name, made.identity, made.graph)
    stamp = {"judge": made.identity, "run_id": made.candidate_run, "graph": made.graph}
    write_verdicts(rows, made.folder / VERDICTS, stamp)
    _write_about(made, done, repeat, written)


def judge_hub(project: Project) -> Hub:
    """A hub that asks live, within the project's limits and under its kill switch; verdicts are kept by the run itself."""
    from seatrial.model.from_settings import killed_by  # noqa: PLC0415
    from seatrial.model.hub import Hub  # noqa: PLC0415 - loads LangChain

    model = project.settings.model
    return Hub(
        limits=model.limits, per_model=model.per_model, killed=killed_by(os.environ), cache=False, environ=os.environ
    )


def verdicts_hash(folder: Path) -> str:
    """Hash of the verdict table of a judged comparison."""
    return hashlib.sha256((folder / VERDICTS).read_bytes()).hexdigest()


def _write_about(made: Comparison, done: Judged, repeat: int, evidence_hash: str) -> None:
    wording = {
        "schema": "seatrial/judged/1",
        "judge": made.identity,
        "prompt_hash": made.panel.prompt_hash if made.panel else made.judge.prompt_hash,
        "model": made.judge.model if made.panel is None else "+".join(one.model for one in made.panel.members),
        "families": sorted(made.families),
        "graph": made.graph,
        "baseline_run": made.baseline_run,
        "candidate_run": made.candidate_run,
        "repeat": repeat,
        "evidence_hash": evidence_hash,
        "verdicts_hash": verdicts_hash(made.folder),
        "ended": done.ended,
        "usd": done.usd,
        "warnings": done.warnings,
    }
    file = made.folder / ABOUT
    beside = file.with_name(f"{ABOUT}.partial")
    beside.write_text(json.dumps(wording, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    beside.replace(file)


def family_of(project: Project, graph: str, version: str) -> str:
    """The family of a version as the registry declares it; of a version recorded under a label, the graph's own."""
    spec = project.spec(graph)
    try:
        return spec.family_of(spec.version(version))
    except ConfigError:
        return spec.family


def models_of(project: Project, run_id: str) -> tuple[str, ...]:
    """Every model that answered in a run, as it named itself."""
    evidence = evidence_of(project, run_id)
    named = evidence.codes("model").values if evidence.has("model") else ()
    return tuple(sorted({name for one in named for name in one.split("+") if name}))


def labels_file(project: Project, judge_name: str) -> Path:
    """Where people's labels for a judge are kept."""
    return project.root / FOLDER / LABELS / f"{judge_name}.jsonl"


def winrate_of(made: Comparison, rules: Rules | None = None) -> Decision:
    """Whether the candidate clears, by the verdict table of a judged comparison; `rules` are the built-in ones if not given."""
    from seatrial.evidence.against_half import Rules  # noqa: PLC0415
    from seatrial.judge.admissible import inadmissible  # noqa: PLC0415 - numbers, once there are verdicts
    from seatrial.judge.decide import find, winrate_decision  # noqa: PLC0415
    from seatrial.judge.length import length_adjusted  # noqa: PLC0415
    from seatrial.judge.scores import scores_of  # noqa: PLC0415
    from seatrial.judge.verdicts import VERDICT_COLUMNS  # noqa: PLC0415
    from seatrial.table import read_table  # noqa: PLC0415

    file, rules = made.folder / VERDICTS, rules or Rules()
    table = read_table(file, VERDICT_COLUMNS)
    scores = scores_of(table)
    there = {f"{name}={value}" for name, codes in scores.segments.items() for value in codes.values}
    return winrate_decision(
        find(scores, sorted(made.critical & there), rules),
        scores,
        rules,
        f"{made.graph}: {made.candidate} against {made.baseline}",
        evidence_hash=hashlib.sha256(file.read_bytes()).hexdigest()[:16],
        inadmissible=inadmissible(table, scores),
        adjusted=length_adjusted(scores.score, scores.longer),
    )
