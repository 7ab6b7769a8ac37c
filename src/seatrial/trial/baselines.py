"""Baselines: the files under `gates/baselines/` and the two pointers into them, moved only on request."""

from __future__ import annotations

import json
import os
from datetime import date
from typing import TYPE_CHECKING, Any

from seatrial.dataset.fingerprint import IDENTITY_DIGITS, identity
from seatrial.errors import DataError, InvalidComparison, UsageError
from seatrial.gate.baseline import baseline_name, baseline_text, read_baseline
from seatrial.gate.message import brief, messages
from seatrial.gate.policy import COMMON
from seatrial.gate.validity import RECORD_MARGIN
from seatrial.trial.overrides import append, text_of
from seatrial.trial.policies import row_policy
from seatrial.trial.runs import evidence_of, latest_run, summary
from seatrial.verdict import SYSTEM_FAILURES
from seatrial.wording import count, percent

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping
    from pathlib import Path

    from seatrial.dataset import Dataset
    from seatrial.evidence import Evidence
    from seatrial.gate.baseline import Baseline
    from seatrial.project import Project

FAILED = frozenset(word.value for word in SYSTEM_FAILURES)
FOLDER = "gates/baselines"
CURRENT, ANCHOR = "current", "anchor"
MOVES = "moves.jsonl"
"""Who moved which pointer when and why; beside the pointers, so that a review sees it."""
MAX_AGE_DAYS = 14
"""How old the baseline of a graph that does not always answer the same may be."""
MIN_REPETITIONS = 3
"""Runs per example such a baseline has; one frozen single run blocks requests that changed nothing."""


def accepted(project: Project, graph: str, pointer: str = CURRENT) -> Baseline | None:
    """The baseline a pointer names; None where there is no pointer.

    Raises:
        DataError: the pointer names a file that is not there, is not what was accepted, or is another graph's.
    """
    folder = project.root / FOLDER / graph
    at = folder / pointer
    if not os.path.lexists(at):
        return None
    name = text_of(at).strip() if at.is_file() else ""
    file = folder / f"{name}.jsonl"
    if not name or len(name.split()) != 1 or "/" in name or not file.is_file():
        raise DataError(
            f"{at} names the baseline {name!r}, and {file} does not exist; restore it from version control, or renew it with {renewal(project, graph, pointer)}"
        )
    found = read_baseline(text_of(file), file)
    if found.header.graph != graph:
        raise DataError(
            f"{at} names a baseline of {found.header.graph!r}; restore it from version control, or renew it with {renewal(project, graph, pointer)}"
        )
    return found


def accept(project: Project, name: str, pointer: str, *, reason: str, author: str, today: date) -> tuple[Baseline, str]:
    """Make a run the baseline of its graph: write its projection, move the pointer, and say so in the list of moves.

    Args:
        project: the mounted project.
        name: `GRAPH@VERSION` (its latest finished run) or a run id.
        pointer: `current` or `anchor`.
        reason: one sentence, for the reader of the list.
        author: who moves it.
        today: the day of the move.

    Returns:
        The baseline, and the name the pointer had before (empty: none).

    Raises:
        UsageError: no such run, or no reason.
        DataError: the run has holes, or more of it crashed than the policy says its graph does.
    """
    if not reason.strip():
        raise UsageError(f"moving {pointer} takes a reason: --reason 'release 2.4'")
    run_id = latest_run(project, name)
    wording = summary(project, run_id)
    if not wording.get("complete") or wording.get("limit") is not None or wording.get("part"):
        raise UsageError(f"run {run_id} does not cover its whole dataset; a baseline is whole")

    evidence = evidence_of(project, run_id)
    policies = [row_policy(project, row) for row in project.settings.trial if row.graph == wording["graph"]]
    _refuse_crashed(evidence, wording["version"], max([one.baseline_system_failures for one in policies], default=0.0))
    measured = date.fromisoformat(str(wording["started"])[:10])
    text = baseline_text(
        evidence, wording["version"], measured=measured, code=wording.get("code", ""), critical=critical_of(wording)
    )
    folder = project.root / FOLDER / wording["graph"]
    at, new = folder / pointer, baseline_name(text)
    before = text_of(at).strip() if at.is_file() else ""
    file = folder / f"{new}.jsonl"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        _replace(file, text)
        _replace(at, f"{new}\n")
        move = {
            "date": today.isoformat(),
            "pointer": pointer,
            "from": before,
            "to": new,
            "version": wording["version"],
            "run": run_id,
            "author": author,
            "reason": reason.strip(),
        }
        append(folder / MOVES, json.dumps(move, ensure_ascii=False) + "\n")
    except OSError as error:
        raise UsageError(f"{folder} cannot be written: {error.strerror}; {pointer} was not moved") from error
    return read_baseline(text, file), before


