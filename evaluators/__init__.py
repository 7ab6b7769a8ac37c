"""The reference fleet's evaluators: one file per graph, bound to it by SUITES."""
