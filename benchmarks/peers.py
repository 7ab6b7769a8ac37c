"""Peers: the same small evaluation done by other harnesses, each in its own process, beside the floor of that process.

They live in an environment of their own, `.seatrial/bench-peers`, with the versions of `peers.txt`; telemetry is off, no key is
set, and the one that would look for a service is pointed at a closed port of this machine.
"""

from __future__ import annotations

import json
import random
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from benchmarks.child import ROOT, Took, compile_all, environment, middle, ours, spawn

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

HOME = ROOT / ".seatrial" / "bench-peers"
PYTHON = HOME / "bin" / "python"
PINS = Path(__file__).with_name("peers.txt")
WORK = Path(__file__).with_name("peer_work.py")
LIMIT_S = 60.0
ROUNDS = 3

QUIET = {
    "DEEPEVAL_TELEMETRY_OPT_OUT": "1",
    "DEEPEVAL_DISABLE_DOTENV": "1",
    "DEEPEVAL_FILE_SYSTEM": "READ_ONLY",
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_GENAI_EVAL_MAX_WORKERS": "1",
    "LANGSMITH_TRACING": "false",
    "LANGSMITH_TRACING_SAMPLING_RATE": "0",
    "LANGSMITH_ENDPOINT": "http://127.0.0.1:9",
}
SECRETS = ("KEY", "TOKEN", "SECRET")


class Peer(NamedTuple):
    """One way of one package to do the work: its name in `peer_work.WORK`, the package, examples, what it may not be told."""

    work: str
    package: str
    n: int = 1000
    untold: tuple[str, ...] = ()


PEERS = (
    Peer("openevals.exact_match in a loop", "openevals"),
    Peer("pydantic_evals, 1 at once", "pydantic-evals"),
    Peer("pydantic_evals, default", "pydantic-evals"),
    Peer("langsmith, local, 0 at once", "langsmith"),
    Peer("langsmith, local, 4 at once", "langsmith"),
    Peer("deepeval, sync, no cache, no print", "deepeval"),
    # Its default writes its whole cache again after each example; told not to write, it would not be its default.
    Peer("deepeval, default", "deepeval", 200, ("DEEPEVAL_FILE_SYSTEM",)),
    Peer("mlflow.genai, 1 worker, sqlite", "mlflow", 50),
)

IMPORTS = (
    ("openevals", "openevals"),
    ("pydantic-evals", "pydantic_evals"),
    ("langsmith", "langsmith.evaluation._runner"),
    ("deepeval", "deepeval"),
    ("mlflow", "mlflow"),
)
"""Package, and the module its evaluation needs; bare `import langsmith` is lazy and loads nothing."""

OURS = """
import json, statistics, sys
from benchmarks import evaluation, peer_work
from seatrial.graph.target import callable_target
import pyarrow.parquet
pyarrow.array([0])  # imports are timed for nobody here, and Arrow imports pandas at its first array, where it is installed
n = int(sys.argv[1])
rows, examples = peer_work.given(n), evaluation.examples(n)
floor = statistics.median(peer_work.cpu(lambda: peer_work.bare(rows), n) for _ in range(201))
def work():
    evaluation.evaluate(examples, callable_target(evaluation.trivial))
    return n, (n + 1) // 2
print(json.dumps({"cpu_s": peer_work.cpu(work, n), "floor_s": floor}))
"""
OUR_IMPORTS = ("seatrial", "seatrial.runner")


def measure(say: Callable[[str], None], *, quick: bool = False) -> list[dict[str, Any]]:
    """One row per way and per import; a peer that is missing or too slow is a row with a note and no number."""
    missing = install(say)
    peer_env = {
        name: value
        for name, value in environment(QUIET).items()
        if name != "PYTHONPATH" and not any(word in name.upper() for word in SECRETS)
    }
    ways: dict[str, Callable[[Path], Took]] = {
        "seatrial, everything kept": lambda folder: spawn([ours(), "-c", OURS, "1000"], environment(), LIMIT_S, folder)
    }
    sizes = {"seatrial, everything kept": 1000}
    for peer in PEERS:
        if peer.package not in missing:
            env = {name: value for name, value in peer_env.items() if name not in peer.untold}
            command = [str(PYTHON), str(WORK), peer.work, str(peer.n)]
            ways[peer.work] = lambda folder, command=command, env=env: spawn(command, env, LIMIT_S, folder)  # type: ignore[misc]  # bound now
            sizes[peer.work] = peer.n
    took = _rounds(ways, 1 if quick else ROUNDS, say)
    rows = [_work_row(name, mine, sizes[name]) for name, mine in took.items()]
    rows += [
        {
            "what": peer.work,
            "ours": None,
            "floor": None,
            "ratio": None,
            "unit": "ms CPU",
            "n": peer.n,
            "note": missing[peer.package],
        }
        for peer in PEERS
        if peer.package in missing
    ]
    return rows + list(_imports(peer_env, missing, 1 if quick else ROUNDS, say))


