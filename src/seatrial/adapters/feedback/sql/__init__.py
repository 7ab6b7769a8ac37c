"""Large sources, joined and added up by their database: DuckDB, PostgreSQL and SQLite."""
