"""The command group: a tuple of verbs, each loaded only when it is called."""

from __future__ import annotations

import contextlib
import importlib
import os
import sys
import traceback
from pathlib import Path
from typing import Any, NamedTuple

import click

from seatrial.errors import ExitCode, SeatrialError, did_you_mean, missing_extra
from seatrial.privacy.exits import know
from seatrial.privacy.streams import redacted_streams


class Verb(NamedTuple):
    """One verb: its name, the module that holds its click command, and the line `--help` shows for it."""

    name: str
    module: str
    help: str


VERBS = (
    Verb(
        "init", "seatrial.cli.init", "Write a working evaluation project, or mount a LangGraph project that is there."
    ),
    Verb("trial", "seatrial.cli.trial", "Put the fleet through its trials: evaluate, gate and report every trial row."),
    Verb("eval", "seatrial.cli.evaluate", "Run a graph over its dataset and write evidence."),
    Verb("gate", "seatrial.cli.gate", "Decide, segment by segment, whether a candidate is worse than its baseline."),
    Verb("import", "seatrial.cli.import_results", "Turn another harness's results into a file of evidence."),
    Verb("compare", "seatrial.cli.compare", "Show two versions side by side; never blocks."),
    Verb("report", "seatrial.cli.report", "Write a verdict's page: one HTML file, offline, no script."),
    Verb("slices", "seatrial.cli.slices", "Find slices that regressed and are not declared as segments; never blocks."),
    Verb(
        "flaky",
        "seatrial.cli.flaky",
        "Run a version against itself: churn, repetitions it asks for, flakiest examples.",
    ),
    Verb(
        "judge", "seatrial.cli.judge", "Compare two versions' answers with a model as judge; measure it against people."
    ),
    Verb(
        "certify", "seatrial.cli.certify", "Measure a policy's error rates on your segment sizes before you trust it."
    ),
    Verb("plan", "seatrial.cli.plan", "Examples, units and days a question needs; certify a rollout's plan."),
    Verb(
        "feedback-gate",
        "seatrial.cli.feedback_gate",
        "Compare production outcomes with the confidence that classifiers stated.",
    ),
    Verb("monitor", "seatrial.cli.monitor", "Run a graph's evaluators over recorded production runs."),
    Verb("rerun", "seatrial.cli.rerun", "Run the golden dataset every night, to find silent changes of a provider."),
    Verb("datasets", "seatrial.cli.datasets", "Propose new examples from what production contradicted, for review."),
    Verb("drift", "seatrial.cli.drift", "Compare inputs, records and production rates with a frozen reference."),
    Verb("ab", "seatrial.cli.ab", "Plan an A/B test, and judge it by its plan: ship, stop or keep running."),
    Verb(
        "spend", "seatrial.cli.spend", "Show what production's model calls cost, by graph, feature, segment or outcome."
    ),
    Verb("override", "seatrial.cli.override", "Accept a failing row until a date, with a reason and an author."),
    Verb("anchor", "seatrial.cli.anchor", "Set or show the release that small steps down are measured from."),
    Verb("evaluators", "seatrial.cli.evaluators", "Audit every evaluator, and name the line that makes one impure."),
    Verb("fleet", "seatrial.cli.fleet", "List and check the graphs of the registry."),
    Verb("rollout", "seatrial.cli.rollout", "Roll a candidate out, cell by cell, and back where it is worse."),
)

GROUPS = {
    "Decide": ("gate", "compare", "report", "judge", "ab", "rollout", "feedback-gate", "drift", "monitor", "rerun"),
    "Run": ("init", "eval", "trial", "import"),
    "Trust": ("certify", "plan", "flaky", "slices", "evaluators"),
    "Manage": ("override", "anchor", "datasets", "spend", "fleet"),
}
"""The verbs in the order `--help` and docs/reference/cli.md list them; each is in one group."""

SHOW_A_GATE = ("gate", "compare", "report")
"""Verbs that answer with a gate's report; every other has a format of its own name."""


