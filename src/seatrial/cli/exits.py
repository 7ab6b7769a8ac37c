"""What each exit code means, command by command: `docs/reference/exit-codes.md` and the tests read this table."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator


class Exits(NamedTuple):
    """What 0, 1 and 2 of one command mean; 1 and 2 are empty where the command has no such answer of its own.

    Any command may also exit 2 because it was stopped, could not read or write its data, or met a bug of seatrial; and 3
    because the command, a file or the configuration is wrong.
    """

    zero: str
    one: str = ""
    two: str = ""


JUDGED = "PASS: no drop is proven, and what is critical is shown not worse"
BLOCKED = "FAIL: a segment is worse beyond chance, and no override accepts it"
UNDECIDED = "CANNOT TELL: too few examples, or too many missing scores"

EXITS: dict[str, Exits] = {
    "gate": Exits(JUDGED, BLOCKED, UNDECIDED),
    "trial": Exits(
        "every trial passes; with `--check-expect`: every verdict is the expected one",
        "a trial fails; with `--check-expect`: a verdict is not the expected one",
        "no trial fails, and one cannot be decided, was not begun, or was not logged although `--mlflow` was given",
    ),
    "compare": Exits("the comparison is shown, whatever it shows"),
    "report": Exits("the page is written, whatever its verdict"),
    "slices": Exits("the search is done, whatever it found"),
    "drift": Exits(
        "stable, or investigate",
        "retrain; with `--strict` investigate too",
        "a source is incomplete, late or too small to compare",
    ),
    "monitor": Exits(
        "no floor is proven broken",
        "a zero-tolerance hit, or a rate proven below its floor",
        "too few runs, or too many that could not be scored",
    ),
    "rerun": Exits(
        "this run answers as earlier ones did",
        "the version answers worse than it did",
        "fewer than two earlier runs, or too much is missing",
    ),
    "feedback-gate": Exits(
        "production agrees with the stated confidence",
        "a classifier, segment, verdict or confidence band has too few positives",
        "a source could not be fully evaluated",
    ),
    "ab analyse": Exits("ship", "stop", "keep running, or the test is invalid"),
    "judge pairwise": Exits(
        "the candidate clears the win rate",
        "the candidate is shown to lose",
        "neither is shown, or verdicts are missing",
    ),
    "judge pointwise": Exits(
        "every answer has a score",
        "",
        "an answer has none",
    ),
    "judge winrate": Exits(
        "the candidate clears the win rate",
        "the candidate is shown to lose",
        "neither is shown, or verdicts are missing",
    ),
    "judge agreement": Exits(
        "agreement is proven above every floor of a full licence",
        "agreement is proven below a floor",
        "neither is proven",
    ),
    "judge rate": Exits(
        "the corrected win rate is shown above 50 %", "the corrected win rate is shown below 50 %", "neither is shown"
    ),
    "judge drift": Exits(
        "fewer verdicts changed than are tolerated", "more changed; the licence is suspended", "neither is shown"
    ),
    "judge prompts": Exits("wording B agrees better", "wording A agrees better", "neither is shown"),
    "judge licence": Exits("every judge has a full licence", two="a judge has none, or a provisional one"),
    "judge label": Exits("the labels are written", two="there is nothing to label"),
    "judge export-labels": Exits("the pairs are sent", two="there is no pair to show, or the service did not answer"),
    "judge import-labels": Exits("the votes are read", two="there is no vote, or the service did not answer"),
    "rollout step": Exits(
        "cells moved, are holding, or have nothing to do",
        "a cell was rolled back now",
        "a cell could not be judged, and holds",
    ),
    "rollout run": Exits("no step rolled back", "a step rolled a cell back", "a cell could not be judged"),
    "rollout replay-traffic": Exits(
        "not worse in any cell", "worse in a cell", "a cell has too few requests, or could not be judged"
    ),
    "rollout replay": Exits("every decision is the same", "a row is not what its evidence decides"),
    "rollout verify": Exits("the chain of hashes is unbroken", "the chain of hashes is broken"),
    "rollout start": Exits(
        "the rollout is started, or was already", two="a stage has too little power for `must_stop`"
    ),
    "rollout plan": Exits("the plan is read and shown"),
    "rollout status": Exits("the cells are shown"),
    "rollout report": Exits("the page is written"),
    "rollout simulate": Exits("the simulation is done, whatever it found"),
    "rollout override": Exits("the share is set"),
    "rollout pause": Exits("the cells are paused"),
    "rollout resume": Exits("the cells may climb again"),
    "rollout rollback": Exits("the cells are at 0 %"),
    "eval": Exits(
        "every planned score has an outcome",
        two="nothing was scored, the run was stopped, a score is missing, or `--mlflow` was given and nothing was logged",
    ),
    "import": Exits("the evidence is written"),
    "init": Exits(
        "the project is written; with `--langgraph` every graph loads, or lacks only a key or examples",
        two="a graph cannot be loaded",
    ),
    "certify": Exits(
        "the error rates hold, and every critical segment can be judged",
        two="an error rate is above its nominal level, a critical segment cannot be judged, or most gates cannot tell",
    ),
    "plan paired": Exits("the plan is shown"),
    "plan unpaired": Exits("the plan is shown"),
    "plan canary": Exits(
        "the plan is shown; with a file its error rates hold",
        two="with a file: an error rate does not hold, or a stage is underpowered",
    ),
    "ab plan": Exits("the planned units are enough", two="the planned units are too few"),
    "flaky": Exits("the variation is measured, whatever it is"),
    "evaluators check": Exits(
        "every evaluator is pure",
        "an evaluator is impure",
        "an evaluator cannot be imported, or raises on every answer",
    ),
    "spend": Exits("no budget is exceeded", "a budget is exceeded", "the cost is not known, or no call is on record"),
    "datasets propose": Exits(
        "proposals are written", two="a source could not be read, or there is nothing to propose"
    ),
    "fleet check": Exits("every graph works", two="a graph, its dataset or a pool does not"),
    "fleet coverage": Exits("the coverage is shown, whatever it is"),
    "fleet list": Exits("the graphs are listed"),
    "fleet pin": Exits("the prompts are pinned"),
    "fleet langgraph-json": Exits("the files are written", two="with `--check`: a file is stale"),
    "fleet serve": Exits("the server was stopped"),
    "fleet dispatch": Exits("the dispatcher was stopped; with `--routes` the routes are shown"),
    "override": Exits("the override is recorded"),
    "override list": Exits("the overrides are listed"),
    "anchor set": Exits("the anchor is set"),
    "anchor show": Exits("the anchors are shown"),
}
"""Command as it is typed -> what its exit codes mean."""


def command_of(arguments: Iterable[str]) -> str | None:
    """The row of a command line: its longest beginning of words that is a command; None where it names none.

    >>> command_of(["rollout", "step", "email", "--json"]), command_of(["override", "--graph", "g"]), command_of(["-h"])
    ('rollout step', 'override', None)
    """
    found, typed = None, ""
    for word in _words(arguments):
        typed = f"{typed} {word}".lstrip()
        if typed in EXITS:
            found = typed
    return found


def _words(arguments: Iterable[str]) -> Iterator[str]:
    for word in arguments:
        if word.startswith("-"):
            return
        yield word
