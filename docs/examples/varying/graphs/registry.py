"""One graph that answers like a model: sometimes differently."""

from seatrial.graph.spec import GraphSpec, Version, fleet

GRAPHS = fleet(
    GraphSpec(
        "desk",
        module="graphs.desk",
        family="pretended",
        versions=(Version("v1"), Version("v2", {"unlucky": True})),
        current="v1",
    ),
)
