"""Prompts: the text a version answers with, known by content, so that one edited under its name is refused.

    graphs/desk/prompts/p1.md          # the text of Version("v1", {"prompt": "p1"})
    graphs/desk/prompts.toml           # p1 = "sha256 of its text", written by `seatrial fleet pin`

Lines end in LF for the hash, whatever a checkout made of them. A prompt of several files is a folder of its name.
"""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from seatrial import toml
from seatrial.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from seatrial.graph.spec import GraphSpec, Version

FOLDER, PINS = "prompts", "prompts.toml"
HEAD = """# Which text each prompt version is, by the sha256 of its text: written by `seatrial fleet pin`.
# A text edited under its name is refused: give the new text a new name.
"""


@dataclass(frozen=True, slots=True)
class Prompt:
    """One prompt version.

    Attributes:
        name: as the version's config has it.
        sha256: of its text, 64 hex digits.
    """

    name: str
    sha256: str


def folder_of(root: Path, spec: GraphSpec) -> Path:
    """The folder of a graph: the one its module lies in; one of its own name where that is the folder of all graphs."""
    at = root.joinpath(*spec.module.split("."))
    folder = at if at.is_dir() else at.parent
    return root / "graphs" / spec.assistant_id if folder in (root, root / "graphs") else folder


def prompt_of(root: Path, spec: GraphSpec, version: Version) -> Prompt | None:
    """The prompt that `version` names as `prompt` in its config; None where it names none, or one that is no file."""
    name = version.config.get("prompt")
    return _prompt(folder_of(root, spec) / FOLDER, name) if isinstance(name, str) and name else None


def check_pinned(root: Path, spec: GraphSpec, version: Version) -> None:
    """Refuse a version whose prompt is not the text its name was pinned to.

    Raises:
        ConfigError: it was edited under its name, or prompts.toml cannot be read.
    """
    prompt = prompt_of(root, spec, version)
    if prompt is None:
        return
    pinned = read_pins(folder_of(root, spec)).get(prompt.name, prompt.sha256)
    if pinned != prompt.sha256:
        raise ConfigError(
            f"prompt {prompt.name!r} of graph {spec.assistant_id!r} was edited under its name: {PINS} has sha256 {pinned[:12]}, its text is now {prompt.sha256[:12]}. Give the new text a name of its own and a Version; if no run was ever made with the old text, seatrial fleet pin {spec.assistant_id} --replace {prompt.name}"
        )


def pin(root: Path, spec: GraphSpec, replace: frozenset[str] = frozenset()) -> tuple[str, ...]:
    """Write every prompt that the graph's versions name into its prompts.toml; the names that are new or replaced.

    Raises:
        ConfigError: a pinned prompt has another text and is not among `replace`, or prompts.toml cannot be read.
    """
    folder = folder_of(root, spec)
    pins = dict(read_pins(folder))
    changed = []
    for version in spec.versions:
        prompt = prompt_of(root, spec, version)
        if prompt is None or pins.get(prompt.name) == prompt.sha256:
            continue
        if prompt.name not in replace:
            check_pinned(root, spec, version)
        pins[prompt.name] = prompt.sha256
        changed.append(prompt.name)
    if changed:
        rows = "".join(f'{_key(name)} = "{pins[name]}"\n' for name in sorted(pins))
        (folder / PINS).write_text(HEAD + rows, encoding="utf-8")
    return tuple(changed)


def read_pins(folder: Path) -> Mapping[str, str]:
    """Prompt -> sha256 of a graph's prompts.toml; nothing where there is none.

    Raises:
        ConfigError: it is no TOML, or a value is no sha256.
    """
    file = folder / PINS
    found = toml.read_optional(file)
    for name, value in found.items():
        if not isinstance(value, str) or len(value) != 64 or set(value) - set("0123456789abcdef"):
            raise ConfigError(f"{file}: {name} = {value!r} is no sha256; seatrial fleet pin writes this file")
    return found


def _prompt(folder: Path, name: str) -> Prompt | None:
    at = folder / name
    if not at.resolve().is_relative_to(folder.resolve()) or not at.parent.is_dir():
        return None
    if at.is_dir():
        files = {str(file.relative_to(at).as_posix()): _sha(file) for file in sorted(at.rglob("*")) if file.is_file()}
        return Prompt(name, hashlib.sha256(json.dumps(files, sort_keys=True).encode()).hexdigest()) if files else None
    found = sorted(file for file in at.parent.iterdir() if file.is_file() and at.name in (file.name, file.stem))
    if len(found) > 1:
        names = ", ".join(file.name for file in found)
        raise ConfigError(f"{at.parent} has several files for the prompt {name!r}: {names}; keep one")
    return Prompt(name, _sha(found[0])) if found else None


def _key(name: str) -> str:
    return name if re.fullmatch(r"[A-Za-z0-9_-]+", name) else json.dumps(name, ensure_ascii=False)


def _sha(file: Path) -> str:
    return hashlib.sha256(file.read_bytes().replace(b"\r\n", b"\n")).hexdigest()
