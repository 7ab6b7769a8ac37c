"""`seatrial judge`: judges that compare two versions' answers, or score one; each subcommand has a file of its own, loaded when it is called."""

from __future__ import annotations

import importlib
from typing import NamedTuple

import click


class Part(NamedTuple):
    """One subcommand: its name, the module that holds its click command, its line of help, and what it is called there."""

    name: str
    module: str
    help: str
    attribute: str = "command"


PARTS = (
    Part("pairwise", "seatrial.cli.judge_pairwise", "Put two stored runs to a judge, in both orders; no graph runs."),
    Part("pointwise", "seatrial.cli.judge_pointwise", "Put a run's answers to a judge that scores one answer."),
    Part("winrate", "seatrial.cli.judge_winrate", "Say whether a candidate wins, by a verdict table from anywhere."),
    Part("label", "seatrial.cli.judge_label", "Label pairs by hand, without knowing whose answers they are."),
    Part("export-labels", "seatrial.cli.judge_exchange", "Show pairs to people in LangSmith or MLflow.", "export"),
    Part("import-labels", "seatrial.cli.judge_exchange", "Read people's votes from LangSmith or MLflow.", "read"),
    Part("agreement", "seatrial.cli.judge_agreement", "Compare a judge with people's labels and write its licence."),
    Part("licence", "seatrial.cli.judge_licence", "Say which judges have a vote in a gate today, and why not."),
    Part("rate", "seatrial.cli.judge_rate", "Correct a judge's win rate by people's labels of some of the pairs."),
    Part("drift", "seatrial.cli.judge_drift", "Judge control items once more; a judge that changed loses its licence."),
    Part("prompts", "seatrial.cli.judge_prompts", "Say which of two wordings of a judge agrees better with people."),
)


class _Parts(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:
        return [part.name for part in PARTS]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        for part in PARTS:
            if part.name == cmd_name:
                command: click.Command = getattr(importlib.import_module(part.module), part.attribute)
                return command
        return None

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        # click would import every subcommand for its one line of help.
        with formatter.section("Commands"):
            formatter.write_dl([(part.name, part.help) for part in PARTS])


@click.group("judge", cls=_Parts)
def command() -> None:
    """Compare two versions' answers with a model as judge, and measure the judge against people.

    \b
    Example:
      seatrial judge pairwise support_router@v1 support_router@v2 --judge helpful
      seatrial judge winrate verdicts.parquet --critical tier=enterprise
    """
