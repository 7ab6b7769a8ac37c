"""Write the generated parts of docs/, or with --check say whether they are what the code would write.

python docs/generate.py [--check]

Five kinds of text are written: reference/cli.md, llms.txt, the output below every `$ seatrial ...` line (fences.py), what is between
`<!-- table: NAME -->` and `<!-- end -->`, and the pictures of figures.py.
"""

from __future__ import annotations

import contextlib
import json
import re
import sys
import tempfile
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

import figures
from fences import TABLE, blocks, commands, with_output
from written import (
    checks,
    cli,
    environment,
    files,
    json_formats,
    llms,
    pytest_plugin,
    python_api,
    schemas,
    settings,
    speed,
)
from written.settings import default
from written.tables import meanings, table

from seatrial import toml as words
from seatrial.adapters.results import FORMATS
from seatrial.errors import ConfigError
from seatrial.evidence.check import SKIP_ONLY
from seatrial.evidence.recognize import EXAMPLE, OTHERS, REQUESTED, SCORE
from seatrial.evidence.schema import EVIDENCE_COLUMNS
from seatrial.experiment import RolloutPlan, SampleRatio, Shadow
from seatrial.experiment.ab_plan import _METRIC as AB_METRIC_WORDS
from seatrial.experiment.ab_plan import _TOP as AB_WORDS
from seatrial.experiment.ab_plan import AbMetric, AbPlan
from seatrial.experiment.read import _TOP as ROLLOUT_WORDS
from seatrial.gate.policy import (
    _JUDGE,
    _KEY,
    _MEASURE,
    _TOP,
    JudgeRule,
    KeyRule,
    MeasureRule,
    Policy,
    Weights,
    _increase,
)
from seatrial.gate.thresholds import KEY_WORDS, SegmentRule, read_ceiling, read_floor
from seatrial.segment import OPS
from seatrial.serve.errors import ERRORS
from seatrial.serve.fields import ACTS, REFUSED
from seatrial.table import Kind
from seatrial.verdict import MEASUREMENT_FAILURES, SYSTEM_FAILURES, ErrorKind, Outcome

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

DOCS = Path(__file__).parent


def with_sessions(page: Path) -> str:
    """The page with the output below every `$ seatrial ...` line of its console blocks as it is printed today."""
    with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
        return with_output(page.read_text(encoding="utf-8"))


def with_tables(text: str) -> str:
    """The text with every table between its two marks as the code has it today."""
    return TABLE.sub(lambda mark: f"{mark[1]}{TABLES[mark[2]]()}{mark[3]}", text)


def plan_words(shape: type[Any], known: Iterable[str], first: str) -> str:
    """The words of one section of a plan file: word, default, meaning."""
    reported = meanings(shape)
    return table((first, "default", "meaning"), ((f"`{w}`", default(shape, w), reported[w]) for w in known))


def policy_words(shape: type[Any], checks: Mapping[str, Any], first: str, reported: Mapping[str, str]) -> str:
    """One section of a policy file: word, default, range, meaning."""
    defaults = {field.name: default(shape, field.name) for field in fields(shape)}
    return table(
        (first, "default", "range", "meaning"),
        ((f"`{word}`", defaults[word], _range(check), reported[word]) for word, check in checks.items()),
    )


def _range(check: Callable[[Any, str], Any]) -> str:
    if check in RANGES:
        return RANGES[check]
    try:
        check("", "")
    except ConfigError as error:
        return ", ".join(f'`"{word}"`' for word in str(error).partition("choose one of: ")[2].split(", "))
    raise LookupError(f"docs/generate.py: RANGES has no words for {check}")


def outcomes() -> str:
    """Every outcome word and what a gate does with it."""
    does = dict.fromkeys(SYSTEM_FAILURES, "**0**, in both versions") | dict.fromkeys(MEASUREMENT_FAILURES, "missing")
    return table(
        ("outcome", "what happened", "what it counts as"),
        ((f"`{word}`", meanings(Outcome)[word.name], does.get(word, "its score")) for word in Outcome),
    )


def error_kinds() -> str:
    """Every error kind and the outcomes it may stand beside."""
    return table(
        ("error_kind", "what happened", "with the outcome"),
        (
            (f"`{kind}`", meanings(ErrorKind)[kind.name], "`skipped` only" if kind in SKIP_ONLY else "any but `scored`")
            for kind in ErrorKind
        ),
    )


def columns() -> str:
    """The evidence columns: name, type, when it may be left out, meaning."""
    return table(
        ("column", "type", "where absent", "meaning"),
        (
            (
                f"`{column.name}`",
                TYPES[column.kind],
                ABSENT.get(column.name, ""),
                re.sub("; default .*", "", column.meaning),
            )
            for column in EVIDENCE_COLUMNS
        ),
    )


def serve_fields() -> str:
    """Every field of a run request: what it does, or why it is refused."""
    harmless = {name: ", ".join(f"`{json.dumps(one)}`" for one in values) for name, (_, values) in REFUSED.items()}
    refused = (
        (f"`{name}`", f"refused{f' unless {harmless[name]}' if harmless[name] else ''}: {why}")
        for name, (why, _) in REFUSED.items()
    )
    return table(("field", "what it does"), (*((f"`{name}`", text) for name, text in ACTS.items()), *refused))


