"""Pins: which text each version of a judge's prompt is, so that one edited under its version is refused.

judges/prompts.toml holds `"helpful.v3" = "sha256 of its text"`; a version is pinned when it is first asked.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from seatrial import toml
from seatrial.errors import ConfigError
from seatrial.judge.spec import FOLDER, PINS

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from seatrial.judge.spec import Judge

HEAD = """# Which text each version of a judge's prompt is, by the sha256 of its text; written when a version is first asked.
# A text edited under its version is refused: give the new text a version of its own.
"""


def check_pinned(root: Path, judge: Judge) -> bool:
    """Whether the judge's prompt is pinned; an edited one is refused.

    Raises:
        ConfigError: the text is not the one its version was pinned to.
    """
    pinned = _read(root).get(_name(judge))
    if pinned is None:
        return False
    if pinned != judge.prompt_hash:
        raise ConfigError(
            f"prompt {_name(judge)!r} of judge {judge.name!r} was edited under its version: {FOLDER}/{PINS} has sha256 "
            f"{pinned[:12]}, its text is now {judge.prompt_hash[:12]}. Save the new text as "
            f"{judge.name}.v{judge.version + 1}.md and set version = {judge.version + 1}"
        )
    return True


def pin(root: Path, judge: Judge) -> None:
    """Pin the judge's prompt, unless it is pinned already.

    Raises:
        ConfigError: it is pinned to another text.
    """
    if check_pinned(root, judge):
        return
    pins = {**_read(root), _name(judge): judge.prompt_hash}
    rows = "".join(f'"{name}" = "{pins[name]}"\n' for name in sorted(pins))
    file = root / FOLDER / PINS
    beside = file.with_name(f"{PINS}.partial")
    beside.write_text(HEAD + rows, encoding="utf-8")
    beside.replace(file)


def _name(judge: Judge) -> str:
    return f"{judge.name}.v{judge.version}"


def _read(root: Path) -> Mapping[str, str]:
    file = root / FOLDER / PINS
    if not file.is_file():
        return {}
    found = toml.read(file, "pins")
    for name, value in found.items():
        if not isinstance(value, str) or len(value) != 64 or set(value) - set("0123456789abcdef"):
            raise ConfigError(f"{file}: {name} = {value!r} is no sha256; seatrial judge pairwise writes this file")
    return found
