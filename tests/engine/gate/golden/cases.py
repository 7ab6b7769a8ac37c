"""Generated evidence tables and policies that reach every rule of the gate, and the report of each without its sentences.

`make golden` writes golden.jsonl.gz anew: do so only where a rule is meant to change, and say
in the commit which cases changed and why.
"""

from __future__ import annotations

import gzip
import json
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np

from seatrial.errors import SeatrialError
from seatrial.evidence import Evidence
from seatrial.evidence.check import check as check_evidence
from seatrial.evidence.frame import unchecked_rows
from seatrial.gate.anchor import check_anchored
from seatrial.gate.baseline import baseline_name, baseline_text, read_baseline
from seatrial.gate.confirm import resolved
from seatrial.gate.confirmation import check_second_stage, fresh_examples
from seatrial.gate.merge import check
from seatrial.gate.override import Bound, apply, write_for
from seatrial.gate.policy import KeyRule, MeasureRule, Policy, Weights
from seatrial.gate.quarantine_file import Entry, Quarantine
from seatrial.gate.report import Report
from seatrial.report.data import gate_data

CASES = 500
FILE = Path(__file__).with_name("golden.jsonl.gz")
TODAY = date(2026, 3, 1)
DIGITS = 9
SENTENCES = (
    "reason",
    "with_them_reason",
    "message",
    "sentence",
    "causes",
    "schema",
    "policy",
    "evidence",
    "owner",
    "segments_file",
)
KNOWN = {"graph": "desk", "dataset": "d", "dataset_hash": "h", "evaluator_version": "1"}
KINDS = (
    "plain",
    "missing",
    "crashed",
    "clusters",
    "repetitions",
    "fractions",
    "keys",
    "quarantine",
    "anchor",
    "contract",
    "measure",
    "zero",
    "confirm",
    "override",
    "growing",
    "unchanged",
    "provenance",
    "everything",
)
"""Every case is of one kind, in turn, and may have parts of others."""


@dataclass
class Case:
    """One question put to the gate."""

    kind: str
    rows: list[dict[str, Any]]
    policy: Policy
    critical: tuple[str, ...] = ()
    metadata: dict[str, str] = field(default_factory=dict)
    kept: Quarantine = field(default_factory=Quarantine)
    anchor: list[dict[str, Any]] | None = None
    fresh: bool = False
    overrides: bool = False
    seed: int = 0


def evidence_of(rows: list[dict[str, Any]], metadata: dict[str, str] | None = None) -> Evidence:
    """Rows as a checked table."""
    evidence = unchecked_rows(rows, "memory", metadata)
    check_evidence(evidence)
    return evidence


