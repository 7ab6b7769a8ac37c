"""Certified rates on disk: `certify` writes them under `.seatrial/certified/`, `gate` and `trial` read them back."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from collections.abc import Iterable

    from seatrial.certify.certificate import Certificate
    from seatrial.gate.report import Report
    from seatrial.report.certified import Certified

FOLDER = ".seatrial/certified"
ONE_LOOK = ("unchanged", "deterministic")
"""What confirming came to where the gate decides on one look, whatever that says."""


def keep(done: Iterable[Certificate]) -> None:
    """Store the rate of every certificate; a folder that cannot be written is a note, the certificate stands."""
    from seatrial.report.certified import certified, certified_data  # noqa: PLC0415 - numbers are for those who certify
    from seatrial.report.data import gate_json  # noqa: PLC0415

    folder = _root() / FOLDER
    for certificate in done:
        one = certified(certificate)
        try:
            folder.mkdir(parents=True, exist_ok=True)
            (folder / f"{one.name}.json").write_text(gate_json(certified_data(one)), encoding="utf-8")
        except OSError as error:
            click.echo(
                f"seatrial: {folder} cannot be written, so no gate will show the rate: {error.strerror}", err=True
            )
            return


def certified_for(report: Report) -> Certified | None:
    """The stored rate of the report's rules and sizes; None where nobody certified just these, or the file is not whole.

    A gate that would have repeated its suspicious rows, or has an anchor, is another rule than the one that was simulated.
    """
    folder = _root() / FOLDER
    second_stage_run = report.confirm is not None and report.confirm.how not in ONE_LOOK
    if not folder.is_dir() or second_stage_run or report.anchor is not None:
        return None
    from seatrial.report.certified import certified_name, read_certified  # noqa: PLC0415 - only who certified waits

    name = certified_name(report)
    try:
        found = read_certified(json.loads((folder / f"{name}.json").read_text(encoding="utf-8")))
    except (OSError, ValueError):
        return None
    return found if found is not None and found.name == name else None


def _root() -> Path:
    """The project's folder, else the current one."""
    from seatrial.errors import SeatrialError  # noqa: PLC0415
    from seatrial.project.settings import find_root  # noqa: PLC0415

    here = Path.cwd()
    try:
        return find_root(here)
    except SeatrialError:
        return here
