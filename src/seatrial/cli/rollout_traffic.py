"""`seatrial rollout replay-traffic`: recorded requests through a candidate, before it is deployed."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import click

from seatrial.cli.output import check_targets, show_decision
from seatrial.cli.rollout_common import JSON, OUTPUT, project_here, read_plan


@click.command("replay-traffic")
@click.argument("plan")
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("-j", "workers", type=click.IntRange(1, 256), default=4, show_default=True, help="Requests at once.")
@JSON
@OUTPUT
def replay_traffic(plan: str, file: Path, workers: int, files: tuple[Path, ...], *, as_json: bool) -> int:
    """Send recorded requests through the candidate of a plan and judge its answers as the shadow stage does.

    FILE holds one example a line, as `seatrial.rollout.traffic.recording` writes them: id, inputs, and as outputs the live
    answer. Exit 0: not worse in any cell; 1: worse in one; 2: a cell has too few requests, or could not be judged.

    \b
    Example:
      seatrial rollout replay-traffic support_router_v2 traffic.jsonl
    """
    from seatrial.cli.progress import progress  # noqa: PLC0415
    from seatrial.dataset import load  # noqa: PLC0415
    from seatrial.report.decision_view import decision_view  # noqa: PLC0415
    from seatrial.report.rollout_terms import TRAFFIC  # noqa: PLC0415
    from seatrial.rollout.rules import rules_of  # noqa: PLC0415
    from seatrial.rollout.shadow import refuse_side_effects  # noqa: PLC0415
    from seatrial.rollout.shadow_score import Recorder, graph_candidate, shadow_evaluators  # noqa: PLC0415
    from seatrial.rollout.traffic import replay_traffic, traffic_decision  # noqa: PLC0415

    check_targets(files)
    project = project_here()
    read, metrics = read_plan(project, plan)
    rules = rules_of(read, metrics)
    rules = replace(rules, shadow=replace(rules.shadow, judge=""))  # evaluators alone: a judge is asked of live answers
    refuse_side_effects(project.spec(rules.graph).side_effects)
    control, candidate = (project.runtime.compiled(rules.graph, one) for one in (rules.control, rules.candidate))
    recorder = Recorder(None, shadow_evaluators(rules, project.evaluators(rules.graph)), contract=candidate.contract)
    examples = load(file, graph=rules.graph).examples
    with progress(quiet=as_json) as tell:
        found = replay_traffic(
            rules,
            examples,
            recorder,
            cell_of=read.partition.cell_of,
            control=graph_candidate(control),
            candidate=graph_candidate(candidate),
            workers=workers,
            progress=lambda done, planned: tell("recorded requests", done, planned),
        )
    decision = traffic_decision(rules, found, file.name)
    show_decision(decision, decision_view(decision, TRAFFIC), as_json=as_json, files=files, every=True)
    return decision.exit_code
