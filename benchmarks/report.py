"""The table: every row measured beside its budget, printed, and written into benchmarks/RESULTS.md between two marks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

BEGIN, END = "<!-- measured: begin -->", "<!-- measured: end -->"


class Budget(NamedTuple):
    """One promise: rows of `room` whose name starts with `what` keep `column` on the right side of `limit`."""

    room: str
    what: str
    column: Literal["ours", "ratio"]
    side: Literal["at most", "at least"]
    limit: float
    reported: str


BUDGETS = (
    Budget("cold_start", "import seatrial", "ours", "at most", 45, "at most 45 ms"),
    Budget("cold_start", "seatrial --help", "ours", "at most", 110, "at most 110 ms"),
    Budget("evaluation", "pure code", "ours", "at least", 100_000, "at least 100,000 a second"),
    # A further example is two rows of evidence, and a row may take 1 KB.
    Budget("evaluation", "memory a further example", "ours", "at most", 2048, "at most 1 KB a row of evidence"),
    Budget("evaluation", "LangGraph", "ratio", "at least", 0.90, "at least 0.90 of the floor"),
    Budget("gate", "gate, wall", "ours", "at most", 1.5, "at most 1.5 s"),
    Budget("gate", "gate, peak memory", "ours", "at most", 600, "at most 600 MB"),
    Budget("gate", "growth", "ours", "at most", 1.25, "linear: at most 1.25"),
    Budget("gate", "gate, modules loaded", "ours", "at most", 0, "none"),
    Budget("statistics", "win-rate interval", "ours", "at most", 50, "at most 50 ms"),
    Budget("statistics", "clustered win rate", "ours", "at most", 1000, "at most 1 s"),
    Budget("statistics", "weighted Holm", "ours", "at most", 10, "at most 10 ms"),
    Budget("statistics", "e-process, 1,000,000 events", "ours", "at most", 1000, "at most 1 s"),
    Budget("statistics", "e-process, one block", "ours", "at most", 5, "at most 5 us"),
    Budget("statistics", "analysis", "ours", "at most", 5, "at most 5 ms"),
    Budget("statistics", "certify", "ours", "at most", 5, "at most 5 s"),
    Budget("assignment", "assignment, many units", "ratio", "at least", 0.45, "at least 0.45 of a bare sha256 loop"),
    Budget("assignment", "assignment, one unit", "ratio", "at least", 0.45, "at least 0.45 of a bare sha256 loop"),
    Budget("assignment", "a further salt", "ours", "at least", 20e6, "at least 20 million a second"),
    Budget("assignment", "one unit beside GrowthBook", "ratio", "at least", 10, "at least 10 times"),
    Budget("feedback", "a year in DuckDB, CPU", "ours", "at most", 10.0, "at most 5 s on two cores, 10 s of CPU"),
    Budget("feedback", "a year in DuckDB, peak memory", "ours", "at most", 1500, "at most 1.5 GB"),
    Budget("rollout", "a step over", "ours", "at most", 4.0, "at most 2 s on two cores, 4 s of CPU"),
    Budget("rollout", "a further step", "ours", "at most", 0.2, "at most 0.1 s on two cores, 0.2 s of CPU"),
    Budget("mlflow_logging", "MLflow, metrics", "ratio", "at most", 1.2, "at most 1.2 of one log_batch"),
    Budget("hub", "hub over", "ours", "at most", 1.0, "at most 1 ms"),
    Budget("hub", "hub, rate", "ratio", "at least", 0.90, "at least 0.90 of what is allowed"),
    Budget("purity", "purity audit", "ours", "at most", 10, "at most 10 s"),
    Budget("plugin", "plugin + gate", "ours", "at most", 400, "at most 400 ms"),
    Budget("plugin", "plugin installed", "ours", "at most", 20, "at most 20 ms"),
)

ROOMS = {
    "cold_start": (
        "Cold start",
        "`ours` is CPU over an empty Python, `floor` that Python, `ratio` both over the floor.",
    ),
    "evaluation": (
        "Evaluation",
        "`floor` is a bare loop, or bare `invoke` / `ainvoke`, doing the same in the same process.",
    ),
    "gate": ("Gate", "`floor` is a bare script that reads the same file and counts it; it pairs and tests nothing."),
    "statistics": (
        "Statistics",
        "`floor` is the peer that the row names, on the same numbers in the same run.",
    ),
    "assignment": (
        "Assignment",
        "`floor` is a bare loop of `sha256(unit.encode()).digest()`, or the peer that the row names, in the same process.",
    ),
    "feedback": (
        "Feedback gate",
        "As many outcomes as decisions, in one DuckDB file, two classifiers, two dimensions; Python's start included.",
    ),
    "rollout": (
        "Rollout",
        "One step of a controller whose events, half exposures and half outcomes, lie in a DuckDB file; the further one finds new events.",
    ),
    "hub": (
        "Model hub",
        "`ours` is what the hub adds to the bare client's CPU, `floor` that client; of the rate, what is reached and what is allowed.",
    ),
    "serve": (
        "Server",
        "`ours` and `floor` are CPU of a server process for one request, or milliseconds that a client waited.",
    ),
    "plugin": ("pytest plugin", "`ours` is CPU over bare pytest of the same project, `floor` that pytest."),
    "purity": ("Purity audit", "`floor` is the evaluators' calls alone, the same ones."),
    "mlflow_logging": ("MLflow", "`floor` is the bare client writing the same numbers to the same SQLite store."),
    "peers": (
        "Peers",
        "Same target and checks, `ours` is what the row's tool took, `floor` a bare loop in the same process, or an empty Python of the same environment.",
    ),
}


def over(room: str, row: Mapping[str, Any]) -> bool | None:
    """Whether a row breaks its budget; None where there is none, or no number."""
    budget = budget_of(room, row)
    if budget is None or row.get(budget.column) is None:
        return None
    value = float(row[budget.column])
    return value > budget.limit if budget.side == "at most" else value < budget.limit


def budget_of(room: str, row: Mapping[str, Any]) -> Budget | None:
    """The budget that speaks of a row."""
    return next((b for b in BUDGETS if b.room == room and str(row["what"]).startswith(b.what)), None)


def table(measured: Mapping[str, Sequence[Mapping[str, Any]]], date: str, load: tuple[float, float]) -> str:
    """All rooms as Markdown, what is over budget first; `load` is the load average before and after."""
    where = f"Measured {date} on 2 cores, Python 3.11, load average {load[0]:.1f} before and {load[1]:.1f} after"
    lines = [f"{where}; medians, order shuffled.", "", *_broken(measured), ""]
    for room, rows in measured.items():
        title, note = ROOMS[room]
        lines += [
            f"### {title}",
            "",
            note,
            "",
            "| what | n | ours | floor | ratio | unit | budget |",
            "|---|--:|--:|--:|--:|---|---|",
        ]
        lines += [_line(room, row) for row in rows]
        lines.append("")
    return "\n".join(lines)


def _broken(measured: Mapping[str, Sequence[Mapping[str, Any]]]) -> Iterator[str]:
    broken = [
        (b, row) for room, rows in measured.items() for row in rows if over(room, row) and (b := budget_of(room, row))
    ]
    if not broken:
        yield "Nothing measured here is over its budget."
        return
    yield f"Over budget, {len(broken)} of the rows below:"
    yield ""
    for budget, row in broken:
        note = f" ({row['note']})" if row.get("note") else ""
        yield f"- {row['what']}: {_number(row[budget.column])}, {budget.reported}{note}"


def _line(room: str, row: Mapping[str, Any]) -> str:
    budget = budget_of(room, row)
    verdict = over(room, row)
    error_rate = (
        ""
        if budget is None
        else f"{budget.reported}: {'no number' if verdict is None else '**over**' if verdict else 'kept'}"
    )
    what = f"{row['what']} ({row['note']})" if row.get("note") else row["what"]
    cells = (
        what,
        f"{row['n']:,}",
        *(_number(row.get(name)) for name in ("ours", "floor", "ratio")),
        row["unit"],
        error_rate,
    )
    return f"| {' | '.join(str(cell).replace('|', '/') for cell in cells)} |"


def _number(value: float | None) -> str:
    """Three digits that matter, and no more: timings carry no others."""
    if value is None:
        return "–"
    if value == 0:
        return "0"
    if abs(value) >= 100:
        return f"{float(f'{value:.3g}'):,.0f}"
    return f"{value:.3g}"


def write(page: Path, text: str) -> None:
    """Replace what stands between the marks.

    Raises:
        ValueError: the page does not hold both marks, in order.
    """
    old = page.read_text(encoding="utf-8")
    before, begin, rest = old.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"{page} has no place for the table: it needs {BEGIN} and {END}")
    page.write_text(f"{before}{BEGIN}\n\n{text}\n{END}{after}", encoding="utf-8")
