"""Init: a working project where there was none: the template's files, and a first accepted baseline."""

from __future__ import annotations

from importlib.resources import files
from importlib.util import find_spec
from typing import TYPE_CHECKING

from seatrial.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from importlib.resources.abc import Traversable
    from pathlib import Path

    from seatrial.certify.detectable import Detectable
    from seatrial.project import Project, TrialRow

MOVED = {"gitignore": ".gitignore", "workflows/gate.yml": ".github/workflows/gate.yml"}
"""Where a file goes whose true name would act on this repository while it lies in the template."""


def write_template(folder: Path) -> tuple[str, ...]:
    """Write the template's files into `folder`, all of them or none; their names.

    Raises:
        UsageError: one of them is there already, or the folder cannot be written.
    """
    wanted = {MOVED.get(name, name): file.read_bytes() for name, file in _files(files("seatrial") / "template", "")}
    return write_files(folder, wanted, hint="Choose an empty folder: seatrial init evals")


def write_files(folder: Path, wanted: Mapping[str, str | bytes], *, hint: str, force: bool = False) -> tuple[str, ...]:
    """Write files into `folder`, name -> content, all of them or none; their names. With `force` over those there are.

    Raises:
        UsageError: one of them is there already (`hint` says what to do), or the folder cannot be written.
    """
    there = [name for name in wanted if (folder / name).exists()]
    if there and not force:
        raise UsageError(f"{folder} already has {', '.join(there)}; nothing was written. {hint}")
    try:
        for name, content in wanted.items():
            target = folder / name
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content.encode() if isinstance(content, str) else content)
    except OSError as error:
        raise UsageError(f"{folder} cannot be written: {error.strerror} ({error.filename})") from error
    return tuple(sorted(wanted))


def detects(project: Project, row: TrialRow) -> tuple[Detectable, ...]:
    """What the row's gate could see today: every row of its leading key, with the smallest drop it would show."""
    from seatrial.certify.design import design  # noqa: PLC0415 - numpy, for those who have examples
    from seatrial.certify.detectable import detectables  # noqa: PLC0415
    from seatrial.segment import assign, critical_segments, for_graph  # noqa: PLC0415
    from seatrial.trial.policies import row_policy  # noqa: PLC0415

    policy = row_policy(project, row)
    dimensions = for_graph(project.dimensions, row.graph)
    examples = [assign(dimensions, one.row()) for one in project.dataset(row.graph, row.dataset).examples]
    return detectables(design(row.graph, examples, policy, critical=critical_segments(dimensions)), policy)


def can_run_graphs() -> bool:
    """Whether LangGraph is installed."""
    return find_spec("langgraph") is not None


def _files(folder: Traversable, prefix: str) -> Iterator[tuple[str, Traversable]]:
    for entry in sorted(folder.iterdir(), key=lambda entry: entry.name):
        if entry.is_dir():
            if entry.name != "__pycache__":
                yield from _files(entry, f"{prefix}{entry.name}/")
        else:
            yield f"{prefix}{entry.name}", entry
