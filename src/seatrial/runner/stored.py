"""Stored: the evidence of a run as it lies in its folder, believed only where it is the table the run made."""

from __future__ import annotations

from typing import TYPE_CHECKING

from seatrial.errors import DataError
from seatrial.evidence.read import read_evidence
from seatrial.runner.summary import HASH, read_summary

if TYPE_CHECKING:
    from pathlib import Path

    from seatrial.evidence import Evidence


def stored_evidence(run_dir: Path) -> Evidence:
    """Read `evidence.parquet` of a run and check it against the hash that its run.json keeps.

    Raises:
        DataError: it cannot be read, is another run's, or is not the table that was made; says how to rebuild it.
    """
    file, wording = run_dir / "evidence.parquet", read_summary(run_dir / "run.json")
    if wording is None:
        raise DataError(f"{run_dir} holds no run.json, so nobody knows whether its evidence is what was measured")
    # A run in a folder that is not its own (of a pytest session) is not found by its name.
    repeated = f"; rebuild it from the run's rows with seatrial eval {wording.get('graph')} --rebuild {run_dir.name}"
    remedy = repeated if wording.get("run_id") == run_dir.name else ""
    if HASH not in wording:
        raise DataError(f"{run_dir / 'run.json'} keeps no hash of the evidence, so it cannot be checked{remedy}")
    try:
        found = read_evidence(file, content=str(wording[HASH]))
    except DataError as error:
        raise DataError(f"{str(error).rstrip('.')}{remedy}") from error
    owner = found.metadata.get("run_id", wording.get("run_id"))
    if owner != wording.get("run_id"):
        raise DataError(
            f"{file} is the evidence of the run {owner}, not of the run whose folder it lies in; make a new one"
        )
    return found