def critical_of(run: Mapping[str, Any]) -> tuple[str, ...] | None:
    """Segments that were critical when a run was made, as its run.json says; None where it does not."""
    found = run.get("segments", {}).get("critical")
    return None if found is None else tuple(map(str, found))


def no_longer_critical(before: Iterable[str] | None, now: Collection[str], when: str) -> tuple[str, ...]:
    """A warning where segments were critical `when` and are not any more; else nothing."""
    uncritical = sorted(set(before or ()) - set(now))
    if not uncritical:
        return ()
    return (
        f"{', '.join(uncritical)} {'was' if len(uncritical) == 1 else 'were'} critical {when} and {'is' if len(uncritical) == 1 else 'are'} not any more (segments.toml): a drop there that is not proven passes",
    )


def _refuse_crashed(evidence: Evidence, version: str, record: float) -> None:
    """What crashed becomes the record that later runs are held against: accepted unseen, half a run sets a bar of a half."""
    outcomes = evidence.codes("outcome")
    crashed = sum(int((outcomes.index == place).sum()) for place, word in enumerate(outcomes.values) if word in FAILED)
    keys, cells = evidence.codes("key").values, len(evidence)
    if cells > crashed > max(len(keys), (record + RECORD_MARGIN) * cells):  # all of it has a sentence of its own
        cause = "".join(
            f", {brief(text)} ({n:,})" for text, n in messages(evidence, keys[0], version, SYSTEM_FAILURES)[:2]
        )
        raise DataError(
            f"{evidence.source}: {version} failed on {crashed // len(keys):,} of {count(cells // len(keys), 'run')} ({percent(crashed / cells)}){cause}. "
            "A baseline that crashed lowers the bar of every later run: correct what made it fail and evaluate it again; where this "
            f"graph is known to fail so often, let the policy say so (baseline_system_failures, {percent(record)} today)"
        )


def refuse_another(
    project: Project, baseline: Baseline, kind: str, pointer: str = CURRENT, *, least: float = COMMON
) -> None:
    """A baseline, or an anchor, of other examples or other evaluators is compared with nothing.

    Args:
        project: the mounted project.
        baseline: what was accepted.
        kind: the dataset it is held against.
        pointer: `current` or `anchor`.
        least: share of its examples that must be in the dataset as they were.

    Raises:
        InvalidComparison: names what changed and the command that renews it.
    """
    header = baseline.header
    dataset = project.dataset(header.graph, kind)
    changed = other_evaluators(project, baseline)
    if dataset.hash != header.dataset_hash:
        changed = [*_other_examples(baseline, dataset, least), *changed]
    if changed:
        raise InvalidComparison(
            f"the {'anchor' if pointer == ANCHOR else 'baseline'} of {header.graph} ({header.version}, {header.date}) was measured on something else: {'; '.join(changed)}. Renew it with {renewal(project, header.graph, pointer)}"
        )