def _rounds(ways: dict[str, Callable[[Path], Took]], rounds: int, say: Callable[[str], None]) -> dict[str, list[Took]]:
    order, took = random.Random(20), {name: list[Took]() for name in ways}
    for turn in range(rounds):
        names = list(ways)
        order.shuffle(names)
        for name in names:
            with tempfile.TemporaryDirectory() as folder:
                took[name].append(ways[name](Path(folder)))
            say(f"  {turn + 1}/{rounds} {name}: {took[name][-1].wall_s:.1f} s wall")
    return took


def _work_row(name: str, mine: list[Took], n: int) -> dict[str, Any]:
    row: dict[str, Any] = {"what": name, "ours": None, "floor": None, "ratio": None, "unit": "ms CPU", "n": n}
    failed = [one for one in mine if one.code != 0]
    if failed:
        stopped = f"stopped after {LIMIT_S:.0f} s" if failed[0].wall_s >= LIMIT_S else _last_line(failed[0].err)
        return {**row, "note": f"{len(failed)} of {len(mine)} did not finish: {stopped}"}
    found = [json.loads(one.out.splitlines()[-1]) for one in mine]
    cpu, floor = (1000 * middle([one[field] for one in found]) for field in ("cpu_s", "floor_s"))
    return {**row, "ours": cpu, "floor": floor, "ratio": cpu / floor}


def _imports(
    env: dict[str, str], missing: dict[str, str], rounds: int, say: Callable[[str], None]
) -> Iterator[dict[str, Any]]:
    ways: dict[str, Callable[[Path], Took]] = {
        "ours": lambda folder: spawn([ours(), "-c", "pass"], environment(), LIMIT_S, folder),
        "theirs": lambda folder: spawn([str(PYTHON), "-c", "pass"], env, LIMIT_S, folder),
    }
    for module in OUR_IMPORTS:
        ways[module] = lambda folder, m=module: spawn([ours(), "-c", f"import {m}"], environment(), LIMIT_S, folder)  # type: ignore[misc]  # bound now
    for package, module in IMPORTS:
        if package not in missing:
            ways[module] = lambda folder, m=module: spawn([str(PYTHON), "-c", f"import {m}"], env, LIMIT_S, folder)  # type: ignore[misc]  # bound now
    took = _rounds(ways, rounds, say)
    cpu = {name: 1000 * middle([one.cpu_s for one in mine]) for name, mine in took.items()}
    for module in list(ways)[2:]:
        floor = cpu["ours" if module in OUR_IMPORTS else "theirs"]
        row = {"what": f"import {module}", "floor": floor, "unit": "ms CPU", "n": 1}
        broken = next((one for one in took[module] if one.code != 0), None)
        if broken:
            yield {**row, "ours": None, "ratio": None, "note": _last_line(broken.err)}
        else:
            yield {**row, "ours": cpu[module], "ratio": cpu[module] / floor}


def install(say: Callable[[str], None]) -> dict[str, str]:
    """Put the peers into their environment, once per `peers.txt`; package -> why it is missing."""
    stamp = HOME / ".installed"
    pins = PINS.read_text(encoding="utf-8")
    if stamp.exists() and json.loads(stamp.read_text(encoding="utf-8"))["pins"] == pins:
        kept: dict[str, str] = json.loads(stamp.read_text(encoding="utf-8"))["missing"]
        return kept
    say(f"  installing the peers into {HOME.relative_to(ROOT)}")
    uv = shutil.which("uv")
    if not PYTHON.exists():
        create = [uv, "venv", "-q", "--python", ours(), str(HOME)] if uv else [ours(), "-m", "venv", str(HOME)]
        made = spawn(create, environment(), timeout_s=120)
        if made.code != 0:
            return dict.fromkeys((p.package for p in PEERS), f"no environment: {_last_line(made.err)}")
    installer = (
        [uv, "pip", "install", "-q", "--python", str(PYTHON)] if uv else [str(PYTHON), "-m", "pip", "install", "-q"]
    )
    missing = {}
    if spawn([*installer, "-r", str(PINS)], environment(), timeout_s=900).code != 0:
        for pin in pins.split():
            one = spawn([*installer, pin], environment(), timeout_s=600)
            if one.code != 0:
                missing[pin.partition("==")[0]] = f"does not install: {_last_line(one.err)}"
                say(f"  {pin} {missing[pin.partition('==')[0]]}")
    compile_all(str(PYTHON))
    if not missing:
        stamp.write_text(json.dumps({"pins": pins, "missing": missing}), encoding="utf-8")
    return missing


def _last_line(text: str) -> str:
    return (text.strip().splitlines() or ["it said nothing"])[-1][:160]
