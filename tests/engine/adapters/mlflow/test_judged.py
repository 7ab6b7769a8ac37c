"""A judged comparison is one MLflow run, with its win rate per segment; logged twice it is still one."""

from __future__ import annotations

from seatrial.adapters.mlflow.judged import log_judged
from seatrial.verdict import Decision, Verdict


def test_a_judged_comparison_is_logged_once_with_its_rates(client, environ, tmp_path):
    table = tmp_path / "verdicts.parquet"
    table.write_bytes(b"verdicts")
    counts = {"judged": 10, "missing": 2, "wins": 6, "ties": 0, "losses": 4}
    rates = [{"segment": name, "rate": 0.6, **counts} for name in ("overall", "tier=free")]
    position = {"consistency": 0.9, "first": 0.55}
    made = Decision(
        "winrate", "s", Verdict.PASS, "r", evidence_hash="abc", details={"rates": rates, "position": position}
    )
    given = {"judge": "helpful@1#ab", "graph": "desk", "fleet": "house", "runs": ("a", "b"), "files": (table,)}
    first, second_stage = (log_judged(made, **given, environ=environ, root=tmp_path, now=1.7e9) for _ in range(2))
    assert first == second_stage
    data = client.get_run(first).data
    assert data.metrics["winrate/helpful/tier/free/rate"] == 0.6
    assert data.metrics["winrate/helpful/overall/missing"] == 2
    assert data.metrics["winrate/helpful/first_slot"] == 0.55
    assert data.params["judge"] == "helpful@1#ab"
    assert data.tags["seatrial.verdict"] == "pass"
    assert [file.path for file in client.list_artifacts(first)] == ["verdicts.parquet"]
