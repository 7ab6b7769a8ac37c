"""Trials: the edge where projects, runs, clocks and folders meet; the decision itself is `gate.merge.check`."""
