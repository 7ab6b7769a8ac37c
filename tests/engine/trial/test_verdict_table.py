"""One table: what every verb that takes GRAPH@VERSION answers in each situation, as a person would."""

import shutil
from typing import NamedTuple

import pytest

from seatrial.cli.app import run

from .fleet_of_two import EXAMPLES, GRAPH, REGISTRY, RIGHT, example, write

PAIR = ("desk@v1", "desk@v2")
VERBS = {
    "gate": ("gate", *PAIR),
    "compare": ("compare", *PAIR),
    "slices": ("slices", *PAIR),
    "report": ("report", *PAIR, "-o", "page.html"),
    "anchor": ("anchor", "set", "desk@v2", "--reason", "release 2"),
    "flaky": ("flaky", "desk@v2", "--repeat", "3"),
    "trial": ("trial",),
    "pytest": ("gates/desk.toml", "gates/shop.toml"),
}
"""In pytest v2 is the current version, and v1 was accepted as the baseline."""

READS_KEY = GRAPH.replace("import os\n", "import os\n\nKEY = os.environ['DESK_KEY']\n")
CLIENT = """
import asyncio
from typing import TypedDict

from langgraph.graph import END, START, StateGraph


class Client:
    def __init__(self):
        self.loop = None

    async def ask(self, n):
        await asyncio.sleep(0)
        mine = asyncio.get_running_loop()
        self.loop = self.loop or mine
        if self.loop is not mine:
            raise RuntimeError("the client is bound to a different event loop")
        return str(n)


CLIENT = Client()


class State(TypedDict, total=False):
    n: int
    answer: str


def build(style="old"):
    async def answer(state):
        return {"answer": await CLIENT.ask(state["n"])}

    return StateGraph(State).add_node("answer", answer).add_edge(START, "answer").add_edge("answer", END)
"""


class Scenario(NamedTuple):
    """What is so when the verb is called; before, both versions were run and v1 was accepted as the baseline.

    Attributes:
        graph: the module of desk.
        change: file and text; what was edited after that.
        environ: of the verb; None = not set.
        rerun: desk@v2 is run again in it.
    """

    graph: str = GRAPH
    change: tuple[str, str] | None = None
    environ: tuple[tuple[str, str | None], ...] = ()
    rerun: bool = False


SCENARIOS = {
    "crashes everywhere": Scenario(environ=(("DESK_CRASHES", "everywhere"),), rerun=True),
    "crashes on half": Scenario(environ=(("DESK_CRASHES", "half"),), rerun=True),
    "evaluator edited": Scenario(change=("evaluators/right.py", RIGHT.replace("==", ">="))),
    "dataset grown": Scenario(change=("datasets/desk/golden.jsonl", "".join(example(n) for n in range(EXAMPLES + 1)))),
    "variable missing at import": Scenario(graph=READS_KEY, environ=(("DESK_KEY", None),)),
    "client made at import": Scenario(graph=CLIENT),
    "another graph broken": Scenario(change=("graphs/shop.py", "import a_package_nobody_has\n")),
}
COMPILED = shutil.ignore_patterns("__pycache__")
NEW_RUN = "make a new one with seatrial eval desk@"
SHIPS = {
    "gate": (0, "PASS  desk v1 → v2"),
    "compare": (0, "PASS  desk v1 → v2"),
    "slices": (0, ""),
    "report": (0, "PASS"),
    "anchor": (0, "the anchor is now"),
    "flaky": (0, "disagree 0.0 %"),
    "trial": (0, "desk v2 ship"),
    "pytest": (0, "8 passed"),
}
STALE = dict.fromkeys(("gate", "compare", "slices", "report", "anchor"), (3, NEW_RUN))
EXPECTED = {
    "crashes everywhere": {
        "gate": (1, "50 of 50 broken answers (100 %) say: KeyError: 'DESK_KEY'"),
        "compare": (0, "WOULD BLOCK  desk v1 → v2"),
        "slices": (0, "−100.0 points over all"),
        "report": (0, "BLOCKED"),
        "anchor": (2, "failed on every one of 50"),
        "flaky": (2, "answered and scored none of 150 runs"),
        "trial": (1, "desk v2 stopped"),
        "pytest": (1, "BLOCKED  desk v1"),
    },
    "crashes on half": {
        "gate": (1, "25 of 25 broken answers (100 %) say: KeyError: 'DESK_KEY'"),
        "compare": (0, "WOULD BLOCK  desk v1 → v2"),
        "slices": (0, "−50.0 points over all"),
        "report": (0, "BLOCKED"),
        "anchor": (2, "failed on 25 of 50 runs (50.0 %), KeyError: 'DESK_KEY' (25)"),
        "flaky": (0, "disagree 0.0 %"),
        "trial": (1, "desk v2 stopped"),
        "pytest": (1, "BLOCKED  desk v1"),
    },
    # Runs and baselines of the old rule are compared with nothing; what is run now is scored by the new one.
    "evaluator edited": SHIPS | STALE | {"pytest": (1, "evaluator right changed")},
    "dataset grown": SHIPS | STALE,
    # What was run with it stands; nothing can be run without it.
    "variable missing at import": SHIPS
    | {"flaky": (3, "DESK_KEY"), "trial": (2, "could not be judged: desk"), "pytest": (1, "DESK_KEY")},
    "client made at import": SHIPS,
    "another graph broken": SHIPS
    | {"trial": (2, "could not be judged: shop"), "pytest": (1, "No module named 'a_package_nobody_has'")},
}


