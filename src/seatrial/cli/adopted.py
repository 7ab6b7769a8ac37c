"""Adopted: what `seatrial init --langgraph` did, as lines of a terminal and as seatrial/init/1."""

from __future__ import annotations

import shlex
from collections import Counter
from dataclasses import asdict
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from seatrial.certify.detectable import HEAD
from seatrial.gate.policy import Policy
from seatrial.project.draft_segments import sizes_text
from seatrial.report.console import Line
from seatrial.report.headline import headline
from seatrial.stats.noninferiority import clusters_to_rule_out
from seatrial.wording import count, percent

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from seatrial.trial.aa_run import AARun
    from seatrial.trial.adopt import Adopted, Mounted

SCHEMA = "seatrial/init/1"
SIGNS = {"pass": "✓", "fail": "✕", "inconclusive": "?"}
TONES = {"pass": "good", "fail": "bad", "inconclusive": "unsure"}


def exit_code(done: Adopted) -> int:
    """2 when a graph could not be loaded or run for another reason than a missing key; else 0."""
    return 2 if any(one.problem and not one.key for one in done.graphs) else 0


def adopted_lines(done: Adopted, folder: Path, *, here: Path) -> Iterator[Line]:
    """The terminal's lines; `folder` is the project's as the user named it, `here` where the user stands."""
    places = Counter(f"{top}/" if slash else top for top, slash, _ in (name.partition("/") for name in done.files))
    where = ", ".join(f"{place} {n}" if place.endswith("/") else place for place, n in sorted(places.items()))
    yield Line(f"wrote {count(len(done.files), 'file')} to {folder}, over none of yours: {where}", "plain")
    if done.appended:
        yield Line("  put [tool.seatrial] at the end of pyproject.toml", "plain")
    if done.env:
        what = "the values that langgraph.json sets" if done.env == "set here" else done.env
        yield Line(f"  note  env ({what}) was not read: export what your graphs need", "dim")
    for one in done.graphs:
        yield Line("", "plain")
        yield from _graph(one)
    yield Line("", "plain")
    yield from _next(done, folder, here)


def adopted_data(done: Adopted) -> dict[str, Any]:
    """Plain data."""
    return {
        "schema": SCHEMA,
        "folder": str(done.root),
        "files": list(done.files),
        "appended": done.appended,
        "marks": done.marks,
        "paste": done.settings or None,
        "exit_code": exit_code(done),
        "graphs": [
            {
                "graph": one.graph,
                "path": one.text,
                "examples": one.examples,
                "problem": one.problem or None,
                "missing_key": one.key or None,
                "personal": [{"line": f.line, "kind": f.kind, "excerpt": f.excerpt} for f in one.personal],
                "segments": [
                    {
                        "dimension": s.name or None,
                        "source": s.source,
                        "at": s.at,
                        "sizes": dict(s.sizes),
                        "unknown": s.unknown,
                        "left_out": s.left_out or None,
                    }
                    for s in one.segments
                ],
                "context": [asdict(field) for field in one.context],
                "a_a": _aa_data(one.aa_run) if one.aa_run else None,
                "detects": [asdict(detectable) for detectable in one.detects],
            }
            for one in done.graphs
        ],
    }


def _aa_data(aa_run: AARun) -> dict[str, Any]:
    return {
        "verdict": str(aa_run.report.verdict),
        "reason": headline(aa_run.report),
        "unchanged": aa_run.report.unchanged,
        "planned": aa_run.planned,
        "failures": aa_run.failures,
        "scores": aa_run.scores,
        "churn": {one.key: one.segments[0].churn for one in aa_run.churn},
    }


def _problem(one: Mounted) -> Iterator[Line]:
    if one.key:
        what = (
            f"needs {one.key}, which is not set, so the A/A run was left out"
            if one.examples
            else f"needs {one.key}, which is not set"
        )
        yield Line(f"  ? {one.graph} {what}: {one.problem}", "unsure")
    elif one.problem:
        yield Line(f"  ✕ {one.graph}: {one.problem}", "bad")


