"""`seatrial gate`: the segmented regression gate, on a file of evidence or on two versions of a project's graph."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from seatrial.cli.certified import certified_for
from seatrial.cli.concurrency import runs_at_once
from seatrial.cli.evidence import NAMES as READING_NAMES
from seatrial.cli.evidence import (
    evidence_option,
    given_flags,
    read_files,
    read_two,
    reading_options,
    versions_requested,
)
from seatrial.cli.output import annotation, check_targets, show
from seatrial.cli.page import refusals
from seatrial.errors import UsageError
from seatrial.verdict import Verdict
from seatrial.wording import count, verb

if TYPE_CHECKING:
    from collections.abc import Mapping

    from seatrial.cli.evidence import Requested
    from seatrial.evidence import Evidence
    from seatrial.gate.policy import Policy
    from seatrial.gate.report import Report
    from seatrial.price import Prices
    from seatrial.vote import Standing


@click.command("gate")
@click.argument("versions", nargs=-1, metavar="[A B | OLD NEW]")
@evidence_option
@click.option("--baseline", help="Version compared with (with --evidence).")
@click.option("--candidate", help="Version judged (with --evidence).")
@reading_options
@click.option(
    "--critical",
    multiple=True,
    metavar="NAME[=VALUE]",
    help="A segment (all of a dimension without =VALUE) that must be shown safe; once per segment; VALUE alone where one dimension has it.",
)
@click.option(
    "--policy",
    type=click.Path(path_type=Path),
    help="Policy file; without it the built-in defaults are used and every key gates.",
)
@click.option(
    "--since-ref",
    metavar="REF",
    help="Compare a graph as it is now with the graph as this branch, tag or commit has it: seatrial gate [GRAPH] --since-ref origin/main.",
)
@click.option("--graph", help="Graph whose own keys the policy file names (with --evidence).")
@click.option(
    "--prices",
    type=click.Path(path_type=Path),
    help="File of prices for [measure.cost_usd] (with files); default those of the project, else the listed ones.",
)
@click.option(
    "--goal",
    type=click.Choice(["no_regression", "non_inferior", "superior"]),
    help="What exit 0 takes, in place of the policy's: no drop, shown within promote_margin, or shown better.",
)
@click.option(
    "--inconclusive",
    type=click.Choice(["block", "pass"]),
    help="In place of the policy's: pass turns exit 2 into 0 where examples are too few or cells are missing.",
)
@click.option(
    "--confirm/--no-confirm",
    "confirm",
    default=None,
    help="Decide suspicious rows on fresh repetitions (with A B); default for graphs not made of rules.",
)
@click.option(
    "--confirm-repeat",
    type=click.IntRange(min=1),
    default=3,
    show_default=True,
    help="Fresh repetitions of each suspicious example, with both versions.",
)
@runs_at_once("Fresh runs")
@click.option("--all", "every", is_flag=True, help="Show every row, not only those that decide.")
@click.option("--json", "as_json", is_flag=True, help="Print seatrial/gate/1 on stdout.")
@click.option(
    "-o",
    "--output",
    "files",
    multiple=True,
    type=click.Path(path_type=Path),
    help="Also write FILE: .html, .json, .md, .xml (JUnit) or .txt.",
)
@click.option("--no-examples", is_flag=True, help="Leave the texts of flipped answers out of an .html page.")
def command(
    versions: tuple[str, ...],
    evidence: tuple[Path, ...],
    baseline: str | None,
    candidate: str | None,
    critical: tuple[str, ...],
    policy: Path | None,
    since_ref: str | None,
    graph: str | None,
    prices: Path | None,
    goal: str | None,
    inconclusive: str | None,
    confirm: bool | None,
    confirm_repeat: int,
    concurrency: int | None,
    every: bool,
    as_json: bool,
    files: tuple[Path, ...],
    *,
    no_examples: bool,
    requested: Requested,
) -> int:
    """Decide, segment by segment, whether a candidate is worse than its baseline.

    OLD and NEW are two files of results and nothing else is needed: example and score are found under the names people
    use, the versions are the files' names, columns of few values are segments. A B are two versions of a project's graph.

    A drop beyond chance on any segment blocks (exit 1). A critical segment, or all examples together, not shown to be
    within the drop that must be ruled out is "cannot tell" (exit 2). Everything else passes (exit 0), and says how large a
    drop may be at most.

    Of two versions of a graph on a real model, rows that look suspicious (p ≤ .3) are decided on fresh repetitions of
    their examples, which this runs; a second gate of the same two runs reads the same repetitions.

    \b
    Examples:
      seatrial gate old.csv new.csv
      seatrial gate june.xlsx july.xlsx --critical language=de --score-scale 1:5
      seatrial gate --evidence results.parquet --baseline v1 --candidate v2 --segment tier
      seatrial gate --evidence r.csv --map example_id=question --map score=passed \\
                    --map version=model --segment topic --critical topic=refunds \\
                    --baseline gpt-a --candidate gpt-b -o gate.md -o gate.xml
      seatrial gate --evidence old.csv --evidence new.csv --baseline old --candidate new
      seatrial gate triage@v1 triage@v2
      seatrial gate triage --since-ref origin/main
      seatrial gate triage@v1 triage@v2 --confirm --confirm-repeat 5
    """
    check_targets(files)
    changed = {name: word for name, word in (("goal", goal), ("inconclusive", inconclusive)) if word}
    with refusals(files):
        if since_ref is not None:
            _alone(since_ref, versions)
        files_given = tuple(Path(name) for name in versions) if _are_files(versions) else ()
        if evidence and versions:
            raise UsageError(
                "give either two files or versions (seatrial gate A B) or --evidence FILE --baseline V --candidate V, not both"
            )
        if evidence or files_given:
            if confirm:
                raise UsageError(
                    "--confirm runs the graph again, and a file of evidence has none; name two versions instead (seatrial gate A B --confirm)"
                )
            if concurrency:
                raise UsageError("-j goes with two versions of a graph; a file of evidence is read, not run")
            rules = _Rules(requested, critical, policy, graph, prices, changed)
            report = (_gate_two if files_given else _gate_files)(files_given or evidence, baseline, candidate, rules)
        elif since_ref is not None:
            how = (confirm, confirm_repeat, concurrency)
            report = _gate_since(since_ref, versions[0] if versions else None, how, changed, quiet=as_json)
        elif len(versions) == 2:
            flags = given_flags(("baseline", "candidate", "critical", "graph", "prices", *READING_NAMES))
            if flags:
                raise UsageError(f"{flags[0]} goes with files of results; two runs of the project already say it")
            report = _gate_runs(
                versions[0], versions[1], policy, confirm, confirm_repeat, concurrency, changed, quiet=as_json
            )
        else:
            raise UsageError(
                "give two files of results (seatrial gate old.csv new.csv), two versions of a graph (seatrial gate text_to_sql@v1 text_to_sql@v2), or --evidence FILE --baseline V --candidate V; see seatrial gate --help"
            )
    show(
        report,
        as_json=as_json,
        files=files,
        every=every,
        certified=certified_for(report),
        examples=not no_examples,
    )
    tolerated = report.verdict is Verdict.INCONCLUSIVE and report.exit_code == 0
    if (report.mode == "warn" and report.verdict.exit_code) or (report.mode == "block" and tolerated):
        _warn(report)
    return report.exit_code


def _warn(report: Report) -> None:
    """Say beside the report that the exit code is not the verdict's: as an annotation where GitHub Actions reads it."""
    if os.environ.get("GITHUB_ACTIONS"):
        click.echo(f"::warning title=seatrial gate::{report.verdict.value}: {annotation(report.reason)}", err=True)
    else:
        exits = f"exit {report.exit_code} instead of {report.verdict.exit_code}"
        click.echo(
            f"seatrial gate: {exits}, verdict {report.verdict.value}: {' '.join(report.reason.split())}", err=True
        )


