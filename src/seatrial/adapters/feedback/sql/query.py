"""SQL text: one query that joins outcomes to decisions, judges each decision, and adds everything up by group.

The rules are those of `seatrial.feedback.judge`, written for a database: each step is a common table expression, named after
what it holds. Everything that depends on words (polarities, horizons, defaults) is decided in Python beforehand and handed in
as two small tables: `dv`, one row a classifier and verdict, and `el`, one row an outcome type and label.
"""

from __future__ import annotations

from math import inf
from typing import TYPE_CHECKING, Any

import numpy as np

from seatrial.adapters.feedback.sql.tables import (
    BEFORE_YEAR,
    CHOSEN,
    MISSING_KIND,
    NO_CONFIDENCE,
    NOT_CHOSEN,
    NOTHING,
    SCALE,
    Dialect,
    number,
    text,
    values,
)
from seatrial.feedback.suspicion import LEAST, MOST
from seatrial.outcome import Answer
from seatrial.stats.calibration.overconfidence import SHIFTS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from seatrial.adapters.feedback.sql.tables import DecisionWords, EventWords, Shape
    from seatrial.feedback.sums import Year


def base(shape: Shape, tables: Sequence[str], events: Sequence[EventWords]) -> list[str]:
    """`d` and `e`: decisions with the number of their words and the start of the next one, events with theirs."""
    segments = "".join(f", b.s{i}" for i in range(shape.dimensions))
    if shape.one_decision:
        later = "1 AS kept"
    else:
        window = "OVER (PARTITION BY b.thread, b.classifier ORDER BY b.moment)"
        kept = {
            "latest": f"lead(b.moment) {window} IS NULL",
            "first": f"lag(b.moment) {window} IS NULL",
            "all": "1 = 1",
        }[shape.pick]
        later = (
            f"CASE WHEN b.thread IS NULL OR {kept} THEN 1 ELSE 0 END AS kept, "
            f"CASE WHEN b.thread IS NOT NULL THEN lead(b.moment) {window} END AS next_at"
        )
    row = "" if shape.one_event else ", row_number() OVER () AS id"
    el = values(
        "el",
        ("el", "outcome", "label", "place"),
        [
            [str(i), text(one.outcome), text(NOTHING if one.label is None else one.label), str(one.place)]
            for i, one in enumerate(events)
        ],
    )
    null = text(NOTHING)
    d = (
        f"d AS (SELECT b.thread, b.p, b.moment{segments}, dv.dv, {later}{row} FROM b JOIN dv "
        f"ON b.classifier = dv.classifier AND coalesce(b.verdict, {null}) = dv.verdict)"
    )
    e = (
        "e AS (SELECT a.thread, a.moment, el.el, el.place FROM a JOIN el "
        f"ON a.outcome = el.outcome AND coalesce(a.label, {null}) = el.label)"
    )
    return [*tables, el, f"b AS ({shape.decisions})", d, f"a AS ({shape.events})", e]


def judged(shape: Shape, types: Sequence[str], timed: Sequence[str], *, now: float) -> list[str]:
    """`u`: one row a decision, with what its events say together."""
    segments = "".join(f", d.s{i}" for i in range(shape.dimensions))
    until = (
        ""
        if shape.one_event
        else " AND e.moment >= d.moment"
        + ("" if shape.one_decision else " AND (d.next_at IS NULL OR e.moment < d.next_at)")
    )
    own = f"d.dv, d.p, d.moment, d.kept{segments}" + ("" if shape.one_event else ", d.id")
    j = (
        f"j AS (SELECT {own}, e.el, e.place, CASE WHEN e.moment IS NULL THEN 0 ELSE 1 END AS known, "
        f"CASE WHEN e.moment >= d.moment THEN e.moment - d.moment END AS age FROM d LEFT JOIN e ON d.thread = e.thread{until})"
    )
    late = "coalesce(j.age > pol.horizon, 1 = 0)"
    mine = f"j.dv, j.p, j.moment, j.kept{segments.replace('d.', 'j.')}" + ("" if shape.one_event else ", j.id")
    m = (
        f"m AS (SELECT {mine}, j.place, j.known, j.age, pol.unknown, pol.pick, CASE WHEN {late} THEN 1 ELSE 0 END AS late, "
        f"CASE WHEN j.age < pol.min_delay AND NOT {late} THEN 1 ELSE 0 END AS machine, "
        f"CASE WHEN j.moment + pol.horizon > {number(now)} THEN 1 ELSE 0 END AS early, "
        f"CASE WHEN j.age IS NULL OR {late} THEN NULL WHEN j.age < pol.min_delay THEN {int(Answer.NEUTRAL)} ELSE pol.code END AS code "
        "FROM j LEFT JOIN pol ON j.dv = pol.dv AND j.el = pol.el)"
    )
    if shape.one_event:
        return [j, m, _one_event(shape, types, timed)]
    return [j, m, *_several_events(shape, types, timed)]


