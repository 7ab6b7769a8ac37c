"""Reruns at the edge: earlier runs of the same two versions under `.seatrial/runs/`, which a decision pools."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from seatrial.gate.looks import OneLook, one_after_another, planned_of
from seatrial.gate.reruns import Reruns
from seatrial.trial.baselines import MAX_AGE_DAYS
from seatrial.trial.contracts import with_contracts
from seatrial.trial.runs import RUNS, evidence_of, summary
from seatrial.trial.segment_rules import places

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from seatrial.evidence import Evidence
    from seatrial.project import Project

    Run = Mapping[str, Any]

_SAME = ("graph", "version_config", "code", "dataset", "evaluators")
"""What two runs of one version have in common; another prompt, code, example or evaluator makes it another candidate, and another
label does not."""


class _Stored(NamedTuple):
    """A run, and its evidence where there is another to hold it against."""

    run: Run
    evidence: Evidence | None


class Looks(NamedTuple):
    """The pairs of runs that a decision pools, (baseline, candidate) each, oldest first; and what the report says of them."""

    pairs: tuple[tuple[str, str], ...]
    reruns: Reruns | None


def looks_of(project: Project, graph: str, baseline: str, candidate: str) -> Looks:
    """Every look at a candidate up to the run `candidate`, paired with the runs of its baseline.

    Earlier are runs of the same version (config, code, dataset, evaluators), over all examples, of the last MAX_AGE_DAYS days.
    A graph of rules and replayed answers give the same again: such a run is no look. Neither is one that lacks answers, or that
    another model gave.

    Args:
        project: the mounted project.
        graph: assistant id.
        baseline: id of the baseline's run.
        candidate: id of the candidate's run.
    """
    named = summary(project, baseline), summary(project, candidate)
    alone = Looks(((baseline, candidate),), None)
    if project.spec(graph).deterministic or _one_version(*named):
        return alone
    if any(one.get("part") or one.get("limit") is not None for one in named):
        return alone
    everything = [
        summary(project, folder.name) for folder in (project.root / RUNS).glob("*") if (folder / "run.json").is_file()
    ]
    left_out: list[str] = []
    candidates = _earlier(project, everything, named[1], _time(named[1]), left_out)
    baselines = _earlier(project, everything, named[0], max(_time(named[0]), _time(named[1])), left_out)
    # Of the baseline's runs the last one before the candidate was first looked at, and every later one.
    before = [i for i, one in enumerate(baselines) if _time(one.run) <= _time(candidates[0].run)]
    baselines = baselines[before[-1] if before else 0 :]
    pairs = [
        pair
        for i, pair in enumerate(zip(baselines, candidates, strict=False))
        if not any(
            all(map(_same_answers, pair, later)) for later in zip(baselines[i + 1 :], candidates[i + 1 :], strict=False)
        )
    ]
    many = min(len(baselines), len(candidates))
    single = [one for one in baselines[many:] if not any(_same_answers(one, pair[0]) for pair in pairs)]
    single += [one for one in candidates[many:] if not any(_same_answers(one, pair[1]) for pair in pairs)]
    if len(pairs) == 1 and not single:
        return Looks(alone.pairs, Reruns(1, 1, left_out=tuple(left_out)) if left_out else None)
    names = tuple((str(a.run["run_id"]), str(b.run["run_id"])) for a, b in pairs)
    runs = tuple(run_id for pair in names for run_id in pair)
    return Looks(names, Reruns(len(pairs) + len(single), len(pairs), runs, tuple(left_out)))


def pooled(
    project: Project, pairs: Sequence[tuple[str, str]], names: Sequence[str], repetitions: int | None
) -> tuple[list[Evidence], int]:
    """The evidence of several pairs of runs, the later ones as later repetitions, and how many of these are planned.

    The fresh repetitions that confirmed an earlier pair are pooled, too; of contract tests the last pair's count alone.

    Args:
        project: the mounted project.
        pairs: (baseline, candidate), oldest first.
        names: what the two versions are called in the gate.
        repetitions: how many of each run the policy plans; None = all of them.
    """
    looks = []
    for i, pair in enumerate(pairs):
        for runs in (pair, *(_fresh_of(project, pair) if i < len(pairs) - 1 else ())):
            found = [evidence_of(project, run_id) for run_id in runs]
            # Fresh repetitions were all planned: what the policy says holds of the runs that they confirmed.
            planned = planned_of(found[0].numbers("repetition"), repetitions if runs == pair else None)
            if runs == pairs[-1]:
                found = [with_contracts(project, run_id, one) for run_id, one in zip(runs, found, strict=True)]
            looks.append(OneLook(tuple(one.named(name) for one, name in zip(found, names, strict=True)), planned))
    return one_after_another(looks)


def _earlier(
    project: Project, everything: Sequence[Run], named: Run, until: datetime, left_out: list[str]
) -> list[_Stored]:
    """The runs of a version that count as looks, `named` among them, oldest first."""
    same = [
        one
        for one in everything
        if one["run_id"] == named["run_id"]
        or (
            _one_version(one, named)
            and one.get("complete")
            and one.get("limit") is None
            and not one.get("part")
            and _time(one) <= until
            and until - _time(one) <= timedelta(days=MAX_AGE_DAYS)
        )
    ]
    if len(same) == 1:
        return [_Stored(named, None)]
    found = []
    mine = evidence_of(project, named["run_id"])
    for one in sorted(same, key=lambda one: (_time(one), one["run_id"])):
        if one["run_id"] == named["run_id"]:
            found.append(_Stored(one, mine))
            continue
        evidence = evidence_of(project, one["run_id"])
        if one.get("measurement_failures"):
            left_out.append(f"run {one['run_id']} lacks answers and is not pooled (seatrial eval --resume finishes it)")
        elif _models(evidence) != _models(mine):
            left_out.append(f"run {one['run_id']} was answered by another model and is not pooled")
        elif _definitions(evidence, mine) > 1:
            left_out.append(f"run {one['run_id']} has its segments from another segments.toml and is not pooled")
        elif places(evidence) != places(mine):
            left_out.append(f"run {one['run_id']} has its examples in other segments and is not pooled")
        else:
            found.append(_Stored(one, evidence))
    return found


def _one_version(one: Run, other: Run) -> bool:
    """Whether two runs are of one version; where a run does not say its code, the version's name has to do."""
    if one["version"] != other["version"] and not (one.get("code") and other.get("code")):
        return False
    return all(one.get(word) == other.get(word) for word in _SAME)


