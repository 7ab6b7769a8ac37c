"""Rollout demo: a whole rollout on made-up traffic, one cell of which breaks on the way; replayed at the end.

python -m seatrial.testing.rollout_demo experiments/email_classify_v2.toml

In the shadow stage the graph's own dataset is the traffic, and both versions really answer it. After that requests and
outcomes are made up and seeded; plan, assignment, ladder, ledger and store are the real ones. The first cell's candidate is
25 points worse from a share of 10 % on; everywhere else it is as good as the control.
"""

from __future__ import annotations

import sys
import tempfile
from itertools import cycle
from pathlib import Path
from typing import TYPE_CHECKING

from seatrial.errors import SeatrialError

if TYPE_CHECKING:
    from collections.abc import Callable

    from seatrial.project import Project
    from seatrial.rollout.rules import Rules
    from seatrial.store.engine import Store

BEGIN = 1_767_225_600.0
HOUR = 3600.0
SEED = 5
BROKEN_FROM, MISSING = 0.10, 0.25
LONGEST = 96
"""Hours of traffic that are made up at most."""


def main(arguments: list[str]) -> int:
    """Play the plan; 0 when the broken cell came back, the others arrived, and every row replays."""
    from seatrial.cli.output import say  # noqa: PLC0415 - only where it is played
    from seatrial.report.console import Line  # noqa: PLC0415

    if len(arguments) != 1:
        raise SystemExit("say which plan: python -m seatrial.testing.rollout_demo experiments/NAME.toml")

    def tell(text: str, tone: str = "plain") -> None:
        say([Line(text, tone)])

    with tempfile.TemporaryDirectory() as folder:
        return _play(Path(arguments[0]), f"sqlite:///{folder}/store.db", tell)


def _play(path: Path, url: str, tell: Callable[..., None]) -> int:
    import numpy as np  # noqa: PLC0415

    from seatrial.experiment import load_rollout_plan, load_runnable_plan  # noqa: PLC0415
    from seatrial.outcome import load_metrics  # noqa: PLC0415
    from seatrial.project import open_project  # noqa: PLC0415
    from seatrial.rollout import controller, ledger  # noqa: PLC0415
    from seatrial.rollout.ladder import FALLS, Move  # noqa: PLC0415
    from seatrial.rollout.rules import rules_of  # noqa: PLC0415
    from seatrial.rollout.sentence import step_sentence  # noqa: PLC0415
    from seatrial.rollout.state import Mode  # noqa: PLC0415
    from seatrial.rollout.store_source import StoreSource  # noqa: PLC0415
    from seatrial.segment import for_graph  # noqa: PLC0415
    from seatrial.store.engine import open_store  # noqa: PLC0415
    from seatrial.testing.rollout_traffic import serve  # noqa: PLC0415

    project = open_project(Path.cwd())
    metrics = load_metrics(project.root / "gates" / "metrics.toml")
    graph = load_rollout_plan(path).graph
    plan = load_runnable_plan(path, for_graph(project.dimensions, graph), metrics)
    rules = rules_of(plan, metrics)
    broken = rules.cells[0].name

    def truth(cell: str, arm: str, _metric: str, share: float) -> float:
        rate = rules.cell(cell).rates[0]
        return rate - MISSING if (cell, arm) == (broken, "candidate") and share >= BROKEN_FROM else rate

    rng = np.random.default_rng(SEED)
    with open_store(url) as store:
        controller.start(
            store, ledger.started(rules, BEGIN, code="demo", author="demo", reason="made-up traffic"), rules
        )
        tell(
            f"{rules.rollout}: {rules.graph} {rules.control} → {rules.candidate}; {broken} breaks from {BROKEN_FROM:.0%} on"
        )
        if rules.shadow.units:
            tell(_shadow_stage(store, rules, project))
        fell = False
        for hour in range(LONGEST):
            now = BEGIN + hour * HOUR
            state = ledger.state_of(controller.ends(store, rules.rollout)[1])
            serve(
                store, rules, state, truth, rng, begin=now, seconds=HOUR, units_per_day=plan.units_per_day or 20_000.0
            )  # fmt: skip
            look = controller.look(store, rules.rollout, StoreSource(store), now + HOUR, code="demo")
            for one in look.decided.steps:
                if one.move is not Move.HOLD:
                    fell |= one.move in FALLS
                    tell(f"hour {hour + 1:>3}  {step_sentence(rules, one)}", "bad" if one.move in FALLS else "good")
            modes = {cell.cell: cell.mode for cell in look.decided.state.cells}
            if all(mode is Mode.DONE for cell, mode in modes.items() if cell != broken) and fell:
                break
        rows = controller.all_rows(store, rules.rollout)
        replayed, chained = ledger.replayed(rows) is None, ledger.broken_at(rows) is None
        tell(f"{len(rows)} rows: {'replayed to the same bytes' if replayed else 'REPLAY DIFFERS'}, "
             f"{'chain unbroken' if chained else 'CHAIN BROKEN'}", "good" if replayed and chained else "bad")  # fmt: skip
        arrived = all(mode is Mode.DONE for cell, mode in modes.items() if cell != broken)
        return 0 if replayed and chained and arrived and modes[broken] is Mode.ROLLED_BACK else 1


def _shadow_stage(store: Store, rules: Rules, project: Project) -> str:
    """Send the graph's examples through the live version until every cell has its threads; says what became of them."""
    from seatrial.experiment.router import Router  # noqa: PLC0415
    from seatrial.rollout.routing import snapshot_in  # noqa: PLC0415
    from seatrial.rollout.shadowing import shadow_of  # noqa: PLC0415

    router = Router(lambda: snapshot_in(store, BEGIN))
    router.refresh()
    suite, waiting = project.evaluators(rules.graph), 10_000
    shadow = shadow_of(store, rules.rollout, router, project.runtime, suite, waiting=waiting, seed=SEED)
    live = shadow.around(project.runtime.compiled(rules.graph, rules.control).graph.invoke)
    left = {cell.name: rules.shadow.units for cell in rules.cells}
    for n, example in enumerate(cycle(project.dataset(rules.graph).examples)):
        live(dict(example.inputs), {"configurable": {"thread_id": f"shadow-{n}"}})
        if shadow.counts.sampled >= 2 * sum(left.values()) or n == waiting:
            break
    shadow.close()
    found = shadow.counts
    return f"shadow: {found.live} live requests, {found.sampled} copied, {found.compared} answered by both, {found.failed} failed"


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except SeatrialError as error:
        sys.exit(f"seatrial: {error}")