def _alone(ref: str, versions: tuple[str, ...]) -> None:
    """Raise a UsageError where an argument is given with --since-ref that it does not read."""
    flags = given_flags(("evidence", "baseline", "candidate", "critical", "graph", "prices", "policy", *READING_NAMES))
    if flags:
        raise UsageError(f"{flags[0]} does not go with --since-ref {ref}: graph, policy and segments are the project's")
    if len(versions) > 1:
        raise UsageError(f"--since-ref {ref} compares one graph with itself: seatrial gate GRAPH --since-ref {ref}")


def _gate_since(
    ref: str,
    graph: str | None,
    how: tuple[bool | None, int, int | None],
    changed: Mapping[str, Any],
    *,
    quiet: bool,
) -> Report:
    from seatrial.cli.progress import progress  # noqa: PLC0415
    from seatrial.gate.reruns import with_attempt  # noqa: PLC0415
    from seatrial.project import open_project  # noqa: PLC0415
    from seatrial.trial.confirm import Confirming  # noqa: PLC0415
    from seatrial.trial.since_ref import gate_since  # noqa: PLC0415

    with progress(quiet=quiet) as tell:
        confirming = Confirming(*how, tell)
        project = open_project(Path.cwd())
        report = gate_since(project, ref, graph, confirming=confirming, changed=changed, progress=tell)
    return with_attempt(report, os.environ, deterministic=project.spec(report.graph).deterministic)


