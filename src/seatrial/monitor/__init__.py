"""The evaluators of the gate over production: as a guard inside a graph, and as a monitor over recorded runs."""
