"""Rollout: which share of which traffic a candidate gets, decided by evidence and replayable to the byte.

rules = rules_of(plan, metrics)                    # what was fixed before the start
state, evidence = fold(rules, state, evidence)     # counts per cell, arm, metric and minute of exposure
steps = step(rules, state, findings(rules, state, now), now)
"""
