"""`python -m benchmarks` (`make bench`): measure everything in one run, print the table, write it into benchmarks/RESULTS.md."""

from __future__ import annotations

import argparse
import json
import os
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks import (
    assignment,
    cold_start,
    feedback,
    gate,
    hub,
    mlflow_logging,
    peers,
    plugin,
    purity,
    report,
    rollout,
    serve,
    stats,
)
from benchmarks.child import ROOT, environment, ours, spawn

if TYPE_CHECKING:
    from collections.abc import Callable

PAGE = ROOT / "benchmarks" / "RESULTS.md"
# Its arrays would count as the memory of every process started after it: see child.py.
APART = "import json; from benchmarks.evaluation import measure; print(json.dumps(measure()))"


def evaluation(say: Callable[[str], None], *, quick: bool = False) -> list[dict[str, Any]]:
    """The rows of `evaluation.py`; none, and a word about it, where it cannot run."""
    if quick:
        say("  left out with --quick")
        return []
    took = spawn([ours(), "-c", APART], environment(), timeout_s=900)
    if took.code != 0:
        say(f"  could not run: {(took.err.strip().splitlines() or ['killed'])[-1]}")
        return []
    rows: list[dict[str, Any]] = json.loads(took.out.splitlines()[-1])
    return rows


ROOMS: dict[str, Callable[..., list[dict[str, Any]]]] = {
    "cold_start": cold_start.measure,
    "evaluation": evaluation,
    "gate": gate.measure,
    "statistics": stats.measure,
    "assignment": assignment.measure,
    "feedback": feedback.measure,
    "rollout": rollout.measure,
    "mlflow_logging": mlflow_logging.measure,
    "hub": hub.measure,
    "serve": serve.measure,
    "purity": purity.measure,
    "plugin": plugin.measure,
    "peers": peers.measure,
}


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def main(arguments: list[str]) -> int:
    """Measure, print, write. A partial or a quick run is printed and never written to the page."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--only", choices=ROOMS, action="append", help="measure one room; repeatable")
    parser.add_argument("--no-peers", action="store_true", help="leave the peers out: nothing is installed")
    parser.add_argument(
        "--quick", action="store_true", help="fewer rounds and smaller files: does it run, not how fast"
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write every row as JSON")
    parser.add_argument("--date", default=datetime.now(UTC).date().isoformat(), help="the date the page names")
    options = parser.parse_args(arguments)
    rooms = [name for name in ROOMS if name in (options.only or ROOMS) and not (options.no_peers and name == "peers")]
    measured, before = {}, os.getloadavg()[0]
    for name in rooms:
        _say(name)
        extra = {"peers": False} if name in ("statistics", "assignment") and options.no_peers else {}
        measured[name] = ROOMS[name](_say, quick=options.quick, **extra)
    load = (before, os.getloadavg()[0])
    text = report.table({name: rows for name, rows in measured.items() if rows}, options.date, load)
    print(text)
    if options.json:
        options.json.write_text(
            json.dumps({"date": options.date, "load": load, "rooms": measured}, indent=1), encoding="utf-8"
        )
    if not options.quick and rooms == list(ROOMS) and all(measured.values()):
        report.write(PAGE, text)
        _say(f"wrote {PAGE.relative_to(ROOT)}; make docs takes the summary from there")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
