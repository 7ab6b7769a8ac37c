"""A thousand per-segment metrics into MLflow, read back and counted, beside one bare `log_batch` of the same numbers."""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.child import environment, expect, middle, ours, spawn

if TYPE_CHECKING:
    from collections.abc import Callable

METRICS, ROUNDS = 1_000, 15

# A process of its own: mlflow's hundreds of megabytes would count as those of every process started after it.
MEASURE = """
import gc, json, random, sys, time
from pathlib import Path
from seatrial.adapters.mlflow import Content, log_content, place, session, verify
folder, count, rounds = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
metrics = {f"valid/desk/desk-{i // 4:03d}/{('mean', 'n', 'failures', 'unmeasured')[i % 4]}": i / count for i in range(count)}

def content(name):
    tags = {"seatrial.run_id": name, "seatrial.kind": "evaluation"}
    return Content(name, "fleet/graph", 0, 1000, {}, tags, metrics, (), {})

def timed(what):
    gc.collect()  # what one side left behind is not the other's to sweep
    began = time.process_time()
    what()
    return time.process_time() - began

where, order = place({}, folder), random.Random(20)
with session(where) as client:
    from mlflow.entities import Metric
    bare = client.create_experiment("bare")

    def batch(run_id):
        client.log_batch(run_id, [Metric(name, value, 1, 0) for name, value in metrics.items()], [], [])

    def whole_bare():
        run_id = client.create_run(bare, tags={"a": "b"}).info.run_id
        batch(run_id)
        client.set_terminated(run_id)

    def written(name):
        made = content(name)
        run = client.create_run(bare, tags={**made.tags})
        from seatrial.adapters.mlflow.log import write
        def both():
            write(client, run, made, 1)
            verify(client, run.info.run_id, made)
        return timed(both)

    ways = {
        "batch": lambda n: (lambda run_id: timed(lambda: batch(run_id)))(client.create_run(bare).info.run_id),
        "written": lambda n: written(f"written-{n}"),
        "whole bare": lambda n: timed(whole_bare),
        "whole": lambda n: timed(lambda: log_content(client, where, content(f"run-{n}"))),
    }
    took = {name: [] for name in ways}
    for n in range(rounds + 1):
        names = list(ways)
        order.shuffle(names)
        for name in names:
            took[name].append(ways[name](n))
print(json.dumps({name: values[1:] for name, values in took.items()}))
"""


def measure(say: Callable[[str], None], *, quick: bool = False) -> list[dict[str, Any]]:
    """CPU of the numbers written and read back beside one `log_batch`, and of a whole run beside a bare one."""
    rounds = 3 if quick else ROUNDS
    with tempfile.TemporaryDirectory() as folder:
        took = expect(spawn([ours(), "-c", MEASURE, folder, str(METRICS), str(rounds)], environment(), timeout_s=300))
    cpu = {name: middle(values) * 1000 for name, values in json.loads(took.out.splitlines()[-1]).items()}
    say(f"  {rounds} rounds: {', '.join(f'{name} {value:.0f} ms' for name, value in cpu.items())}")
    return [
        _row("MLflow, metrics written, read back and counted; floor one log_batch", cpu["written"], cpu["batch"]),
        _row("MLflow, a whole run found or made, written, counted; floor a bare run", cpu["whole"], cpu["whole bare"]),
    ]


def _row(what: str, mine: float, floor: float) -> dict[str, Any]:
    return {"what": what, "n": METRICS, "ours": mine, "floor": floor, "ratio": mine / floor, "unit": "ms CPU"}


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parents[1]))
    for row in measure(print):
        print(row)