FLAGS = ("late", "machine", "known", "before", "unknown")
"""What an event may be beside its answer; as bits of one number where a decision has at most one event."""


def _one_event(shape: Shape, types: Sequence[str], timed: Sequence[str]) -> str:
    came = "m.code IS NOT NULL AND m.early = 0"
    before = "CASE WHEN m.known = 1 AND m.age IS NULL THEN 1 ELSE 0 END"
    unknown = "CASE WHEN m.age IS NOT NULL THEN coalesce(m.unknown, 0) ELSE 0 END"
    bits = ("m.late", "m.machine", "m.known", before, unknown)
    place = f"CASE WHEN m.age IS NOT NULL THEN {1 << len(FLAGS)} * (m.place + 1) ELSE 0 END"
    columns = [f"m.s{i}" for i in range(shape.dimensions)]
    columns += ["m.dv", "m.p", "m.moment", "m.kept"]
    columns += [f"CASE WHEN {came} THEN m.code ELSE 2 END AS answer", f"CASE WHEN {came} THEN 1 ELSE 0 END AS heard"]
    columns.append(" + ".join(f"{1 << i} * {what}" for i, what in enumerate(bits)) + f" + {place} AS odd")
    columns += [
        f"CASE WHEN {came} AND m.place = {types.index(name)} THEN 1 ELSE 0 END AS c{k}" for k, name in enumerate(timed)
    ]
    return f"u AS (SELECT {', '.join(columns)} FROM m)"


def _several_events(shape: Shape, types: Sequence[str], timed: Sequence[str]) -> list[str]:
    """Of several events of one type the picked one; of several types the worse answer."""
    own = ["dv", "p", "moment", "kept", *(f"s{i}" for i in range(shape.dimensions)), "id"]
    by = ", ".join(f"m.{name}" for name in own)
    ends = ", ".join(
        f"{end}(CASE WHEN m.code = {code} THEN m.age END) AS {end}{code}" for code in (0, 1) for end in ("min", "max")
    )
    typed = (
        f"y AS (SELECT {by}, m.place, max(m.pick) AS pick, {ends}, count(m.code) AS inside, max(m.early) AS early, sum(m.late) AS late, "
        "sum(m.machine) AS machine, count(m.age) AS joined, sum(CASE WHEN m.age IS NOT NULL THEN coalesce(m.unknown, 0) ELSE 0 END) AS unknown "
        f"FROM m GROUP BY {by}, m.place)"
    )
    picked = (
        "CASE WHEN y.min0 IS NULL AND y.min1 IS NULL THEN 2 WHEN y.min0 IS NULL THEN 1 WHEN y.min1 IS NULL THEN 0 "
        "WHEN y.pick = 0 AND y.min1 < y.min0 THEN 1 WHEN y.pick = 1 AND y.max1 > y.max0 THEN 1 ELSE 0 END"
    )
    came = "y.inside > 0 AND y.early = 0"
    by = ", ".join(f"y.{name}" for name in own)
    columns = [
        f"min(CASE WHEN {came} THEN {picked} ELSE 2 END) AS answer", f"max(CASE WHEN {came} THEN 1 ELSE 0 END) AS heard",
        "sum(y.late) AS late", "sum(y.machine) AS machine", "0 AS known", "0 AS before", "sum(y.unknown) AS unknown",
    ]  # fmt: skip
    columns += [
        f"max(CASE WHEN {came} AND y.place = {types.index(name)} THEN 1 ELSE 0 END) AS c{k}"
        for k, name in enumerate(timed)
    ]
    columns += [f"sum(CASE WHEN y.place = {i} THEN y.joined ELSE 0 END) AS t{i}" for i in range(len(types))]
    return [typed, f"u AS (SELECT {by}, {', '.join(columns)} FROM y GROUP BY {by})"]


