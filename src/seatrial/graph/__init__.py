"""Graphs: what one is (spec), what one execution of it left behind (run), how it is compiled and called (runtime)."""