TYPES = {Kind.TEXT: "text", Kind.COMPLETE: "whole number", Kind.NUMBER: "number"}
ABSENT = {
    "example_id": "**required**",
    "version": "**required**",
    "score": "**required**, or `outcome`",
    "key": "`score`",
    "repetition": "`0`",
    "outcome": "`scored` with a score, else `skipped` (missing)`",
    "cluster": "every example is its own",
}
RANGES = {
    words.text: "any text",
    words.share: "more than 0, less than 1",
    words.level: "from 0.0001 to under 1",
    words.few: "a whole number from 1 to 1000",
    words.share_or_zero: "from 0 to under 1",
    words.integer: "a whole number from 1",
    words.flag: "`true`, `false`",
    read_ceiling: "more than 0, in the measurement's unit",
    read_floor: "more than 0, at most 1",
    _increase: '`"10%"` or `0.1`; from 0 to under 10',
}


def formats() -> str:
    """The formats of other harnesses that are read."""
    return table(
        ("`seatrial import`", "file", "written by"),
        ((f"`{one.name}`", " ".join(one.suffixes), f"{one.what}{one.tried and f' ({one.tried})'}") for one in FORMATS),
    )


def names() -> str:
    """The names of columns that a comparison of two files takes by itself."""
    found = {"example_id": (*EXAMPLE, *REQUESTED), "score": SCORE, **OTHERS}
    return table(
        ("column", "taken for it, likeliest first"),
        ((f"`{name}`", " ".join(f"`{one}`" for one in aliases)) for name, aliases in found.items()),
    )


TABLES: dict[str, Callable[[], str]] = {
    "formats": formats,
    "columns": columns,
    "names": names,
    "outcomes": outcomes,
    "error kinds": error_kinds,
    "policy": lambda: policy_words(Policy, _TOP, "key", meanings(Policy)),
    "weights": lambda: policy_words(
        Weights, dict.fromkeys(meanings(Weights), words.share), "key of `weights`", meanings(Weights)
    ),
    "key": lambda: policy_words(KeyRule, _KEY, "key of `[key.NAME]`", meanings(KeyRule)),
    "segment rule": lambda: policy_words(
        SegmentRule, {"must_detect": words.share, **KEY_WORDS}, "key of a segment", meanings(SegmentRule)
    ),
    "measure": lambda: policy_words(MeasureRule, _MEASURE, "key of `[measure.NAME]`", meanings(MeasureRule)),
    "judge": lambda: policy_words(JudgeRule, _JUDGE, "key of `[judge.NAME]`", meanings(JudgeRule)),
    "rollout plan": lambda: plan_words(RolloutPlan, ROLLOUT_WORDS, "key"),
    "sample ratio": lambda: plan_words(SampleRatio, ("alpha", "action"), "key of `[sample_ratio]`"),
    "shadow": lambda: plan_words(Shadow, ("units", "sample", "keys", "margin", "judge"), "key of `[shadow]`"),
    "ab plan": lambda: plan_words(AbPlan, AB_WORDS, "key"),
    "ab metric": lambda: plan_words(AbMetric, AB_METRIC_WORDS, "key of `[metric.NAME]`"),
    "ops": lambda: table(("op", "arg"), ((f"`{name}`", op.wants) for name, op in OPS.items())),
    "serve-fields": serve_fields,
    "serve-errors": lambda: table(
        ("status", "type", "when"), ((str(status), f"`{name}`", text) for name, (status, text) in ERRORS.items())
    ),
    "exit codes": cli.exit_codes,
    "exits": cli.exits,
    "formats of json": json_formats.formats,
    "report fields": json_formats.fields_of(json_formats.rows_of_report),
    "row fields": json_formats.fields_of(json_formats.rows_of_row),
    "states": json_formats.states,
    "reasons": json_formats.reasons,
    "decision fields": json_formats.fields_of(json_formats.rows_of_decision),
    "other fields": json_formats.other_fields,
    "variables": environment.variables,
    "provider keys": environment.provider_keys,
    "files": files.files,
    "checks": checks.index,
    "check entries": checks.entries,
    "reason classes": cli.reason_classes,
    "speed": speed.headlines,
    "over budget": speed.over,
    "python": python_api.entries,
    "pytest options": pytest_plugin.options,
    "markers": pytest_plugin.markers,
    **settings.TABLES,
    **figures.TABLES,
}
PAGES = sorted((DOCS.parent / "README.md", *DOCS.rglob("*.md")))


def written(page: Path) -> str:
    """The page with its generated tables, and the output of its commands, as they are today."""
    text = page.read_text(encoding="utf-8")
    runs = any(list(commands(block.text)) for block in blocks(text) if block.kind == "console")
    return with_tables(with_sessions(page) if runs else text)


COMPLETE: dict[Path, Callable[[], str]] = {
    DOCS / "reference" / "cli.md": cli.page,
    **figures.PICTURES,
    DOCS / "schemas" / "gate-1.json": schemas.report,
    DOCS / "schemas" / "decision-1.json": schemas.decision,
    llms.ROOT / "llms.txt": llms.page,
}
"""Files that are written from their first line to their last."""


def main(arguments: list[str]) -> int:
    """Write every page, or with --check compare; 1 when a page is stale.

    The check leaves out the output of commands: tests/docs runs every page and compares it.
    """
    check, stale = "--check" in arguments, 0
    for page in dict.fromkeys((*PAGES, *COMPLETE)):  # llms.txt reads the pages
        old = page.read_text(encoding="utf-8") if page.exists() else ""
        text = COMPLETE[page]() if page in COMPLETE else with_tables(old) if check else written(page)
        if text == old:
            continue
        if check:
            print(f"{page.name} is stale: run `make docs`")
            stale = 1
        else:
            page.write_text(text, encoding="utf-8")
            print(f"wrote {page.name}")
    return stale


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