def _are_files(names: tuple[str, ...]) -> bool:
    """Whether some of the arguments are files: they are there, or are named as files are."""
    from seatrial.table.read import FORMATS  # noqa: PLC0415

    return any(
        "@" not in name and (Path(name).suffix.lower() in (*FORMATS, ".eval", ".xml") or Path(name).is_file())
        for name in names
    )


@dataclass(frozen=True, slots=True)
class _Rules:
    """What files of results are judged by, as the command line says it.

    Attributes:
        requested: how the files are read.
        critical: segments that must be shown not worse.
        policy: file of rules; None = the built-in defaults.
        graph: whose keys of the policy gate.
        prices: file of prices; None = the project's, else the listed ones.
        changed: words of the policy that are said otherwise.
    """

    requested: Requested
    critical: tuple[str, ...]
    policy: Path | None
    graph: str | None
    prices: Path | None
    changed: Mapping[str, Any]


def _gate_files(paths: tuple[Path, ...], baseline: str | None, candidate: str | None, rules: _Rules) -> Report:
    if rules.policy is not None:
        _must_be_there(rules.policy)
    elif rules.graph:
        raise UsageError("--graph names whose keys of a policy file gate; give the file with --policy")
    evidence = read_files(paths, rules.requested)
    return _judged(evidence, *versions_requested(evidence, baseline, candidate), rules)


def _gate_two(paths: tuple[Path, ...], baseline: str | None, candidate: str | None, rules: _Rules) -> Report:
    if len(paths) == 1:
        return _gate_files(paths, baseline, candidate, rules)
    if len(paths) > 2:
        raise UsageError(
            f"{count(len(paths), 'file')} {verb(len(paths), 'were')} given and two are compared: seatrial gate OLD NEW; several files of one table are given with --evidence"
        )
    if baseline or candidate:
        raise UsageError(
            "of two files the first is the baseline and the second the candidate; leave --baseline and --candidate out"
        )
    if rules.policy is not None:
        _must_be_there(rules.policy)
    evidence, old, new = read_two(paths, rules.requested)
    return _judged(evidence, old, new, rules)


def _must_be_there(policy: Path) -> None:
    from seatrial.gate.policy import load_policy  # noqa: PLC0415

    if not policy.exists():
        load_policy(policy)  # says so, before a large file is read


