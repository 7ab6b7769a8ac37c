-- Times are seconds since 1970-01-01T00:00Z; segments are JSON, {"NAME": "value"}.
CREATE TABLE decisions (
    decision_id TEXT PRIMARY KEY,
    thread_id TEXT NOT NULL,
    classifier TEXT NOT NULL,
    verdict TEXT NOT NULL,
    confidence DOUBLE PRECISION,
    decided_at DOUBLE PRECISION NOT NULL,
    graph TEXT NOT NULL DEFAULT '',
    version TEXT NOT NULL DEFAULT '',
    segments TEXT NOT NULL DEFAULT '{}'
);
CREATE INDEX decisions_by_thread ON decisions (thread_id, decided_at);
CREATE INDEX decisions_by_time ON decisions (decided_at);
CREATE TABLE outcomes (
    event_id TEXT PRIMARY KEY,
    thread_id TEXT NOT NULL,
    outcome TEXT NOT NULL,
    label TEXT NOT NULL,
    observed_at DOUBLE PRECISION NOT NULL
);
CREATE INDEX outcomes_by_thread ON outcomes (thread_id, observed_at);
CREATE INDEX outcomes_by_time ON outcomes (observed_at);
