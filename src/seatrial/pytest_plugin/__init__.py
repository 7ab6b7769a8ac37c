"""The pytest plugin: the house's markers, judge runs only when they are asked for, and the merge gate and the purity audit as items.

EVAL=1 pytest -m llm                  # judge runs, opt-in
REDTEAM=1 pytest -m redteam           # attacks; LIVE=1 pytest -m live: against what runs in production
pytest -m 'not llm'                   # the fast gate: none of them
pytest gates/merge.toml               # the gate alone
pytest evaluators                     # whether every evaluator is pure
pytest --seatrial-update-baseline     # accept what `current` answers now
"""

from __future__ import annotations

import os
import sys
import tomllib
from fnmatch import fnmatch
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from seatrial.errors import SeatrialError, UsageError

if TYPE_CHECKING:
    import warnings
    from collections.abc import Collection, Generator, Mapping

MARKERS = (
    "llm: a judge run on a real model; skipped unless EVAL=1",
    "deepeval: uses DeepEval; skipped unless EVAL=1, and is llm too",
    "redteam: attacks a graph on a real model; skipped unless REDTEAM=1, and is llm too",
    "live: calls a service that runs; skipped unless LIVE=1, and is llm too",
    "external: reads real outcomes from ../shared/data (or $SEATRIAL_SHARED); skipped where they are absent",
    "slow: a long simulation or fuzz; run it with -m slow",
)
REPORTED_KEY = "seatrial"
"""Property of an item whose sentence the summary shows whatever pytest's verbosity is."""

SWITCHES = {"deepeval": "EVAL", "redteam": "REDTEAM", "live": "LIVE"}
"""Marker -> the environment's switch it needs; what has one of these is `llm` too, so that `-m 'not llm'` leaves it out."""

LLM, EVAL = "llm", "EVAL"


def judges_wanted(environ: Mapping[str, str]) -> bool:
    """Whether EVAL turns judge runs on."""
    from seatrial.switch import switched_on  # noqa: PLC0415 - where something is gated

    return switched_on(environ, EVAL)


