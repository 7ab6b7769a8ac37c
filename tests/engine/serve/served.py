"""What the tests of the server share: the graphs of their project and a rollout of one of them."""

GRAPH_IDS = {"echo", "later", "asks", "slow", "fails", "calls", "broken"}

PLAN = {
    "schema": "seatrial/rollout-plan/1",
    "graph": "echo",
    "control": "v1",
    "candidate": "v2",
    "units_per_day": 20000,
    "owner": "ada",
    "min_units": 30,
    "bake": "1h",
    "metric": {"resolved": {}},
    "cell": {"rest": {"share": 1.0, "rate": 0.95}},
    "stage": [{"share": 0.5, "margin": 0.10, "hours": 24}],
}
