-- One row per thread, arm and evaluator key of a request that both versions answered; arm is control or candidate.
CREATE TABLE shadow_answers (
    event_id TEXT PRIMARY KEY,
    rollout TEXT NOT NULL,
    cell TEXT NOT NULL,
    attempt INTEGER NOT NULL,
    thread_id TEXT NOT NULL,
    arm TEXT NOT NULL,
    key TEXT NOT NULL,
    outcome TEXT NOT NULL,
    error_kind TEXT,
    score DOUBLE PRECISION,
    reason TEXT NOT NULL DEFAULT '',
    output_hash TEXT,
    latency_ms DOUBLE PRECISION,
    input_tokens INTEGER,
    output_tokens INTEGER,
    model TEXT,
    evaluator_hash TEXT NOT NULL DEFAULT '',
    rate DOUBLE PRECISION NOT NULL,
    recorded_at DOUBLE PRECISION NOT NULL
);
CREATE INDEX shadow_answers_by_cell ON shadow_answers (rollout, cell, attempt, recorded_at);
