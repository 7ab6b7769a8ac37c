"""`seatrial drift`: did inputs, stored records or production rates move away from a frozen reference?"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from seatrial.cli.decision_options import output_options, time_options
from seatrial.cli.evidence import parse_maps
from seatrial.cli.output import check_targets, show_decision
from seatrial.cli.times import moment, time_zone
from seatrial.errors import DataError, UsageError

if TYPE_CHECKING:
    from seatrial.feedback.drift.batch import Shift
    from seatrial.feedback.drift.cause import Cause
    from seatrial.feedback.drift.decide import Records
    from seatrial.feedback.drift.record import SlowSource
    from seatrial.feedback.drift.signals import Charted

RULES = Path("gates/drift.toml")


@click.command("drift")
@click.option(
    "--reference", type=click.Path(path_type=Path), help="Table of the reference window (.csv, .parquet, .jsonl)."
)
@click.option("--current", type=click.Path(path_type=Path), help="Table of the current window.")
@click.option(
    "--feature", "only", multiple=True, metavar="COLUMN", help="Only this column; default all but ids and free text."
)
@click.option(
    "--signals", type=click.Path(path_type=Path), help="Table of production signals: observed_at, signal, value."
)
@click.option("--frozen-at", metavar="TIME", help="End of the reference of --signals.")
@click.option(
    "--records",
    type=click.Path(path_type=Path),
    help="Table of records: record_id, source, updated_at, and their fields.",
)
@click.option("--segment", "segments", multiple=True, metavar="COLUMN", help="A column that is a segment dimension.")
@click.option(
    "--map",
    "maps",
    multiple=True,
    metavar="COLUMN=FOREIGN",
    help="A column of --signals or --records and what the file calls it.",
)
@click.option(
    "--rules",
    "rules_file",
    type=click.Path(path_type=Path),
    help=f"Bands, half-lives and alpha; default {RULES} where it exists.",
)
@time_options()
@click.option("--strict", is_flag=True, help="Exit 1 at 'investigate' too.")
@output_options("drift")
def command(
    reference: Path | None,
    current: Path | None,
    only: tuple[str, ...],
    signals: Path | None,
    frozen_at: str | None,
    records: Path | None,
    segments: tuple[str, ...],
    maps: tuple[str, ...],
    rules_file: Path | None,
    clock: str | None,
    zone: str | None,
    files: tuple[Path, ...],
    *,
    strict: bool,
    every: bool,
    as_json: bool,
) -> int:
    """Compare a current window with a frozen reference.

    Features by PSI against its own noise, production signals by control chart against the same hour of the week, records by
    completeness and freshness. Stable and investigate exit 0 (--strict: investigate 1), retrain exits 1, what could not
    be told exits 2.

    \b
    Examples:
      seatrial drift --reference june.csv --current july.csv --segment language
      seatrial drift --signals signals.parquet --frozen-at 2026-06-01 --segment tier
      seatrial drift --records leads.csv --timezone UTC
    """
    from seatrial.adapters.feedback.drift import file_hash, records_of, shifts_of, signals_of  # noqa: PLC0415
    from seatrial.feedback.drift.decide import Drift, decide_drift  # noqa: PLC0415
    from seatrial.feedback.drift.rules import DriftRules, load_drift_rules  # noqa: PLC0415
    from seatrial.report.drift import drift_view  # noqa: PLC0415

    check_targets(files)
    rules = load_drift_rules(rules_file or RULES) if rules_file or RULES.exists() else DriftRules()
    declared = time_zone(zone)
    if reference is None and current is not None and rules.reference_file:
        reference = Path(rules.reference_file)
    if (reference is None) != (current is None):
        raise UsageError(
            f"--reference and --current go together: two windows of the same table; or pin one as [reference] file in {RULES}"
        )
    if reference is None and signals is None and records is None:
        raise UsageError("give two windows (--reference FILE --current FILE), --signals FILE, or --records FILE")
    if signals is not None and frozen_at is None:
        raise UsageError("--signals needs --frozen-at TIME: where its reference ends, e.g. --frozen-at 2026-06-01")
    mapping = parse_maps(maps)
    problems: list[str] = []
    shifts: list[Shift] = []
    charted: list[tuple[Charted, Cause | None]] = []
    kept: list[Records] = []
    slow: list[SlowSource] = []
    digest = ""
    try:
        if reference is not None and current is not None:
            shifts = shifts_of(reference, current, rules, dimensions=segments, only=only)
            digest = file_hash(reference)
        if signals is not None:
            at = moment(frozen_at, "--frozen-at", declared)
            charted = signals_of(signals, at, rules, segments=segments, zone=declared, mapping=mapping)
        if records is not None:
            kept, slow = records_of(records, moment(clock, "--now", declared), rules, zone=declared, mapping=mapping)
    except DataError as error:
        problems.append(str(error))
    seen = Drift(shifts, charted, kept, slow, digest, problems)
    subject = " · ".join(str(path) for path in (current, signals, records) if path)
    decision = decide_drift(seen, rules, strict=strict, subject=subject)
    show_decision(decision, drift_view(decision), as_json=as_json, files=files, every=every)
    return decision.exit_code
