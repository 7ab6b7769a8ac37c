"""The gate agrees with its documented rules, written once more in `reference`, on generated tables."""

import pytest

from seatrial.errors import InvalidComparison
from seatrial.gate.merge import check

from . import reference
from .golden.cases import KINDS, case, evidence_of

LIKE = ("plain", "missing", "crashed", "clusters", "repetitions", "fractions", "keys", "zero", "growing")
"""Kinds that hold nothing the reference does not know."""
SEEDS = [seed for seed in range(1000, 1000 + 36 * len(KINDS)) if KINDS[seed % len(KINDS)] in LIKE]
FEW = 6 * len(LIKE)
"""Cases of the default suite; -m slow compares all."""
DRAWN = 0.01
"""How far a p of drawn sign flips may be from the exact one, or from another draw."""


def known(made):
    one = made.kind != "unchanged" and {row["dataset_hash"] for row in made.rows} == {"h"}
    return one and not (
        made.policy.measures or made.policy.must_pass or made.kept.entries or made.fresh or made.overrides
    )


def disagreements(seed):
    """Where gate and reference differ on a case: field -> (gate, reference)."""
    made = case(seed)
    if not known(made):
        return None
    try:
        reported = reference.gate(made.rows, made.policy, made.critical)
    except reference.Refused as error:
        reported = error
    try:
        report = check(evidence_of(made.rows), made.policy, baseline="a", candidate="b", critical=made.critical)
    except InvalidComparison as error:
        return {} if isinstance(reported, reference.Refused) else {"refused": (str(error), reported["verdict"])}
    if isinstance(reported, reference.Refused):
        return {"refused": (report.verdict, str(reported))}
    if any(r.adjusted is not None and abs(r.adjusted - r.family) < DRAWN for r in reported["rows"].values()):
        return None  # both draw signs, and so near alpha they may differ
    found = {}
    for f in report.findings:
        row = reported["rows"].get((f.segment, f.key))
        if row is None:
            if f.verdict.value != reported["hits"][f.key]:
                found[f.key] = (f.verdict.value, reported["hits"][f.key])
            continue
        means = [
            sum(pair[side] for pair in row.complete) / len(row.complete) if row.complete else None for side in (0, 1)
        ]
        numbers = {
            "n": (f.n, row.n),
            "missing": (f.missing, row.missing),
            "baseline": (f.baseline, means[0]),
            "candidate": (f.candidate, means[1]),
            "regressed": (f.regressed, sum(b - a < -1e-9 for a, b in row.complete)),
            "fixed": (f.fixed, sum(b - a > 1e-9 for a, b in row.complete)),
            "alpha": (f.alpha_row, row.alpha),
            "p": (f.p, row.p),
            "adjusted": (f.p_adjusted, row.adjusted),
            "state": (f.state.value, row.state),
            "verdict": (f.verdict.value, row.verdict),
        }
        for name, (ours, theirs) in numbers.items():
            drawn = DRAWN if name == "adjusted" or (name == "p" and not row.binary) else 1e-9
            if name == "adjusted" and (theirs or 0) > 0.1:
                drawn *= 4  # far from any level a draw errs more, and decides nothing
            same = ours == theirs or (isinstance(ours, float) and theirs == pytest.approx(ours, rel=1e-6, abs=drawn))
            if not same:
                found[f"{f.segment} · {f.key}: {name}"] = (ours, theirs)
    if report.verdict.value != reported["verdict"] or report.unchanged != reported["unchanged"]:
        found["verdict"] = (report.verdict.value, reported["verdict"])
    return found


def agree(seeds):
    found = {seed: disagreements(seed) for seed in seeds}
    assert {seed: reported for seed, reported in found.items() if reported} == {}
    return sum(reported is not None for reported in found.values())


def test_gate_and_reference_agree_on_generated_tables():
    assert agree(SEEDS[:FEW]) > 30


@pytest.mark.slow
def test_gate_and_reference_agree_on_many_generated_tables():
    assert agree(SEEDS[FEW:]) > 150


@pytest.mark.parametrize(
    ("place", "name", "value", "kind"),
    [
        ("seatrial.gate.row_rules", "WATCH_AT", 0.01, "plain"),
        ("seatrial.gate.validity", "RECORD_MARGIN", 0.5, "crashed"),
        ("seatrial.gate.family", "PRIMARY_SHARE", 0.5, "keys"),
        ("seatrial.gate.row", "largest_drop", lambda d: 0.0, "plain"),
    ],
)
def test_a_gate_with_another_rule_disagrees(monkeypatch, place, name, value, kind):
    """The comparison can fail: a changed constant of the gate is found."""
    monkeypatch.setattr(f"{place}.{name}", value)
    assert any(disagreements(seed) for seed in SEEDS if KINDS[seed % len(KINDS)] == kind)
