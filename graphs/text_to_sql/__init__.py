"""text_to_sql: a question about the sales database becomes one guarded SELECT and its rows."""
