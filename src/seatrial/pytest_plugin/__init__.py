"""The pytest plugin: the house's markers, judge runs only when they are asked for, and the merge gate as items.

EVAL=1 pytest -m llm                  # judge runs, opt-in
pytest -m 'not llm'                   # the fast gate
pytest gates/merge.toml               # the gate alone
pytest --seatrial-update-baseline     # accept what `current` answers now
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from seatrial.errors import SeatrialError, UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

MARKERS = (
    "llm: a judge run on a real model; skipped unless EVAL=1",
    "deepeval: uses DeepEval",
    "external: reads real outcomes from ../shared/data (or $SEATRIAL_SHARED); skipped where they are absent",
    "slow: a long simulation or fuzz; run it with -m slow",
)
_ON, _OFF = ("1", "true", "yes", "on"), ("", "0", "false", "no", "off")


def judges_wanted(environ: Mapping[str, str]) -> bool:
    """Whether EVAL turns judge runs on; a word that is neither yes nor no is an error, not a no."""
    word = environ.get("EVAL", "").strip().lower()
    if word not in _ON + _OFF:
        raise UsageError(f"EVAL={environ['EVAL']!r} is neither yes nor no; choose one of: {', '.join(_ON + _OFF[1:])}")
    return word in _ON


def pytest_addoption(parser: pytest.Parser) -> None:
    """The gate's own options."""
    group = parser.getgroup("seatrial", "seatrial: the segmented merge gate")
    try:
        group.addoption(
            "--seatrial-baseline",
            metavar="NAME",
            default="current",
            help="Compare with this: 'current' (default) or 'anchor', both committed under gates/baselines/, or a version of the registry, which is then run again.",
        )
        group.addoption(
            "--seatrial-update-baseline",
            action="store_true",
            help="Accept what the current versions answer now as their baseline (restrict it with -k GRAPH), instead of gating.",
        )
    except ValueError as error:
        raise pytest.UsageError(
            f"seatrial: another pytest plugin already defines one of our options ({error}); leave one of the two out with -p no:NAME"
        ) from error


def pytest_configure(config: pytest.Config) -> None:
    """Register the markers; a project's policies are collected wherever its tests are collected from."""
    for marker in MARKERS:
        config.addinivalue_line("markers", marker)
    # Named files are what was asked for; `testpaths` is only where tests lie, and gates lie elsewhere.
    if config.args_source is pytest.Config.ArgsSource.TESTPATHS:
        config.args.extend(str(file) for file in _policies(config) if str(file) not in config.args)


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    """A policy that a trial row names is a file of items."""
    if file_path.suffix != ".toml" or file_path not in _policies(parent.config):
        return None
    from seatrial.pytest_plugin.gate import GateFile  # noqa: PLC0415 - a session without a gate does not wait for it

    return GateFile.from_parent(parent, path=file_path)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Skip judge runs and long tests that nobody asked for."""
    try:
        wanted = judges_wanted(os.environ)
    except UsageError as error:
        raise pytest.UsageError(str(error)) from error
    skipped = {} if wanted else {"llm": "a judge run needs a real model: set EVAL=1"}
    if "slow" not in config.getoption("markexpr", ""):
        skipped["slow"] = "a long one: run it with -m slow"
    for marker, reason in skipped.items():
        for item in items:
            if item.get_closest_marker(marker):
                item.add_marker(pytest.mark.skip(reason=reason))


_POLICIES = pytest.StashKey[tuple["Path", ...]]()


def _policies(config: pytest.Config) -> tuple[Path, ...]:
    """The policy files of the rootdir's project; none where the rootdir is no project."""
    if _POLICIES not in config.stash:
        config.stash[_POLICIES] = _read_policies(config.rootpath)
    return config.stash[_POLICIES]


def _read_policies(root: Path) -> tuple[Path, ...]:
    file = root / "pyproject.toml"
    if not file.is_file() or b"[tool.seatrial]" not in file.read_bytes():
        return ()
    from seatrial.project.settings import read_settings  # noqa: PLC0415 - as above

    try:
        rows = read_settings(root).trial
    except SeatrialError as error:
        raise pytest.UsageError(str(error)) from error
    return tuple(dict.fromkeys(root / row.policy for row in rows if row.policy))
