"""docs/tutorials/first-project.md: its commands, run one after the other in processes, print what the page shows."""

import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from fences import blocks, commands, matches

PAGE = (Path(__file__).parents[2] / "docs" / "tutorials" / "first-project.md").read_text(encoding="utf-8")
PROMPT, REGISTRY = "graphs/triage/prompts/p1.md", "graphs/registry.py"
WORDS = "- refund: refund, money back"
EDITS = {
    2: (PROMPT, WORDS, WORDS.replace("refund, ", "")),  # step 3: break the prompt
    3: (PROMPT, WORDS.replace("refund, ", ""), WORDS),  # step 4: fix it
    4: (REGISTRY, 'current="v1"', 'current="v2"'),  # step 6: put v2 into service
}
"""Number of the command before which the page has the reader edit a file -> the file, what is there, what it becomes."""


def printed(command: str, folder: Path) -> str:
    """What a command of the page prints in a process of its own."""
    words = shlex.split(command)
    module = {"seatrial": "seatrial", "pytest": "pytest"}[words[0]]
    environ = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST_", "GITHUB_"))}
    done = subprocess.run(
        [sys.executable, "-m", module, *words[1:]],
        check=False,
        cwd=folder,
        env=environ,
        capture_output=True,
        text=True,
        timeout=300,
    )
    return done.stdout


@pytest.mark.slow
def test_the_tutorial_goes_as_the_page_shows(tmp_path):
    shown = [one for block in blocks(PAGE) if block.kind == "text" for one in commands(block.text)]
    assert len(shown) == 6
    for number, (command, output) in enumerate(shown):
        folder = tmp_path if number == 0 else tmp_path / "evals"
        if number in EDITS:
            name, before, after = EDITS[number]
            text = (folder / name).read_text(encoding="utf-8")
            assert before in text
            (folder / name).write_text(text.replace(before, after), encoding="utf-8")
        found = printed(command, folder)
        assert matches(output, found), f"$ {command}\n{found}"