class _Verbs(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:
        return [name for names in GROUPS.values() for name in names]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        for verb in VERBS:
            if verb.name == cmd_name:
                command: click.Command = importlib.import_module(verb.module).command
                return command
        return None

    def resolve_command(self, ctx: click.Context, args: list[str]) -> Any:
        if args and args[0] not in self.list_commands(ctx) and not args[0].startswith("-"):
            raise click.UsageError(
                f"no verb is called {args[0]!r}; choose one of: {', '.join(self.list_commands(ctx))}{did_you_mean(args[0], self.list_commands(ctx))}",
                ctx,
            )
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        # click would import every verb for its one line of help.
        helps = {verb.name: verb.help for verb in VERBS}
        for group, names in GROUPS.items():
            with formatter.section(group):
                formatter.write_dl([(name, helps[name]) for name in names])


def _version(ctx: click.Context, _: click.Parameter, wanted: bool) -> None:
    if wanted and not ctx.resilient_parsing:
        from importlib.metadata import version  # noqa: PLC0415 - slow, and asked for rarely

        click.echo(f"seatrial {version('seatrial')}")
        ctx.exit()


@click.group(cls=_Verbs, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.option(
    "--version", is_flag=True, expose_value=False, is_eager=True, callback=_version, help="Print the version and exit."
)
def app() -> None:
    """Put every new version of an AI workflow through its trials.

    Exit codes everywhere: 0 pass, 1 the evidence says no, 2 could not tell, 3 nothing was judged: the command, a file or
    the configuration is wrong.

    \b
    Example:
      seatrial gate --evidence results.parquet --baseline v1 --candidate v2
    """


def run(arguments: list[str]) -> int:
    """Run one command line and return its exit code.

    A usage error, a wrong configuration and a missing file are 3; bad data, a stopped run and a bug of ours are 2: exit code
    1 is the evidence's own no.
    """
    know(os.environ)
    if sys.stdout is None:
        # Started with its output closed: the exit code is still an answer.
        sys.stdout = Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115
    with redacted_streams():
        return int(_run(arguments))


def _run(arguments: list[str]) -> int:
    try:
        code = app.main(arguments, prog_name="seatrial", standalone_mode=False)
    except click.ClickException as error:
        _tell(_usage(error) if isinstance(error, click.UsageError) else f"seatrial: {error.format_message()}")
        _answer(error.format_message(), "usage", ExitCode.NOTHING_JUDGED, arguments)
        return ExitCode.NOTHING_JUDGED
    except click.Abort:
        _tell("stopped")
        return ExitCode.COULD_NOT_TELL
    except SeatrialError as error:
        _tell(f"seatrial: {error}")
        _answer(str(error), error.reason_class, error.exit_code, arguments)
        return error.exit_code
    except SystemExit as error:
        if type(sys.stdout).__name__.endswith("PacifyFlushWrapper"):
            return ExitCode.COULD_NOT_TELL  # click met a broken pipe, put this in its place and left
        _tell(f"seatrial: code of the project called sys.exit({error.code!r}); nothing was decided")
        return ExitCode.COULD_NOT_TELL
    except BrokenPipeError:
        return ExitCode.COULD_NOT_TELL  # the reader of our output has gone; what it did not read is no verdict
    except OSError as error:
        _tell(f"seatrial: {error.filename or 'the output'} cannot be read or written: {error.strerror}")
        return ExitCode.COULD_NOT_TELL
    except ModuleNotFoundError as error:
        missing = missing_extra(error, f"seatrial {next((word for word in arguments if not word.startswith('-')), '')}")
        if missing is None:
            return _bug()
        _tell(f"seatrial: {missing}")
        _answer(str(missing), missing.reason_class, missing.exit_code, arguments)
        return missing.exit_code
    except Exception:  # noqa: BLE001 - our bug: its traceback is the report, its exit code must not read as a verdict
        return _bug()
    except KeyboardInterrupt:
        _tell("stopped")
        return ExitCode.COULD_NOT_TELL
    except BaseException as error:  # noqa: BLE001 - a user's graph or evaluator raised it: no exit code is its to choose
        _tell(
            f"seatrial: {_name(error)}: {error}; a graph or an evaluator raised what nothing catches, and nothing was decided"
        )
        return ExitCode.COULD_NOT_TELL
    return code if isinstance(code, int) else ExitCode.PASS


def _bug() -> ExitCode:
    _tell(traceback.format_exc())
    _tell("seatrial: this is a bug in seatrial, not in your evidence; nothing was decided")
    return ExitCode.COULD_NOT_TELL


def _name(error: BaseException) -> str:
    return f"{type(error).__module__}.{type(error).__qualname__}".removeprefix("builtins.")


def _usage(error: click.UsageError) -> str:
    if isinstance(error, click.exceptions.NoArgsIsHelpError):
        return error.format_message()  # it is the command's help
    if error.ctx is None:
        return f"seatrial: {error.format_message()}"
    reason = error.format_message()
    end = "" if reason.endswith((".", "?")) else "."
    return f"{error.ctx.get_usage()}\nseatrial: {reason}{end} Examples: {error.ctx.command_path} --help"


def _tell(text: str) -> None:
    """Say it on stderr, if anybody can still hear it: a full or closed stream must not become another exit code."""
    with contextlib.suppress(OSError, ValueError, AttributeError):
        click.echo(text, err=True)


def _answer(reason: str, reason_class: str, code: int, arguments: list[str]) -> None:
    """Who asked for JSON is answered in JSON, even when there is nothing to say."""
    if "--json" in arguments:
        from seatrial.report.data import SCHEMA, gate_json, refusal_data  # noqa: PLC0415

        verb = next((word for word in arguments if word in {verb.name for verb in VERBS}), "gate")
        schema = SCHEMA if verb in SHOW_A_GATE else f"seatrial/{verb}/1"
        with contextlib.suppress(OSError, ValueError, AttributeError):
            click.echo(gate_json(refusal_data(reason, reason_class, schema, exit_code=code)).encode(), nl=False)
