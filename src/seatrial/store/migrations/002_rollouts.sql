-- arm is control or candidate; content is the hash of the version that answered; forced rows count in no rate.
CREATE TABLE exposures (
    event_id TEXT PRIMARY KEY,
    rollout TEXT NOT NULL,
    unit TEXT NOT NULL,
    thread_id TEXT NOT NULL,
    cell TEXT NOT NULL,
    arm TEXT NOT NULL,
    attempt INTEGER NOT NULL,
    rung INTEGER NOT NULL,
    content TEXT NOT NULL DEFAULT '',
    algorithm TEXT NOT NULL DEFAULT '',
    forced INTEGER NOT NULL DEFAULT 0,
    exposed_at DOUBLE PRECISION NOT NULL,
    recorded_at DOUBLE PRECISION NOT NULL
);
CREATE INDEX exposures_by_time ON exposures (rollout, exposed_at);
CREATE INDEX exposures_by_unit ON exposures (rollout, unit, cell, attempt, exposed_at);
CREATE INDEX exposures_by_thread ON exposures (thread_id);
CREATE INDEX outcomes_by_type ON outcomes (outcome, observed_at);
-- A decision is appended, never changed: a second writer of the same sequence is refused by the key.
CREATE TABLE rollout_ledger (
    rollout TEXT NOT NULL,
    sequence INTEGER NOT NULL,
    kind TEXT NOT NULL,
    at DOUBLE PRECISION NOT NULL,
    body TEXT NOT NULL,
    hash TEXT NOT NULL,
    PRIMARY KEY (rollout, sequence)
);
-- Messages that follow a ledger row; the same id is delivered until the receiver takes it.
CREATE TABLE rollout_messages (
    message_id TEXT PRIMARY KEY,
    rollout TEXT NOT NULL,
    hook TEXT NOT NULL,
    body TEXT NOT NULL,
    created_at DOUBLE PRECISION NOT NULL,
    delivered_at DOUBLE PRECISION,
    tries INTEGER NOT NULL DEFAULT 0,
    error TEXT NOT NULL DEFAULT ''
);
CREATE INDEX rollout_messages_open ON rollout_messages (rollout, delivered_at);
