"""Write decisions.csv and outcomes.csv: 1,200 decisions at .85, right less often in German, and what came of them."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

begin = datetime(2026, 1, 5, tzinfo=UTC)
decisions = ["decision_id,thread_id,classifier,verdict,confidence,decided_at,language"]
outcomes = ["event_id,thread_id,outcome,label,observed_at"]
for i in range(1200):
    at, language = begin + timedelta(hours=i), ("en", "en", "de")[i % 3]
    verdict = "unsubscribe" if i % 4 == 0 else "interested"
    decisions.append(f"d{i},t{i},email_classify,{verdict},0.85,{at.isoformat()},{language}")
    right = i % 9 != 0 if language == "en" else i % 5 > 1
    if verdict == "unsubscribe" and right:
        outcomes.append(f"e{i},t{i},opt_out,clicked,{(at + timedelta(days=2)).isoformat()}")
    elif right:
        outcomes.append(f"e{i},t{i},reply,warm,{(at + timedelta(days=5)).isoformat()}")
Path("decisions.csv").write_text("\n".join(decisions))
Path("outcomes.csv").write_text("\n".join(outcomes))