def grouped(
    shape: Shape,
    words: Sequence[DecisionWords],
    types: int,
    timed: Sequence[str],
    last_seen: Sequence[float | None],
    dialect: Dialect,
    *,
    now: float,
    window: tuple[float, float],
    year: Year | None,
) -> list[str]:
    """`x`: one row a decision, with its kind, part, band and day, ready to be added up."""
    k = range(len(timed))
    early = [f"coalesce(u.moment + dv.h{i} > {number(now)}, 1 = 0)" for i in k]
    alive = [
        "1 = 0" if last_seen[i] is None else f"u.moment + dv.h{i} - dv.q{i} <= {number(last_seen[i] or 0.0)}" for i in k
    ]
    dead = [f"coalesce(dv.n{i} <> 2 AND NOT ({alive[i]}) AND NOT ({early[i]}), 1 = 0)" for i in k]
    columns = [f"u.s{i}" for i in range(shape.dimensions)]
    columns += ["u.dv", "u.p", "u.moment", "u.kept", "u.answer", "u.heard", "dv.wanted", "dv.due"]
    columns += ["u.odd"] if shape.one_event else [f"u.{name}" for name in FLAGS]
    columns += [] if shape.one_event else [f"u.t{i}" for i in range(types)]
    columns += [f"CASE WHEN {one} THEN 1 ELSE 0 END AS dead{i}" for i, one in enumerate(dead)]
    columns.append(f"CASE WHEN {' OR '.join(early) or '1 = 0'} THEN 1 ELSE 0 END AS immature")
    silence = [f"CASE WHEN dv.n{i} IS NULL OR u.c{i} = 1 OR {early[i]} OR {dead[i]} THEN 2 ELSE dv.n{i} END" for i in k]
    columns.append(f"{_nested(dialect.least, silence) or '2'} AS silence")
    v = f"v AS (SELECT {', '.join(columns)} FROM u JOIN dv ON u.dv = dv.dv)"
    blind = " + ".join(f"v.dead{i}" for i in k) or "0"
    kind = (
        f"CASE WHEN v.immature = 1 THEN {int(Answer.IMMATURE)} WHEN {blind} > 0 THEN {MISSING_KIND} WHEN v.answer <= 1 THEN v.answer "
        f"WHEN v.heard = 1 THEN 2 WHEN v.silence = 2 THEN {MISSING_KIND} ELSE v.silence END"
    )
    low, high = window
    inside = " AND ".join(
        ["v.kept = 1", "v.wanted = 1"]
        + ([f"v.moment >= {number(low)}"] if low > -inf else [])
        + ([f"v.moment < {number(high)}"] if high < inf else [])
    )
    current = "1 = 1" if year is None else f"v.moment + v.due >= {number(year.begin)}"
    day = "0"
    if year is not None:
        since = f"floor((v.moment + v.due - {number(year.begin)}) / 86400e0)"
        day = f"CAST({dialect.least}({dialect.greatest}({since}, 0), {max(0, year.days - 1)}) AS integer)"
    x = (
        f"x AS (SELECT v.*, {kind} AS kind, "
        f"CASE WHEN NOT ({inside}) THEN {NOT_CHOSEN} WHEN v.p IS NULL THEN {NO_CONFIDENCE} WHEN {current} THEN {CHOSEN} ELSE {BEFORE_YEAR} END AS part, "
        f"{' + '.join(f'{1 << i} * v.dead{i}' for i in k) or '0'} AS dead, {_band(words)} AS band, {day} AS day, CAST({dialect.least}(floor(v.p * 100 + 1e-9), 99) AS integer) AS hundredth, {dialect.least}({dialect.greatest}(v.p, {number(LEAST)}), {number(MOST)}) AS q FROM v)"
    )
    return [v, x]


def _nested(function: str, parts: Sequence[str]) -> str:
    out = ""
    for part in parts:
        out = part if not out else f"{function}({out}, {part})"
    return out