@pytest.fixture(scope="module")
def begun(tmp_path_factory, users_pytest):
    """Scenario -> its project: written, run, accepted, changed; made once and copied by every verb."""
    made = {}

    def of(name):
        scenario = SCENARIOS[name]
        if scenario.graph not in made:
            made[scenario.graph] = _accepted(tmp_path_factory.mktemp("accepted"), scenario.graph, users_pytest)
        if name not in made:
            root = tmp_path_factory.mktemp("scenario") / "project"
            shutil.copytree(made[scenario.graph], root, ignore=COMPILED)
            _happen(root, scenario)
            made[name] = root
        return made[name]

    return of


def _accepted(root, graph, users_pytest):
    """Both versions are run, and v1 is accepted as the baseline."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(write(root))
        patch.setenv("DESK_KEY", "set")
        (root / "graphs/desk.py").write_text(graph)
        assert [run(["eval", name]) for name in PAIR] == [0, 0]
        code, reported = users_pytest(*VERBS["pytest"], "--rootdir", str(root), "--seatrial-update-baseline")
        assert code == 0, reported
    return root


def _happen(root, scenario):
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(root)
        patch.setenv("DESK_KEY", "set")
        _apply(patch, scenario)
        if scenario.rerun:
            run(["eval", "desk@v2"])
    if scenario.change is not None:
        file, text = scenario.change
        (root / file).write_text(text)


def _apply(patch, scenario):
    for name, value in scenario.environ:
        patch.delenv(name) if value is None else patch.setenv(name, value)


CELLS = [(name, verb) for name in SCENARIOS for verb in VERBS]


@pytest.mark.parametrize(("name", "verb"), CELLS)
def test_every_verb_answers_as_a_person_would(begun, users_pytest, tmp_path, monkeypatch, capsys, name, verb):
    root = tmp_path / "project"
    monkeypatch.setenv("DESK_KEY", "set")
    monkeypatch.delenv("GITHUB_STEP_SUMMARY", raising=False)
    shutil.copytree(begun(name), root, ignore=COMPILED)
    monkeypatch.chdir(root)
    _apply(monkeypatch, SCENARIOS[name])
    code, words = EXPECTED[name][verb]
    capsys.readouterr()
    if verb == "pytest":
        (root / "graphs/registry.py").write_text(REGISTRY.replace('current="v1"', 'current="v2"'))
        found, reported = users_pytest(*VERBS[verb], "--rootdir", str(root), "-p", "no:cacheprovider")
    else:
        found, reported = run(list(VERBS[verb])), "".join(capsys.readouterr())
        page = root / "page.html"
        reported += page.read_text() if verb == "report" and page.exists() else ""
    assert (found, words in reported) == (code, True), reported
