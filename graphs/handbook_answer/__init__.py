"""Handbook answerer: a question in, an answer with citations out, or null where the handbook is silent."""
