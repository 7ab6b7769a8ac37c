"""The fleet: one row per graph, versions side by side; importing this imports no graph."""

from seatrial.graph.spec import GraphSpec, Version, fleet

PROMPTS = (Version("v1", {"prompt": "p1"}), Version("v2", {"prompt": "p2"}))
ANSWERS = (*PROMPTS, Version("v3", {"prompt": "p3"}))  # v3 routes as v2 does and answers at greater length

GRAPHS = fleet(
    GraphSpec(
        "text_to_sql",
        module="graphs.text_to_sql.graph",
        feature="analytics",
        owner="data",
        family="rules",
        side_effects="none",
        versions=PROMPTS,
        current="v1",
    ),
    GraphSpec(
        "email_classify",
        module="graphs.email_classify.graph",
        feature="inbound",
        owner="growth",
        family="rules",
        side_effects="none",
        versions=PROMPTS,
        current="v1",
    ),
    GraphSpec(
        "support_router",
        module="graphs.support_router.graph",
        feature="support",
        owner="support",
        family="rules",
        side_effects="none",
        versions=ANSWERS,
        current="v1",
    ),
    GraphSpec(
        "country_classify",
        module="graphs.country_classify.graph",
        feature="enrichment",
        owner="data",
        family="rules",
        side_effects="none",
        versions=PROMPTS,
        current="v1",
    ),
    GraphSpec(
        "lead_score",
        module="graphs.lead_score.graph",
        feature="inbound",
        owner="growth",
        family="rules",
        side_effects="none",
        versions=PROMPTS,
        current="v1",
    ),
    GraphSpec(
        "handbook_answer",
        module="graphs.handbook_answer.graph",
        feature="knowledge",
        owner="people",
        family="rules",
        side_effects="none",
        versions=(
            Version("v1", {"prompt": "p1", "passages": 2}),
            Version("v2", {"prompt": "p2", "passages": 3, "title_weight": 1.0}),
        ),
        current="v1",
    ),
    GraphSpec(
        "email_compose",
        module="graphs.email_compose.graph",
        feature="outreach",
        owner="growth",
        family="rules",
        side_effects="none",
        versions=PROMPTS,
        current="v1",
    ),
    GraphSpec(
        "campaign",
        module="graphs.campaign.graph",
        resumable=True,
        feature="outreach",
        owner="growth",
        family="rules",
        side_effects="sends each message once through the outbox that configurable.outbox names; without one nothing is sent",
        versions=PROMPTS,
        current="v1",
    ),
)