def _band(words: Sequence[DecisionWords]) -> str:
    """Band of a confidence, by the edges of its classifier."""
    edges: dict[tuple[float, ...], list[int]] = {}
    for i, one in enumerate(words):
        edges.setdefault(one.edges, []).append(i)
    parts = []
    for own, members in edges.items():
        inner = "CASE " + " ".join(
            f"WHEN v.p >= {number(own[b])} THEN {b}" for b in range(len(own) - 2, 0, -1)
        ) + " ELSE 0 END" if len(own) > 2 else "0"  # fmt: skip
        parts.append((members, inner))
    if len(parts) == 1:
        return parts[0][1]
    return (
        "CASE "
        + " ".join(f"WHEN v.dv IN ({', '.join(map(str, members))}) THEN {inner}" for members, inner in parts)
        + " ELSE 0 END"
    )


def totals(shape: Shape, dialect: Dialect, types: int, timed: int, *, yearly: bool) -> list[tuple[str, str]]:
    """(name, expression) of every sum of a group."""

    def total(what: str) -> str:
        return f"sum(CAST(({what}) * {number(SCALE)} AS bigint))" if dialect.exact else f"sum({what})"

    y = "CASE WHEN x.kind = 1 THEN 1 ELSE 0 END"
    weight, variance = "abs(1 - 2 * x.q)", "x.q * (1 - x.q)"
    found = [
        ("n", "count(*)"),
        ("p", total("x.p")),
        ("shortfall", total(f"(x.q - {y}) * {weight}")),
        ("variance", total(f"{weight} * {weight} * {variance}")),
        ("third", total(f"-({weight} * {weight} * {weight}) * {variance} * (1 - 2 * x.q)")),
    ]
    if not shape.one_event:
        found.append(("kept", "sum(x.kept)"))
        found += [(name, f"sum(x.{name} * x.kept)") for name in FLAGS]
        found += [(f"dead{k}", f"sum(x.dead{k} * x.kept)") for k in range(timed)]
        found += [(f"t{i}", f"sum(x.t{i} * x.kept)") for i in range(types)]
    if yearly:
        for i, shift in enumerate(SHIFTS):
            lower = f"{dialect.greatest}(x.q - {number(shift)}, x.q / 2)"
            growth = f"ln(CASE WHEN x.kind = 1 THEN {lower} / x.q ELSE 1 + (x.q - {lower}) / (1 - x.q) END)"
            found.append((f"b{i}", total(growth)))
    return found


def unpacked(rows: Mapping[str, NDArray[Any]], types: int, timed: int) -> dict[str, NDArray[Any]]:
    """Groups whose flags are bits of two numbers, as the sums that other shapes add up."""
    n = rows["n"].astype(np.float64)
    odd, dead = (np.nan_to_num(rows[name].astype(np.float64)).astype(np.int64) for name in ("odd", "dead"))
    out = dict(rows) | {"kept": n}
    out |= {name: n * ((odd >> i) & 1) for i, name in enumerate(FLAGS)}
    out |= {f"t{i}": n * ((odd >> len(FLAGS)) == i + 1) for i in range(types)}
    return out | {f"dead{k}": n * ((dead >> k) & 1) for k in range(timed)}


def grouped_sums(shape: Shape, sums: Sequence[tuple[str, str]], source: str, dialect: Dialect) -> list[str]:
    """The queries that add `x` up: by row of the family, and by hundredth of confidence; one where a dialect can."""
    first = ["dv", *(f"s{i}" for i in range(shape.dimensions)), "band", "day", "kind", "part"]
    first += ["odd", "dead"] if shape.one_event else []
    second = ["dv", "hundredth", "kind", "part"]
    totals_ = ", ".join(f"{what} AS {name}" for name, what in sums)
    if dialect.grouping_sets:
        names = [*first, "hundredth"]
        sets = ", ".join("(" + ", ".join(f"x.{name}" for name in one) + ")" for one in (first, second))
        keys = ", ".join(f"x.{name}" for name in names)
        return [
            f"{source} SELECT {keys}, grouping(x.hundredth) AS by_row, {totals_} FROM x GROUP BY GROUPING SETS ({sets})"
        ]
    out = []
    for by_row, own in ((1, first), (0, second)):
        keys = ", ".join(f"x.{name}" for name in own)
        rest = "".join(f", NULL AS {name}" for name in [*first, "hundredth"] if name not in own)
        out.append(f"{source} SELECT {keys}{rest}, {by_row} AS by_row, {totals_} FROM x GROUP BY {keys}")
    return out
