-- Threads and runs of the server, and what each model call used; metadata and segments are JSON.
CREATE TABLE server_threads (
    thread_id TEXT PRIMARY KEY,
    graph TEXT NOT NULL DEFAULT '',
    version TEXT NOT NULL DEFAULT '',
    status TEXT NOT NULL,
    metadata TEXT NOT NULL DEFAULT '{}',
    created_at DOUBLE PRECISION NOT NULL,
    updated_at DOUBLE PRECISION NOT NULL
);
CREATE INDEX server_threads_by_time ON server_threads (updated_at);
CREATE TABLE server_runs (
    run_id TEXT PRIMARY KEY,
    thread_id TEXT NOT NULL,
    graph TEXT NOT NULL,
    version TEXT NOT NULL,
    status TEXT NOT NULL,
    error TEXT NOT NULL DEFAULT '',
    metadata TEXT NOT NULL DEFAULT '{}',
    created_at DOUBLE PRECISION NOT NULL,
    updated_at DOUBLE PRECISION NOT NULL
);
CREATE INDEX server_runs_by_thread ON server_runs (thread_id, created_at);
CREATE TABLE model_calls (
    call_id TEXT PRIMARY KEY,
    run_id TEXT NOT NULL,
    thread_id TEXT NOT NULL,
    graph TEXT NOT NULL,
    version TEXT NOT NULL,
    feature TEXT NOT NULL,
    owner TEXT NOT NULL,
    node TEXT NOT NULL,
    model TEXT NOT NULL,
    segments TEXT NOT NULL DEFAULT '{}',
    input_tokens BIGINT,
    output_tokens BIGINT,
    cache_read_tokens BIGINT,
    cache_write_tokens BIGINT,
    reasoning_tokens BIGINT,
    called_at DOUBLE PRECISION NOT NULL
);
CREATE INDEX model_calls_by_time ON model_calls (called_at);
CREATE INDEX model_calls_by_graph ON model_calls (graph, called_at);
