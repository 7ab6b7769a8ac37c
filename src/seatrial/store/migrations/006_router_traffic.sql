-- Requests since a router process began, by cell, try and rung; heaviest is JSON, [["UNIT", requests], ...].
CREATE TABLE router_traffic (
    router TEXT NOT NULL,
    rollout TEXT NOT NULL,
    cell TEXT NOT NULL,
    attempt INTEGER NOT NULL,
    rung INTEGER NOT NULL,
    requests INTEGER NOT NULL,
    blank INTEGER NOT NULL,
    heaviest TEXT NOT NULL DEFAULT '[]',
    written_at DOUBLE PRECISION NOT NULL,
    PRIMARY KEY (router, rollout, cell, attempt, rung)
);
CREATE INDEX router_traffic_by_rollout ON router_traffic (rollout);