def case(seed: int) -> Case:
    """The case of a seed."""
    rng = np.random.default_rng([20261130, seed])
    turn, place = divmod(seed, len(KINDS))
    kind = KINDS[place]

    def part(name: str, chance: float) -> bool:
        return kind == name or (kind == "everything" and rng.random() < 0.5) or rng.random() < chance

    n = int(rng.choice([3, 24, 40, 60], p=[0.05, 0.15, 0.4, 0.4]))
    keys = ["score", "tone"][: 2 if part("keys", 0.1) else 1]
    zero, measure, contract = part("zero", 0.05), part("measure", 0.05), part("contract", 0.05)
    places = _places(rng, n)
    clusters = max(2, n // int(rng.integers(2, 5))) if part("clusters", 0.05) else 0
    tries = (
        {"a": int(rng.integers(1, 4)), "b": int(rng.integers(1, 4))} if part("repetitions", 0.05) else {"a": 1, "b": 1}
    )
    if contract:
        tries = {"a": 3, "b": 3}
    rates = {
        "a": float(rng.choice([0, 0.5, 0.9, 1.0], p=[0.05, 0.25, 0.5, 0.2])),
        "churn": float(rng.choice([0, 0.05, 0.2])),
    }
    drop = {value: float(rng.choice([0, 0, 0.1, 0.3, -0.1])) for value in "wxyz"}
    missing_cells = {v: float(rng.choice([0, 0.01, 0.05, 0.3])) if part("missing", 0.05) else 0.0 for v in "ab"}
    crashed = (
        {"a": float(rng.choice([0, 0.01, 0.05])), "b": float(rng.choice([0, 0.05, 0.4]))}
        if part("crashed", 0.03)
        else {}
    )
    fractions, same = part("fractions", 0.05), kind == "unchanged"
    growing, outage = part("growing", 0.03), kind == "missing" and turn % 2 == 0
    rows = []
    for i in range(n):
        base = rng.random() < rates["a"]
        for version in "ab":
            if growing and rng.random() < 0.15:
                continue
            for repetition in range(tries[version]):
                run = {
                    "example_id": f"e{i:03d}",
                    "version": version,
                    "repetition": repetition,
                    **{f"segment.{name}": values[i] for name, values in places.items()},
                    **KNOWN,
                }
                if clusters:
                    run["cluster"] = f"c{i % clusters}"
                if measure:
                    tokens = int(rng.integers(80, 120) * (1.4 if version == "b" and turn % 3 == 0 else 1))
                    run["input_tokens"] = tokens if rng.random() < 0.99 else None
                good = base ^ bool(rng.random() < rates["churn"] / 2)
                if version == "b" and rng.random() < abs(drop[places["t"][i]]):
                    good = drop[places["t"][i]] < 0
                if same:
                    run["output_hash"] = f"{i}-{repetition}" if turn % 4 or version == "a" or i else "other"
                    good = base
                fate = rng.random()
                for key in [*keys, *(["pii"] if zero else [])]:
                    row = {**run, "key": key}
                    if fate < crashed.get(version, 0):
                        row["outcome"] = ["target_error", "interrupted"][i % 2]
                    elif rng.random() < missing_cells[version]:
                        row["outcome"] = "skipped" if outage else ["evaluator_error", "unparsed", "skipped"][i % 3]
                        if row["outcome"] == "skipped":
                            row["error_kind"] = "outage" if outage else "unrecorded"
                    else:
                        score = float(good if key == "score" else rng.random() < (0.99 if key == "pii" else 0.8))
                        if same:
                            score = float(good or (turn % 5 == 0 and version == "b"))
                            score *= not (turn % 5 == 1 and version == "b" and i % 3 == 0)
                        row |= {
                            "outcome": "scored",
                            "score": round(score * (1 - rng.random() / 3), 2) if fractions else score,
                        }
                    rows.append(row)
    if not {"a", "b"} <= {row["version"] for row in rows}:
        return case(seed + 10 * CASES)
    if growing:
        _grow(rows, turn)
    if kind == "provenance":
        _spoil(rows, turn)
    policy = _policy(rng, keys, zero=zero, measure=measure, contract=contract, n=n, kind=kind)
    metadata = {"interleaved": "true"} if turn % 2 else {}
    critical = tuple(c for c in ("t=x", "u", "t=absent") if rng.random() < (0.03 if c == "t=absent" else 0.25))
    critical = tuple(c for c in critical if c.partition("=")[0] in places)
    kept = Quarantine()
    if part("quarantine", 0.03):
        names = sorted({row["example_id"] for row in rows})[: int(rng.integers(1, max(2, n // 8)))]
        kept = Quarantine(tuple(_entry(name) for name in names))
    return Case(
        kind,
        rows,
        policy,
        critical,
        metadata,
        kept,
        _anchored(rows, rng) if kind == "anchor" else None,
        fresh=part("confirm", 0.05) and not contract,
        overrides=part("override", 0.05),
        seed=seed,
    )


def _places(rng: np.random.Generator, n: int) -> dict[str, list[str]]:
    """Dimension -> value per example; t always, u for a third of the tables."""
    # Few sizes of segments: the power of each is computed once for all cases.
    values = ["wx", "wwx", "wwxyz"][int(rng.integers(3))]
    places = {"t": [values[i % len(values)] for i in range(n)]}
    if rng.random() < 0.25:
        places["u"] = [["de", "fr"][i * 2 // n] for i in range(n)]
    return places


def _policy(
    rng: np.random.Generator, keys: list[str], *, zero: bool, measure: bool, contract: bool, n: int, kind: str
) -> Policy:
    rules = [KeyRule(key, primary=key == "score" and len(keys) > 1) for key in keys]
    if zero:
        rules.append(KeyRule("pii", zero_tolerance=True))
    named = zero or len(keys) > 1 or rng.random() < 0.5
    return Policy(
        mode=str(rng.choice(["block", "block", "block", "warn", "observe"])),
        alpha=float(rng.choice([0.05, 0.1], p=[0.9, 0.1])),
        weights=[Weights(), Weights(0.2, 0.4, 0.4)][int(rng.random() < 0.2)],
        must_detect=float(rng.choice([0.2, 0.4], p=[0.5, 0.5])),
        churn=float(rng.choice([0.05, 0.0, 0.2], p=[0.8, 0.1, 0.1])),
        min_n=int(rng.choice([20, 5])),
        missing_tolerance=float(rng.choice([0.02, 0.02, 0.0, 0.2])),
        watch=str(rng.choice(["pass", "pass", "hold"])),
        dataset_mismatch=str(rng.choice(["refuse", "warn"])) if kind == "provenance" else "refuse",
        test=str(rng.choice(["mid-p", "mid-p", "exact"])),
        shared_change=int(rng.choice([1, 5], p=[0.9, 0.1])),
        baseline_system_failures=float(rng.choice([0, 0, 0.1])),
        repetitions=[None, None, 1, 2][int(rng.integers(4))],
        keys=tuple(rules) if named else (),
        measures=(MeasureRule("input_tokens", 0.1, ["median", "mean"][n % 2]),) if measure else (),
        must_pass=tuple(f"e{i:03d}" for i in range(min(n, 2))) if contract else (),
        must_pass_runs=int(rng.choice([1, 3])),
    )


def _grow(rows: list[dict[str, Any]], turn: int) -> None:
    """Two datasets of one hash, without any, or of two hashes whose examples are told apart by content."""
    for row in rows:
        if turn % 3:
            row["dataset_hash"] = None if turn % 3 == 1 else f"h{row['version']}"
        if turn % 3 == 2:
            edited = row["version"] == "b" and row["example_id"].endswith("7")
            row["example_hash"] = f"{row['example_id']}{' edited' if edited else ''}"


def _spoil(rows: list[dict[str, Any]], turn: int) -> None:
    """Two versions that are known to have seen other data, another evaluator or another graph, or that one does not say."""
    name = ["dataset_hash", "evaluator_version", "graph"][turn % 3]
    for row in rows:
        if row["version"] == "b":
            row[name] = None if turn % 2 else "other"


def _entry(example: str) -> Entry:
    return Entry("desk", example, "ann", "wavers", TODAY + timedelta(days=9), "c", "a", 5, 0.5)


def _anchored(rows: list[dict[str, Any]], rng: np.random.Generator) -> list[dict[str, Any]]:
    """The release: the baseline's rows, better than they are now."""
    made = []
    for row in rows:
        if row["version"] == "a":
            better = row.get("score") is not None and rng.random() < 0.3
            made.append({**row, "version": "v0", **({"score": 1.0} if better else {})})
    return made


def _fresh(of: Case, names: tuple[str, ...]) -> Evidence:
    """Three repetitions of the named examples, made after the first look."""
    rng = np.random.default_rng([7, of.seed])
    first = {(row["example_id"], row["version"], row["key"]): row for row in reversed(of.rows)}
    rows = []
    for (example, version, _), row in sorted(first.items()):
        if example in names:
            for repetition in range(3):
                made = {**row, "repetition": repetition, "outcome": "scored", "error_kind": None, "output_hash": None}
                made["score"] = float(rng.random() < (0.85 if version == "b" and of.seed // len(KINDS) % 2 else 0.95))
                made.pop("input_tokens", None)
                rows.append(made)
    return evidence_of(rows)


def ask(of: Case) -> Report:
    """What the gate says of a case.

    Raises:
        SeatrialError: it refuses.
    """
    evidence = evidence_of(of.rows, of.metadata)
    arguments: dict[str, Any] = {"baseline": "a", "candidate": "b", "critical": of.critical, "quarantine": of.kept}
    if of.anchor is None:
        report = check(evidence, of.policy, **arguments)
    else:
        text = baseline_text(evidence_of(of.anchor), "v0", measured=TODAY)
        release = read_baseline(text, Path(f"{baseline_name(text)}.jsonl"))
        report = check_anchored(evidence, of.policy, **arguments, anchor=release)
    if of.fresh:
        reported = resolved(report)
        if reported is not None:
            report = replace(report, confirm=reported)
        else:
            names = fresh_examples(report, evidence, of.policy, critical=of.critical)
            report = check_second_stage(
                report, evidence, _fresh(of, names), of.policy, critical=of.critical, quarantine=of.kept
            )
    if of.overrides:
        bound = Bound("base", "cand")
        answers = [
            write_for(
                report,
                bound,
                (),
                segment=f.segment,
                key=f.key,
                reason="known",
                author="ann",
                expires=TODAY + timedelta(days=9),
                today=TODAY,
            )
            for f in report.stopping[: 1 if of.seed // len(KINDS) % 3 == 0 else None]
        ]
        report = apply(report, answers, bound, TODAY + timedelta(days=20 if of.seed // len(KINDS) % 4 == 1 else 1))
    return report


def answer(of: Case) -> dict[str, Any]:
    """The report of a case as plain data without its sentences, or the kind of its refusal."""
    try:
        report = ask(of)
    except SeatrialError as error:
        return {"refused": type(error).__name__, "reason_class": error.reason_class}
    found: dict[str, Any] = _numbers(gate_data(report))
    found["stopping"] = [[f.segment, f.key] for f in report.stopping]
    found["overridden"] = report.overridden
    found["flips"] = len(report.flips)
    found["regressed"] = report.regressed
    return found


def _numbers(value: Any) -> Any:
    """The value without sentences; warnings are counted, floats rounded."""
    if isinstance(value, float):
        return float(f"{value:.{DIGITS}g}")
    if isinstance(value, dict):
        return {
            name: len(item) if name == "warnings" else _numbers(item)
            for name, item in value.items()
            if name not in SENTENCES
        }
    return [_numbers(item) for item in value] if isinstance(value, (list, tuple)) else value


def line(seed: int) -> str:
    """A case's line of the file."""
    made = case(seed)
    return json.dumps({"case": seed, "kind": made.kind, **answer(made)}, sort_keys=True, separators=(",", ":"))


def stored() -> list[str]:
    """The lines of the file, in order of the cases."""
    return gzip.decompress(FILE.read_bytes()).decode().splitlines()


if __name__ == "__main__":
    FILE.write_bytes(gzip.compress(("\n".join(map(line, range(CASES))) + "\n").encode(), mtime=0))
