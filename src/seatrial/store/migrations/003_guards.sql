-- What guards decided at run time; scores are JSON, [[key, score or null, reason]].
CREATE TABLE guard_decisions (
    decision_id TEXT PRIMARY KEY,
    guard TEXT NOT NULL,
    run_id TEXT NOT NULL,
    thread_id TEXT NOT NULL,
    action TEXT NOT NULL,
    scores TEXT NOT NULL,
    decided_at DOUBLE PRECISION NOT NULL
);
CREATE INDEX guard_decisions_by_time ON guard_decisions (guard, decided_at);
