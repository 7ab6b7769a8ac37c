"""`seatrial monitor`: the graph's evaluators over recorded production runs."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from seatrial.cli.decision_options import output_options
from seatrial.cli.output import check_targets, show_decision
from seatrial.cli.progress import progress
from seatrial.errors import UsageError
from seatrial.wording import count

if TYPE_CHECKING:
    from collections.abc import Sequence

    from seatrial.gate.policy import Policy
    from seatrial.monitor.decide import KeyLimits, Limits
    from seatrial.monitor.observe import Observation
    from seatrial.monitor.production import Production


@click.command("monitor")
@click.argument("graph")
@click.argument("runs", type=click.Path(path_type=Path), metavar="RUNS.jsonl")
@click.option("--version", help="Only the runs of this version; default all.")
@click.option(
    "--policy",
    "policy_file",
    type=click.Path(path_type=Path),
    help="Zero-tolerance keys and floors; default the policy of the graph's trial row.",
)
@click.option("--floor", "floors", multiple=True, metavar="KEY=RATE", help="Least rate of a key, e.g. schema=0.99.")
@click.option("--zero-tolerance", "zero", multiple=True, metavar="KEY", help="A key of which one hit fails.")
@output_options("monitor")
def command(
    graph: str,
    runs: Path,
    version: str | None,
    policy_file: Path | None,
    floors: tuple[str, ...],
    zero: tuple[str, ...],
    files: tuple[Path, ...],
    *,
    every: bool,
    as_json: bool,
) -> int:
    """Evaluate recorded production runs with the graph's evaluators that need no reference.

    Exits 1 on a zero-tolerance hit or a rate proven below its floor, 2 where that could not be told, 3 where the command, a
    file or the policy is wrong, else 0. Each line of RUNS.jsonl is one run: id, thread_id, version, inputs, and outputs or
    error.

    \b
    Examples:
      seatrial monitor support_router production.jsonl
      seatrial monitor email_classify production.jsonl --version v2 --floor schema=0.99 -o monitor.html
    """
    from seatrial.gate.policy import load_policy  # noqa: PLC0415 - for those who monitor
    from seatrial.monitor.decide import decide  # noqa: PLC0415
    from seatrial.monitor.observe import observe, reads_reference  # noqa: PLC0415
    from seatrial.monitor.production import read_production  # noqa: PLC0415
    from seatrial.project import open_project  # noqa: PLC0415
    from seatrial.report.monitor import monitor_view  # noqa: PLC0415
    from seatrial.segment import critical_segments, for_graph  # noqa: PLC0415
    from seatrial.trial.policies import policy_of  # noqa: PLC0415

    check_targets(files)
    project = open_project(Path.cwd())
    evaluators = project.evaluators(graph)
    read = read_production(runs)
    chosen = [one for one in read.runs if version is None or one.version == version]
    if not chosen:
        raise UsageError(_no_runs(runs, read, version))
    mine = for_graph(project.dimensions, graph)
    dimensions = tuple(one for one in mine if not reads_reference(one))
    with progress(quiet=as_json) as tell:
        found = observe(chosen, evaluators, dimensions, progress=tell)
    policy = load_policy(policy_file, graph) if policy_file is not None else policy_of(project, graph)
    limits = _limits(graph, policy, found, floors, zero, critical_segments(dimensions))
    decision = decide(found.rows, limits, subject=graph, evidence_hash=read.hash)
    decision = replace(
        decision,
        warnings=tuple(_warnings(read, len(chosen), found, [one.name for one in mine if one not in dimensions])),
        facts=(
            ("Runs", f"{len(chosen):,}"),
            ("Versions", ", ".join(sorted({one.version or "not recorded" for one in chosen}))),
        ),
        details={"runs": len(chosen), "need_reference": list(found.need_reference), "repeated": read.repeated},
    )
    show_decision(decision, monitor_view(decision), as_json=as_json, files=files, every=every)
    return decision.exit_code


def _no_runs(runs: Path, read: Production, version: str | None) -> str:
    if not read.runs:
        return f"{runs} holds no run; nothing was judged"
    have = ", ".join(sorted({one.version or "(none recorded)" for one in read.runs}))
    return f"{runs} holds no run of version {version!r}; it has: {have}"


def _warnings(read: Production, chosen: int, found: Observation, unread: Sequence[str]) -> list[str]:
    reported = []
    if unread:
        reported.append(f"segments that read the reference are not shown: {', '.join(unread)}")
    if found.need_reference:
        reported.append(f"needs a reference, judged in CI only: {', '.join(found.need_reference)}")
    if read.repeated:
        reported.append(f"{count(read.repeated, 'line')} repeated a run and counted once")
    if chosen < len(read.runs):
        reported.append(f"{count(len(read.runs) - chosen, 'run')} of other versions were left out")
    return reported


def _limits(
    graph: str,
    policy: Policy,
    found: Observation,
    floors: Sequence[str],
    zero: Sequence[str],
    critical: frozenset[str],
) -> Limits:
    from seatrial.monitor.decide import Limits  # noqa: PLC0415 - for those who monitor

    keys = _of_policy(policy)
    for text in floors:
        key, _, rate = text.rpartition("=")
        keys[key] = replace(_named(keys, key, found), floor=_rate(text, rate))
    for key in zero:
        keys[key] = replace(_named(keys, key, found), zero_tolerance=True)
    judged = tuple(keys[key] for key in keys if key in found.without_reference)
    if not judged:
        raise UsageError(
            f"nothing to judge {graph!r} by: no key without a reference has a floor or is zero_tolerance; say --floor KEY=RATE or --zero-tolerance KEY, with one of: {', '.join(found.without_reference) or 'none, since every evaluator reads the reference'}"
        )
    return Limits(judged, policy.alpha, policy.min_n, tuple(sorted(critical)), policy.mode)


def _of_policy(policy: Policy) -> dict[str, KeyLimits]:
    """Keys of a policy that say something of a version on its own."""
    from seatrial.monitor.decide import KeyLimits  # noqa: PLC0415

    found = {}
    for rule in policy.keys:
        segments = tuple((one.segment, one.floor) for one in rule.segments if one.floor is not None)
        if rule.zero_tolerance or rule.floor is not None or segments:
            found[rule.name] = KeyLimits(rule.name, rule.zero_tolerance, rule.floor, segments, rule.floor_rule)
    return found


def _named(keys: dict[str, KeyLimits], key: str, found: Observation) -> KeyLimits:
    from seatrial.monitor.decide import KeyLimits  # noqa: PLC0415

    if key in found.need_reference:
        raise UsageError(f"key {key!r} needs a reference, which a production run does not have; it is judged in CI")
    if key not in found.without_reference:
        raise UsageError(f"no evaluator has the key {key!r}; choose one of: {', '.join(found.without_reference)}")
    return keys.get(key) or KeyLimits(key)


def _rate(text: str, rate: str) -> float:
    try:
        value = float(rate)
    except ValueError:
        value = -1.0
    if not 0 < value < 1:
        raise UsageError(f"--floor {text!r}: write KEY=RATE with a rate between 0 and 1, e.g. schema=0.99")
    return value