def _other_examples(baseline: Baseline, dataset: Dataset, least: float) -> Iterator[str]:
    """A clause where too few of a baseline's examples are in the dataset as they were, or nobody can say which."""
    evidence = baseline.evidence
    if not evidence.has("example_hash"):
        yield f"the dataset changed ({baseline.header.dataset_hash} -> {dataset.hash}), and it does not say which examples it was measured on"
        return
    ids, content = evidence.codes("example_id"), evidence.by_example("example_hash")
    words = evidence.codes("example_hash").values
    now = {example.id: identity(example)[:IDENTITY_DIGITS] for example in dataset.examples}
    same = sum(now.get(name) == words[place] for name, place in zip(ids.values, content, strict=True))
    if same < least * len(ids.values):
        yield f"the dataset changed: {same} of its {count(len(ids.values), 'example')} ({percent(same / len(ids.values))}) are in it as they were, the policy asks for {percent(least)} (common)"


def other_evaluators(project: Project, baseline: Baseline) -> list[str]:
    """A clause for each evaluator of the suite that is not what the baseline was scored by."""
    header = baseline.header
    if not header.evaluator_hashes:
        return ["it does not say by which evaluators (it was accepted before their code was part of their identity)"]
    suite = {bound.key: bound for bound in project.evaluators(header.graph)}
    changed = []
    for key in sorted(suite.keys() & header.evaluator_hashes.keys()):
        before, now = header.evaluator_hashes[key], suite[key].hash
        if before != now:
            labels = header.evaluator_versions.get(key, ""), suite[key].version
            what = (
                " -> ".join(labels)
                if labels[0] != labels[1]
                else f"its code, a helper or an argument: {before} -> {now}"
            )
            changed.append(f"evaluator {key} changed ({what})")
    return changed


def too_old(project: Project, baseline: Baseline, today: date) -> str:
    """Why the baseline of a graph that does not always answer the same may not stand; empty when it may."""
    header = baseline.header
    if project.spec(header.graph).deterministic:
        return ""
    age = (today - date.fromisoformat(header.date)).days
    if age < -1:
        return f"the baseline of {header.graph} says that it was measured on {header.date}, and it is {today}. Renew it with {renewal(project, header.graph)}"
    if age > MAX_AGE_DAYS:
        return f"the baseline of {header.graph} is {count(age, 'day')} old, at most {MAX_AGE_DAYS}: providers' models move. Run it again beside the candidate (EVAL=1), or renew it with {renewal(project, header.graph)}"
    if header.repetitions < MIN_REPETITIONS:
        return f"the baseline of {header.graph} has {count(header.repetitions, 'run')} per example, at least {MIN_REPETITIONS}: one frozen run blocks what changed nothing. Renew it with {renewal(project, header.graph)}"
    return ""


def other_model(project: Project, baseline: Baseline, run: Evidence) -> str:
    """Why a baseline may not stand beside a run of another model; empty when the same one answered, or nobody says which."""
    graph = baseline.header.graph
    if project.spec(graph).deterministic:
        return ""
    sides = [set(one.codes("model").values) if one.has("model") else set() for one in (baseline.evidence, run)]
    if not all(sides) or sides[0] == sides[1]:
        return ""
    before, now = (", ".join(sorted(side)) for side in sides)
    return f"the baseline of {graph} was answered by {before}, this run by {now}: the provider's model is another. Run it again beside the candidate (EVAL=1), or renew it with {renewal(project, graph)}"


def renewal(project: Project, graph: str, pointer: str = CURRENT) -> str:
    """The command that renews a graph's baseline, or its anchor."""
    if pointer == ANCHOR:
        return f"seatrial anchor set {graph} --reason 'release 1.0'"
    row = next((row for row in project.settings.trial if row.graph == graph and row.policy), None)
    return f"pytest {f'{row.policy} ' if row else ''}--seatrial-update-baseline -k {graph}"


def _replace(file: Path, text: str) -> None:
    beside = file.with_name(file.name + ".partial")
    beside.write_text(text, encoding="utf-8")
    beside.replace(file)
