"""Assignment of units to versions, beside a bare loop over sha256 and beside GrowthBook's `eval_feature`, all in one run.

GrowthBook lives in a folder of its own, `.seatrial/bench-growthbook`, which is put behind our packages: one process measures both,
so that the ratio is of one machine at one time.
"""

from __future__ import annotations

import json
import os
import time
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.child import ROOT, environment, expect, ours, spawn

if TYPE_CHECKING:
    from collections.abc import Callable

APART = "import json, sys; from benchmarks.assignment import work; print(json.dumps(work(int(sys.argv[1]))))"
BESIDE = "import json, sys; from benchmarks.assignment import beside; print(json.dumps(beside(int(sys.argv[1]))))"
PINS = Path(__file__).with_name("growthbook.txt")
HOME = ROOT / ".seatrial" / "bench-growthbook"
PYTHON = HOME / "bin" / "python"
UNITS, MANY, FEW = 20_000, 4_000_000, 2_000
SHARE = 0.1


def measure(say: Callable[[str], None], *, quick: bool = False, peers: bool = True) -> list[dict[str, Any]]:
    """One row per way; `floor` is the bare loop, or the peer the row names."""
    rounds = 5 if quick else 31
    rows: list[dict[str, Any]] = json.loads(
        expect(spawn([ours(), "-c", APART, str(rounds)], environment(), timeout_s=300)).out.splitlines()[-1]
    )
    if peers:
        rows.append(_growthbook(say, rounds))
    return rows


def work(rounds: int) -> list[dict[str, Any]]:
    """Ours and the bare loop in turn in this process; best CPU of `rounds` short rounds, units a second."""
    import numpy as np  # noqa: PLC0415 - the process that starts others stays small

    from seatrial.experiment.assign import buckets, exposed, exposed_many, hash64, limit  # noqa: PLC0415

    units, salt, end = [f"user-{i}" for i in range(UNITS)], hash64("rollout"), limit(SHARE)
    stored = np.random.default_rng(1).integers(0, 2**63, MANY, dtype=np.uint64)

    def bare() -> None:
        for unit in units:
            sha256(unit.encode()).digest()

    def usual() -> None:
        for unit in units:
            int(sha256(f"rollout:{unit}".encode()).hexdigest()[:15], 16)

    def one_by_one() -> None:
        for unit in units:
            exposed(unit, salt, end)

    took = fastest(
        {
            "bare": bare,
            "usual": usual,
            "one": one_by_one,
            "many": lambda: exposed_many(units, salt, SHARE),
            "stored": lambda: buckets(stored, salt),
        },
        rounds,
    )
    rate = {name: (MANY if name == "stored" else UNITS) / seconds for name, seconds in took.items()}
    return [
        row("assignment, many units at once, from their text", UNITS, rate["many"], rate["bare"], "beside bare sha256"),
        row("assignment, one unit at a time", UNITS, rate["one"], rate["bare"], "beside bare sha256"),
        row(
            "assignment as usual: sha256 of salt and unit, 15 hex digits",
            UNITS,
            rate["usual"],
            rate["bare"],
            "beside bare sha256",
        ),
        row("a further salt for many units that are hashed", MANY, rate["stored"], None, ""),
    ]


def beside(rounds: int) -> dict[str, Any]:
    """Ours and GrowthBook's in turn in one process: a feature with one rule that exposes a tenth."""
    from growthbook import GrowthBook  # type: ignore[import-not-found]  # noqa: PLC0415 - only there

    from seatrial.experiment.assign import exposed, hash64, limit  # noqa: PLC0415

    units, salt, end = [f"user-{i}" for i in range(FEW)], hash64("rollout"), limit(SHARE)
    rule = {"force": True, "coverage": SHARE, "hashAttribute": "id"}
    peer = GrowthBook(features={"v4": {"defaultValue": False, "rules": [rule]}})
    seen = [0]

    def theirs() -> None:
        found = 0
        for unit in units:
            peer.set_attributes({"id": unit})
            found += bool(peer.eval_feature("v4").value)
        seen[0] = found

    def mine() -> None:
        for unit in units:
            exposed(unit, salt, end)

    took = fastest({"ours": mine, "peer": theirs}, rounds)
    if abs(seen[0] - FEW * SHARE) > 5 * (FEW * SHARE) ** 0.5:
        return {"wrong": f"exposed {seen[0]} of {FEW:,}"}
    return {name: FEW / seconds for name, seconds in took.items()}


def fastest(ways: dict[str, Callable[[], Any]], rounds: int) -> dict[str, float]:
    """Smallest CPU of each way over short rounds in turn: what others do on the machine only ever adds."""
    took: dict[str, list[float]] = {name: [] for name in ways}
    for way in ways.values():
        way()
    for turn in range(rounds):
        for name in sorted(ways, reverse=bool(turn % 2)):
            started = time.process_time()
            ways[name]()
            took[name].append(time.process_time() - started)
    return {name: min(times) for name, times in took.items()}


def row(what: str, n: int, mine: float, floor: float | None, note: str) -> dict[str, Any]:
    """One line of the table, in units a second."""
    ratio = None if floor is None else mine / floor
    return {"what": what, "n": n, "ours": mine, "floor": floor, "ratio": ratio, "unit": "units/s", "note": note}


def _growthbook(say: Callable[[str], None], rounds: int) -> dict[str, Any]:
    what = "one unit beside GrowthBook's eval_feature"
    nothing = {"what": what, "n": FEW, "ours": None, "floor": None, "ratio": None, "unit": "units/s"}
    say(f"  installing GrowthBook into {HOME.relative_to(ROOT)}")
    for step in (
        [ours(), "-m", "venv", str(HOME)],
        [str(PYTHON), "-m", "pip", "install", "-q", "-r", str(PINS)],
    ):
        if (took := spawn(step, environment(), timeout_s=300)).code != 0:
            return {**nothing, "note": f"not installed: {(took.err.strip().splitlines() or ['killed'])[-1]}"}
    theirs = next((HOME / "lib").glob("python*/site-packages"))
    both = {"PYTHONPATH": os.pathsep.join((str(ROOT / "src"), str(ROOT), str(theirs)))}
    took = spawn([ours(), "-c", BESIDE, str(rounds)], environment(both), timeout_s=300)
    if took.code != 0:
        return {**nothing, "note": f"did not finish: {(took.err.strip().splitlines() or ['killed'])[-1]}"}
    found = json.loads(took.out.splitlines()[-1])
    if "wrong" in found:
        return {**nothing, "note": found["wrong"]}
    return row(what, FEW, found["ours"], found["peer"], "one rule, coverage .1, both in one process")
