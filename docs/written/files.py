"""docs/reference/files.md: every file and folder that seatrial reads or writes, and whether it belongs in git."""

from __future__ import annotations

from typing import NamedTuple

from written.tables import table

COMMIT, IGNORE, AS_YOU_LIKE = "commit", "ignore", "as you like"


class File(NamedTuple):
    """One file or folder of a project: its path from the root, what it holds, who writes it, and where it belongs."""

    path: str
    holds: str
    by: str
    git: str


FILES = (
    File("pyproject.toml", "`[tool.seatrial]`: [the project](project-file.md)", "you, `init`", COMMIT),
    File("graphs/registry.py", "[the graphs and their versions](registry.md)", "you, `init`", COMMIT),
    File("graphs/GRAPH/prompts.toml", "hashes of prompt texts", "`fleet pin`", COMMIT),
    File("langgraph.json", "graphs of LangGraph's server", "you, `fleet langgraph-json`", COMMIT),
    File("datasets/GRAPH/golden.jsonl", "[examples](datasets.md)", "you", COMMIT),
    File("datasets/GRAPH/dataset.toml", "version and contract of the examples", "you, `init`", COMMIT),
    File("datasets/segments.toml", "[segments](datasets.md#segments)", "you, `init`", COMMIT),
    File("evaluators/__init__.py", "suites of evaluators", "you, `init`", COMMIT),
    File("gates/merge.toml", "[a policy](policy.md); any name will do", "you, `init`", COMMIT),
    File(
        "gates/baselines/",
        "scores of the accepted version, and `moves.jsonl`, who moved an anchor and why",
        "`init`, pytest, `anchor set`",
        COMMIT,
    ),
    File("gates/overrides.jsonl", "overrides", "`override`", COMMIT),
    File("gates/quarantine.toml", "examples out of the decision", "`flaky --quarantine`, you", COMMIT),
    File("gates/feedback.toml", "rules of the feedback gate", "you", COMMIT),
    File("gates/metrics.toml", "metrics of production", "you", COMMIT),
    File("gates/drift.toml", "rules of drift", "you", COMMIT),
    File("judges/NAME.toml", "a judge; `judges/panels.toml` holds panels", "you", COMMIT),
    File("judges/NAME.licence.json", "a judge's licence", "`judge agreement --licence`", COMMIT),
    File("judges/labels/NAME.jsonl", "people's labels", "`judge label`, `judge import-labels`", COMMIT),
    File("experiments/NAME.toml", "[a rollout or an A/B test](rollout-plan.md)", "you", COMMIT),
    File("experiments/webhooks.toml", "addresses that hear of a rollout", "you", COMMIT),
    File("tests/cassettes/", "recorded model calls", "`[tool.seatrial.model]`, record mode", COMMIT),
    File(
        "reports/TIME/",
        "one folder a trial: page, comment, JUnit, JSON and text of each graph",
        "`trial`, pytest",
        IGNORE,
    ),
    File(
        ".seatrial/runs/ID/",
        "[a run](runs.md): `run.json`, `rows.jsonl`, `evidence.parquet`, `judged/`",
        "`eval`, `trial`, `judge pairwise`",
        IGNORE,
    ),
    File(".seatrial/certified/", "certificates of policies", "`certify`", IGNORE),
    File(
        ".seatrial/store.db", "exposures, outcomes, model calls, decisions of rollouts", "the server, rollouts", IGNORE
    ),
    File(".seatrial/threads.db", "checkpoints of served graphs", "`fleet serve`", IGNORE),
    File(".seatrial/units-seen/", "how far an event table was read", "`rollout --events`", IGNORE),
    File("mlflow.db", "MLflow's database, where no other is set", "`--mlflow`", IGNORE),
    File("~/.cache/seatrial/", "an empty MLflow database to copy", "`--mlflow`", "outside of the project"),
)
"""Every file, those you write first."""


def files() -> str:
    """The table of files."""
    return table(
        ("path", "holds", "written by", "git"), ((f"`{one.path}`", one.holds, one.by, one.git) for one in FILES)
    )