def switches_of(markers: Collection[str]) -> tuple[str, ...]:
    """The switches an item with these markers needs, all of them: those of its special markers, else EVAL for `llm`."""
    special = tuple(dict.fromkeys(switch for marker, switch in SWITCHES.items() if marker in markers))
    return special or ((EVAL,) if LLM in markers else ())


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
        group.addoption(
            "--seatrial-max-usd",
            metavar="USD",
            type=float,
            help="What all judges together may spend under EVAL=1 -m llm; never exceeded, and a judge without a price is not asked.",
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
        files = (*_policies(config), *_suites(config))
        config.args.extend(str(file) for file in files if str(file) not in config.args)
    elif _walks(config):
        config.args.extend(str(file) for file in _policies(config) if not file.is_relative_to(config.rootpath))


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """A policy is collected wherever it lies, and nothing else where pytest would not have looked."""
    ways = _ways(config)
    if not ways:
        return None
    if collection_path in ways or collection_path in _policies(config):
        return False
    return True if any(parent in ways for parent in collection_path.parents) else None


def pytest_collect_directory(path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    """The folder of the evaluators is no package of tests: pytest would import it a second time."""
    return pytest.Dir.from_parent(parent, path=path) if path / "__init__.py" in _suites(parent.config) else None


@pytest.hookimpl(wrapper=True)
def pytest_collect_file(
    file_path: Path, parent: pytest.Collector
) -> Generator[None, list[pytest.Collector], list[pytest.Collector]]:
    """A policy that a trial row names is a file of items, and so is the file that binds the evaluators."""
    found = yield
    if file_path in _suites(parent.config):
        from seatrial.pytest_plugin.purity import PurityFile  # noqa: PLC0415 - as below

        return [PurityFile.from_parent(parent, path=file_path)]  # instead of the module of tests that pytest sees in it
    gate = _gate_file(file_path, parent)
    return [*found, gate] if gate else found


def _gate_file(file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    if file_path == parent.config.rootpath / "gates" / "feedback.toml" and _is_project(parent.config.rootpath):
        from seatrial.pytest_plugin.feedback import FeedbackFile  # noqa: PLC0415 - as below

        return FeedbackFile.from_parent(parent, path=file_path)
    if file_path.suffix != ".toml" or file_path not in _policies(parent.config):
        return None
    from seatrial.pytest_plugin.gate import GateFile  # noqa: PLC0415 - a session without a gate does not wait for it

    return GateFile.from_parent(parent, path=file_path)


def pytest_itemcollected(item: pytest.Item) -> None:
    """Whatever may call a model or a service is `llm` too, before pytest deselects by marker."""
    if any(item.get_closest_marker(marker) for marker in SWITCHES) and not item.get_closest_marker(LLM):
        item.add_marker(LLM)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Skip what needs a switch that is off, and long tests that nobody asked for."""
    try:
        from seatrial.switch import switched_on  # noqa: PLC0415 - where an item needs a switch

        on = {name: switched_on(os.environ, name) for name in (EVAL, *SWITCHES.values())}
    except UsageError as error:
        raise pytest.UsageError(str(error)) from error
    long = "slow" not in config.getoption("markexpr", "")
    for item in items:
        markers = {marker.name for marker in item.iter_markers()}
        off = [name for name in switches_of(markers) if not on[name]]
        if off:
            needs = "a judge run needs a real model" if off == [EVAL] else "it calls a model or a service that runs"
            item.add_marker(pytest.mark.skip(reason=f"{needs}: set {' '.join(f'{name}=1' for name in off)}"))
        if long and "slow" in markers:
            item.add_marker(pytest.mark.skip(reason="a long one: run it with -m slow"))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """What nobody may overlook though no test failed: a renewed baseline, a verdict let through."""
    reports = [one for name in ("passed", "skipped") for one in terminalreporter.getreports(name)]
    # A module that was skipped while it was collected is among them, and has no properties.
    given = [text for one in reports for name, text in getattr(one, "user_properties", ()) if name == REPORTED_KEY]
    if given:
        terminalreporter.section("seatrial")
        for text in given:
            terminalreporter.line(str(text))


def _redact(report: pytest.TestReport) -> None:
    from seatrial.privacy.exits import know, redacted  # noqa: PLC0415 - a session without a gate does not wait for it

    know(os.environ)
    report.user_properties = [(name, redacted(value)) for name, value in report.user_properties]
    report.sections = [(str(title), redacted(text)) for title, text in report.sections]
    if isinstance(report.longrepr, tuple):
        report.longrepr = (*report.longrepr[:2], redacted(report.longrepr[2]))
    elif report.longrepr is not None:
        wording = str(report.longrepr)
        report.longrepr = report.longrepr if redacted(wording) == wording else redacted(wording)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """A skipped row of a gate stands where its rule stands; pytest would name the line of ours that skipped it."""
    report = yield
    if hasattr(item, "rule_at"):
        _redact(report)
    if report.skipped and hasattr(item, "rule_at") and isinstance(report.longrepr, tuple):
        path, line, _ = item.reportinfo()
        report.longrepr = (str(path), (line or 0) + 1, report.longrepr[2])
    return report


@pytest.hookimpl(tryfirst=True)
def pytest_warning_recorded(warning_message: warnings.WarningMessage) -> None:
    """Take keys out of what the project's code warned of while a gate ran it, before the summary or another process shows it."""
    exits = sys.modules.get("seatrial.privacy.exits")
    if exits is not None:  # something of a project was opened
        exits.know(os.environ)
        warning_message.message = exits.redacted(str(warning_message.message))


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """pytest-xdist starts a worker: what its workers share is taken away when this process, which outlives them, ends."""
    config: pytest.Config = node.config
    if _is_project(config.rootpath) and _SHARED not in config.stash:
        from seatrial.pytest_plugin.session import leave, shared_folder  # noqa: PLC0415 - as above

        config.stash[_SHARED] = shared_folder(node.workerinput["testrunuid"], os.getpid())
        config.add_cleanup(lambda: leave(config.stash[_SHARED]))


_SHARED = pytest.StashKey["Path"]()
_POLICIES = pytest.StashKey[tuple["Path", ...]]()
_WAYS = pytest.StashKey[tuple["Path", ...]]()
_SUITES = pytest.StashKey[tuple["Path", ...]]()


def _policies(config: pytest.Config) -> tuple[Path, ...]:
    """The policy files of the rootdir's project; none where the rootdir is no project."""
    if _POLICIES not in config.stash:
        config.stash[_POLICIES] = _read_policies(config.rootpath)
    return config.stash[_POLICIES]


def _walks(config: pytest.Config) -> bool:
    """Whether pytest was started in the rootdir, and told neither files nor `testpaths`."""
    here = config.args_source is pytest.Config.ArgsSource.INVOCATION_DIR
    return here and config.invocation_params.dir == config.rootpath


def _ways(config: pytest.Config) -> tuple[Path, ...]:
    """Folders on the way to a policy into which pytest does not go on its own (`.gates`, `build`)."""
    if _WAYS not in config.stash:
        never = config.getini("norecursedirs")
        folders = [
            folder
            for file in (_policies(config) if _walks(config) else ())
            for folder in reversed(file.parents)
            if folder != config.rootpath and folder.is_relative_to(config.rootpath)
        ]
        shut = [folder for folder in folders if any(fnmatch(folder.name, pattern) for pattern in never)]
        config.stash[_WAYS] = tuple(folder for folder in folders if any(folder.is_relative_to(one) for one in shut))
    return config.stash[_WAYS]


def _suites(config: pytest.Config) -> tuple[Path, ...]:
    """The file that binds the evaluators of the rootdir's project; none where the rootdir is no project."""
    if _SUITES not in config.stash:
        file = config.rootpath / "evaluators" / "__init__.py"
        config.stash[_SUITES] = (file,) if file.is_file() and _is_project(config.rootpath) else ()
    return config.stash[_SUITES]


def _is_project(root: Path) -> bool:
    file = root / "pyproject.toml"
    text = file.read_bytes() if file.is_file() else b""
    # Most projects never say the word, and do not wait for TOML; one that does may write its table in many ways.
    if b"seatrial" not in text:
        return False
    try:
        return "seatrial" in tomllib.loads(text.decode()).get("tool", {})
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise pytest.UsageError(f"{file} cannot be read: {error}") from error


def _read_policies(root: Path) -> tuple[Path, ...]:
    if not _is_project(root):
        return ()
    from seatrial.project.settings import read_settings  # noqa: PLC0415 - as above

    try:
        rows = read_settings(root).trial
    except SeatrialError as error:
        raise pytest.UsageError(str(error)) from error
    files = tuple(dict.fromkeys(policy_file(root, row.policy) for row in rows if row.policy))
    for file in files:
        if not file.is_file():
            # Not collected, it would gate nothing and pass.
            raise pytest.UsageError(f"a trial row names the policy {file}, and it does not exist")
    return files


def policy_file(root: Path, name: str) -> Path:
    """Where a policy lies, however its row spells the way there."""
    return Path(os.path.normpath(root / name))
