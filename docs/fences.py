"""The fenced blocks of a page: one parser for `docs/generate.py` and the tests, and one way to run what a page shows.

- A block whose fence names a file (```toml title="pyproject.toml") is written to it.
- A ```csv or ```jsonl block with a title is the beginning of the file of that name in docs/examples, which is placed there.
- ```python blocks run in order, sharing their names, in one fresh folder per page, which holds `docs/examples`; so do the
  steps of ```pycon blocks, and what follows a step is what it prints.
- In ```console blocks each `$ seatrial ...` line runs there, and the lines below it are its standard output. A line `...`
  is any number of lines, `<id>` any word, `<seconds>` any number with or without its unit.
- `<!-- setup python ... -->` is a block like the others that no reader sees.
"""

from __future__ import annotations

import contextlib
import doctest
import io
import re
import runpy
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from seatrial.cli.app import run
from seatrial.project import mount

if TYPE_CHECKING:
    from collections.abc import Iterator

DOCS = Path(__file__).parent
EXAMPLES = DOCS / "examples"

FENCE = re.compile(
    r'^(?:```(?P<kind>\w+)(?: title="(?P<title>[^"\n]+)")?\n(?P<text>.*?)^```'
    r'|<!-- setup (?P<hidden>\w+)(?: title="(?P<hidden_title>[^"\n]+)")?\n(?P<hidden_text>.*?)^-->)$',
    re.MULTILINE | re.DOTALL,
)
HEADING = re.compile(r"^#+ +(.+?) *$", re.MULTILINE)
COMMAND = re.compile(r"^\$ (.*)\n((?:(?!\$ ).*\n)*)", re.MULTILINE)
RUN_ID = re.compile(r"\b\d{8}-\d{6}-[\w.-]+-[0-9a-f]{4}\b")
ANY = {"<id>": r"(?:<id>|[\w.@:-]+)", "<seconds>": r"[\d.,]+(?: ?(?:ms|s|min)\b)?"}
SHIPPED = ("csv", "jsonl")


class Block(NamedTuple):
    """One block: its language, the file its fence names or "", its text, and whether a reader sees it."""

    kind: str
    title: str
    text: str
    hidden: bool


class OtherOutput(AssertionError):
    """A command of a page printed something else than the page shows."""


def blocks(page: str) -> list[Block]:
    """Every block of the page's text, in order.

    >>> blocks('```toml title="gate.toml"\\nalpha = 0.05\\n```\\n')
    [Block(kind='toml', title='gate.toml', text='alpha = 0.05\\n', hidden=False)]
    """
    return [_block(match) for match in FENCE.finditer(page)]


def _block(match: re.Match[str]) -> Block:
    hidden = match["hidden"] is not None
    prefix = "hidden_" if hidden else ""
    return Block(match["hidden" if hidden else "kind"], match[f"{prefix}title"] or "", match[f"{prefix}text"], hidden)


def prose(page: str) -> str:
    """The page's text without its blocks and its generated tables.

    >>> prose("One.\\n\\n```text\\nTwo.\\n```\\n\\nThree.")
    'One.\\n\\n\\n\\nThree.'
    """
    return re.sub(r"<!--.*?-->", "", TABLE.sub("", FENCE.sub("", page)), flags=re.DOTALL)


TABLE = re.compile(r"(<!-- table: (.+?) -->\n).*?(<!-- end -->)", re.DOTALL)
"""What stands between these two marks is written by `docs/generate.py`."""


def anchors(page: str) -> set[str]:
    """The names that a link to a heading of the page may use, as GitHub makes them.

    >>> sorted(anchors("# The gate's `alpha`\\n## Again\\n## Again\\n"))
    ['again', 'again-1', 'the-gates-alpha']
    """
    found: set[str] = set()
    for heading in HEADING.findall(FENCE.sub("", page)):
        text = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading)
        slug = re.sub(r"[^\w\- ]", "", text.lower()).replace(" ", "-")
        name, times = slug, 0
        while name in found:
            times += 1
            name = f"{slug}-{times}"
        found.add(name)
    return found