def _judged(evidence: Evidence, baseline: str, candidate: str, rules: _Rules) -> Report:
    from seatrial.gate.merge import check  # noqa: PLC0415 - numpy is for those who gate
    from seatrial.gate.policy import Policy, load_policy  # noqa: PLC0415
    from seatrial.gate.validity import known_values  # noqa: PLC0415

    policy = load_policy(rules.policy, _graph_of(evidence, rules.graph)) if rules.policy else Policy()
    policy = replace(policy, **rules.changed)
    known_values(evidence, rules.critical)
    return check(
        evidence,
        policy,
        baseline=baseline,
        candidate=candidate,
        critical=rules.critical,
        standings=_standings(evidence, policy, (baseline, candidate), rules.graph),
        prices=_prices(policy, rules.prices),
    )


def _prices(policy: Policy, file: Path | None) -> Prices | None:
    """The prices of the file, of the project this folder is in, or the listed ones; None where no cost gates."""
    if not any(rule.name == "cost_usd" for rule in policy.measures):
        if file is not None:
            raise UsageError(
                f"--prices {file}: no cost gates; write [measure.cost_usd] into the policy, or leave it out"
            )
        return None
    from seatrial.model.price import LISTED, read_prices  # noqa: PLC0415 - where a cost gates
    from seatrial.project.settings import find_root, read_settings  # noqa: PLC0415

    if file is not None:
        return read_prices(file)
    try:
        root = find_root(Path.cwd())
    except UsageError:
        return LISTED  # no project: results of another harness
    return read_settings(root).model.prices


def _standings(
    evidence: Evidence, rules: Policy, versions: tuple[str, str], named: str | None
) -> Mapping[str, Standing]:
    """What the judges of a policy may do; their licences are those in this folder's judges/."""
    from seatrial.gate.pointwise import pointwise_keys  # noqa: PLC0415 - numpy is for those who gate

    keys = pointwise_keys(rules)
    if not rules.judges and not keys:
        return {}
    from seatrial.judge.standing import key_standings, standings_of_table, table_families  # noqa: PLC0415 - as above

    wanted = {rule.name: rule.min_consistency for rule in rules.judges}
    graph = _graph_of(evidence, named) or ""
    root, now, families = Path.cwd(), time.time(), table_families(evidence, versions) if keys else None
    votes = standings_of_table(evidence, wanted, root, versions=versions, now=now, graph=graph)
    return votes | key_standings(evidence, keys, root, versions=versions, arm_families=families, now=now, graph=graph)


def _graph_of(evidence: Evidence, named: str | None) -> str | None:
    """The graph whose keys of a policy gate: the one named, or the one the evidence speaks of; never two."""
    wording = evidence.codes("graph").values if evidence.has("graph") else ()
    if named and wording and wording != (named,):
        raise UsageError(f"--graph {named}: the evidence is about {', '.join(wording)}")
    return named or (wording[0] if len(wording) == 1 else None)


def _gate_runs(
    a: str,
    b: str,
    policy: Path | None,
    confirm: bool | None,
    repeat: int,
    concurrency: int | None,
    changed: Mapping[str, Any],
    *,
    quiet: bool,
) -> Report:
    from seatrial.cli.progress import progress  # noqa: PLC0415
    from seatrial.gate.reruns import with_attempt  # noqa: PLC0415
    from seatrial.project import open_project  # noqa: PLC0415
    from seatrial.trial.confirm import Confirming  # noqa: PLC0415
    from seatrial.trial.gating import gate_runs  # noqa: PLC0415

    with progress(quiet=quiet) as tell:
        how, project = Confirming(confirm, repeat, concurrency, tell), open_project(Path.cwd())
        report = gate_runs(project, a, b, policy, confirming=how, changed=changed)
    return with_attempt(report, os.environ, deterministic=project.spec(report.graph).deterministic)
