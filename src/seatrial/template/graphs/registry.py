"""The fleet: one row per graph, versions side by side; importing this imports no graph."""

from seatrial.graph.spec import GraphSpec, Version, fleet

GRAPHS = fleet(
    GraphSpec(
        "triage",
        module="graphs.triage.graph",
        family="rules",  # the built-in model is code and always answers the same; name your model's family here
        versions=(Version("v1", {"prompt": "p1"}), Version("v2", {"prompt": "p2"})),
        current="v1",
    ),
)