def commands(text: str) -> Iterator[tuple[str, str]]:
    """Each command of a console block with the output below it."""
    yield from COMMAND.findall(text)


def matches(shown: str, printed: str) -> bool:
    """Whether a page may show this for what a command printed.

    >>> matches("run <id>\\n...\\ndone in <seconds>\\n", "run a-1\\none\\ntwo\\ndone in 0.3 s\\n")
    True
    >>> matches("...\\ndone\\n", "one\\nfailed\\n")
    False
    """
    parts = [r"(?:.*\n)*" if line == "...\n" else _line(line) for line in shown.splitlines(keepends=True)]
    return re.fullmatch("".join(parts), printed) is not None


def _line(line: str) -> str:
    return "".join(ANY.get(part) or re.escape(part) for part in re.split(r"(<id>|<seconds>)", line))


class Player:
    """Runs the blocks of one page in order, in the current folder.

    Args:
        names: What the page's Python blocks find defined.
    """

    def __init__(self, names: dict[str, Any] | None = None) -> None:
        """Place the examples that a page may read."""
        self.names = names or {}
        Path("docs").mkdir(exist_ok=True)
        Path("docs/examples").symlink_to(EXAMPLES.resolve())

    def play(self, block: Block) -> None:
        """Write the block's file, run its Python, or run its commands and compare what they print.

        Raises:
            OtherOutput: A command printed something else than the page shows.
        """
        if block.title:
            _place(block)
        elif block.kind == "python":
            Path("example.py").write_text(block.text, encoding="utf-8")
            self.names |= runpy.run_path("example.py", init_globals=self.names)
        elif block.kind == "pycon":
            self.interact(block.text)
        elif block.kind == "console":
            for command, shown in commands(block.text):
                printed = output(command)
                if not matches(shown, printed):
                    raise OtherOutput(f"$ {command}\n{printed}\nis not what the page shows:\n{shown}")

    def interact(self, text: str) -> None:
        """Run a session of Python's prompt with the page's names, and compare what it prints.

        Raises:
            OtherOutput: A step printed something else than the page shows.
        """
        steps = doctest.DocTestParser().get_doctest(text, self.names, "a block of the page", None, 0)
        told: list[str] = []
        if doctest.DocTestRunner(verbose=False).run(steps, out=told.append, clear_globs=False).failed:
            raise OtherOutput("".join(told))
        self.names |= steps.globs


def _place(block: Block) -> None:
    file = Path(block.title)
    file.parent.mkdir(parents=True, exist_ok=True)
    text = block.text
    if block.kind in SHIPPED:
        shipped = (EXAMPLES / file.name).read_text(encoding="utf-8")
        assert shipped.startswith(text.removesuffix("...\n")), (
            f"{file.name} does not begin as docs/examples/{file.name}"
        )
        text = shipped
    file.write_text(text, encoding="utf-8")


def output(command: str) -> str:
    """What `seatrial ...` prints to standard output in the current folder, with the ids of runs as `<id>`."""
    mount(DOCS)  # another folder, so that the page's own files are read again, as by the next command of a terminal
    words = shlex.split(command)
    assert words[0] == "seatrial", f"only seatrial's own commands are run: {command}"
    raw = io.BytesIO()
    with io.TextIOWrapper(raw, encoding="utf-8") as out, contextlib.redirect_stdout(out):
        with contextlib.suppress(SystemExit):
            run(words[1:])
        out.flush()
        return RUN_ID.sub("<id>", raw.getvalue().decode())


def with_output(page: str) -> str:
    """The page with the output of its commands as they print it today; what a pattern still matches stays as it is."""
    player = Player()

    def write(match: re.Match[str]) -> str:
        block = _block(match)
        if block.title or block.kind != "console":
            with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
                player.play(block)
            return match.group()
        parts = ["```console\n"]
        for command, shown in commands(block.text):
            printed = output(command)
            parts.append(f"$ {command}\n{shown if matches(shown, printed) else printed}")
        return "".join((*parts, "```"))

    return FENCE.sub(write, page)
