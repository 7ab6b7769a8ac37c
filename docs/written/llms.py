"""llms.txt: the pages of the documentation with their first sentence, for readers that are programs."""

from __future__ import annotations

import re
from pathlib import Path

from fences import prose

ROOT = Path(__file__).parents[2]
FOLDERS = {
    "tutorials": "Tutorials: learn",
    "how-to": "How-to: one task a page",
    "reference": "Reference: every key, column, format and command",
    "explanation": "Explanation: why",
}
HEAD = """# seatrial

> Compares two versions of an AI workflow segment by segment and answers pass, fail or cannot tell, with stated error rates and an exit code.
> Written by `make docs`; every page is Markdown, and its examples are run.

- [README](README.md): two files and a verdict, and where to go
- [Changes](CHANGELOG.md): what changed, by effect
"""
OPENING = re.compile(r"^After (?:this page|these \w+ minutes) you (?:can )?")


def page() -> str:
    """The list, by folder, in the order of the file names."""
    parts = [HEAD]
    for folder, title in FOLDERS.items():
        files = sorted((ROOT / "docs" / folder).glob("*.md"))
        parts.append(f"## {title}\n\n" + "".join(_line(file) for file in files))
    return "\n".join(parts)


def _line(file: Path) -> str:
    text = prose(file.read_text(encoding="utf-8"))
    title, _, rest = text.removeprefix("# ").partition("\n")
    return f"- [{title.strip()}]({file.relative_to(ROOT).as_posix()}): {first_sentence(rest)}\n"


def first_sentence(text: str) -> str:
    """The first sentence of a page below its title, without Markdown.

    >>> first_sentence("\\n\\nAfter this page you can gate [two files](x.md). More.")
    'gate two files'
    """
    words = " ".join(text.strip().partition("\n\n")[0].split())
    plain = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", words).replace("**", "")
    sentence = re.split(r"(?<=\.)\s", OPENING.sub("", plain))[0]
    return sentence.rstrip(".:")
