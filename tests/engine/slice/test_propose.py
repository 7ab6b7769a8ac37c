"""Propose: an entry is offered only when it means exactly the slice."""

import numpy as np
import pytest

from seatrial.segment import assign, parse
from seatrial.slice.features import Column, derive
from seatrial.slice.propose import propose


def pick(columns, *names):
    features = {one.name: one for one in derive(columns)}
    return [features[name] for name in names]


def members(proposal, rows):
    (dimension,) = parse(proposal.toml)
    return [f"{dimension.name}={assign([dimension], row)[dimension.name]}" == proposal.segment for row in rows]


BODIES = ["why?", "a rather long text", "short", "the longest of them all?", "middling text", "another text?"]
FILES = [["a"], ["a", "b"], [], ["a", "b", "c"], ["a", "b"], ["x"]]
PLANS = ["pro", "free", "pro", "pro", "free", "free"]
COUNTS = [1, 2, 3, 4, 5, 6]
ROWS = [
    {"id": str(i), "inputs": {"body": body, "files": files, "ticket": {"plan": plan}, "count": count}}
    for i, (body, files, plan, count) in enumerate(zip(BODIES, FILES, PLANS, COUNTS, strict=True))
]
COLUMNS = [
    Column("body", tuple(BODIES), "field", "inputs.body"),
    Column("files", tuple(FILES), "field", "inputs.files"),
    Column("plan", tuple(PLANS), "field", "inputs.ticket.plan"),
    Column("count", tuple(COUNTS), "field", "inputs.count"),
]


@pytest.mark.parametrize(
    "names",
    [
        ("count ≥ 3",),
        ("count < 3",),
        ("files items ≥ 2",),
        ("body has a question mark",),
        ("plan=pro",),
        ("count ≥ 2", "count < 5"),
        ("plan=free", "count ≥ 3"),
        ("plan=free", "body has a question mark"),
        ("files items < 2", "plan=pro"),
    ],
)
def test_the_entry_puts_exactly_the_slice_into_its_segment(names):
    features = pick(COLUMNS, *names)
    proposal = propose(features)
    expected = np.logical_and.reduce([one.members for one in features]).tolist()
    assert members(proposal, ROWS) == expected
    assert 0 < sum(expected) < len(expected)


def test_what_no_operation_can_ask_is_not_proposed():
    columns = [Column("body", ("a 1", "b", "c", "d 2", "e", "f"), "field", "inputs.body")]
    proposal = propose(pick(columns, "body has a number"))
    assert (proposal.segment, proposal.toml) == ("", "")
    assert proposal.note.startswith("no rule can say it; tag its examples")


def test_an_entry_that_would_take_in_an_example_without_the_field_is_not_proposed():
    # `plan` is not there on the last example: "not free" would not match, "count >= 3" would, and it would be a member.
    columns = [
        Column("plan", ("pro", "free", "pro", "free", "pro", None), "field", "inputs.plan"),
        Column("note", ("a?", "b", "c?", "d", "e?", "f?"), "field", "inputs.note"),
    ]
    proposal = propose(pick(columns, "plan=pro", "note has a question mark"))
    assert (proposal.toml, proposal.note) == (
        "",
        "no rule says exactly this slice; tag its examples (slice:NAME) and read the tag",
    )


def test_a_tag_becomes_a_dimension_that_reads_it():
    column = Column("tier", ("pro", "free", None, "pro"), "tag", "tier")
    proposal = propose(pick([column], "tier=pro"), graph="router")
    assert proposal.toml == '[dimension.tier]\ngraphs = ["router"]\ntag = "tier"\nvalues = ["free", "pro"]\n'
    assert proposal.segment == "tier=pro"


def test_a_segment_is_one_already():
    column = Column("tier", ("pro", "free"), "segment", "tier")
    assert propose(pick([column], "tier=pro")).note == "it is a segment already: tier=pro"


def test_what_reads_metadata_says_which():
    column = Column("calls", (1, 2, 3), "field", "metadata.calls")
    proposal = propose(pick([column], "calls ≥ 2"))
    assert proposal.note == "reads calls from each example's metadata"
    assert proposal.segment == "calls_at_least_2=yes"