def _same_answers(one: _Stored, other: _Stored) -> bool:
    """Whether two runs hold the same outputs and scores, row by row: the same draw, recorded once more."""
    a, b = one.evidence, other.evidence
    if a is None or b is None:
        return bool(one.run["run_id"] == other.run["run_id"])
    if len(a) != len(b) or not a.has("output_hash") or not b.has("output_hash"):
        return False
    for name in ("example_id", "key", "output_hash"):
        values = [np.array([*codes.values, ""], dtype=object)[codes.index] for codes in (a.codes(name), b.codes(name))]
        if not np.array_equal(values[0], values[1]):
            return False
    scores = a.numbers("score"), b.numbers("score")
    return bool(np.array_equal(*scores, equal_nan=True))


def _fresh_of(project: Project, pair: tuple[str, str]) -> list[tuple[str, str]]:
    """The fresh repetitions that confirmed a decision on a pair of runs, (baseline, candidate) each."""
    found = []
    for folder in sorted((project.root / RUNS).glob(f"{pair[0]}-again-*-a")):
        twin = f"{pair[1]}-again-{folder.name.removeprefix(f'{pair[0]}-again-').removesuffix('-a')}-b"
        ids = (folder.name, twin)
        if all((project.root / RUNS / one / "run.json").is_file() for one in ids) and all(
            summary(project, one).get("complete") for one in ids
        ):
            found.append(ids)
    return found


def _models(evidence: Evidence) -> frozenset[str]:
    return frozenset(evidence.codes("model").values) if evidence.has("model") else frozenset()


def _definitions(*runs: Evidence) -> int:
    """How many definitions put the examples of these runs into segments; a run that does not say adds none."""
    return len({hash_ for one in runs if one.has("segments_hash") for hash_ in one.codes("segments_hash").values})


def _time(run: Run) -> datetime:
    return datetime.fromisoformat(str(run["started"]))