def _graph(one: Mounted) -> Iterator[Line]:
    if not one.mounted:
        yield Line(f"{one.graph}  {one.text}", "plain")
        yield from _problem(one)
        return
    yield Line(
        f"{one.graph}  {one.text}  {count(one.examples, 'example') if one.examples else 'no examples yet'}", "plain"
    )
    if one.personal:
        kinds = ", ".join(f"{n} × {kind}" for kind, n in sorted(Counter(f.kind for f in one.personal).items()))
        first = one.personal[0]
        yield Line(
            f"  warning  personal data in its examples: {kinds}, the first in line {first.line} ({first.excerpt}); replace it with seatrial.privacy.strip_pii before you commit",
            "unsure",
        )
    if one.context:
        needed = ", ".join(field.name for field in one.context if field.required)
        free = ", ".join(f"{field.name}={field.default or '...'}" for field in one.context if not field.required)
        yield Line(
            f"  context   {f'must be given: {needed}' if needed else ''}{'; ' if needed and free else ''}{f'has {free}' if free else ''}; give values in graphs/registry.py",
            "unsure" if needed else "plain",
        )
    for segment in one.segments:
        what = f"{segment.source} {segment.at}"
        if segment.left_out:
            yield Line(f"  left out  {what} ({sizes_text(segment)}): {segment.left_out}", "dim")
        else:
            yield Line(f"  segment   {segment.name}, from {what}: {sizes_text(segment)}", "plain")
    yield from _problem(one)
    if one.aa_run:
        yield from _aa_run(one, one.aa_run)
    if one.detects:
        yield Line(f"  {HEAD}", "plain")
        width = max(len(row.segment) for row in one.detects)
        for row in one.detects:
            yield Line(f"    {row.segment:<{width}}  {row.n:>5} examples  {row.sentence}", "plain")
    least = clusters_to_rule_out(Policy().must_detect_overall) or 0
    if 0 < one.examples < least:
        yield Line(
            f"  note  under {count(least, 'example')} the gate can stop a change and cannot pass one that changes an answer: it says that it cannot tell. Add examples, or set a larger must_detect_overall in gates/merge.toml (0.2 takes {clusters_to_rule_out(0.2)})",
            "unsure",
        )
    if not one.examples:
        yield Line(
            f"  next  finish datasets/{one.graph}/golden.jsonl.example and call it golden.jsonl, or begin again with --force --examples {one.graph}=FILE",
            "unsure",
        )


def _aa_run(one: Mounted, aa_run: AARun) -> Iterator[Line]:
    word = str(aa_run.report.verdict)
    yield Line(f"  A/A run  {SIGNS[word]} {word.upper()}: {headline(aa_run.report)}", TONES[word])
    if aa_run.failures:
        yield Line(
            f"  {aa_run.failures} of {count(aa_run.planned, 'run')} crashed, hung or stopped; they score 0 in every gate",
            "unsure",
        )
    for churn in aa_run.churn:
        score = aa_run.scores.get(churn.key)
        yield Line(
            f"  {churn.key}: mean score {percent(score)}; two runs of the same example disagree {percent(churn.segments[0].churn)} of the time",
            "plain",
        )
        if score in (0.0, None):
            yield Line(
                f"  note  a key that is never 1 shows no drop: is {churn.key!r} the right question for {one.graph}?",
                "unsure",
            )


def _next(done: Adopted, folder: Path, here: Path) -> Iterator[Line]:
    yield Line("Next:", "plain")
    if done.settings:
        yield Line("  paste this into pyproject.toml (--append would have put it at the end):", "unsure")
        for line in done.settings.splitlines():
            yield Line(f"    {line}".rstrip(), "plain")
    if done.root != here.resolve():
        yield Line(f"  cd {shlex.quote(str(folder))}", "plain")
    yield Line(
        f"  grep -rn FINISH: graphs datasets evaluators gates      # {count(done.marks, 'mark')} to finish", "plain"
    )
    yield Line("  seatrial fleet check", "plain")
    for one in done.graphs:
        if one.key and one.examples:
            yield Line(f"  export {one.key}=... && seatrial flaky {one.graph} --repeat 2", "plain")
    if find_spec("pytest") is None:
        yield Line("  pip install pytest", "plain")
    if any(one.examples for one in done.graphs):
        yield Line(
            "  pytest gates/merge.toml --seatrial-update-baseline     # accept what the graphs answer now", "plain"
        )
        yield Line("  pytest gates/merge.toml                                # then, on every change", "plain")
    yield Line("  and keep .seatrial/ out of version control", "dim")
